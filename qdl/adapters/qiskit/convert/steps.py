"""Qiskit's gates as steps of the gate table: what has a row is that row, the rest is a matrix or its definition."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from qdl.adapters.qiskit.convert.parameters import Angles
from qdl.adapters.qiskit.convert.special import of_matrix, special
from qdl.errors import UnsupportedError
from qdl.ir.gates import MAX_CONTROLLED, TABLE, Composite, Exponential, Gate, Step, controlled, embed, unitary
from qdl.ir.params import Expr, Param

OTHER_NAMES = {"global_phase": "gphase"}
WIDEST_POWER = 10  # wires up to which a fractional power is taken of a whole matrix


@cache
def rows() -> dict[type, Gate]:
    """The classes of Qiskit's gates that have a row."""
    from qiskit.circuit.library import C3XGate, C4XGate, RVGate, get_standard_gate_name_mapping

    found = get_standard_gate_name_mapping()
    named = {name: TABLE.get(OTHER_NAMES.get(name, name)) for name in found}
    table = {found[name].base_class: row for name, row in named.items() if row is not None}
    return {**table, C3XGate: TABLE["c3x"], C4XGate: TABLE["c4x"], RVGate: TABLE["rv"]}


def standard(instruction: Any) -> Gate | None:
    """The row of an instruction of a circuit that Qiskit knows for one of its standard gates."""
    if not instruction.is_standard_gate():
        return None
    name = instruction.name
    return TABLE["c3x"] if name == "mcx" else TABLE.get(OTHER_NAMES.get(name, name))


def steps(operation: Any, angles: Angles) -> list[Step]:
    """An operation on wires 0, 1, ... as steps; refused by name if it is not unitary or unknown.

    Examples
    --------
    >>> from qiskit.circuit.library import CXGate, RXXGate
    >>> steps(CXGate(ctrl_state=0), Angles({}))
    [(<gate c_x_0() on 2 wires>, (), (0, 1))]
    >>> steps(RXXGate(0.3), Angles({}))[0][1:]
    ((0.3,), (0, 1))
    """
    row = rows().get(getattr(operation, "base_class", type(operation)))
    if row is not None and _closed(operation):
        return [(row, tuple(map(angles, operation.params)), tuple(range(row.wires)))]
    for kind in type(operation).__mro__:
        if kind in _recursive():
            return _recursive()[kind](operation, angles)
        if kind in special():
            found = special()[kind](operation, angles)
            return defined(operation, angles) if found is None else found
    return defined(operation, angles)


def defined(operation: Any, angles: Angles) -> list[Step]:
    """The steps of an operation's definition; of its matrix, if it has no definition."""
    definition = getattr(operation, "definition", None)
    if definition is not None:
        return _of_circuit(definition, angles)
    if hasattr(operation, "__array__"):
        return of_matrix(np.asarray(operation))
    raise unknown(operation)


def unknown(operation: Any) -> UnsupportedError:
    """The refusal of an operation, by name."""
    return UnsupportedError(
        f"qdl has no counterpart for Qiskit's {operation.name!r}",
        got=type(operation).__name__,
        expected="gates with a definition or a matrix, measure, reset, delay, barrier, if, switch, for, Kraus channels",
        do="take it out, or give it a definition",
    )


def _of_circuit(circuit: Any, angles: Angles) -> list[Step]:
    """The steps of a circuit of gates, its global phase included."""
    place = {qubit: index for index, qubit in enumerate(circuit.qubits)}
    found: list[Step] = []
    phase = angles(circuit.global_phase)
    if phase != 0.0:
        found.append((TABLE["gphase"], (phase,), ()))
    for instruction in circuit.data:
        where = [place[qubit] for qubit in instruction.qubits]
        row = standard(instruction)
        if row is not None:
            found.append((row, tuple(map(angles, instruction.params)), tuple(where)))
        elif instruction.name != "barrier":
            found += moved(steps(instruction.operation, angles), where)
    return found


def moved(found: Sequence[Step], wires: Sequence[int]) -> list[Step]:
    """The same steps with wire i on ``wires[i]``."""
    return [(row, values, tuple(wires[w] for w in where)) for row, values, where in found]


def _closed(operation: Any) -> bool:
    """Whether all controls, if there are any, ask for 1."""
    count = getattr(operation, "num_ctrl_qubits", None)
    return count is None or operation.ctrl_state == 2**count - 1


