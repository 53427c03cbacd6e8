"""Trajectories: reproducible, unbiased by whatever law they are drawn, with error bars that are right."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import torch

import qdl
from qdl.engine import trajectory
from qdl.errors import QdlError
from qdl.ir import Circuit, Param, X, Y, Z
from tests.open_systems import Scores
from tests.strategies import noisy_case

x, g = Param("x", 3), Param("g", 2)
OBSERVABLES = [Z(0), X(1) @ Y(2), Z(1) @ Z(2) + 0.5 * X(0)]
COUNT = 1000
WEAK = ("amplitude_damping", "thermal_relaxation", "reset_error", "generalized_amplitude_damping", "phase_damping")


def circuit(layers: int = 2, strength: Any = 0.03) -> Circuit:
    """Weak decay after every gate."""
    made = Circuit(3)
    for _ in range(layers):
        for wire in range(3):
            made.ry(x[wire], wire).channel("amplitude_damping", strength, wires=wire)
        made.cx(0, 1).channel("depolarizing", 0.02, wires=(0, 1)).channel(
            "thermal_relaxation", 9.0, 7.0, 0.2, 0.1, wires=1
        )
        made.cx(1, 2).channel("amplitude_damping", strength, wires=2)
    return made


def values(*batch: int) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(7)
    return {"x": torch.rand(*batch, 3, generator=draw, dtype=torch.float64) * 3}


@pytest.fixture(params=["at once", "along"])
def law(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Draws by the law of the mixed state, or by that of each trajectory's own."""
    monkeypatch.setattr(trajectory, "MOST_SPREAD", 1.0 if request.param == "at once" else -1.0)
    return str(request.param)


