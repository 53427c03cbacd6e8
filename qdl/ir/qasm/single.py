"""A one-wire unitary as U and a global phase.

    M = e^{i alpha} U(theta, phi, lambda),   U = [[cos(theta/2), -e^{i lambda} sin(theta/2)],
                                                  [e^{i phi} sin(theta/2), e^{i (phi + lambda)} cos(theta/2)]].

The phase of the upper left entry is alpha. Where that entry is zero, alpha = 0 will do; where the lower left entry is
zero, phi = 0 will do.
"""

from __future__ import annotations

import cmath
import math

from qdl.ir.gates import Matrix


def phase_and_u(matrix: Matrix) -> tuple[float, tuple[float, float, float]]:
    """The phase alpha and the angles (theta, phi, lambda) of a 2 x 2 unitary."""
    (a, b), (c, d) = matrix.tolist()
    theta = 2 * math.atan2(abs(c), abs(a))
    if abs(a) < 1e-15:
        return 0.0, (math.pi, _phase(c), _phase(-b))
    alpha = _phase(a)
    if abs(c) < 1e-15:
        return alpha, (0.0, 0.0, _turned(_phase(d) - alpha))
    return alpha, (theta, _turned(_phase(c) - alpha), _turned(_phase(-b) - alpha))


def _phase(number: complex) -> float:
    return _turned(cmath.phase(number))


def _turned(angle: float) -> float:
    """The angle in (-pi, pi], without the rounding of the arithmetic around 0."""
    angle = math.remainder(angle, math.tau)
    return 0.0 if abs(angle) < 1e-15 else angle
