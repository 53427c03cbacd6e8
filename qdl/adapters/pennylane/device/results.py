"""Results and derivatives as PennyLane nests them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from qdl.adapters.pennylane.device.gradient import Kept
from qdl.adapters.pennylane.device.run import Task, as_numpy


class Gradients(tuple):
    """The gradients of a tape's parameters, of which some may be per sample: PennyLane would take it for an array."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int]:
        """How many there are."""
        return (len(self),)

    def squeeze(self) -> Gradients:
        """Nothing is to be squeezed."""
        return self


def one(results: Sequence[Any]) -> Any:
    """A tape's results, of which a single one stands alone."""
    return results[0] if len(results) == 1 else tuple(results)


def home(result: torch.Tensor, task: Task, graph: bool) -> torch.Tensor:
    """A result where the inputs are, in their precision."""
    dtype = task.kind.dtype.to_complex() if result.is_complex() else task.kind.dtype
    moved = result.to(task.origin, dtype)
    return moved if graph else moved.detach()


def nested(found: Kept) -> Any:
    """Jacobians as PennyLane nests them: measurements, then parameters, either left out if there is only one."""
    rows = [tuple(map(as_numpy, row)) for row in found.jacobian()]
    rows = [row[0] if len(row) == 1 else row for row in rows]
    return rows[0] if len(rows) == 1 else tuple(rows)


def pushed(found: Kept, tangents: Any) -> Any:
    """How results move when trainable parameters do, by the Jacobian."""
    moved = []
    for row in found.jacobian():
        total: Any = 0.0
        for jacobian, tangent in zip(row, tangents, strict=True):
            given = np.asarray(tangent)
            total = total + np.tensordot(as_numpy(jacobian), given, given.ndim)
        moved.append(total)
    return moved[0] if len(moved) == 1 else tuple(moved)
