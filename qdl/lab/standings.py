"""Who leads: what the records of a contest say."""

from __future__ import annotations

from collections.abc import Iterable
from math import nan, sqrt
from statistics import fmean, stdev
from typing import Any, NamedTuple

Record = dict[str, Any]


class Standing(NamedTuple):
    """Quantum side and twin of one layer on one task; a value per seed, in the order of the seeds."""

    layer: str
    task: str
    parameters: int
    rates: tuple[float, float]
    quantum: list[float]
    twin: list[float]

    @property
    def lead(self) -> float:
        """Mean test accuracy of the quantum side minus that of its twin."""
        return fmean(self.quantum) - fmean(self.twin)

    @property
    def error(self) -> float:
        """Standard error of the lead, from the differences seed by seed; nan for a single seed."""
        gaps = [q - t for q, t in zip(self.quantum, self.twin, strict=True)]
        return stdev(gaps) / sqrt(len(gaps)) if len(gaps) > 1 else nan


class Overall(NamedTuple):
    """A layer over all tasks that it stands on: the mean of its leads."""

    layer: str
    standings: list[Standing]

    @property
    def lead(self) -> float:
        return fmean(standing.lead for standing in self.standings)

    @property
    def error(self) -> float:
        return sqrt(sum(standing.error**2 for standing in self.standings)) / len(self.standings)


def standings(records: Iterable[Record]) -> list[Standing]:
    """Every layer and task that both sides have finished with the same seeds, the greatest lead first."""
    found: dict[tuple[str, str], dict[str, dict[int, Record]]] = {}
    for record in records:
        if record["stage"] == "test":
            sides = found.setdefault((record["layer"], record["task"]), {"quantum": {}, "twin": {}})
            sides[record["side"]][record["seed"]] = record
    both = [
        _standing(layer, task, sides["quantum"], sides["twin"])
        for (layer, task), sides in found.items()
        if set(sides["quantum"]) == set(sides["twin"])
    ]
    return sorted(both, key=lambda one: (-one.lead, one.layer))


def overall(found: Iterable[Standing]) -> list[Overall]:
    """Layers by the mean of their leads, the greatest first."""
    layers: dict[str, list[Standing]] = {}
    for one in found:
        layers.setdefault(one.layer, []).append(one)
    return sorted((Overall(*item) for item in layers.items()), key=lambda one: (-one.lead, one.layer))


def _standing(layer: str, task: str, quantum: dict[int, Record], twin: dict[int, Record]) -> Standing:
    seeds = sorted(quantum)
    sides = [[side[seed]["accuracy"] for seed in seeds] for side in (quantum, twin)]
    first = quantum[seeds[0]], twin[seeds[0]]
    return Standing(layer, task, first[0]["parameters"], (first[0]["rate"], first[1]["rate"]), *sides)


def verdict(lead: float, error: float) -> str:
    """In words, whether a lead is more than its standard error.

    Examples
    --------
    >>> verdict(0.05, 0.02), verdict(-0.03, 0.02), verdict(0.01, 0.02)
    ('ahead, beyond 2 s.e.', 'behind, beyond 1 s.e.', 'level')
    """
    if error != error:
        return "one seed only"
    beyond = 2 if abs(lead) > 2 * error else 1 if abs(lead) > error else 0
    return f"{'ahead' if lead > 0 else 'behind'}, beyond {beyond} s.e." if beyond else "level"
