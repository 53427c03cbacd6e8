"""A11: the cost function comes from entropy."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from qdl.nn import (
    FreeEnergyLoss,
    MaxEntDualLoss,
    ProbabilityCrossEntropyLoss,
    QuantumRelativeEntropyLoss,
    RelativeEntropyLoss,
)
from qdl.physics.information import entropy
from qdl.physics.thermal.gibbs import free_energy, gibbs_state
from tests.claims.conftest import Measured

LOGIT, RATE = -10.0, 1.0


def distributions(count: int, size: int) -> Tensor:
    return (3 * torch.randn(count, size, dtype=torch.float64)).softmax(1)


def states(count: int, size: int) -> Tensor:
    a = torch.randn(count, size, size, dtype=torch.complex128)
    rho = a @ a.mH
    return rho / rho.diagonal(dim1=1, dim2=2).sum(1).real[:, None, None]


@pytest.mark.claim("A11", "cross-entropy is entropy plus relative entropy: H(p, q) = S(p) + D(p‖q)")
@pytest.mark.parametrize("seed", range(5))
def test_a11_cross_entropy_is_entropy_plus_relative_entropy(seed: int, measured: Measured) -> None:
    torch.manual_seed(seed)
    p, q = distributions(100, 16), distributions(100, 16)
    crossed = ProbabilityCrossEntropyLoss(reduction="none")(q, p)
    own = entropy(torch.diag_embed(p))
    measured("largest difference", (crossed - own - RelativeEntropyLoss("none")(q, p)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A11", "free energy above its minimum is relative entropy to the Gibbs state: b(F[q] - F) = D(q‖g)")
@pytest.mark.parametrize("seed", range(5))
def test_a11_free_energy_is_relative_entropy_to_the_gibbs_state(seed: int, measured: Measured) -> None:
    torch.manual_seed(seed)
    beta, energies, q = 0.7, torch.randn(16, dtype=torch.float64), distributions(100, 16)
    least = -torch.logsumexp(-beta * energies, 0) / beta
    excess = beta * (FreeEnergyLoss(energies, 1 / beta, "none")(q) - least)
    gibbs = (-beta * energies).softmax(0).expand_as(q)
    found = (excess - RelativeEntropyLoss("none")(gibbs, q)).abs().max()
    measured("largest difference, distributions", found, at_most=1e-12)

    a = torch.randn(8, 8, dtype=torch.complex128)
    hamiltonian, rho = (a + a.mH) / 4, states(100, 8)
    excess = beta * (FreeEnergyLoss(hamiltonian, 1 / beta, "none")(rho) - free_energy(hamiltonian, beta))
    gibbs_matrix = gibbs_state(hamiltonian, beta).expand_as(rho)
    found = (excess - QuantumRelativeEntropyLoss("none")(gibbs_matrix, rho)).abs().max()
    measured("largest difference, density matrices", found, at_most=1e-12)


def slope(cost: str, logit: Tensor) -> Tensor:
    """By the logit of the probability of the true class."""
    q = logit.sigmoid()
    value = (1 - q).square() if cost == "square" else ProbabilityCrossEntropyLoss()(
        torch.stack([1 - q, q]), torch.tensor(1)
    )  # fmt: skip
    return torch.autograd.grad(value, logit)[0]


@pytest.mark.claim("A11", "cross-entropy has the slope q - p by a logit, the square error the factor q(1 - q) more")
def test_a11_the_square_error_forgets_a_confident_mistake(measured: Measured) -> None:
    logits = torch.linspace(-10, 10, 41, dtype=torch.float64)
    worst = 0.0
    for logit in logits:
        at, q = logit.clone().requires_grad_(), logit.sigmoid()
        worst = max(worst, float((slope("cross", at) - (q - 1)).abs()))
        worst = max(worst, float((slope("square", at) - 2 * (q - 1) * q * (1 - q)).abs()))
    measured("largest difference", worst, at_most=1e-12)

    at = torch.tensor(LOGIT, dtype=torch.float64, requires_grad=True)
    q = at.detach().sigmoid()
    ratio = slope("square", at) / slope("cross", at)
    measured("first slopes, square error by cross-entropy", ratio, at_least=8.9e-5, at_most=9.2e-5)
    measured("its relative difference to 2q(1 - q)", abs(ratio / (2 * q * (1 - q)) - 1), at_most=1e-9)

    steps = 0
    while at.sigmoid() < 0.5 and steps < 1000:
        at = (at - RATE * slope("cross", at)).detach().requires_grad_()
        steps += 1
    measured("steps of cross-entropy from a logit of -10 to a half", steps, at_least=10, at_most=13)

    at = torch.tensor(LOGIT, dtype=torch.float64, requires_grad=True)
    for _ in range(1000):
        at = (at - RATE * slope("square", at)).detach().requires_grad_()
    measured("logit of the square error after 1000 steps", at.detach(), at_most=-5)


@pytest.mark.claim("A11", "no measurement tells two states further apart than their quantum relative entropy")
def test_a11_no_measurement_exceeds_the_quantum_relative_entropy(measured: Measured) -> None:
    worst, tightest = torch.tensor(torch.inf), torch.tensor(torch.inf)
    for size in (2, 4, 8, 16, 32):
        rho, sigma = states(100, size), states(100, size)
        basis = torch.linalg.qr(torch.randn(100, size, size, dtype=torch.complex128)).Q
        p, q = ((basis.mH @ state @ basis).diagonal(dim1=1, dim2=2).real for state in (rho, sigma))
        room = QuantumRelativeEntropyLoss("none")(sigma, rho) - RelativeEntropyLoss("none")(q, p)
        worst = torch.minimum(worst, room.min())
        # In the common eigenbasis of commuting states nothing is lost.
        weights = torch.stack([torch.rand(100, size, dtype=torch.float64).softmax(1) for _ in range(2)])
        one, other = ((basis * w[:, None]) @ basis.mH for w in weights)
        same = QuantumRelativeEntropyLoss("none")(other, one) - RelativeEntropyLoss("none")(weights[1], weights[0])
        tightest = torch.minimum(tightest, -same.abs().max())
    measured("least room over 500 random pairs and measurements", worst, at_least=0)
    measured("difference where the states commute", -tightest, at_most=1e-12)


@pytest.fixture(scope="module")
def digits() -> tuple[Tensor, Tensor]:
    """The 1797 embedded digits, 4x2 pixels and a constant: few enough for a finite optimum."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    images = torch.from_numpy(raw.images)[:, None] / 16
    pixels = nn.functional.avg_pool2d(images, (2, 4)).flatten(1)
    pixels = torch.cat([pixels, torch.ones(len(pixels), 1, dtype=torch.float64)], 1)
    return pixels, torch.from_numpy(raw.target).long()


