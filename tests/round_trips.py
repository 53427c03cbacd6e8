"""Circuits that go to another library and back: random ones at numbers, and what must be the same afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import pytest

from qdl.ir import TABLE, Circuit
from tests.strategies import case

ROWS = [name for name in TABLE if name != "rv"]  # rv with Params has no words
SLOW = 100  # circuits of one slow test
Values = dict[str, list[float]]


def drawn(seed: int, length: int) -> tuple[Circuit, Values]:
    """A circuit of rows of the table on four wires, and values of its Params."""
    made = case(Random(seed), 4, length, gates=ROWS, batches=[()], prepared=False)
    return made.circuit, {name: value.tolist() for name, value in made.own().items()}


def bound(circuit: Circuit, values: Values) -> Circuit:
    """The circuit with numbers for its Params."""
    return Circuit(circuit.wires).append(circuit, range(circuit.wires), values) if values else circuit


def sizes(circuit: Circuit) -> Mapping[str, int]:
    """The Params of a circuit by name."""
    return {param.name: param.size for param in circuit.params}


def same(found: Any, expected: Any, tolerance: float = 1e-10) -> None:
    """Two matrices are the same, phase included."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def seeds(fast: int, slow: int) -> pytest.MarkDecorator:
    """Seeds of circuits, in tens for the fast tests and in hundreds, which follow on 100, for the slow ones."""
    tens = [range(first, min(first + 10, fast)) for first in range(0, fast, 10)]
    hundreds = [range(first, first + SLOW) for first in range(100, 100 + slow, SLOW)]
    marked = [pytest.param(some, marks=pytest.mark.slow) for some in hundreds]
    return pytest.mark.parametrize("some", [*tens, *marked], ids=lambda some: f"{some.start}-{some.stop - 1}")
