"""How cost grows: the fits against laws that are known, and a sweep of two points for real."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdl.bench import epochs, scaling
from qdl.bench.sweeps import SWEEPS, fit, gradient, words
from qdl.bench.works import conv


def test_exponents_are_those_of_the_large_end() -> None:
    points = [1, 10, 100, 1000, 10_000]
    assert fit(points, [5 + 0 * p if p < 100 else 1e-3 * p**1.5 for p in points], 0) == pytest.approx(1.5)
    assert fit([4, 6, 8, 10], [1.0, 1.0, 4.0, 16.0], 2) == pytest.approx(1.0)
    assert fit([1, 2], [1.0, 2.0], 0) is None


def test_a_slope_and_its_error() -> None:
    rng = np.random.default_rng(0)
    slopes = []
    for _ in range(200):
        found = epochs.line((1 + 2e-4 * np.arange(200) + 0.05 * rng.standard_normal(200)).tolist())
        slopes.append((found["slope"] - 2e-4) / found["slope error"])
    assert abs(np.mean(slopes)) < 0.3
    assert 0.8 < np.std(slopes) < 1.2
    assert epochs.line([1.0 + 0.01 * i for i in range(100)])["drift"] == pytest.approx(0.9 / 1.545, rel=1e-6)


def test_words_are_different() -> None:
    listed = words(1000)["read"]
    assert len({json.dumps(word) for word in listed}) == 1000
    assert all(letter in "XYZ" and 0 <= wire < 10 for word in listed for letter, wire in word)


@pytest.mark.slow
def test_a_sweep_is_measured_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = next(sweep for sweep in SWEEPS if sweep.name == "batch")
    small = replace(batch, points=(1, 2, 4), job=lambda b: gradient(conv, b, wires=2))
    few = replace(SWEEPS[4], points=(3,), job=lambda count: words(count, wires=2))
    monkeypatch.setattr(scaling, "SWEEPS", (small, few))
    monkeypatch.setattr(scaling, "STEPS", 2)
    monkeypatch.setattr(scaling, "EPOCHS", 2)
    monkeypatch.setattr(epochs, "train", lambda epochs, threads: {"seconds": [1.0, 1.1], "slope": 0.1,
                                                                  "slope error": 0.1, "drift": 0.1})  # fmt: skip
    results = scaling.scale(out=tmp_path, threads=1)
    found = results["sweeps"]["batch"]
    assert found["points"] == [1, 2, 4]
    assert len(found["seconds"]) == len(found["bytes"]) == 3
    assert found["exponent"] is not None
    assert found["stopped"] is None
    assert results["sweeps"]["observables"]["exponent"] is None
    assert (tmp_path / scaling.FIGURE).read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(scaling, "measure", None)
    assert scaling.scale(out=tmp_path, threads=1)["sweeps"] == json.loads(json.dumps(results["sweeps"]))


def test_epochs_are_timed() -> None:
    found = epochs.train(3, threads=1)
    assert len(found["seconds"]) == 3
    assert min(found["seconds"]) > 0
