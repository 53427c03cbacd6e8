"""The detector's convolution as two ordinary convolutions, of the logarithm's magnitude and of its angle.

Every term of `qdl.physics.detector_series` is a feature of the input times a coefficient that depends on the angle, and
the logarithm of a product over the patch is a sum over the patch. So with * the convolution over patches::

    log magnitude = sum_r [u p_r(u)] * [v h_r(v)]
    angle         = x * phi + sum_r [w q_r(u)] * [v sin phi g_r(v)]
    E sin(W + b)  = exp(log magnitude) sin(angle + b)

All features are zero at x = 0, whose factor is 1.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from qdl.physics.detector_series import Expansion, Series


def detector_convolution(
    x: Tensor,
    phase: Tensor,
    offset: Tensor | None,
    series: Series,
    *,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Tensor:
    """E sin(W + b) of the detectors of a convolution.

    Parameters
    ----------
    x : Tensor, shape (batch, channels, *size), real
        Signed excitation probabilities in [-1, 1], with one to three axes of `size`, padded already.
    phase : Tensor, shape (outputs, channels / groups, *kernel), same dtype
        Angle in radians by which a whole excitation of each element turns the detector.
    offset : Tensor, shape (outputs,), optional
        Angle b in radians by which the detector is turned beforehand.
    series : Series
        One that holds for these angles.
    stride, dilation : tuple of int
    groups : int

    Returns
    -------
    Tensor, shape (batch, outputs, *positions)
        Differentiable any number of times in all three arguments.

    Notes
    -----
    PHYSICS.md A3a. The slow twin is `qdl.physics.detector_sine` on unfolded patches.

    Examples
    --------
    >>> from qdl.physics.detector_series import series_for
    >>> x, phase = torch.tensor([[[0.5, 0.0, -1.0]]]), torch.tensor([[[torch.pi / 2, torch.pi / 2]]])
    >>> detector_convolution(x, phase, None, series_for(phase), stride=(1,), dilation=(1,), groups=1)
    tensor([[[ 0.5000, -1.0000]]])
    """
    if x.dim() == 3:
        # A line is an image of one row.
        flat = {"stride": (1, *stride), "dilation": (1, *dilation), "groups": groups}
        return detector_convolution(x[:, :, None], phase[:, :, None], offset, series, **flat).squeeze(2)
    convolve = F.conv2d if x.dim() == 4 else F.conv3d
    magnitude, angle = (
        convolve(features, coefficients, bias, stride, 0, dilation, groups)
        for features, coefficients, bias in zip(
            _input_features(x, series, groups), _coefficients(phase, series), (None, offset), strict=True
        )
    )
    return (magnitude.exp() * angle.sin()).contiguous()


def _input_features(x: Tensor, series: Series, groups: int) -> tuple[Tensor, Tensor]:
    """(batch, channels, *size) -> u p_r(u), and x with w q_r(u): (batch, terms * channels, *size), channels last."""
    x = x.movedim(1, -1).contiguous()
    part = x.abs()
    u = part * (1 - part)
    w = x * (1 - part) * (1 - 2 * part)
    y = 8 * u - 1
    terms = [_weighted(series.magnitude.inputs, u, y), torch.cat((x[:, None], _weighted(series.angle.inputs, w, y)), 1)]
    return _channels(terms[0], groups), _channels(terms[1], groups)


def _channels(terms: Tensor, groups: int) -> Tensor:
    """(batch, terms, *size, channels) -> (batch, groups * terms * channels / groups, *size), channels last."""
    by_group = terms.unflatten(-1, (groups, -1)).movedim(1, -2)
    return by_group.flatten(-3).movedim(-1, 1)


def _coefficients(phase: Tensor, series: Series) -> tuple[Tensor, Tensor]:
    """(outputs, *kernel) -> v h_r(v), and phi with v sin phi g_r(v): (outputs, terms * channels, *kernel)."""
    v = (2 * (phase / 2).sin()).square()
    y = v * (2 / series.top) - 1
    magnitude = _weighted(series.magnitude.phases, v, y)
    angle = _weighted(series.angle.phases, v * phase.sin(), y)
    return magnitude.flatten(1, 2), torch.cat((phase[:, None], angle), 1).flatten(1, 2)


def _weighted(table: Tensor, seed: Tensor, y: Tensor) -> Tensor:
    """seed p_r(y) for the polynomials in a table: (batch, *shape) -> (batch, terms, *shape)."""
    found: Tensor = Polynomials.apply(table, seed.flatten(1), y.flatten(1))
    return found.unflatten(-1, seed.shape[1:])


class Polynomials(Function):
    """seed sum_k table_kr T_k(y) for seed and y (batch, n): (batch, terms, n); exactly zero where the seed is."""

    @staticmethod
    def forward(table: Tensor, seed: Tensor, y: Tensor) -> Tensor:
        return torch.matmul(table.mT, _basis(len(table), seed, y))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[None, Tensor, Tensor]:
        table, seed, y = ctx.saved_tensors
        both = torch.cat((table, _derivative(table)), 1)
        value, slope = Polynomials.apply(both, torch.ones_like(seed), y).unflatten(1, (2, -1)).unbind(1)
        return None, (cotangent * value).sum(1), seed * (cotangent * slope).sum(1)


def _basis(size: int, seed: Tensor, y: Tensor) -> Tensor:
    """seed T_k(y) for k < size: (batch, size, n)."""
    rows = seed.new_empty(len(seed), size, seed.shape[1])
    rows[:, 0] = seed
    if size > 1:
        torch.mul(seed, y, out=rows[:, 1])
    twice = 2 * y
    for k in range(2, size):
        torch.mul(twice, rows[:, k - 1], out=rows[:, k])
        rows[:, k] -= rows[:, k - 2]
    return rows


def _derivative(table: Tensor) -> Tensor:
    """Chebyshev coefficients of the derivatives, as many rows as before: c'_{k-1} = c'_{k+1} + 2 k c_k, c'_0 halved."""
    found = torch.zeros_like(table)
    for k in range(len(table) - 1, 0, -1):
        found[k - 1] = 2 * k * table[k]
        if k + 1 < len(table):
            found[k - 1] += found[k + 1]
    found[0] /= 2
    return found
