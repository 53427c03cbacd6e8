"""What machines ask of the states they are shown, and of seeds."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import LayerError, ValuesError
from qdl.nn.precision import require_precision
from qdl.nn.scale import require
from qdl.physics.thermal.units import Units

ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-12}


def require_states(x: Tensor, count: int, units: Units, module: nn.Module, exact: bool = False) -> None:
    """Refuses what is no (*batch, count) of the units' values or, unless `exact`, of means between them."""
    if x.dim() == 0 or x.shape[-1] != count:
        expected = f"(*batch, {count})"
        raise LayerError(f"wrong shape for {type(module).__name__}", got=tuple(x.shape), expected=expected)
    require_precision(x, module)
    if not x.numel():
        return
    seen, low, high = x.detach(), units.low, units.high
    if exact:
        good, expected = (seen == low) | (seen == high), f"{low:g} and {high:g} only"
    else:
        room = ROUNDING[x.dtype]
        good, expected = (seen >= low - room) & (seen <= high + room), f"numbers in [{low:g}, {high:g}]"
    require(
        good.all(),
        "the input holds numbers that the units do not take",
        expected=expected,
        do="rescale or binarise the data, or choose the other values=",
        got=lambda: f"numbers between {seen.min():g} and {seen.max():g}",
    )


def generator_of(seed: Any, device: torch.device) -> torch.Generator | None:
    """A generator for an integer; torch's own (None) and other generators as they are."""
    if isinstance(seed, int) and not isinstance(seed, bool):
        return torch.Generator(device).manual_seed(seed)
    if seed is None or isinstance(seed, torch.Generator):
        return seed
    raise ValuesError("no seed", got=repr(seed), expected="an integer, a torch.Generator or None")
