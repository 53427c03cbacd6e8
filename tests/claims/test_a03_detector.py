"""A3a: a convolution is what a biased detector qubit reads of the quanta in a patch."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.nn import QuantumConv2d, configure
from qdl.physics import third_moment
from tests.claims.conftest import Measured
from tests.claims.slopes import log_slope

DOUBLE = {"dtype": torch.float64}
GEOMETRIES: list[dict[str, Any]] = [
    {},
    {"stride": 2, "padding": 2},
    {"dilation": 2, "padding": (1, 2)},
    {"groups": 2, "padding": "same", "padding_mode": "circular"},
]


def twins(seed: int, **arguments: Any) -> tuple[nn.Conv2d, Tensor]:
    """A convolution with signed weights and several channels, and images with numbers beyond 1."""
    torch.manual_seed(seed)
    return nn.Conv2d(4, 6, 3, **DOUBLE, **arguments), 2 * torch.randn(2, 4, 6, 7, **DOUBLE)


@pytest.mark.claim("A3a", "the linear readout tends to torch's conv2d with an error of the order g^2")
@pytest.mark.parametrize("arguments", GEOMETRIES, ids=str)
def test_a3_detector_error_slope(arguments: dict[str, Any], measured: Measured) -> None:
    conv, x = twins(0, **arguments)
    errors = [(g, (QuantumConv2d.from_conv2d(conv, g)(x) - conv(x)).norm()) for g in (0.05, 0.02, 0.01, 0.005)]
    measured("log-log slope", log_slope(errors), at_least=1.95, at_most=2.05)


@pytest.mark.claim("A3a", "the error's prefactor is E[W^3]/6")
@pytest.mark.parametrize("seed", range(5))
def test_a3_detector_error_prefactor(seed: int, measured: Measured) -> None:
    conv, x = twins(seed, bias=False)
    m, g = x.abs().amax((1, 2, 3), keepdim=True), 0.005
    patches = nn.functional.unfold(x / m, 3).mT[:, :, None]
    predicted = -m.flatten(1)[:, :, None] * g**2 * third_moment(patches, conv.weight.flatten(1)) / 6
    error = (QuantumConv2d.from_conv2d(conv, g)(x) - conv(x)).flatten(2).mT
    measured("relative difference of all errors", (error - predicted).norm() / predicted.norm(), at_most=0.02)


@pytest.mark.claim(
    "A3a", "the detector answers E sin(gW), summed over all states of the patch: Im prod(1 - x + x e^igw)"
)
@pytest.mark.parametrize("coupling", [0.05, 0.7, 3.0])
@pytest.mark.parametrize("seed", range(3))
def test_a3_detector_closed_form(seed: int, coupling: float, measured: Measured) -> None:
    torch.manual_seed(seed)
    layer = QuantumConv2d(1, 1, 3, coupling=coupling, encoding="probability", bias=False, **DOUBLE)
    with torch.no_grad():
        w, x = layer.weight.normal_().flatten(), torch.rand(9, **DOUBLE)
    n = torch.tensor(list(product((0.0, 1.0), repeat=9)), **DOUBLE)
    chance = torch.where(n == 1, x, 1 - x).prod(1)
    summed = chance @ (coupling * n @ w).sin()
    found = coupling * layer(x.reshape(1, 1, 3, 3)).detach().flatten()[0]
    measured("to the sum over all states", (found - summed).abs(), at_most=1e-12)
    factors = 1 - x + x * torch.exp(1j * coupling * w)
    measured("to the product over the patch", (found - factors.prod().imag).abs(), at_most=1e-12)


@pytest.mark.claim("A3a", "the full circuit gives the closed form")
@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_a3_detector_circuit(readout: str, measured: Measured) -> None:
    torch.manual_seed(1)
    layer = QuantumConv2d(2, 4, 2, groups=2, padding=1, readout=readout, coupling=1.1, **DOUBLE)
    x = 2 * torch.randn(2, 2, 3, 4, **DOUBLE)
    closed = layer(x)
    measured("largest difference", (configure(layer, engine="state")(x) - closed).abs().max(), at_most=1e-12)


@pytest.mark.claim("A3a", "the detector's excitation number is 1/2 + (g/2) w.x + O(g^3)")
def test_a3_detector_excitation_number(measured: Measured) -> None:
    torch.manual_seed(2)
    x, w = torch.rand(4, **DOUBLE), torch.randn(4, **DOUBLE)
    errors = []
    for g in (0.04, 0.02, 0.01):
        circuit = qdl.nn.conv.detector_circuit(4, g)
        number = qdl.expval(circuit, qdl.N(4), {"x": x, "weight": w})
        errors.append((g, (number - 0.5 - g / 2 * (w @ x)).abs()))
    measured("log-log slope of the remainder", log_slope(errors), at_least=2.95, at_most=3.05)
