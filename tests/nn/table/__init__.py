"""The table of layers: every module of `qdl.nn` in a few settings, for the tests that hold for all of them.

A module of this folder lists the rows of one family as ``ROWS``. A new layer is a new row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Row:
    """A layer and what it takes.

    Attributes
    ----------
    name : str
        Says which setting, as in ``"QuantumConv2d-exchange"``; begins with the layer's name.
    make : callable
        Keyword arguments ``device`` and ``dtype`` to a new layer.
    inputs : callable
        A precision to a tuple of valid inputs, off the points where derivatives jump; a batch of at least 2.
    double_backward : bool
        Whether second derivatives are right; else they must be refused by a QdlError.
    factory : bool
        Whether the layer takes ``device`` and ``dtype`` (False only for layers without parameters and buffers).
    random : bool
        Whether two passes differ (sampling, shots).
    unbatched : bool
        Whether it takes inputs without their first axis, the batch, and answers without it.
    independent : bool
        Whether the first axis of every input and of the answer is a batch of which no sample sees another (False for
        batch normalisation in training and for losses that are means).
    vmap : bool
        Whether torch.func.vmap runs it; else a QdlError refuses.
    input_grad : bool
        Whether floating inputs are numbers to differentiate by (False for bits and spins).
    """

    name: str
    make: Callable[..., nn.Module]
    inputs: Callable[[torch.dtype], tuple[Tensor, ...]]
    double_backward: bool = True
    factory: bool = True
    random: bool = False
    unbatched: bool = True
    independent: bool = True
    vmap: bool = True
    input_grad: bool = True

    def __str__(self) -> str:
        return self.name

    def fresh(self, seed: int = 0, **factory: Any) -> nn.Module:
        """A layer whose initial values are those of a seed."""
        torch.manual_seed(seed)
        return self.make(**factory if self.factory else {})


def uniform(*shape: int, low: float = 0.1, high: float = 0.9) -> Callable[[torch.dtype], tuple[Tensor, ...]]:
    """One input of uniform numbers, the same each time."""

    def inputs(dtype: torch.dtype) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(1)
        return (low + (high - low) * torch.rand(shape, dtype=dtype, generator=generator),)

    return inputs


def rows() -> list[Row]:
    """The whole table."""
    found: list[Row] = []
    for module in iter_modules(__path__):
        found += import_module(f"{__name__}.{module.name}").ROWS
    return found
