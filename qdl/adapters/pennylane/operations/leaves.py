"""PennyLane's operators that stand for no other operators: their angles and matrices as qdl's operations."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qdl.adapters.pennylane.operations.rows import Row
from qdl.adapters.pennylane.operations.values import array, number, plain, symbolic
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Operation
from qdl.ir.bits import Condition, condition, of_bits
from qdl.ir.channels import Measure, channel, kraus_channel
from qdl.ir.gates import TABLE, Exponential, Fixed, Gate, Matrix, Prepare, pauli_rotation, unitary
from qdl.ir.params import Param, as_angle

MATRIX_WIRES = 10  # of a gate that has nothing but a matrix
PAULIS = {"X": "rx", "Y": "ry", "Z": "rz", "XX": "rxx", "YY": "ryy", "ZZ": "rzz", "ZX": "rzx"}


@dataclass(frozen=True)
class Places:
    """Where wires and measurements of PennyLane lie: wire label to wire, measurement to the name of its bit."""

    wires: Mapping[Hashable, int]
    bits: dict[str, str] | None = None

    def of(self, labels: Iterable[Hashable]) -> tuple[int, ...]:
        """Wires by their labels."""
        try:
            return tuple(self.wires[label] for label in labels)
        except KeyError as error:
            known = ", ".join(map(str, self.wires))
            raise CircuitError("an operator lies outside the wires", got=error.args[0], expected=known) from None

    def bit(self, measurement: Any) -> str:
        """The name of the bit of a mid-circuit measurement."""
        uid = str(measurement.meas_uid)
        if self.bits is None:
            return "m_" + re.sub(r"\W", "_", uid)
        return self.bits.setdefault(uid, f"m{len(self.bits)}")


def row(name: Row) -> Gate:
    """A row by its name, or as it is."""
    return TABLE[name] if isinstance(name, str) else name


@lru_cache(maxsize=256)
def generated(cls: Any, wires: int, name: str) -> Gate:
    """exp(-i t (-G)) for PennyLane's exp(i t G)."""
    op = cls(0.0, wires=range(wires))
    generator = op.generator()
    return Exponential(name, -np.asarray(generator.matrix(wire_order=range(wires))))


