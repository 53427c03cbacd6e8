"""DeepQuantum: a circuit as a torch module; data by vmap over the batch, gradients by torch's autograd, in complex64.

Recipe: https://dqapi.turingq.com/en/latest/ (``encode=True`` for what data sets, ``circuit(data)`` on a batch,
``expectation()``). All angles are passed as data, weights expanded over the batch, since one weight that stands in
several gates cannot be the module's own parameter.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["deepquantum", "torch", "numpy"]


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        import deepquantum as dq
        import torch

        torch.set_num_threads(job["threads"])
        self.torch, self.job, self.names = torch, job, list(job["values"])
        self.circuit = dq.QubitCircuit(job["wires"])
        self.angles: list[Any] = []
        for name, wires, angles in job["gates"]:
            self._gate(name, wires, angles)
        for wire in job["read"]:
            self.circuit.observable(wires=wire, basis="z")

    def _gate(self, name: str, wires: list[int], angles: list[Any]) -> None:
        add = getattr(self.circuit, name)
        places = [wires] if name == "swap" else wires
        if not angles:
            add(*places)
        elif isinstance(angles[0], float):
            add(*places, inputs=angles[0])
        else:
            add(*places, encode=True)
            self.angles.append(angles[0])

    def prepare(self, values: dict[str, Any]) -> Any:
        track = self.job["ask"] != "state"
        tensors = {name: self.torch.tensor(values[name], requires_grad=track) for name in self.names}
        return tensors, self.torch.tensor(values["weights"])

    def _data(self, values: dict[str, Any]) -> Any:
        """All angles in the order of the gates, (batch, angles) or (angles,)."""
        torch, batch = self.torch, [self.job["batch"]] if self.job["batch"] is not None else []
        flat = torch.cat([values[name].expand(*batch, values[name].shape[-1]) for name in self.names], -1)
        starts, start = {}, 0
        for name in self.names:
            starts[name], start = start, start + values[name].shape[-1]
        places = torch.tensor([starts[name] + index for name, index, _, _ in self.angles])
        scales = torch.tensor([scale for _, _, scale, _ in self.angles], dtype=flat.dtype)
        offsets = torch.tensor([offset for _, _, _, offset in self.angles], dtype=flat.dtype)
        return flat[..., places] * scales + offsets

    def step(self, prepared: Any) -> Any:
        values, weights = prepared
        state = self.circuit(data=self._data(values))
        if self.job["ask"] == "state":
            return {"state": state.reshape(-1)}
        out = self.circuit.expectation().reshape(weights.shape)
        found = self.torch.autograd.grad((out * weights).sum(), list(values.values()))
        return {"values": out.detach(), **{f"d {name}": g for name, g in zip(values, found, strict=True)}}
