"""Layers at work: what the mixins share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from tests.nn.table import Row

DOUBLE = torch.float64
TOLERANCE = {torch.float32: 2e-5, DOUBLE: 1e-10}


def double(row: Row, seed: int = 0) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """A layer and its inputs in double precision."""
    return row.fresh(seed, dtype=DOUBLE), row.inputs(DOUBLE)


def call(layer: nn.Module, inputs: Sequence[Tensor]) -> Tensor:
    """One pass, with the same random numbers each time."""
    torch.manual_seed(7)
    out: Tensor = layer(*inputs)
    return out


def floats(inputs: Sequence[Tensor]) -> list[int]:
    """Which inputs hold floating numbers, not classes."""
    return [k for k, x in enumerate(inputs) if x.is_floating_point()]


def leaves(row: Row, layer: nn.Module, inputs: Sequence[Tensor]) -> tuple[list[Tensor], tuple[Tensor, ...]]:
    """All that can be differentiated by, and the inputs among them as they are given."""
    given = tuple(x.clone().requires_grad_(row.input_grad and x.is_floating_point()) for x in inputs)
    return [x for x in (*given, *layer.parameters()) if x.requires_grad], given


def function_of(
    row: Row, layer: nn.Module, inputs: Sequence[Tensor]
) -> tuple[Callable[..., Tensor], tuple[Tensor, ...]]:
    """The layer as a function of its leaves alone, real, and where it is to be looked at."""
    by = floats(inputs) if row.input_grad else []
    names = [name for name, parameter in layer.named_parameters() if parameter.requires_grad]

    def function(*at: Tensor) -> Tensor:
        given = list(inputs)
        for k, x in zip(by, at, strict=False):
            given[k] = x
        torch.manual_seed(7)
        out = torch.func.functional_call(layer, dict(zip(names, at[len(by) :], strict=True)), tuple(given))
        return torch.view_as_real(out) if out.is_complex() else out

    return function, (*(inputs[k] for k in by), *(p.detach() for p in layer.parameters() if p.requires_grad))


def loss(out: Tensor) -> Tensor:
    """A number that weighs every entry of an answer differently, the mean over its samples."""
    flat = torch.view_as_real(out) if out.is_complex() else out
    per_sample = flat.reshape(len(flat), -1) if flat.dim() else flat.reshape(1, 1)
    weights = torch.linspace(0.5, 1.7, max(per_sample.shape[1], 1), dtype=flat.dtype, device=flat.device)
    return (per_sample * weights[: per_sample.shape[1]]).square().sum(1).mean()


def grad(out: Tensor, by: Sequence[Tensor], cotangent: Tensor | None = None, **options: bool) -> tuple[Tensor, ...]:
    """Zero for what a pass has no use for, as an RBM's has none for the bias of what it is given."""
    return torch.autograd.grad(out, by, cotangent, allow_unused=True, materialize_grads=True, **options)


def gradients(row: Row, layer: nn.Module, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Of `loss`, by all leaves."""
    by, given = leaves(row, layer, inputs)
    return list(grad(loss(call(layer, given)), by)) if by else []


def real_precision(tensor: Tensor) -> torch.dtype:
    return tensor.dtype.to_real() if tensor.is_complex() else tensor.dtype


def require_close(found: Tensor, expected: Tensor, factor: float = 1.0) -> None:
    tolerance = factor * TOLERANCE[real_precision(expected)]
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)


def require_same(found: Tensor, expected: Tensor) -> None:
    """Bit by bit; `torch.equal` would pass over the precision."""
    torch.testing.assert_close(found, expected, atol=0, rtol=0)


def require_all_close(found: Sequence[Tensor], expected: Sequence[Tensor], factor: float = 1.0) -> None:
    for one, other in zip(found, expected, strict=True):
        require_close(one, other, factor)
