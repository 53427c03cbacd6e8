"""The detector's convolution as two ordinary convolutions, of the logarithm's magnitude and of its angle.

Every term of `qdl.physics.detector_series` is a feature of the input times a coefficient that depends on the angle, and
the logarithm of a product over the patch is a sum over the patch. So with * the convolution over patches::

    log magnitude = sum_r [u p_r(u)] * [v h_r(v)]
    angle         = x * phi + sum_r [w q_r(u)] * [v sin phi g_r(v)]
    E sin(W + b)  = exp(log magnitude) sin(angle + b)
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from qdl.physics.detector_features import Features
from qdl.physics.detector_series import Series


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
    sizes = (stride, 0, dilation, groups)
    (even, odd), (even_weight, odd_weight) = _input_features(x, series, groups), _phase_features(phase, series)
    magnitude = convolve(even, even_weight, None, *sizes)
    angle = convolve(odd, odd_weight, offset, *sizes)
    return (magnitude.exp() * angle.sin()).contiguous()


def _input_features(x: Tensor, series: Series, groups: int) -> list[Tensor]:
    """(batch, channels, *size) -> (batch, groups * terms * channels / groups, *size), channels last, twice."""
    last = x.movedim(1, -1)
    found = Features.apply(last.flatten(1, -2).unflatten(-1, (groups, -1)), series.inputs)
    return [terms.flatten(2).unflatten(1, last.shape[1:-1]).movedim(-1, 1) for terms in found]


def _phase_features(phase: Tensor, series: Series) -> list[Tensor]:
    """(outputs, channels, *kernel) -> (outputs, terms * channels, *kernel), twice."""
    found = Features.apply(phase.reshape(len(phase), 1, 1, -1), series.phases)
    return [terms.reshape(len(phase), -1, *phase.shape[2:]) for terms in found]
