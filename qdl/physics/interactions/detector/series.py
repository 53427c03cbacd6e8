"""The logarithm of a detector's factor as a short sum of products, one factor from the input, one from the angle.

With f = 1 - |x| (1 - cos phi) + i x sin phi (PHYSICS.md A3a), u = |x| (1 - |x|) and v = (2 sin(phi/2))^2::

    |f|^2 = 1 - u v,        d arg f / d|x| = sign(x) sin phi / (1 - u v)

The second is integrated term by term of its geometric series, by the recursion that differentiating u^k (1 - 2|x|)
gives for the integrals of u^k. With w = x (1 - |x|) (1 - 2|x|), which is odd in x::

    log |f| = u v K(u, v),                  K = -sum_{k>0} (u v)^{k-1} / 2k = log(1 - u v) / (2 u v)
    arg f   = x phi + w v sin phi A(u, v),  A = -sum_{k>0} v^{k-1} d_k(u),  d_k = (k d_{k-1} + u^{k-1}) / (4k + 2)

K and A are analytic for u v < 1. On 0 <= u <= 1/4 and 0 <= v <= (2 sin(bound/2))^2 they are cut to the smallest rank
that keeps the error below a tolerance, by a singular value decomposition at Chebyshev nodes, each singular vector then
being a polynomial::

    K or A (u, v) = sum_r p_r(u) h_r(v) + error

Terms of the magnitude and of the angle (x phi included), and the largest error of K and of A sin phi at the nodes;
tests/physics/test_detector_convolution.py derives the table again and looks between the nodes::

    ========  ======================  ========================
    bound     single precision        double precision
    ========  ======================  ========================
    0.1       2 + 3, 2e-08, 3e-08     4 + 4, 1e-15, 9e-14
    0.25                              5 + 5, 1e-15, 4e-14
    0.35      3 + 3, 5e-09, 5e-07
    0.5                               6 + 6, 5e-15, 7e-14
    0.7       3 + 4, 3e-07, 9e-08
    1.0       4 + 4, 5e-08, 1e-06     7 + 8, 9e-14, 4e-14
    1.5       5 + 5, 1e-07, 7e-07     9 + 10, 5e-14, 3e-14
    2.0       6 + 7, 2e-07, 1e-07
    2.5       8 + 9, 1e-07, 2e-07
    ========  ======================  ========================

Summed over a patch, with S = sum u v and so a magnitude of at most e^{-S/2}, either error changes E sin(W + b) by at
most S e^{-S/2} error <= 2/e error, however large the patch. What sets the tolerance is the gradient by the angle, a
derivative of polynomials whose degree grows with the bound: it is within 1e-5 (1e-11) of its largest entry. Where a
factor nears zero, at |x| = 1/2 and phi = pi, no rank is enough.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import pi, sin

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor

from qdl.physics.interactions.detector.features import Array, Inputs, Phases, Side

# The largest error of K, and of A times its sin phi, for bounds up to 1; beyond them it is divided by the bound.
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-13}
# Beyond the last bound the product over the patch is as fast, or there is no series.
BOUNDS = {torch.float32: (0.1, 0.35, 0.7, 1.0, 1.5, 2.0, 2.5), torch.float64: (0.1, 0.25, 0.5, 1.0, 1.5)}
_NODES = 32


@dataclass(frozen=True, eq=False)
class Series:
    """K and A for |phi| <= bound.

    Attributes
    ----------
    bound : float
        In radians.
    inputs, phases : Side
        The features of x and of phi; their products are to be summed.
    errors : tuple of float
        The largest of K and of A sin phi at the nodes.
    """

    bound: float
    inputs: Side
    phases: Side
    errors: tuple[float, float]


def series_for(phase: Tensor) -> Series | None:
    """The series with the smallest ranks that hold for all these angles, or None where there is none to be had.

    None is for angles that are too large or not finite, and where they cannot be looked at: inside torch.func, on meta,
    and on accelerators, which would have to be waited for.

    Parameters
    ----------
    phase : Tensor, real
        Angles in radians.

    Examples
    --------
    >>> found = series_for(torch.tensor([0.3, -0.9]))
    >>> found.bound, found.inputs.terms
    (1.0, (4, 4))
    >>> series_for(torch.tensor([0.3, -3.0])) is None
    True
    """
    if phase.device.type != "cpu" or torch._C._are_functorch_transforms_active():
        return None
    largest = float(torch.linalg.vector_norm(phase.detach(), torch.inf)) if phase.numel() else 0.0
    bound = next((bound for bound in BOUNDS.get(phase.dtype, ()) if largest <= bound), None)
    return None if bound is None else series(bound, phase.dtype)


@cache
def series(bound: float, dtype: torch.dtype) -> Series:
    """The series for |phi| <= bound < pi, to the precision's tolerance."""
    top, tolerance = (2 * sin(bound / 2)) ** 2, TOLERANCE[dtype] / max(1, bound)
    # A is read times sin phi.
    turn = sin(min(bound, pi / 2))
    p, h, error = _expand(_magnitude, top, tolerance)
    q, g, angle_error = _expand(_angle, top, tolerance / turn)
    inputs, phases = Side(Inputs, 1 / 4, p, q, dtype), Side(Phases, top, h, g, dtype)
    return Series(bound, inputs, phases, (error, turn * angle_error))


def _magnitude(u: Array, v: Array) -> Array:
    """K at all pairs."""
    product = np.outer(u, v)
    return np.log1p(-product) / (2 * product)


def _angle(u: Array, v: Array) -> Array:
    """A at all pairs: a series of positive terms, so that nothing cancels."""
    total, power, d = np.zeros((len(u), len(v))), np.ones_like(u), np.zeros_like(u)
    ratio, k = np.ones_like(v), 0
    while True:
        # d_k and v^{k-1} separately leave the range of numbers: both are kept with the factor 4^{k-1} moved between.
        k += 1
        d = (4 * k * d + power) / (4 * k + 2)
        term = np.outer(d, ratio)
        total -= term
        if term.max() <= 1e-17 * -total.min():
            return total
        power, ratio = 4 * u * power, v / 4 * ratio


def _expand(kernel: Callable[[Array, Array], Array], top: float, tolerance: float) -> tuple[Array, Array, float]:
    """Chebyshev coefficients of p_r and of h_r, and the error: the smallest rank, degrees that hardly add to it."""
    node = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    wanted = kernel((1 + node) / 8, top * (1 + node) / 2)
    left, singular, right = np.linalg.svd(wanted)
    left, right = left * np.sqrt(singular), right.T * np.sqrt(singular)

    def cut(rank: int) -> float:
        return _largest(left[:, :rank] @ right[:, :rank].T - wanted)

    rank = _first(cut, tolerance)
    basis = chebyshev.chebvander(node, _NODES - 1)
    weights = np.where(np.arange(_NODES) == 0, 1, 2)[:, None] / _NODES
    p, h = (weights * (basis.T @ side[:, :rank]) for side in (left, right))

    def shorten(size: int) -> float:
        rows = basis[:, :size]
        return _largest((rows @ p[:size]) @ (rows @ h[:size]).T - wanted)

    size = _first(shorten, cut(rank) + tolerance / 5)
    return p[:size], h[:size], shorten(size)


def _largest(error: Array) -> float:
    return float(np.abs(error).max())


def _first(error: Callable[[int], float], tolerance: float) -> int:
    return next(size for size in range(1, _NODES + 1) if error(size) <= tolerance)
