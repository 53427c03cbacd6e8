"""How much memory there is, and how many samples fit."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from qdl.errors import MemoryBudgetError

SMALL = 2**27  # bytes below which nobody asks the operating system


def available(device: torch.device) -> int:
    """Bytes that can still be allocated on a device."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if device.type == "meta":
        return 2**62
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def rows_that_fit(
    samples: int,
    per_sample: float,
    fixed: float,
    device: torch.device,
    budget: int | None,
    remedy: str = "use fewer wires",
) -> int:
    """How many samples may run at once.

    Parameters
    ----------
    samples : int
    per_sample, fixed : float
        Bytes for each sample of a run, and bytes that are needed anyway.
    budget : int or None
        Bytes that may be used; None stands for 80 % of what is available.
    remedy : str
        What an error proposes first.

    Raises
    ------
    MemoryBudgetError
        If not even one sample fits.
    """
    if budget is None:
        if fixed + per_sample * samples <= SMALL:
            return max(1, samples)
        budget = int(0.8 * available(device))
    if fixed + per_sample > budget:
        raise MemoryBudgetError(
            "not enough memory",
            got=f"{_text(fixed + per_sample)} needed for one sample and the results",
            expected=f"at most {_text(budget)}",
            do=f"{remedy}, read observables with smaller cones, or raise memory_budget",
        )
    return max(1, min(samples, int((budget - fixed) / per_sample)))


def check_state(whose: str, wires: str, index_bits: int, single: bool, remedy: str) -> None:
    """Refuse a state that a simulator of someone else's would keep here, before anything is sent.

    Parameters
    ----------
    whose : str
        What the error names.
    wires : str
        How many there are, in words.
    index_bits : int
        The state has 2**index_bits entries.
    single : bool
        Whether they are complex64, not complex128.
    remedy : str

    Raises
    ------
    MemoryBudgetError
        If it is larger than what is available.
    """
    power, free = index_bits + (3 if single else 4), available(torch.device("cpu"))
    if 2**power > free:
        raise MemoryBudgetError(
            f"{whose} does not fit into memory",
            got=f"{wires}: {_text(2**power) if power < 100 else f'2**{power - 30} GiB'}",
            expected=f"at most {_text(free)}",
            do=remedy,
        )


def _text(size: float) -> str:
    return f"{size / 2**30:.3g} GiB" if size >= 2**28 else f"{size / 2**20:.3g} MiB"
