"""The detector's answer without a state vector: exact, or estimated from a finite number of shots.

With shots, every output value is one detector read S times: a share k/S of excitations, k binomial with
p = (1 + E sin(W + b))/2. Gradients are shifts of that same probability, each shifted detector read S times too, so that
they are unbiased and would be the same on hardware:

* a weight turns the detector by phi_k times 0, 1 or -1, so p has the frequencies 0 and 1 in phi_k, and
  dp/dphi_k = (p(phi_k + pi/2) - p(phi_k - pi/2))/2; the same for the offset b;
* p is linear in x_k on either side of 0, so dp/dx_k = p(x_k = 1) - p(x_k = 0) for x_k > 0, p(0) - p(-1) for x_k < 0,
  and the mean of both at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import pi
from typing import Any, Protocol

import torch
from torch import Tensor

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.nn.conv.patches import Windows
from qdl.nn.once import FirstOrder, once
from qdl.nn.seeds import fixed
from qdl.physics import detector_convolution, detector_sine
from qdl.physics.detector.series import series_for
from qdl.run import binomial, readout_only


class Response(Protocol):
    """E sin(gW + b) by some engine, patch by patch.

    Parameters
    ----------
    x : Tensor, shape (groups, size, columns)
        Signed excitation probabilities.
    weight : Tensor, shape (groups, outputs, size)
    coupling : float
        g, in radians per unit of weight.
    offset : Tensor, shape (groups, outputs), or None
        b, in radians.

    Returns
    -------
    Tensor, shape (groups, outputs, columns)
    """

    def __call__(self, x: Tensor, weight: Tensor, coupling: float, offset: Tensor | None) -> Tensor: ...


def closed(options: Mapping[str, Any], detector: int) -> Exact | Sampled:
    """The closed form's response under the options of a layer; `detector` is the wire that is read.

    Raises
    ------
    UnsupportedError
        For options that the closed form cannot honour.
    """
    known = {"grad": "auto", "shots": None, "noise": None, "seed": None}
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise LayerError("unknown options of the closed form", got=unknown, expected=["engine", *known, "validate"])
    grad, shots, noise, seed = ({**known, **options}[name] for name in known)
    flips = readout_only(noise, detector)
    if seed is not None and not (isinstance(seed, (int, torch.Generator)) and not isinstance(seed, bool)):
        raise ValuesError("a seed must be an integer or a torch.Generator", got=repr(seed))
    methods = ("auto", "autograd") if shots is None else ("auto", "shift")
    if grad not in methods:
        raise UnsupportedError(
            "the closed form has another gradient",
            got=f"grad={grad!r}",
            expected=" or ".join(map(repr, methods)),
            do="leave grad out, or choose an engine such as 'state'",
        )
    if shots is None:
        return Exact(flips)
    if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
        raise ValuesError("shots must be a positive integer or None", got=repr(shots))
    return Sampled(shots, seed, flips)


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

    shots: int
    seed: Any = None
    flips: tuple[float, float] = (0.0, 0.0)

    def __call__(self, x: Tensor, weight: Tensor, coupling: float, offset: Tensor | None) -> Tensor:
        if offset is None:
            offset = weight.new_zeros(weight.shape[:2])
        draw = partial(self._draw, fixed(self.seed))
        sampled: Tensor = _SampledSine.apply(x, coupling * weight, offset, draw)
        return sampled

    def _draw(self, seed: int, run: int, sine: Tensor) -> Tensor:
        return 2 * binomial((1 + sine) / 2, self.shots, seed, run, self.flips) - 1


class _SampledSine(FirstOrder):
    """`detector_sine` by draws: draw(run, sine) estimates a sine, runs being independent of each other."""

    @staticmethod
    def forward(x: Tensor, phase: Tensor, offset: Tensor, draw: Callable[[int, Tensor], Tensor]) -> Tensor:
        return draw(0, detector_sine(x, phase, offset))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        *tensors, ctx.draw = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        tensors = ctx.saved_tensors
        with torch.no_grad():
            found = _estimated_gradients(ctx, cotangent, *tensors)
        return *once(found, (cotangent, *tensors)), None


def _estimated_gradients(
    ctx: Any, cotangent: Tensor, x: Tensor, phase: Tensor, offset: Tensor
) -> tuple[Tensor | None, ...]:
    runs = count(1)

    def change(high: tuple[Tensor, ...], low: tuple[Tensor, ...]) -> Tensor:
        one, other = (ctx.draw(next(runs), detector_sine(*at)) for at in (high, low))
        return cotangent * (one - other)

    grads = [
        torch.zeros_like(t) if wanted else None
        for t, wanted in zip((x, phase, offset), ctx.needs_input_grad, strict=False)
    ]
    for k in range(x.shape[1]):
        if grads[0] is not None:
            high, low, step = brackets(x, k)
            grads[0][:, k] = change((high, phase, offset), (low, phase, offset)).sum(1) / step
        if grads[1] is not None:
            turn = torch.zeros_like(phase)
            turn[..., k] = pi / 2
            grads[1][..., k] = change((x, phase + turn, offset), (x, phase - turn, offset)).sum(-1) / 2
    if grads[2] is not None:
        grads[2] = change((x, phase, offset + pi / 2), (x, phase, offset - pi / 2)).sum(-1) / 2
    return tuple(grads)


def brackets(x: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs with element k moved to the ends of its linear piece, and their distance (groups, columns).

    Parameters
    ----------
    x : Tensor, shape (groups, size, columns)
    k : int
    """
    high, low = x.clone(), x.clone()
    high[:, k] = (x[:, k] >= 0).to(x.dtype)
    low[:, k] = -(x[:, k] <= 0).to(x.dtype)
    return high, low, high[:, k] - low[:, k]
