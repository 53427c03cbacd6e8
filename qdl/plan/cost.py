"""Cost: predicted time and memory of a part, and the machine figures they are predicted with.

What is counted: calls into torch, products of small matrices with states, bytes that move, and what the tile kernels
take for a block. Speeds are those of one thread; work on states is shared by all threads, calls are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qdl.plan.fuse import CONSTANT, Block
from qdl.plan.readout import CoordinateWords, Read, StateRead, WordsRead
from qdl.plan.runs import inner_blocks, runs_of

NEAR_BYTES, FAR_BYTES = 2**20, 2**24  # arrays that copy at the speed of the cache, and of the memory
FRESH_BYTES = 2**25  # an array from this size on is memory that the operating system hands out anew each time


@dataclass(frozen=True)
class Machine:
    """What one thread of a machine does per second, and what a call into torch costs. Rough figures of a laptop.

    Attributes
    ----------
    products : tuple of float
        Flops per second of matrices on 1, 2, ... 8 wires times states, complex64.
    small : float
        Seconds of each product, beside its flops, where many small ones are done at once.
    near, far : float
        Bytes per second read and written when copying an array, in the cache and beyond it.
    fresh : float
        The same where the copy takes memory that the operating system has to hand out first.
    call : float
        Seconds of a call into torch.
    acts, backs : tuple of float
        Seconds per amplitude that the tile kernels take for a block on 1, 2 or 3 wires, forward and in the reverse
        sweep, each with its share of exchanges; empty where there are no tile kernels.
    tile_call : float
        Seconds that starting the tile kernels takes.
    threads : int
    """

    products: tuple[float, ...] = (5e9, 2.5e10, 4e10, 5e10, 5.5e10, 6e10, 6e10, 6e10)
    small: float = 1e-7
    near: float = 5e10
    far: float = 2.5e10
    fresh: float = 4e9
    call: float = 1.5e-6
    acts: tuple[float, ...] = ()
    backs: tuple[float, ...] = ()
    tile_call: float = 5e-6
    threads: int = 1

    def flops(self, wires: int) -> float:
        """Per second, of products with matrices on so many wires, all threads together."""
        return self.products[min(max(wires, 1), len(self.products)) - 1] * self.threads

    def bytes(self, size: float) -> float:
        """Per second, of copying in an array of `size` bytes, all threads together."""
        share = math.log(min(max(size, NEAR_BYTES), FAR_BYTES) / NEAR_BYTES) / math.log(FAR_BYTES / NEAR_BYTES)
        return self.near ** (1 - share) * self.far**share * self.threads

    def copy(self, size: float) -> float:
        """Seconds of reading `size` bytes and writing as many to a new array."""
        return 2 * size / (self.bytes(size) if size < FRESH_BYTES else self.fresh * self.threads)


@dataclass(frozen=True)
class Seconds:
    """Predicted or measured time of a part, in its phases.

    Attributes
    ----------
    matrices : float
        From angles to the blocks' matrices.
    forward : float
        Initial state, blocks, readout.
    reverse : float
        The reverse sweep.
    angles : float
        From the matrices' gradients to those of the angles.
    """

    matrices: float = 0.0
    forward: float = 0.0
    reverse: float = 0.0
    angles: float = 0.0

    @property
    def total(self) -> float:
        return self.matrices + self.forward + self.reverse + self.angles


MACHINE = Machine()
TILES = replace(MACHINE, acts=(1.2e-10, 2e-10, 3.5e-10), backs=(4e-10, 6.5e-10, 1.3e-9))  # where there are kernels
BUILD_LIMIT = 2**26  # complex entries of the embedded gates of one kind of block, forward and backward kept in memory
TILE_BITS = 15  # wires of a state that is one tile
FEWEST = 4  # wires of a state that fills the lanes of the tile kernels
FEW_SAMPLES = 8  # samples that do not fill them either
LANE_WIRES = 11  # wires of the widest states that the tile kernels put into one lane each

# What the engine's Python does around the work, counted in the code and fitted on some twenty circuits.
BUILD_CALLS, STACK_CALLS, LEVEL_CALLS = 65, 25, 13  # of building matrices; for each stack; for each level of products
BACK_CALLS = 1.7  # calls of autograd's backward for each forward
RUN_CALLS, BLOCK_CALLS, GROUP_CALLS = 45, 9, 26
STATE_WALKS, BACK_WALKS = 14, 26  # over the states for start and readout, forward and reverse, where torch does them
GATE_BYTES = 700  # that move for each per-sample gate on the way to its matrix
MAKE_CALLS, MADE_BYTES = 20, 150  # the same where the tile kernels make the matrices


def fewest_wires(batch: int, widest: int) -> int:
    """Wires of the smallest states that are worth the tile kernels; a few small states do not fill their lanes."""
    return FEWEST + (widest if batch <= FEW_SAMPLES else 0)


def samples_of(prologue: Sequence[Block], blocks: Sequence[Block], batch: int) -> list[int]:
    """How many states each block acts on, and behind them the readout: one until something per sample has acted."""
    count = batch if any(b.sampled for b in prologue) else 1
    out = []
    for block in blocks:
        count = batch if block.sampled else count
        out.append(count)
    return [*out, count]


def chains(prologue: Sequence[Block], blocks: Sequence[Block]) -> list[tuple[Block, int]]:
    """What is multiplied to build the matrices: blocks and runs within them, each with how many factors vary."""
    runs = [(block, len(block.varying)) for block in (*prologue, *inner_blocks(blocks))]
    return runs + [(block, sum(any(m.kind != CONSTANT for m in run) for run in runs_of(block))) for block in blocks]


def matrix_seconds(prologue: Sequence[Block], blocks: Sequence[Block], batch: int, machine: Machine) -> Seconds:
    """Seconds from angles to matrices and back."""
    calls, work = float(BUILD_CALLS), 0.0
    lengths: dict[tuple[int, bool], int] = {}
    for block, gates in chains(prologue, blocks):
        if not gates:
            continue
        wires, copies = len(block.positions), batch if block.sampled else 1
        stack = (wires, block.sampled)
        lengths[stack] = max(lengths.get(stack, 1), gates)
        entries = 4.0**wires
        work += copies * gates * (GATE_BYTES + 40 * entries) / machine.bytes(8 * copies * entries)
        if not block.sampled:  # a product of its own makes each gate
            work += gates * machine.small * (6 + entries / 10)
        work += copies * (gates - 1) * (machine.small / machine.threads + 8 * 8.0**wires / machine.flops(wires))
    for length in lengths.values():
        calls += STACK_CALLS + LEVEL_CALLS * math.ceil(math.log2(length))
    forward = calls * machine.call + work
    return Seconds(matrices=forward, angles=BACK_CALLS * calls * machine.call + 1.8 * work)


def kernel_matrix_seconds(blocks: Sequence[Block], batch: int, machine: Machine) -> Seconds:
    """Seconds from angles to matrices and back where the tile kernels build the matrices themselves."""
    work = 0.0
    for block in blocks:
        gates, entries = len(block.varying), 4.0 ** len(block.positions)
        if block.sampled:
            work += batch * gates * MADE_BYTES / (machine.near * machine.threads)
        else:
            work += gates * machine.small * entries / 30
    calls = MAKE_CALLS * machine.call
    return Seconds(matrices=calls + work, angles=BACK_CALLS * calls + 1.8 * work)


def product_seconds(block: Block, wires: int, samples: int, machine: Machine, real: bool = False) -> float:
    """Seconds of one product of a block's matrices with states."""
    width = len(block.positions)
    amplitudes = samples * 2.0**wires
    left, right = block.positions[0], wires - 1 - block.positions[-1]
    contiguous = block.positions[-1] - block.positions[0] == width - 1
    if not contiguous:
        left, right = 0, wires - width
    at_once = samples if block.sampled else 1 if right == 0 else samples * 2**left
    moved = machine.copy((4 if real else 8) * amplitudes)
    copies = 3 if not contiguous or (block.sampled and left and right) else 0
    flops = (2 if real else 8) * amplitudes * 2.0**width / machine.flops(width)
    separate = at_once * machine.small / machine.threads if at_once > 1 else 0.0
    return max(flops, moved) + separate + copies * moved


