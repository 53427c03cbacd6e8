"""A1: a neuron is a quantum subsystem that answers an incoming wave function."""

from __future__ import annotations

from math import pi

import pytest
import torch
from torch import Tensor

from qdl.nn import QuantumNeuron, configure
from tests import oracle
from tests.claims.conftest import Measured

DOUBLE = {"dtype": torch.float64}
SHOTS, REPEATS = 1000, 2000


def by_hand(layer: QuantumNeuron, x: Tensor) -> Tensor:
    """Tr[U (rho_x (x) |0><0|) U^+ O] with matrices: U = exp(-i H), H = (g/2) sum_i w_i n_i (x) Y after RY(pi/2)."""
    size = len(x)
    rho = torch.ones(1, 1, dtype=torch.complex128)
    for p in x.abs().tolist():
        psi = torch.tensor([(1 - p) ** 0.5, p**0.5], dtype=torch.complex128)
        rho = torch.kron(rho, torch.outer(psi, psi))
    rho = torch.kron(rho, torch.tensor([[1, 0], [0, 0]], dtype=torch.complex128))
    bias = torch.as_tensor(oracle.kron(*[oracle.I] * size, oracle.expm(oracle.Y, pi / 4)))
    o = torch.as_tensor(-oracle.word("I" * size + "Z"), dtype=torch.complex128)
    quanta = [
        (oracle.word("I" * size + "Y") - oracle.word("I" * i + "Z" + "I" * (size - 1 - i) + "Y")) / 2
        for i in range(size)
    ]
    found = []
    for weight in (x.sign() * layer.weight.detach()).tolist():
        h = sum(layer.coupling / 2 * w * n for w, n in zip(weight, quanta, strict=True))
        u = torch.as_tensor(oracle.expm(h, 1.0)) @ bias
        found.append(torch.trace(u @ rho @ u.mH @ o).real / layer.coupling)
    return torch.stack(found) + layer.bias.detach()


@pytest.mark.claim("A1", "state vector, density matrix, closed form and the definition by matrices are one number")
@pytest.mark.parametrize("seed", range(5))
def test_a1_all_forms_agree(seed: int, measured: Measured) -> None:
    torch.manual_seed(seed)
    layer = QuantumNeuron(4, 3, coupling=1.3, **DOUBLE)
    x = 2 * torch.rand(5, 4, **DOUBLE) - 1
    closed = layer(x).detach()
    for engine in ("state", "density"):
        found = configure(layer, engine=engine)(x).detach()
        measured(f"{engine} against closed form", (found - closed).abs().max(), at_most=1e-12)
    defined = torch.stack([by_hand(layer, row) for row in x])
    measured("definition against closed form", (defined - closed).abs().max(), at_most=1e-12)


@pytest.mark.claim("A1", "with S shots <Z> has the standard deviation sqrt((1 - <Z>^2)/S)")
@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("seed", range(5))
def test_a1_shots_have_the_binomial_spread(seed: int, engine: str, measured: Measured) -> None:
    torch.manual_seed(seed)
    layer = QuantumNeuron(3, 1, bias=False, coupling=1.0, **DOUBLE)
    x = torch.rand(3, **DOUBLE)
    z = -layer(x).detach()
    sampled = configure(layer, engine=engine, shots=SHOTS, seed=seed)(x.expand(REPEATS, 3)).detach()
    expected = ((1 - z.square()) / SHOTS).sqrt()
    measured("relative deviation of the spread", (sampled.std(0) / expected - 1).abs(), at_most=0.05)
    away = (sampled.mean(0) + z).abs() / expected * REPEATS**0.5
    measured("deviation of the mean, in standard errors", away, at_most=4.5)
