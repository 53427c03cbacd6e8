"""The detector layer as its formula says, in float64: the reference of the row, never timed.

With g = 1, E[sin W] = Im prod_i (1 - x_i + x_i e^{i w_i}) over the patch, for excitation probabilities x_i in [0, 1]
(PHYSICS.md A3a); written as 1 - |x| (1 - cos w) + i x sin w, whose derivative at x = 0 is the mean of both sides. The
scale of a sample is max(1, max|x|) = 1 here.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["torch", "numpy"]


class Peer:
    precision = "float64"

    def __init__(self, job: dict[str, Any]) -> None:
        import torch

        torch.set_num_threads(job["threads"])
        self.torch, self.padding, self.names = torch, job["padding"], list(job["values"])

    def prepare(self, values: dict[str, Any]) -> Any:
        kind = self.torch.float64
        tensors = {name: self.torch.tensor(values[name], dtype=kind, requires_grad=True) for name in self.names}
        return tensors, self.torch.tensor(values["weights"], dtype=kind)

    def step(self, prepared: Any) -> Any:
        torch, (v, weights) = self.torch, prepared
        read, found = [], [torch.zeros_like(value) for value in v.values()]
        for i in range(len(v["x"])):  # an image at a time, to keep the factors in memory
            out = self._image(v["x"][i : i + 1], v["weight"], v["bias"])
            grads = torch.autograd.grad(out, list(v.values()), weights[i : i + 1])
            found = [total + grad for total, grad in zip(found, grads, strict=True)]
            read.append(out.detach())
        return {"values": torch.cat(read), **{f"d {name}": g for name, g in zip(v, found, strict=True)}}

    def _image(self, x: Any, weight: Any, bias: Any) -> Any:
        torch = self.torch
        patches = torch.nn.functional.unfold(x, weight.shape[-1], padding=self.padding)[0].T[:, None, :]
        angles = weight.flatten(1)
        real, imaginary = 1 - patches.abs() * (1 - angles.cos()), patches * angles.sin()
        product = torch.complex(real, imaginary).log().sum(-1).exp()  # no factor is zero while |w| <= 1
        return (product.imag + bias).T.reshape(1, len(weight), *x.shape[2:])
