"""A check that nothing can fail says nothing: one offence against each."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

from qdl.errors import LayerError
from qdl.nn.precision import outside_autocast, require_precision
from tests.nn import test_conformance as every_layer
from tests.nn.table import Row, uniform


class Good(nn.Module):
    """Three numbers to the tanh of two; what its children do wrong is what their names say."""

    def __init__(self, outputs: int = 2, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.weight = nn.Parameter(torch.empty(outputs, 3, device=device, dtype=dtype))
        self.bias = nn.Parameter(torch.empty(outputs, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.normal_(self.weight)
        nn.init.normal_(self.bias)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 0 or x.shape[-1] != 3:
            raise LayerError("wrong shape", got=tuple(x.shape))
        require_precision(x, self)
        return self.answer(x)

    def answer(self, x: Tensor) -> Tensor:
        return self.linear(x).tanh()

    def linear(self, x: Tensor) -> Tensor:
        return x @ self.weight.mT + self.bias

    def extra_repr(self) -> str:
        return f"outputs={self.outputs}"


class KeepsOnePrecision(Good):
    def __init__(self, outputs: int = 2, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__(outputs, device, dtype)
        self.register_buffer("scale", torch.ones(2))


class AsksTheDefaultPrecision(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) * torch.ones(2)


class HasComplexWeights(Good):
    def __init__(self, outputs: int = 2, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__(outputs, device, dtype)
        self.phase = nn.Parameter(torch.zeros(2, dtype=torch.complex64))


class HidesAWeight(Good):
    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.hidden = torch.randn(2).tolist()

    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) * x.new_tensor(self.hidden)


class HasABufferThatIsNotKept(Good):
    def __init__(self, outputs: int = 2, device: Any = None, dtype: torch.dtype | None = None) -> None:
        super().__init__(outputs, device, dtype)
        self.register_buffer("scale", torch.full((2,), 3.0, device=device, dtype=dtype), persistent=False)

    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) * self.scale


class CannotBePickled(Good):
    def __init__(self, **factory: Any) -> None:
        super().__init__(**factory)
        self.activation = lambda x: x


class KeepsItsLastAnswer(Good):
    def answer(self, x: Tensor) -> Tensor:
        self.last = super().answer(x)
        return self.last


class SaysNothing(Good):
    def extra_repr(self) -> str:
        return ""


class DrawsItsOwnNumbers(Good):
    def reset_parameters(self) -> None:
        generator = torch.Generator(self.weight.device if self.weight.device.type != "meta" else "cpu")
        generator.seed()
        nn.init.normal_(self.bias)
        nn.init.normal_(self.weight, generator=generator)


class AlwaysAnswersInDouble(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x).double()


class KeepsAConstantInSingle(Good):
    """Converted, it computes with what single precision left of a number."""

    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) + (0 if self.weight.dtype == torch.float32 else 1e-3)


class NeedsContiguousInputs(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x.view(-1).view(x.shape))


class NeedsABatch(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x.reshape(-1, 3))


class SubtractsTheBatchsMean(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x - x.mean(0))


class NeedsASample(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) * (x.detach().max() * 0 + 1)


class CountsItsPasses(Good):
    passes = 0

    def answer(self, x: Tensor) -> Tensor:
        self.passes += 1
        return super().answer(x) + 0.1 * self.passes


class PlansWithItsWeights(Good):
    """What a first pass without gradients has kept spoils the ones with."""

    kept: Tensor | None = None

    def linear(self, x: Tensor) -> Tensor:
        if self.kept is None:
            self.kept = 1 * self.weight
        return x @ self.kept.mT + self.bias


class ThawsItsWeights(Good):
    def linear(self, x: Tensor) -> Tensor:
        return super().linear(x) + 0 * self.weight.detach().requires_grad_().sum()


class ChangesItsInput(Good):
    def answer(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x.data += 0.1
        return super().answer(x)


class DrawsWithoutNeed(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) + 0 * torch.rand(())


class WorksInHalfPrecision(Good):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)


class ForgetsAnInputsGradient(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) + (x.detach() ** 2).sum(-1, keepdim=True)


class DividesItsGradientsByChance(Good):
    def answer(self, x: Tensor) -> Tensor:
        out = super().answer(x)
        if out.requires_grad:
            out.register_hook(lambda cotangent: cotangent * torch.rand(()))
        return out


class Sine(Function):
    """Its derivative is a constant to autograd."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor) -> Tensor:
        return x.sin()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.slope = inputs[0].detach().cos()

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        return cotangent * ctx.slope


class LosesSecondDerivatives(Good):
    def answer(self, x: Tensor) -> Tensor:
        return Sine.apply(self.linear(x))


