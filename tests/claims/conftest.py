"""The fixture by which a claim's test says what it measured."""

from __future__ import annotations

from math import isfinite
from typing import Any, NamedTuple

import pytest
import torch


class Found(NamedTuple):
    """One measured value and what the claim allows."""

    what: str
    value: float
    low: float | None
    high: float | None


class Measured:
    """Checks a value against what the claim allows, and notes it for docs/claims.md."""

    def __init__(self, notes: list[tuple[str, Any]]) -> None:
        self.notes = notes

    def __call__(self, what: str, value: Any, *, at_most: float | None = None, at_least: float | None = None) -> None:
        """`value` (a number or a tensor of one) must be finite and within `at_least` and `at_most`."""
        number = float(value.detach() if isinstance(value, torch.Tensor) else value)
        assert at_most is not None or at_least is not None, "a claim has a bound"
        self.notes.append(("found", Found(what, number, at_least, at_most)._asdict()))
        assert isfinite(number), f"{what}: {number}"
        assert at_most is None or number <= at_most, f"{what}: {number} is above {at_most}"
        assert at_least is None or number >= at_least, f"{what}: {number} is below {at_least}"


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    assert request.node.get_closest_marker("claim"), 'a claim\'s test carries @pytest.mark.claim("A3a", "the claim")'
    return Measured(request.node.user_properties)
