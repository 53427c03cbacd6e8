"""The closed form of the detector neuron as it stands on paper: a product over the elements of a patch."""

from __future__ import annotations

from torch import Tensor


def detector_sine_reference(x: Tensor, phase: Tensor, offset: Tensor | None = None) -> Tensor:
    """The slow twin of `qdl.physics.detector_sine`, with the same arguments and shapes (PHYSICS.md A3a).

    Examples
    --------
    >>> import torch
    >>> x, phase = torch.tensor([[[0.5]]]), torch.tensor([[[torch.pi / 2]]])
    >>> detector_sine_reference(x, phase).item()
    0.5
    """
    if offset is None:
        offset = phase.new_zeros(phase.shape[:2])
    real, imag = offset.cos()[:, :, None], offset.sin()[:, :, None]
    for element in range(x.shape[1]):
        p, phi = x[:, None, element], phase[:, :, element, None]
        factor_real, factor_imag = 1 - p.abs() * (1 - phi.cos()), p * phi.sin()
        real, imag = real * factor_real - imag * factor_imag, real * factor_imag + imag * factor_real
    return imag
