"""Counts of two-valued outcomes: their statistics and their seeds."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from qdl.errors import ValuesError
from qdl.run import binomial


@pytest.mark.parametrize("p", [0.01, 0.3, 0.5, 0.97])
@pytest.mark.parametrize("shots", [1, 20, 1000])
def test_mean_and_spread(p: float, shots: int) -> None:
    """Over 20000 draws the mean lies within 5 standard errors, the spread within 6 % (more where outcomes are rare)."""
    drawn = binomial(torch.full((200, 100), p, dtype=torch.float64), shots, seed=1)
    spread = (p * (1 - p) / shots) ** 0.5
    assert drawn.shape == (200, 100)
    assert drawn.mean().item() == pytest.approx(p, abs=5 * spread / 20000**0.5)
    assert drawn.std().item() == pytest.approx(spread, rel=0.06)
    torch.testing.assert_close(drawn * shots, (drawn * shots).round())


def test_certain_outcomes_and_rounding() -> None:
    p = torch.tensor([0.0, 1.0, 1 + 1e-6, -1e-6], requires_grad=True)
    drawn = binomial(p, 7)
    assert drawn.tolist() == [0, 1, 1, 0]
    assert drawn.dtype == torch.float32
    assert not drawn.requires_grad


def test_counts_beyond_what_single_precision_counts() -> None:
    shots = 2**26 + 1
    assert binomial(torch.tensor([1.0]), shots).item() == 1
    assert binomial(torch.tensor([0.5]), shots, seed=1).item() == pytest.approx(0.5, abs=1e-3)


def test_seeds_and_runs() -> None:
    p = torch.full((4000,), 0.5)
    assert torch.equal(binomial(p, 10, seed=3), binomial(p, 10, seed=3))
    for other in (binomial(p, 10, seed=4), binomial(p, 10, seed=3, run=1)):
        both = torch.stack((binomial(p, 10, seed=3), other))
        assert abs(torch.corrcoef(both)[0, 1].item()) < 0.08
    torch.manual_seed(0)
    first = binomial(p, 10)
    assert not torch.equal(binomial(p, 10), first)
    torch.manual_seed(0)
    assert torch.equal(binomial(p, 10), first)


@pytest.mark.parametrize("shots", [0, -1, 2.0, True, None])
def test_shots_must_be_a_positive_integer(shots: Any) -> None:
    with pytest.raises(ValuesError, match="shots must be a positive integer"):
        binomial(torch.tensor([0.5]), shots)
