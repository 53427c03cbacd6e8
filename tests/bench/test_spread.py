"""Contestants that sample are right on average, or wrong, and compared at equal error bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qdl.bench import spread, table
from qdl.bench.peers import Peer
from tests.bench.fakes import ROW, adapter, runner

pytestmark = pytest.mark.usefixtures("speeds")
SAMPLED = replace(ROW, name="sampled", ask="values", engine="trajectory", trajectories=100, goal=10)


def noisy(width: float, more: float = 0.0) -> str:
    """What a contestant adds that draws: noise of a width, and what it is wrong by; nothing where nothing is drawn."""
    normal = f"{width} * np.random.default_rng(int(values['seed'])).normal(size=values['weights'].shape) + {more}"
    return f"({normal} if 'seed' in values else 0)"


def record(folder: Path, peers: dict[str, Peer], ours: str = noisy(0.1)) -> dict[str, Any]:
    run = runner(folder, peers, replace(SAMPLED, peers=tuple(peers)), quick=True)
    run.qdl = adapter(folder, "ours", "time.sleep(0.01)", wrong=ours)
    found: dict[str, Any] = run.run()["rows"]["sampled"]
    return found


def test_times_count_at_equal_error_bars(tmp_path: Path) -> None:
    peers = {
        "coarse": adapter(tmp_path, "coarse", "time.sleep(0.02)", wrong=noisy(0.3)),
        "fine": adapter(tmp_path, "fine", "time.sleep(0.1)", wrong=noisy(0.05)),
    }
    found = record(tmp_path, peers)
    assert found["qdl"]["right"]
    assert found["qdl"]["error bar"] == pytest.approx(0.1, rel=0.4)
    for name, width in (("coarse", 0.3), ("fine", 0.05)):
        peer = found["peers"][name]
        assert peer["right"]
        assert peer["runs"] == 20
        assert peer["error bar"] == pytest.approx(width, rel=0.4)
        factor = (peer["error bar"] / found["qdl"]["error bar"]) ** 2
        assert peer["ratio"] == pytest.approx(factor * peer["time ratio"])
        assert peer["spread"][0] <= peer["ratio"] <= peer["spread"][1]
    assert found["peers"]["coarse"]["time ratio"] < 4 < 10 < found["peers"]["coarse"]["ratio"]
    assert found["best"] == "fine"
    assert "at equal error bar" in table.cells("sampled", found)[5]


def test_an_error_bar_is_as_well_known_as_it_says() -> None:
    rng = np.random.default_rng(0)
    runs = 0.3 * rng.standard_normal((500, 30, 4)) * np.array([0.1, 0.2, 1.0, 1.4])
    bars = np.array([spread.rms(each) for each in runs])
    said = np.array([spread.jackknife(each) for each in runs])
    assert bars.mean() == pytest.approx(0.3 * np.sqrt((0.01 + 0.04 + 1 + 1.96) / 4), rel=0.02)
    assert said.mean() == pytest.approx(bars.std(), rel=0.15)


@pytest.mark.slow
def test_runs_fill_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "QUICK", spread.Runs(3, 400, 0.5))
    slow = adapter(tmp_path, "slow", "time.sleep(0.3)", wrong=noisy(0.1))
    found = record(tmp_path, {"slow": slow, "quick": adapter(tmp_path, "quick", wrong=noisy(0.1))})["peers"]
    assert found["slow"]["runs"] == 3
    assert found["quick"]["runs"] == 400


@pytest.mark.slow
def test_who_is_wrong_on_average_is_wrong(tmp_path: Path) -> None:
    peers = {
        "good": adapter(tmp_path, "good", wrong=noisy(0.1)),
        "biased": adapter(tmp_path, "biased", wrong=noisy(0.1, 0.2)),
        "little": adapter(tmp_path, "little", wrong=noisy(1e-3, 0.002)),
        "frozen": adapter(tmp_path, "frozen"),
        "long": adapter(tmp_path, "long", wrong="np.zeros((7, 1))"),
    }
    found = record(tmp_path, peers)
    assert {name for name, peer in found["peers"].items() if peer["right"]} == {"good"}
    assert found["peers"]["biased"]["errors"]["mean, in standard errors"] > spread.FAR
    assert found["best"] == "good"


def test_qdl_must_be_right_on_average_itself(tmp_path: Path) -> None:
    for k, ours in enumerate((noisy(0.1, 0.2), "0")):
        (tmp_path / str(k)).mkdir()
        found = record(tmp_path / str(k), {"peer": adapter(tmp_path, "peer", wrong=noisy(0.1))}, ours)
        assert not found["qdl"]["right"]
        assert found["met"] is False
        assert "ratio" not in found
        assert "wrong" in " ".join(table.cells("sampled", found))
