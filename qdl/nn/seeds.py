"""Seeds of layers: drawn once for a pass and its gradient, and different for every layer of a model."""

from __future__ import annotations

from hashlib import blake2s
from typing import Any

import torch

from qdl.errors import ValuesError


def require_seed(seed: Any) -> None:
    """Refuses what is no integer, no torch.Generator and not None."""
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int | torch.Generator)):
        raise ValuesError("a seed must be an integer or a torch.Generator", got=repr(seed))


def fixed(seed: Any) -> int:
    """One integer for a forward pass and its backward pass: `seed` itself, or the next of its generator.

    Examples
    --------
    >>> fixed(5)
    5
    """
    if isinstance(seed, int):
        return seed
    device = "cpu" if seed is None else seed.device
    return int(torch.randint(2**62, (), generator=seed, device=device))


def derived(seed: Any, *path: int) -> Any:
    """An integer seed that has nothing in common with `seed` or those of other paths; None and generators as they are.

    Examples
    --------
    >>> derived(5, 0) != derived(5, 1), derived(None, 0)
    (True, None)
    """
    if not isinstance(seed, int):
        return seed
    digest = blake2s(repr((seed, *path)).encode(), digest_size=7)
    return int.from_bytes(digest.digest(), "big")
