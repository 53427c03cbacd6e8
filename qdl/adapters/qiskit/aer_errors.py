"""Between steps of a noise model and Aer's quantum errors, none of which loses anything.

Superoperators here are S[(a, b), (i, j)], rho_ij to rho_ab, the first wire being the most significant bit of each
index; Qiskit's take columns one after the other and their first qubit is the least significant.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from qdl.ir.channels import Channel, channel, kraus_channel
from qdl.ir.channels.rows import MOST_WIRES
from qdl.ir.gates import Gate, Matrix, Step, embed, pauli_string, unitary
from qdl.ir.params import Angle

EXACT = 1e-14  # what rounding leaves of a number that is zero
MOST_TERMS = 256  # of an error; what is longer is gathered first
Branch = tuple[list[tuple[Any, tuple[int, ...]]], float]  # instructions with their qubits, and a probability


def superoperator(steps: Sequence[Step], width: int) -> Matrix:
    """What steps on wires 0 to width - 1 do to a density matrix, (4**width, 4**width)."""
    total = np.eye(4**width, dtype=complex)
    for row, strengths, wires in steps:
        found = row.operators(*_plain(strengths)) if isinstance(row, Channel) else [row.matrix(*_plain(strengths))]
        whole = [embed(k, wires, width) for k in found]
        total = np.asarray(np.sum([np.kron(k, k.conj()) for k in whole], 0) @ total)
    return total


def of_error(error: Any) -> Matrix:
    """The superoperator of an Aer error."""
    if not hasattr(error, "circuits"):  # a Pauli-Lindblad error, which is a product of many
        error = error.to_quantum_error()
    k = error.num_qubits
    total = sum(p * _of_circuit(circuit) for p, circuit in zip(error.probabilities, error.circuits, strict=True))
    groups = [list(range(g * k, (g + 1) * k))[::-1] for g in range(4)]  # (b, a, j, i), each with qubit 0 last
    order = [axis for g in (1, 0, 3, 2) for axis in groups[g]]
    return np.asarray(total).reshape((2,) * (4 * k)).transpose(order).reshape(4**k, 4**k)


def _of_circuit(circuit: Any) -> Matrix:
    """The superoperator of a circuit in Qiskit's order, columns one after the other."""
    from qiskit import QiskitError
    from qiskit.quantum_info import Operator, SuperOp

    try:
        matrix = Operator(circuit).data  # much the faster way where it is one
    except QiskitError:
        return np.asarray(SuperOp(circuit).data)
    return np.kron(matrix.conj(), matrix)


def as_row(operator: Matrix) -> tuple[Gate, tuple[float, ...]]:
    """A superoperator as a row: a depolarising or Pauli channel, a unitary, or any channel in canonical Kraus form."""
    size = round(len(operator) ** 0.5)
    width = size.bit_length() - 1
    choi = operator.reshape((size,) * 4).transpose(0, 2, 1, 3).reshape(size**2, size**2)  # sum_k vec K vec K^+
    basis = _words(width)
    weights = np.einsum("iw,ij,jw->w", basis.conj(), choi, basis).real / size**2
    if np.abs(choi - (basis * weights) @ basis.conj().T).max() < EXACT:
        errors = np.clip(weights[1:], 0.0, None)
        if errors.max() - errors.min() < EXACT:
            return channel("depolarizing", width), (min(1.0, float(errors.sum())),)
        return channel("pauli", width), tuple(map(float, errors))
    values, vectors = np.linalg.eigh(choi)
    kept = [np.sqrt(v) * vector.reshape(size, size) for v, vector in zip(values, vectors.T, strict=True) if v > 1e-16]
    return (unitary(kept[-1]) if values[-2] < EXACT else kraus_channel(kept)), ()


@lru_cache(maxsize=4)
def _words(width: int) -> Matrix:
    """All Pauli words of a width, one behind another, as columns."""
    letters = map("".join, product("IXYZ", repeat=width))
    return np.stack([pauli_string(word).reshape(-1) for word in letters], -1)


