"""Finite statistics: what is drawn follows the probabilities, and what is estimated is unbiased with the right spread.

Thresholds are four to five standard deviations of statistics whose distribution is known; seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import qdl
from qdl.ir import Circuit, Hermitian, Observable, Param, X, Y, Z
from tests import oracle
from tests.checks import distance
from tests.run.common import MATRIX, OBSERVABLES, circuit, leaves, values

SEEDS = range(6)
theta = Param("theta", 2)


def z_scores(found: Tensor, mean: np.ndarray, variance: np.ndarray, shots: int) -> np.ndarray:
    """Deviations in standard errors; where nothing varies, deviations must vanish."""
    error = np.sqrt(variance / shots)
    deviation = found.numpy() - mean
    assert np.abs(deviation[error < 1e-12]).max(initial=0) < 1e-9
    return deviation[error >= 1e-12] / error[error >= 1e-12]


@pytest.mark.parametrize("seed", SEEDS)
def test_bit_strings_follow_the_probabilities(seed: int) -> None:
    shots, given, made = 4000, values(3), circuit()
    expected = oracle.probs(oracle.states(made, given), range(3))
    bits = qdl.sample(made, given, shots=shots, seed=seed).long()
    index = (bits * torch.tensor([4, 2, 1])).sum(-1)
    for row, probabilities in zip(index, expected, strict=True):
        found = np.bincount(row.numpy(), minlength=8)
        assert not found[probabilities < 1e-12].any(), "an impossible outcome was drawn"
        likely = probabilities * shots > 5
        chi2 = ((found - shots * probabilities)[likely] ** 2 / (shots * probabilities)[likely]).sum()
        assert chi2 < 31, f"chi-squared {chi2} at 7 degrees of freedom"  # p = 6e-5


@pytest.mark.parametrize("sign", [1, -1])
def test_eigenstates_give_their_eigenvalue_in_every_shot(sign: int) -> None:
    """Every letter is turned to its own basis: |+>, |+i>, |0> and their opposites are certain."""
    flipped = Circuit(4) if sign == 1 else Circuit(4).x(0).x(1).x(2).x(3)
    made = flipped.h(0).h(1).s(1).h(3).s(3)
    words = [X(0), Y(1), Z(2), Y(3), X(0) @ Y(1) @ Z(2), Y(1) @ Y(3)]
    expected = torch.tensor([sign, sign, sign, sign, sign**3, 1.0])
    assert torch.equal(qdl.expval(made, words, shots=20, seed=0), expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_estimates_are_unbiased_and_spread_as_they_must(seed: int) -> None:
    """Estimates of letters and words on disjoint settings, where the variance is that of the observable itself."""
    shots, given, made = 1000, values(40), circuit()
    observables = [Z(0), X(1) @ Y(2), Hermitian(MATRIX, 1), 0.5 * Z(2)]
    mean, square, _ = oracle.moments(made, observables, given)
    scores = z_scores(qdl.expval(made, observables, given, shots=shots, seed=seed), mean, square - mean**2, shots)
    assert abs(scores).max() < 5
    assert abs(scores.mean()) < 4 / np.sqrt(len(scores))
    assert 0.75 < scores.std() < 1.25


def test_the_spread_of_a_mean_is_one_over_the_root_of_the_shots() -> None:
    """PHYSICS.md A1: the standard deviation of <Z> at S shots is sqrt((1 - <Z>^2)/S), within 5 % (2,000 repeats)."""
    made = Circuit(1).ry(theta[0], 0)
    given = {"theta": torch.tensor([0.7, 0.0], dtype=torch.float64).expand(2000, 2)}
    found = qdl.expval(made, Z(0), given, shots=1000, seed=0)
    expected = np.sqrt((1 - np.cos(0.7) ** 2) / 1000)
    assert found.std().item() == pytest.approx(expected, rel=0.05)
    assert found.mean().item() == pytest.approx(np.cos(0.7), abs=4 * expected / np.sqrt(2000))


@pytest.mark.parametrize("letter", [X, Y, Z])
@pytest.mark.parametrize("sign", [1, -1])
def test_each_letter_is_read_in_its_own_basis(letter: Callable[[int], Observable], sign: int) -> None:
    """In an eigenstate of the letter every shot says so, with the right sign."""
    made = {X: Circuit(1).ry(sign * np.pi / 2, 0), Y: Circuit(1).rx(-sign * np.pi / 2, 0), Z: Circuit(1)}[letter]
    made = made if letter is not Z or sign > 0 else made.copy().x(0)
    assert qdl.expval(made, letter(0), shots=50, seed=0).item() == sign


@pytest.mark.parametrize("seed", SEEDS)
def test_words_of_one_setting_share_their_shots(seed: int) -> None:
    bell = Circuit(2).h(0).cx(0, 1)
    pair, one, other, apart = qdl.expval(bell, [Z(0) @ Z(1), Z(0), Z(1), X(0)], shots=10_001, seed=seed)
    assert pair.item() == 1
    assert one == other
    assert one != apart


@pytest.mark.parametrize("seed", SEEDS)
def test_marginals_and_variances_from_shots(seed: int) -> None:
    shots, given, made = 20_000, values(4), circuit()
    found = qdl.probs(made, given, [2, 0], shots=shots, seed=seed)
    expected = oracle.probs(oracle.states(made, given), [2, 0])
    assert distance(found.sum(-1), np.ones(4)) < 1e-12
    assert distance(found * shots, np.round(found.numpy() * shots)) < 1e-6
    assert abs(z_scores(found, expected, expected * (1 - expected), shots)).max() < 5
    mean, square, _ = oracle.moments(made, [Z(0), X(1)], given)
    spread = qdl.var(made, [Z(0), X(1)], given, shots=shots, seed=seed)
    assert distance(spread, square - mean**2) < 0.05


def test_more_shots_are_closer() -> None:
    given, made = values(200), circuit()
    exact = qdl.expval(made, OBSERVABLES, given)
    errors = [
        (qdl.expval(made, OBSERVABLES, given, shots=s, seed=1) - exact).square().mean().sqrt() for s in (10, 1000)
    ]
    assert errors[0] / errors[1] == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize("seed", SEEDS)
def test_shift_gradients_from_shots_are_unbiased(seed: int) -> None:
    """400 equal samples with shots of their own: the mean is within 4 standard errors of the exact gradient."""
    made, weights = circuit(), torch.tensor([1.0, -2, 0.5, 1], dtype=torch.float64)

    def gradient(**options: int) -> Tensor:
        given = leaves({name: value.expand(400, -1) for name, value in values().items()})
        out = qdl.expval(made, OBSERVABLES, given, **options) @ weights
        return torch.cat(torch.autograd.grad(out.sum(), list(given.values())), -1)

    exact, found = gradient(), gradient(shots=50, seed=seed)
    error = found.std(0) / np.sqrt(400)
    assert (error > 0).all(), "a gradient from shots that does not vary saw no shots"
    assert ((found.mean(0) - exact[0]).abs() / error).max() < 4
    assert torch.equal(gradient(shots=50, seed=seed), found)


def test_each_shifted_circuit_has_shots_of_its_own() -> None:
    """With one set of random numbers for both shifts, the noise of RY(0)'s gradient would cancel exactly."""
    made = Circuit(1).ry(theta[0], 0)
    slopes = []
    for seed in range(50):
        given = {"theta": torch.tensor([np.pi / 2, 0.0], dtype=torch.float64, requires_grad=True)}
        out = qdl.expval(made, X(0), given, shots=100, seed=seed)
        slopes.append(torch.autograd.grad(out, given["theta"])[0][0].item())
    # (f(pi) - f(0))/2 with <X> = 0 at both: two independent means of 100 shots, each with standard deviation 0.1.
    assert np.std(slopes) == pytest.approx(0.1 / np.sqrt(2), rel=0.35)


