"""Runs small enough for tests, and what must hold between them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from qdl.train import Config, create, run
from qdl.train.files import read_tensors
from qdl.train.loop import Watcher

SMALL: dict[str, Any] = {
    "data": {"limit": 96, "placements": 1},
    "network": {"channels": [2, 3], "kernels": [3, 3], "strides": [2, 1], "paddings": [1, 0], "coupling": 0.5},
    "training": {"epochs": 3, "seeds": [0, 1], "models": ["quantum", "twin"]},
    "evaluation": {"couplings": [0.1, 0.5], "shots": [100], "draws": 1},
    "machine": {"threads": 1},
}


def config(**tables: dict[str, Any]) -> Config:
    """The small configuration, some keys of some tables changed."""
    return Config.read({**SMALL, **{name: {**SMALL.get(name, {}), **keys} for name, keys in tables.items()}})


def finished(path: Path, **tables: dict[str, Any]) -> Path:
    folder = create(config(**tables), path)
    run(folder)
    return folder


class Killer(Watcher):
    """Stops a run as Ctrl-C would, when it is told something for the n-th time."""

    def __init__(self, at: int) -> None:
        self.left = at

    def _count(self, *_: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt

    begin = step = epoch = end = note = _count


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def without_time(folder: Path) -> list[dict[str, Any]]:
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines(folder)]


def assert_same_outcome(one: Path, other: Path) -> None:
    """The same weights bit for bit, the same journal, the same results but for the time they took."""
    files = ["model.safetensors", *(f"models/{path.name}" for path in sorted((one / "models").iterdir()))]
    assert sorted(path.name for path in (one / "models").iterdir()) == sorted(
        path.name for path in (other / "models").iterdir()
    )
    for file in files:
        mine, theirs = read_tensors(one / file)[0], read_tensors(other / file)[0]
        assert mine.keys() == theirs.keys()
        for name in mine:
            assert torch.equal(mine[name], theirs[name]), f"{file}: {name} differs"
    assert without_time(one) == without_time(other)
    results = [json.loads((folder / "results.json").read_text()) for folder in (one, other)]
    for result in results:
        for fit in result["fits"]:
            del fit["seconds"]
    assert results[0] == results[1]


def assert_each_step_once(folder: Path, epochs: int, per_epoch: int) -> None:
    """Every fit's steps 0, 1, ... and epochs 0, 1, ..., each once and in order."""
    fits: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for line in lines(folder):
        fits.setdefault((line["stage"], line["model"], line["seed"], line["rate"]), []).append(line)
    assert fits
    for mine in fits.values():
        assert [line["step"] for line in mine if line["kind"] == "step"] == list(range(epochs * per_epoch))
        assert [line["epoch"] for line in mine if line["kind"] == "epoch"] == list(range(epochs))
