"""Derivatives from values alone, all values asked for at once.

The same derivatives as `qdl.grad.differences`, for engines to which every request is a journey: the angle vectors of
all moves are gathered first and evaluated in one call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.grad.differences import Moves, Sited, _moved, _Once, gathered
from qdl.grad.strengths import moves as exact_moves

Point = tuple[Tensor, Tensor]  # shared angles (n_shared,) and angles per sample (B, n_sampled)
EvaluateMany = Callable[[Sequence[Point], int], Tensor]  # points, the first one's number -> (n_points, S, m)


def differentiate(
    evaluate: EvaluateMany, operations: list[Sited], shared: Tensor, sampled: Tensor, moves: Moves = exact_moves
) -> Tensor:
    """The values at the given angles, (S, m), with gradients by `moves`.

    Parameters
    ----------
    evaluate : callable
        Takes points and the number of the first, and returns the values at all of them, (n_points, S, m). Called once
        forward, with number 0, and once backward, where numbers go on from 1: shots are drawn for each number anew.
    operations : list of Sited
        The operations with angles in the angle vector.
    shared : (n_shared,) real
    sampled : (B, n_sampled) real
    moves : callable
        By default the shift rules of gates and those of channels' strengths.

    Examples
    --------
    >>> from qdl.ir import Circuit, Param
    >>> (turn,) = Circuit(1).rx(Param("x", 1)[0], 0).operations
    >>> x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    >>> def cosine(points, first):  # what <Z> is after RX
    ...     return torch.stack([shared.cos()[None] for shared, _ in points])
    >>> differentiate(cosine, [(turn, (0,))], x, torch.zeros(1, 0)).backward(torch.ones(1, 1))
    >>> bool(torch.isclose(x.grad, -x.sin()))
    True
    """
    return _Batched.apply(evaluate, moves, operations, shared, sampled)


def rows(points: Sequence[Point]) -> Tensor:
    """All points as rows of one matrix of angles, (n_points * B, n_shared + n_sampled), point by point."""
    return torch.cat([torch.cat([shared.expand(len(sampled), -1), sampled], 1) for shared, sampled in points])


class _Batched(torch.autograd.Function):
    @staticmethod
    def forward(evaluate: EvaluateMany, moves: Moves, operations: Any, shared: Tensor, sampled: Tensor) -> Tensor:
        return evaluate([(shared, sampled)], 0)[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.evaluate, ctx.moves, ctx.operations, shared, sampled = inputs
        ctx.save_for_backward(shared, sampled)

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> Any:
        raise UnsupportedError("differences do not run under torch.func.vmap", do="give the values batch dimensions")

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise UnsupportedError("differences have no forward mode", do="use grad='autograd'")

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled() and cotangent.requires_grad:
            raise UnsupportedError("second derivatives are not available by differences", do="use grad='autograd'")
        shared, sampled = ctx.saved_tensors
        with torch.no_grad():
            found = _gradients(ctx, cotangent, shared, sampled)
        if not torch.is_grad_enabled():
            return (None, None, None, *found)
        return (None, None, None, *_Once.apply(*found, cotangent, shared, sampled))


def _gradients(ctx: Any, cotangent: Tensor, shared: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor]:
    points: list[Point] = []
    terms: list[tuple[int, Tensor | float]] = []  # the place in the angle vector and the weight of two points
    for operation, where in ctx.operations:
        per_sample = any(place >= len(shared) for place in where)
        both = torch.cat([shared.expand(len(sampled), -1), sampled], -1) if per_sample else shared
        for k, place in enumerate(where):
            if not ctx.needs_input_grad[3 + (place >= len(shared))]:
                continue
            for weight, *ends in ctx.moves(operation, both[..., list(where)], k):
                points += [_moved(shared, sampled, where, angles) for angles in ends]
                terms.append((place, weight))
    found: dict[int, Tensor] = {}
    if not terms:
        return gathered(found, shared, sampled)
    forth, back = ctx.evaluate(points, 1).unflatten(0, (-1, 2)).unbind(1)
    slopes = (cotangent * (forth - back)).sum(-1) / 2
    for slope, (place, weight) in zip(slopes, terms, strict=True):
        part = slope * weight
        found[place] = found.get(place, 0.0) + (part.sum() if place < len(shared) else part)
    return gathered(found, shared, sampled)