def test_seeds_next_to_each_other_have_nothing_in_common() -> None:
    made = Circuit(1).h(0)
    bits = torch.stack([qdl.sample(made, shots=2000, seed=seed)[:, 0] for seed in range(12)]).double()
    correlation = torch.corrcoef(bits) - torch.eye(12)
    assert correlation.abs().max() < 0.1  # 4.5 standard deviations of 66 numbers


def test_a_large_observable_takes_no_shots_from_a_small_one() -> None:
    c = Circuit(1).ry(0.7, 0)
    small = qdl.estimate(c, [100 * qdl.Z(0), qdl.X(0)], shots=1000, seed=0).error[1]
    assert abs(small - qdl.estimate(c, qdl.X(0), shots=1000, seed=0).error) < 0.1 * small


def test_a_setting_read_once_still_has_an_error() -> None:
    c = Circuit(1).ry(0.7, 0)
    found = qdl.estimate(c, [qdl.Z(0) + 1e-6 * qdl.X(0), qdl.Z(0)], shots=100, seed=0)
    assert abs(found.error[0] - found.error[1]) < 0.2 * found.error[1]
    once = qdl.estimate(c, [2 * qdl.Z(0) - qdl.Hermitian([[3, 0], [0, 1]], 0), qdl.I()], shots=1, seed=0)
    assert once.error.tolist() == pytest.approx([13**0.5, 0.0])  # two settings: 2 and 3 at most
