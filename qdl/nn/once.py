"""Gradients that have no derivative of their own, said aloud."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from qdl.errors import UnsupportedError

REMEDY = 'use the closed form without shots (engine="closed")'


def once(found: Sequence[Tensor | None], origins: Sequence[Tensor]) -> tuple[Tensor | None, ...]:
    """The gradients as they are; where a graph of the backward pass is recorded, one that refuses to be differentiated.

    A gradient that were a constant there would silently drop out of second derivatives.
    """
    if not torch.is_grad_enabled():
        return tuple(found)
    real = [gradient for gradient in found if gradient is not None]
    passed = iter(_Once.apply(len(real), *real, *origins))
    return tuple(None if gradient is None else next(passed) for gradient in found)


class _Once(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(tensor.clone() for tensor in tensors[:count])

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> Any:
        raise UnsupportedError("these gradients are differences, they have no second derivatives", do=REMEDY)


class FirstOrder(Function):
    """A function that runs neither under vmap nor forward."""

    @staticmethod
    def vmap(info: Any, in_dims: Any, *inputs: Any) -> Any:
        raise UnsupportedError("shots and circuits of a detector do not run under torch.func.vmap", do=REMEDY)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        raise UnsupportedError("shots and circuits of a detector have no forward mode", do=REMEDY)
