"""The structure of a tape: a key by which compiled circuits are kept, apart from the numbers that it is run at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from qdl.adapters.pennylane.device.slots import Slots
from qdl.adapters.pennylane.operations import translate
from qdl.adapters.pennylane.operations.leaves import MATRIX_WIRES, pauli_turn
from qdl.adapters.pennylane.operations.rows import CHANNELS, GENERATED, NOTHING, SAME, SEQUENCES
from qdl.adapters.pennylane.operations.values import array, varies
from qdl.ir import Circuit, Operation
from qdl.ir.gates import Fixed, Gate, Prepare
from qdl.ir.maps import Map
from qdl.ir.params import Angle

Key = Hashable
Fill = Callable[[Any, Mapping[Hashable, int], list[Any]], list[Operation]]

# Of the first all data are angles, and nothing else matters; of the others a hyperparameter matters too.
PLAIN = {*SAME, *SEQUENCES, *GENERATED, *CHANNELS, "MultiRZ", "RV", "Identity"}
EXTRA = {"PauliRot": "pauli_word", "PCPhase": "dimension", "PauliError": "operators", "Noise": "row"}
MAP_WIRES = 3  # of a matrix whose entries vary; it takes 2 * 4**wires numbers


class Projection(Fixed):
    """A projector, as postselection leaves it in a circuit: what it keeps is normalised when it is read."""

    unitary = False


@dataclass
class Form:
    """A tape's structure and numbers.

    Attributes
    ----------
    key : hashable
        What two tapes that can share a compiled circuit have in common.
    slots : Slots
    fills : list
        How each operator takes its slots: a number of angles, or a function of its own.
    operators : sequence
    projected : bool
        Whether some operator is a projector.
    """

    key: Key
    slots: Slots
    fills: list[int | Fill]
    operators: Sequence[Any]
    projected: bool

    def steps(self, wires: Mapping[Hashable, int], expressions: list[Any]) -> list[Operation]:
        """The operations, hidden Params in the places of numbers."""
        found: list[Operation] = []
        start = 0
        for op, fill in zip(self.operators, self.fills, strict=True):
            count = fill if isinstance(fill, int) else 1
            taken = expressions[start : start + count]
            start += count
            found += translate(op, wires, taken or None) if isinstance(fill, int) else fill(op, wires, taken)
        return found


def form_of(operators: Sequence[Any], slots: Slots) -> Form:
    """The structure of some operators; their numbers go to the slots."""
    keys: list[Key] = []
    fills: list[int | Fill] = []
    projected = False
    for op in operators:
        name = op.name
        if name in PLAIN:
            data = op.data
            for value in data:
                slots.add(value)
            keys.append((name, op.wires.labels))
            fills.append(len(data))
        elif name in NOTHING:
            keys.append(None)
            fills.append(0)
        else:
            projected |= name == "Projector"
            _other(op, slots, keys, fills)
    return Form(tuple(keys), slots, fills, operators, projected)


def _other(op: Any, slots: Slots, keys: list[Key], fills: list[int | Fill]) -> None:
    special = _SPECIAL.get(op.name)
    if special is not None:
        key, fill = special(op, slots)
    elif varying_matrix(op):
        key, fill = _matrix(op, slots)
    else:
        key, values = structure(op)
        for value in values:
            slots.add(value)
        fill = len(values)
    keys.append(key)
    fills.append(fill)


def structure(op: Any) -> tuple[Key, list[Any]]:
    """A key of what an operator is, and its angles; matrices belong to the key."""
    name, labels = op.name, op.wires.labels
    if name in PLAIN:
        return (name, labels), list(op.data)
    if name in EXTRA:
        return (name, labels, op.hyperparameters[EXTRA[name]]), list(op.data)
    operands = getattr(op, "operands", None)
    if operands is not None:
        parts = [structure(o) for o in operands]
        return (name, *(key for key, _ in parts)), [v for _, values in parts for v in values]
    base = getattr(op, "base", None)
    if base is not None:
        key, values = structure(base)
        on = getattr(op, "control_values", None)
        what = getattr(op, "z", None) if on is None else (op.control_wires.labels, tuple(map(bool, on)))
        return (type(op).__name__, labels, what, key), values
    constants = tuple(array(d) for d in op.data)
    return (name, labels, tuple((c.shape, c.dtype.str, c.tobytes()) for c in constants)), []


def varying_matrix(op: Any) -> bool:
    """Whether an operator is made of a matrix that has a gradient, or of one matrix for each sample."""
    base = op
    while getattr(base, "base", None) is not None:
        base = base.base
    if base.name not in ("QubitUnitary", "DiagonalQubitUnitary") or not base.data:
        return False
    value = base.data[0]
    return varies(value) or len(value.shape) > (2 if base.name == "QubitUnitary" else 1)


def _matrix(op: Any, slots: Slots) -> tuple[Key, Fill]:
    """A matrix as a map that is linear in its entries."""
    from pennylane import math

    found = op.matrix() if op.name != "QubitUnitary" else op.data[0]
    size = 2 ** len(op.wires)
    sampled = len(math.shape(found)) == 3
    flat = math.reshape(found, (-1, size * size) if sampled else (size * size,))
    entries = math.concatenate([math.real(flat), math.imag(flat)], -1)
    slots.add_array(entries, 2 * size * size, sampled)
    return ("matrix", op.wires.labels), _fill_matrix


@lru_cache(maxsize=8)
def linear_map(wires: int) -> Gate:
    """A unitary of which every entry is an angle: all real parts, row by row, then all imaginary ones."""
    units = np.eye(4**wires).reshape(-1, 2**wires, 2**wires)
    none = np.zeros(0)
    constants = np.concatenate([units, 1j * units])
    names = [f"m{k}" for k in range(len(constants))]
    return Map(Fixed("entries", np.eye(2**wires, dtype=complex)), "linear", constants, names, none, none, unitary=True)


def _fill_matrix(op: Any, wires: Mapping[Hashable, int], taken: list[Any]) -> list[Operation]:
    where = tuple(wires[label] for label in op.wires)
    return [Operation(linear_map(len(where)), tuple(taken[0]), where)]


def _amplitudes(op: Any, slots: Slots) -> tuple[Key, int | Fill]:
    """Amplitudes: real ones are angles of a preparation; complex ones that vary are magnitudes and phases."""
    from pennylane import math

    value, size = op.data[0], 2 ** len(op.wires)
    if hasattr(value, "toarray"):
        value = array(value).reshape(-1)
    shape = math.shape(value)
    sampled = len(shape) == 2
    if "complex" not in math.get_dtype_name(value):
        slots.add_array(value, size, sampled)
        return ("real amplitudes", op.wires.labels), _fill_real
    if not varies(value):
        plain = array(value)
        if not np.any(plain.imag):
            slots.add_array(plain.real, size, sampled)
            return ("real amplitudes", op.wires.labels), _fill_real
        if not sampled and len(op.wires) <= MATRIX_WIRES:
            return ("amplitudes", op.wires.labels, plain.tobytes()), 0
    phases = math.angle(value)
    signs = _walsh(len(op.wires))
    turns = math.matmul(phases, math.cast_like(math.convert_like(signs, phases), phases))
    slots.add_array(math.concatenate([math.abs(value), turns], -1), 2 * size, sampled)
    return ("complex amplitudes", op.wires.labels), _fill_complex


@lru_cache(maxsize=8)
def _walsh(wires: int) -> Any:
    """(2**k, 2**k): from phases to the angles of rotations about products of Z's."""
    index = np.arange(2**wires)
    shared = index[:, None] & index[None, :]
    signs = np.array([1.0, -1.0])[np.vectorize(int.bit_count, otypes=[int])(shared) & 1]
    return -2.0 * signs / 2**wires


