"""A8: other activations as measurements: Fermi, a spin, Rabi, repeat until success, Tacchino's perceptron."""

from __future__ import annotations

from itertools import product
from math import pi

import pytest
import torch

import qdl
from qdl.nn import Fermi, Magnetisation, Rabi, RepeatUntilSuccess, TacchinoPerceptron
from qdl.nn.activation_threshold import threshold_circuit
from qdl.physics.threshold import success_probability, threshold_angle
from tests.claims.conftest import Measured

X = torch.linspace(-4, 4, 33, dtype=torch.float64)


def thermal(h: torch.Tensor, temperature: float) -> torch.Tensor:
    """e^{-H/T} / Z for 2 x 2 Hamiltonians."""
    rho = torch.matrix_exp(-h / temperature)
    return rho / rho.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]


@pytest.mark.claim("A8", "the sigmoid is the thermal occupation of a level, tanh the thermal magnetisation of a spin")
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_a08_sigmoid_and_tanh_are_thermal_means(temperature: float, measured: Measured) -> None:
    n, z = torch.diag(torch.tensor([0.0, 1.0]).double()), torch.diag(torch.tensor([1.0, -1.0]).double())
    occupied = (thermal(-X[:, None, None] * n, temperature) * n).sum((-1, -2))
    measured("occupation", (Fermi(temperature)(X) - occupied).abs().max(), at_most=1e-12)
    magnetised = (thermal(-X[:, None, None] * z, temperature) * z).sum((-1, -2))
    measured("magnetisation", (Magnetisation(temperature)(X) - magnetised).abs().max(), at_most=1e-12)
    unit = torch.tensor([[0.0, 1.0]]).double() * X[:, None] / temperature
    measured("hidden unit of an RBM", (Fermi(temperature)(X) - unit.softmax(-1)[:, 1]).abs().max(), at_most=1e-12)


@pytest.mark.claim("A8", "sin^2 is the excitation by a Rabi pulse")
def test_a08_rabi(measured: Measured) -> None:
    found = qdl.expval(qdl.Circuit(1).rx(qdl.Param("x", 1)[0], 0), qdl.N(0), {"x": X[:, None]})
    measured("circuit", (Rabi()(X) - found).abs().max(), at_most=1e-12)
    measured("sin^2", (Rabi()(X) - (X / 2).sin().square()).abs().max(), at_most=1e-12)


def attempt(sign: int) -> qdl.Circuit:
    """One attempt on the target 0 with the ancilla 1: RY(2 phi), controlled RY(sign pi) = -+iY, RY(-2 phi)."""
    phi = qdl.Param("phi", 1)[0]
    return qdl.Circuit(2).ry(2 * phi, 1).cry(sign * pi, 1, 0).ry(-2 * phi, 1)


@pytest.mark.claim("A8", "an attempt succeeds with p = cos^4 + sin^4 >= 1/2 and RY(+-2q), else leaves RY(-+pi/2)")
@pytest.mark.parametrize("sign", [1, -1], ids=["-iY", "+iY"])
def test_a08_one_attempt(sign: int, measured: Measured) -> None:
    phi = torch.linspace(0.02, 1.5, 25, dtype=torch.float64)
    state = qdl.state(attempt(sign), {"phi": phi[:, None]}).reshape(-1, 2, 2)  # sample, target, ancilla
    p = state[:, :, 0].abs().square().sum(-1)
    measured("p - cos^4 - sin^4", (p - phi.cos() ** 4 - phi.sin() ** 4).abs().max(), at_most=1e-12)
    measured("closed form of p", (p - success_probability(phi)).abs().max(), at_most=1e-12)
    measured("least p", p.min(), at_least=0.5)
    q = threshold_angle(phi, 1)
    measured("q - arctan tan^2", (q - (phi.tan() ** 2).arctan()).abs().max(), at_most=1e-12)
    # Signs and phases too: RY(a)|0> = (cos a/2, sin a/2).
    success = torch.stack((q.cos(), sign * q.sin()), -1) * p.sqrt()[:, None]
    measured("success is RY(2q)", (state[:, :, 0] - success).abs().max(), at_most=1e-12)
    failed = state[:, :, 1] / state[:, :1, 1]
    wanted = torch.tensor([1.0, -sign]).double()  # RY(-pi/2)|0>, up to a factor
    measured("failure is RY(-pi/2)", (failed - wanted).abs().max(), at_most=1e-10)