@pytest.mark.claim("A11", "at the optimum of cross-entropy the model's averages of x y are those of the data (digits)")
def test_a11_the_dual_of_maximal_entropy(digits: tuple[Tensor, Tensor], measured: Measured) -> None:
    x, y = digits
    truth = one_hot(y, 10).double()
    dual, cross = MaxEntDualLoss(torch.eye(10)), nn.CrossEntropyLoss()
    weights = torch.zeros(x.shape[1], 10, dtype=torch.float64)

    for _ in range(12):  # Newton's method: the curvature is the covariance of x y
        p = (x @ weights).softmax(1)
        spread = torch.diag_embed(p) - p[:, :, None] * p[:, None]
        curvature = torch.einsum("na,nb,ncd->acbd", x, x, spread).flatten(0, 1).flatten(1)
        slope = x.T @ (p - truth)
        weights -= (torch.linalg.pinv(curvature, hermitian=True) @ slope.flatten()).reshape(slope.shape)
    data, model = (x.T @ each / len(x) for each in (truth, (x @ weights).softmax(1)))
    measured("largest difference of averages", (data - model).abs().max(), at_most=1e-6)
    found, wanted = dual(x @ weights, truth), cross(x @ weights, y)
    measured("difference of the dual and the cross-entropy", (found - wanted).abs(), at_most=1e-12)
    p = (x @ weights).softmax(1)
    own = ProbabilityCrossEntropyLoss()(p, p)
    measured("difference of its value and the model's entropy", (found - own).abs(), at_most=1e-6)
    measured("cross-entropy (nat): not zero, so the optimum is finite", wanted, at_least=0.1)
