"""A31: the bridge to torch, and the simulator under it."""

from __future__ import annotations

import pytest
import torch

import qdl
from tests.claims.conftest import Measured


def circuit() -> qdl.Circuit:
    """Shared and per-sample angles, a shared Param used twice, and controlled rotations."""
    x, w = qdl.Param("x", 3), qdl.Param("w", 4)
    made = qdl.Circuit(3).ry(x[0], 0).rx(x[1], 1).ry(x[2], 2)
    return made.crx(w[0], 0, 2).rzz(w[1], 1, 2).cry(w[2], 2, 1).rx(w[0], 0).crz(w[3], 1, 0).ry(w[3], 2)


READ = (qdl.Z(0) @ qdl.X(1), 0.7 * qdl.Y(2))


def gradients(grad: str, seed: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(5, 3, dtype=torch.float64, generator=generator).requires_grad_()
    w = torch.rand(4, dtype=torch.float64, generator=generator).requires_grad_()
    read = qdl.expval(circuit(), list(READ), {"x": x, "w": w}, grad=grad)
    return torch.autograd.grad(read.square().sum(), (x, w))


@pytest.mark.claim("A31", "the adjoint gradient equals autograd's, the shift rule's and finite differences")
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("grad", "bound"), [("autograd", 1e-10), ("shift", 1e-10), ("finite", 1e-6)])
def test_a31_gradients_agree(grad: str, bound: float, seed: int, measured: Measured) -> None:
    worst = max((a - b).abs().max() for a, b in zip(gradients("adjoint", seed), gradients(grad, seed), strict=True))
    measured(f"largest difference to {grad}", worst, at_most=bound)


@pytest.mark.claim("A31", "a batch gives what a loop over its samples gives")
def test_a31_a_batch_is_a_loop(measured: Measured) -> None:
    x, w = torch.rand(7, 3, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    batch = qdl.expval(circuit(), list(READ), {"x": x, "w": w})
    loop = torch.stack([qdl.expval(circuit(), list(READ), {"x": one, "w": w}) for one in x])
    measured("largest difference", (batch - loop).abs().max(), at_most=1e-12)


@pytest.mark.claim("A31", "single precision agrees with double")
def test_a31_single_precision_agrees_with_double(measured: Measured) -> None:
    x, w = torch.rand(7, 3, dtype=torch.float64), torch.rand(4, dtype=torch.float64)
    double = qdl.expval(circuit(), list(READ), {"x": x, "w": w})
    single = qdl.expval(circuit(), list(READ), {"x": x.float(), "w": w.float()})
    measured("largest difference", (double - single).abs().max(), at_most=1e-5)
