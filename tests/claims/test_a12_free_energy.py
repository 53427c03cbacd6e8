"""A12: energy is minimised, entropy maximised: both in the free energy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from qdl.ir import X, Z
from qdl.nn import FreeEnergyLoss
from qdl.physics.thermal.gibbs import free_energy, gibbs_state, operator
from tests.claims.conftest import Measured


def ising(wires: int, field: float = 0.8) -> Tensor:
    """An open chain in a transverse and a weak longitudinal field: nothing commutes, nothing is degenerate."""
    bonds = [-1.0 * Z(w) @ Z(w + 1) for w in range(wires - 1)]
    fields = [-field * X(w) - 0.1 * (w + 1) * Z(w) for w in range(wires)]
    return operator(sum(bonds[1:] + fields, bonds[0]), wires)


def descend(loss: FreeEnergyLoss, of: Callable[[Tensor], Tensor], start: Tensor, steps: int) -> Tensor:
    """Plain gradient descent in amplitudes, all starts at once; a step that leads up is halved, others grow."""
    at, rate = start.requires_grad_(), 1.0
    value = loss(of(at)).sum()
    for _ in range(steps):
        (slope,) = torch.autograd.grad(value, at)
        while True:
            moved = (at - rate * slope).detach().requires_grad_()
            found = loss(of(moved)).sum()
            if found <= value or rate < 1e-12:
                break
            rate /= 2
        at, value, rate = moved, found, 1.3 * rate
    return at.detach()


def state_of(a: Tensor) -> Tensor:
    product = a @ a.mT
    return product / product.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]


def weights_of(a: Tensor) -> Tensor:
    return a.square() / a.square().sum(-1, keepdim=True)


@pytest.mark.claim("A12", "gradient descent on <H> - T S from random states ends at the Gibbs state, at -T ln Z")
@pytest.mark.parametrize("wires", [3, 4])
def test_a12_descent_ends_at_the_gibbs_state(wires: int, measured: Measured) -> None:
    temperature, hamiltonian = 1.0, ising(wires)
    loss = FreeEnergyLoss(hamiltonian, temperature, "none")
    starts = torch.randn(5, 2**wires, 2**wires, dtype=torch.float64)
    rho = state_of(descend(loss, state_of, starts, 400))
    excess = loss(rho) - free_energy(hamiltonian, 1 / temperature)
    measured(f"free energy above -T ln Z, {wires} qubits, worst of 5 starts", excess.max(), at_most=1e-8)
    measured(f"the same, least, {wires} qubits", excess.min(), at_least=-1e-12)
    distance = torch.linalg.matrix_norm(rho - gibbs_state(hamiltonian, 1 / temperature), "nuc") / 2
    measured(f"trace distance to the Gibbs state, {wires} qubits", distance.max(), at_most=1e-3)


@pytest.mark.claim("A12", "so does descent over distributions: it ends at the Boltzmann weights")
def test_a12_descent_ends_at_the_boltzmann_weights(measured: Measured) -> None:
    temperature, energies = 0.6, torch.randn(16, dtype=torch.float64)
    loss = FreeEnergyLoss(energies, temperature, "none")
    p = weights_of(descend(loss, weights_of, torch.randn(5, 16, dtype=torch.float64), 400))
    excess = loss(p) + temperature * torch.logsumexp(-energies / temperature, 0)
    measured("free energy above -T ln Z, worst of 5 starts", excess.max(), at_most=1e-8)
    measured("the same, least", excess.min(), at_least=-1e-12)
    measured("largest difference to the weights", (p - (-energies / temperature).softmax(0)).abs().max(), at_most=1e-3)


@pytest.mark.claim("A12", "no state has less free energy than the Gibbs state: 1000 random states, three temperatures")
def test_a12_no_state_lies_below(measured: Measured) -> None:
    hamiltonian = ising(3)
    a = torch.randn(1000, 8, 8, dtype=torch.float64)
    rho = state_of(a)
    room = min(
        (FreeEnergyLoss(hamiltonian, t, "none")(rho) - free_energy(hamiltonian, 1 / t)).min() for t in (0.1, 1.0, 10.0)
    )
    measured("least room", room, at_least=0)