def window_seconds(
    prologue: Sequence[Block],
    blocks: Sequence[Block],
    read: Read | None,
    wires: int,
    batch: int,
    machine: Machine,
    real: bool = False,
) -> Seconds:
    """Seconds of a part whose blocks are carried out as matrix products, `real` ones on density matrices."""
    counts = samples_of(prologue, blocks, batch)
    forward, reverse = _ends(read, wires, counts[-1], machine)
    for block, samples in zip(blocks, counts, strict=False):
        once = product_seconds(block, wires, samples, machine, real)
        moved = machine.copy(8 * samples * 2.0**wires)
        turned = 2 * moved if 0 < wires - 1 - block.positions[-1] < len(block.positions) else 0.0
        forward += once + BLOCK_CALLS * machine.call
        reverse += 3 * once + turned + 4 * BLOCK_CALLS * machine.call
    built = matrix_seconds(prologue, blocks, batch, machine)
    return Seconds(built.matrices, forward, reverse, built.angles)


def tile_seconds(
    prologue: Sequence[Block],
    blocks: Sequence[Block],
    read: Read | None,
    wires: int,
    batch: int,
    machine: Machine,
    walks: int = 1,
    alive: Sequence[int] = (),
) -> Seconds:
    """Seconds of a part whose blocks the tile kernels carry out in `walks` passes over the states.

    `alive` says how many wires are there behind each block, where |0...0> grows wire by wire.
    """
    counts = samples_of(prologue, blocks, batch)
    little = 1 + 32 / 2.0**wires  # tiles of small states hold less work for the same preparations
    padded = [max(n * 2.0**wires, 64.0) * little / machine.threads for n in counts]
    size = 8 * counts[-1] * 2.0**wires
    moved = 2 * size / machine.bytes(size)  # a later pass writes where the first one did
    own = sum(2 * 4.0 ** len(b.positions) * batch for b in blocks if b.sampled)  # numbers of per-sample matrices
    lanewise = batch >= 8 and wires <= LANE_WIRES
    idle = not any(block.members for block in prologue)  # else torch makes the start, and so the matrices
    sheets = 0.0 if idle else (24 if lanewise else 128) * own / machine.bytes(4 * own)
    forward, reverse = _ends(read, wires, counts[-1], machine, fused=True)
    forward += machine.tile_call + (walks - 1) * moved + sheets
    reverse += machine.tile_call + (walks - 1) * 2 * moved + 2 * sheets
    for index, (block, amplitudes) in enumerate(zip(blocks, padded, strict=False)):
        kind = len(block.positions) - 1
        if alive:
            amplitudes *= 2.0 ** (alive[index] - wires)
        forward += amplitudes * machine.acts[kind]
        reverse += amplitudes * machine.backs[kind]
    built = kernel_matrix_seconds(blocks, batch, machine) if idle else matrix_seconds(prologue, blocks, batch, machine)
    return Seconds(built.matrices, forward, reverse, built.angles)


