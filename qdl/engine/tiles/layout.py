"""Layouts: how the states of a batch are cut into tiles, and a program of passes as arrays for the kernels.

Either lanes are amplitudes of one sample (or, for small states, of several), and a matrix is the same in all lanes. Or
there are matrices per sample, and a tile is the whole states of as many samples as a vector has lanes, one in each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qdl.engine.tiles import codes
from qdl.plan.tiles import Grow, Pass, Step, Swap, grown, schedule

Integers = NDArray[np.int64]

MOST_ROWS = 11  # row bits of a tile: psi and lam of 2**15 amplitudes in single precision take half a MiB
FEW_ROWS = 8  # row bits up to which a tile of small states takes in more samples
LANEWISE_WIRES = (4, 11)  # wires of states that go into one lane each


@dataclass(frozen=True)
class Walk:
    """A pass as arrays.

    Attributes
    ----------
    sources, targets : (R,) int
        Where in the array a tile's rows are read and written, counted in amplitudes from the tile's base.
    bases, groups : (T,) int
        Each tile's first amplitude, and its group of matrices.
    steps : (n, 12) int
        The program, without the places of matrices and gradients, which `fill` puts in.
    acts : (m,) int
        Which steps are blocks, and `blocks` which: their numbers.
    words : (W,) int
        The masks of the words that are read, if this pass reads them.
    signs : (W, lanes) float
        The sign that a word gives each lane, where lanes are amplitudes.
    """

    sources: Integers
    targets: Integers
    bases: Integers
    groups: Integers
    steps: Integers
    acts: Integers
    blocks: Integers
    words: Integers
    signs: NDArray[np.float64]

    @cached_property
    def addresses(self) -> tuple[int, ...]:
        """Where sources, targets, bases, groups and words lie."""
        arrays = (self.sources, self.targets, self.bases, self.groups, self.words)
        return tuple(array.ctypes.data for array in arrays)

    def fill(self, matrix: Integers, grouped: Integers, gradient: Integers) -> Integers:
        """The program with the places of every block's matrix and gradient, in vectors."""
        steps = self.steps.copy()
        steps[self.acts, codes.MATRIX] = matrix[self.blocks]
        steps[self.acts, codes.OF_GROUP] = grouped[self.blocks]
        steps[self.acts, codes.GRADIENT] = gradient[self.blocks]
        return steps


@dataclass(frozen=True)
class Layout:
    """How `samples` states of `wires` wires are cut up.

    Attributes
    ----------
    padded : int
        Samples in the array, a multiple of what a tile takes.
    grouped : bool
        Whether there are matrices per sample.
    lanewise : bool
        Whether each lane is a sample.
    reads : bool
        Whether the words are read on the way.
    inside : int
        The bits of an amplitude's number in its own state.
    walks : tuple of Walk
    grows : bool
        Whether |0...0> grows bit by bit.
    """

    samples: int
    padded: int
    wires: int
    grouped: bool
    lanewise: bool
    reads: bool
    inside: int
    walks: tuple[Walk, ...]
    grows: bool = False


