"""Qiskit's circuits with measurements and conditions, carried out exactly: every branch with its probability.

Qiskit's own simulators only sample such circuits. Gates come from Qiskit's `Operator`; conditions are bits or registers
and their values, or plain expressions of them.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Clbit
from qiskit.circuit.classical import expr
from qiskit.quantum_info import Operator

Branch = tuple[tuple[int, ...], Any]  # what the bits are, and a state of the norm^2 of its probability
TINY = 1e-13


def distribution(circuit: QuantumCircuit) -> dict[tuple[int, ...], float]:
    """The probability of each value of the bits, in their order."""
    start = np.zeros((2,) * circuit.num_qubits, dtype=complex)
    start[(0,) * circuit.num_qubits] = 1
    branches: list[Branch] = [((0,) * circuit.num_clbits, start)]
    found: dict[tuple[int, ...], float] = {}
    for bits, state in _after(circuit, circuit, branches):
        found[bits] = found.get(bits, 0.0) + float(np.vdot(state, state).real)
    return found


def _after(whole: QuantumCircuit, part: QuantumCircuit, branches: list[Branch]) -> list[Branch]:
    for instruction in part.data:
        where = [whole.find_bit(q).index for q in instruction.qubits]
        wrote = [whole.find_bit(c).index for c in instruction.clbits]
        operation = instruction.operation
        if instruction.name == "measure":
            branches = [split for branch in branches for split in _measured(branch, where[0], wrote[0])]
        elif instruction.name == "reset":
            branches = [(bits, _reset(state, where[0])) for old in branches for bits, state in _measured(old, where[0])]
        elif instruction.name == "if_else":
            blocks = operation.blocks
            taken: list[list[Branch]] = [[], []]
            for branch in branches:
                taken[not _holds(whole, operation.condition, branch[0])].append(branch)
            then = _after(whole, blocks[0], taken[0])
            branches = then + (_after(whole, blocks[1], taken[1]) if len(blocks) > 1 else taken[1])
        elif instruction.name != "barrier":
            matrix = Operator(operation).data
            branches = [(bits, _applied(matrix, where, state)) for bits, state in branches]
    return branches


def _holds(whole: QuantumCircuit, condition: Any, bits: tuple[int, ...]) -> bool:
    if isinstance(condition, tuple):
        target, wanted = condition
        return _number(whole, target, bits) == int(wanted)
    return bool(_value(whole, condition, bits))


def _number(whole: QuantumCircuit, target: Any, bits: tuple[int, ...]) -> int:
    found = [target] if isinstance(target, Clbit) else target
    return sum(bits[whole.find_bit(bit).index] << k for k, bit in enumerate(found))


def _value(whole: QuantumCircuit, node: expr.Expr, bits: tuple[int, ...]) -> int:
    """A classical expression of bits, registers, numbers and operations that know no width."""
    if isinstance(node, expr.Value):
        return int(node.value)
    if isinstance(node, expr.Var):
        return _number(whole, node.var, bits)
    if isinstance(node, expr.Unary):
        assert node.op.name == "LOGIC_NOT"
        return int(not _value(whole, node.operand, bits))
    assert isinstance(node, expr.Binary)
    left, right = (_value(whole, side, bits) for side in (node.left, node.right))
    return int(_OPERATIONS[node.op.name](left, right))


_OPERATIONS = {"EQUAL": operator.eq, "BIT_XOR": operator.xor, "LOGIC_AND": operator.and_, "LOGIC_OR": operator.or_}


def _measured(branch: Branch, qubit: int, bit: int | None = None) -> list[Branch]:
    bits, state = branch
    out = []
    for value in (0, 1):
        kept = np.zeros_like(state)
        place = (slice(None),) * qubit + (value,)
        kept[place] = state[place]
        if np.vdot(kept, kept).real > TINY:
            out.append((bits if bit is None else (*bits[:bit], value, *bits[bit + 1 :]), kept))
    return out


def _reset(state: Any, qubit: int) -> Any:
    """A state in which the qubit is 0 or 1, with the qubit at 0."""
    return np.stack([state.sum(qubit), np.zeros_like(state.sum(qubit))], qubit)


def _applied(matrix: Any, where: list[int], state: Any) -> Any:
    """A matrix whose first qubit is the least significant."""
    order = [*reversed(where), *(q for q in range(state.ndim) if q not in where)]
    moved = state.transpose(order)
    turned = (matrix @ moved.reshape(len(matrix), -1)).reshape(moved.shape)
    return turned.transpose(np.argsort(order))
