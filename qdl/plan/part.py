"""What a plan is made of. A plan holds no values and no tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qdl.plan.angles import AngleIndex, AngleTable
from qdl.plan.blocks import Block, Stack
from qdl.plan.readout import Read


@dataclass(frozen=True)
class Product:
    """Factor `wires` of the initial product state: slot `slot` of column stack `stack`, prepared amplitudes, or |0>."""

    positions: tuple[int, ...]
    stack: int = -1
    slot: int = -1
    amplitudes: AngleIndex = ()
    constant: np.ndarray | None = None
    sampled: bool = False


@dataclass(frozen=True)
class Part:
    """A connected part of the circuit, simulated as one state.

    Attributes
    ----------
    wires : tuple of int
        The circuit's wires in the order of the state's index bits, most significant first.
    prologue : tuple of Product
    columns, stacks : tuple of Stack
        How the prologue's vectors and the blocks' matrices are built.
    blocks : tuple of Block
    read : Read
    angles : frozenset of int
        The entries of the angle vector that this part uses.
    """

    wires: tuple[int, ...]
    prologue: tuple[Product, ...]
    columns: tuple[Stack, ...]
    blocks: tuple[Block, ...]
    stacks: tuple[Stack, ...]
    read: Read
    angles: frozenset[int]
    seconds: float

    @property
    def sampled(self) -> bool:
        """Whether the final state is per sample."""
        return any(b.sampled for b in self.blocks) or any(p.sampled for p in self.prologue)

    def sample_entries(self) -> float:
        """Complex entries that one sample keeps alive: states of the sweep, and its own matrices."""
        matrices = sum(
            2.0 * stack.constants.shape[2] ** 2 * stack.chains.size + stack.constants[:, :, 0, 0].size
            for stack in (*self.stacks, *self.columns)
            if stack.sampled
        )
        return 6 * 2.0 ** len(self.wires) + matrices


@dataclass(frozen=True)
class Plan:
    """All parts, the angle table they index, and for words the factors whose product each word is.

    ``factors[w]`` lists columns of the parts' readouts laid side by side; an empty list is the number 1.
    """

    table: AngleTable
    parts: tuple[Part, ...]
    factors: tuple[tuple[int, ...], ...] = ()
