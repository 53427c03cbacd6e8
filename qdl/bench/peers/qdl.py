"""qdl itself, by its public face, with the same protocol as everybody else.

Gradients are torch's: ``backward`` of the weighted sum of the values.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["qdl", "torch", "numpy"]


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        import torch

        torch.set_num_threads(job["threads"])
        self.torch, self.ask, self.names = torch, job["ask"], list(job["values"])
        self.dtype = torch.float32 if job["precision"] == "single" else torch.float64
        self.precision = "complex64" if job["precision"] == "single" else "complex128"
        kinds = {"gradient": self._words, "values": self._words, "state": self._state, "layer": self._layer}
        self.run = kinds[self.ask](job)

    def _circuit(self, job: dict[str, Any]) -> Any:
        from qdl.ir import Circuit, Param
        from qdl.ir.channels import CHANNELS

        params = {name: Param(name, about["shape"][-1]) for name, about in job["values"].items()}

        def angle(a: Any) -> Any:
            if isinstance(a, float):
                return a
            entry = params[a[0]][a[1]]
            return entry if a[2:] == [1, 0] else a[2] * entry + a[3]

        circuit = Circuit(job["wires"])
        for name, wires, angles in job["gates"]:
            if name in CHANNELS:
                circuit.channel(name, *map(angle, angles), wires=wires)
            else:
                circuit.gate(name, *map(angle, angles), *wires)
        return circuit

    def _words(self, job: dict[str, Any]) -> Any:
        from qdl.ir import Z
        from qdl.run import compile

        read = [Z(one) if isinstance(one, int) else word(one) for one in job["read"]]
        count = job["trajectories"]
        return compile(self._circuit(job), read, engine=f"trajectory:{count}" if count else job["engine"])

    def _state(self, job: dict[str, Any]) -> Any:
        from qdl.run import state

        circuit = self._circuit(job)
        return lambda values: state(circuit, values)

    def _layer(self, job: dict[str, Any]) -> Any:
        from qdl.nn import QuantumConv2d

        outputs, inputs, size, _ = job["values"]["weight"]["shape"]
        layer = QuantumConv2d(inputs, outputs, size, padding=job["padding"], coupling=1.0, dtype=self.dtype)
        call = self.torch.func.functional_call
        return lambda v: call(layer, {"weight": v["weight"], "bias": v["bias"]}, (v["x"],))

    def prepare(self, values: dict[str, Any]) -> Any:
        track = self.ask in ("gradient", "layer")
        tensors = {name: self.torch.tensor(values[name], requires_grad=track) for name in self.names}
        return tensors, self.torch.tensor(values["weights"]), int(values.get("seed", 0))

    def step(self, prepared: Any) -> Any:
        values, weights, seed = prepared
        if self.ask == "state":
            return {"state": self.run(values)}
        if self.ask == "values":
            return {"values": self.run(values, seed=seed)}
        out = self.run(values)
        found = self.torch.autograd.grad(out, list(values.values()), weights)
        return {"values": out.detach(), **{f"d {name}": g for name, g in zip(values, found, strict=True)}}


def word(factors: list[Any]) -> Any:
    """A Pauli word of [letter, wire] pairs."""
    from qdl.ir import X, Y, Z

    letters = {"X": X, "Y": Y, "Z": Z}
    first, *more = (letters[letter](wire) for letter, wire in factors)
    for factor in more:
        first = first @ factor
    return first
