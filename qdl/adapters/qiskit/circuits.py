"""A program as Qiskit's circuits: qubit i is wire i, and one Parameter stands for each rotation that varies.

Gates with varying angles become rotations about Pauli words (qdl.engine.rotations); so every row of the gate table,
with any controls, is bound to many rows of numbers in one job. Strengths of channels cannot be Parameters: a circuit is
made for each set of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qdl.adapters.qiskit.branches import Piece, fill
from qdl.adapters.qiskit.instructions import channel_instruction, check_noise, fixed, quarters, rotation
from qdl.engine.remote import Program, Real
from qdl.engine.rotations import Constant, recipe
from qdl.ir import Operation
from qdl.ir.channels import Channel, Measure, channel
from qdl.ir.gates import Exponential, Prepare

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Tail = Sequence[Piece]


class Translation:
    """A program in Qiskit's terms, for one of Aer's methods.

    Parameters
    ----------
    program : Program
    method : str
    exact : bool
        Whether values are exact rather than sampled: a measurement whose outcome nobody reads is then dephasing.

    Attributes
    ----------
    parameters : tuple of Parameter
        What `numbers` has columns for.
    """

    def __init__(self, program: Program, method: str, exact: bool) -> None:
        from qiskit.circuit import Parameter

        self.program, self.method, self.exact = program, method, exact
        names = dict.fromkeys(op.bit for op in program.operations if op.bit is not None)
        self.bits: dict[int | str, int] = {bit: k for k, bit in enumerate(names)}
        self.parameters: tuple[Any, ...] = ()
        self._rotated: list[int] = []  # operations that take numbers
        self._strong: dict[int, slice] = {}  # channels that vary, and their columns among the strengths
        self._parts: list[Tail | int] = []  # the number of a channel stands for what varies
        strengths = 0
        for index, op in enumerate(program.operations):
            if index not in program.columns:
                self._parts.append(self._constant(op))
            elif isinstance(op.gate, Channel):
                check_noise(op.gate, method)
                self._strong[index] = slice(strengths, strengths + len(op.angles))
                strengths += len(op.angles)
                self._parts.append(index)
            else:
                count = recipe(op.gate).count
                fresh = [Parameter(f"p{len(self.parameters) + k}") for k in range(count)]
                self.parameters += tuple(fresh)
                self._rotated.append(index)
                self._parts.append(self._turned(op, fresh))

    def numbers(self, angles: Real) -> Real:
        """The numbers of all rotations, (rows, n_parameters), from the angles, (rows, n_angles)."""
        columns, operations = self.program.columns, self.program.operations
        found = [self._numbers(operations[index], angles[:, list(columns[index])]) for index in self._rotated]
        return np.concatenate(found, 1) if found else np.zeros((len(angles), 0))

    def _numbers(self, op: Operation, angles: Real) -> Real:
        numbers = recipe(op.gate).numbers(angles)
        return quarters(numbers, op) if self.method == "stabilizer" else numbers

    def strengths(self, angles: Real) -> Real:
        """The strengths of all channels that vary, (rows, n_strengths)."""
        return angles[:, [column for index in self._strong for column in self.program.columns[index]]]

    def circuit(self, strengths: Real, tail: Tail) -> QuantumCircuit:
        """The circuit at some strengths, with what follows at its end."""
        from qiskit import QuantumCircuit

        pieces = [piece for part in self._parts for piece in self._pieces(part, strengths)] + [*tail]
        bits = {bit for piece in pieces for bit in piece.clbits}
        made = QuantumCircuit(self.program.wires, 1 + max(bits, default=-1))
        fill(made, _merged(pieces), self.bits)
        return made

    def measured(self, names: Sequence[int | str], turns: Iterable[Operation]) -> tuple[Tail, list[int]]:
        """An end that turns wires and measures those among the names, and the classical bit of each name."""
        from qiskit.circuit import Measure as Read

        tail = [piece for op in turns for piece in self._constant(op)]
        bits = dict(self.bits)
        for name in names:
            if isinstance(name, int) and name not in bits:
                bits[name] = len(bits)
                tail.append(Piece(Read(), (name,), (bits[name],)))
        return tail, [bits[name] for name in names]

    def _pieces(self, part: Tail | int, strengths: Real) -> Tail:
        if not isinstance(part, int):
            return part
        op = self.program.operations[part]
        return self._noise(op, tuple(strengths[self._strong[part]].tolist()))

    def _constant(self, op: Operation) -> list[Piece]:
        """An operation with plain angles."""
        if isinstance(op.gate, Channel):
            return self._noise(op, op.angles)
        if isinstance(op.gate, Measure):
            return self._measured(op)
        if not op.gate.wires:  # a global phase
            return []
        if isinstance(op.gate, Prepare) or (
            isinstance(op.gate, Exponential) and (self.method == "stabilizer" or len(recipe(op.gate).steps) == 1)
        ):
            return self._turned(op, self._numbers(op, np.array([op.angles], dtype=float))[0].tolist())
        return [replace(p, condition=op.condition) for p in fixed(op.gate, op.angles, op.wires, self.method)]

    def _turned(self, op: Operation, numbers: Sequence[Any]) -> list[Piece]:
        """The steps of a gate's recipe, at numbers or Parameters."""
        pieces = []
        for step in recipe(op.gate).steps:
            wires = tuple(op.wires[w] for w in step.wires)
            if isinstance(step, Constant):
                pieces += fixed(step.gate, (), wires, self.method)
            else:
                pieces += rotation(step, wires, numbers[step.number], self.method)
        return [replace(piece, condition=op.condition) for piece in pieces]

    def _measured(self, op: Operation) -> list[Piece]:
        from qiskit.circuit import Measure as Read

        if self.exact:
            return self._noise(Operation(channel("phase_flip"), (), op.wires), (0.5,))
        assert op.bit is not None
        return [Piece(Read(), op.wires, (self.bits[op.bit],), op.condition)]

    def _noise(self, op: Operation, strengths: tuple[Any, ...]) -> list[Piece]:
        assert isinstance(op.gate, Channel)
        check_noise(op.gate, self.method)
        instruction = channel_instruction(op.gate, strengths, self.method)
        return [Piece(instruction, op.wires[::-1], condition=op.condition)]


def _merged(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces, superoperators that follow each other on the same qubits as one."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last is None or piece.instruction.name != "superop" or _place(piece) != _place(last):
            out.append(piece)
        else:
            out[-1] = replace(last, instruction=_product(piece.instruction, last.instruction))
    return out


def _place(piece: Piece) -> tuple[Any, ...]:
    return piece.instruction.name, piece.qubits, piece.condition


def _product(second: Any, first: Any) -> Any:
    from qiskit.circuit import Instruction

    return Instruction("superop", first.num_qubits, 0, [second.params[0] @ first.params[0]])
