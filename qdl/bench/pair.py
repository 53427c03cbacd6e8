"""Two contestants on one row: first the same numbers, then the times, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qdl.bench.contestant import Contestant

STEP = 60.0  # seconds a step may take
SETUP = 240.0  # seconds until the first result, compilation included
MOST = 50  # rounds
VISIT = 0.2  # seconds of steps between two changes of turn, where a step is shorter
Make = Callable[[], Contestant]
TOLERANCE = {"complex64": 1e-4, "float32": 1e-4, "complex128": 1e-6, "float64": 1e-6}


@dataclass(frozen=True)
class Effort:
    """How long two contestants are compared: until `seconds` have passed, at least `rounds` times each."""

    seconds: float
    rounds: int


FULL, QUICK = Effort(8, 5), Effort(2, 3)


def errors(found: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, float]:
    """The largest error of each array, over the largest entry of what it should be; NaN where shapes differ.

    Expectation values of Z are measured against 1, the norm of Z: near zero they are differences of large numbers.
    """
    out = {}
    for name, wanted in right.items():
        got = found.get(name)
        if got is None or got.shape != wanted.shape:
            out[name] = float("nan")
        else:
            scale = max(np.abs(wanted).max(), 1.0 if name == "values" else 1e-12)
            out[name] = float(np.abs(got - wanted).max() / scale)
    return out


def start(one: Contestant, job: dict[str, Any]) -> dict[str, Any]:
    """Set-up and first call: its seconds and the precision."""
    return one.ask("setup", job=job, limit=SETUP, what="for set-up and the first call")


def check(one: Contestant, file: Path, precision: str, right: Mapping[str, Any]) -> dict[str, Any]:
    """Errors of one step against the reference, and whether they are within the precision's tolerance."""
    found = errors(result(one, file), right)
    return {"errors": found, "right": all(error <= TOLERANCE[precision] for error in found.values())}


def result(one: Contestant, file: Path, seed: int = 1, limit: float = STEP + 30) -> dict[str, Any]:
    """The arrays of one step; the limit allows for writing them."""
    try:
        one.ask("check", seed=seed, file=str(file), limit=limit)
        with np.load(file) as arrays:
            return dict(arrays)
    finally:
        file.unlink(missing_ok=True)


def duel(qdl: Contestant, peer: Contestant, effort: Effort, seed: int = 100) -> dict[str, Any]:
    """Both in turn, every step with new values.

    Returns
    -------
    dict
        ``qdl`` and ``peer``: seconds of each step, by round; ``ratios``: peer over qdl, for each round.
    """
    both = {"qdl": qdl, "peer": peer}
    times: dict[str, list[list[float]]] = {"qdl": [], "peer": []}
    ratios: list[float] = []
    first = {}  # a step each, not counted, to see how many make a visit
    for name, one in both.items():
        (first[name],) = one.ask("time", seed=seed, steps=1, limit=STEP)["seconds"]
    steps = {name: int(min(max(VISIT / max(seconds, 1e-6), 1), 200)) for name, seconds in first.items()}
    rounds, seed = enough(max(first.values()), effort), seed + 1
    end = time.monotonic() + effort.seconds
    while len(ratios) < rounds or (time.monotonic() < end and len(ratios) < MOST):
        middle = {}
        for name, one in both.items():
            warm = 1 if steps[name] > 1 else 0  # the other's turn has emptied the caches
            asked = one.ask("time", seed=seed, steps=warm + steps[name], limit=STEP * (warm + 1))
            seed += warm + steps[name]
            times[name].append(asked["seconds"][warm:])
            middle[name] = float(np.median(times[name][-1]))
        ratios.append(middle["peer"] / middle["qdl"])
    return {**times, "ratios": ratios}


def enough(step: float, effort: Effort) -> int:
    """Rounds for steps of this length: fewer, where each takes long."""
    return effort.rounds if step < 2 else min(effort.rounds, 2) if step < 20 else 1


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Medians, and the spread of the ratio from the 10th to the 90th percentile."""
    low, middle, high = np.percentile(found["ratios"], [10, 50, 90])
    return {
        "seconds": float(np.median(np.concatenate(found["peer"]))),
        "qdl seconds": float(np.median(np.concatenate(found["qdl"]))),
        "ratio": float(middle),
        "spread": [float(low), float(high)],
        "rounds": len(found["ratios"]),
        "timings": {"qdl": found["qdl"], "peer": found["peer"], "ratios": found["ratios"]},
    }


def cold(make: Make, job: dict[str, Any]) -> float:
    """Seconds from the start of a process to its first result."""
    begin = time.perf_counter()
    with make() as one:
        start(one, job)
        return time.perf_counter() - begin


def cold_duel(make_qdl: Make, make_peer: Make, job: dict[str, Any], rounds: int) -> dict[str, Any]:
    """Fresh processes in turn; the times are of the whole process."""
    times: dict[str, list[list[float]]] = {"qdl": [], "peer": []}
    for _ in range(rounds):
        times["qdl"].append([cold(make_qdl, job)])
        times["peer"].append([cold(make_peer, job)])
    ratios = [peer[0] / qdl[0] for qdl, peer in zip(times["qdl"], times["peer"], strict=True)]
    return {**times, "ratios": ratios}
