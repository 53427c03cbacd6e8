"""The same circuits in Qiskit and PennyLane, gate by gate and by name, without qdl's own converters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pennylane as qml
from qiskit import QuantumCircuit
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.library import (
    C3XGate,
    C4XGate,
    PauliEvolutionGate,
    RVGate,
    UnitaryGate,
    get_standard_gate_name_mapping,
)
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector

from tests.oracle import number

Values = Mapping[str, Sequence[float]]

QISKIT: dict[str, Any] = {name: type(gate) for name, gate in get_standard_gate_name_mapping().items()}
QISKIT = {name: made for name, made in QISKIT.items() if issubclass(made, QiskitGate)}
STANDARD = dict(QISKIT)  # every unitary gate of Qiskit's standard library, under Qiskit's names
QISKIT |= {"gphase": QISKIT.pop("global_phase"), "c3x": C3XGate, "c4x": C4XGate, "rv": RVGate}


def flip(array: Any) -> Any:
    """Turn the order of index bits on every axis, between Qiskit's least significant wire first and ours."""
    n = array.shape[0].bit_length() - 1
    order = [int(f"{i:0{n}b}"[::-1], 2) for i in range(2**n)] if n else [0]
    return array[np.ix_(*[order] * array.ndim)]


def qiskit_gate(gate: Any, angles: Sequence[float]) -> QiskitGate:
    """Qiskit's gate of the same name. Its wires are ours in our order, except for unitaries, which are turned here."""
    if gate.name in QISKIT:
        return QISKIT[gate.name](*angles)
    if gate.base is not None:
        inner = qiskit_gate(gate.base, angles)
        return inner.control(len(gate.controls), ctrl_state=gate.controls[::-1], annotated=False)
    if gate.name == "unitary":
        return UnitaryGate(flip(np.asarray(gate.constant)))
    if gate.name.startswith("r_"):
        return PauliEvolutionGate(SparsePauliOp(gate.name[2:].upper()[::-1]), angles[0] / 2)
    assert gate.name == "evolution", f"no {gate.name!r} in Qiskit"
    return PauliEvolutionGate(SparsePauliOp.from_operator(Operator(flip(np.asarray(gate.generator)))), angles[0])


def qiskit_circuit(circuit: Any, values: Values) -> QuantumCircuit:
    """The circuit in Qiskit, qubit i being wire i."""
    made = QuantumCircuit(circuit.wires)
    for op in circuit.operations:
        made.append(qiskit_gate(op.gate, [number(angle, values) for angle in op.angles]), list(op.wires))
    return made


def qiskit_state(circuit: Any, values: Values) -> Any:
    """Qiskit's final state, in our order of index bits."""
    return flip(Statevector(qiskit_circuit(circuit, values)).data)


def qiskit_matrix(circuit: Any, values: Values) -> Any:
    """Qiskit's matrix of the whole circuit, in our order of index bits."""
    return flip(Operator(qiskit_circuit(circuit, values)).data)


def controls(base: Any, count: int) -> Callable[..., Any]:
    return lambda *args, wires: qml.ctrl(base(*args, wires=wires[count:]), wires[:count])


PENNYLANE: dict[str, Callable[..., Any]] = {
    "id": qml.Identity,
    "x": qml.PauliX,
    "y": qml.PauliY,
    "z": qml.PauliZ,
    "h": qml.Hadamard,
    "s": qml.S,
    "sdg": lambda wires: qml.adjoint(qml.S(wires)),
    "t": qml.T,
    "tdg": lambda wires: qml.adjoint(qml.T(wires)),
    "sx": qml.SX,
    "sxdg": lambda wires: qml.adjoint(qml.SX(wires)),
    "swap": qml.SWAP,
    "iswap": qml.ISWAP,
    "ecr": qml.ECR,
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "rxx": qml.IsingXX,
    "ryy": qml.IsingYY,
    "rzz": qml.IsingZZ,
    "rzx": lambda t, wires: qml.PauliRot(t, "ZX", wires),
    "p": qml.PhaseShift,
    "u1": qml.U1,
    "u2": qml.U2,
    "u3": qml.U3,
    "u": qml.U3,
    "gphase": lambda t, wires: qml.GlobalPhase(-t),
    "cx": qml.CNOT,
    "cy": qml.CY,
    "cz": qml.CZ,
    "ch": qml.CH,
    "cs": controls(qml.S, 1),
    "csx": controls(qml.SX, 1),
    "cswap": qml.CSWAP,
    "ccx": qml.Toffoli,
    "ccz": qml.CCZ,
    "c3x": qml.MultiControlledX,
    "c4x": qml.MultiControlledX,
    "c3sx": controls(qml.SX, 3),
    "cp": qml.ControlledPhaseShift,
    "cu1": qml.ControlledPhaseShift,
    "crx": qml.CRX,
    "cry": qml.CRY,
    "crz": qml.CRZ,
    "cu3": controls(qml.U3, 1),
}
LETTERS = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}


def pennylane_operations(circuit: Any, values: Values) -> list[Any]:
    """The circuit as PennyLane's operations."""
    made = []
    for op in circuit.operations:
        angles = [number(angle, values) for angle in op.angles]
        made.append(PENNYLANE[op.gate.name](*angles, wires=list(op.wires)))
    return made


def pennylane_observable(observable: Any, values: Values) -> Any:
    """The observable as PennyLane's."""
    terms = []
    for factors, coefficient in observable.terms.items():
        made = [
            LETTERS[atom.letter](*atom.wires)
            if atom.letter in LETTERS
            else qml.Hermitian(np.frombuffer(atom.data, complex).reshape([2 ** len(atom.wires)] * 2), atom.wires)
            for atom in factors
        ]
        scale = coefficient if isinstance(coefficient, (int, float)) else number(coefficient, values)
        terms.append(qml.s_prod(scale, reduce(lambda a, b: a @ b, made) if made else qml.Identity(0)))
    return reduce(lambda a, b: a + b, terms)


def pennylane(circuit: Any, observables: Sequence[Any], values: Values) -> tuple[Any, Any]:
    """default.qubit's final state and expectation values for one sample."""
    wires = range(circuit.wires)
    measured = [qml.state(), *(qml.expval(pennylane_observable(o, values)) for o in observables)]
    tape = qml.tape.QuantumScript(pennylane_operations(circuit, values), measured)
    ((psi, *expectations),) = qml.execute([tape], qml.device("default.qubit", wires=wires))
    return np.asarray(psi), np.array(expectations)
