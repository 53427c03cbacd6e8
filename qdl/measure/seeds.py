"""Randomness: every run of a request has its own generator, derived from one seed."""

from __future__ import annotations

import numbers

import torch
from torch import Tensor

from qdl.errors import ValuesError

Seed = int | torch.Generator | None


def base_seed(seed: Seed) -> int:
    """One integer from a seed: itself, the next of a generator, or of torch's default generator for None."""
    if seed is None or isinstance(seed, torch.Generator):
        generator = seed if isinstance(seed, torch.Generator) else None
        device = seed.device if isinstance(seed, torch.Generator) else "cpu"
        return int(torch.randint(2**62, (), generator=generator, device=device))
    if isinstance(seed, bool) or not isinstance(seed, numbers.Integral):
        raise ValuesError("a seed must be an integer or a torch.Generator", got=repr(seed))
    return int(seed)


def generator(seed: int, *path: int, device: torch.device | str = "cpu") -> torch.Generator:
    """The generator of run `path` of a request: independent of those of other paths.

    The integers are mixed by the finaliser of splitmix64, so that neighbouring seeds and paths have nothing in common.
    """
    state = seed & (2**64 - 1)
    for step in path:
        state = _mix(state ^ _mix(step + 0x9E3779B97F4A7C15))
    out = torch.Generator(device)
    out.manual_seed(_mix(state) >> 1)
    return out


def _mix(z: int) -> int:
    mask = 2**64 - 1
    z = (z + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


SLAB = 2**16  # about how many random numbers come from one generator, whatever the pieces a batch is run in


def uniform(
    seed: int, path: tuple[int, ...], start: int, rows: int, count: int | None, width: int, device: torch.device
) -> Tensor:
    """Uniform numbers (rows, count, width) for samples start, start + 1, ..., independent of how a batch is cut."""
    if device.type == "meta":
        return torch.empty(rows, count or 0, width, dtype=torch.float64, device=device)
    per_slab = max(1, SLAB // max(1, (count or 0) * width))
    slabs = []
    for slab in range(start // per_slab, (start + rows - 1) // per_slab + 1):
        source = generator(seed, *path, slab, device=device)
        numbers = torch.rand(per_slab, count or 0, width, generator=source, dtype=torch.float64, device=device)
        slabs.append(numbers[max(start - slab * per_slab, 0) : start + rows - slab * per_slab])
    return torch.cat(slabs)
