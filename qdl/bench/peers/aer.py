"""Qiskit Aer: the full state in single precision with gate fusion. It computes no gradients.

Recipe: https://qiskit.github.io/qiskit-aer/stubs/qiskit_aer.AerSimulator.html (method "statevector", fusion, a circuit
transpiled once whose parameters are bound for each run, ``save_statevector``). Its qubit 0 is the least significant.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["qiskit-aer", "qiskit", "numpy"]


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        from qiskit import QuantumCircuit, transpile
        from qiskit.circuit import ParameterVector
        from qiskit_aer import AerSimulator

        if job["ask"] != "state":
            raise NotImplementedError("Aer computes no gradients")
        self.simulator = AerSimulator(
            method="statevector", precision="single", fusion_enable=True, max_parallel_threads=job["threads"]
        )
        self.params = {name: ParameterVector(name, about["shape"][-1]) for name, about in job["values"].items()}
        circuit = QuantumCircuit(job["wires"])
        for name, wires, angles in job["gates"]:
            places = [job["wires"] - 1 - wire for wire in wires]
            getattr(circuit, name)(*map(self._angle, angles), *places)
        circuit.save_statevector()
        self.circuit = transpile(circuit, self.simulator, optimization_level=0)

    def _angle(self, a: Any) -> Any:
        return a if isinstance(a, float) else a[2] * self.params[a[0]][a[1]] + a[3]

    def prepare(self, values: dict[str, Any]) -> Any:
        return {self.params[name][i]: [float(v)] for name in self.params for i, v in enumerate(values[name])}

    def step(self, prepared: Any) -> Any:
        result = self.simulator.run(self.circuit, parameter_binds=[prepared], shots=1).result()
        if not result.success:
            raise RuntimeError(result.status)
        return result.data(0)["statevector"]

    def arrays(self, result: Any) -> dict[str, Any]:
        import numpy as np

        return {"state": np.asarray(result)}
