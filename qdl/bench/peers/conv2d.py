"""torch's own convolution, forward and backward: what the detector layer replaces. It computes another function."""

from __future__ import annotations

from typing import Any

PACKAGES = ["torch", "numpy"]


class Peer:
    precision = "float32"

    def __init__(self, job: dict[str, Any]) -> None:
        import torch

        torch.set_num_threads(job["threads"])
        self.torch, self.padding, self.names = torch, job["padding"], list(job["values"])

    def prepare(self, values: dict[str, Any]) -> Any:
        tensors = {name: self.torch.tensor(values[name], requires_grad=True) for name in self.names}
        return tensors, self.torch.tensor(values["weights"])

    def step(self, prepared: Any) -> Any:
        v, weights = prepared
        out = self.torch.nn.functional.conv2d(v["x"], v["weight"], v["bias"], padding=self.padding)
        found = self.torch.autograd.grad(out, list(v.values()), weights)
        return {"values": out.detach(), **{f"d {name}": g for name, g in zip(v, found, strict=True)}}
