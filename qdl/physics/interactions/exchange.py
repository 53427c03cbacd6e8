"""Exchange of quanta between the modes of a patch and one detector mode, solved exactly (PHYSICS.md A3b, *ours*).

H = g sum_i w_i (a_i b^+ + h.c.) couples the detector b to one superposition of the inputs only, the bright mode
sum_i w_i a_i / |w|, and between these two it is a rotation by the angle g|w|. So the amplitude that reaches the
detector is linear in the amplitudes x_i of the inputs, whatever their states are::

    <b> = -i sum_i c_i x_i,        c_i = sin(g|w|)/|w| w_i = g w_i - g^3 |w|^2 w_i / 6 + ...

Coherent inputs leave N_b = (c.x)^2 quanta in the detector; one magnon, sum_i x_i |i> with |x| = 1, is found there with
the probability (c.x)^2 under XY exchange. At g|w| = pi/2 and w parallel to x that is exactly 1: a matched filter.
"""

from __future__ import annotations

from math import factorial

import torch
from torch import Tensor

# sin(r)/r as a polynomial in r^2; the last term is 1e-18 at r = 1.
_SERIES = [(-1) ** k / factorial(2 * k + 1) for k in range(10)]


def sinc_root(square: Tensor) -> Tensor:
    """sin(r)/r as a function of r^2 >= 0, with all derivatives right at 0, where those through r itself are lost.

    Examples
    --------
    >>> sinc_root(torch.tensor([0.0, (torch.pi / 2) ** 2])) * torch.pi / 2
    tensor([1.5708, 1.0000])
    """
    near = square < 1
    small = torch.where(near, square, 0.0)
    series = torch.full_like(small, _SERIES[-1])
    for coefficient in reversed(_SERIES[:-1]):
        series = series * small + coefficient
    root = torch.where(near, 1.0, square).sqrt()
    return torch.where(near, series, root.sin() / root)


def exchange_transfer(weight: Tensor, coupling: float) -> Tensor:
    """The amplitudes c = sin(g|w|)/|w| w with which each input mode reaches the detector.

    Parameters
    ----------
    weight : Tensor, shape (*batch, size)
    coupling : float
        g, in radians per unit of weight.

    Returns
    -------
    Tensor, shape (*batch, size)
        Of norm |sin(g|w|)|; differentiable any number of times, also at zero weight.

    Notes
    -----
    PHYSICS.md A3b. The phase -i that all of them share is left out.

    Examples
    --------
    >>> exchange_transfer(torch.tensor([3.0, 4.0]), torch.pi / 10)
    tensor([0.6000, 0.8000])
    """
    return coupling * sinc_root(coupling**2 * weight.square().sum(-1, keepdim=True)) * weight


def exchange_number(x: Tensor, weight: Tensor, coupling: float) -> Tensor:
    """The quanta in the detector, N_b = sin^2(g|w|)/|w|^2 (w.x)^2.

    Parameters
    ----------
    x : Tensor, shape (*batch, size)
        Amplitudes of coherent inputs; of norm 1, those of one magnon, and N_b is the probability to find it.
    weight : Tensor, shape (*batch, size)
        Batch dimensions broadcast.
    coupling : float
        g, in radians per unit of weight.

    Returns
    -------
    Tensor, shape (*batch,)

    Examples
    --------
    >>> w = torch.tensor([3.0, 4.0])
    >>> exchange_number(w / 5, w, torch.pi / 10)
    tensor(1.)
    """
    return (exchange_transfer(weight, coupling) * x).sum(-1).square()


def exchange_angles(weight: Tensor, coupling: float) -> Tensor:
    """The angles of exchanges of one input after the other with the detector that carry over the same amplitudes.

    An exchange by theta_i takes sin(theta_i) of input i into the detector and leaves cos(theta_i) of what is there, so
    c_i = sin(theta_i) prod_{j>i} cos(theta_j), which is solved from the last to the first::

        theta_i = atan2(c_i, sqrt(cos^2(g|w|) + sum_{j<i} c_j^2)),        theta_0 = atan2(c_0, cos(g|w|))

    Parameters
    ----------
    weight : Tensor, shape (*batch, size)
    coupling : float
        g, in radians per unit of weight.

    Returns
    -------
    Tensor, shape (*batch, size)
        In radians; g w_i for small g.

    Examples
    --------
    >>> exchange_angles(torch.tensor([0.3, 0.0]), 0.5)
    tensor([0.1500, 0.0000])
    """
    c = exchange_transfer(weight, coupling)
    # cos(g|w|) in |w|^2, which is smooth at zero weight: 1 - 2 sin^2(g|w|/2).
    half = coupling**2 * weight.square().sum(-1, keepdim=True) / 4
    stays = 1 - 2 * half * sinc_root(half).square()
    heads = stays.square() + c[..., :-1].square().cumsum(-1)
    return torch.atan2(c, torch.cat((stays, heads.sqrt()), -1))
