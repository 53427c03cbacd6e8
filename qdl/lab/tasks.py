"""Small data sets on which layers are compared: real ones that scikit-learn ships, one made up, one simulated."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from qdl.train.data import generator

TEST, VALIDATION, MOST = 0.3, 0.2, 600  # shares, and the most inputs to learn from
SPIN_SIDE, SPIN_SAMPLES, SWEEPS = 8, 900, 200


class Part(NamedTuple):
    """Inputs (N, features) or (N, 1, height, width) in [0, 1], float32, and classes (N,)."""

    inputs: Tensor
    labels: Tensor


class Task(NamedTuple):
    """A data set, split once and for all."""

    name: str
    training: Part
    validation: Part
    test: Part
    classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one input."""
        return tuple(self.test.inputs.shape[1:])


@cache
def open_task(name: str) -> Task:
    """A task by its name in `TASKS`; made once, and never to be written to.

    Examples
    --------
    >>> task = open_task("iris")
    >>> task.shape, task.classes, len(task.test.labels)
    ((4,), 3, 45)
    """
    inputs, labels = TASKS[name]()
    order = torch.randperm(len(labels), generator=generator("task", name))
    test, validation = round(TEST * len(order)), round(VALIDATION * len(order))
    parts = [part[:MOST] for part in order.split([test, validation, len(order) - test - validation])]
    if inputs.dim() == 2:  # features have units; those of the training data become the unit of all
        known = inputs[parts[2]]
        low, high = known.amin(0), known.amax(0)
        inputs = ((inputs - low) / (high - low)).clamp(0, 1)
    tested, validated, trained = (Part(inputs[part].float(), labels[part]) for part in parts)
    return Task(name, trained, validated, tested, int(labels.max()) + 1)


def _table(name: str) -> Callable[[], tuple[Tensor, Tensor]]:
    def load() -> tuple[Tensor, Tensor]:
        from sklearn import datasets

        raw = getattr(datasets, f"load_{name}")()
        return torch.from_numpy(raw.data).double(), torch.from_numpy(raw.target).long()

    return load


def _digits() -> tuple[Tensor, Tensor]:
    flat, labels = _table("digits")()
    return (flat / 16).reshape(-1, 1, 8, 8), labels


def _rings() -> tuple[Tensor, Tensor]:
    """Two noisy rings, one inside the other, in two of four features; the other two say nothing."""
    count, random = 600, generator("rings")
    labels = torch.arange(count) % 2
    angle = 2 * torch.pi * torch.rand(count, generator=random)
    radius = 1 + labels + 0.25 * torch.randn(count, generator=random)
    plane = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    return torch.cat([plane, torch.randn(count, 2, generator=random)], 1).double(), labels


def _ising() -> tuple[Tensor, Tensor]:
    """Spins of the square lattice below (T = 2.0) and above (T = 2.6) its critical temperature, 2.269.

    Metropolis on the two sublattices in turn, all samples side by side, from ordered starts of either sign.
    """
    random, side = generator("ising"), SPIN_SIDE
    labels = torch.arange(SPIN_SAMPLES) % 2
    temperature = torch.where(labels == 0, 2.0, 2.6)[:, None, None]
    spins = (2.0 * (torch.rand(SPIN_SAMPLES, 1, 1, generator=random) < 0.5) - 1).expand(-1, side, side).clone()
    board = (torch.arange(side)[:, None] + torch.arange(side)) % 2
    for sweep in range(2 * SWEEPS):
        field = sum(spins.roll(step, axis) for step in (1, -1) for axis in (1, 2))
        flips = torch.rand(spins.shape, generator=random) < torch.exp(-2 * spins * field / temperature)
        spins = torch.where(flips & (board == sweep % 2), -spins, spins)
    return (spins[:, None] + 1) / 2, labels


TASKS: dict[str, Callable[[], tuple[Tensor, Tensor]]] = {
    "digits": _digits,
    "iris": _table("iris"),
    "wine": _table("wine"),
    "breast cancer": _table("breast_cancer"),
    "rings": _rings,
    "Ising": _ising,
}
