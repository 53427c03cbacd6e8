"""A3c: a convolution is how far the quanta of a patch have moved a detector mode."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.nn import QuantumConv2d, configure
from qdl.nn.conv import displaced_circuit
from qdl.physics.interactions.displaced import displaced_number
from tests.claims.conftest import Measured
from tests.claims.slopes import log_slope

DOUBLE = {"dtype": torch.float64}


def drawn(seed: int, size: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return torch.rand(size, **DOUBLE), 0.5 * torch.randn(size, **DOUBLE)


def simulated(x: Tensor, w: Tensor, g: float, oscillator: float, levels: int) -> Tensor:
    """N_b by a matrix exponential for every configuration of the inputs."""
    lower = torch.diag(torch.arange(1, levels).double().sqrt(), 1).to(torch.complex128)
    q = lower + lower.mH
    vacuum = torch.zeros(levels, dtype=torch.complex128)
    vacuum[0] = 1
    total = torch.zeros((), **DOUBLE)
    for quanta in product((0.0, 1.0), repeat=len(x)):
        n = torch.tensor(quanta, **DOUBLE)
        chance = torch.where(n == 1, x, 1 - x).prod()
        psi = torch.linalg.matrix_exp(-1j * (oscillator + g * (w @ n)) * q) @ vacuum
        total += chance * (psi.abs() ** 2 @ torch.arange(levels).double())
    return total


@pytest.mark.claim("A3c", "N_b = g^2[(w.x)^2 + sum w_i^2 x_i(1 - x_i)], next to an oscillator b0^2 + 2 b0 g w.x more")
@pytest.mark.parametrize("oscillator", [0.0, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_a3_displaced_number(seed: int, oscillator: float, measured: Measured) -> None:
    x, w = drawn(seed, 4)
    g = 0.4
    expected = g**2 * ((w @ x) ** 2 + (w**2 * x * (1 - x)).sum())
    expected = oscillator**2 + 2 * oscillator * g * (w @ x) + expected
    measured("formula against code", (displaced_number(x, w, g, oscillator) - expected).abs(), at_most=1e-12)
    measured("simulation, 40 levels", (simulated(x, w, g, oscillator, 40) - expected).abs(), at_most=1e-10)


@pytest.mark.claim("A3c", "the circuit's number converges with the Fock cutoff")
def test_a3_displaced_cutoff(measured: Measured) -> None:
    x, w = drawn(7, 4)
    g, b0 = 0.5, 1.0
    expected = displaced_number(x, w, g, b0)
    errors = []
    for levels in (4, 8, 16, 32):
        circuit = displaced_circuit(4, g, levels)
        wires = circuit.wires
        number = [2.0 ** (wires - 1 - wire) * qdl.N(wire) for wire in range(4, wires)]
        found = qdl.expval(circuit, number, {"x": x, "weight": w, "oscillator": torch.tensor([b0], **DOUBLE)}).sum()
        errors.append((found - expected).abs().item())
    for levels, larger, smaller in zip((8, 16, 32), errors, errors[1:], strict=False):
        measured(f"error at {levels} levels to that at half as many", smaller / larger, at_most=0.2)
    measured("error at 32 levels", errors[-1], at_most=1e-10)


@pytest.mark.claim("A3c", "without the quantum noise term the number would be wrong")
def test_a3_displaced_noise_is_seen(measured: Measured) -> None:
    x, w = torch.full((4,), 0.5, **DOUBLE), torch.tensor([1.0, -1.0, 1.0, -1.0], **DOUBLE)
    found = simulated(x, w, 0.3, 0.0, 30)
    measured("N_b/g^2 where w.x = 0", found / 0.09, at_least=1 - 1e-9, at_most=1 + 1e-9)


@pytest.mark.claim("A3c", "the layer's circuit gives its closed form")
@pytest.mark.parametrize("readout", ["linear", "excitation"])
@pytest.mark.parametrize("encoding", ["signed", "probability"])
def test_a3_displaced_circuit(readout: str, encoding: str, measured: Measured) -> None:
    torch.manual_seed(3)
    layer = QuantumConv2d(
        2, 2, 2, groups=2, interaction="displaced", readout=readout, encoding=encoding, cutoff=32, **DOUBLE
    )
    x = torch.rand(2, 2, 3, 4, **DOUBLE)
    x = x if encoding == "probability" else 4 * x - 2
    closed = layer(x)
    measured("largest difference", (configure(layer, engine="state")(x) - closed).abs().max(), at_most=1e-10)


@pytest.mark.claim(
    "A3c", "next to a local oscillator the answer is the linear convolution, with an error g E[W^2]/(2 b0)"
)
def test_a3_displaced_slope_and_prefactor(measured: Measured) -> None:
    torch.manual_seed(4)
    conv = nn.Conv2d(4, 6, 3, padding=1, dilation=2, groups=2, **DOUBLE)
    x, b0 = torch.rand(2, 4, 6, 7, **DOUBLE), 1.5
    square = nn.functional.conv2d(x * (1 - x), conv.weight**2, None, 1, 1, 2, 2)
    square = square + (conv(x) - conv.bias[:, None, None]) ** 2
    errors = []
    for g in (0.05, 0.02, 0.01, 0.005):
        layer = QuantumConv2d.from_conv2d(conv, g, interaction="displaced", encoding="probability", oscillator=b0)
        errors.append((g, (layer(x) - conv(x)).norm()))
        off = (layer(x) - conv(x) - g * square / (2 * b0)).norm() / errors[-1][1]
        measured("prefactor's relative error", off, at_most=1e-9)
    measured("log-log slope", log_slope(errors), at_least=0.95, at_most=1.05)
