"""A program: the blocks of a part with where their matrices come from. What a state engine runs as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from qdl.engine.stacks import Place, Stack
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
    words : tuple of tuples of int
        The positions of the Z's in each word that is read, if the readout is of a few such words.
    stacks : tuple of Stack
        What the stacks are built from.
    shared_angles : int
        How many angles are shared by the batch; those per sample are numbered behind them.
    unitary : bool
        Whether every block can be undone by its adjoint.
    functional : Tensor or None
        What is read, where it is linear in the states and little: rows (m, 2**n), the values being states times these.
    """

    wires: int
    blocks: tuple[Block, ...]
    places: tuple[Place, ...]
    constants: Mapping[int, Tensor]
    spreads: int | None
    tiled: bool = False
    words: tuple[tuple[int, ...], ...] = ()
    stacks: tuple[Stack, ...] = ()
    shared_angles: int = 0
    unitary: bool = True
    functional: Tensor | None = None

    @cached_property
    def backwards(self) -> Program:
        """The program for the functional: the same blocks in the opposite order, their matrices to be transposed."""
        last = len(self.blocks) - 1
        return replace(
            self,
            blocks=self.blocks[::-1],
            places=self.places[::-1],
            constants={last - k: matrix.mT.contiguous() for k, matrix in self.constants.items()},
        )

    @cached_property
    def slots(self) -> tuple[tuple[int, ...], ...]:
        """For each stack, the blocks whose matrices it holds, in its order."""
        return slots(self.places)

    def matrices(self, stacks: Sequence[Tensor]) -> list[Tensor]:
        """All blocks' matrices in order, (D, D) or (B, D, D), the constant ones included."""
        return pick(self.places, self.constants, [stack.unbind(-3) for stack in stacks])


@dataclass(frozen=True)
class Start:
    """The state before all blocks, (S or 1, 2**n), made when it is called.

    Attributes
    ----------
    make : callable
    tensors : tuple of Tensor
        What it is made of.
    dtype : torch.dtype
    device : torch.device
    idle : bool
        Whether it is |0...0>.
    fresh : bool
        Whether what is made may be overwritten.
    """

    make: Callable[[], Tensor]
    tensors: tuple[Tensor, ...]
    dtype: torch.dtype
    device: torch.device
    idle: bool
    fresh: bool

    def __call__(self) -> Tensor:
        return self.make()


@dataclass(frozen=True)
class Pull:
    """The gradient with respect to the state behind all blocks, (S, 2**n), made when it is called.

    Attributes
    ----------
    cotangent : Tensor
        The gradient with respect to what is read, (S, m).
    make : callable
    """

    cotangent: Tensor
    make: Callable[[], Tensor]

    def __call__(self) -> Tensor:
        return self.make()


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
