"""A4: the momentum-measuring neuron, and that momentum and position do not commute."""

from __future__ import annotations

from cmath import exp
from math import pi

import pytest
import torch

from qdl.nn import MomentumNeuron, PositionNeuron
from qdl.physics import momentum_amplitudes, momentum_operator, position_operator, translation_operator
from tests.claims.conftest import Measured

DOUBLE = {"dtype": torch.float64}


@pytest.mark.claim("A4", "moving the input around the lattice leaves the momentum unchanged")
@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize(("size", "shift"), [((16,), (5,)), ((8, 4), (3, -1))])
def test_a4_power_spectrum_does_not_see_a_shift(
    size: tuple[int, ...], shift: tuple[int, ...], engine: str, measured: Measured
) -> None:
    x = torch.randn(3, *size, **DOUBLE)
    layer = MomentumNeuron(size, engine=engine)
    moved = x.roll(shift, tuple(range(1, len(size) + 1)))
    measured("largest difference", (layer(moved) - layer(x)).abs().max(), at_most=1e-12)
    assert (PositionNeuron(size)(moved) - PositionNeuron(size)(x)).abs().min() > 1e-3


@pytest.mark.claim("A4", "the Fourier circuit and the fast Fourier transform give the same spectrum")
@pytest.mark.parametrize("size", [(8,), (4, 8), (5, 3)])
def test_a4_circuit_is_the_closed_form(size: tuple[int, ...], measured: Measured) -> None:
    x = torch.randn(4, *size, **DOUBLE)
    closed, circuit = MomentumNeuron(size)(x), MomentumNeuron(size, engine="state")(x)
    measured("largest difference", (circuit - closed).abs().max(), at_most=1e-12)
    measured("deviation of the total from 1", (closed.flatten(1).sum(1) - 1).abs().max(), at_most=1e-12)


@pytest.mark.claim("A4", "position and momentum do not commute")
@pytest.mark.parametrize("size", [4, 8, 16])
def test_a4_position_and_momentum_do_not_commute(size: int, measured: Measured) -> None:
    x, p = position_operator(size), momentum_operator(size)
    measured("norm of XP - PX", torch.linalg.matrix_norm(x @ p - p @ x, 2), at_least=1.0)


@pytest.mark.claim("A4", "a quantum of momentum 1 gains the phase 2 pi/N with every step; so does X under a shift")
@pytest.mark.parametrize("size", [5, 8, 16])
def test_a4_translation_turns_phases_exactly(size: int, measured: Measured) -> None:
    shift, sites = translation_operator(size), torch.arange(size, **DOUBLE)
    wave = torch.polar(torch.full((size,), size**-0.5, **DOUBLE), 2 * pi * sites / size)
    mean = wave.conj() @ shift.mH @ wave
    measured("error of <T+>", abs(mean - exp(2j * pi / size)), at_most=1e-12)
    measured("chance of k = 1", momentum_amplitudes(wave, 1)[1].abs().square(), at_least=1 - 1e-12)
    clock = torch.diag(torch.polar(torch.ones(size, **DOUBLE), 2 * pi * sites / size))
    weyl = clock @ shift - exp(2j * pi / size) * shift @ clock
    measured("error of the Weyl relation", weyl.abs().max(), at_most=1e-12)
    generated = torch.linalg.matrix_exp(-2j * pi / size * momentum_operator(size))
    measured("error of T = exp(-2 pi i P/N)", (generated - shift).abs().max(), at_most=1e-11)


@pytest.mark.claim("A4", "which neuron measures first changes what the second finds")
def test_a4_the_two_measurements_disturb_each_other(measured: Measured) -> None:
    """A standing wave, k = +-3; after its position was measured it has every momentum with the same chance."""
    size = 8
    momentum, sites = MomentumNeuron(size), torch.eye(size, **DOUBLE)
    wave = (2 * pi * 3 / size * torch.arange(size, **DOUBLE) + 0.2).cos()
    before = momentum(wave)
    measured("chance of k = +-3 before", before[[3, 5]].sum(), at_least=1 - 1e-12)
    place = wave.square() / wave.square().sum()  # the chances of the sites, on each of which the quantum then is
    after = place @ momentum(sites)
    measured("largest difference to 1/N after", (after - 1 / size).abs().max(), at_most=1e-12)
