"""Gate definitions: rows of the gate table where they are such, composites of their steps otherwise."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import TABLE, Composite, Gate, Step, pauli_rotation
from qdl.ir.params import Angle, Expr, Param
from qdl.ir.qasm.calls import Cost, Known, call, together
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.text import refuse
from qdl.ir.qasm.words import CONSTANTS

_LARGEST = Cost(gates=1000, width=5)  # up to which a definition is compared with a row


def define(node: Any, gates: Mapping[str, Known], constants: Mapping[str, float], version: int) -> Known:
    """The gate of a QuantumGateDefinition node."""
    name = node.name.name
    angles, qubits = ([inner.name for inner in names] for names in (node.arguments, node.qubits))
    for inner in (*node.arguments, *node.qubits):
        if [*angles, *qubits].count(inner.name) > 1 or inner.name in CONSTANTS:
            refuse(inner, f"the name {inner.name!r} is taken in gate {name!r}", do="use another name")
    names = {**constants, **{angle: Param(angle)[0] for angle in angles}}
    expressions = Expressions(names, version)
    steps: list[Step] = []
    costs: list[Cost] = []
    for statement in node.body:
        if type(statement).__name__ == "QuantumBarrier":
            continue
        if type(statement).__name__ not in ("QuantumGate", "QuantumPhase"):
            refuse(statement, f"only gates may stand in the definition of gate {name!r}")
        made = call(statement, gates, expressions)
        wires = [_position(operand, qubits) for operand in statement.qubits]
        if len(set(wires)) != len(wires):
            refuse(statement, "a gate needs different qubits", got=", ".join(qubits[wire] for wire in wires))
        steps += [(gate, turned, tuple(wires[w] for w in where)) for gate, turned, where in made.steps]
        costs.append(made.cost)
    cost = together(costs)

    def body(*formal: Angle) -> list[Step]:
        values = dict(zip(angles, formal, strict=True))
        return [(gate, tuple(_bound(turned, values) for turned in turns), wires) for gate, turns, wires in steps]

    gate = Composite(name, len(qubits), angles, body)
    return Known(_row(gate, cost) or gate, cost)


def _bound(angle: Angle, values: Mapping[str, Angle]) -> Angle:
    return angle.replace(lambda param, _: values[param.name]) if isinstance(angle, Expr) else angle


def _position(operand: Any, qubits: list[str]) -> int:
    if type(operand).__name__ != "Identifier":
        refuse(operand, "the qubits of a gate definition have no index")
    if operand.name not in qubits:
        refuse(operand, f"unknown qubit {operand.name!r}", expected=f"one of {', '.join(qubits)}")
    return qubits.index(operand.name)


def _row(gate: Composite, cost: Cost) -> Gate | None:
    """The row of this name, if its unitary is that of the definition."""
    letters = re.fullmatch(r"r_([xyz]{1,16})", gate.name)
    row = pauli_rotation(letters[1].upper()) if letters else TABLE.get(gate.name)
    if row is None or (row.wires, len(row.angles)) != (gate.wires, len(gate.angles)):
        return None
    if row == gate:
        return row
    if cost.gates > _LARGEST.gates or gate.wires > _LARGEST.width:
        return None
    # Two analytic families of unitaries that agree, phase included, at three generic points are the same.
    draw = np.random.default_rng(7)
    try:
        points = [draw.uniform(0.1, 3, len(gate.angles)) for _ in range(3)]
        same = all(np.allclose(gate.matrix(*point), row.matrix(*point), rtol=0, atol=1e-10) for point in points)
    except CircuitError:
        return None
    return row if same else None
