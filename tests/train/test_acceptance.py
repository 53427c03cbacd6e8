"""What training must reach with its defaults: five seeds of all four models on both data sets."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from qdl.train import Config, create, evaluate, run

pytestmark = pytest.mark.slow
Accuracies = dict[str, float]


def mean_accuracies(name: str, folder: Path) -> Accuracies:
    """Mean test accuracy of each model."""
    wishes: dict[str, Any] = {"data": {"name": name}, "training": {"seeds": range(5)}, "machine": {"threads": 1}}
    results = run(create(Config.read(wishes), folder))
    models = {fit["model"] for fit in results["fits"]}
    return {model: fmean(fit["accuracy"] for fit in results["fits"] if fit["model"] == model) for model in models}


@pytest.fixture(scope="module")
def canvas(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Accuracies]:
    folder = tmp_path_factory.mktemp("runs") / "canvas"
    return folder, mean_accuracies("digits-canvas", folder)


def test_the_quantum_network_learns_what_its_twin_learns(canvas: tuple[Path, Accuracies]) -> None:
    _, accuracy = canvas
    assert accuracy["quantum"] >= 0.88
    assert abs(accuracy["quantum"] - accuracy["twin"]) <= 0.015


def test_it_is_the_convolutions_that_learn(canvas: tuple[Path, Accuracies]) -> None:
    _, accuracy = canvas
    assert accuracy["quantum"] >= accuracy["head"] + 0.4
    assert accuracy["quantum"] >= accuracy["frozen"] + 0.4


def test_a_thousand_shots_cost_little(canvas: tuple[Path, Accuracies]) -> None:
    folder, accuracy = canvas
    noisy = evaluate(folder, shots=1000)
    assert noisy.coupling >= 0.3
    assert fmean(score.accuracy for score in noisy.scores) >= accuracy["quantum"] - 0.02


def test_plain_digits(tmp_path: Path) -> None:
    assert mean_accuracies("digits", tmp_path / "run")["quantum"] >= 0.96
