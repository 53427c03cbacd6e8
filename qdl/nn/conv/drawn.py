"""Answers with finite statistics and no state vector, and gradients that are differences of further such answers.

An answer is a polynomial or a sine in each of its arguments, so that its derivative is a difference of answers far
apart; each of them is measured with shots of its own. The estimates are unbiased, as they would be on hardware.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from qdl.nn.once import FirstOrder, once
from qdl.nn.seeds import derived, fixed

# An argument with its entry k moved up and down, and the difference by which that of the answers is divided.
Rule = Callable[[Tensor, int], tuple[Tensor, Tensor, Any]]


@dataclass(frozen=True)
class Drawn:
    """Estimates of an answer.

    Parameters
    ----------
    sample : callable
        ``sample(seed, run, x, weight, offset)`` estimates the answers (groups, outputs, columns) to x (groups, size,
        columns), weight (groups, outputs, size) and offset (groups, outputs); runs are independent of each other.
    by_x, by_weight, by_offset : Rule
        Whose differences are derivatives, along x's axis 1, and the last axis of the others.
    seed : int, torch.Generator or None
    """

    sample: Callable[..., Tensor]
    by_x: Rule
    by_weight: Rule
    by_offset: Rule
    seed: Any = None

    def __call__(self, x: Tensor, weight: Tensor, offset: Tensor | None = None) -> Tensor:
        if offset is None:
            offset = weight.new_zeros(weight.shape[:2])
        answer: Tensor = _Drawn.apply(x, weight, offset, partial(self.sample, fixed(self.seed)), self)
        return answer


class _Drawn(FirstOrder):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, offset: Tensor, draw: Callable[..., Tensor], rules: Drawn) -> Tensor:
        return draw(0, x, weight, offset)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, ctx.draw, ctx.rules = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        tensors = ctx.saved_tensors
        with torch.no_grad():
            found = _estimated_gradients(ctx, cotangent, *tensors)
        return *once(found, (cotangent, *tensors)), None, None


def _estimated_gradients(
    ctx: Any, cotangent: Tensor, x: Tensor, weight: Tensor, offset: Tensor
) -> tuple[Tensor | None, ...]:
    rules = ctx.rules

    def change(place: int, high: tuple[Tensor, ...], low: tuple[Tensor, ...]) -> Tensor:
        # Runs are numbered by what they are for: freezing one argument changes the estimates of no other.
        one, other = (ctx.draw(2 * place + side, *at) for side, at in ((1, high), (2, low)))
        return cotangent * (one - other)

    grads = [
        torch.zeros_like(t) if wanted else None
        for t, wanted in zip((x, weight, offset), ctx.needs_input_grad, strict=False)
    ]
    for k in range(x.shape[1]):
        if grads[0] is not None:
            high, low, step = rules.by_x(x, k)
            grads[0][:, k] = change(2 * k + 1, (high, weight, offset), (low, weight, offset)).sum(1) / step
        if grads[1] is not None:
            high, low, step = rules.by_weight(weight, k)
            grads[1][..., k] = change(2 * k + 2, (x, high, offset), (x, low, offset)).sum(-1) / step
    if grads[2] is not None:
        (high, low, step) = rules.by_offset(offset[..., None], 0)
        grads[2] = change(0, (x, weight, high[..., 0]), (x, weight, low[..., 0])).sum(-1) / step
    return tuple(grads)


def shifted(t: Tensor, k: int, by: float, axis: int = -1) -> tuple[Tensor, Tensor, float]:
    """Entry k along an axis moved up and down.

    By pi/2 that is right for sines, by 1 (or anything else) for quadratic functions: f(t + 1) - f(t - 1) = 2 f'(t).
    """
    move = torch.zeros_like(t)
    move.select(axis, k).fill_(by)
    return t + move, t - move, 2.0


def brackets(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs with element k moved to the ends of its linear piece, and their distance (groups, columns).

    Answers to excitations are linear in x_k on either side of 0: their slope is f(1) - f(0) for x_k > 0, f(0) - f(-1)
    for x_k < 0, and the mean of both at 0.

    Parameters
    ----------
    x : Tensor, shape (groups, size, columns)
    k : int
    """
    high, low = x.clone(), x.clone()
    high[:, k] = (x[:, k] >= 0).to(x.dtype)
    low[:, k] = -(x[:, k] <= 0).to(x.dtype)
    return high, low, high[:, k] - low[:, k]


def source(seed: int, run: int, like: Tensor) -> torch.Generator:
    """The random numbers of one run."""
    return torch.Generator(device=like.device).manual_seed(derived(seed, run))
