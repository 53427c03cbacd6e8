"""Random circuits of both kinds with symbolic parameters, and what they do at numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ControlledGate, Gate, Parameter, ParameterVector
from qiskit.circuit.library import (
    MCXGate,
    PauliEvolutionGate,
    PauliGate,
    PermutationGate,
    UnitaryGate,
    get_standard_gate_name_mapping,
)
from qiskit.quantum_info import Operator, SparsePauliOp, random_unitary

import qdl
from qdl.ir.gates import TABLE, Exponential, controlled, pauli_rotation, unitary

Values = dict[str, list[float]]


def turned(matrix: Any) -> Any:
    """A matrix over qubits with the order of its index bits reversed."""
    n = len(matrix).bit_length() - 1
    axes = [*reversed(range(n)), *reversed(range(n, 2 * n))]
    return np.asarray(matrix).reshape((2,) * (2 * n)).transpose(axes).reshape(matrix.shape)


def numbers(names: Mapping[str, int], seed: int = 0) -> Values:
    """Numbers for all entries, away from where a logarithm or an arcsine ends."""
    draw = Random(seed)
    return {name: [draw.uniform(0.1, 0.9) for _ in range(size)] for name, size in names.items()}


def sizes(circuit: Any) -> dict[str, int]:
    """The names of a Qiskit circuit's parameters: vectors with their sizes, scalars with 1."""
    return {_name(p): len(p.vector) if hasattr(p, "vector") else 1 for p in circuit.parameters}


def _name(parameter: Any) -> str:
    return str(parameter.vector.name if hasattr(parameter, "vector") else parameter.name)


def operator(circuit: Any, values: Values) -> Any:
    """What Qiskit says that a circuit is at numbers, wire 0 as the most significant bit."""
    bound = {p: values[_name(p)][getattr(p, "index", 0)] for p in circuit.parameters}
    return turned(Operator(circuit.assign_parameters(bound)).data)


def _expression(draw: Random, symbols: Sequence[Any], functions: Mapping[str, Callable[[Any], Any]]) -> Any:
    """Numbers, symbols and expressions of them."""
    a, b = draw.choice(symbols), draw.choice(symbols)
    number = draw.uniform(0.2, 1.5)
    return draw.choice(
        [
            lambda: number,
            lambda: a,
            lambda: number * a - 1,
            lambda: a * b + number,
            lambda: number - a / (b + 2),
            lambda: functions[draw.choice(sorted(functions))](a * 0.9) + b,
            lambda: (a + b) ** 2,
            lambda: 2 - functions["exp"](-a),
            lambda: -a,
        ]
    )()


QISKIT_FUNCTIONS = {
    name: lambda value, name=name: getattr(value, name)()
    for name in ("sin", "cos", "tan", "exp", "log", "arcsin", "arccos", "arctan", "abs", "conjugate")
}
QDL_FUNCTIONS = {
    name: getattr(qdl, name) for name in ("sin", "cos", "tan", "exp", "log", "sqrt", "arcsin", "arccos", "arctan")
}


@cache
def standard() -> dict[str, Gate]:
    """Qiskit's standard gates that are unitary."""
    found = get_standard_gate_name_mapping()
    return {name: gate for name, gate in found.items() if isinstance(gate, Gate)}


def qiskit_circuit(seed: int, wires: int = 4) -> QuantumCircuit:
    """A circuit of standard gates, matrices, controls of all values, definitions inside definitions, inverses."""
    draw = Random(seed)
    vector, scalar = ParameterVector("theta", 3), Parameter("a")
    circuit = QuantumCircuit(wires, global_phase=draw.choice([0.0, 0.7, scalar * 2]))
    for _ in range(draw.randint(6, 12)):
        gate = _qiskit_gate(draw, [*vector, scalar], wires, 2)
        circuit.append(gate, draw.sample(range(wires), gate.num_qubits))
    return circuit


def _qiskit_gate(draw: Random, symbols: Sequence[Any], wires: int, depth: int) -> Any:
    wide = ["other", *["inside", "modified"] * bool(depth)] * (wires > 2)
    kind = draw.choice(["standard"] * 6 + ["open", "matrix", *wide])
    if kind in ("inside", "modified"):
        inner = QuantumCircuit(wires - 1, name=draw.choice(["x", "mine", "rx"]), global_phase=draw.choice([0, 0.3]))
        for _ in range(3):
            gate = _qiskit_gate(draw, symbols, wires - 1, depth - 1)
            inner.append(gate, draw.sample(range(wires - 1), gate.num_qubits))
        whole = inner.to_gate()
        if kind == "inside":
            return whole
        return draw.choice(
            [
                lambda: whole.inverse(),
                lambda: whole.inverse(annotated=True),
                lambda: whole.control(1, ctrl_state=draw.randint(0, 1), annotated=True),
                lambda: whole.power(draw.choice([2, -1]), annotated=True),
            ]
        )()
    if kind == "matrix":
        return UnitaryGate(random_unitary(4, seed=draw.randint(0, 10**6)))
    if kind == "other":
        words = SparsePauliOp(["XZ", "ZX"], [draw.uniform(0.2, 1), draw.uniform(0.2, 1)])
        others = [MCXGate(2, ctrl_state=1), PermutationGate([2, 0, 1]), PauliGate("XYZ")]
        return draw.choice([*others, PauliEvolutionGate(words, time=draw.choice(symbols))])
    fitting = [gate for gate in standard().values() if gate.num_qubits <= wires]
    if kind == "open":
        fitting = [gate for gate in fitting if isinstance(gate, ControlledGate)]
    found = draw.choice(fitting)
    angles = [_expression(draw, symbols, QISKIT_FUNCTIONS) for _ in found.params]
    if kind == "open":
        return found.base_class(*angles, ctrl_state=draw.randrange(2**found.num_ctrl_qubits))
    return found.base_class(*angles)


def qdl_circuit(seed: int, wires: int = 4) -> qdl.Circuit:
    """A circuit of rows of the table, under controls too, of matrices and exponentials."""
    draw = Random(seed)
    theta, a = qdl.Param("theta", 3), qdl.Param("a")
    circuit = qdl.Circuit(wires)
    for _ in range(draw.randint(6, 12)):
        gate = _qdl_gate(draw, wires)
        angles = [_expression(draw, [*theta, a[0]], QDL_FUNCTIONS) for _ in gate.angles]
        circuit.gate(gate, *angles, *draw.sample(range(wires), gate.wires))
    return circuit


def _qdl_gate(draw: Random, wires: int) -> Any:
    kind = draw.choice(["row"] * 6 + ["controlled", "word", "matrix", "exponential"])
    values = "".join(draw.choice("01") for _ in range(draw.randint(1, wires - 1)))
    if kind == "word":
        return pauli_rotation("".join(draw.choice("XYZ") for _ in range(draw.randint(1, wires))))
    if kind == "matrix":
        return unitary(random_unitary(4, seed=draw.randint(0, 10**6)).data)
    if kind == "exponential":
        matrix = random_unitary(4, seed=draw.randint(0, 10**6)).data
        return Exponential("evolution", matrix + matrix.conj().T, "time")
    rows = [row for row in TABLE.values() if row.wires <= wires]
    if kind == "controlled":
        return controlled(draw.choice([row for row in rows if row.wires <= wires - len(values)]), values)
    return draw.choice(rows)
