"""The detector's convolution as two ordinary convolutions, of the logarithm's magnitude and of its angle.

Every term of `qdl.physics.interactions.detector.series` is a feature of the input times a coefficient that depends on
the angle, and the logarithm of a product over the patch is a sum over the patch. So with * the convolution over
patches::

    M = log magnitude = sum_r [u p_r(u)] * [v h_r(v)]
    A = angle         = x * phi + sum_r [w q_r(u)] * [v sin phi g_r(v)] + b
    E sin(W + b)      = e^M sin A

Backwards, with the cotangent s, dE/dM = E and dE/dA = e^M cos A, and then through the convolutions to the features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd import Function

from qdl.physics.interactions.detector.series import Series


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
    >>> from qdl.physics.interactions.detector.series import series_for
    >>> x, phase = torch.tensor([[[0.5, 0.0, -1.0]]]), torch.tensor([[[torch.pi / 2, torch.pi / 2]]])
    >>> detector_convolution(x, phase, None, series_for(phase), stride=(1,), dilation=(1,), groups=1)
    tensor([[[ 0.5000, -1.0000]]])
    """
    if x.dim() == 3:
        # A line is an image of one row.
        lifted = (x[:, :, None], phase[:, :, None], offset, series)
        found = detector_convolution(*lifted, stride=(1, *stride), dilation=(1, *dilation), groups=groups)
        return found.squeeze(2)
    form = _Form(series, stride, dilation, groups)
    if not (torch.is_grad_enabled() and any(t is not None and t.requires_grad for t in (x, phase, offset))):
        return form.run(x, phase, offset)[0]
    return cast(Tensor, _Sine.apply(x, phase, offset, form)[0])


class _Sine(Function):
    """E, and what it was made of, through which no gradients go."""

    @staticmethod
    def forward(x: Tensor, phase: Tensor, offset: Tensor | None, form: _Form) -> tuple[Tensor, ...]:
        return form.run(x, phase, offset)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        *tensors, ctx.form = inputs
        ctx.save_for_backward(*tensors, *output)
        ctx.mark_non_differentiable(*output[1:])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor | None, *_: None) -> tuple[Tensor | None, ...]:
        if cotangent is None:
            return None, None, None, None
        (x, phase, offset), answers = ctx.saved_tensors[:3], ctx.saved_tensors[3:]
        wanted = ctx.needs_input_grad[:3]
        if torch.is_grad_enabled() or _transformed(cotangent):
            grads = ctx.form.pull_reference(x, phase, offset, cotangent)
        else:
            grads = ctx.form.pull(x, phase, offset, answers, cotangent, wanted)
        return *(grad if want else None for grad, want in zip(grads, wanted, strict=True)), None


