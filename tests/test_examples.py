"""The examples run, and show what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.slow
def test_noise_aware_training_recovers_accuracy(tmp_path: Path) -> None:
    """Two seeds in place of five: far above what training on without noise reaches."""
    figure = tmp_path / "figure.png"
    command = [sys.executable, str(EXAMPLES / "noise_aware.py"), "--seeds", "2", "--figure", str(figure)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=None)
    rows = {
        line.split("\u2502")[1].strip(): line.split("\u2502")[2:]
        for line in ran.stdout.splitlines()
        if "\u2502" in line
    }
    means = {name: float(cells[0]) for name, cells in rows.items() if name}
    assert means["ideal, on the device"] < means["ideal, run ideally"] - 0.1
    assert means["trained on with noise, on the device"] > means["trained on ideally, on the device"] + 0.05
    assert figure.stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pennylane_quanvolution.py", "qiskit_estimator_qnn.py"])
def test_one_changed_line_trains_the_same_network_faster(name: str) -> None:
    command = [sys.executable, str(EXAMPLES / name), "--epochs", "1"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line.split("\u2502")[1:] for line in ran.stdout.splitlines() if "\u2502" in line]
    theirs, ours = ([float(cell) for cell in cells[2:4]] for cells in rows)
    assert ours == pytest.approx(theirs, abs=0.1 if name.startswith("qiskit") else 0.01)  # Qiskit's are estimates
    assert float(ran.stdout.split()[-3]) > 1, ran.stdout
