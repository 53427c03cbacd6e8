"""Contestants that sample: whether they are right on average, and what their times are worth.

Two means of N trajectories have errors s/sqrt(N), each method with an s of its own, so times are compared at equal
error bars: for qdl's error the peer would have to run (peer's error/qdl's error)**2 times as many trajectories, and
by that factor the ratio of times is multiplied. The errors are the standard deviations of repeated runs at the same
values with different seeds, root mean square over the observables; how well they are known is said by a jackknife over
the runs. There are as many runs as a time allows, since the ratio takes twice the error of either.

A contestant is right if the mean of these runs is within `FAR` of its own standard errors of the exact value, for every
observable. One whose runs do not differ has not drawn anew, and is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from qdl.bench import pair
from qdl.bench.contestant import Contestant

FAR = 5.0
ROUNDING = 1e-6  # of single precision: an observable may be without spread
Array = np.ndarray[Any, Any]


class Runs(NamedTuple):
    """How many runs: as many as fit into `seconds`, at least `least` and at most `most`."""

    least: int
    most: int
    seconds: float


FULL, QUICK = Runs(40, 200, 40), Runs(20, 20, 0)


def check(one: Contestant, file: Path, exact: Mapping[str, Any], runs: Runs, seed: int = 1) -> dict[str, Any]:
    """A contestant's error bar, how far its mean is from the exact values in standard errors, and whether it is right.

    The seed is that of the reference's values.
    """
    try:
        one.ask(
            "repeat", seed=seed, runs=runs.least, most=runs.most, seconds=runs.seconds, file=str(file),
            limit=pair.SETUP, what=f"for {runs.least} runs",
        )  # fmt: skip
        with np.load(file) as arrays:
            found = arrays["values"]
    finally:
        file.unlink(missing_ok=True)
    wanted = exact["values"]
    if found.shape[1:] != wanted.shape:
        return {"errors": {"values": float("nan")}, "right": False}
    each = found.std(0, ddof=1)
    far = float((np.abs(found.mean(0) - wanted) / (each / len(found) ** 0.5 + ROUNDING)).max())
    return {
        "errors": {"mean, in standard errors": far}, "error bar": rms(found), "error of error bar": jackknife(found),
        "runs": len(found), "right": far <= FAR and rms(found) > ROUNDING,
    }  # fmt: skip


def rms(runs: Array) -> float:
    """The error bar from runs (runs, *outputs)."""
    return float(np.sqrt(np.mean(runs.var(0, ddof=1))))


def jackknife(runs: Array) -> float:
    """How well that is known: its standard error."""
    without = [rms(np.delete(runs, k, 0)) for k in range(len(runs))]
    return float(np.sqrt((len(runs) - 1) * np.var(without)))


def equal(peer: dict[str, Any], qdl: Mapping[str, Any]) -> dict[str, Any]:
    """What was found of a peer, its ratio at equal error bars if both sample; that of the times is kept beside it."""
    if "ratio" not in peer or not peer.get("error bar") or not qdl.get("error bar"):
        return peer
    factor = (peer["error bar"] / qdl["error bar"]) ** 2
    return {
        **peer, "time ratio": peer["ratio"], "ratio": factor * peer["ratio"],
        "spread": [factor * ratio for ratio in peer["spread"]],
    }  # fmt: skip
