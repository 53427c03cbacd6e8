"""PennyLane's lightning.qubit: adjoint gradients in complex64, one circuit at a time.

Recipe: https://docs.pennylane.ai/projects/lightning/en/stable/lightning_qubit/device.html (``c_dtype=np.complex64``,
``diff_method="adjoint"``); ``device_vjp`` makes it one reverse sweep for all observables.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["pennylane-lightning", "pennylane", "autograd", "numpy"]


class Peer:
    loops = True

    def __init__(self, job: dict[str, Any]) -> None:
        import numpy as np
        import pennylane as qml

        self.qml, self.job, self.names = qml, job, list(job["values"])
        device = qml.device("lightning.qubit", wires=job["wires"], c_dtype=np.complex64)
        if job["ask"] == "state":
            self.node = qml.QNode(self._state, device, diff_method=None)
        else:
            self.node = qml.QNode(self._read, device, diff_method="adjoint", device_vjp=True)
            self.grad = qml.grad(self._loss, argnums=list(range(len(self.names))))

    def _gates(self, values: dict[str, Any]) -> None:
        apply(self.qml, self.job["gates"], values)

    def _state(self, *values: Any) -> Any:
        self._gates(dict(zip(self.names, values, strict=True)))
        return self.qml.state()

    def _read(self, *values: Any) -> Any:
        self._gates(dict(zip(self.names, values, strict=True)))
        return [self.qml.expval(self.qml.Z(wire)) for wire in self.job["read"]]

    def _loss(self, *values: Any) -> Any:
        self.read = self.node(*values)
        return sum(w * read for w, read in zip(self.weights, self.read, strict=True))

    def prepare(self, values: dict[str, Any]) -> Any:
        from pennylane import numpy as tracked

        inputs = [tracked.array(values[name], requires_grad=True) for name in self.names]
        return inputs, values["weights"].tolist()

    def step(self, prepared: Any) -> Any:
        inputs, self.weights = prepared
        if self.job["ask"] == "state":
            return {"state": self.node(*inputs)}
        found = self.grad(*inputs)
        found = found if isinstance(found, tuple) else (found,)
        read = [getattr(value, "_value", value) for value in self.read]
        return {"values": read, **{f"d {name}": g for name, g in zip(self.names, found, strict=True)}}


def apply(qml: Any, gates: list[Any], values: dict[str, Any]) -> None:
    """Queues the gates and channels of a job; the last axis of a value is the Param's."""
    kinds = {
        "rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "crx": qml.CRX, "crz": qml.CRZ, "cp": qml.ControlledPhaseShift,
        "h": qml.Hadamard, "x": qml.X, "cx": qml.CNOT, "swap": qml.SWAP,
        "depolarizing": qml.DepolarizingChannel, "amplitude_damping": qml.AmplitudeDamping,
    }  # fmt: skip
    for name, wires, angles in gates:
        numbers = [a if isinstance(a, float) else a[2] * values[a[0]][..., a[1]] + a[3] for a in angles]
        kinds[name](*numbers, wires=wires)
