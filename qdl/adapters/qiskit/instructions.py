"""Single operations as Qiskit's instructions, for each of Aer's methods.

Matrices are written most significant wire first and Qiskit's least significant first; so their wires are handed over in
reverse. Channels are instructions of their own, ``superop`` or ``kraus``, whose matrices Aer takes as they are; the
stabilizer method draws Pauli words and resets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise, product
from typing import Any

import numpy as np

from qdl.adapters.qiskit.branches import Piece
from qdl.engine.remote import Real
from qdl.engine.rotations import Rotation
from qdl.errors import UnsupportedError
from qdl.ir import Operation
from qdl.ir.channels import Channel, Kraus
from qdl.ir.gates import PAULI, TABLE, Gate, Matrix, pauli_string

CLIFFORD = {"id", "x", "y", "z", "h", "s", "sdg", "sx", "sxdg", "cx", "cy", "cz", "swap"}
SAME = CLIFFORD | {"t", "tdg", "ccx"}  # what Qiskit calls as we do and every other method takes
ROTATIONS = {"X": "rx", "Y": "ry", "Z": "rz", "XX": "rxx", "YY": "ryy", "ZZ": "rzz", "ZX": "rzx"}
MIXTURES = {"bit_flip", "phase_flip", "bit_phase_flip", "depolarizing", "pauli", "phase_damping"}  # of Pauli words
QUARTER = np.pi / 2
NEAR = 1e-6  # by which an angle may miss a quarter turn: float32 knows it no better


@lru_cache(maxsize=1)
def _standard() -> dict[str, Any]:
    from qiskit.circuit.library import get_standard_gate_name_mapping

    return get_standard_gate_name_mapping()


def rotation(step: Rotation, wires: tuple[int, ...], number: Any, method: str) -> list[Piece]:
    """exp(-i number P/2): a gate of Aer's, or with P turned to a product of Z's, which CX gather on one wire."""
    word = step.word
    if word == "XZ":
        word, wires = "ZX", wires[::-1]
    if word in ROTATIONS and (method != "stabilizer" or word == "Z"):
        return [Piece(type(_standard()[ROTATIONS[word]])(number), wires)]
    turn = [gate for letter, w in zip(word, wires, strict=True) for gate in _turn(letter, w)]
    down = [Piece(_standard()["cx"], pair) for pair in pairwise(wires)]
    back = [replace(p, instruction=p.instruction.inverse()) for p in reversed(turn)]
    return [*turn, *down, Piece(type(_standard()["rz"])(number), wires[-1:]), *reversed(down), *back]


def _turn(letter: str, wire: int) -> list[Piece]:
    """U with U P U^+ = Z."""
    names = {"X": ("h",), "Y": ("sdg", "h"), "Z": ()}[letter]
    return [Piece(_standard()[name], (wire,)) for name in names]


def fixed(gate: Gate, angles: Sequence[Any], wires: tuple[int, ...], method: str) -> list[Piece]:
    """A gate at plain angles: one of Aer's by name, else its matrix."""
    if gate.name == "id":
        return []
    if TABLE.get(gate.name) == gate and gate.name in (CLIFFORD if method == "stabilizer" else SAME):
        return [Piece(_standard()[gate.name], wires)]
    if method == "stabilizer":
        return [Piece(i, tuple(wires[w] for w in where)) for i, where in _clifford(gate, tuple(angles))]
    return [Piece(_unitary(gate, tuple(angles)), wires[::-1])]


@lru_cache(maxsize=1024)
def _unitary(gate: Gate, angles: tuple[float, ...]) -> Any:
    from qiskit.circuit.library import UnitaryGate

    return UnitaryGate(gate.matrix(*angles).copy(), check_input=False)  # Aer transposes what is read-only


@lru_cache(maxsize=1024)
def _clifford(gate: Gate, angles: tuple[float, ...]) -> list[tuple[Any, tuple[int, ...]]]:
    """A gate as instructions that the stabilizer method knows, with places among its wires."""
    from qiskit import QiskitError
    from qiskit.quantum_info import Clifford

    try:
        circuit = Clifford.from_matrix(gate.matrix(*angles)).to_circuit()
    except QiskitError:
        raise _not_clifford(f"gate {gate.name!r}") from None
    last = gate.wires - 1
    return [(i.operation, tuple(last - circuit.find_bit(q).index for q in i.qubits)) for i in circuit.data]


