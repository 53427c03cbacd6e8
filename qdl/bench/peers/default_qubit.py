"""PennyLane's default.qubit: the batch by parameter broadcasting, gradients by backpropagation. complex128.

Recipe: https://docs.pennylane.ai/en/stable/introduction/circuits.html#parameter-broadcasting-in-qnodes, with the
interface that PennyLane installs itself (autograd); `default_qubit_jit` is the same under JAX.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

apply = runpy.run_path(str(Path(__file__).with_name("lightning.py")))["apply"]  # no folder of peers is ever on the path
PACKAGES = ["pennylane", "autograd", "numpy"]


class Peer:
    precision = "complex128"
    simulator = "default.qubit"

    def __init__(self, job: dict[str, Any]) -> None:
        import pennylane as qml

        self.qml, self.job, self.names = qml, job, list(job["values"])
        device = qml.device(self.simulator, wires=job["wires"])
        if job["ask"] == "state":
            self.node = qml.QNode(self._state, device, diff_method=None)
        else:
            self.node = qml.QNode(self._read, device, diff_method="backprop")
            self.grad = qml.grad(self._loss, argnums=list(range(len(self.names))))

    def _gates(self, values: tuple[Any, ...]) -> None:
        apply(self.qml, self.job["gates"], dict(zip(self.names, values, strict=True)))

    def _state(self, *values: Any) -> Any:
        self._gates(values)
        return self.qml.state()

    def _read(self, *values: Any) -> Any:
        self._gates(values)
        return [self.qml.expval(self.qml.Z(wire)) for wire in self.job["read"]]

    def _loss(self, *values: Any) -> Any:
        self.read = self.node(*values)
        return sum((self.weights[..., k] * read).sum() for k, read in enumerate(self.read))

    def prepare(self, values: dict[str, Any]) -> Any:
        from pennylane import numpy as tracked

        return [tracked.array(values[name], requires_grad=True) for name in self.names], values["weights"]

    def step(self, prepared: Any) -> Any:
        import numpy as np

        inputs, self.weights = prepared
        if self.job["ask"] == "state":
            return {"state": self.node(*inputs)}
        found = self.grad(*inputs)
        found = found if isinstance(found, tuple) else (found,)
        read = np.stack([getattr(value, "_value", value) for value in self.read], -1)
        return {"values": read, **{f"d {name}": g for name, g in zip(self.names, found, strict=True)}}
