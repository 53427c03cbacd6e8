"""A circuit that is unlike itself under every swap, and values for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from qdl.ir import Circuit, Hermitian, I, Param, X, Y, Z

x, theta = Param("x", 2), Param("theta", 3)
MATRIX = np.array([[0.4, 1 - 2j], [1 + 2j, -0.7]])
OBSERVABLES = [Z(0), 0.5 * X(1) @ Y(2), Hermitian(MATRIX, 1) @ Z(2) - X(0) * theta[0], 2 * I() + Z(2)]


def circuit(turn: float = 0.3) -> Circuit:
    """Asymmetric, with shared and per-sample gates before and after each other; `turn` makes it a new circuit."""
    made = Circuit(3).ry(theta[0], 0).h(2).cx(0, 1).rx(x[0], 1).rzz(theta[1], 0, 2).crx(theta[2] * x[1], 1, 2)
    return made.ry(x[1], 2).u(turn, theta[0], x[0] - 1, 0)


def values(*batch: int, dtype: torch.dtype = torch.float64, seed: int = 0) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(seed)
    made = {"theta": torch.rand(3, generator=draw), "x": torch.rand(*batch, 2, generator=draw)}
    return {name: value.to(dtype) for name, value in made.items()}


def gradients(out: Tensor, given: dict[str, Tensor]) -> Tensor:
    weights = torch.linspace(-1, 2, out.numel(), dtype=out.dtype).reshape(out.shape)
    return torch.cat([g.flatten() for g in torch.autograd.grad(out, list(given.values()), weights)])


def leaves(given: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.clone().requires_grad_() for name, value in given.items()}
