"""A7: the ReLU as a photoelectric effect, the softplus as its thermal emission."""

from __future__ import annotations

from math import log

import pytest
import torch

from qdl.nn import Photoelectric
from tests.claims.conftest import Measured


def quadrature(x: torch.Tensor, temperature: float) -> torch.Tensor:
    """int_0^inf dE / (1 + e^{(E - x)/T}) by Gauss-Legendre rules on both sides of the Fermi edge."""
    import numpy as np

    nodes, weights = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(400))
    edge = x.clamp(min=0)[:, None]
    total = torch.zeros_like(x)
    for low, high in ((torch.zeros_like(edge), edge), (edge, edge + 60 * temperature)):
        energy = low + (high - low) * (nodes + 1) / 2
        total += ((high - low) / 2 * weights * torch.sigmoid((x[:, None] - energy) / temperature)).sum(-1)
    return total


@pytest.mark.claim("A7", "thermal emission, the integral of the Fermi function over all energies, is the softplus")
@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_a07_emission_is_the_softplus(temperature: float, measured: Measured) -> None:
    x = torch.linspace(-8, 8, 41, dtype=torch.float64)
    layer = Photoelectric(temperature, work_function=0.7)
    difference = (quadrature(x - 0.7, temperature) - layer(x)).abs().max()
    measured("largest difference", difference, at_most=1e-10)


@pytest.mark.claim("A7", "at T = 0 it is the ReLU; at T it exceeds that by at most T ln 2, exactly at the threshold")
@pytest.mark.parametrize("temperature", [1e-3, 0.5, 1.0, 20.0])
def test_a07_distance_to_the_relu(temperature: float, measured: Measured) -> None:
    x = torch.arange(-1000, 1001).double() / 100
    measured("T = 0 to the ReLU", (Photoelectric(0.0)(x) - x.relu()).abs().max(), at_most=0)
    excess = (Photoelectric(temperature)(x) - x.relu()) / temperature
    measured("largest excess / T ln 2", excess.max() / log(2), at_least=1 - 1e-12, at_most=1 + 1e-12)
    measured("where it is, distance to the threshold", x[excess.argmax()].abs(), at_most=0)
    measured("least excess", excess.min(), at_least=0)


@pytest.mark.claim("A7", "large arguments neither overflow nor lose the tail")
def test_a07_extremes(measured: Measured) -> None:
    x = torch.tensor([-700.0, -50.0, 50.0, 1e300], dtype=torch.float64)
    found = Photoelectric()(x)
    measured("ratio to e^x at -50, -1", (found[1] / torch.tensor(-50.0).double().exp() - 1).abs(), at_most=1e-12)
    measured("ratio to e^x at -700, -1", (found[0] / torch.tensor(-700.0).double().exp() - 1).abs(), at_most=1e-12)
    measured("relative difference to x at 50 and 1e300", (found[2:] / x[2:] - 1).abs().max(), at_most=1e-15)


@pytest.mark.claim("A7", "counted electrons have a Poisson law: their variance is their mean")
def test_a07_counting_noise(measured: Measured) -> None:
    """Pilot, 20 other seeds: means off by up to 3.3 sigma, |variance / mean - 1| up to 0.018."""
    x = torch.tensor([-1.0, 0.0, 1.0, 3.0, 10.0], dtype=torch.float64)
    for seed in range(5):
        counts = Photoelectric(exposure=1.0, seed=seed)(x.expand(40_000, 5))
        rate = Photoelectric()(x)
        measured("mean off, in sigma", ((counts.mean(0) - rate).abs() / (rate / 40_000).sqrt()).max(), at_most=5)
        measured("variance / mean off 1 by", (counts.var(0) / counts.mean(0) - 1).abs().max(), at_most=0.05)
    long = Photoelectric(exposure=25.0, seed=9)(x.expand(40_000, 5))
    measured(
        "25 variance / mean at exposure 25 off 1 by", (25 * long.var(0) / long.mean(0) - 1).abs().max(), at_most=0.05
    )