def _ends(read: Read | None, wires: int, samples: int, machine: Machine, fused: bool = False) -> tuple[float, float]:
    """Seconds of initial state and readout, forward and reverse; the tile kernels do what is `fused`."""
    walk = machine.copy(8 * samples * 2.0**wires)
    little = 1 + 4 / 2.0**wires  # inner loops of small states are short
    forward = RUN_CALLS * machine.call + (2 if fused else STATE_WALKS) * little * walk
    reverse = 2 * RUN_CALLS * machine.call + (4 if fused else BACK_WALKS) * little * walk
    if isinstance(read, WordsRead):
        extra = max(0, len(read.groups) - 1) + 2 * len(read.matrices)
        seconds = extra * (GROUP_CALLS * machine.call + 3 * walk)
        seconds += samples * 2.0**wires * 2 * read.count / machine.flops(3)
        forward, reverse = forward + seconds, reverse + seconds
    elif not isinstance(read, (StateRead, CoordinateWords)):
        forward, reverse = forward + walk, reverse + 2 * walk
    return forward, reverse


def build_entries(blocks: Sequence[Block], batch: int) -> float:
    """Complex entries of all embedded gates of the blocks: what building them takes in memory."""
    return sum((batch if b.sampled else 1) * max(1, n) * 4.0 ** len(b.positions) for b, n in chains((), blocks))
