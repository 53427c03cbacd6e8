"""Contestants made of a few lines, that are quick, slow, large, wrong or dead; and rows small enough for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from qdl.bench import pair, rows
from qdl.bench.peers import Peer
from qdl.bench.runner import Runner

ROW = replace(next(row for row in rows.ROWS if row.name == "small"), goal=1.5, against=())
SPEEDS = {"bytes": 1e10, "flops": 1e11}

ADAPTER = """
import os, sys, time
import numpy as np

PACKAGES = ["numpy", "no-such-package"]


class Peer:
    loops = {loops}

    def __init__(self, job):
        self.job = job
        {start}

    def prepare(self, values):
        return values

    def step(self, values):
        {step}
        return {{"values": values["weights"] + {wrong}, "d x": values["x"], "d theta": values["theta"]}}

    def arrays(self, result):
        return result
"""


def adapter(
    folder: Path, name: str, step: str = "pass", *, start: str = "pass", wrong: float | str = 0, loops: bool = False
) -> Peer:
    """A contestant whose answer is its input: `step` and `start` are what it does besides, `wrong` is added to it."""
    file = folder / f"{name}.py"
    file.write_text(ADAPTER.format(step=step, start=start, wrong=wrong, loops=loops))
    return Peer(str(file), "")


def runner(folder: Path, peers: dict[str, Peer], *chosen: rows.Row, **more: Any) -> Runner:
    """A run of fakes against a fake qdl whose step takes 10 ms."""
    chosen = chosen or (replace(ROW, peers=tuple(peers)),)
    qdl = adapter(folder, "ours", "time.sleep(0.01)")
    settings = {"effort": pair.Effort(0.2, 3), "say": lambda line: None, **more}
    return Runner(folder / "run", chosen, peers=peers, qdl=qdl, **settings)


def record(folder: Path, peers: dict[str, Peer], **more: Any) -> dict[str, Any]:
    """What a run of one row with these peers finds."""
    results = runner(folder, peers, **more).run()
    found: dict[str, Any] = results["rows"][ROW.name]
    return found
