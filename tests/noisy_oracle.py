"""The reference for open systems: density matrices branch by branch, Kraus operators written down from textbooks.

Like `tests.oracle` it reads a circuit's structure and nothing else of qdl. A state is a dict from the values of the
measured bits to an unnormalised density matrix; what is conditional happens in the branches where it must.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from tests.oracle import LETTERS, Array, embed, matrix, number, operator, word

Branches = dict[tuple[tuple[str, int], ...], Array]


def paulis(wires: int) -> list[Array]:
    return [word("".join(letters)) for letters in product("IXYZ", repeat=wires)]


def mixture(probabilities: Sequence[float], matrices: Sequence[Array]) -> list[Array]:
    return [math.sqrt(p) * m for p, m in zip(probabilities, matrices, strict=True)]


def damping(gamma: float, excited: float) -> list[Array]:
    ground = 1 - excited
    keep, jump = np.diag([1, math.sqrt(1 - gamma)]), math.sqrt(gamma) * np.array([[0, 1], [0, 0]])
    flip = LETTERS["X"]
    return [math.sqrt(ground) * keep, math.sqrt(ground) * jump] + [
        math.sqrt(1 - ground) * flip @ m @ flip for m in (keep, jump)
    ]


def relaxation(t1: float, t2: float, time: float, excited: float) -> list[Array]:
    """From the Choi matrix of its action: populations relax with T1, coherence decays with T2."""
    stay, coherence = math.exp(-time / t1), math.exp(-time / t2)
    choi = np.zeros((4, 4))  # sum_ij |i><j| (x) channel(|i><j|)
    choi[0, 0], choi[1, 1] = 1 - (1 - stay) * excited, (1 - stay) * excited
    choi[2, 2], choi[3, 3] = (1 - stay) * (1 - excited), stay + (1 - stay) * excited
    choi[0, 3] = choi[3, 0] = coherence
    values, vectors = np.linalg.eigh(choi)
    kept = [(e, v) for e, v in zip(values, vectors.T, strict=True) if e > 1e-15]
    return [math.sqrt(e) * v.reshape(2, 2).T for e, v in kept]


def resets(p0: float, p1: float) -> list[Array]:
    zero, one = np.diag([1, 0]), np.diag([0, 1])
    down = np.array([[0, 1], [0, 0]])
    return mixture([1 - p0 - p1, p0, p0, p1, p1], [np.eye(2), zero, down, one, down.T])


def depolarizing(wires: int, p: float) -> list[Array]:
    errors = 4**wires - 1
    return mixture([1 - p, *[p / errors] * errors], paulis(wires))


KRAUS: dict[str, Any] = {
    "bit_flip": lambda p: mixture([1 - p, p], [LETTERS["I"], LETTERS["X"]]),
    "phase_flip": lambda p: mixture([1 - p, p], [LETTERS["I"], LETTERS["Z"]]),
    "bit_phase_flip": lambda p: mixture([1 - p, p], [LETTERS["I"], LETTERS["Y"]]),
    "amplitude_damping": lambda gamma: damping(gamma, 0.0),
    "generalized_amplitude_damping": damping,
    "phase_damping": lambda gamma: [np.diag([1, math.sqrt(1 - gamma)]), np.diag([0, math.sqrt(gamma)])],
    "thermal_relaxation": relaxation,
    "reset_error": resets,
    "delay": lambda time: [LETTERS["I"]],
    "reset": lambda: resets(1.0, 0.0),
}


def kraus(gate: Any, strengths: Sequence[float]) -> list[Array]:
    """The Kraus operators of a gate, a channel or nothing else."""
    if gate.name == "depolarizing":
        return depolarizing(gate.wires, *strengths)
    if gate.name == "pauli":
        return mixture([1 - sum(strengths), *strengths], paulis(gate.wires))
    if gate.name == "kraus":
        size = 2**gate.wires
        return [np.frombuffer(data, dtype=complex).reshape(size, size) for data in gate.given]
    if gate.name in KRAUS:
        return KRAUS[gate.name](*strengths)
    return [matrix(gate, strengths)]


def branches(circuit: Any, values: Mapping[str, Sequence[float]]) -> Branches:
    """Every branch of one sample: values of the bits to what is left of the density matrix."""
    n = circuit.wires
    start = np.zeros((2**n, 2**n), dtype=complex)
    start[0, 0] = 1
    found: Branches = {(): start}
    for op in circuit.operations:
        strengths = [number(angle, values) for angle in op.angles]
        after: Branches = {}
        for bits, rho in found.items():
            known = dict(bits)
            if op.condition is not None:
                value = int("".join(str(known[bit]) for bit in op.condition.bits), 2)
                if value not in op.condition.accepted:
                    after[bits] = after.get(bits, 0) + rho
                    continue
            if op.bit is not None:
                for outcome in (0, 1):
                    p = embed(np.diag([1 - outcome, outcome]), op.wires, n)
                    key = tuple(sorted({**known, op.bit: outcome}.items()))
                    after[key] = after.get(key, 0) + p @ rho @ p
                continue
            if op.gate.name == "prepare":
                small = np.zeros((len(strengths),) * 2)
                small[:, 0] = np.array(strengths) / np.linalg.norm(strengths)
                operators = [embed(small, op.wires, n)]
            else:
                operators = [embed(m, op.wires, n) for m in kraus(op.gate, strengths)]
            after[bits] = after.get(bits, 0) + sum(k @ rho @ k.conj().T for k in operators)
        found = after
    return found


def density(circuit: Any, values: Mapping[str, Sequence[float]]) -> Array:
    """The density matrix of one sample, whatever the bits are."""
    return sum(branches(circuit, values).values())  # type: ignore[return-value]


def expval(circuit: Any, observables: Sequence[Any], values: Mapping[str, Sequence[float]]) -> Array:
    rho = density(circuit, values)
    return np.array([np.trace(operator(o, circuit.wires, values) @ rho).real for o in observables])


def probs(circuit: Any, values: Mapping[str, Sequence[float]], names: Sequence[int | str]) -> Array:
    """Probabilities of the joint values of wires and bits, the first most significant."""
    n = circuit.wires
    out = np.zeros(2 ** len(names))
    for bits, rho in branches(circuit, values).items():
        known = dict(bits)
        for index, p in enumerate(np.diag(rho).real):
            digits = [known[name] if isinstance(name, str) else index >> (n - 1 - name) & 1 for name in names]
            out[int("".join(map(str, digits)), 2)] += p
    return out
