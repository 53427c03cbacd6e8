"""Precision follows the values, and nothing else."""

from __future__ import annotations

import pytest
import torch

import qdl
from qdl.ir import Z
from tests.checks import distance
from tests.run.common import OBSERVABLES, circuit, gradients, leaves, values


class TestPrecision:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("method", ["adjoint", "autograd", "shift", "finite"])
    def test_what_comes_in_goes_out(self, dtype: torch.dtype, method: str) -> None:
        given = leaves(values(3, dtype=dtype))
        out = qdl.expval(circuit(), OBSERVABLES, given, grad=method)
        assert out.dtype == dtype
        assert gradients(out, given).dtype == dtype
        assert qdl.probs(circuit(), given, grad=method).dtype == dtype
        assert qdl.state(circuit(), given).dtype == dtype.to_complex()
        assert qdl.density(circuit(), given).dtype == dtype.to_complex()
        assert qdl.expval(circuit(), OBSERVABLES, given, shots=3, seed=1).dtype == dtype
        assert qdl.probs(circuit(), given, shots=3, seed=1).dtype == dtype

    def test_numbers_follow_the_tensors_else_the_option_else_float32(self) -> None:
        given = values(3)
        numbers = {"x": given["x"].numpy(), "theta": given["theta"].tolist()}
        assert qdl.expval(circuit(), Z(0), numbers).dtype == torch.float32
        assert qdl.expval(circuit(), Z(0), {**numbers, "x": given["x"]}).dtype == torch.float64
        for dtype in (torch.float64, torch.complex128):
            assert qdl.expval(circuit(), Z(0), numbers, dtype=dtype).dtype == torch.float64

    def test_global_defaults_are_neither_read_nor_touched(self) -> None:
        made, given = circuit(0.61), values(3, dtype=torch.float32)
        expected = qdl.expval(made, OBSERVABLES, given)
        torch.set_default_dtype(torch.float64)
        try:
            assert qdl.expval(made, Z(0), {"x": [0.1, 0.2], "theta": [1, 2, 3]}).dtype == torch.float32
            assert qdl.expval(circuit(0.62), OBSERVABLES, given, shots=3).dtype == torch.float32
            assert torch.get_default_dtype() == torch.float64
        finally:
            torch.set_default_dtype(torch.float32)
        with torch.device("meta"):
            found = qdl.expval(circuit(0.61 + 1e-9), OBSERVABLES, given)
            assert qdl.sample(circuit(0.63), given, shots=3, seed=1).device.type == "cpu"
            assert qdl.state(circuit(0.64), given).device.type == "cpu"
        assert distance(found, expected) < 1e-6

    def test_autocast_does_not_lower_the_precision(self) -> None:
        made, given = circuit(), values(3, dtype=torch.float32)
        expected = qdl.expval(made, OBSERVABLES, given)
        where = leaves(given)
        with torch.autocast("cpu"):
            out = qdl.expval(made, OBSERVABLES, where)
        assert distance(out.detach(), expected) < 1e-6
        twin = leaves(given)
        assert distance(gradients(out, where), gradients(qdl.expval(made, OBSERVABLES, twin), twin)) < 1e-6
