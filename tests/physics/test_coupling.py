"""Moments against enumeration, and the optimum coupling against the exact error it stands for."""

from __future__ import annotations

from itertools import product
from math import log

import pytest
import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.physics import detector_sine, mean_square_error, optimum_coupling, third_moment, weak_coupling_error


def enumerated_third_moment(x: Tensor, weight: Tensor) -> float:
    """The sum over all 2**size configurations."""
    total = 0.0
    for quanta in product((0, 1), repeat=len(x)):
        chance = torch.stack([p.abs() if n else 1 - p.abs() for n, p in zip(quanta, x, strict=True)]).prod()
        total += float(chance * (weight * x.sign() * torch.tensor(quanta)).sum() ** 3)
    return total


@pytest.mark.parametrize("seed", range(5))
def test_third_moment_by_enumeration(seed: int) -> None:
    torch.manual_seed(seed)
    x, weight = torch.rand(7, dtype=torch.float64) * 2 - 1, torch.randn(7, dtype=torch.float64)
    x[0], x[1], x[2] = 0, 1, -1
    assert third_moment(x, weight).item() == pytest.approx(enumerated_third_moment(x, weight), abs=1e-12)


def test_moments_broadcast() -> None:
    x, weight = torch.rand(4, 1, 6), torch.randn(3, 6)
    assert third_moment(x, weight).shape == (4, 3)


def test_error_prediction_is_the_leading_term() -> None:
    torch.manual_seed(0)
    x, weight = torch.rand(9, dtype=torch.float64) * 2 - 1, torch.randn(9, dtype=torch.float64)
    for g in (0.01, 0.02):
        sine = detector_sine(x[None, :, None], g * weight[None, None]).item()
        error = 3 * (sine / g - float(weight @ x))
        predicted = weak_coupling_error(x, weight, g, scale=3.0).item()
        assert error == pytest.approx(predicted, rel=2e-2)


def test_optimum_is_the_minimum_of_the_prediction() -> None:
    moments = torch.tensor([3.0, -1.0, 0.5])
    best = optimum_coupling(moments, 500)
    lowest = mean_square_error(moments, best, 500)
    assert all(mean_square_error(moments, best * factor, 500) > lowest for factor in (0.9, 0.99, 1.01, 1.1))


def test_exact_error_has_its_optimum_at_the_power_minus_one_sixth() -> None:
    """The true error of a 3x3 kernel's output, bias squared plus variance over shots, is minimised on a grid."""
    torch.manual_seed(1)
    x, weight = torch.rand(9, dtype=torch.float64), torch.randn(9, dtype=torch.float64) / 3
    g = torch.logspace(-2.5, 0.3, 4001, dtype=torch.float64)
    sine = detector_sine(x[None, :, None], (g[:, None] * weight)[None])[0, :, 0]
    bias = sine / g - weight @ x
    shots = [10**3, 10**4, 10**5, 10**6, 10**7]
    found = [g[(bias**2 + (1 - sine**2) / (g**2 * s)).argmin()].item() for s in shots]
    predicted = [optimum_coupling(third_moment(x, weight), s) for s in shots]
    slope = (log(found[-1]) - log(found[-3])) / (log(shots[-1]) - log(shots[-3]))
    assert slope == pytest.approx(-1 / 6, abs=0.02)
    assert found[-1] == pytest.approx(predicted[-1], rel=0.1)


def test_no_moment_no_optimum() -> None:
    with pytest.raises(ValuesError, match="all zero"):
        optimum_coupling(torch.zeros(3), 100)
