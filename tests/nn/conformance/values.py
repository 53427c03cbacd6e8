"""What layers answer, however they are asked."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from tests.nn.conformance.passes import (
    DOUBLE,
    call,
    double,
    floats,
    grad,
    gradients,
    leaves,
    loss,
    real_precision,
    require_all_close,
    require_close,
    require_same,
)
from tests.nn.table import Row


class Values:
    @pytest.mark.parametrize("dtype", [torch.float32, DOUBLE], ids=["single", "double"])
    def test_the_answer_has_the_inputs_precision(self, row: Row, dtype: torch.dtype) -> None:
        out = call(row.fresh(dtype=dtype), row.inputs(dtype))
        assert real_precision(out) == dtype
        assert out.isfinite().all()

    def test_a_converted_layer_answers_the_same(self, row: Row) -> None:
        single = row.fresh(dtype=torch.float32)
        inputs = row.inputs(torch.float32)
        expected = call(single, inputs)
        twice = copy.deepcopy(single).double()
        assert all(t.dtype == DOUBLE or not t.is_floating_point() for t in twice.state_dict().values())
        wide = tuple(x.double() if x.is_floating_point() else x for x in inputs)
        found = call(twice, wide)
        assert real_precision(found) == DOUBLE
        if not row.random:
            require_close(found.to(expected.dtype), expected)
        back = copy.deepcopy(single).double().to(torch.float32)
        require_same(call(back, inputs), expected)

    def test_strange_layouts(self, row: Row) -> None:
        layer, inputs = double(row)
        expected = call(layer, inputs)
        layer = row.fresh(dtype=DOUBLE)
        strided = tuple(torch.stack((x, x), -1)[..., 0] for x in inputs)
        turned = tuple(x.mT.contiguous().mT if x.dim() > 1 else x for x in inputs)
        for given in (strided, turned):
            require_close(call(copy.deepcopy(layer), given), expected)

    def test_the_batch_axis_can_be_left_out(self, row: Row) -> None:
        if not row.unbatched or not row.independent:
            pytest.skip("takes batches only")
        layer, inputs = double(row)
        one = call(layer, tuple(x[:1] for x in inputs))
        require_close(call(layer, tuple(x[0] for x in inputs)), one[0])

    def test_no_sample_sees_another(self, row: Row) -> None:
        if not row.independent or row.random:
            pytest.skip("its samples depend on each other")
        layer, inputs = double(row)
        together = call(layer, inputs)
        for k in range(len(together)):
            require_close(call(layer, tuple(x[k : k + 1] for x in inputs))[0], together[k])

    def test_an_empty_batch_gives_an_empty_answer(self, row: Row) -> None:
        if not row.independent:
            pytest.skip("an answer for the whole batch")
        layer, inputs = double(row)
        shape = call(layer, inputs).shape
        by, given = leaves(row, layer, tuple(x[:0] for x in inputs))
        out = call(layer, given)
        assert out.shape == (0, *shape[1:])
        assert real_precision(out) == DOUBLE
        assert out.requires_grad == bool(by)
        if by:
            assert not any(gradient.any() for gradient in grad(out.abs().sum(), by))

    def test_evaluation_is_repeatable_and_training_is_said_to_all(self, row: Row) -> None:
        layer, inputs = double(row)
        trained = call(layer, inputs)
        layer.eval()
        assert not any(module.training for module in layer.modules())
        before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
        expected = call(layer, inputs)
        require_same(call(layer, inputs), expected)
        assert all(torch.equal(tensor, before[name]) for name, tensor in layer.state_dict().items())
        if not row.random and not list(layer.buffers()):
            require_same(expected, trained)

    def test_modes_without_gradients(self, row: Row) -> None:
        """A pass without gradients comes first: nothing that it keeps may spoil training later."""
        layer, inputs = double(row)
        layer.eval()
        with torch.inference_mode():
            expected = call(layer, inputs).clone()
        with torch.no_grad():
            out = call(layer, inputs)
        assert not out.requires_grad
        require_close(out, expected.to(out.dtype))
        for gradient in gradients(row, layer, inputs):
            assert gradient.isfinite().all()

    def test_frozen_parameters_stay_out_of_the_graph(self, row: Row) -> None:
        layer, inputs = double(row)
        if not list(layer.parameters()):
            pytest.skip("no parameters")
        by, given = leaves(row, layer, inputs)
        names = [name for name, _ in layer.named_parameters()]
        wanted = dict(zip(names, grad(loss(call(layer, given)), by)[-len(names) :], strict=True))
        for frozen in names:
            layer.requires_grad_(True).get_parameter(frozen).requires_grad_(False)
            others = [parameter for parameter in layer.parameters() if parameter.requires_grad]
            if others:
                found = grad(loss(call(layer, inputs)), others)
                require_all_close(found, [wanted[name] for name in names if name != frozen])
        assert not call(layer.requires_grad_(False), inputs).requires_grad

    def test_inputs_and_torchs_random_numbers_are_left_alone(self, row: Row) -> None:
        layer, inputs = double(row)
        layer(*inputs)  # what is planned once may draw
        before = [x.clone() for x in inputs]
        torch.manual_seed(11)
        state = torch.get_rng_state()
        by, given = leaves(row, layer, inputs)
        out = layer(*given)
        if by and out.requires_grad:
            grad(loss(out), by)
        assert row.random or torch.equal(torch.get_rng_state(), state)
        assert all(torch.equal(x, old) for x, old in zip(given, before, strict=True))

    def test_mixed_precision_regions_keep_the_layers_precision(self, row: Row) -> None:
        layer = row.fresh(dtype=torch.float32)
        inputs = row.inputs(torch.float32)
        half = tuple(x.bfloat16() if x.is_floating_point() else x for x in inputs)
        wide = tuple(x.float() if x.is_floating_point() else x for x in half)
        expected = call(layer, inputs)
        rounded = call(copy.deepcopy(layer), wide) if same_within_rounding(inputs, wide) else None
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found = call(layer, inputs)
            narrow = call(layer, half) if rounded is not None else None
        assert found.dtype == expected.dtype
        require_close(found, expected)
        if narrow is not None and rounded is not None:
            assert narrow.dtype == rounded.dtype
            require_close(narrow, rounded)

    def test_gradients_are_the_same_twice(self, row: Row) -> None:
        layer, inputs = double(row)
        by, given = leaves(row, layer, inputs)
        if not by:
            pytest.skip("nothing to differentiate by")
        out = loss(call(layer, given))
        first = grad(out, by, retain_graph=True)
        second = grad(out, by)
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore:The .grad attribute", "ignore:Dynamo")  # how it looks at what it compiles
    def test_a_compiled_layer_answers_the_same(self, row: Row) -> None:
        """Checks of values break the graph; what matters is that nothing breaks with it."""
        layer, inputs = double(row)
        layer.eval()
        expected, slopes = call(layer, inputs), gradients(row, layer, inputs)
        torch._dynamo.reset()
        compiled = torch.compile(layer, backend="eager")
        require_close(call(compiled, inputs), expected)
        require_all_close(gradients(row, compiled, inputs), slopes)


def same_within_rounding(inputs: tuple[Tensor, ...], wide: tuple[Tensor, ...]) -> bool:
    """Whether rounded inputs are valid still: sums of probabilities, say, leave their range."""
    return bool(floats(inputs)) and all(x.shape == w.shape for x, w in zip(inputs, wide, strict=True))
