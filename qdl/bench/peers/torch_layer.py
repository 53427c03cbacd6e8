"""A PennyLane user's script, a QNode in a TorchLayer, on the device ``qdl.state``. The others change its name only.

Recipe: https://docs.pennylane.ai/en/stable/code/api/pennylane.qnn.TorchLayer.html. The batch is broadcast; the
`diff_method` is the default, "best". Single precision, as torch's.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

apply = runpy.run_path(str(Path(__file__).with_name("lightning.py")))["apply"]  # no folder of peers is ever on the path
PACKAGES = ["pennylane", "qdl", "torch", "numpy"]


class Peer:
    device = "qdl.state"

    def __init__(self, job: dict[str, Any]) -> None:
        import pennylane as qml
        import torch

        torch.set_num_threads(job["threads"])
        self.torch = torch
        (given,) = {name for name, about in job["values"].items() if about["sampled"]}
        (trained,) = set(job["values"]) - {given}
        self.names = (given, trained)

        @qml.qnode(qml.device(self.device, wires=job["wires"]))
        def node(inputs: Any, weights: Any) -> Any:
            apply(qml, job["gates"], {given: inputs, trained: weights})
            return [qml.expval(qml.Z(wire)) for wire in job["read"]]

        self.layer = qml.qnn.TorchLayer(node, {"weights": job["values"][trained]["shape"]})

    def prepare(self, values: dict[str, Any]) -> Any:
        given, trained = self.names
        with self.torch.no_grad():
            self.layer.weights.copy_(self.torch.tensor(values[trained]))
        return self.torch.tensor(values[given], requires_grad=True), self.torch.tensor(values["weights"])

    def step(self, prepared: Any) -> Any:
        inputs, weights = prepared
        self.layer.zero_grad()
        out = self.layer(inputs)
        (weights * out).sum().backward()
        given, trained = self.names
        return {"values": out, f"d {given}": inputs.grad, f"d {trained}": self.layer.weights.grad}