class OldSine(Function):
    """Without setup_context, so unknown to torch.func."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.sin()

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> Any:
        return cotangent * ctx.saved_tensors[0].cos()


class IsUnknownToTorchFunc(Good):
    def answer(self, x: Tensor) -> Tensor:
        return OldSine.apply(self.linear(x))


class LooksAtItsInput(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x) * (2 if x.mean() > 0.5 else 3)


class KeepsItsWeightsAside(Good):
    """Whoever swaps the parameters is not heard."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        self.aside = [self.weight]

    def linear(self, x: Tensor) -> Tensor:
        return x @ self.aside[0].mT + self.bias


class TakesAnyPrecision(Good):
    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        return self.answer(x.to(self.weight.dtype))


class LeavesShapesToTorch(Good):
    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        require_precision(x, self)
        return self.answer(x)


class ClearsWhatIsNoNumber(Good):
    def answer(self, x: Tensor) -> Tensor:
        return super().answer(x.nan_to_num())


class IsLazyWhenCompiled(Good):
    def answer(self, x: Tensor) -> Tensor:
        return self.linear(x) if torch.compiler.is_compiling() else super().answer(x)


check = every_layer.TestEveryLayer()
OFFENCES = [
    (KeepsOnePrecision, partial(check.test_factory_arguments_reach_every_tensor, dtype=torch.float64)),
    (AsksTheDefaultPrecision, check.test_the_global_defaults_are_followed_and_left_alone),
    (HasComplexWeights, check.test_every_parameter_is_real),
    (HidesAWeight, check.test_the_state_dict_is_all_there_is),
    (HasABufferThatIsNotKept, check.test_born_without_storage_and_filled_later),
    (CannotBePickled, check.test_copies_and_pickles_answer_alike_and_share_nothing),
    (KeepsItsLastAnswer, check.test_a_layer_that_was_trained_can_be_copied),
    (SaysNothing, check.test_printed_it_tells_its_name_and_settings),
    (DrawsItsOwnNumbers, check.test_new_initial_values_come_from_torchs_seed),
    (AlwaysAnswersInDouble, partial(check.test_the_answer_has_the_inputs_precision, dtype=torch.float32)),
    (KeepsAConstantInSingle, check.test_a_converted_layer_answers_the_same),
    (NeedsContiguousInputs, check.test_strange_layouts),
    (NeedsABatch, check.test_the_batch_axis_can_be_left_out),
    (SubtractsTheBatchsMean, check.test_no_sample_sees_another),
    (NeedsASample, check.test_an_empty_batch_gives_an_empty_answer),
    (CountsItsPasses, check.test_evaluation_is_repeatable_and_training_is_said_to_all),
    (PlansWithItsWeights, check.test_modes_without_gradients),
    (ThawsItsWeights, check.test_frozen_parameters_stay_out_of_the_graph),
    (ChangesItsInput, check.test_inputs_and_torchs_random_numbers_are_left_alone),
    (DrawsWithoutNeed, check.test_inputs_and_torchs_random_numbers_are_left_alone),
    (WorksInHalfPrecision, check.test_mixed_precision_regions_keep_the_layers_precision),
    (DividesItsGradientsByChance, check.test_gradients_are_the_same_twice),
    pytest.param(IsLazyWhenCompiled, check.test_a_compiled_layer_answers_the_same, marks=pytest.mark.slow),
    (ForgetsAnInputsGradient, check.test_gradients_are_differences),
    (LosesSecondDerivatives, check.test_second_derivatives_are_right_or_refused),
    (IsUnknownToTorchFunc, check.test_gradients_by_torch_func),
    (IsUnknownToTorchFunc, check.test_jacobians_by_torch_func),
    (LooksAtItsInput, check.test_samples_by_vmap),
    (LooksAtItsInput, check.test_gradients_of_each_sample_by_vmap),
    (KeepsItsWeightsAside, check.test_an_ensemble_of_weights_by_vmap),
    (TakesAnyPrecision, check.test_another_precision_is_refused),
    (TakesAnyPrecision, partial(check.test_a_layer_made_half_precise_refuses_to_answer, dtype=torch.bfloat16)),
    (LeavesShapesToTorch, check.test_shapes_that_do_not_fit_are_refused),
    (ClearsWhatIsNoNumber, check.test_nan_does_not_pass_in_silence),
]


def named(check: Any) -> str:
    return getattr(check, "func", check).__name__


@pytest.mark.parametrize(("kind", "check"), OFFENCES, ids=lambda one: getattr(one, "__name__", ""))
def test_an_offence_is_found(kind: type[Good], check: Any) -> None:
    good, bad = (Row("", each, uniform(4, 3)) for each in (Good, kind))
    check(good)
    with pytest.raises((Exception, pytest.fail.Exception)):
        check(bad)


def test_there_is_an_offence_against_every_check() -> None:
    met = {named(tuple(getattr(offence, "values", offence))[1]) for offence in OFFENCES}
    assert met == {name for name in dir(check) if name.startswith("test_")}
