"""A program: the blocks of a part with where their matrices come from. What a state engine runs as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from qdl.engine.stacks import Place
from qdl.plan.fuse import Block


@dataclass(frozen=True, eq=False)
class Program:
    """The blocks of a part, in order, and where each one's matrix lies.

    Matrices come in stacks: (n, D, D) where they are shared by the batch, (B, n, D, D) where they are per sample.

    Attributes
    ----------
    wires : int
    blocks : tuple of Block
    places : tuple of Place
        For each block its stack and its slot in there; what does not vary is in no stack.
    constants : dict
        The number of a block that does not vary to its matrix, (D, D).
    spreads : int or None
        The block that turns one shared state into one per sample, if there is one.
    tiled : bool
        Whether the blocks are meant for the tile kernels.
    """

    wires: int
    blocks: tuple[Block, ...]
    places: tuple[Place, ...]
    constants: Mapping[int, Tensor]
    spreads: int | None
    tiled: bool = False

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], ...]:
        """For each stack, the blocks whose matrices it holds, in its order."""
        return slots(self.places)

    def matrices(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """All blocks' matrices in order, (D, D) or (B, D, D), the constant ones included."""
        return pick(self.places, self.constants, [stack.unbind(-3) for stack in stacks])


def slots(places: Sequence[Place]) -> tuple[tuple[int, ...], ...]:
    """For each stack, what it holds: the numbers of the places that point there, by slot."""
    count = 1 + max((place.stack for place in places), default=-1)
    held: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    for k, place in enumerate(places):
        if place.stack >= 0:
            held[place.stack].append((place.slot, k))
    return tuple(tuple(k for _, k in sorted(group)) for group in held)


def pick(places: Sequence[Place], constants: Mapping[int, Tensor], unbound: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """What each place points to."""
    return [constants[k] if p.stack < 0 else unbound[p.stack][p.slot] for k, p in enumerate(places)]
