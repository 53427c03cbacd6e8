"""What training must reach with its defaults: five seeds of all four models on both data sets."""

from __future__ import annotations

from math import sqrt
from pathlib import Path
from statistics import fmean, variance
from typing import Any

import pytest

from qdl.train import Config, create, evaluate, run

pytestmark = pytest.mark.slow
Accuracies = dict[str, list[float]]


def accuracies(name: str, folder: Path) -> Accuracies:
    """Test accuracy of each model, one per seed."""
    wishes: dict[str, Any] = {"data": {"name": name}, "training": {"seeds": range(5)}, "machine": {"threads": 1}}
    results = run(create(Config.read(wishes), folder))
    models = {fit["model"] for fit in results["fits"]}
    assert max(fit["parameters"] for fit in results["fits"] if fit["model"] != "head") <= 3000
    return {model: [fit["accuracy"] for fit in results["fits"] if fit["model"] == model] for model in models}


def test_canvas(tmp_path: Path) -> None:
    """One test, since two workers would train twice."""
    folder = tmp_path / "canvas"
    found = accuracies("digits-canvas", folder)
    quantum, twin = found["quantum"], found["twin"]
    assert fmean(quantum) >= 0.95
    assert fmean(quantum) >= fmean(twin) - sqrt((variance(quantum) + variance(twin)) / len(twin))
    # It is the convolutions that learn.
    assert fmean(quantum) >= fmean(found["head"]) + 0.4
    assert fmean(quantum) >= fmean(found["frozen"]) + 0.3
    # A thousand shots cost little.
    noisy = evaluate(folder, shots=1000)
    assert noisy.coupling >= 0.3
    assert fmean(score.accuracy for score in noisy.scores) >= fmean(quantum) - 0.02


def test_plain_digits(tmp_path: Path) -> None:
    assert fmean(accuracies("digits", tmp_path / "run")["quantum"]) >= 0.975
