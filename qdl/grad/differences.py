"""Derivatives from values alone: what parameter shift and finite differences share.

df/d angle = sum over moves of weight * (f(forth) - f(back))/2. An angle that is per sample is moved for all samples at
once, since a sample's value depends on its own angles only. So the number of runs is the number of moves, whatever the
batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir import Operation

Evaluate = Callable[[Tensor, Tensor, int], Tensor]  # shared angles, per-sample angles, number of the run -> (S, m)
Sited = tuple[Operation, tuple[int, ...]]  # an operation, and where its angles lie in the angle vector
Move = tuple[Tensor | float, Tensor, Tensor]  # weight, the operation's angles turned forth, and turned back
Moves = Callable[[Operation, Tensor, int], Iterator[Move]]


def differentiate(evaluate: Evaluate, moves: Moves, operations: list[Sited], shared: Tensor, sampled: Tensor) -> Tensor:
    """The values at the given angles, with gradients by `moves`.

    Parameters
    ----------
    operations : list of Sited
        The operations with angles in the angle vector.
    shared : (n_shared,) real
    sampled : (B, n_sampled) real
    """
    return _Differences.apply(evaluate, moves, operations, shared, sampled)


class _Differences(torch.autograd.Function):
    @staticmethod
    def forward(evaluate: Evaluate, moves: Moves, operations: Any, shared: Tensor, sampled: Tensor) -> Tensor:
        return evaluate(shared, sampled, 0)

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
            raise UnsupportedError(
                "second derivatives are not available by differences", do="use grad='adjoint' or 'autograd'"
            )
        shared, sampled = ctx.saved_tensors
        with torch.no_grad():
            found = _gradients(ctx, cotangent, shared, sampled)
        if not torch.is_grad_enabled():
            return (None, None, None, *found)
        return (None, None, None, *_Once.apply(*found, cotangent, shared, sampled))


class _Once(torch.autograd.Function):
    """Passes gradients on, and refuses to be differentiated: a silent zero would be a wrong Hessian."""

    generate_vmap_rule = True

    @staticmethod
    def forward(first: Tensor, second: Tensor, *origins: Tensor) -> tuple[Tensor, Tensor]:
        return first.clone(), second.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        raise UnsupportedError(
            "second derivatives are not available by differences", do="use grad='adjoint' or 'autograd'"
        )


def _gradients(ctx: Any, cotangent: Tensor, shared: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor]:
    slopes: dict[int, Tensor] = {}
    wanted = ctx.needs_input_grad[3:]
    run = 1
    for operation, where in ctx.operations:
        per_sample = any(place >= len(shared) for place in where)
        both = torch.cat([shared.expand(len(sampled), -1), sampled], -1) if per_sample else shared
        for k, place in enumerate(where):
            which = int(place >= len(shared))
            if not wanted[which]:
                continue
            for weight, forth, back in ctx.moves(operation, both[..., list(where)], k):
                ends = [_moved(shared, sampled, where, angles) for angles in (forth, back)]
                difference = ctx.evaluate(*ends[0], run) - ctx.evaluate(*ends[1], run + 1)
                slope = (cotangent * difference).sum(-1) / 2
                part = slope * weight
                slopes[place] = slopes.get(place, 0.0) + (part if which else part.sum())
                run += 2
    return gathered(slopes, shared, sampled)


def gathered(slopes: dict[int, Tensor], shared: Tensor, sampled: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients of both angle vectors, from those of places in them.

    Put together, not written into: under torch.func.jacrev those of places have axes that the vectors have not.
    """

    def of(vector: Tensor, first: int) -> Tensor:
        none = vector.new_zeros(vector.shape[:-1])
        columns = [none + slopes.get(first + k, 0.0) for k in range(vector.shape[-1])]
        return torch.stack(columns, -1) if columns else torch.zeros_like(vector)

    return of(shared, 0), of(sampled, len(shared))


def _moved(shared: Tensor, sampled: Tensor, where: tuple[int, ...], angles: Tensor) -> tuple[Tensor, Tensor]:
    """The angle vectors with one operation's angles replaced."""
    shared, sampled = shared.clone(), sampled.clone()
    for k, place in enumerate(where):
        if place < len(shared):
            shared[place] = angles[..., k] if angles.dim() == 1 else angles[0, k]
        else:
            sampled[:, place - len(shared)] = angles[..., k]
    return shared, sampled