def _not_clifford(what: str) -> UnsupportedError:
    return UnsupportedError(
        "the stabilizer method simulates Clifford circuits",
        got=what,
        expected="Clifford gates, and angles that are multiples of pi/2",
        do="use engine='aer:statevector' or 'aer:matrix_product_state'",
    )


def quarters(numbers: Real, op: Operation) -> Real:
    """Numbers that are quarter turns, to the last digit; refused if they are none."""
    turns = np.round(numbers / QUARTER)
    if np.abs(numbers - turns * QUARTER).max(initial=0) > NEAR:
        raise _not_clifford(f"{op} at other angles")
    return np.asarray(turns * QUARTER, dtype=np.float64)


def check_noise(gate: Channel, method: str) -> None:
    """Refuse noise that the stabilizer method cannot draw."""
    if method == "stabilizer" and gate.name not in MIXTURES | {"reset", "reset_error", "readout"}:
        raise UnsupportedError(
            "the stabilizer method draws Pauli errors and resets",
            got=f"channel {gate.name!r}",
            do="use engine='aer:density_matrix', or 'aer:statevector' with shots",
        )


@lru_cache(maxsize=4096)
def channel_instruction(gate: Channel, strengths: tuple[float, ...], method: str) -> Any:
    """A channel as an instruction on its wires in reverse."""
    from qiskit.circuit import Instruction, Reset

    if gate.name == "reset":
        return Reset()
    if method == "stabilizer":
        return _mixture(gate, strengths)
    operators = [_operator(kraus) for kraus in gate.kraus(*strengths)]
    if method == "density_matrix":  # vec takes columns one after the other
        operators = [np.sum([np.kron(k.conj(), k) for k in operators], 0)]
        return Instruction("superop", gate.wires, 0, operators)
    return Instruction("kraus", gate.wires, 0, operators)


def _operator(kraus: Kraus) -> Matrix:
    """A Kraus operator at plain strengths; rounding may leave its weight below zero."""
    whole = sum(amplitude * matrix for amplitude, matrix in kraus.terms)
    return np.asarray(max(float(kraus.weight), 0.0) ** 0.5 * whole)


def _mixture(gate: Channel, strengths: tuple[float, ...]) -> Any:
    """A channel as errors that are drawn: Pauli words, or resets."""
    from qiskit.circuit import Reset
    from qiskit_aer.noise import QuantumError, pauli_error

    if gate.name in ("reset_error", "readout"):
        set0, flip = (Reset(), [0]), (_standard()["x"], [0])
        p0, p1 = strengths if gate.name == "reset_error" else _as_resets(*strengths)
        rest = 1 - sum(strengths)
        keep = (_standard()["id"], [0]) if rest >= 0 else flip
        errors = [([set0], p0), ([set0, flip], p1), ([keep], abs(rest))]
        return QuantumError(errors).to_instruction()
    weights: dict[str, float] = {}
    for kraus in gate.kraus(*strengths):
        word = _word(kraus.terms[0][1].tobytes())
        weights[word] = weights.get(word, 0.0) + max(float(kraus.weight), 0.0)
    return pauli_error(list(weights.items())).to_instruction()


def _as_resets(flip0: float, flip1: float) -> tuple[float, float]:
    """The probabilities to set a basis state to |0> and to |1>; the rest is to keep it, or to flip it."""
    return min(flip1, 1 - flip0), min(flip0, 1 - flip1)


@lru_cache(maxsize=4096)
def _word(matrix: bytes) -> str:
    """The Pauli word that a matrix is, the first letter on the most significant wire."""
    found = np.frombuffer(matrix, dtype=complex)
    wires = (len(found).bit_length() - 1) // 2
    words = map("".join, product(PAULI, repeat=wires))
    return next(word for word in words if np.array_equal(pauli_string(word).reshape(-1), found))
