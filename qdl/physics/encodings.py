"""The input as incident quanta: the three encodings of PHYSICS.md A2 (marked *ours*).

(a) probability: qubit i in RY(2 arcsin sqrt x_i)|0>, so that <n_i> = x_i;
(b) amplitude: one quantum spread over sites, sum_i x_i |i> / |x|;
(c) coherent: mode i in the coherent state of amplitude x_i.
"""

from __future__ import annotations

import torch
from torch import Tensor


def probability_angles(x: Tensor, margin: float = 0.0) -> Tensor:
    """The angles 2 arcsin sqrt x, in radians, that excite qubits with probability x.

    Parameters
    ----------
    x : Tensor, any shape
        Probabilities in [0, 1].
    margin : float
        x is clamped to [margin, 1 - margin] first. The angle's derivative 1/sqrt(x (1 - x)) is infinite at 0 and 1. For
        a readout that is diagonal in the qubit the product with the readout's own derivative is finite (the detector
        uses that and needs no margin); for others, such as <X> = 2 sqrt(x (1 - x)), the derivative is truly infinite,
        and a margin keeps it finite, and zero at the ends, at the price of an error of at most `margin` in <n>.

    Returns
    -------
    Tensor, same shape
        In [0, pi].

    Examples
    --------
    >>> probability_angles(torch.tensor([0.0, 0.5, 1.0])) / torch.pi
    tensor([0.0000, 0.5000, 1.0000])
    """
    return 2 * x.clamp(margin, 1 - margin).sqrt().asin()


def amplitudes(x: Tensor) -> tuple[Tensor, Tensor]:
    """The state of one quantum with amplitudes proportional to x, and the norm that is lost.

    Parameters
    ----------
    x : Tensor, shape (*batch, size), real

    Returns
    -------
    state : Tensor, shape (*batch, 2**k)
        Of norm 1, filled up with zeros to the next power of two, at least 2. Zero input has no direction: it becomes
        the first basis state, and gets the gradient zero.
    norm : Tensor, shape (*batch,)
        ``norm * state`` gives x back.

    Examples
    --------
    >>> amplitudes(torch.tensor([3.0, 0.0, 4.0]))
    (tensor([0.6000, 0.0000, 0.8000, 0.0000]), tensor(5.))
    """
    # Dividing by the largest element first keeps squares of tiny or huge numbers representable.
    largest = x.detach().abs().amax(-1, keepdim=True)
    empty = largest == 0
    y = x / torch.where(empty, 1.0, largest)
    first = torch.zeros_like(y)
    first[..., 0] = 1
    y = torch.where(empty, first, y)
    length = y.square().sum(-1, keepdim=True).sqrt()
    padded = torch.nn.functional.pad(y / length, (0, padded_size(x.shape[-1]) - x.shape[-1]))
    return padded, (largest * length).squeeze(-1)


def padded_size(size: int) -> int:
    """The smallest power of two, at least 2, that holds `size` amplitudes.

    Examples
    --------
    >>> padded_size(9)
    16
    """
    return max(2, 1 << (size - 1).bit_length())


def coherent_state(alpha: Tensor, cutoff: int) -> Tensor:
    """Amplitudes e^{-alpha^2/2} alpha^n / sqrt(n!) of a coherent state on the first levels of a mode.

    Parameters
    ----------
    alpha : Tensor, any shape, real
        The amplitude; <n> = alpha^2.
    cutoff : int
        How many levels n = 0, 1, ... are kept.

    Returns
    -------
    Tensor, shape (*alpha.shape, cutoff)
        Not normalised again: 1 minus its squared norm is the probability beyond the cutoff.

    Examples
    --------
    >>> coherent_state(torch.tensor(0.0), 3)
    tensor([1., 0., 0.])
    """
    ratios = [torch.exp(-(alpha**2) / 2)]
    for n in range(1, cutoff):
        ratios.append(ratios[-1] * alpha / n**0.5)
    return torch.stack(ratios, -1)
