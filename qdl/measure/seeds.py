"""Randomness: every run of a request has its own generator, derived from one seed."""

from __future__ import annotations

import torch

from qdl.errors import ValuesError

Seed = int | torch.Generator | None


def base_seed(seed: Seed) -> int:
    """One integer from a seed: itself, the next of a generator, or of torch's default generator for None."""
    if seed is None or isinstance(seed, torch.Generator):
        generator = seed if isinstance(seed, torch.Generator) else None
        device = seed.device if isinstance(seed, torch.Generator) else "cpu"
        return int(torch.randint(2**62, (), generator=generator, device=device))
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ValuesError("a seed must be an integer or a torch.Generator", got=repr(seed))
    return seed


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
