"""What torch's convolutions take and refuse, the quantum ones take and refuse: on torch's own lists, and at random.

The detector's answer is compared as well. With all excitation probabilities |x|/m and W = sum of signed w, its linear
readout m E[sin gW]/g differs from the convolution m E[W] by at most m g^2 E|W|^3/6, since |sin a - a| <= |a|^3/6; and
|W| is at most the sum of |w|.

Not the same, on purpose: no channels at all, and half and complex precision, which torch takes; and ``padding="same"``
with one number in a list for the dilation, where torch pads the last axis alone unless with zeros.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from qdl.errors import QdlError
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d
from tests.nn.conv.random_arguments import random_cases
from tests.nn.conv.torch_inputs import Case, error_inputs, function_inputs, module_inputs

QUANTUM: dict[int, type[nn.Module]] = {1: QuantumConv1d, 2: QuantumConv2d, 3: QuantumConv3d}
CLASSICAL: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
FAMILIES = (ValueError, RuntimeError, TypeError)
CREATION, PASS = range(2)
G = 1e-4


class Answered(NamedTuple):
    layer: nn.Module
    out: Tensor


class Refused(NamedTuple):
    stage: int
    error: Exception


def outcome(kind: type[nn.Module], case: Case, **quantum: Any) -> Answered | Refused:
    torch.manual_seed(3)
    try:
        layer = kind(*case.arguments, **{"dtype": torch.float64, **case.keywords}, **quantum)
    except Exception as error:
        return Refused(CREATION, error)
    try:
        return Answered(layer, layer(case.x))
    except Exception as error:
        return Refused(PASS, error)


def require_alike(found: Answered | Refused, expected: Answered | Refused) -> None:
    """Both answer, in one shape; or both refuse, ours not later and by what catches torch's."""
    if isinstance(expected, Answered):
        if isinstance(found, Refused):
            raise AssertionError("torch takes it") from found.error
        assert found.out.shape == expected.out.shape
        assert found.out.dtype == expected.out.dtype
        assert found.out.is_contiguous() == expected.out.is_contiguous()
        return
    if isinstance(found, Answered):
        raise AssertionError("torch refuses it") from expected.error
    assert found.stage <= expected.stage
    for family in FAMILIES:
        assert isinstance(found.error, family) or not isinstance(expected.error, family), repr(found.error)


def require_cubic(found: Answered, expected: Answered, case: Case) -> None:
    total = expected.layer.weight.detach().abs().flatten(1).sum(1).amax()
    axes = tuple(range(-1 - case.dimension, 0))
    m = case.x.abs().amax(axes, keepdim=True).clamp(min=1) if case.x.numel() else 1.0
    bound = m * G**2 * total**3 / 6
    assert ((found.out - expected.out).abs() <= bound + 1e-10).all()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # torch about its own layer
class TestAlike:
    @pytest.mark.parametrize("case", [*module_inputs(), *function_inputs(), *random_cases(200, wrong=False)], ids=str)
    def test_what_is_taken(self, case: Case) -> None:
        found, expected = outcome(QUANTUM[case.dimension], case, coupling=G), outcome(CLASSICAL[case.dimension], case)
        require_alike(found, expected)
        if isinstance(found, Answered) and isinstance(expected, Answered):
            require_cubic(found, expected, case)

    @pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
    @pytest.mark.parametrize("case", [*error_inputs(), *random_cases(111, wrong=True)], ids=str)
    def test_what_is_refused(self, case: Case) -> None:
        found, expected = outcome(QUANTUM[case.dimension], case), outcome(CLASSICAL[case.dimension], case)
        assert isinstance(expected, Refused)
        require_alike(found, expected)


def test_the_lists_are_torchs() -> None:
    """That none of them is read in vain."""
    assert [len(list(cases())) for cases in (module_inputs, function_inputs, error_inputs)] >= [50, 60, 30]


def test_most_random_cases_are_taken() -> None:
    outcomes = [outcome(CLASSICAL[case.dimension], case) for case in random_cases(200, wrong=False)]
    assert sum(isinstance(one, Answered) for one in outcomes) >= 120
    assert sum(isinstance(one, Refused) for one in outcomes) >= 20


def test_torch_takes_what_is_no_mistake_for_it() -> None:
    """The differences that the module names: refused when the layer is made, by a QdlError."""
    for arguments in ((0, 2, 1), (2, 0, 1)):
        with pytest.raises(QdlError, match="channels"):
            QuantumConv1d(*arguments)
    for dtype in (torch.float16, torch.bfloat16, torch.complex64):
        with pytest.raises(QdlError, match="precision"):
            QuantumConv1d(1, 1, 1, dtype=dtype)
