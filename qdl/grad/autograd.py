"""Gradients by torch's own autograd through every block: the reference for the reverse sweep, and forward mode."""

from __future__ import annotations

from torch import Tensor

from qdl.grad.task import Task


class Autograd:
    """Keeps one state per block; supports whatever torch supports."""

    def values(self, task: Task, shared: Tensor, sampled: Tensor) -> Tensor:
        """What the task reads, (S, m)."""
        vectors, stacks = task.build(shared, sampled)
        return task.observe(vectors, stacks)[0]
