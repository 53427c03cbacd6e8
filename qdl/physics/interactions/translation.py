"""Convolution as the motion of one quantum on a ring of sites (PHYSICS.md A3d, *ours*).

The register's basis states are the sites of the image, its amplitudes the image. A Hamiltonian <i|H|j> = w(j - i) that
knows no place commutes with translation: it is diagonal in momentum, with the kernel's Fourier transform for energies,
and psi -> psi - ig (w * psi) to first order in the coupling. It must be Hermitian, so a real kernel is taken apart,

    w = s + a,    s(-r) = s(r),  a(-r) = -a(r),        H_s = s *,    H_a = -i a *,

whose energies are the real and the imaginary part of the transform. Of U = exp(-igH), (U - U^+)/(-2ig) = sin(gH)/g has
no error of even order; a qubit in X (x) H is excited with exactly this amplitude (`translation_angles`). Together::

    y = sin(g H_s)/g psi + i sin(g H_a)/g psi = w * psi + O(g^2)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi, prod

import torch
from torch import Tensor


def kernel_spectrum(weight: Tensor, sizes: Sequence[int], dilation: Sequence[int], half: bool = False) -> Tensor:
    """The energies of a kernel on a ring of sites along each axis: sum_r w(r) e^{2 pi i k r / N}.

    Parameters
    ----------
    weight : Tensor, shape (*batch, *kernel), real
        As torch's convolutions hold it, the centre (the earlier of two) being r = 0.
    sizes : sequence of int
        N, the sites along each axis; a kernel that is longer winds around.
    dilation : sequence of int
    half : bool
        Whether to leave out the momenta of the last axis above N/2, whose energies are the others' conjugates.

    Returns
    -------
    Tensor, shape (*batch, *sizes), complex

    Examples
    --------
    >>> kernel_spectrum(torch.tensor([-1.0, 0.0, 1.0]), (4,), (1,)).imag.round(decimals=3)
    tensor([ 0.,  2.,  0., -2.])
    """
    spectrum = weight.to(weight.dtype.to_complex())
    first = weight.dim() - len(sizes)
    for axis, (n, d) in enumerate(zip(sizes, dilation, strict=True)):
        length = weight.shape[first + axis]
        momenta = n // 2 + 1 if half and axis == len(sizes) - 1 else n
        # Whole turns are taken off in integers, where they cost no digits.
        r = torch.arange(length, device=weight.device) * d - d * (length - 1) // 2
        turns = torch.outer(r, torch.arange(momenta, device=weight.device)) % n
        angle = 2 * pi / n * turns.double()
        spectrum = torch.tensordot(spectrum.movedim(first, -1), torch.exp(1j * angle).to(spectrum.dtype), 1)
    return spectrum


def symmetrised(spectrum: Tensor, coupling: float) -> Tensor:
    """What each momentum is multiplied by: sin(g E)/g, of the real and of the imaginary part of the energies.

    Examples
    --------
    >>> symmetrised(torch.tensor([1.0 + 0.0j]), torch.pi / 2) * torch.pi / 2
    tensor([1.+0.j])
    """
    return torch.complex((coupling * spectrum.real).sin(), (coupling * spectrum.imag).sin()) / coupling


def translation_convolution(
    x: Tensor, weight: Tensor, coupling: float, dilation: Sequence[int], groups: int = 1
) -> Tensor:
    """The sum over channels of sin(g H_s)/g psi + i sin(g H_a)/g psi, at every site of the ring.

    Parameters
    ----------
    x : Tensor, shape (batch, channels, *sizes), real
        psi, of any norm: the answer is linear in it.
    weight : Tensor, shape (outputs, channels / groups, *kernel), same dtype
    coupling : float
        g.
    dilation : sequence of int
    groups : int

    Returns
    -------
    Tensor, shape (batch, outputs, *sizes)
        For g -> 0 the circular convolution, centred; differentiable any number of times.

    Examples
    --------
    >>> x = torch.tensor([[[1.0, 0.0, 0.0, 0.0]]])
    >>> translation_convolution(x, torch.tensor([[[1.0, 2.0, 3.0]]]), 0.001, (1,)).round(decimals=3)
    tensor([[[2., 1., 0., 3.]]])
    """
    if not len(x):  # which the Fourier transform refuses
        one = torch.nn.functional.pad(x, (0, 0) * (x.dim() - 1) + (0, 1))
        return translation_convolution(one, weight, coupling, dilation, groups)[:0]
    sizes = x.shape[2:]
    axes = tuple(range(2, x.dim()))
    energies = kernel_spectrum(weight, sizes, dilation, half=True)
    factors = symmetrised(energies, coupling).unflatten(0, (groups, -1)).flatten(3)
    waves = torch.fft.rfftn(x, dim=axes)
    answer = torch.einsum("bgck,gock->bgok", waves.flatten(2).unflatten(1, (groups, -1)), factors)
    momenta = (*sizes[:-1], sizes[-1] // 2 + 1)
    return torch.fft.irfftn(answer.flatten(1, 2).unflatten(2, momenta), s=tuple(sizes), dim=axes)


def translation_angles(energies: Tensor, coupling: float) -> Tensor:
    """The angles of rotations about X (x) Z...Z that make exp(-ig X (x) H) of an H with these energies.

    Z-strings are the Walsh functions of a momentum's bits, so the angles are the Walsh transform of 2 g E(k).

    Parameters
    ----------
    energies : Tensor, shape (*batch, 2**n), real
        Of momentum k, most significant bit first.
    coupling : float
        g.

    Returns
    -------
    Tensor, shape (*batch, 2**n)
        In radians; bit i of the index, the most significant first, says whether Z acts on wire i.

    Examples
    --------
    >>> translation_angles(torch.tensor([1.0, 1.0, 1.0, 3.0]), 0.5)
    tensor([ 1.5000, -0.5000, -0.5000,  0.5000])
    """
    levels = energies.shape[-1].bit_length() - 1
    angles = energies.unflatten(-1, (2,) * levels) if levels else energies
    for axis in range(-levels, 0):
        up, down = angles.unbind(axis)
        angles = torch.stack((up + down, up - down), axis)
    return 2 * coupling / prod(energies.shape[-1:]) * angles.flatten(-levels) if levels else 2 * coupling * energies
