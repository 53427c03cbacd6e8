"""Powers of gates. Whole ones repeat; fractional ones are the principal ones,

    U^k = V diag(e^{i k phi}) V^+,    every phase phi in (-pi, pi].

A fractional power commutes with controls, whose idle part has phase 0, and it scales the angle of a rotation while all
its phases stay in that interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import TABLE, Composite, Exponential, Gate, Matrix, Step, controlled, embed, unitary
from qdl.ir.params import Angle, Expr
from qdl.ir.qasm.single import phase_and_u

MAX_WIRES = 6  # of a matrix that is diagonalised
_NEAR = 1e-9
_FEW = 64  # steps that are written one by one


def repeated(steps: list[Step], wires: int, count: int) -> list[Step]:
    """The steps, so many times; many of them as gates that double each other, so that memory stays small."""
    if len(steps) * count <= _FEW:
        return steps * count
    own = tuple(range(wires))
    angles = tuple(angle for _, turned, _ in steps for angle in turned)
    names = tuple(f"angle{place}" for place in range(len(angles)))

    def once(*formal: Angle) -> list[Step]:
        rest = iter(formal)
        return [(gate, tuple(islice(rest, len(turned))), where) for gate, turned, where in steps]

    double = Composite("pow", wires, names, once)
    out: list[Step] = []
    while count:
        if count % 2:
            out.append((double, angles, own))
        double, count = Composite("pow", wires, names, partial(_twice, double, own)), count // 2
    return out


def _twice(gate: Gate, wires: tuple[int, ...], *formal: Angle) -> list[Step]:
    return [(gate, formal, wires), (gate, formal, wires)]


def fractional(steps: Sequence[Step], wires: int, exponent: float) -> list[Step]:
    """The steps of a power of what the given steps do on wires 0, 1, ...

    Raises
    ------
    CircuitError
        Where an angle is an expression, or the matrix is too large.
    """
    if any(isinstance(angle, Expr) for _, angles, _ in steps for angle in angles):
        raise CircuitError(
            "a fractional power of a gate with inputs is not supported", do="scale the angles of rotations instead"
        )
    if len(steps) == 1:
        gate, angles, where = steps[0]
        return [(part, turned, tuple(where[w] for w in own)) for part, turned, own in _power(gate, angles, exponent)]
    if wires > MAX_WIRES:
        raise _large(wires)
    out = np.eye(2**wires, dtype=complex)
    for gate, angles, where in steps:
        out = embed(gate.matrix(*angles), where, wires) @ out  # type: ignore[arg-type]
    return _dense(out, wires, exponent)


def _power(gate: Gate, angles: tuple[Any, ...], exponent: float) -> list[Step]:
    own = tuple(range(gate.wires))
    if isinstance(gate, Exponential) and float(np.abs(gate.rates * angles[0]).max()) < math.pi - _NEAR:
        return [(gate, (exponent * angles[0],), own)]
    if gate.base is not None:
        count = len(gate.controls)
        front = own[:count]
        inner = _power(gate.base, angles, exponent)
        return [
            (controlled(part, gate.controls), turned, (*front, *(w + count for w in where)))
            for part, turned, where in inner
        ]
    if isinstance(gate, Composite) and gate.name not in TABLE:
        return fractional(gate.steps(angles, own), gate.wires, exponent)
    if gate.wires > MAX_WIRES:
        raise _large(gate.wires)
    return _dense(gate.matrix(*angles), gate.wires, exponent)


def _large(wires: int) -> CircuitError:
    return CircuitError("a fractional power needs a small gate", got=f"{wires} wires", expected=f"at most {MAX_WIRES}")


def _dense(matrix: Matrix, wires: int, exponent: float) -> list[Step]:
    own = tuple(range(wires))
    found = _root(matrix, exponent)
    if wires > 1:
        return [(unitary(found), (), own)]
    if wires == 0:
        return [(TABLE["gphase"], (float(np.angle(found[0, 0])),), ())]
    alpha, turn = phase_and_u(found)
    phase: list[Step] = [(TABLE["gphase"], (alpha,), ())] if alpha else []
    return [*phase, (TABLE["u"], turn, own)]


def _root(matrix: Matrix, exponent: float) -> Matrix:
    # The Hermitian parts of a unitary matrix commute; a generic sum of both has the eigenvectors of the matrix.
    sum_ = (matrix + matrix.conj().T) / 2 + 0.7316 * (matrix - matrix.conj().T) / 2j
    _, vectors = np.linalg.eigh(sum_)
    values = np.einsum("ij,jk,ki->i", vectors.conj().T, matrix, vectors)
    if np.abs((vectors * values) @ vectors.conj().T - matrix).max() > _NEAR:
        raise CircuitError("the power of this gate cannot be found", do="write the gate with other angles")
    phases = np.angle(values)
    phases[phases < _NEAR - math.pi] += 2 * math.pi
    out: Matrix = (vectors * np.exp(1j * exponent * phases)) @ vectors.conj().T
    return out
