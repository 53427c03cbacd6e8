"""What torch's convolutions take and refuse, the quantum ones take and refuse: on torch's own lists, and at random.

For every interaction; and where it is weak the answers are compared as well, with what PHYSICS.md A3 predicts for
their distance. W being the sum of w over what is excited, |W| is at most the sum of |w|, and

* the detector reads m E[sin gW]/g instead of m E[W], and |sin a - a| <= |a|^3/6;
* exchange sin(g|w|)/(g|w|) (w.x), of the same order; translation the same of every energy of the kernel, |E| <= sum of
  |w|, which acts on the whole image and so on its norm;
* the displaced detector E[(b + gW)^2 - b^2]/(2bg), which is off by g E[W^2]/(2b), b being 1.

Not the same, on purpose: no channels at all, and half and complex precision, which torch takes; and ``padding="same"``
with one number in a list for the dilation, where torch pads the last axis alone unless with zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from qdl.errors import QdlError
from qdl.ir import Circuit, Param
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d
from qdl.nn.conv.layers import INTERACTIONS
from tests.nn.conv.random_arguments import random_cases
from tests.nn.conv.torch_inputs import Case, error_inputs, function_inputs, module_inputs

QUANTUM: dict[int, type[nn.Module]] = {1: QuantumConv1d, 2: QuantumConv2d, 3: QuantumConv3d}
CLASSICAL: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
FAMILIES = (ValueError, RuntimeError, TypeError)
CREATION, PASS = range(2)
G = 1e-4
# How far an interaction may be from the convolution, for the sum of |w| and the input's largest number and norm.
DISTANCE: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "detector": lambda total, most, _: most * G**2 * total**3 / 6,
    "exchange": lambda total, most, _: most * G**2 * total**3 / 6,
    "translation": lambda total, _, norm: norm * G**2 * total**3 / 6,
    "displaced": lambda total, most, _: most * G * total**2 / 2,
}


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


def require_near(found: Answered, expected: Answered, case: Case, interaction: str) -> None:
    total = expected.layer.weight.detach().abs().flatten(1).sum(1).amax()
    if not case.x.numel():
        return
    most = case.x.abs().amax().clamp(min=1)
    # Padding repeats at most as much as there is, on both sides of each axis.
    norm = 3 ** (case.dimension / 2) * case.x.norm()
    assert (found.out - expected.out).abs().amax() <= DISTANCE[interaction](total, most, norm) + 1e-10


def one_qubit_each(case: Case) -> Circuit | None:
    """A circuit as the interaction, where the patch is small enough."""
    torch.manual_seed(3)
    layer = CLASSICAL[case.dimension](*case.arguments, **case.keywords)
    size = layer.in_channels // layer.groups * prod(layer.kernel_size)
    if size > 6:
        return None
    circuit, weight = Circuit(size), Param("weight", size)
    for wire in range(size):
        circuit.rx(weight[wire], wire)
    return circuit


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # torch about its own layer
@pytest.mark.parametrize("case", [*module_inputs(), *function_inputs(), *random_cases(200, wrong=False)], ids=str)
class TestTaken:
    def test_by_every_interaction(self, case: Case) -> None:
        expected = outcome(CLASSICAL[case.dimension], case)
        for interaction in DISTANCE:
            found = outcome(QUANTUM[case.dimension], case, interaction=interaction, coupling=G)
            require_alike(found, expected)
            if isinstance(found, Answered) and isinstance(expected, Answered):
                require_near(found, expected, case, interaction)

    def test_by_circuits(self, case: Case) -> None:
        circuit = one_qubit_each(case)
        if circuit is not None:
            found = outcome(QUANTUM[case.dimension], case, interaction=circuit)
            require_alike(found, outcome(CLASSICAL[case.dimension], case))


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
@pytest.mark.parametrize("case", [*error_inputs(), *random_cases(111, wrong=True)], ids=str)
def test_what_is_refused_by_every_interaction(case: Case) -> None:
    expected = outcome(CLASSICAL[case.dimension], case)
    assert isinstance(expected, Refused)
    for interaction in DISTANCE:
        require_alike(outcome(QUANTUM[case.dimension], case, interaction=interaction), expected)


def test_there_is_a_distance_for_every_interaction() -> None:
    assert set(DISTANCE) == set(INTERACTIONS)


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
