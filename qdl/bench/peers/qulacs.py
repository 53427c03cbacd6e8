"""qulacs: gradients by its own reverse sweep, states by a circuit whose gates are merged first. Only complex128.

Recipe: https://docs.qulacs.org/en/latest/guide/2.0_python_advanced.html (``ParametricQuantumCircuit.backprop``,
``QuantumCircuitOptimizer``). It knows no batch, and backprop takes one observable: the weighted sum of all. Its
rotations turn the other way, and its qubit 0 is the least significant.
"""

from __future__ import annotations

from cmath import exp
from typing import Any

PACKAGES = ["qulacs", "numpy"]


class Peer:
    loops = True
    precision = "complex128"

    def __init__(self, job: dict[str, Any]) -> None:
        self.job, self.wires = job, job["wires"]
        self.circuit = None if job["ask"] == "state" else self._parametric()

    def _place(self, wire: int) -> int:
        return self.wires - 1 - wire

    def _parametric(self) -> Any:
        """The circuit with a parameter for every rotation; `self.terms` says what each stands for."""
        from qulacs import ParametricQuantumCircuit

        circuit = ParametricQuantumCircuit(self.wires)
        self.terms: list[Any] = []
        for name, wires, angles in self.job["gates"]:
            places = [self._place(wire) for wire in wires]
            if angles and name[0] != "c":
                getattr(circuit, f"add_parametric_{name.upper()}_gate")(places[0], 0.0)
                self.terms.append((angles[0], -1.0))
            elif name in ("crx", "crz"):
                self._controlled(circuit, name, places, angles[0])
            else:
                circuit.add_gate(self._fixed(name, places, angles))
        return circuit

    def _controlled(self, circuit: Any, name: str, places: list[int], angle: Any) -> None:
        """A controlled rotation as two rotations and two CNOTs; about x between Hadamards."""
        control, target = places
        for sign in (-0.5, 0.5):
            if name == "crx":
                circuit.add_H_gate(target)
            circuit.add_parametric_RZ_gate(target, 0.0)
            self.terms.append((angle, sign))
            if name == "crx":
                circuit.add_H_gate(target)
            if name == "crx":
                circuit.add_CZ_gate(control, target)
            else:
                circuit.add_CNOT_gate(control, target)

    def _fixed(self, name: str, places: list[int], angles: list[float]) -> Any:
        from qulacs import gate

        if name in ("rx", "ry", "rz"):
            return getattr(gate, name.upper())(places[0], -angles[0])
        if name == "cp":
            return gate.DiagonalMatrix(places, [1, 1, 1, exp(1j * angles[0])])
        return {"h": gate.H, "x": gate.X, "cx": gate.CNOT, "swap": gate.SWAP}[name](*places)

    def prepare(self, values: dict[str, Any]) -> Any:
        return {name: array.astype(float).tolist() for name, array in values.items()}

    def step(self, prepared: dict[str, list[float]]) -> Any:
        return self._state(prepared) if self.circuit is None else self._gradient(prepared)

    def _state(self, values: dict[str, list[float]]) -> Any:
        from qulacs import QuantumCircuit, QuantumState
        from qulacs.circuit import QuantumCircuitOptimizer

        circuit = QuantumCircuit(self.wires)
        for name, wires, angles in self.job["gates"]:
            numbers = [number(angle, values) for angle in angles]
            circuit.add_gate(self._fixed(name, [self._place(wire) for wire in wires], numbers))
        QuantumCircuitOptimizer().optimize_light(circuit)
        state = QuantumState(self.wires)
        circuit.update_quantum_state(state)
        return {"state": state.get_vector()}

    def _gradient(self, values: dict[str, list[float]]) -> Any:
        from qulacs import Observable, QuantumState

        assert self.circuit is not None
        for index, (angle, sign) in enumerate(self.terms):
            self.circuit.set_parameter(index, sign * number(angle, values))
        state = QuantumState(self.wires)
        self.circuit.update_quantum_state(state)
        loss, read = Observable(self.wires), []
        for wire, weight in zip(self.job["read"], values["weights"], strict=True):
            loss.add_operator(weight, f"Z {self._place(wire)}")
            one = Observable(self.wires)
            one.add_operator(1.0, f"Z {self._place(wire)}")
            read.append(one.get_expectation_value(state))
        found = {name: [0.0] * about["shape"][-1] for name, about in self.job["values"].items()}
        for (angle, sign), slope in zip(self.terms, self.circuit.backprop(loss), strict=True):
            if not isinstance(angle, float):
                found[angle[0]][angle[1]] += sign * angle[2] * slope
        return {"values": read, **{f"d {name}": gradient for name, gradient in found.items()}}


def number(angle: Any, values: dict[str, list[float]]) -> float:
    """The value of an angle of a job."""
    return angle if isinstance(angle, float) else angle[2] * values[angle[0]][angle[1]] + angle[3]
