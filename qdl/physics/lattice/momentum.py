"""Where one quantum is and how it moves: position and momentum on a lattice of sites.

The input is the wave function of one quantum (PHYSICS.md A2b). A position neuron asks for its site (A21), a momentum
neuron for its wave number (A4); the two do not commute. All definitions are *ours*.

    X |j> = j |j>,      P |k~> = k |k~>,      |k~> = sum_j e^{2 pi i j k/N} |j> / sqrt N,      T |j> = |j + 1 mod N>

T = e^{-2 pi i P/N} moves the quantum by a site, so that e^{2 pi i X/N} T = e^{2 pi i/N} T e^{2 pi i X/N}.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from qdl.physics.encodings.angles import amplitudes, padded_size


def one_quantum(x: Tensor, axes: int) -> Tensor:
    """The wave function of one quantum whose amplitude on every site is the input there.

    Parameters
    ----------
    x : Tensor, shape (*batch, *size), real
    axes : int
        How many axes the lattice has.

    Returns
    -------
    Tensor, shape (*batch, *padded)
        Of norm 1; every axis is filled up with zeros to a power of two, at least 2. Zero input becomes site 0, with the
        gradient zero.

    Examples
    --------
    >>> one_quantum(torch.tensor([3.0, 0.0, 4.0]), 1)
    tensor([0.6000, 0.0000, 0.8000, 0.0000])
    """
    x = padded_lattice(x, axes)
    return amplitudes(x.flatten(-axes))[0].unflatten(-1, x.shape[-axes:])


def padded_lattice(x: Tensor, axes: int) -> Tensor:
    """Every one of the last axes filled up with zeros to a power of two, at least 2.

    Examples
    --------
    >>> padded_lattice(torch.ones(5, 3, 9), 2).shape
    torch.Size([5, 4, 16])
    """
    ends = [width for size in reversed(x.shape[-axes:]) for width in (0, padded_size(size) - size)]
    return F.pad(x, ends) if any(ends) else x


def momentum_amplitudes(psi: Tensor, axes: int) -> Tensor:
    """<k~|psi>, the wave function over wave numbers.

    Parameters
    ----------
    psi : Tensor, shape (*batch, *size), real or complex
    axes : int

    Returns
    -------
    Tensor, same shape, complex

    Examples
    --------
    >>> momentum_amplitudes(torch.tensor([1.0, 0.0, 0.0, 0.0]), 1).real
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    if not psi.numel():  # which torch's transform does not take
        return torch.complex(psi, psi) if psi.is_floating_point() else psi
    return torch.fft.fftn(psi, dim=tuple(range(-axes, 0)), norm="ortho")


def momentum_distribution(psi: Tensor, axes: int) -> Tensor:
    """|<k~|psi>|^2, the chance of every wave number; moving the quantum around the ring does not change it.

    Parameters
    ----------
    psi : Tensor, shape (*batch, *size), real or complex
    axes : int

    Returns
    -------
    Tensor, same shape, real

    Examples
    --------
    >>> momentum_distribution(torch.tensor([0.5, 0.5, 0.5, 0.5]), 1)
    tensor([1., 0., 0., 0.])
    """
    found = momentum_amplitudes(psi, axes)
    return found.real.square() + found.imag.square()


def position_operator(size: int) -> Tensor:
    """X = sum_j j |j><j| as a matrix, (size, size), complex128.

    Examples
    --------
    >>> position_operator(3).real.diag()
    tensor([0., 1., 2.], dtype=torch.float64)
    """
    return torch.arange(size, dtype=torch.float64).to(torch.complex128).diag()


def momentum_operator(size: int) -> Tensor:
    """P = sum_k k |k~><k~| as a matrix, (size, size), complex128; k = 0 .. size - 1 in units of 2 pi/size per site.

    Examples
    --------
    >>> torch.linalg.eigvalsh(momentum_operator(3)).round()
    tensor([0., 1., 2.], dtype=torch.float64)
    """
    waves = torch.fft.ifft(torch.eye(size, dtype=torch.complex128), dim=0, norm="ortho")
    return waves @ position_operator(size) @ waves.mH


def translation_operator(size: int) -> Tensor:
    """T |j> = |j + 1 mod size> as a matrix, (size, size), complex128.

    Examples
    --------
    >>> translation_operator(3).real
    tensor([[0., 0., 1.],
            [1., 0., 0.],
            [0., 1., 0.]], dtype=torch.float64)
    """
    return torch.eye(size, dtype=torch.complex128).roll(1, 0)


def wires_of(size: Sequence[int]) -> list[list[int]]:
    """The wires that hold the site along every axis, the first axis on the first wires.

    Examples
    --------
    >>> wires_of((8, 3))
    [[0, 1, 2], [3, 4]]
    """
    counts = [padded_size(n).bit_length() - 1 for n in size]
    starts = [sum(counts[:axis]) for axis in range(len(counts))]
    return [list(range(start, start + count)) for start, count in zip(starts, counts, strict=True)]
