"""The input as incident quanta: the three encodings of PHYSICS.md A2 (marked *ours*).

(a) probability: qubit i in RY(2 arcsin sqrt x_i)|0>, so that <n_i> = x_i; *signed*: the same with |x_i|, turned the
    other way where x_i < 0, so that the sign is a phase;
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
        Probabilities; what an earlier layer's rounding has put outside [0, 1] is taken for 0 and 1.
    margin : float
        The angle's derivative 1/sqrt(x (1 - x)) is infinite at 0 and 1. For a readout that is diagonal in the qubit the
        product with the readout's own derivative is finite (the detector uses that and needs no margin); for others,
        such as <X> = 2 sqrt(x (1 - x)), the derivative is truly infinite. Closer to an end than `margin` it is given
        as zero: the derivative of x clamped to [margin, 1 - margin]. The angle itself is exact everywhere.

    Returns
    -------
    Tensor, same shape
        In [0, pi].

    Examples
    --------
    >>> probability_angles(torch.tensor([0.0, 0.5, 1.0])) / torch.pi
    tensor([0.0000, 0.5000, 1.0000])
    """
    angles = _excite(x.clamp(margin, 1 - margin))
    return _moved(angles, _excite(x.clamp(0, 1))) if margin else angles


def signed_angles(x: Tensor, margin: float = 0.0) -> Tensor:
    """The angles 2 sign(x) arcsin sqrt |x|, in radians: |x| is the probability, the sign a phase of the excitation.

    Parameters
    ----------
    x : Tensor, any shape
        In [-1, 1].
    margin : float
        As in `probability_angles`, for |x|.

    Returns
    -------
    Tensor, same shape
        In [-pi, pi].

    Examples
    --------
    >>> signed_angles(torch.tensor([-1.0, 0.0, 0.5])) / torch.pi
    tensor([-1.0000,  0.0000,  0.5000])
    """
    return x.sign() * probability_angles(x.abs(), margin)


def chebyshev_angles(x: Tensor, margin: float = 0.0) -> Tensor:
    """The angles arccos x, in radians, whose multiples have the Chebyshev polynomials for cosines: cos(k arccos x).

    Parameters
    ----------
    x : Tensor, any shape
        In [-1, 1], but for an earlier layer's rounding.
    margin : float
        The derivative -1/sqrt(1 - x^2) is infinite at both ends; closer to one than `margin` it is given as zero. The
        angle itself is exact everywhere.

    Returns
    -------
    Tensor, same shape
        In [0, pi].

    Examples
    --------
    >>> chebyshev_angles(torch.tensor([-1.0, 0.0, 1.0])) / torch.pi
    tensor([1.0000, 0.5000, 0.0000])
    """
    angles = x.clamp(margin - 1, 1 - margin).acos()
    return _moved(angles, x.clamp(-1, 1).acos()) if margin else angles


def _excite(probability: Tensor) -> Tensor:
    return 2 * probability.sqrt().asin()


def _moved(angles: Tensor, exact: Tensor) -> Tensor:
    """The exact values with the derivatives of the others."""
    return angles + (exact - angles).detach()


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