def test_a_seed_gives_one_result(law: str) -> None:
    first, again, other = (
        qdl.expval(circuit(), OBSERVABLES, values(4), engine="trajectory:50", seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_result_depends_neither_on_pieces_nor_on_strategy(law: str) -> None:
    asked = {"engine": "trajectory:40", "seed": 3}
    given = {name: value.clone().requires_grad_() for name, value in values(6).items()}
    whole = qdl.expval(circuit(), OBSERVABLES, given, **asked)
    (slope,) = torch.autograd.grad(whole.sum(), given["x"])
    for options in ({"memory_budget": 2**17}, {"strategy": "windows", "width": 1}, {"strategy": "tiles"}):
        found = qdl.expval(circuit(), OBSERVABLES, given, **asked, **options)
        assert (found - whole).abs().max() < 1e-12, options
        assert (torch.autograd.grad(found.sum(), given["x"])[0] - slope).abs().max() < 1e-11, options
    probs = qdl.probs(circuit(), values(6), wires=[2, 0], **asked)
    assert (qdl.probs(circuit(), values(6), wires=[2, 0], **asked, memory_budget=2**17) - probs).abs().max() < 1e-12
    assert (probs.sum(-1) - 1).abs().max() < 1e-12


def test_values_and_error_bars(law: str) -> None:
    scores = Scores()
    exact = qdl.expval(circuit(), OBSERVABLES, values(5), engine="density")
    for seed in range(22):
        # Fewer trajectories hold too few jumps for their mean to be normal.
        value, error = qdl.estimate(circuit(), OBSERVABLES, values(5), engine="trajectory:2000", seed=seed)
        scores.add((value - exact).numpy(), error.numpy())
    scores.judge(200)


def test_few_trajectories_are_unbiased(law: str) -> None:
    """The control variate takes its coefficient from the other half: no bias even with two of them."""
    exact = qdl.expval(circuit(), OBSERVABLES, values(), engine="density")
    scores = Scores()
    for seed in range(5):
        found = qdl.expval(
            circuit(), OBSERVABLES, {"x": values()["x"].expand(4000, 3)}, engine="trajectory:2", seed=seed
        )
        scores.add((found.mean(0) - exact).numpy(), (found.std(0) / 4000**0.5).numpy())
    assert max(scores.found) < 4, scores.found


def test_gradients_of_strengths_and_angles_are_unbiased(law: str) -> None:
    made = circuit(strength=g[0])
    point = {**values(), "g": torch.tensor([0.04, 0.0], dtype=torch.float64)}
    made.channel("bit_flip", g[1], wires=0)
    scores = Scores()
    for seed in range(5):
        given = {name: value.expand(60, -1).clone().requires_grad_() for name, value in point.items()}
        out = qdl.expval(made, OBSERVABLES, given, engine="trajectory:100", seed=seed)
        exact = {name: value.clone().requires_grad_() for name, value in point.items()}
        right = qdl.expval(made, OBSERVABLES, exact, engine="density")
        for k in range(3):
            slopes = torch.autograd.grad(out[:, k].sum(), list(given.values()), retain_graph=True)
            truths = torch.autograd.grad(right[k], list(exact.values()), retain_graph=True)
            for slope, truth in zip(slopes, truths, strict=True):
                error = slope.std(0) / 60**0.5
                scores.add((slope.mean(0) - truth).numpy(), error.clamp(min=1e-6).numpy())
    scores.judge(70)


def compare_gradient(ask: Any, point: float, seeds: int = 5, rows: int = 60) -> None:
    """The mean gradient of an entry against the exact one, over some seeds."""
    for seed in range(seeds):
        many = torch.full((rows, 1), point, dtype=torch.float64, requires_grad=True)
        (found,) = torch.autograd.grad(ask(many, "trajectory:200", seed).sum(), many)
        one = torch.tensor([point], dtype=torch.float64, requires_grad=True)
        (exact,) = torch.autograd.grad(ask(one, "density", seed), one)
        assert abs(found.mean() - exact.item()) < 4 * found.std() / rows**0.5 + 1e-9, (found.mean(), exact)


def test_gradients_pass_through_feedback() -> None:
    """How likely an outcome was is in the norm of what was measured, which the observable does not see."""
    t = Param("t")
    made = Circuit(3).ry(t, 0).measure(0, "m")
    with made.if_("m", 1):
        made.x(1)
    compare_gradient(lambda v, engine, seed: qdl.expval(made, Z(1), {"t": v}, engine=engine, seed=seed), 0.8)
    for names in ([1], ["m"], ["m", 1]):
        compare_gradient(
            lambda v, engine, seed, names=names: qdl.probs(made, {"t": v}, names, engine=engine, seed=seed)[..., -1],
            0.8,
        )
    compare_gradient(
        lambda v, engine, seed: qdl.density(made, {"t": v}, [1], engine=engine, seed=seed)[..., 1, 1].real, 0.8
    )


def test_gradients_of_strengths_that_an_observable_does_not_see(law: str) -> None:
    strength = Param("g")
    made = Circuit(2).ry(0.8, 0).cx(0, 1).channel("amplitude_damping", strength, wires=0).cx(0, 1).ry(0.3, 1)
    made.channel("amplitude_damping", strength, wires=1).cx(1, 0).channel("amplitude_damping", strength, wires=1)
    for point in (0.1, 0.5):
        compare_gradient(lambda v, engine, seed: qdl.expval(made, Z(0), {"g": v}, engine=engine, seed=seed), point)


def test_probabilities_and_traces_are_one_with_gradients(law: str) -> None:
    given = {**values(3), "g": torch.tensor([0.05, 0.0], dtype=torch.float64, requires_grad=True)}
    made = circuit(strength=g[0])
    made.channel("bit_flip", g[1], wires=0)
    found = qdl.probs(made, given, engine="trajectory:101", seed=0)
    assert (found.sum(-1) - 1).abs().max() < 1e-9
    rho = qdl.density(made, given, wires=[1], engine="trajectory:101", seed=0)
    assert (rho.diagonal(dim1=-2, dim2=-1).sum(-1) - 1).abs().max() < 1e-9


def test_a_later_call_leaves_an_earlier_gradient_alone() -> None:
    f = qdl.compile(circuit(strength=g[0]), Z(0), engine="trajectory:100", memory_budget=2**18)
    slopes = []
    for again in (False, True):
        given = {**values(4), "g": torch.tensor([0.03, 0.0], dtype=torch.float64, requires_grad=True)}
        out = f(given, seed=1)
        if again:
            f({**given, "g": torch.tensor([0.9, 0.0], dtype=torch.float64)}, seed=2)
        slopes.append(torch.autograd.grad(out.sum(), given["g"])[0])
    assert torch.equal(*slopes)


def test_forward_mode_is_refused() -> None:
    made = circuit(strength=g[0])
    point = torch.tensor([0.1, 0.0], dtype=torch.float64)
    with pytest.raises(QdlError, match="reverse"):
        torch.func.jvp(
            lambda v: qdl.expval(made, Z(0), {**values(), "g": v}, engine="trajectory", grad="autograd"),
            (point,),
            (point,),
        )


def test_strong_noise_is_not_guessed() -> None:
    """Where the mixed state says too little, each trajectory follows its own law, and the spread stays what it is."""
    made = Circuit(2).x(0).x(1)
    for _ in range(30):
        made.channel("amplitude_damping", 0.2, wires=0)
    value, error = qdl.estimate(made, [Z(0), Z(1)], engine="trajectory:200", seed=0)
    assert abs(value[0] - qdl.expval(made, Z(0), engine="density")) < 4 * error[0] + 0.02
    assert value[1] == -1
    assert error[1] == 0


@pytest.mark.parametrize("name", WEAK)
def test_wires_far_away_do_not_disturb(name: str) -> None:
    """What the observable cannot see is not simulated, whatever was drawn there."""
    strengths = {"thermal_relaxation": (5.0, 4.0, 0.3, 0.1), "reset_error": (0.02, 0.02)}.get(name, (0.05,))
    strengths = (0.05, 0.3) if name == "generalized_amplitude_damping" else strengths
    made = Circuit(4).h(0).h(2).cx(2, 3)
    for wire in (0, 2, 3):
        made.channel(name, *strengths, wires=wire)
    made.cx(0, 2)
    scores = Scores()
    for seed in range(10):
        value, error = qdl.estimate(made, [X(0), Z(0), Z(1)], engine="trajectory:400", seed=seed, dtype=torch.float64)
        right = qdl.expval(made, [X(0), Z(0), Z(1)], engine="density", dtype=torch.float64)
        scores.add((value - right).numpy(), error.numpy())
    assert max(scores.found, default=0) < 4.5, scores.found


def test_random_circuits_by_both_laws(law: str) -> None:
    scores = Scores()
    for seed in range(40):
        made = noisy_case(Random(seed), 3, 10, WEAK, batches=[(), (2,)])
        options: dict[str, Any] = {"engine": f"trajectory:{COUNT}", "seed": seed, "dtype": torch.float64}
        value, error = qdl.estimate(made.circuit, made.observables, made.all(), **options)
        right = qdl.expval(made.circuit, made.observables, made.all(), engine="density", dtype=torch.float64)
        rare = error < 5 / COUNT  # what hardly ever happened leaves no spread to measure
        scores.add(torch.where(rare, 0, value - right).numpy(), torch.where(rare, 1, error).numpy())
    scores.found = [score for score in scores.found if score]
    scores.judge(30)
