"""What every engine must do with noise, measurement and feedback: random circuits against the reference of branches.

An engine says how it is called and whether it is exact; the class below buys it the whole battery.
"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
import torch

import qdl
from qdl.errors import QdlError
from qdl.ir import Circuit
from tests import noisy_oracle, oracle
from tests.strategies import CHANNEL_NAMES, Case, noisy_case

SIGMAS = 4.0
SHARE_BEYOND = 6.334e-5  # of a normal distribution beyond four standard deviations


class Scores:
    """Deviations in standard errors, and how many lie beyond four of them beside how many should."""

    def __init__(self) -> None:
        self.found: list[float] = []

    def add(self, deviation: Any, error: Any) -> None:
        deviation, error = np.ravel(deviation), np.ravel(error)
        certain = error < 1e-7
        assert np.abs(deviation[certain]).max(initial=0) < 1e-6, "what does not vary must be exact"
        self.found += list(np.abs(deviation[~certain] / error[~certain]))

    def judge(self, least: int) -> None:
        beyond = sum(score > SIGMAS for score in self.found)
        expected = SHARE_BEYOND * len(self.found)
        text = f"{len(self.found)} comparisons, {beyond} beyond 4 sigma, {expected:.3f} expected"
        print(f"{text}, largest {max(self.found):.2f}")
        assert len(self.found) >= least, text
        assert beyond == 0, text
        spread = float(np.sqrt(np.mean(np.square(self.found))))
        assert 0.5 < spread < 1.25, f"standard errors are off: scores spread by {spread:.2f}"


def names_of(circuit: Circuit) -> list[int | str]:
    """All wires and bits, in an order of its own."""
    return [*circuit.bits[::-1], *range(circuit.wires - 1, -1, -1)]


class NoisyConformance:
    """Subclass and name an engine."""

    engine: str
    exact = True
    bound = 1e-10
    channels: tuple[str, ...] = tuple(CHANNEL_NAMES)
    feedback = True
    seeds = range(100)
    most_wires = 4

    comparisons = 200
    densities = True  # whether it hands out density matrices; if not, it must say so

    def case(self, seed: int, feedback: bool | None = None) -> Case:
        draw = Random(seed)
        wires = draw.randint(1, self.most_wires)
        length = draw.randint(2, 3 + 3 * wires)
        measures = (self.feedback if feedback is None else feedback) and seed % 2 == 1
        return noisy_case(draw, wires, length, self.channels, measures)

    def options(self, seed: int) -> dict[str, Any]:
        return {"engine": self.engine, "dtype": torch.float64, "seed": seed}

    def test_expectation_values(self) -> None:
        scores = Scores()
        for seed in self.seeds:
            made = self.case(seed)
            found, error = qdl.estimate(made.circuit, made.observables, made.all(), **self.options(seed))
            _, each = oracle.samples(made.all())
            right = np.array([noisy_oracle.expval(made.circuit, made.observables, one) for one in each])
            deviation = found.detach().numpy() - right.reshape(found.shape)
            self.compare(seed, scores, deviation, error.numpy())
        self.judge(scores)

    def test_probabilities_of_wires_and_bits(self) -> None:
        scores = Scores()
        for seed in self.seeds:
            made = self.case(seed)
            names = names_of(made.circuit)
            found = qdl.probs(made.circuit, made.own(), names, **self.options(seed))
            _, each = oracle.samples(made.own())
            right = np.array([noisy_oracle.probs(made.circuit, one, names) for one in each]).reshape(found.shape)
            # A trajectory's probabilities vary at most as much as single shots do.
            error = np.sqrt(np.clip(right * (1 - right), 1e-6, None) / self.rows())
            if self.exact:
                self.compare(seed, scores, found.numpy() - right, error)
            else:
                worst = np.abs((found.numpy() - right) / error).max()
                assert worst < SIGMAS + 1, f"{worst:.1f} sigma, circuit of seed {seed}"

    def test_density_matrices(self) -> None:
        for seed in self.seeds:
            made = self.case(seed)
            if not self.densities:
                with pytest.raises(QdlError, match="density"):
                    qdl.density(made.circuit, made.own(), **self.options(seed))
                continue
            kept = list(range(made.circuit.wires))[::-1][:2]
            found = qdl.density(made.circuit, made.own(), kept, **self.options(seed)).numpy()
            _, each = oracle.samples(made.own())
            rest = [w for w in range(made.circuit.wires) if w not in kept]
            right = []
            for one in each:
                rho = noisy_oracle.density(made.circuit, one).reshape((2,) * (2 * made.circuit.wires))
                order = [*kept, *rest]
                n, k = len(order), 2 ** len(kept)
                rho = rho.transpose([*order, *(n + w for w in order)]).reshape(k, 2 ** (n - len(kept)), k, -1)
                right.append(np.einsum("iaja->ij", rho))
            distance = np.abs(found - np.array(right).reshape(found.shape)).max()
            bound = self.bound if self.exact else 6 / np.sqrt(self.rows())
            assert distance < bound, f"off by {distance:.2g}, circuit of seed {seed}"

    def rows(self) -> int:
        """Over how many trajectories an engine averages that is not exact."""
        return int(self.engine.partition(":")[2] or 1000)

    def compare(self, seed: int, scores: Scores, deviation: Any, error: Any) -> None:
        if self.exact:
            assert np.abs(deviation).max() < self.bound, f"off by {np.abs(deviation).max():.2g}, circuit of seed {seed}"
        else:
            scores.add(deviation, error)

    def judge(self, scores: Scores) -> None:
        if not self.exact:
            scores.judge(200)

    @pytest.mark.parametrize("shots", [400])
    def test_shots(self, shots: int) -> None:
        scores = Scores()
        for seed in self.seeds:
            made = self.case(seed, feedback=True)
            found, error = qdl.estimate(made.circuit, made.observables, made.all(), shots=shots, **self.options(seed))
            _, each = oracle.samples(made.all())
            right = np.array([noisy_oracle.expval(made.circuit, made.observables, one) for one in each])
            deviation = found.detach().numpy() - right.reshape(found.shape)
            rare = error.numpy() < 3 / shots  # an outcome that was never seen leaves no spread to measure
            scores.add(np.where(rare, 0, deviation), np.where(rare, 1, error.numpy()))
        scores.judge(self.comparisons)
