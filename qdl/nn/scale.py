"""What a sample must satisfy before it becomes excitation probabilities."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from qdl.errors import ValuesError


def sample_scale(x: Tensor) -> Tensor:
    """m = max(1, max|x|) of every sample, so that x/m lies in [-1, 1].

    Parameters
    ----------
    x : Tensor, shape (batch, *shape)

    Returns
    -------
    Tensor, shape (batch, 1, ..., 1)
        Differentiable. Where the maximum is shared, by several elements or by an element and the 1, its derivative is
        the mean of both one-sided derivatives, as everywhere in the detector: sign(x)/2 for each of them.

    Examples
    --------
    >>> sample_scale(torch.tensor([[0.5, -4.0], [0.1, 0.2]]))
    tensor([[4.],
            [1.]])
    """
    shape = (x.shape[0],) + (1,) * (x.dim() - 1)
    flat = x.detach().abs().flatten(1)
    if not flat.shape[1]:
        return x.new_ones(shape)
    m = flat.amax(1, keepdim=True).clamp(min=1)
    if not (x.requires_grad or is_traced(x)):
        return m.reshape(shape)
    largest = flat == m
    alone = largest.sum(1, keepdim=True) + (m == 1) == 1
    slope = x.detach().sign().flatten(1) * largest * torch.where(alone, 1.0, 0.5)
    # x - x.detach() is zero: it carries the slope into the graph and leaves the value alone.
    return (m + (slope * (x - x.detach()).flatten(1)).sum(1, keepdim=True)).reshape(shape)


def is_traced(x: Tensor) -> bool:
    """Whether a tensor stands for others, in torch.func or where a model is compiled."""
    return torch.compiler.is_compiling() or torch._C._functorch.is_functorch_wrapped_tensor(x)


def require(holds: Tensor, problem: str, *, expected: str, do: str, got: Callable[[], str] | None = None) -> None:
    """Raises on the CPU, asserts without waiting elsewhere and where a model is compiled.

    Meta tensors and those inside torch.func have no values.
    """
    compiling = torch.compiler.is_compiling()
    if holds.is_meta or (not compiling and is_traced(holds)):
        return
    if compiling or holds.device.type != "cpu":
        torch._assert_async(holds, f"{problem}: expected {expected}; {do}")
    elif not holds:
        raise ValuesError(problem, got=got() if got else None, expected=expected, do=do)


def require_finite(m: Tensor) -> None:
    """Refuses samples with NaN or infinity; their scale has it too."""
    require(m.isfinite().all(), "the input holds NaN or infinity", expected="finite numbers", do="clean the data")


def require_probability(x: Tensor) -> None:
    """Refuses numbers outside [0, 1] by more than an earlier layer's rounding."""
    rounding = 64 * torch.finfo(x.dtype).eps
    require(
        ((x >= -rounding) & (x <= 1 + rounding)).all(),
        "the input holds numbers that are no probabilities",
        expected="numbers in [0, 1]",
        do='rescale the input or use encoding="signed"',
        got=lambda: f"numbers between {x.min():g} and {x.max():g}",
    )