def lay_out(
    blocks: Sequence[tuple[int, ...]],
    sampled: bool,
    wires: int,
    samples: int,
    lanes: int,
    threads: int,
    words: Sequence[tuple[int, ...]] = (),
    idle: bool = False,
) -> Layout | None:
    """The layout for blocks on positions, or None where tiles are of no use.

    Parameters
    ----------
    blocks : sequence of tuples
        The positions each block acts on; position 0 is a state's most significant bit.
    sampled : bool
        Whether any block has matrices per sample.
    lanes : int
        Numbers in a vector.
    words : sequence of tuples
        The positions that each word to be read has a Z on.
    idle : bool
        Whether the states start as |0...0>, and nothing asks for what is in front of the blocks on the way back.
    """
    low = lanes.bit_length() - 1
    widest = max(map(len, blocks), default=0)
    if widest > codes.WIDEST or not blocks:
        return None
    lanewise = sampled and 2 * samples > lanes and max(low, LANEWISE_WIRES[0]) <= wires <= LANEWISE_WIRES[1]
    ground = max(wires, low)  # bits below those of whole samples in a tile
    if lanewise:
        spare, rows = low, wires
    elif sampled:
        if wires < low:
            return None
        spare, rows = 0, min(MOST_ROWS, wires - low)
    else:
        spare = min(max(0, FEW_ROWS - (ground - low)), max(0, (samples >> (ground - wires)).bit_length() - 3))
        rows = min(MOST_ROWS, ground - low + spare)
    if samples == 1 and threads > 1:  # enough tiles for all threads
        rows = max(min(rows, FEW_ROWS), rows - max(0, (4 * threads - 1).bit_length() - (ground - low - rows)))
    if rows < widest:
        return None
    bits = [tuple(wires - 1 - p for p in block) for block in blocks]
    grows = lanewise and idle
    beyond = range(ground, ground + spare)
    passes = [grown(bits, wires, low, beyond)] if grows else schedule(bits, wires, low, rows, beyond, lift=lanewise)
    each = 2 ** (ground + spare - wires)
    padded = -(-samples // each) * each
    masks = [sum(1 << (wires - 1 - p) for p in word) for word in words]
    reads = bool(words) and (lanewise or not spare)
    walks = []
    for k, p in enumerate(passes):
        last = reads and k == len(passes) - 1
        walks.append(_walk(p, low, wires, each, padded, lanewise, masks if last else []))
    return Layout(samples, padded, wires, sampled, lanewise, reads, (1 << wires) - 1, tuple(walks), grows)


def _walk(p: Pass, low: int, wires: int, each: int, padded: int, lanewise: bool, masks: Sequence[int]) -> Walk:
    """A pass as arrays; a tile takes `each` whole samples, or a piece of one."""
    total = wires + each.bit_length() - 1
    inside = _offsets([b for b in range(low, total) if b not in p.sources])
    starts = np.arange(padded // each, dtype=np.int64) << total
    bases = (starts[:, None] + inside).ravel()
    steps = [_step(s) for s in p.steps]
    blocks = [None if isinstance(s, Swap) else s.block for s in p.steps]
    acts = [k for k, block in enumerate(blocks) if block is not None]
    if masks:
        steps.insert(p.blocks_end, [codes.READ] + [0] * (codes.STEP - 1))
    return Walk(
        _offsets(p.sources),
        _offsets(p.targets),
        bases,
        bases >> (total if lanewise else wires),
        np.array(steps, dtype=np.int64),
        np.array(acts, dtype=np.int64),
        np.array([blocks[k] for k in acts], dtype=np.int64),
        np.array([_mask(mask, p) for mask in masks], dtype=np.int64),
        np.array([_lane_signs(mask, p.lanes) for mask in masks]),
    )


def _mask(mask: int, p: Pass) -> int:
    """Which bits of a row's number, and of the tile's base above them, a word's sign depends on."""
    rows = sum(1 << r for r, bit in enumerate(p.rows) if mask >> bit & 1)
    base = sum(1 << bit for bit in range(mask.bit_length()) if mask >> bit & 1 and bit not in (*p.rows, *p.lanes))
    return rows | base << codes.ROW_BITS


def _lane_signs(mask: int, lanes: Sequence[int]) -> list[float]:
    parities = [sum(mask >> bit & number >> j & 1 for j, bit in enumerate(lanes)) for number in range(1 << len(lanes))]
    return [-1.0 if parity % 2 else 1.0 for parity in parities]


def _offsets(bits: Sequence[int]) -> Integers:
    """Every sum of the powers of two of some bits, the first bit varying fastest."""
    out = np.zeros(1, dtype=np.int64)
    for bit in bits:
        out = np.concatenate([out, out + (1 << bit)])
    return out


def _step(step: Step) -> list[int]:
    """A step as integers (see `codes.STEP`); the places of matrix and gradient are filled in later."""
    out = [0] * codes.STEP
    if isinstance(step, Grow):
        out[codes.KIND] = codes.GROW_IDLE if step.block is None else codes.GROW
        return out
    count = len(step.rows)
    if not isinstance(step, Swap):
        out[codes.KIND] = count
        out[codes.BITS : codes.BITS + count] = step.rows
        out[codes.SORTED : codes.SORTED + count] = sorted(step.rows)
    else:
        out[codes.KIND] = codes.SWAP_ALL if count > 1 else codes.SWAP_ONE + step.lanes[0]
        out[codes.BITS : codes.BITS + 2 * count] = [*step.rows, *sorted(step.rows)]
    return out
