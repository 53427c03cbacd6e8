"""Derivatives with respect to the strengths of channels, from the same circuit with other channels in their place.

A channel is linear in its features f_j(s) (qdl.ir.channels), so every expectation value is: E(s) = sum_j f_j(s) e_j.
With points s_i at which the features span all that they can, the slope f'(s) is sum_i w_i f(s_i), and dE/ds is
sum_i w_i E(s_i). The trace is kept, so 1 is a sum of features and the w_i sum to zero: differences to one of the points
remain. All points are channels, whatever s is: E(1) - E(0) for a depolarising strength, three of them for amplitude
damping, whose features are gamma, 1 - gamma and its root. A slope that is infinite counts as zero. (ours)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.values import Values
from qdl.errors import CircuitError, UnsupportedError
from qdl.grad import shift
from qdl.grad.differences import Move
from qdl.ir import Operation, Param
from qdl.ir.channels import Channel, Measure
from qdl.ir.gates import Gate
from qdl.ir.params import Angle, Expr

LEVELS = (0.0, 1.0, 0.5, 0.25)  # of strengths at the points
FEW = 4  # strengths whose levels are combined in all ways; of more, one at a time
RANK = 1e-9


def moves(operation: Operation, angles: Tensor, k: int) -> Iterator[Move]:
    """As `qdl.grad.shift.moves`, for channels and noisy measurements too."""
    if not isinstance(operation.gate, (Channel, Measure)):
        yield from shift.moves(operation, angles, k)
        return
    found = rule(operation.gate)
    rows = angles if angles.dim() == 2 else angles[None]
    weights = found.weights(rows.double(), k).to(angles.dtype)
    points = found.points.to(angles)
    for i in range(1, len(points)):
        weight = weights[:, i] if angles.dim() == 2 else weights[0, i]
        if weight.abs().max() > RANK:
            yield 2 * weight, points[i].expand_as(angles), points[0].expand_as(angles)


@dataclass(frozen=True)
class Rule:
    """Points, (P, n), and the pseudo-inverse of the features there, (F, P)."""

    features: _Features
    points: Tensor
    inverse: Tensor

    def weights(self, strengths: Tensor, k: int) -> Tensor:
        """How much each point counts in the derivative with respect to strength `k`: (S, P) at strengths (S, n)."""
        along = torch.zeros_like(strengths)
        along[:, k] = 1
        slope = torch.func.jvp(self.features, (strengths,), (along,))[1]
        return torch.nan_to_num(slope, 0, 0, 0) @ self.inverse


@lru_cache(maxsize=256)
def rule(gate: Channel | Measure) -> Rule:
    """The points at which a channel's features span all that they can.

    Examples
    --------
    >>> from qdl.ir.channels import channel
    >>> rule(channel("depolarizing", 2)).points.tolist()
    [[0.0], [1.0]]
    """
    strengths = tuple(Param("s", len(gate.angles)))
    features = _Features(_features(gate, strengths))
    n = len(strengths)
    if n <= FEW:
        grid = list(product(LEVELS, repeat=n))
    else:
        grid = [(0.0,) * n, *(tuple(level * (i == k) for i in range(n)) for level in LEVELS[1:] for k in range(n))]
    points = torch.tensor([point for point in grid if _is_channel(gate, point)], dtype=torch.float64)
    values = features(points)
    chosen = _independent(values)
    spread = torch.rand(64, n, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) / n
    missed = features(spread) - features(spread) @ torch.linalg.pinv(values[chosen]) @ values[chosen]
    if missed[missed.isfinite()].abs().max() > 1e-9:
        raise UnsupportedError(f"channel {gate.name!r} has no rule for its strengths", do="use engine='density'")
    return Rule(features, points[chosen], torch.linalg.pinv(values[chosen]))


def _is_channel(gate: Channel | Measure, strengths: Sequence[float]) -> bool:
    """Whether there is such a channel at plain strengths."""
    try:
        inside = all(limit.value > -1e-12 for limit in gate.check(*strengths))  # type: ignore[operator]
        return inside and (isinstance(gate, Measure) or bool(gate.kraus(*strengths)))
    except CircuitError:  # one over zero
        return False


def _features(gate: Gate, strengths: Sequence[Angle]) -> list[Angle]:
    if isinstance(gate, Measure):
        return list(gate.reads(*strengths).values())
    assert isinstance(gate, Channel)
    return list(gate.features(*strengths))


def _independent(rows: Tensor) -> list[int]:
    """Rows that span all of them, greedily: the one that is farthest from those before."""
    rest, chosen = rows.clone(), list[int]()
    while len(chosen) < len(rows):
        lengths = rest.norm(dim=1)
        best = int(lengths.argmax())
        if lengths[best] < 1e-6:
            break
        chosen.append(best)
        unit = rest[best] / lengths[best]
        rest = rest - (rest @ unit)[:, None] * unit
    return chosen


class _Features:
    """Numbers and expressions of a channel's strengths, evaluated for many of them."""

    def __init__(self, angles: Sequence[Angle]) -> None:
        self.evaluator = Evaluator([a + 0 * Param("s", 1)[0] if not isinstance(a, Expr) else a for a in angles])

    def __call__(self, strengths: Tensor) -> Tensor:
        """(S, F) from (S, n)."""
        return self.evaluator(Values({"s": strengths}, (len(strengths),), strengths.dtype, strengths.device))
