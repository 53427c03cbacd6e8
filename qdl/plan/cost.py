"""Cost: predicted time and memory of a list of windows, and the machine figures they are predicted with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qdl.plan.fuse import Window


@dataclass(frozen=True)
class Machine:
    """What a machine does per second, and what a call into torch costs. Rough figures of a laptop's two cores."""

    flops: float = 2e10
    bytes: float = 8e9
    call: float = 1.5e-5


MACHINE = Machine()
BUILD_LIMIT = 2**26  # complex entries of the embedded gates of one kind of block, forward and backward kept in memory


def window_seconds(window: Window, wires: int, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds to apply one window to `batch` states of `wires` wires (complex64, one matrix product)."""
    amplitudes = batch * 2.0**wires
    span = 2.0 ** len(window.positions)
    contiguous = window.positions[-1] - window.positions[0] == len(window.positions) - 1
    traffic = 16 * amplitudes * (1 if contiguous else 3)
    return max(8 * amplitudes * span / machine.flops, traffic / machine.bytes) + 2 * machine.call


def build_seconds(window: Window, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds to multiply a window's gates into its matrix (per sample where it has per-sample angles)."""
    copies = batch if window.sampled else 1
    span = 2.0 ** len(window.positions)
    return 8 * copies * len(window.varying) * span**3 / machine.flops + machine.call


def build_entries(found: Sequence[Window], batch: int) -> float:
    """Complex entries of all embedded gates of the windows: what building them takes in memory."""
    return sum((batch if w.sampled else 1) * max(1, len(w.varying)) * 4.0 ** len(w.positions) for w in found)


def total_seconds(found: Sequence[Window], wires: int, batch: int, machine: Machine = MACHINE) -> float:
    """Seconds for all windows, forward and reverse sweep."""
    return sum(4 * window_seconds(w, wires, batch, machine) + 3 * build_seconds(w, batch, machine) for w in found)
