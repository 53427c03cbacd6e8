"""Cost: predicted time and memory of a list of blocks, and the machine figures they are predicted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qdl.plan.fuse import Block


@dataclass(frozen=True)
class Machine:
    """What a machine does per second, and what a call into torch costs. Rough figures of a laptop's two cores.

    Attributes
    ----------
    flops, bytes : float
        Of a matrix product on a state, and of moving one.
    call : float
        Seconds of a call into torch.
    tile_flops : float
        Of the tile kernels; 0 where there are none.
    tile_call : float
        Seconds that starting the tile kernels takes, forward and reverse.
    """

    flops: float = 2e10
    bytes: float = 8e9
    call: float = 1.5e-5
    tile_flops: float = 0.0
    tile_call: float = 2e-4


MACHINE = Machine()
BUILD_LIMIT = 2**26  # complex entries of the embedded gates of one kind of block, forward and backward kept in memory


def block_seconds(block: Block, wires: int, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds to apply one block to `batch` states of `wires` wires (complex64, one matrix product)."""
    amplitudes = batch * 2.0**wires
    span = 2.0 ** len(block.positions)
    contiguous = block.positions[-1] - block.positions[0] == len(block.positions) - 1
    traffic = 16 * amplitudes * (1 if contiguous else 3)
    return max(8 * amplitudes * span / machine.flops, traffic / machine.bytes) + 2 * machine.call


def build_seconds(block: Block, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds to multiply a block's gates into its matrix (per sample where it has per-sample angles)."""
    copies = batch if block.sampled else 1
    span = 2.0 ** len(block.positions)
    return 8 * copies * len(block.varying) * span**3 / machine.flops + machine.call


def build_entries(blocks: Sequence[Block], batch: int) -> float:
    """Complex entries of all embedded gates of the blocks: what building them takes in memory."""
    return sum((batch if b.sampled else 1) * max(1, len(b.varying)) * 4.0 ** len(b.positions) for b in blocks)


def total_seconds(blocks: Sequence[Block], wires: int, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds for all blocks, forward and reverse sweep."""
    return sum(4 * block_seconds(b, wires, batch, machine) + 3 * build_seconds(b, batch, machine) for b in blocks)


def tile_seconds(blocks: Sequence[Block], wires: int, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds for all blocks with the tile kernels, forward and reverse sweep."""
    amplitudes = batch * 2.0**wires
    flops = sum(8 * amplitudes * 2.0 ** len(b.positions) for b in blocks)
    walks = 2 if wires > TILE_BITS else 1
    build = sum(3 * build_seconds(b, batch, machine) for b in blocks)
    return 4 * flops / machine.tile_flops + walks * 48 * amplitudes / machine.bytes + machine.tile_call + build


TILE_BITS = 15  # wires of a state that is one tile
