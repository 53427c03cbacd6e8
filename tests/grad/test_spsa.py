"""Simultaneous perturbation: right on average, with shots and without; and shots shared out by weight."""

from __future__ import annotations

import pytest
import torch

import qdl
from qdl.errors import QdlError
from qdl.ir import Circuit, Param, X, Y, Z
from qdl.measure import shots
from tests.open_systems import Scores

x, theta = Param("x", 2), Param("theta", 4)
MADE = (
    Circuit(3)
    .ry(x[0], 0)
    .rx(theta[0], 1)
    .cx(0, 1)
    .crx(theta[1], 1, 2)
    .rv(theta[2], 0.2, x[1], 0)
    .rzz(2 * theta[3], 0, 2)
    .h(2)
)
OBSERVABLES = [Z(0) @ X(2), 0.5 * Y(1) + Z(2)]
RUNS = 3000


def gradients(engine: str, grad: str, count: int, seed: int, **options: int) -> list[torch.Tensor]:
    """Gradients of one sum of the values, of independent runs side by side: theta and x per sample."""
    draw = torch.Generator().manual_seed(11)
    point = {"x": torch.rand(2, generator=draw), "theta": torch.rand(4, generator=draw)}
    given = {name: value.double().expand(count, -1).clone().requires_grad_() for name, value in point.items()}
    out = qdl.expval(MADE, OBSERVABLES, given, engine=engine, grad=grad, seed=seed, **options)
    return list(torch.autograd.grad(out.sum(), list(given.values())))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("options", [{}, {"shots": 20}], ids=["exact", "shots"])
def test_the_mean_is_the_gradient(seed: int, options: dict[str, int]) -> None:
    torch.manual_seed(seed)
    exact = gradients("state", "adjoint", 1, 0)
    found = gradients("state", "spsa", RUNS, seed, **options)
    for mean, spread, right in ((f.mean(0), f.std(0), e[0]) for f, e in zip(found, exact, strict=True)):
        bias = 0.1**2 / 6 * 8  # c^2/6 times a third derivative, of frequency 2
        assert ((mean - right).abs() < 4 * spread / RUNS**0.5 + bias).all()


def test_a_gradient_costs_two_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    from qdl.grad import execute

    calls = []
    real = execute.read_exactly
    monkeypatch.setattr(execute, "read_exactly", lambda *args: calls.append(1) or real(*args))
    gradients("state", "spsa", 2, 0)
    assert len(calls) == 3  # the values, forth, back


def test_it_runs_on_density_matrices_and_on_aer() -> None:
    for engine in ("density", "aer"):
        torch.manual_seed(0)
        found = gradients(engine, "spsa", 400, 0)
        exact = gradients("state", "adjoint", 1, 0)
        for f, e in zip(found, exact, strict=True):
            assert ((f.mean(0) - e[0]).abs() < 4 * f.std(0) / 400**0.5 + 0.02).all()


def test_second_derivatives_are_refused() -> None:
    given = {"x": torch.rand(2, requires_grad=True), "theta": torch.rand(4, requires_grad=True)}
    out = qdl.expval(MADE, Z(0), given, grad="spsa")
    (slope,) = torch.autograd.grad(out, given["theta"], create_graph=True)
    with pytest.raises((QdlError, RuntimeError)):
        slope.sum().backward()


def test_shots_go_where_coefficients_are_large() -> None:
    words = [next(iter(o.terms)) for o in (Z(0), X(0), Y(0))]
    settings = shots.settings(words)
    assert shots.allocate(settings, [[1, 1, 1]], 10) == [10, 10, 10]
    assert shots.allocate(settings, [[8, 1, 1]], 10) == [22, 4, 4]
    assert shots.allocate(settings, [[1, 0, 0]], 2) == [4, 1, 1]
    assert sum(shots.allocate(settings, [[0.3, 0.001, 7.0]], 17)) == 51


def test_weighted_shots_give_the_smaller_error() -> None:
    made = Circuit(1).ry(0.9, 0).rz(0.7, 0)
    heavy = 5.0 * X(0) + 0.2 * Y(0) + 0.2 * Z(0)
    weighted = qdl.estimate(made, heavy, shots=300, seed=0).error
    even = (sum(c**2 * (1 - qdl.expval(made, o) ** 2) for c, o in ((5, X(0)), (0.2, Y(0)), (0.2, Z(0)))) / 300) ** 0.5
    assert weighted < 0.7 * even
    scores = Scores()
    for seed in range(200):
        value, error = qdl.estimate(made, heavy, shots=300, seed=seed)
        scores.add((value - qdl.expval(made, heavy)).numpy(), error.numpy())
    scores.judge(200)
