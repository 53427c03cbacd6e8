"""A9: the restricted Boltzmann machine, the macroscopic statistical average."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor

from qdl.nn import RBM
from tests.claims.conftest import Measured

VALUES = {"binary": (0.0, 1.0), "spin": (-1.0, 1.0)}
BOTH = pytest.mark.parametrize("values", VALUES)
SEEDS = pytest.mark.parametrize("seed", range(5))


def machine(values: str, visible: int = 6, hidden: int = 4, seed: int = 0, chains: int = 1000) -> RBM:
    torch.manual_seed(seed)
    rbm = RBM(visible, hidden, values=values, chains=chains, dtype=torch.float64)
    with torch.no_grad():
        for parameter in rbm.parameters():
            parameter.normal_(std=0.5 if values == "binary" else 0.25)
    return rbm


def joint(rbm: RBM) -> tuple[Tensor, Tensor, Tensor]:
    """Visible states, hidden states, and e^{-E} of all pairs, E = -b.v - c.h - h.Wv written out."""
    v, h = (torch.tensor(list(product(VALUES[rbm.values], repeat=n)), dtype=torch.float64) for n in (6, 4))
    with torch.no_grad():
        E = -(v @ rbm.visible_bias)[:, None] - h @ rbm.hidden_bias - torch.einsum("vi,ji,hj->vh", v, rbm.weight, h)
    return v, h, (-E).exp()


@pytest.mark.claim("A9", "P(v) of 6 visible and 4 hidden units, summed over all states, is e^{-F(v)}/Z, and normalised")
@BOTH
def test_a9_enumeration(values: str, measured: Measured) -> None:
    rbm = machine(values)
    v, _, weight = joint(rbm)
    p = weight.sum(1) / weight.sum()
    found = rbm.log_likelihood(v).detach().exp()
    free = (-rbm.free_energy(v) - rbm.log_partition()).detach().exp()
    measured("largest difference of P(v) and the sum", (found - p).abs().max(), at_most=1e-12)
    measured("largest difference of e^{-F}/Z and the sum", (free - p).abs().max(), at_most=1e-12)
    measured("sum of P(v) minus 1", abs(found.sum() - 1), at_most=1e-12)


@pytest.mark.claim("A9", "given v a hidden unit follows the Fermi function; of a spin, at twice the field")
@BOTH
def test_a9_hidden_units_are_fermi_functions(values: str, measured: Measured) -> None:
    rbm = machine(values)
    v, h, weight = joint(rbm)
    high = (weight @ (h > 0).double()) / weight.sum(1, keepdim=True)
    field = (v @ rbm.weight.T + rbm.hidden_bias).detach()
    fermi = 1 / (1 + (-field * (1 if values == "binary" else 2)).exp())
    measured("largest difference of P(h = 1) given v", (high - fermi).abs().max(), at_most=1e-12)
    mean = high if values == "binary" else 2 * high - 1
    measured("largest difference of forward", (rbm(v).detach() - mean).abs().max(), at_most=1e-12)


@pytest.mark.claim("A9", "the gradients of contrastive divergence point along that of the exact likelihood")
@pytest.mark.parametrize("method", ["CD-1", "CD-5", "PCD-1"])
@BOTH
@SEEDS
def test_a9_gradients_of_sampling_point_along_the_exact_one(
    seed: int, values: str, method: str, measured: Measured
) -> None:
    """1000 samples of another machine, 1000 chains; persistent ones after 50 passes."""
    rbm, teacher = machine(values, seed=seed), machine(values, seed=seed + 100)
    with torch.no_grad():
        for parameter in teacher.parameters():
            parameter *= 2
    data = teacher.sample(1000, 50, seed=seed)
    exact = flat(-rbm.log_likelihood(data).mean(), rbm)
    if method == "PCD-1":
        losses = [rbm.persistent_contrastive_divergence(data, seed=k) for k in range(50)]
        estimate = flat(losses[-1], rbm)
    else:
        estimate = flat(rbm.contrastive_divergence(data, steps=int(method[-1]), seed=seed), rbm)
    measured(f"correlation of {method}", torch.corrcoef(torch.stack([estimate, exact]))[0, 1], at_least=0.9)


@pytest.mark.claim("A9", "annealed importance sampling finds ln Z of 10 visible and 8 hidden units within 0.05 nat")
@BOTH
@SEEDS
def test_a9_annealing(seed: int, values: str, measured: Measured) -> None:
    rbm = machine(values, 10, 8, seed)
    value, error = rbm.annealed_log_partition(chains=1000, steps=300, seed=seed)
    off = abs(value - rbm.log_partition().detach())
    measured("error of ln Z", off, at_most=0.05)
    measured("the error over its estimate", off / error, at_most=4)


@pytest.mark.claim("A9", "{0, 1} and {-1, 1} are one law: W/4, fields halved and shifted, ln Z by a constant")
@BOTH
def test_a9_both_alphabets(values: str, measured: Measured) -> None:
    rbm = machine(values)
    other = rbm.converted("spin" if values == "binary" else "binary")
    v, _, _ = joint(rbm)
    mapped = 2 * v - 1 if values == "binary" else (v + 1) / 2
    found, expected = other.log_likelihood(mapped).detach(), rbm.log_likelihood(v).detach()
    measured("largest difference of ln P(v)", (found - expected).abs().max(), at_most=1e-12)
    quarter = (4 if values == "binary" else 0.25) * other.weight - rbm.weight
    measured("largest difference of the weights to a factor 4", quarter.detach().abs().max(), at_most=1e-12)


def flat(loss: Tensor, rbm: RBM) -> Tensor:
    return torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(rbm.parameters()))])
