"""The detector's answer without a state vector: exact, or estimated from a finite number of shots.

With shots, every output value is one detector read S times: a share k/S of excitations, k binomial with
p = (1 + E sin(W + b))/2. Gradients are shifts of that same probability, each shifted detector read S times too, so that
they are unbiased and would be the same on hardware: a weight turns the detector by phi_k times 0, 1 or -1, so p has the
frequencies 0 and 1 in phi_k, and dp/dphi_k = (p(phi_k + pi/2) - p(phi_k - pi/2))/2; the same for the offset b.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from math import pi
from typing import Any, Protocol

import torch
from torch import Tensor

from qdl.nn.conv.drawn import Drawn, brackets, shifted
from qdl.nn.conv.finite import statistics
from qdl.nn.conv.patches import Windows
from qdl.physics import detector_convolution, detector_sine
from qdl.physics.interactions.detector.series import series_for
from qdl.run import binomial


class Response(Protocol):
    """What a detector answers, patch by patch.

    Parameters
    ----------
    x : Tensor, shape (groups, size, columns)
        Signed excitation probabilities.
    weight : Tensor, shape (groups, outputs, size)
    offset : Tensor, shape (groups, outputs), or None
        How the detector is prepared.

    Returns
    -------
    Tensor, shape (groups, outputs, columns)
    """

    def __call__(self, x: Tensor, weight: Tensor, offset: Tensor | None) -> Tensor: ...


def closed(options: Mapping[str, Any], coupling: float, wire: int) -> Exact | Sampled:
    """The closed form's response under the options of a layer; `wire` is the one that is read."""
    shots, seed, flips = statistics(options, wire)
    return Exact(flips) if shots is None else Sampled(coupling, shots, seed, flips)


@dataclass(frozen=True)
class Exact:
    """The closed form itself: two convolutions where its logarithm has a series, else a product over the patch.

    ``flips`` is the detector's readout error, P(1|0) and P(0|1).
    """

    flips: tuple[float, float] = (0.0, 0.0)

    def convolve(self, x: Tensor, windows: Windows, phase: Tensor, offset: Tensor | None) -> Tensor:
        """E sin(gW + b) of whole images, as it is read.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, *size)
            Signed excitation probabilities, padded.
        windows : Windows
        phase : Tensor, shape (outputs, channels / groups, *kernel)
            gw, in radians.
        offset : Tensor, shape (outputs,), or None
            b, in radians.

        Returns
        -------
        Tensor, shape (batch, outputs, *positions)
        """
        sine = self._sine(x, windows, phase, offset)
        a, b = self.flips
        # p = (1 + sine)/2 is read as a + (1 - a - b) p.
        return sine if not (a or b) else (1 - a - b) * sine + (a - b)

    def _sine(self, x: Tensor, windows: Windows, phase: Tensor, offset: Tensor | None) -> Tensor:
        if torch.compiler.is_compiling():  # the largest angle chooses the series, whose sums are compiled already
            answered: Tensor = torch.compiler.disable(Exact._sine)(self, x, windows, phase, offset)
            return answered
        series = series_for(phase)
        if series is None:
            by_group = phase.reshape(windows.groups, -1, phase[0].numel())
            turned = None if offset is None else offset.reshape(windows.groups, -1)
            return windows.answers(x, lambda patches: detector_sine(patches, by_group, turned))
        windows.positions(x.shape[2:])
        return detector_convolution(
            x, phase, offset, series, stride=windows.stride, dilation=windows.dilation, groups=windows.groups
        )


@dataclass(frozen=True)
class Sampled:
    """The closed form read with finite statistics."""

    coupling: float
    shots: int
    seed: Any = None
    flips: tuple[float, float] = (0.0, 0.0)

    def __call__(self, x: Tensor, weight: Tensor, offset: Tensor | None) -> Tensor:
        quarter = partial(shifted, by=pi / 2)
        return Drawn(self._sample, brackets, quarter, quarter, self.seed)(x, self.coupling * weight, offset)

    def _sample(self, seed: int, run: int, x: Tensor, phase: Tensor, offset: Tensor) -> Tensor:
        sine = detector_sine(x, phase, offset)
        return 2 * binomial((1 + sine) / 2, self.shots, seed, run, self.flips) - 1
