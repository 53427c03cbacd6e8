"""Programs as PennyLane's tapes: rows of angles are one batch, rows with other strengths of channels another tape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from qdl.adapters.pennylane.convert.gates import expanded, operators, under
from qdl.adapters.pennylane.convert.to_function import prepared
from qdl.adapters.pennylane.engine.deferred import Deferred, Piece
from qdl.engine.remote import Program, Real
from qdl.errors import ValuesError
from qdl.ir import Operation
from qdl.ir.channels import Channel
from qdl.ir.gates import Matrix, Prepare

BATCH = 2**22  # entries of the states of one tape
WIDEST = 6  # wires of a batch of matrices


class Tapes:
    """The circuits of a program.

    Parameters
    ----------
    program : Program
    made : Deferred
    labels : sequence
        The device's labels of the places.
    levels : int
        Index bits of a state for each place: 1 for state vectors, 2 for density matrices.
    matrices : bool
        Whether batches of gates are sent as batches of matrices.
    """

    def __init__(
        self, program: Program, made: Deferred, labels: Sequence[Any], levels: int = 1, matrices: bool = False
    ) -> None:
        self.made, self.labels, self.matrices = made, list(labels)[: made.count], matrices
        self.most = max(1, BATCH >> min(62, levels * made.count))  # rows of one tape
        self.strong = sorted({c for p in made.pieces if isinstance(p.gate, Channel) for c in p.columns})
        self.width = 1 + max((c for where in program.columns.values() for c in where), default=-1)
        self.varies = any(piece.columns for piece in made.pieces)

    def checked(self, angles: Real) -> Real:
        """Angles as they must be, (rows, n_angles)."""
        angles = np.ascontiguousarray(angles, dtype=np.float64)
        if angles.ndim != 2 or angles.shape[1] < self.width:
            raise ValuesError("the angles do not fit the program", got=angles.shape, expected=f"(rows, {self.width})")
        if not np.isfinite(angles).all():
            raise ValuesError("angles must be finite", got="NaN or infinity")
        return angles

    def groups(self, angles: Real) -> list[Any]:
        """The rows of each tape: those of one set of strengths, no more than fit."""
        if not len(angles):
            return []
        rows = np.arange(len(angles))
        if not self.varies:
            return [rows]
        sets = [rows]
        if self.strong:
            which = np.unique(angles[:, self.strong], axis=0, return_inverse=True)[1].reshape(-1)
            sets = [rows[which == k] for k in range(which.max() + 1)]
        return [part[k : k + self.most] for part in sets for k in range(0, len(part), self.most)]

    def operations(self, angles: Real, noise: bool = True) -> list[Any]:
        """The operators at some rows of angles of one set of strengths, (rows, n_angles); channels if `noise`."""
        start = [piece for piece in self.made.pieces if isinstance(piece.gate, Prepare)]
        found = []
        if start:
            vectors = [_values(piece, angles) for piece in start]
            found.append(prepared(vectors, [self.labels[p] for piece in start for p in piece.places]))
        for piece in self.made.pieces:
            if not noise and isinstance(piece.gate, Channel):
                continue
            if piece.columns and not isinstance(piece.gate, Prepare):
                found += self._operators(piece, _values(piece, angles))
            elif not isinstance(piece.gate, Prepare):
                found += self._fixed[piece]
        return found

    def plain(self, op: Operation) -> list[Any]:
        """An operation with plain angles on the circuit's wires, at its end."""
        return self._operators(Piece(op.gate, op.angles, tuple(self.made.wires[w] for w in op.wires)), op.angles)

    @cached_property
    def _fixed(self) -> dict[Piece, list[Any]]:
        """The operators of what does not vary."""
        plain = [p for p in self.made.pieces if not p.columns and not isinstance(p.gate, Prepare)]
        return {piece: self._operators(piece, piece.angles) for piece in plain}

    def _operators(self, piece: Piece, angles: Sequence[Any]) -> list[Any]:
        from pennylane import QubitChannel

        where = [self.labels[p] for p in piece.places]
        above, values = [self.labels[p] for p in piece.controls], [int(v) for v in piece.values]
        if isinstance(piece.gate, Channel):
            strengths = [float(np.ravel(a)[0]) for a in angles]
            return [QubitChannel(_kraus(piece.gate, strengths, piece.values), wires=[*above, *where])]
        found = []
        for op in expanded(Operation(piece.gate, tuple(piece.angles), tuple(range(len(where))))):
            inner = angles if op.gate is piece.gate else op.angles
            found += operators(op.gate, inner, [where[w] for w in op.wires])
        if above:
            found = [inner for op in found for inner in under(op, above, values)]
        else:
            found = [op for op in found if op.name != "GlobalPhase"]  # which no measurement sees
        return [_as_matrix(op) for op in found] if self.matrices else found


def _as_matrix(op: Any) -> Any:
    """A batch of gates as a batch of matrices."""
    from pennylane import QubitUnitary

    return QubitUnitary(op.matrix(), wires=op.wires) if op.batch_size and len(op.wires) <= WIDEST else op


def _values(piece: Piece, angles: Real) -> list[Any]:
    """A piece's angles: numbers for one row, else arrays (rows,)."""
    if not piece.columns:
        return list(piece.angles)
    columns = angles[:, list(piece.columns)].T
    return [float(c[0]) for c in columns] if len(angles) == 1 else [c.copy() for c in columns]


def _kraus(gate: Channel, strengths: Sequence[float], values: str) -> list[Matrix]:
    """The Kraus operators where controls hold some values; elsewhere nothing happens."""
    found = gate.operators(*strengths)
    if not values:
        return [np.array(k) for k in found]
    size, place = 2 ** len(values), int(values, 2)
    there = np.zeros((size, size))
    there[place, place] = 1
    return [*(np.kron(there, k) for k in found), np.kron(np.eye(size) - there, np.eye(len(found[0]))).astype(complex)]
