"""What ``qdl bench --scaling`` varies, as data: a sweep is a name, an axis, its points, and the job of a point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qdl.bench import describe, works
from qdl.bench.rows import Row


@dataclass(frozen=True)
class Sweep:
    """One curve.

    Attributes
    ----------
    name, axis : str
    points : tuple of int
        What is varied, ascending.
    job : callable
        The job of a point, as `describe.job` makes it.
    base : float
        The time is fitted as point**exponent if 0, else as base**(exponent * point).
    what : str
        ``"seconds"`` of a step, or ``"bytes"`` at the peak of a fresh process.
    """

    name: str
    axis: str
    points: tuple[int, ...]
    job: Callable[[int], dict[str, Any]]
    base: float = 0
    what: str = "seconds"

    def quick(self) -> Sweep:
        """Every other point, the largest left out."""
        return replace(self, points=self.points[:-1:2])


def gradient(build: Any, batch: int | None = None, read: str = "all", **sizes: int) -> dict[str, Any]:
    """The job of values and all gradients of a circuit."""
    return describe.job(Row("point", "", build, sizes, "gradient", 1, batch=batch, read=read))


def words(count: int, wires: int = 10, seed: int = 0) -> dict[str, Any]:
    """Many different Pauli words, weight and letters at random, on one circuit."""
    rng = np.random.default_rng(seed)
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(rng.choice(list("IXYZ"), wires)))
    listed = [[[letter, wire] for wire, letter in enumerate(word) if letter != "I"] or [["Z", 0]] for word in found]
    listed.sort()
    return {**gradient(works.deep, wires=wires), "read": listed, "outputs": [count]}


SWEEPS = (
    Sweep("wires, one circuit", "wires", tuple(range(4, 27, 2)),
          lambda n: gradient(works.deep, read="last", wires=n), base=2),
    Sweep("wires, batch 64", "wires", tuple(range(4, 17, 2)), lambda n: gradient(works.conv, 64, wires=n), base=2),
    Sweep("batch", "samples", (1, 10, 100, 1000, 10_000, 100_000), lambda b: gradient(works.conv, b, wires=4)),
    Sweep("depth", "layers", (1, 3, 10, 30, 100, 300, 1000),
          lambda d: gradient(works.deep, read="last", wires=10, layers=d)),
    Sweep("observables", "words", (1, 3, 10, 30, 100, 300, 1000), words),
    Sweep("peak memory", "layers", (1, 4, 16, 64),
          lambda d: gradient(works.deep, read="last", wires=20, layers=d), what="bytes"),
)  # fmt: skip


def fit(points: list[int], values: list[float], base: float) -> float | None:
    """The exponent on the large end, the upper half of the points (three at least); None if there are not three."""
    half = max(3, (len(points) + 1) // 2)
    if len(points) < 3:
        return None
    x = np.array(points[-half:], dtype=float)
    x = x * np.log(base) if base else np.log(x)
    return float(np.polyfit(x, np.log(values[-half:]), 1)[0])
