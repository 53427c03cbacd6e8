"""Numbers from their zero point, in units of their fluctuation: z = (n - <n>) / Delta n (PHYSICS.md A6, *ours*)."""

from __future__ import annotations

from torch import Tensor


def fluctuation_moments(n: Tensor) -> tuple[Tensor, Tensor]:
    """<n> and <n^2> - <n>^2 of every feature, over the batch and all places.

    Parameters
    ----------
    n : Tensor, shape (batch, features, *size)

    Returns
    -------
    mean, variance : Tensor, shape (features,)
        The variance of these very numbers, divided by their count.

    Examples
    --------
    >>> import torch
    >>> fluctuation_moments(torch.tensor([[1.0], [3.0]]))
    (tensor([2.]), tensor([1.]))
    """
    axes = [0, *range(2, n.dim())]
    mean = n.mean(axes, keepdim=True)
    # <(n - <n>)^2>, not the difference of squares, which rounding spoils far from zero.
    return mean.flatten(), (n - mean).square().mean(axes)


def standardised(
    n: Tensor, mean: Tensor, variance: Tensor, eps: float, weight: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    """(n - <n>) / sqrt(variance + eps) * weight + bias, feature by feature.

    Examples
    --------
    >>> import torch
    >>> standardised(torch.tensor([[1.0], [3.0]]), torch.tensor([2.0]), torch.tensor([1.0]), 0.0)
    tensor([[-1.],
            [ 1.]])
    """
    shape = (-1,) + (1,) * (n.dim() - 2)
    unit = (variance + eps).rsqrt()
    z = (n - mean.reshape(shape)) * (unit if weight is None else unit * weight).reshape(shape)
    return z if bias is None else z + bias.reshape(shape)