def _fill_real(op: Any, wires: Mapping[Hashable, int], taken: list[Any]) -> list[Operation]:
    where = tuple(wires[label] for label in op.wires)
    return [Operation(Prepare(len(where)), tuple(taken[0]), where)]


def _fill_complex(op: Any, wires: Mapping[Hashable, int], taken: list[Any]) -> list[Operation]:
    where = tuple(wires[label] for label in op.wires)
    size = 2 ** len(where)
    turns: list[Angle] = taken[0][size:]
    words = ("".join("IZ"[int(b)] for b in f"{k:0{len(where)}b}") for k in range(size))
    turned = [pauli_turn(word, turn, where) for word, turn in zip(words, turns, strict=True)]
    return [Operation(Prepare(len(where)), tuple(taken[0][:size]), where), *turned]


def _projector(op: Any, slots: Slots) -> tuple[Key, int | Fill]:
    matrix = array(op.matrix())
    return ("Projector", op.wires.labels, matrix.tobytes()), _fill_projector


def _fill_projector(op: Any, wires: Mapping[Hashable, int], taken: list[Any]) -> list[Operation]:
    gate = Projection("projector", array(op.matrix()))
    return [Operation(gate, (), tuple(wires[label] for label in op.wires))]


_SPECIAL: dict[str, Callable[[Any, Slots], tuple[Key, int | Fill]]] = {
    "StatePrep": _amplitudes,
    "AmplitudeEmbedding": _amplitudes,
    "Projector": _projector,
}


def circuit_of(steps: Sequence[Operation], wires: int) -> Circuit:
    """A circuit of given operations."""
    found = Circuit(max(1, wires))
    for step in steps:
        found.gate(step.gate, *step.angles, *step.wires)
    return found
