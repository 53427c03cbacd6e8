"""What the cost model reckons with, for a device."""

from __future__ import annotations

from dataclasses import replace

import torch

from qdl.engine.tiles import installed
from qdl.plan.cost import MACHINE, TILES, Machine


def machine(device: torch.device) -> Machine:
    """The figures of a device; only the CPU has tile kernels."""
    if device.type != "cpu" or not installed():
        return MACHINE
    threads = torch.get_num_threads()
    return replace(TILES, threads=threads)
