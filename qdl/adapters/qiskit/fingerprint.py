"""What makes two of Qiskit's circuits the same, as something hashable.

Circuits of Qiskit can be changed in place, so that an object's identity says nothing; and what Qiskit itself compares
leaves out the bodies of control flow and rounds angles. The key of a circuit is read off it each time, about half a
microsecond for an instruction, which is little beside what it saves: converting and planning it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.circuit import CircuitInstruction, Operation

DEPTH = 32  # definitions inside definitions


class _Unknown(Exception):
    """Something that nothing here can tell from its like."""


def key(circuit: QuantumCircuit) -> Hashable | None:
    """What a circuit does, or None if that cannot be told without running it.

    Two circuits with the same key are the same gate by gate, with the same Parameters, registers and global phase.
    """
    try:
        found = _circuit(circuit, 0)
        hash(found)
    except (_Unknown, TypeError):
        return None
    return found


def _circuit(circuit: QuantumCircuit, depth: int) -> Hashable:
    if depth > DEPTH or circuit.num_captured_vars or circuit.num_declared_vars or circuit.num_input_vars:
        raise _Unknown
    qubits = {bit: k for k, bit in enumerate(circuit.qubits)}
    clbits = {bit: k for k, bit in enumerate(circuit.clbits)}
    registers = tuple((register.name, tuple(clbits[bit] for bit in register)) for register in circuit.cregs)
    # Bits of different circuits are different objects; inside, what conditions name is named by these.
    steps = tuple(_step(step, qubits, clbits, depth) for step in circuit.data)
    return len(qubits), len(clbits), registers, _value(circuit.global_phase), steps


def _step(step: CircuitInstruction, qubits: Mapping[Any, int], clbits: Mapping[Any, int], depth: int) -> Hashable:
    where = tuple([qubits[bit] for bit in step.qubits])
    if step.is_standard_gate():
        return step.name, where, tuple(map(_value, step.params))
    written = tuple([clbits[bit] for bit in step.clbits])
    return where, written, _operation(step.operation, clbits, depth)


def _operation(operation: Operation, clbits: Mapping[Any, int], depth: int) -> Hashable:
    """An operation that is no standard gate: what it is called, and what it is made of."""
    from qiskit.circuit import Barrier, BoxOp, ControlFlowOp, Delay, ForLoopOp, IfElseOp, Measure, Reset, SwitchCaseOp
    from qiskit.circuit.library import UnitaryGate

    kind = getattr(operation, "base_class", type(operation))  # single copies have classes of their own
    if isinstance(operation, ControlFlowOp):
        if not isinstance(operation, IfElseOp | ForLoopOp | SwitchCaseOp | BoxOp):
            raise _Unknown
        blocks = tuple(_circuit(block, depth + 1) for block in operation.blocks)
        condition = _condition(getattr(operation, "condition", None), clbits)
        return kind, condition, _loop(operation), _cases(operation, clbits), blocks
    numbers = tuple(map(_value, getattr(operation, "params", ())))
    found = (kind, operation.name, operation.num_qubits, numbers, getattr(operation, "ctrl_state", None))
    if kind in (Measure, Reset, Barrier, UnitaryGate):
        return found
    if kind is Delay:
        return (*found, operation.unit)
    definition = getattr(operation, "definition", None)
    if definition is None:
        raise _Unknown
    return (*found, _circuit(definition, depth + 1))


def _loop(operation: Any) -> Hashable:
    """What a loop runs over."""
    if operation.name != "for_loop":
        return None
    indices, variable, _ = operation.params
    return (indices if isinstance(indices, range) else tuple(indices)), variable


def _condition(condition: Any, clbits: Mapping[Any, int]) -> Hashable:
    """A condition on one bit or one register."""
    if condition is None:
        return None
    if not isinstance(condition, tuple):
        raise _Unknown
    target, value = condition
    return _asked(target, clbits), int(value)


def _cases(operation: Any, clbits: Mapping[Any, int]) -> Hashable:
    """What a switch asks for, and the values of each of its cases."""
    if operation.name != "switch_case":
        return None
    return _asked(operation.target, clbits), tuple(values for values, _ in operation.cases_specifier())


def _asked(target: Any, clbits: Mapping[Any, int]) -> tuple[int, ...]:
    """The bits that are asked for, by one bit or a register."""
    from qiskit.circuit import ClassicalRegister, Clbit

    if not isinstance(target, Clbit | ClassicalRegister):
        raise _Unknown  # any expression
    return tuple(clbits[bit] for bit in ([target] if isinstance(target, Clbit) else target))


def _value(value: Any) -> Hashable:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return value
