"""What a plan is made of. A plan holds no values and no tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

from qdl.plan.angles import AngleTable
from qdl.plan.cost import FEWEST, LANE_WIRES, Seconds
from qdl.plan.fuse import Block
from qdl.plan.readout import Read


@dataclass(frozen=True)
class Considered:
    """A way to carry out a part that the planner weighed: tiles or windows, how wide, how many blocks, how long."""

    tiled: bool
    width: int
    blocks: int
    seconds: float


KEEP_ALL = 2**16  # coordinates of a density matrix that is small enough to be kept behind each block


def kept(blocks: int, size: int) -> int:
    """How many states on the way a reverse sweep keeps where blocks cannot be undone: all, or the square root twice."""
    return blocks if 2**size <= KEEP_ALL else 2 * math.isqrt(max(1, blocks)) + 1


@dataclass(frozen=True)
class Part:
    """A connected part of the circuit, simulated as one state.

    Attributes
    ----------
    wires : tuple of int
        The circuit's wires in the order of the state's index bits, most significant first.
    prologue : tuple of Block
        The factors of the initial product state: what each block makes of |0...0>. Together they cover every position
        once; a block without members stands for |0>.
    blocks : tuple of Block
        What acts on the state, in order.
    read : Read
    angles : frozenset of int
        The entries of the angle vector that this part uses.
    seconds : Seconds
        Predicted time.
    tiled : bool
        Whether the blocks are meant for the tile kernels.
    considered : tuple of Considered
        What was chosen from, this among it.
    threads : int
        That the plan was made for.
    alive : tuple of int
        How many wires are there behind each block, where |0...0> grows wire by wire; else empty.
    levels : tuple of int
        Index bits of each wire: 1 in a state vector; 2 in a density matrix, where a measured bit has 1.
    """

    wires: tuple[int, ...]
    prologue: tuple[Block, ...]
    blocks: tuple[Block, ...]
    read: Read
    angles: frozenset[int]
    seconds: Seconds
    tiled: bool = False
    considered: tuple[Considered, ...] = ()
    threads: int = 1
    alive: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()

    @property
    def size(self) -> int:
        """Index bits of the state."""
        return sum(self.levels)

    @property
    def mixed(self) -> bool:
        """Whether states are density matrices."""
        return max(self.levels, default=1) > 1

    @property
    def bits(self) -> tuple[tuple[int, ...], ...]:
        """The index bits of each wire."""
        ends = list(accumulate(self.levels))
        return tuple(tuple(range(end - n, end)) for end, n in zip(ends, self.levels, strict=True))

    def sample_entries(self, reverse: bool) -> float:
        """Complex entries that one sample keeps alive: a few states, more in a reverse sweep, and its own matrices."""
        vectors = sum(4.0 * len(b.varying) * 2 ** len(b.positions) for b in self.prologue if b.sampled)
        matrices = sum(3.0 * len(b.varying) * 4 ** len(b.positions) for b in self.blocks if b.sampled)
        if self.tiled:
            matrices += self._sheet_entries(reverse)
        states = 7.0 if reverse else 3.0
        if self.mixed:  # coordinates are real, and some are kept on the way
            states = (states + (kept(len(self.blocks), self.size) if reverse else 0)) / 2
        return states * 2.0**self.size + vectors + matrices

    def _sheet_entries(self, reverse: bool) -> float:
        """Complex entries of a sample's matrices as the tile kernels read them.

        Where a state does not go into one lane, each number of a matrix stands in all lanes: 128 bytes for an entry, 16
        entries in single precision. Behind them, in a reverse sweep, come the adjoints and one gradient per thread.
        """
        own = sum(4.0 ** len(b.positions) for b in self.blocks if b.sampled)
        wide = not FEWEST <= self.size <= LANE_WIRES
        copies = 2 + (self.threads if wide else 1) if reverse else 1
        return (16 if wide else 2) * copies * own


@dataclass(frozen=True)
class Plan:
    """All parts, the angle table they index, and for words the factors whose product each word is.

    ``factors[w]`` lists columns of the parts' readouts laid side by side; an empty list is the number 1. ``norms[w]``
    lists those of the norms that belong to them, if they are read.
    """

    table: AngleTable
    parts: tuple[Part, ...]
    factors: tuple[tuple[int, ...], ...] = ()
    norms: tuple[tuple[int, ...], ...] = ()

    @property
    def seconds(self) -> float:
        """Predicted time, with gradients."""
        return sum(part.seconds.total for part in self.parts)
