"""Simultaneous perturbation: all angles are moved at once, at random, and two values give a gradient that is right on
average.

With independent signs D_i and a small step c,

    g_i = (f(a + c D) - f(a - c D))/(2 c) D_i,     E[g] = grad f + O(c^2),

since E[D_i D_j] vanishes for i != j. Two runs for any number of angles; the price is a spread of |grad f|. (Spall, IEEE
Trans. Autom. Control 37, 332 (1992) (memory).) An angle that is per sample has its own sign in every sample.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.grad.differences import Evaluate, Sited

STEP = 0.1  # bias c^2/6 of the third derivative, 0.2 % of a rotation's; noise of shots is divided by 2 c


class Spsa:
    """Gradients by simultaneous perturbation; its signs come from torch's default generator, new ones each time."""

    def values(self, evaluate: Evaluate, operations: list[Sited], shared: Tensor, sampled: Tensor) -> Tensor:
        """What `evaluate` reads, (S, m), differentiable (at random) with respect to the angles."""
        return _Perturbed.apply(evaluate, shared, sampled)


class _Perturbed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, evaluate: Evaluate, shared: Tensor, sampled: Tensor) -> Tensor:
        ctx.evaluate = evaluate
        ctx.save_for_backward(shared, sampled)
        return evaluate(shared, sampled, 0)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        shared, sampled = ctx.saved_tensors
        signs = [_signs(t) for t in (shared, sampled)]
        ends = [(shared + c * signs[0], sampled + c * signs[1]) for c in (STEP, -STEP)]
        with torch.no_grad():
            difference = ctx.evaluate(*ends[0], 1) - ctx.evaluate(*ends[1], 2)
        slope = (cotangent * difference).sum(-1) / (2 * STEP)  # of each sample
        return None, slope.sum() * signs[0], slope[:, None] * signs[1]

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise UnsupportedError("simultaneous perturbation has no forward mode", do="use grad='autograd'")


def _signs(like: Tensor) -> Tensor:
    return 2 * torch.randint(0, 2, like.shape, device=like.device).to(like.dtype) - 1
