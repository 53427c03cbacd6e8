"""The reverse sweep through blocks that cannot be undone: channels, resets, what is left after a measurement.

The gradient goes back through adjoints as ever. The states it is crossed with come from a second run forward: those in
front of every s-th block are kept, and those between made again from there when the sweep comes by. With s = sqrt(K)
that is about 2 sqrt(K) states of K, for one more run; where they are small all are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, TypeVar

import torch
from torch import Tensor

from qdl.engine.program import Program
from qdl.plan.part import kept

S = TypeVar("S")


class Steps(Protocol[S]):
    """How a kind of states goes through a block."""

    def apply(self, psi: S, matrix: Tensor, positions: tuple[int, ...], wires: int) -> S:
        """The states behind a block."""

    def cross(self, lam: S, psi: S, positions: tuple[int, ...], wires: int, per_sample: bool) -> Tensor:
        """The gradient of a block's matrix."""

    def total(self, lam: S) -> S:
        """The sum over samples, as one sample."""


def retrace(
    steps: Steps[S],
    program: Program,
    start: S,
    lam: S,
    stacks: Sequence[Tensor],
    wanted: Sequence[bool],
    through: bool,
) -> tuple[list[Tensor | None], S | None]:
    """The gradients of the stacks that are wanted, and where `through` of the start.

    Parameters
    ----------
    steps : Steps
    start, lam : S
        The states in front of all blocks, and the gradient behind them.
    """
    blocks, matrices, wires = program.blocks, program.matrices(stacks), program.wires
    needed = {k for held, want in zip(program.slots, wanted, strict=True) if want for k in held}
    first = 0 if through else min(needed, default=len(blocks))
    step = 1 if kept(len(blocks), wires) >= len(blocks) else max(1, math.isqrt(len(blocks)))

    def run(psi: S, begin: int, end: int, every: int) -> dict[int, S]:
        """States in front of blocks `begin` to `end`, those at multiples of `every`."""
        found = {}
        for k in range(begin, end + 1):
            if k % every == 0:
                found[k] = psi
            if k < end:
                psi = steps.apply(psi, matrices[k], blocks[k].positions, wires)
        return found

    marks = run(start, 0, max(needed), step) if needed else {}
    inside: dict[int, S] = {}
    crossed: dict[int, Tensor] = {}
    for k in range(len(blocks) - 1, first - 1, -1):
        positions = blocks[k].positions
        if k in needed:
            if k not in inside:
                begin = k - k % step
                inside = run(marks.pop(begin), begin, k, 1)
            crossed[k] = steps.cross(lam, inside.pop(k), positions, wires, blocks[k].sampled)
        if k > first or through:
            lam = steps.apply(lam, matrices[k].mH, positions, wires)
            lam = steps.total(lam) if program.spreads == k else lam
    gradients = [
        torch.stack([crossed[k] for k in held], -3) if want else None
        for held, want in zip(program.slots, wanted, strict=True)
    ]
    return gradients, lam if through else None