def _identity(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return [Operation(TABLE["id"], (), (wire,)) for wire in places.of(op.wires)]


def pauli_turn(word: str, angle: Any, wires: Sequence[int]) -> Operation:
    """exp(-i angle P/2) for a Pauli word, whose identities may be a global phase."""
    active = [(letter, wire) for letter, wire in zip(word, wires, strict=True) if letter != "I"]
    letters, where = "".join(letter for letter, _ in active), tuple(wire for _, wire in active)
    if not letters:
        return Operation(TABLE["gphase"], (as_angle(-angle / 2),), ())
    gate = TABLE[PAULIS[letters]] if letters in PAULIS else pauli_rotation(letters)
    return Operation(gate, (as_angle(angle),), where)


def _multi_rz(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return [pauli_turn("Z" * len(op.wires), number(angles[0]), places.of(op.wires))]


def _pauli_rot(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return [pauli_turn(op.hyperparameters["pauli_word"], number(angles[0]), places.of(op.wires))]


def _pc_phase(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    signs = np.where(np.arange(2 ** len(op.wires)) < op.hyperparameters["dimension"][0], 1.0, -1.0)
    return [Operation(Exponential("pc_phase", -np.diag(signs)), plain(angles), places.of(op.wires))]


def _unitary(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    matrix = array(angles[0])
    _one(op, matrix, 2)
    return [Operation(unitary(matrix), (), places.of(op.wires))]


def _diagonal(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    entries = array(angles[0])
    _one(op, entries, 1)
    return [Operation(unitary(np.diag(entries)), (), places.of(op.wires))]


def _one(op: Any, array: Matrix, dims: int) -> None:
    """Refuse a batch of what must be a single matrix or vector, and what is too wide."""
    if array.ndim != dims:
        raise CircuitError(f"{op.name!r} is a batch", got=f"shape {array.shape}", do="convert one sample at a time")
    if dims == 2 and len(op.wires) > MATRIX_WIRES:
        raise UnsupportedError(
            f"the matrix of {op.name!r} is too wide", got=f"{len(op.wires)} wires", expected=f"at most {MATRIX_WIRES}"
        )


def _basis_state(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    bits = array(angles[0])
    _one(op, bits, 1)
    return [Operation(TABLE["x"], (), (wire,)) for wire, bit in zip(places.of(op.wires), bits, strict=True) if bit]


def _state(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    """Amplitudes as their absolute values, prepared, then their phases, unless all are real."""
    where, given = places.of(op.wires), angles[0]
    if isinstance(given, (list, tuple, Param)) or symbolic([given]):
        return [Operation(Prepare(len(where)), plain(given), where)]
    amplitudes = array(given)
    if amplitudes.ndim == 2 and len(amplitudes) == 1:
        amplitudes = amplitudes[0]
    if amplitudes.ndim != 1:
        raise CircuitError(
            f"{op.name!r} is a batch", got=f"shape {amplitudes.shape}", do="convert one sample at a time"
        )
    return prepared(amplitudes, where)


def prepared(amplitudes: Matrix, wires: tuple[int, ...]) -> list[Operation]:
    """Given amplitudes, (2**k,) real or complex, on fresh wires."""
    if np.iscomplexobj(amplitudes) and np.any(amplitudes.imag):
        start = Operation(Prepare(len(wires)), plain(np.abs(amplitudes).tolist()), wires)
        phases: Any = np.angle(amplitudes)
        if len(wires) <= MATRIX_WIRES:
            return [start, Operation(Fixed("unitary", np.diag(np.exp(1j * phases))), (), wires)]
        return [start, *diagonal_turns(phases, wires)]
    return [Operation(Prepare(len(wires)), plain(amplitudes.real.tolist()), wires)]


def diagonal_turns(phases: Any, wires: tuple[int, ...]) -> list[Operation]:
    """diag(exp(i phases)) as rotations about products of Z's: the phases' Walsh transform."""
    coefficients = phases.reshape((2,) * len(wires))
    for axis in range(len(wires)):
        even, odd = np.take(coefficients, 0, axis), np.take(coefficients, 1, axis)
        coefficients = np.stack([(even + odd) / 2, (even - odd) / 2], axis)
    flat = coefficients.reshape(-1)
    words = ("".join("IZ"[int(b)] for b in f"{k:0{len(wires)}b}") for k in range(len(flat)))
    return [pauli_turn(word, -2.0 * float(c), wires) for word, c in zip(words, flat, strict=True) if abs(c) > 1e-15]


def _density(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    """A density matrix as a channel that forgets its fresh wires: sum over i and eigenvectors of p |v><i|."""
    rho, where = array(angles[0]), places.of(op.wires)
    _one(op, rho, 2)
    values, vectors = np.linalg.eigh(rho)
    unit = np.eye(len(rho))
    kraus = [
        np.sqrt(p) * np.outer(vector, row)
        for p, vector in zip(values, vectors.T, strict=True)
        if p > 1e-14
        for row in unit
    ]
    return [Operation(kraus_channel(kraus), (), where)]


def _kraus(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return [Operation(kraus_channel([array(k) for k in angles]), (), places.of(op.wires))]


def _pauli_error(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    word = op.hyperparameters["operators"]
    found = channel("pauli", len(word))
    name = "p_" + word.lower()
    if name not in found.angles:  # all identities
        return []
    strength = number(angles[0])
    strengths = tuple(strength if angle == name else 0.0 for angle in found.angles)
    found.refuse_bad(strengths)
    return [Operation(found, strengths, places.of(op.wires))]


def _rotor(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return [Operation(TABLE["rv"], plain(angles), places.of(op.wires))]


def _noise(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    """A row of our own channels, as qdl.adapters.pennylane.convert.own carries it."""
    found, strengths = channel(op.hyperparameters["row"], len(op.wires)), plain(angles)
    found.refuse_bad(strengths)
    return [Operation(found, strengths, places.of(op.wires))]


def _mid_measure(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    if op.postselect is not None:
        raise CircuitError(
            "a circuit keeps every outcome of a measurement",
            got=f"postselect={op.postselect}",
            do="leave postselection to qml.device('qdl.state')",
        )
    return measured(op, places)


def measured(op: Any, places: Places) -> list[Operation]:
    """A mid-circuit measurement, its reset included, whatever is selected afterwards."""
    where, bit = places.of(op.wires), places.bit(op)
    found = [Operation(Measure(), (), where, bit=bit)]
    return [*found, Operation(TABLE["x"], (), where, condition(bit, 1))] if op.reset else found


def holds(value: Any, places: Places) -> Condition:
    """The condition that a measurement value stands for."""
    names = [places.bit(m) for m in value.measurements]
    return of_bits(names, lambda bits: bool(value.processing_fn(*(bits[name] for name in names))))


def by_matrix(op: Any, places: Places) -> list[Operation]:
    """A gate as its matrix."""
    return [Operation(unitary(array(op.matrix())), (), places.of(op.wires))]


Handler = Callable[[Any, tuple[Any, ...], Places], list[Operation]]

LEAVES: dict[str, Handler] = {
    "Identity": _identity,
    "MultiRZ": _multi_rz,
    "PauliRot": _pauli_rot,
    "PCPhase": _pc_phase,
    "QubitUnitary": _unitary,
    "DiagonalQubitUnitary": _diagonal,
    "BasisState": _basis_state,
    "BasisEmbedding": _basis_state,
    "StatePrep": _state,
    "AmplitudeEmbedding": _state,
    "QubitDensityMatrix": _density,
    "QubitChannel": _kraus,
    "PauliError": _pauli_error,
    "Noise": _noise,  # this and RV are of qdl.adapters.pennylane.convert.own
    "RV": _rotor,
    "MidMeasureMP": _mid_measure,
}