@dataclass(frozen=True)
class _Form:
    """The convolution of images with two or three axes of size.

    Features are (batch, places, groups, terms, channels / groups), which is an image with channels last.
    """

    series: Series
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    def run(self, x: Tensor, phase: Tensor, offset: Tensor | None) -> tuple[Tensor, ...]:
        """E, e^M, A, the features of x, and those of phi."""
        images = self._images(self.series.inputs.features(self._places(x)), x)
        weights = self._weights(self.series.phases.features(_rows(phase)), phase)
        magnitude = self._convolve(images[0], weights[0], None).exp_()
        angle = self._convolve(images[1], weights[1], offset)
        out = torch.mul(magnitude, angle.sin(), out=x.new_empty(angle.shape))
        return out, magnitude, angle, *images, *weights

    def run_reference(self, x: Tensor, phase: Tensor, offset: Tensor | None) -> Tensor:
        """The slow twin of `run`, which autograd differentiates any number of times."""
        even, odd = self._images(self.series.inputs.features_reference(self._places(x)), x)
        even_weight, odd_weight = self._weights(self.series.phases.features_reference(_rows(phase)), phase)
        magnitude, angle = self._convolve(even, even_weight, None), self._convolve(odd, odd_weight, offset)
        return magnitude.exp() * angle.sin()

    def pull(
        self,
        x: Tensor,
        phase: Tensor,
        offset: Tensor | None,
        answers: tuple[Tensor, ...],
        cotangent: Tensor,
        wanted: tuple[bool, ...],
    ) -> tuple[Tensor | None, ...]:
        """The gradients by x, phase and offset, as far as they are wanted, from what `run` gave."""
        out, magnitude, angle, even, odd, even_weight, odd_weight = answers
        by_angle = angle.cos().mul_(magnitude).mul_(cotangent)
        by_magnitude = torch.mul(cotangent, out, out=torch.empty_like(magnitude))
        by_even, by_even_weight, _ = self._pull_convolution(by_magnitude, even, even_weight, [*wanted[:2], False])
        by_odd, by_odd_weight, by_offset = self._pull_convolution(by_angle, odd, odd_weight, list(wanted))
        by_x = by_phase = None
        if wanted[0]:
            places = self._places(x)
            by_terms = (self._terms(by, places.shape[3]) for by in (by_even, by_odd))
            by_x = self._image(self.series.inputs.pull(places, *by_terms), x)
        if wanted[1]:
            rows = _rows(phase)
            by_terms = (by.reshape(len(rows), 1, 1, -1, rows.shape[3]) for by in (by_even_weight, by_odd_weight))
            by_phase = self.series.phases.pull(rows, *by_terms).reshape(phase.shape)
        return by_x, by_phase, by_offset

    def pull_reference(self, x: Tensor, phase: Tensor, offset: Tensor | None, cotangent: Tensor) -> list[Any]:
        """The slow twin of `pull`, differentiable as well."""
        given = [tensor for tensor in (x, phase, offset) if tensor is not None]

        def run(x: Tensor, phase: Tensor, offset: Tensor | None = None) -> Tensor:
            return self.run_reference(x, phase, offset)

        found = torch.func.vjp(run, *given)[1](cotangent)
        return [*found, None][:3]

    def _places(self, x: Tensor) -> Tensor:
        """(batch, channels, *size) -> (batch, places, groups, channels / groups), contiguous."""
        return x.movedim(1, -1).contiguous().flatten(1, -2).unflatten(-1, (self.groups, -1))

    def _image(self, places: Tensor, x: Tensor) -> Tensor:
        """The inverse of `_places`, and of the features made of it."""
        return places.flatten(2).unflatten(1, x.shape[2:]).movedim(-1, 1)

    def _images(self, features: tuple[Tensor, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
        return self._image(features[0], x), self._image(features[1], x)

    def _terms(self, image: Tensor, channels: int) -> Tensor:
        """The inverse of `_image` for features whose channels are `channels` per group."""
        return image.movedim(1, -1).flatten(1, -2).unflatten(-1, (self.groups, -1, channels))

    def _weights(self, features: tuple[Tensor, Tensor], phase: Tensor) -> tuple[Tensor, Tensor]:
        """(outputs, 1, 1, terms, channels * kernel) -> (outputs, terms * channels, *kernel)."""
        even, odd = (terms.reshape(len(phase), -1, *phase.shape[2:]) for terms in features)
        return even, odd

    def _convolve(self, image: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        convolve = F.conv2d if image.dim() == 4 else F.conv3d
        return convolve(image, weight, bias, self.stride, 0, self.dilation, self.groups)

    def _pull_convolution(self, by: Tensor, image: Tensor, weight: Tensor, mask: list[bool]) -> tuple[Any, ...]:
        """The gradients by image, weight and bias that the mask asks for."""
        zeros = [0] * len(self.stride)
        found: tuple[Any, ...] = torch.ops.aten.convolution_backward(
            by, image, weight, [len(weight)], self.stride, zeros, self.dilation, False, zeros, self.groups, mask
        )
        return found


def _transformed(tensor: Tensor) -> bool:
    """Whether torch.func is at work, or a batch of cotangents, neither of which can be written into."""
    functorch = torch._C._functorch
    return functorch.is_functorch_wrapped_tensor(tensor) or functorch.is_legacy_batchedtensor(tensor)


def _rows(phase: Tensor) -> Tensor:
    """(outputs, channels, *kernel) -> (outputs, 1, 1, channels * kernel), like the places of an image."""
    return phase.reshape(len(phase), 1, 1, -1)
