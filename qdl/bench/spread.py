"""Contestants that sample: whether they are right on average, and what their times are worth.

Two means of N trajectories have errors s/sqrt(N), each method with an s of its own, so times are compared at equal
error bars: for qdl's error the peer would have to run (peer's error/qdl's error)**2 times as many trajectories, and
by that factor the ratio of times is multiplied. The errors are the standard deviations of repeated runs at the same
values with different seeds, root mean square over the observables.

A contestant is right if the mean of these runs is within `FAR` of its own standard errors of the exact value, for every
observable. One whose runs do not differ has not drawn anew, and is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from qdl.bench.contestant import Contestant

RUNS, QUICK_RUNS = 40, 20
FAR = 5.0
ROUNDING = 1e-6  # of single precision: an observable may be without spread


def check(
    one: Contestant, file: Path, exact: Mapping[str, Any], runs: int, limit: float, seed: int = 1
) -> dict[str, Any]:
    """A contestant's error bar, how far its mean is from the exact values in standard errors, and whether it is right.

    The seed is that of the reference's values.
    """
    try:
        one.ask("repeat", seed=seed, runs=runs, file=str(file), limit=limit, what=f"for {runs} runs")
        with np.load(file) as arrays:
            found = arrays["values"]
    finally:
        file.unlink(missing_ok=True)
    wanted = exact["values"]
    if found.shape != (runs, *wanted.shape):
        return {"errors": {"values": float("nan")}, "right": False}
    each = found.std(0, ddof=1)
    far = float((np.abs(found.mean(0) - wanted) / (each / runs**0.5 + ROUNDING)).max())
    bar = float(np.sqrt(np.mean(each**2)))
    return {
        "errors": {"mean, in standard errors": far}, "error bar": bar, "runs": runs,
        "right": far <= FAR and bar > ROUNDING,
    }  # fmt: skip


def equal(peer: dict[str, Any], qdl: Mapping[str, Any]) -> dict[str, Any]:
    """What was found of a peer, its ratio at equal error bars if both sample; that of the times is kept beside it."""
    if "ratio" not in peer or not peer.get("error bar") or not qdl.get("error bar"):
        return peer
    factor = (peer["error bar"] / qdl["error bar"]) ** 2
    return {
        **peer, "time ratio": peer["ratio"], "ratio": factor * peer["ratio"],
        "spread": [factor * ratio for ratio in peer["spread"]],
    }  # fmt: skip
