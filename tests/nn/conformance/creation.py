"""How layers are made, kept, copied and printed."""

from __future__ import annotations

import copy
import inspect
import io
import pickle

import pytest
import torch
from torch import nn

from tests.nn.conformance.passes import DOUBLE, call, double, require_same
from tests.nn.table import Row


class Creation:
    @pytest.mark.parametrize("dtype", [torch.float32, DOUBLE], ids=["single", "double"])
    def test_factory_arguments_reach_every_tensor(self, row: Row, dtype: torch.dtype) -> None:
        if not row.factory:
            pytest.skip("nothing to make")
        for device in ("cpu", "meta"):
            layer = row.fresh(device=device, dtype=dtype)
            for name, tensor in layer.state_dict().items():
                assert tensor.device.type == device, name
                assert tensor.dtype == dtype or not tensor.is_floating_point(), name

    def test_the_global_defaults_are_followed_and_left_alone(self, row: Row) -> None:
        layer = row.fresh(dtype=torch.float32)
        expected = call(layer, row.inputs(torch.float32))
        torch.set_default_dtype(DOUBLE)
        try:
            made = row.fresh()
            require_same(call(layer, row.inputs(torch.float32)), expected)
            assert torch.get_default_dtype() == DOUBLE
        finally:
            torch.set_default_dtype(torch.float32)
        assert {p.dtype for p in made.parameters()} <= {DOUBLE}
        with torch.device("meta"):
            assert {p.device.type for p in row.fresh().parameters()} <= {"meta"}

    def test_every_parameter_is_real(self, row: Row) -> None:
        assert all(parameter.is_floating_point() for parameter in row.fresh().parameters())

    def test_the_state_dict_is_all_there_is(self, row: Row) -> None:
        layer, inputs = double(row)
        other = row.fresh(1, dtype=DOUBLE)
        file = io.BytesIO()
        torch.save(layer.state_dict(), file)
        file.seek(0)
        other.load_state_dict(torch.load(file, weights_only=True), strict=True)
        require_same(call(other, inputs), call(layer, inputs))
        if layer.state_dict():
            with pytest.raises(RuntimeError, match="Missing key"):
                other.load_state_dict({}, strict=True)

    def test_born_without_storage_and_filled_later(self, row: Row) -> None:
        if not row.factory:
            pytest.skip("nothing to fill")
        layer, inputs = double(row)
        late = row.fresh(1, device="meta", dtype=DOUBLE).to_empty(device="cpu")
        if hasattr(late, "reset_parameters"):
            late.reset_parameters()
        late.load_state_dict(layer.state_dict(), strict=True)
        require_same(call(late, inputs), call(layer, inputs))

    def test_copies_and_pickles_answer_alike_and_share_nothing(self, row: Row) -> None:
        layer, inputs = double(row)
        layer.eval()
        expected = call(layer, inputs)
        file = io.BytesIO()
        torch.save(layer, file)
        file.seek(0)
        used = call(layer, inputs)  # whatever a pass keeps is copied too
        require_same(used, expected)
        for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)):
            assert not other.training
            require_same(call(other, inputs), expected)
            mine = {tensor.data_ptr() for tensor in layer.state_dict().values() if tensor.numel()}
            assert mine.isdisjoint(tensor.data_ptr() for tensor in other.state_dict().values() if tensor.numel())

    def test_a_layer_that_was_trained_can_be_copied(self, row: Row) -> None:
        layer, inputs = double(row)
        out = call(layer, inputs)
        if out.requires_grad:
            out.abs().sum().backward()
        other = copy.deepcopy(layer)
        require_same(call(other.eval(), inputs), call(layer.eval(), inputs))

    def test_printed_it_tells_its_name_and_settings(self, row: Row) -> None:
        layer = row.fresh()
        assert repr(layer).startswith(type(layer).__name__ + "(")
        takes = set(inspect.signature(type(layer)).parameters) - {"device", "dtype"}
        assert layer.extra_repr() or list(layer.children()) or not takes

    def test_new_initial_values_come_from_torchs_seed(self, row: Row) -> None:
        layer = row.fresh(dtype=DOUBLE)
        if not hasattr(layer, "reset_parameters"):
            assert not list(layer.parameters(recurse=False)), "a layer with parameters has reset_parameters"
            return
        found = []
        for seed in (3, 3, 4):
            torch.manual_seed(seed)
            layer.reset_parameters()
            found.append(parameters_of(layer))
        assert torch.equal(found[0], found[1])
        assert torch.equal(parameters_of(row.fresh(5)), parameters_of(row.fresh(5)))


def parameters_of(layer: nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in layer.parameters()] or [torch.zeros(0)])
