"""Where one quantum is found: the moments of its site (PHYSICS.md A21, *ours*); see `qdl.physics.lattice.momentum`."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import torch
import torch.nn.functional as F
from torch import Tensor

from qdl.physics.lattice.momentum import padded_lattice


def site_distribution(x: Tensor, axes: int) -> Tensor:
    """Where a quantum is that is found on every site with a chance proportional to the input there.

    Parameters
    ----------
    x : Tensor, shape (*batch, *size), real
        Not negative.
    axes : int

    Returns
    -------
    Tensor, shape (*batch, *padded)
        Adds up to 1; padded as in `one_quantum`. Zero input becomes site 0, with the gradient zero.

    Examples
    --------
    >>> site_distribution(torch.tensor([1.0, 0.0, 3.0]), 1)
    tensor([0.2500, 0.0000, 0.7500, 0.0000])
    """
    x = padded_lattice(x, axes)
    flat = x.flatten(-axes)
    largest = flat.detach().abs().amax(-1, keepdim=True)
    empty = largest == 0
    first = F.one_hot(torch.zeros_like(empty, dtype=torch.int64).squeeze(-1), flat.shape[-1]).to(x.dtype)
    flat = torch.where(empty, first, flat / torch.where(empty, 1.0, largest))
    return (flat / flat.sum(-1, keepdim=True)).unflatten(-1, x.shape[-axes:])


def site_means(chance: Tensor, axes: int) -> Tensor:
    """<X> along every axis, in sites: the centre of mass.

    Parameters
    ----------
    chance : Tensor, shape (*batch, *size)
        Adds up to 1.
    axes : int

    Returns
    -------
    Tensor, shape (*batch, axes)

    Examples
    --------
    >>> site_means(torch.tensor([[0.0, 0.5], [0.0, 0.5]]), 2)
    tensor([0.5000, 1.0000])
    """
    return torch.stack([along @ _sites(along) for along in _marginals(chance, axes)], -1)


def site_variances(chance: Tensor, axes: int) -> Tensor:
    """<X^2> - <X>^2 along every axis, in sites squared.

    Parameters
    ----------
    chance : Tensor, shape (*batch, *size)
        Adds up to 1.
    axes : int

    Returns
    -------
    Tensor, shape (*batch, axes)

    Examples
    --------
    >>> site_variances(torch.tensor([0.5, 0.0, 0.5]), 1)
    tensor([1.])
    """
    found = []
    for along in _marginals(chance, axes):
        away = _sites(along) - (along @ _sites(along))[..., None]
        found.append((along * away.square()).sum(-1))
    return torch.stack(found, -1)


def site_phases(chance: Tensor, axes: int, size: Sequence[int]) -> Tensor:
    """<e^{2 pi i X/N}> along every axis: cosine and sine of the place on a ring.

    Parameters
    ----------
    chance : Tensor, shape (*batch, *padded)
        Adds up to 1.
    axes : int
    size : sequence of int
        N of every axis, at most that of `chance`.

    Returns
    -------
    Tensor, shape (*batch, axes, 2)

    Examples
    --------
    >>> site_phases(torch.tensor([0.0, 1.0, 0.0, 0.0]), 1, [4]).round()
    tensor([[-0., 1.]])
    """
    found = []
    for along, n in zip(_marginals(chance, axes), size, strict=True):
        angles = 2 * pi / n * _sites(along)
        found.append(along @ torch.stack((angles.cos(), angles.sin()), -1))
    return torch.stack(found, -2)


def ring_places(phases: Tensor, size: Sequence[int]) -> Tensor:
    """The place on every ring, in sites, of cosines and sines as `site_phases` gives them.

    Parameters
    ----------
    phases : Tensor, shape (*batch, axes, 2)
    size : sequence of int
        N of every axis.

    Returns
    -------
    Tensor, shape (*batch, axes)
        In [0, N). Without a direction, where both are zero, 0.

    Examples
    --------
    >>> ring_places(torch.tensor([[0.0, -1.0]]), [4])
    tensor([3.])
    """
    n = torch.tensor(size, dtype=phases.dtype, device=phases.device)
    return (torch.atan2(phases[..., 1], phases[..., 0]) / (2 * pi) * n).remainder(n)


def _marginals(chance: Tensor, axes: int) -> list[Tensor]:
    """The distribution along each axis alone."""
    every = range(-axes, 0)
    return [chance.sum([other for other in every if other != axis]) if axes > 1 else chance for axis in every]


def _sites(along: Tensor) -> Tensor:
    return torch.arange(along.shape[-1], dtype=along.dtype, device=along.device)