@pytest.mark.claim("A8", "k rounds turn by arctan tan^{2^k}, which tends to a step at pi/4")
@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_a08_rounds(rounds: int, measured: Measured) -> None:
    phi = torch.linspace(0.1, 1.45, 12, dtype=torch.float64)
    q = threshold_angle(phi, rounds)
    measured("closed form", (q - (phi.tan() ** 2**rounds).arctan()).abs().max(), at_most=1e-12)
    nested = phi
    for _ in range(rounds):
        nested = threshold_angle(nested, 1)
    measured("round after round", (q - nested).abs().max(), at_most=1e-12)
    # By the circuit: the excitation of the target where all ancillas were found in 0.
    once = RepeatUntilSuccess(rounds, 1, offset=0.0, engine="density")(phi)
    measured("circuit", (once - RepeatUntilSuccess(rounds, 1, offset=0.0)(phi)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A8", "with 8 rounds the neuron is a step at pi/4")
def test_a08_step(measured: Measured) -> None:
    x = torch.cat((torch.linspace(-0.7, -0.01, 30), torch.linspace(0.01, 0.7, 30))).double()
    step = (x > 0).double()
    measured("to the step, 0.01 away from it", (RepeatUntilSuccess(8)(x) - step).abs().max(), at_most=1e-2)
    measured("at the threshold", RepeatUntilSuccess(8)(torch.zeros(1).double()) - 0.5, at_least=-1e-12, at_most=1e-12)


@pytest.mark.claim("A8", "tried again after each failure, the measured circuit gives (1 - (1-p)^attempts) sin^2 q")
@pytest.mark.parametrize("attempts", [1, 2, 3, 4])
def test_a08_repeat_until_success(attempts: int, measured: Measured) -> None:
    phi = torch.linspace(0.05, 1.5, 9, dtype=torch.float64)
    p, q = success_probability(phi), threshold_angle(phi, 1)
    found = qdl.expval(threshold_circuit(1, attempts), qdl.N(0), {"phi": phi[:, None]}, engine="density")
    wanted = (1 - (1 - p) ** attempts) * q.sin().square()
    measured("density matrices with feedback", (found - wanted).abs().max(), at_most=1e-12)
    closed = RepeatUntilSuccess(1, attempts, offset=0.0)(phi)
    measured("closed form", (closed - wanted).abs().max(), at_most=1e-12)


def signs(n: int) -> torch.Tensor:
    return torch.tensor(list(product((1.0, -1.0), repeat=2**n)), dtype=torch.float64)


@pytest.mark.claim("A8", "Tacchino's perceptron gives (i.w)^2 / 4^n for all 16 x 16 pairs of signs at n = 2")
def test_a08_tacchino_every_pair(measured: Measured) -> None:
    every = signs(2)
    wanted = (every @ every.T).square() / 16
    found = TacchinoPerceptron.from_signs(every, engine="state")(every)
    measured("pairs", found.numel(), at_least=256, at_most=256)
    measured("circuit", (found - wanted).abs().max(), at_most=1e-12)
    measured("closed form", (TacchinoPerceptron.from_signs(every)(every) - wanted).abs().max(), at_most=1e-12)


def every_input(measured: Measured, form: str, step: int = 1) -> None:
    every = signs(4)
    w = every[int("0110100111000101", 2)][None]
    every = every[::step]
    wanted = (every @ w.T).square() / 256
    measured("inputs", len(every), at_least=65_536 // step, at_most=65_536)
    found = TacchinoPerceptron.from_signs(w, engine=form)(every).detach()
    measured("largest difference", (found - wanted).abs().max(), at_most=1e-12)


@pytest.mark.claim("A8", "the same for all 65 536 inputs and one weight at n = 4")
def test_a08_tacchino_every_input(measured: Measured) -> None:
    every_input(measured, "closed")


@pytest.mark.claim("A8", "the same at n = 4 by the circuit, for every 37th of the 65 536 inputs")
def test_a08_tacchino_some_inputs_by_circuit(measured: Measured) -> None:
    every_input(measured, "state", 37)


@pytest.mark.slow
@pytest.mark.claim("A8", "the same at n = 4 by the circuit, for all 65 536 inputs")
def test_a08_tacchino_every_input_by_circuit(measured: Measured) -> None:
    every_input(measured, "state")


@pytest.mark.claim("A8", "i and -i are indistinguishable")
def test_a08_tacchino_global_sign(measured: Measured) -> None:
    every = signs(2)
    layer = TacchinoPerceptron.from_signs(every)
    measured("difference", (layer(every) - layer(-every)).abs().max(), at_most=1e-12)
    one = layer(every) > 1 - 1e-12
    measured("inputs that fire a neuron fully, each", one.sum(0).float().max(), at_least=2, at_most=2)
