"""A19: locality and symmetry."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import qdl
from qdl.nn import BlockSpin1d, QuantumConv1d, QuantumConv2d, Rabi
from tests.claims.conftest import Measured

WIRES = 6


@pytest.mark.claim("A19", "a circular quantum convolution commutes with translations")
@pytest.mark.parametrize(
    "options",
    [
        {"coupling": 0.7},
        {"readout": "excitation", "encoding": "probability"},
        {"interaction": "exchange", "coupling": 0.7},
        {"interaction": "exchange", "readout": "excitation", "encoding": "amplitude"},
        {"interaction": "displaced"},
        {"interaction": "translation", "coupling": 0.7},
        {"interaction": "so4", "pattern": "ring"},
    ],
    ids=["detector", "excitation", "exchange", "magnon", "displaced", "translation", "cell"],
)
def test_a19_equivariance(options: dict[str, Any], measured: Measured) -> None:
    size = 2 if "pattern" in options else 3
    padding = {"padding": 1} if size == 3 else {"padding": 0}
    layer = QuantumConv2d(2, 3, size, **padding, padding_mode="circular", dtype=torch.float64, **options)
    x = torch.rand(2, 2, 6, 5, dtype=torch.float64)
    if size == 2:  # an even kernel is centred nowhere: wrap by hand
        layer_of, f = layer, lambda x: layer_of(nn.functional.pad(x, (0, 1, 0, 1), mode="circular"))
    else:
        f = layer
    worst = 0.0
    for shift in ((1, 0), (0, 1), (2, 3), (5, 4)):
        moved = f(x.roll(shift, (-2, -1))) - f(x).roll(shift, (-2, -1))
        worst = max(worst, moved.abs().max().item())
    measured("largest difference of f(Tx) and Tf(x)", worst, at_most=1e-12)


@pytest.mark.claim("A19", "padding with zeros breaks the symmetry, at the edges alone")
def test_a19_zeros_break_it(measured: Measured) -> None:
    layer = QuantumConv1d(1, 1, 3, padding=1, dtype=torch.float64)
    x = torch.rand(1, 1, 9, dtype=torch.float64)
    moved = layer(x.roll(1, -1)) - layer(x).roll(1, -1)
    measured("at the edges", moved.abs().max(), at_least=1e-3)
    measured("in the middle", moved[..., 2:-1].abs().max(), at_most=1e-12)


def translation() -> torch.Tensor:
    """T: wire k to k + 1, as a permutation of basis states."""
    index = torch.arange(2**WIRES).reshape((2,) * WIRES)
    return index.permute(*range(1, WIRES), 0).flatten()


def momenta(state: torch.Tensor) -> torch.Tensor:
    """The probability of every total momentum 2 pi k / N."""
    images, order = [state], translation()
    for _ in range(WIRES - 1):
        images.append(images[-1][order])
    return torch.fft.fft(torch.stack(images), dim=0).div(WIRES).abs().square().sum(-1)


def evolved(couplings: list[float]) -> qdl.Circuit:
    circuit = qdl.Circuit(WIRES)
    for wire in range(WIRES):
        circuit.ry(0.3 + 0.4 * wire, wire).rz(0.2 * wire * wire, wire)
    bonds = [qdl.X(k) @ qdl.X((k + 1) % WIRES) + 0.6 * qdl.Y(k) @ qdl.Z((k + 1) % WIRES) for k in range(WIRES)]
    h = sum((couplings[k] * bonds[k] for k in range(1, WIRES)), couplings[0] * bonds[0])
    return circuit.evolve(h + sum((0.5 * qdl.Z(k) for k in range(1, WIRES)), 0.5 * qdl.Z(0)), 0.9)


@pytest.mark.claim("A19", "weights shared by all bonds conserve momentum, weights of their own do not")
def test_a19_shared_weights_conserve_momentum(measured: Measured) -> None:
    before = momenta(qdl.state(evolved([0.0] * WIRES), dtype=torch.float64))
    shared = momenta(qdl.state(evolved([0.8] * WIRES), dtype=torch.float64))
    apart = momenta(qdl.state(evolved([0.8, 0.3, 1.1, 0.5, 0.9, 0.2]), dtype=torch.float64))
    measured("total probability - 1", (shared.sum() - 1).abs(), at_most=1e-12)
    measured("change of the momenta, shared", (shared - before).abs().max(), at_most=1e-12)
    measured("change of the momenta, apart", (apart - before).abs().max(), at_least=1e-3)


@pytest.mark.claim("A19", "a Z2-symmetric net on Ising spins answers f(-s) = f(s)")
def test_a19_z2_symmetry(measured: Measured) -> None:
    spins = 2.0 * torch.randint(2, (64, 1, 27), dtype=torch.float64) - 1
    # Odd, odd, even: every sign that enters is squared away.
    classical = nn.Sequential(BlockSpin1d(3), nn.Conv1d(1, 4, 3, bias=False, dtype=torch.float64), Rabi(), nn.Flatten())
    net = nn.Sequential(classical, nn.Linear(28, 5, dtype=torch.float64))
    measured("net of block spins, exactly", (net(spins) - net(-spins)).abs().max(), at_most=0)
    # Spins as basis states; RX and RZZ commute with the flip of all, and so do pairs of Z's.
    x, theta = qdl.Param("x", 5), qdl.Param("theta", 8)
    circuit = qdl.Circuit(5)
    for wire in range(5):
        circuit.ry(x[wire], wire)
    circuit.append(qdl.tile("ising", 5, "chain", name="theta"), range(5), list(theta))
    values = 3 * torch.rand(8, dtype=torch.float64)
    pairs = [qdl.Z(0) @ qdl.Z(3), qdl.X(2), qdl.Z(1) @ qdl.X(2) @ qdl.Z(4)]
    up, down = (
        qdl.expval(circuit, pairs, {"x": torch.pi * (1 - sign * spins[:, 0, :5]) / 2, "theta": values})
        for sign in (1, -1)
    )
    measured("circuit of RX and RZZ", (up - down).abs().max(), at_most=1e-12)
    measured("that reads something", up.std(0).min(), at_least=1e-2)


@pytest.mark.claim("A19", "in a brick circuit no influence leaves the light cone (Lieb-Robinson)")
@pytest.mark.parametrize("layers", [1, 2])
def test_a19_light_cone(layers: int, measured: Measured) -> None:
    wires, moved = 10, 4
    x = qdl.Param("x", wires)
    circuit = qdl.Circuit(wires)
    for wire in range(wires):
        circuit.ry(x[wire], wire)
    circuit.append(qdl.tile("su4", wires, "brick", layers), range(wires), name="theta")
    values = {"theta": torch.rand(circuit.params[1].size, dtype=torch.float64)}
    angles = torch.rand(wires, dtype=torch.float64)
    other = angles.clone()
    other[moved] += 1.3
    # All marginals of whole states: nothing is left out of the simulation beforehand.
    one, two = (qdl.state(circuit, {"x": a, **values}).abs().square().reshape((2,) * wires) for a in (angles, other))
    change = torch.stack([(one - two).sum([w for w in range(wires) if w != k]).abs().max() for k in range(wires)])
    # A brick is two rows, (0, 1), (2, 3), ... and (1, 2), (3, 4), ...: by two wires to each side, from a whole pair.
    inside = [k for k in range(wires) if 4 - 1 - 2 * (layers - 1) <= k <= 5 + 1 + 2 * (layers - 1)]
    outside = [k for k in range(wires) if k not in inside]
    measured(f"outside, {layers} layers", change[outside].max(), at_most=1e-12)
    measured(f"at its edges, {layers} layers", change[[inside[0], inside[-1]]].min(), at_least=1e-3)
