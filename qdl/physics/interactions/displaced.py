"""A detector mode that every quantum of the input displaces (PHYSICS.md A3c, *ours*).

H = g W (b + b^+) with W = sum_i w_i n_i leaves the input's numbers alone and moves the detector, for each of their
values, by -igW in phase space. Out of the vacuum, or out of a local oscillator's -i b0, it holds afterwards::

    N_b = E (b0 + g W)^2 = (b0 + g E W)^2 + g^2 Var W,        Var W = sum_i w_i^2 x_i (1 - x_i)

for independent n_i of probability x_i: the last term is quantum noise. With the oscillator the answer is linear in the
kernel again: (N_b - b0^2)/(2 b0 g) = w.x + g E W^2 / (2 b0).
"""

from __future__ import annotations

import torch
from torch import Tensor


def displaced_number(x: Tensor, weight: Tensor, coupling: float, oscillator: float | Tensor = 0.0) -> Tensor:
    """The quanta in the detector, N_b = E (b0 + g W)^2.

    Parameters
    ----------
    x : Tensor, shape (*batch, size)
        Signed excitation probabilities in [-1, 1]; the sign belongs to the weight.
    weight : Tensor, shape (*batch, size)
        Batch dimensions broadcast.
    coupling : float
        g, the amplitude by which one quantum moves the detector, per unit of weight.
    oscillator : float or Tensor, shape (*batch,)
        b0.

    Returns
    -------
    Tensor, shape (*batch,)

    Examples
    --------
    >>> displaced_number(torch.tensor([0.5, 1.0]), torch.tensor([1.0, 2.0]), 0.1) * 100
    tensor(6.5000)
    """
    mean = (weight * x).sum(-1)
    variance = (weight.square() * number_variance(x)).sum(-1)
    return (oscillator + coupling * mean).square() + coupling**2 * variance


def number_variance(x: Tensor) -> Tensor:
    """Var n = |x| (1 - |x|) of each element's excitation; at 0 its derivative is the mean of both sides.

    Examples
    --------
    >>> number_variance(torch.tensor([-0.5, 0.0, 1.0]))
    tensor([0.2500, 0.0000, 0.0000])
    """
    chance = x.abs()
    return chance * (1 - chance)


def quadrature(levels: int) -> Tensor:
    """b + b^+ on the first levels of a mode, shape (levels, levels), double precision.

    Examples
    --------
    >>> quadrature(3)[0]
    tensor([0., 1., 0.], dtype=torch.float64)
    """
    steps = torch.arange(1, levels, dtype=torch.float64).sqrt()
    return torch.diag(steps, 1) + torch.diag(steps, -1)


def beyond(amplitude: Tensor, levels: int) -> Tensor:
    """The probability that a coherent state of this amplitude holds `levels` quanta or more.

    Examples
    --------
    >>> beyond(torch.tensor([0.0, 1.0]), 1)
    tensor([0.0000, 0.6321])
    """
    return torch.special.gammainc(torch.full_like(amplitude, float(levels)), amplitude.square())