def as_error(steps: Sequence[Step], width: int) -> Any:
    """Steps on wires 0 to width - 1 as one `QuantumError`; Pauli errors and resets stay what they are."""
    from qiskit import QuantumCircuit
    from qiskit_aer.noise import QuantumError

    terms = _terms(steps)
    if len(terms) > MOST_TERMS and width <= MOST_WIRES:
        row, strengths = as_row(superoperator(steps, width))
        terms = _branches(row, strengths, tuple(range(width)))
    made = []
    for pieces, p in terms:
        circuit = QuantumCircuit(width)
        for instruction, qubits in pieces:
            circuit.append(instruction, qubits)
        made.append((circuit, p))
    return QuantumError(made)


def _terms(steps: Sequence[Step]) -> list[Branch]:
    terms: list[Branch] = [([], 1.0)]
    for row, strengths, wires in steps:
        branches = _branches(row, _plain(strengths), wires)
        terms = [([*first, *then], p * q) for first, p in terms for then, q in branches]
    return terms


def _branches(row: Gate, strengths: tuple[float, ...], wires: tuple[int, ...]) -> list[Branch]:
    """One step as instructions, of which one sequence is drawn."""
    from qiskit.circuit import Instruction
    from qiskit.circuit.library import PauliGate, UnitaryGate

    qubits = wires[::-1]
    if not isinstance(row, Channel):
        return [([(UnitaryGate(row.matrix(*strengths).copy()), qubits)], 1.0)]
    resets = _resets(row, strengths)
    if resets is not None:
        return _kept([(_reset_and(letter, wires), p) for letter, p in resets])
    found = row.operators(*strengths)
    words = [_word(k) for k in found]
    if all(word is not None for word in words):
        weights = [float(np.linalg.norm(k)) ** 2 / len(k) for k in found]
        return _kept([([(PauliGate(word), qubits)], p) for word, p in zip(words, weights, strict=True)])
    return [([(Instruction("kraus", row.wires, 0, found), qubits)], 1.0)]


def _resets(row: Channel, strengths: tuple[float, ...]) -> list[tuple[str, float]] | None:
    """A channel as resets to 0 or 1, phase flips and nothing, with their probabilities; None if it is no such thing."""
    if row.name in ("reset", "reset_error"):
        p0, p1 = strengths or (1.0, 0.0)
        return [("0", p0), ("1", p1), ("", 1 - p0 - p1)]
    if row.name != "thermal_relaxation" or strengths[1] > strengths[0]:
        return None
    # For T2 <= T1 coherence goes with the populations, which are reset, and by phase flips beyond that.
    t1, t2, time, excited = strengths
    gone = -np.expm1(-time / t1)
    flip = float(-np.expm1(time / t1 - time / t2) * (1 - gone) / 2)
    return [("0", gone * (1 - excited)), ("1", gone * excited), ("Z", flip), ("", 1 - gone - flip)]


def _reset_and(letter: str, wires: tuple[int, ...]) -> list[tuple[Any, tuple[int, ...]]]:
    from qiskit.circuit import Reset
    from qiskit.circuit.library import XGate, ZGate

    pieces = {"0": [Reset()], "1": [Reset(), XGate()], "Z": [ZGate()], "": []}
    return [(instruction, wires) for instruction in pieces[letter]]


def _kept(branches: list[Branch]) -> list[Branch]:
    return [(pieces, float(p)) for pieces, p in branches if p > 0]


def _word(matrix: Matrix) -> str | None:
    """The Pauli word that a matrix is a multiple of; None if it is none."""
    flips = int(np.abs(matrix[0]).argmax())  # the wires with X or Y, as bits
    bits = [len(matrix) >> k for k in range(1, len(matrix).bit_length())]
    signs = [(matrix[bit, bit ^ flips] * matrix[0, flips].conj()).real for bit in bits]
    word = "".join(("IX" if sign >= 0 else "ZY")[bool(flips & bit)] for bit, sign in zip(bits, signs, strict=True))
    whole = pauli_string(word)
    share = np.vdot(whole, matrix) / len(matrix)
    return word if np.abs(matrix - share * whole).max() <= EXACT * float(np.linalg.norm(matrix)) else None


def _plain(strengths: Sequence[Angle]) -> tuple[float, ...]:
    return tuple(map(float, strengths))
