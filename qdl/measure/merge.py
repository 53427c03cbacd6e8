"""Parts put together: words are products of their factors, probabilities and states outer products."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.plan.part import Plan
from qdl.plan.readout import CoordinatesRead, ProbsRead


def words(plan: Plan, read: Sequence[Tensor]) -> Tensor:
    """The value of every word, (S, n_words), from what each part reads, (S or 1, m_p) each.

    Where the plan reads norms too, the norm that belongs to each word stands behind them, (S, 2 n_words).
    """
    found = (*plan.factors, *plan.norms)
    width = max((len(factors) for factors in found), default=0)
    total = max((r.shape[0] for r in read), default=1)
    columns = [r if r.shape[0] == total else r.expand(total, -1) for r in read]
    if all(len(factors) == 1 for factors in found):
        joined = columns[0] if len(columns) == 1 else torch.cat(columns, -1)
        order = [factors[0] for factors in found]
        return joined if order == list(range(joined.shape[1])) else joined[:, order]
    joined = torch.cat([*columns, columns[0].new_ones(total, 1)], -1)
    last = joined.shape[1] - 1
    table = [[*factors, *[last] * (width - len(factors))] for factors in found]
    out = joined[:, [row[0] for row in table]]
    for k in range(1, width):
        out = out * joined[:, [row[k] for row in table]]
    return out


def probs(plan: Plan, read: Sequence[Tensor], wires: Sequence[int]) -> Tensor:
    """Probabilities of the bit strings on `wires`, (S, 2**k)."""
    found = [part.wires[p] for part in plan.parts for p in _positions(part.read)]
    return _ordered(_outer(read), found, wires)


def state(plan: Plan, read: Sequence[Tensor], wires: int) -> Tensor:
    """The amplitudes of all wires, (S, 2**wires)."""
    return _ordered(_outer(read), [w for part in plan.parts for w in part.wires], range(wires))


def coordinates(plan: Plan, read: Sequence[Tensor], places: Sequence[int]) -> Tensor:
    """The coordinates of the reduced density matrix on `places`, (S, 4**k)."""
    found = [2 * part.wires[p] + bit for part in plan.parts for p in _positions(part.read) for bit in (0, 1)]
    return _ordered(_outer(read), found, [2 * place + bit for place in places for bit in (0, 1)])


def _positions(read: object) -> tuple[int, ...]:
    assert isinstance(read, (ProbsRead, CoordinatesRead))
    return read.positions


def _outer(read: Sequence[Tensor]) -> Tensor:
    out = read[0]
    for factor in read[1:]:
        out = kernels.outer(out, factor)
    return out


def _ordered(joint: Tensor, found: Sequence[int], wanted: Sequence[int]) -> Tensor:
    """Index bits brought from the order `found` to the order `wanted`."""
    positions = tuple(list(found).index(w) for w in wanted)
    if positions == tuple(range(len(found))):
        return joint
    return kernels.to_front(joint, positions, len(found))[:, :, 0]
