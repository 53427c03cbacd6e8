"""pyqtorch: values by name with the batch in the last axis, gradients by torch's autograd, in complex64.

Recipe: https://pasqal-io.github.io/pyqtorch/latest/ (``run`` and ``Observable``; the module moved to complex64). One
circuit run serves all observables; ``DiffMode.AD`` is its default, and faster than its adjoint on batches.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["pyqtorch", "torch", "numpy"]


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        import pyqtorch as pyq
        import torch

        torch.set_num_threads(job["threads"])
        self.torch, self.pyq, self.job, self.names = torch, pyq, job, list(job["values"])
        self.angles: dict[str, Any] = {}
        gates = [self._gate(*gate) for gate in job["gates"]]
        self.circuit = pyq.QuantumCircuit(job["wires"], gates).to(dtype=torch.complex64)
        self.read = [pyq.Observable(pyq.Z(wire)).to(dtype=torch.complex64) for wire in job["read"]]

    def _gate(self, name: str, wires: list[int], angles: list[Any]) -> Any:
        pyq = self.pyq
        kind = {
            "rx": pyq.RX, "ry": pyq.RY, "rz": pyq.RZ, "crx": pyq.CRX, "crz": pyq.CRZ, "cp": pyq.CPHASE,
            "h": pyq.H, "x": pyq.X, "cx": pyq.CNOT, "swap": pyq.SWAP,
        }[name]  # fmt: skip
        if not angles:
            return kind(*wires)
        (a,) = angles
        if isinstance(a, float):
            return kind(*wires, a)
        label = f"{a[0]}_{a[1]}_{a[2]}_{a[3]}"
        self.angles[label] = a
        return kind(*wires, label)

    def prepare(self, values: dict[str, Any]) -> Any:
        track = self.job["ask"] != "state"
        tensors = {name: self.torch.tensor(values[name], requires_grad=track) for name in self.names}
        return tensors, self.torch.tensor(values["weights"])

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        columns = {name: value.unbind(-1) for name, value in values.items()}
        return {label: columns[a[0]][a[1]] * a[2] + a[3] for label, a in self.angles.items()}

    def step(self, prepared: Any) -> Any:
        values, weights = prepared
        named = self._values(values)
        state = self.circuit.init_state(batch_size=self.job["batch"] or 1)
        state = self.pyq.run(self.circuit, state, named)
        if self.job["ask"] == "state":
            return {"state": state.reshape(-1)}
        out = self.torch.stack([one.expectation(state, named) for one in self.read], -1).reshape(weights.shape)
        found = self.torch.autograd.grad((out * weights).sum(), list(values.values()))
        return {"values": out.detach(), **{f"d {name}": g for name, g in zip(values, found, strict=True)}}
