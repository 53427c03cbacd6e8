"""A Qiskit user's script, an EstimatorQNN in a TorchConnector, on qdl's Estimator. The other exchanges that only.

Recipe: https://qiskit-community.github.io/qiskit-machine-learning/tutorials/05_torch_connector.html, with gradients of
inputs, without shots. The gradient is the default one, parameter shifts by the same estimator. Its qubit 0 is the least
significant.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

HERE = Path(__file__)  # no folder of peers is ever on the path
_angle = runpy.run_path(str(HERE.with_name("aer.py")))["Peer"]._angle
Network: Any = runpy.run_path(str(HERE.with_name("network.py")))["Network"]
PACKAGES = ["qiskit-machine-learning", "qiskit", "qdl", "torch", "numpy"]


class Peer(Network):
    precision = "complex128"

    def made(self, job: dict[str, Any], given: str, trained: str) -> Any:
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_machine_learning.connectors import TorchConnector
        from qiskit_machine_learning.neural_networks import EstimatorQNN

        wires = job["wires"]
        self.params = {name: ParameterVector(name, about["shape"][-1]) for name, about in job["values"].items()}
        circuit = QuantumCircuit(wires)
        for name, where, angles in job["gates"]:
            getattr(circuit, name)(*(_angle(self, a) for a in angles), *(wires - 1 - w for w in where))
        read = [SparsePauliOp.from_sparse_list([("Z", [wires - 1 - wire], 1)], wires) for wire in job["read"]]
        network = EstimatorQNN(
            circuit=circuit, estimator=self.estimator(), observables=read, input_params=self.params[given],
            weight_params=self.params[trained], input_gradients=True, default_precision=0.0,
        )  # fmt: skip
        return TorchConnector(network)

    def estimator(self) -> Any:
        from qdl.adapters.qiskit import Estimator

        return Estimator()
