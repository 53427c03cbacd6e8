"""Activations: torch's own where they are those, circuits where there is one, counts that are counts."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import QdlError
from qdl.nn import Fermi, Magnetisation, Photoelectric, Rabi, RepeatUntilSuccess
from qdl.physics.threshold import threshold_angle

GRID = torch.cat((torch.linspace(-5, 5, 101), torch.tensor([-1e30, -1e4, -40.0, 40.0, 1e4, 1e30]))).double()


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (Photoelectric(0.0), nn.ReLU()),
        (Photoelectric(), nn.Softplus(threshold=50)),
        (Photoelectric(0.25, 0.5), lambda x: nn.Softplus(beta=4, threshold=50)(x - 0.5)),
        (Fermi(), nn.Sigmoid()),
        (Magnetisation(2.0), lambda x: torch.tanh(x / 2)),
        (Fermi(0.0), lambda x: torch.heaviside(x, torch.tensor(0.5).double())),
        (Magnetisation(0.0), torch.sign),
    ],
)
def test_activations_are_torchs(mine: Any, theirs: Any) -> None:
    torch.testing.assert_close(mine(GRID), theirs(GRID), rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("make", [Photoelectric, Fermi, Magnetisation])
def test_a_trained_temperature_is_that_temperature(make: Any) -> None:
    x = GRID[:101]
    trained = make(0.3, trainable=True, dtype=torch.float64)
    torch.testing.assert_close(trained(x), make(0.3)(x), rtol=1e-14, atol=1e-14)
    trained(x).sum().backward()
    step = 1e-5
    colder, warmer = (make(0.3 * (1 + s), trainable=False)(x).sum() for s in (-step, step))
    wanted = (warmer - colder) / (2 * step)
    torch.testing.assert_close(trained.log_temperature.grad, wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("temperature", [1e-8, 1e-3, 1.0, 1e3])
def test_gradients_stay_finite_and_between_0_and_1(temperature: float) -> None:
    for layer in (Photoelectric(temperature), Photoelectric(temperature, trainable=True, dtype=torch.float64)):
        x = GRID.clone().requires_grad_()
        layer(x).sum().backward()
        assert ((x.grad >= 0) & (x.grad <= 1)).all()
    at = torch.zeros(1, requires_grad=True)
    Photoelectric(temperature)(at).sum().backward()
    assert at.grad.item() == 0.5


def test_counts_are_counts_in_training_and_means_in_evaluation() -> None:
    torch.manual_seed(0)
    layer = Photoelectric(exposure=4.0)
    x = torch.randn(50).double()
    counts = 4 * layer(x)
    assert torch.equal(counts, counts.round())
    assert not torch.equal(layer(x), layer(x))
    assert torch.equal(layer.eval()(x), Photoelectric()(x))
    same = Photoelectric(exposure=4.0, seed=3)
    assert torch.equal(same(x), same(x))


def test_gradients_of_counts_are_those_of_the_mean() -> None:
    x = torch.randn(50).double().requires_grad_()
    (found,) = torch.autograd.grad(Photoelectric(exposure=1.0)(x).sum(), x)
    torch.testing.assert_close(found, x.sigmoid())


@pytest.mark.parametrize("detuning", [0.0, 0.8])
@pytest.mark.parametrize("engine", ["state", "density"])
def test_rabi_is_a_pulse(detuning: float, engine: str) -> None:
    x = torch.linspace(-7, 7, 15).double()
    torch.testing.assert_close(Rabi(detuning)(x), Rabi(detuning, engine=engine)(x), rtol=0, atol=1e-12)
    h = qdl.X(0) + detuning / 1.3 * qdl.Z(0)
    found = qdl.expval(qdl.Circuit(1).evolve(h, 1.3 / 2), qdl.N(0), dtype=torch.float64)
    torch.testing.assert_close(found, Rabi(detuning)(torch.tensor(1.3, dtype=torch.float64)), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("make", "arguments"),
    [
        (Photoelectric, {"temperature": -1.0}),
        (Photoelectric, {"temperature": 1e-40}),
        (Photoelectric, {"temperature": 0.0, "trainable": True}),
        (Photoelectric, {"exposure": 0.0}),
        (Photoelectric, {"work_function": "high"}),
        (Photoelectric, {"exposure": 1.0, "seed": "high"}),
        (Fermi, {"temperature": float("inf")}),
        (Rabi, {"detuning": float("nan")}),
        (Rabi, {"engine": "closed", "shots": 100}),
        (RepeatUntilSuccess, {"rounds": -1}),
        (RepeatUntilSuccess, {"rounds": 2.0}),
        (RepeatUntilSuccess, {"attempts": 0}),
        (RepeatUntilSuccess, {"engine": "state"}),
    ],
)
def test_arguments_are_refused(make: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(QdlError):
        make(**arguments)


# --- repeat until success


@pytest.mark.parametrize("engine", ["state", "density"])
@pytest.mark.parametrize(("rounds", "attempts"), [(0, 1), (1, 1), (1, 3), (2, 1), (3, 1)])
def test_the_threshold_neuron_is_its_circuit(rounds: int, attempts: int, engine: str) -> None:
    x = torch.linspace(-0.75, 0.8, 7).double()
    found = RepeatUntilSuccess(rounds, attempts, engine=engine)(x)
    torch.testing.assert_close(found, RepeatUntilSuccess(rounds, attempts)(x), rtol=0, atol=1e-12)


@pytest.mark.slow
def test_a_nested_neuron_that_tries_again_is_its_circuit() -> None:
    x = torch.tensor([-0.3, 0.1]).double()
    found = RepeatUntilSuccess(2, 2, engine="state")(x)
    torch.testing.assert_close(found, RepeatUntilSuccess(2, 2)(x), rtol=0, atol=1e-12)


def test_gradients_of_the_threshold_neuron_by_its_circuit() -> None:
    x = torch.linspace(-0.6, 0.7, 5).double().requires_grad_()
    (found,) = torch.autograd.grad(RepeatUntilSuccess(1, 2, engine="state")(x).sum(), x)
    (wanted,) = torch.autograd.grad(RepeatUntilSuccess(1, 2)(x).sum(), x)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)


def test_more_attempts_come_nearer() -> None:
    x = torch.linspace(-0.7, 0.7, 9).double()
    for rounds in (1, 2, 3):
        gaps = [(RepeatUntilSuccess(rounds, a)(x) - RepeatUntilSuccess(rounds)(x)).abs().max() for a in (2, 8, 60)]
        assert gaps[0] > gaps[1] > gaps[2]
        assert gaps[2] < 1e-12


@pytest.mark.parametrize("rounds", range(9))
def test_steep_steps_have_finite_derivatives(rounds: int) -> None:
    phi = torch.linspace(-4, 4, 4001).double()

    def slope(f: Any) -> Tensor:
        x = phi.clone().requires_grad_()
        (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        assert second.isfinite().all()
        return first

    assert slope(RepeatUntilSuccess(rounds, offset=0.0)).isfinite().all()
    assert slope(lambda x: threshold_angle(x, rounds)).isfinite().all()
    at = torch.tensor(pi / 4).double().requires_grad_()
    (steep,) = torch.autograd.grad(RepeatUntilSuccess(rounds, offset=0.0)(at), at)
    assert steep.item() == pytest.approx(2**rounds)
