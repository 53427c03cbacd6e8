"""Central finite differences: an approximation that needs nothing but values. For comparison and for odd engines."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from qdl.grad.differences import Evaluate, Move, Sited, differentiate
from qdl.ir import Operation


class Finite:
    """Gradients by central differences in every angle, with the step that balances rounding and truncation."""

    def values(self, evaluate: Evaluate, operations: list[Sited], shared: Tensor, sampled: Tensor) -> Tensor:
        """What `evaluate` reads, (S, m), differentiable with respect to the angles."""
        return differentiate(evaluate, moves, operations, shared, sampled)


def moves(operation: Operation, angles: Tensor, k: int) -> Iterator[Move]:
    """One step forth and back: f' = (f(h) - f(-h))/(2h), error h^2 f'''/6 + eps/h, smallest near h = eps^(1/3)."""
    step = torch.finfo(angles.dtype).eps ** (1 / 3)
    shift = torch.zeros_like(angles)
    shift[..., k] = step
    yield 1 / step, angles + shift, angles - shift
