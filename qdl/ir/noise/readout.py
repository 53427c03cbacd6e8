"""Readout errors: what is read where something else is true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.noise.rules import Place
from qdl.ir.params import Angle, Expr, apply, as_angle

Confusion = tuple[tuple[Angle, ...], ...]
TOLERANCE = 1e-6  # of the sum of a row; rows that miss 1 by less are made to sum to 1
MOST_WIRES = 8  # of a joint readout


@dataclass(frozen=True)
class Readout:
    """The readout error of some wires.

    Attributes
    ----------
    wires : tuple of int
        The first is the most significant bit of an index.
    matrix : tuple of 2**k tuples of 2**k numbers or expressions
        P(read | true): rows are what is true, columns what is read.
    """

    wires: tuple[int, ...]
    matrix: Confusion


def confusion(matrix: Any) -> Confusion:
    """A matrix of probabilities as tuples, checked as far as it consists of numbers."""
    if not isinstance(matrix, Iterable) or isinstance(matrix, str):
        raise CircuitError("a readout error is a matrix", got=repr(matrix)[:80], expected="P(read | true), 2**k x 2**k")
    rows = [tuple(map(as_angle, row)) if isinstance(row, Iterable) else (row,) for row in matrix]
    size = len(rows)
    if size not in {2**k for k in range(1, MOST_WIRES + 1)} or any(len(row) != size for row in rows):
        expected = f"2**k rows of 2**k, k from 1 to {MOST_WIRES}"
        raise CircuitError(
            "a readout error is a square matrix", got=f"rows of {[len(r) for r in rows][:8]}", expected=expected
        )
    return tuple(map(_checked, rows))


def _checked(row: tuple[Angle, ...]) -> tuple[Angle, ...]:
    numbers = [entry for entry in row if not isinstance(entry, Expr)]
    if any(not -1e-9 <= entry <= 1 + 1e-9 for entry in numbers):
        raise CircuitError("readout probabilities outside [0, 1]", got=f"the row {row}")
    total = sum(numbers)
    whole = len(numbers) == len(row)
    if total > 1 + TOLERANCE or (whole and total < 1 - TOLERANCE):
        expected = "1: rows are what is true, columns what is read"
        raise CircuitError("a row of a readout error does not sum to 1", got=f"{total:g} for {row}", expected=expected)
    return tuple(max(entry, 0.0) / total for entry in numbers) if whole else row


def after(first: Confusion, second: Confusion) -> Confusion:
    """Two readout errors one after the other."""
    columns = list(zip(*second, strict=True))
    return tuple(tuple(_dot(row, column) for column in columns) for row in first)


def _dot(row: Sequence[Angle], column: Sequence[Angle]) -> Angle:
    total: Angle = 0.0
    for a, b in zip(row, column, strict=True):
        total = apply("add", total, apply("mul", a, b))
    return total


def refuse_overlap(matrix: Confusion, place: Place | None, known: Iterable[Place | None]) -> None:
    """Refuse an error that does not fit its wires, or shares some of them with another one."""
    if len(matrix) != 2 ** (1 if place is None else len(place)):
        got = f"{len(matrix)} rows for {'every wire' if place is None else f'wires {place}'}"
        raise CircuitError("the readout error does not fit the wires", got=got, expected="2**k rows for k wires")
    for other in known:
        if place and other and other != place and set(other) & set(place):
            remedy = "give one joint error for all of these wires"
            raise CircuitError("readout errors overlap", got=f"wires {place} beside {other}", do=remedy)