def _values(count: int, state: int) -> str:
    """Control values in the order of the controls; Qiskit's number has the first control as its last digit."""
    return f"{state:0{count}b}"[::-1]


def _controlled_gate(operation: Any, angles: Angles) -> list[Step]:
    count, base = operation.num_ctrl_qubits, operation.base_gate
    values = _values(count, operation.ctrl_state)
    row = rows().get(operation.base_class)
    if row is not None and row.base is None:  # cu, whose last angle is not the base's
        turn: list[Step] = [(TABLE["x"], (), (k,)) for k in range(count) if values[k] == "0"]
        return [*turn, (row, tuple(map(angles, operation.params)), tuple(range(row.wires))), *turn]
    of_base = rows().get(base.base_class)
    broken = of_base is not None and len(of_base.angles) != len(base.params)  # a controlled cu keeps four for its u
    if broken or operation.num_qubits > count + base.num_qubits:  # or it has wires to spare, for its definition
        return defined(operation, angles)
    return _under(steps(base, angles), values) or defined(operation, angles)


def _under(found: Sequence[Step], values: str) -> list[Step] | None:
    """Steps under controls that come first; None if some would have too many wires."""
    count = len(values)
    front = tuple(range(count))
    if any(_width(row) + count > MAX_CONTROLLED for row, _, _ in found):
        return None
    return [(controlled(row, values), turned, (*front, *(w + count for w in where))) for row, turned, where in found]


def _width(row: Gate) -> int:
    """The wires of the widest gate that a gate consists of."""
    if not isinstance(row, Composite):
        return row.wires
    formal = tuple(Param("angle", len(row.angles))) if row.angles else ()
    return max((_width(inner) for inner, _, _ in row.steps(formal, tuple(range(row.wires)))), default=0)


def _annotated(operation: Any, angles: Angles) -> list[Step]:
    found, width = steps(operation.base_op, angles), operation.base_op.num_qubits
    for modifier in operation.modifiers:
        kind = type(modifier).__name__
        if kind == "InverseModifier":
            found = inverse(found)
        elif kind == "ControlModifier":
            count = modifier.num_ctrl_qubits
            under = _under(found, _values(count, modifier.ctrl_state))
            if under is None:
                raise UnsupportedError(
                    f"the controls of {operation.name!r} make a gate too wide",
                    got=f"{count + width} wires",
                    expected=f"at most {MAX_CONTROLLED} for each of its gates",
                    do="use control(..., annotated=False)",
                )
            found, width = under, width + count
        elif kind == "PowerModifier":
            found = _power(found, modifier.power, width)
        else:
            raise unknown(operation)
    return found


def inverse(found: Sequence[Step]) -> list[Step]:
    """The steps that undo steps."""
    return [step for row, values, where in reversed(found) for step in row.inverse(values, where)]


def _power(found: list[Step], power: float, width: int) -> list[Step]:
    if len(found) == 1 and isinstance(found[0][0], Exponential):
        row, (value,), where = found[0]
        return [(row, (power * value,), where)]
    if power == int(power):
        return (found if power >= 0 else inverse(found)) * abs(int(power))
    if width > WIDEST_POWER or any(isinstance(value, Expr) for _, values, _ in found for value in values):
        raise UnsupportedError(
            "a fractional power is taken of matrices",
            got=f"{width} qubits" if width > WIDEST_POWER else "unbound parameters",
            expected=f"numbers, on at most {WIDEST_POWER} qubits",
            do="bind the parameters, or use a rotation whose angle is multiplied",
        )
    from qiskit.quantum_info import Operator

    whole = np.eye(2**width, dtype=complex)
    for row, values, where in found:
        whole = embed(row.matrix(*values), where, width) @ whole  # type: ignore[arg-type]
    return [(unitary(Operator(whole).power(power).data), (), tuple(range(width)))]


def _opaque(operation: Any, angles: Angles) -> list[Step]:
    return _of_circuit(operation.to_circuit(), angles)


@cache
def _recursive() -> dict[type, Callable[[Any, Angles], list[Step]]]:
    from qiskit.circuit import AnnotatedOperation, ControlledGate
    from qiskit.quantum_info import Clifford

    return {AnnotatedOperation: _annotated, ControlledGate: _controlled_gate, Clifford: _opaque}
