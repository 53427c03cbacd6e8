"""Block matrices at angles where their formula changes."""

from __future__ import annotations

import pytest
import torch

import qdl
from qdl.ir import Circuit, Param
from tests import oracle
from tests.checks import distance


@pytest.mark.parametrize("length", [0.0, 1e-8, 1e-4, 0.01, 0.031, 0.0317, 0.1, 3.0, 6.283, 9.0])
def test_a_rotor_is_exact_on_both_sides_of_its_series(length: float) -> None:
    v = Param("v", 3)
    made = Circuit(2).ry(0.7, 0).rv(v[0], v[1], v[2], 0).gate("rv", v[2], v[0], v[1], 1, controls=[0]).h(0)
    given = {"v": torch.tensor([0.6, -0.64, 0.48], dtype=torch.float64).mul(length).requires_grad_()}
    assert distance(qdl.state(made, given).detach(), oracle.states(made, {"v": given["v"].detach()})) < 1e-14
    assert torch.autograd.gradcheck(
        lambda w: torch.view_as_real(qdl.state(made, {"v": w})), given["v"].requires_grad_()
    )
