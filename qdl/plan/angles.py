"""The angles of a circuit as one vector: what a batch shares first, what is per sample behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qdl.ir import Operation
from qdl.ir.gates import Prepare
from qdl.ir.params import Angle, Expr, params_of

AngleIndex = tuple[int, ...]  # where an operation's angles lie in the angle vector


@dataclass(frozen=True)
class AngleTable:
    """The angles of a circuit as one vector: first those shared by the batch, then those per sample.

    Attributes
    ----------
    angles : tuple of Angle
        One entry per angle of each varying operation.
    shared : int
        How many of them come first and are shared.
    owners : tuple of (operation index, angle index)
    """

    angles: tuple[Angle, ...]
    shared: int
    owners: tuple[tuple[int, int], ...]


def angle_table(operations: Sequence[Operation], sampled: frozenset[str]) -> tuple[AngleTable, dict[int, AngleIndex]]:
    """The angle vector of the operations, and where each operation's angles lie in it."""
    shared: list[tuple[Angle, tuple[int, int]]] = []
    varying: list[tuple[Angle, tuple[int, int]]] = []
    for index, op in enumerate(operations):
        if isinstance(op.gate, Prepare) or any(isinstance(a, Expr) for a in op.angles):
            per_sample = any(p.name in sampled for p in params_of(op.angles))
            entries = varying if per_sample else shared
            entries.extend((angle, (index, k)) for k, angle in enumerate(op.angles))
    entries = shared + varying
    where: dict[int, dict[int, int]] = {}
    for place, (_, (index, k)) in enumerate(entries):
        where.setdefault(index, {})[k] = place
    table = AngleTable(tuple(a for a, _ in entries), len(shared), tuple(o for _, o in entries))
    return table, {index: tuple(places[k] for k in range(len(places))) for index, places in where.items()}
