"""One interaction, read by a measurement and in a thermal average: the bridge of PHYSICS.md A10.

The detector of `qdl.physics.interactions.detector` couples to the quanta that the input excites by the operator

    H_int = (1/2) W (x) Y_d,    W = sum_i w_i n_i + b/g.

*Micro*: H_int turns the detector from |+> by U = e^{-igH_int}, and -Z_d is read, on average E sin(gW). *Macro*: H_int
is the energy of a detector in equilibrium, rho = e^{-2gH_int}/Z at the inverse temperature 2g, and -Y_d is read, on
average E tanh(gW) over the states of the input: for an input of zeros and ones the mean of a restricted Boltzmann
machine's hidden unit. To first order in g both are g E[W], the classical neuron; the next terms are

    -g^3 E[W^3]/6  and  -g^3 E[W^3]/3,

so that readouts divided by g differ by g^2 E[W^3]/6. At all g they are joined by an integral: the thermal average is
that of measurements at all couplings ug,

    tanh a = int_0^inf sin(u a) / sinh(pi u/2) du.

The integrand is even in u and analytic, so that a sum over u = (k + 1/2) step errs by 2 e^{-2 (2 pi/step - |a|)} only.

All of it is marked *ours*: the seed theory says that one H has a microscopic and a macroscopic reading, no formula.
"""

from __future__ import annotations

from math import ceil, log, pi, sinh


def couplings(reach: float, eps: float = 1e-16) -> list[tuple[float, float]]:
    """The multiples u of a coupling at which measurements add up to a thermal average, and their weights.

    Parameters
    ----------
    reach : float
        The largest |gW| for which the sum is tanh(gW).
    eps : float
        How well it is.

    Returns
    -------
    list of (u, weight)

    Examples
    --------
    >>> from math import sin, tanh
    >>> abs(sum(weight * sin(2.0 * u) for u, weight in couplings(6.0)) - tanh(2.0)) < 1e-14
    True
    """
    digits = -log(eps)
    step = 2 * pi / (reach + digits / 2)
    last = 2 * digits / pi  # beyond, 1/sinh(pi u/2) is below eps
    places = [step * (k + 0.5) for k in range(ceil(last / step))]
    return [(u, step / sinh(pi * u / 2)) for u in places]
