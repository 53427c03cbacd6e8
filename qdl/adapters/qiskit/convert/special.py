"""Qiskit's gates that are more than their definitions say: matrices, exponentials, permutations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from qdl.adapters.qiskit.convert.observables import from_sparse_pauli_op
from qdl.adapters.qiskit.convert.parameters import Angles
from qdl.ir.evolution import DENSE_WIRES, evolution
from qdl.ir.gates import TABLE, Exponential, Gate, Step, unitary
from qdl.ir.observables import I, commute

_NAMED = {row.pauli: row for row in TABLE.values() if isinstance(row, Exponential) and row.pauli}
Expand = Callable[[Any, Angles], list[Step] | None]  # None: as its definition says


def of_matrix(matrix: Any) -> list[Step]:
    """A matrix whose first qubit is the least significant."""
    if np.shape(matrix) == (1, 1):
        return [(TABLE["gphase"], (float(np.angle(np.asarray(matrix)[0, 0])),), ())]
    row = unitary(matrix)
    return [(row, (), tuple(reversed(range(row.wires))))]


def _unitary(operation: Any, angles: Angles) -> list[Step]:
    return of_matrix(operation.params[0])


def _hamiltonian(operation: Any, angles: Angles) -> list[Step]:
    """exp(-i t H) of a Hermitian matrix."""
    matrix, time = np.asarray(operation.params[0], dtype=complex), angles(operation.params[1])
    width = len(matrix).bit_length() - 1
    return [(Exponential("evolution", matrix, "time"), (time,), tuple(reversed(range(width))))]


def _evolution(operation: Any, angles: Angles) -> list[Step] | None:
    """exp(-i t H) exactly where its words commute or act on few qubits; else Qiskit's product formula.

    A formula that was chosen, rather than left at what it is by default, is kept.
    """
    from qiskit.quantum_info import SparsePauliOp
    from qiskit.synthesis import LieTrotter

    default = type(operation.synthesis) is LieTrotter and operation.synthesis.reps == 1
    parts = operation.operator if isinstance(operation.operator, list) else [operation.operator]
    coefficients = [c for part in parts if isinstance(part, SparsePauliOp) for c in part.coeffs]
    if not default or any(hasattr(c, "parameters") for c in coefficients):
        return None
    whole = sum((from_sparse_pauli_op(part) for part in parts), 0.0 * I())
    words = list(whole.terms)
    if len(whole.wires) > DENSE_WIRES and not all(commute(a, b) for a, b in combinations(words, 2)):
        return None
    return [(_named(row), values, where) for row, values, where in evolution(whole, angles(operation.time))]


def _named(row: Gate) -> Gate:
    """The row of the table for a rotation that has one."""
    return _NAMED.get(row.pauli or "", row) if isinstance(row, Exponential) else row


def _permutation(operation: Any, angles: Angles) -> list[Step]:
    """Wire i gets what was on wire ``pattern[i]``."""
    return [(TABLE["swap"], (), pair) for pair in swaps([int(wire) for wire in operation.params[0]])]


def swaps(pattern: Sequence[int]) -> list[tuple[int, int]]:
    """Swaps after which position i holds what position ``pattern[i]`` held.

    Examples
    --------
    >>> swaps([1, 2, 0])
    [(0, 1), (1, 2)]
    """
    content, found = list(range(len(pattern))), []
    for here, wanted in enumerate(pattern):
        there = content.index(wanted)
        if here != there:
            content[here], content[there] = content[there], content[here]
            found.append((here, there))
    return found


@cache
def special() -> dict[type, Expand]:
    """The classes of such gates."""
    from qiskit.circuit.library import HamiltonianGate, PauliEvolutionGate, PermutationGate, UnitaryGate

    return {
        UnitaryGate: _unitary,
        HamiltonianGate: _hamiltonian,
        PauliEvolutionGate: _evolution,
        PermutationGate: _permutation,
    }
