"""A21: the position-measuring neuron."""

from __future__ import annotations

from math import pi

import pytest
import torch
from torch import Tensor

from qdl.nn import MomentumNeuron, PositionNeuron
from qdl.physics import momentum_operator, position_operator, ring_places
from tests.claims import spots
from tests.claims.conftest import Measured

DOUBLE = {"dtype": torch.float64}
EVERY = ("mean", "variance", "circular")


def moments(x: Tensor) -> Tensor:
    """Centre of mass, variance and circular mean of x^2 on (batch, rows, columns), written out."""
    weight = x.square() / x.square().sum((1, 2), keepdim=True)
    found: list[list[Tensor]] = [[], [], []]
    for axis, n in ((1, x.shape[1]), (2, x.shape[2])):
        along, sites = weight.sum(3 - axis), torch.arange(n, **DOUBLE)
        mean = along @ sites
        found[0] += [mean]
        found[1] += [along @ sites**2 - mean**2]
        found[2] += [along @ (2 * pi * sites / n).cos(), along @ (2 * pi * sites / n).sin()]
    return torch.stack([one for group in found for one in group], 1)


@pytest.mark.claim("A21", "a position neuron reads the centre of mass, its variance and its phase on a ring")
@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("size", [(8, 8), (5, 3)])
def test_a21_is_the_centre_of_mass(size: tuple[int, int], engine: str, measured: Measured) -> None:
    x = torch.randn(4, *size, **DOUBLE)
    found = PositionNeuron(size, EVERY, engine=engine)(x)
    measured("largest difference", (found - moments(x)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A21", "<X> is a sum of n single-qubit Z expectations")
def test_a21_place_is_a_sum_of_bits(measured: Measured) -> None:
    layer = PositionNeuron(16, engine="state")
    (observable,) = layer._observables
    assert sum(len(word) == 1 for word in observable.real_terms()) == 4
    assert max(len(word) for word in observable.real_terms()) == 1
    x = torch.randn(5, 16, **DOUBLE)
    measured("largest difference", (layer(x) - PositionNeuron(16)(x)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A21", "a shift by d sites moves the place on a ring by exactly d")
@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("n", [8, 7])
def test_a21_shift_moves_the_place_exactly(n: int, engine: str, measured: Measured) -> None:
    layer, x = PositionNeuron((n, 4), "circular", engine=engine), torch.rand(6, n, 4, **DOUBLE)

    def places(image: Tensor) -> Tensor:
        return ring_places(layer(image).unflatten(-1, (2, 2)), (n, 4))

    for d in range(1, n):
        moved = (places(x.roll(d, 1)) - places(x))[:, 0].remainder(n)
        measured("largest error, in sites", (moved - d).abs().max(), at_most=1e-12)
        assert (places(x.roll(d, 1)) - places(x))[:, 1].abs().max() < 1e-12


@pytest.mark.claim("A21", "the spreads of position and momentum obey Robertson's bound")
def test_a21_robertson_bound_holds(measured: Measured) -> None:
    size = 8
    x, p = position_operator(size), momentum_operator(size)
    states = torch.randn(500, size, dtype=torch.complex128)
    states = states / states.norm(dim=1, keepdim=True)

    def mean(operator: Tensor) -> Tensor:
        return torch.einsum("bi,ij,bj->b", states.conj(), operator, states)

    spreads = [(mean(o @ o).real - mean(o).real.square()).sqrt() for o in (x, p)]
    slack = spreads[0] * spreads[1] - mean(x @ p - p @ x).abs() / 2
    measured("smallest distance to the bound", slack.min(), at_least=0.0)


@pytest.mark.claim("A21", "what a position and a momentum neuron find obeys Robertson's bound")
def test_a21_neurons_obey_robertsons_bound(measured: Measured) -> None:
    size = 8
    waves = torch.randn(500, size, **DOUBLE)
    sites = torch.arange(size, **DOUBLE)
    # Var X as the neuron reads it; Var P from the other's distribution of k = 0 ... N - 1.
    spectrum = MomentumNeuron(size)(waves)
    of_p = spectrum @ sites.square() - (spectrum @ sites).square()
    of_x = PositionNeuron(size, "variance")(waves)[:, 0]
    psi = (waves / waves.norm(dim=1, keepdim=True)).to(torch.complex128)
    x, p = position_operator(size), momentum_operator(size)
    mean = torch.einsum("bi,ij,bj->b", psi.conj(), x @ p - p @ x, psi).abs()
    slack = (of_x * of_p).sqrt() - mean / 2
    measured("smallest distance to the bound", slack.min(), at_least=0.0)
    measured("the bound, on average", mean.mean() / 2, at_least=0.1)


@pytest.mark.claim("A21", "the two nets of the experiment with a spot have equally many parameters")
def test_a21_nets_have_equally_many_parameters(measured: Measured) -> None:
    sizes = [sum(p.numel() for p in make().parameters()) for make in (spots.position_net, spots.number_net)]
    measured("difference", sizes[0] - sizes[1], at_least=0, at_most=0)


@pytest.mark.slow
@pytest.mark.claim("A21", "finds a noisy spot to a tenth of a pixel, where counting neurons miss by five times more")
@pytest.mark.parametrize("seed", range(5))
def test_a21_finds_a_noisy_spot(seed: int, measured: Measured) -> None:
    position, number = (spots.trained(make, seed) for make in (spots.position_net, spots.number_net))
    measured("root mean square error in pixels", position, at_most=0.1)
    measured("times that of number neurons and a global pool", number / position, at_least=5.0)
