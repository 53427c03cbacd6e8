"""The parameter-shift rule in its general form: exact derivatives from the same circuit at shifted angles.

An expectation value of a circuit with exp(-itG) is f(t) = a_0 + sum_r a_r cos(w_r t) + b_r sin(w_r t), where the w_r
are the positive differences of G's eigenvalues. So (f(s) - f(-s))/2 = sum_r b_r sin(w_r s), and f'(0) = sum_r w_r b_r
is sum_i c_i (f(s_i) - f(-s_i))/2 with coefficients that solve sum_i c_i sin(w_r s_i) = w_r for every r. One frequency
gives the two-term rule, {1/2, 1} the four-term rule of controlled rotations. (Wierichs et al., arXiv:2107.12390
(memory).)

Rotors and prepared amplitudes move along one-parameter groups too:

* exp(-i (v + dv).sigma/2) = exp(-i w.sigma/2) exp(-i v.sigma/2) to first order, with w = J(v) dv and J the left
  Jacobian of rotations; a rotation by s about w/|w| behind the gate is the gate at another v.
* a channel's map is linear in its features, so any difference is exact (of values; not physical, so not of shots).
* a real state turned by s towards the unit vector e: cos(s) a + sin(s) e, an expectation of frequency 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.grad.differences import Evaluate, Move, Sited, differentiate
from qdl.ir import Operation
from qdl.ir.gates import Exponential, Prepare, Rotor
from qdl.ir.maps import Map

MOST_FREQUENCIES = 64
WORST_CONDITION = 1e5  # by which the rule amplifies the rounding of values


@lru_cache(maxsize=1024)
def rule(frequencies: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Pairs (c, s) with f'(0) = sum c (f(s) - f(-s))/2 for a function of the given positive frequencies.

    Examples
    --------
    >>> [(round(c, 6), round(s, 6)) for c, s in rule((1.0,))]
    [(1.0, 1.570796)]
    """
    w = np.array(frequencies)
    count = len(w)
    if not count:
        return ()
    refusal = UnsupportedError(
        "this generator's spectrum has no stable shift rule", got=f"{count} frequencies", do="use grad='adjoint'"
    )
    if count > MOST_FREQUENCIES:
        raise refusal
    # Shifts spread over a quarter of the slowest period; equal spacing is the well-conditioned choice for multiples.
    unit = w.min() if np.allclose(w / w.min(), np.round(w / w.min())) else w.max() / count
    shifts = (2 * np.arange(1, count + 1) - 1) * np.pi / (2 * count) / unit
    system = np.sin(np.outer(w, shifts))
    if np.linalg.cond(system) > WORST_CONDITION:
        shifts = np.linspace(0.5, 1.0, count) * np.pi / w.min()
        system = np.sin(np.outer(w, shifts))
    if np.linalg.cond(system) > WORST_CONDITION:
        raise refusal
    return tuple((float(c), float(s)) for c, s in zip(np.linalg.solve(system, w), shifts, strict=True))


class Shift:
    """Gradients by parameter shift, for expectation values and probabilities.

    Parameters
    ----------
    physical : bool
        Whether every shifted circuit must be one that could be built, as shots need it: then channels are not moved.
    """

    def __init__(self, physical: bool = False) -> None:
        self.physical = physical

    def values(self, evaluate: Evaluate, operations: list[Sited], shared: Tensor, sampled: Tensor) -> Tensor:
        """What `evaluate` reads, (S, m), differentiable with respect to the angles."""
        return differentiate(evaluate, partial(moves, physical=self.physical), operations, shared, sampled)


def moves(operation: Operation, angles: Tensor, k: int, physical: bool = False) -> Iterator[Move]:
    """The shifts whose weighted differences are the derivative with respect to angle `k` of an operation.

    Parameters
    ----------
    angles : (*batch, n_angles) real
        The operation's angles.
    """
    gate = operation.gate
    if isinstance(gate, Map):
        if gate.kind == "linear":
            if not physical:
                yield from _linear_moves(gate, angles, k)
            return
        gate = gate.source
    if isinstance(gate, Exponential):
        for c, s in rule(tuple(gate.frequencies())):
            yield c, angles + s, angles - s
    elif isinstance(gate, Rotor):
        yield from _rotor_moves(gate, angles, k)
    elif isinstance(gate, Prepare):
        yield from _prepare_moves(angles, k)


def _linear_moves(gate: Map, features: Tensor, k: int) -> Iterator[Move]:
    """What a map is linear in, moved: exact for any step. A trajectory's own draws have no derivative."""
    if gate.unitary:
        return
    step = torch.zeros_like(features)
    step[..., k] = 0.5
    yield 2.0, features + step, features - step


def _prepare_moves(a: Tensor, k: int) -> Iterator[Move]:
    unit = a / torch.linalg.vector_norm(a, dim=-1, keepdim=True)
    across = -unit[..., k : k + 1] * unit
    across[..., k] += 1
    slope = torch.linalg.vector_norm(across, dim=-1, keepdim=True)
    direction = across / slope.clamp(min=1e-30)
    weight = (slope / torch.linalg.vector_norm(a, dim=-1, keepdim=True))[..., 0]
    for c, s in rule((2.0,)):
        forth, back = (np.cos(s) * unit + sign * np.sin(s) * direction for sign in (1, -1))
        yield c * weight, forth, back


def _rotor_moves(gate: Rotor, v: Tensor, k: int) -> Iterator[Move]:
    omega = left_jacobian(v)[..., k]
    slope = torch.linalg.vector_norm(omega, dim=-1, keepdim=True)
    axis = omega / slope.clamp(min=1e-30)
    frequencies = (0.5, 1.0) if gate.idle.any() else (1.0,)
    for c, s in rule(frequencies):
        yield c * slope[..., 0], compose(s * axis, v), compose(-s * axis, v)


def left_jacobian(v: Tensor) -> Tensor:
    """J(v) with exp((v + dv)^) = exp((J dv)^) exp(v^): J = 1 + (1 - cos t)/t^2 v^ + (t - sin t)/t^3 v^ v^, t = |v|."""
    t = torch.linalg.vector_norm(v, dim=-1)[..., None, None]
    small = t < 1e-3
    safe = torch.where(small, torch.ones_like(t), t)
    first = torch.where(small, 0.5 - t**2 / 24, (1 - safe.cos()) / safe**2)
    second = torch.where(small, 1 / 6 - t**2 / 120, (safe - safe.sin()) / safe**3)
    hat = _hat(v)
    return torch.eye(3, dtype=v.dtype, device=v.device) + first * hat + second * (hat @ hat)


def _hat(v: Tensor) -> Tensor:
    x, y, z = v.unbind(-1)
    zero = torch.zeros_like(x)
    rows = [torch.stack(row, -1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))]
    return torch.stack(rows, -2)


def compose(second: Tensor, first: Tensor) -> Tensor:
    """The rotation vector of exp(-i second.sigma/2) exp(-i first.sigma/2), of length in [0, 2 pi] (all of SU(2))."""
    (a, u), (b, w) = (_quaternion(v) for v in (second, first))
    scalar = a * b - (u * w).sum(-1, keepdim=True)
    vector = a * w + b * u + torch.linalg.cross(u, w)
    length = torch.linalg.vector_norm(vector, dim=-1, keepdim=True)
    return 2 * torch.atan2(length, scalar) * vector / length.clamp(min=1e-30)


def _quaternion(v: Tensor) -> tuple[Tensor, Tensor]:
    length = torch.linalg.vector_norm(v, dim=-1, keepdim=True)
    return (length / 2).cos(), v / 2 * torch.special.sinc(length / (2 * torch.pi))
