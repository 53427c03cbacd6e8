"""What the scripts of other libraries' users share: a layer of torch's with one parameter, at values, and its step."""

from __future__ import annotations

from typing import Any


class Network:
    def __init__(self, job: dict[str, Any]) -> None:
        import torch

        torch.set_num_threads(job["threads"])
        self.torch = torch
        (given,) = {name for name, about in job["values"].items() if about["sampled"]}
        (trained,) = set(job["values"]) - {given}
        self.names = (given, trained)
        self.layer = self.made(job, given, trained)
        (self.parameter,) = self.layer.parameters()

    def made(self, job: dict[str, Any], given: str, trained: str) -> Any:
        """The layer, by the names of its inputs and of what it trains."""
        raise NotImplementedError

    def prepare(self, values: dict[str, Any]) -> Any:
        given, trained = self.names
        with self.torch.no_grad():
            self.parameter.copy_(self.torch.tensor(values[trained]))
        return self.torch.tensor(values[given], requires_grad=True), self.torch.tensor(values["weights"])

    def step(self, prepared: Any) -> Any:
        inputs, weights = prepared
        self.layer.zero_grad()
        out = self.layer(inputs)
        (weights * out).sum().backward()
        given, trained = self.names
        return {"values": out, f"d {given}": inputs.grad, f"d {trained}": self.parameter.grad}
