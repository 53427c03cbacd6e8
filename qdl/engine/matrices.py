"""From angles to block matrices: features, times constants, then a tree of batched products.

Everything here is ordinary differentiable torch on small tensors; no Python loop runs over gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qdl.engine.stacks import Stack, entries, make_stacks
from qdl.ir import Operation
from qdl.ir.maps import PAIRS
from qdl.plan.fuse import SAMPLED, Block, Placed
from qdl.plan.runs import inner_blocks, runs_of


class Builder:
    """Builds the matrices of a list of blocks, or the first columns of those that stand for factors of a product state.

    Parameters
    ----------
    blocks : sequence of Block
    n_shared : int
        How many angles are shared by the batch; those per sample are numbered behind them.
    dtype : torch.dtype
        The states' precision, complex, or real where they are coordinates of density matrices.
    device : torch.device
    columns : bool
    """

    def __init__(
        self, blocks: Sequence[Block], n_shared: int, dtype: torch.dtype, device: torch.device, columns: bool = False
    ) -> None:
        self.inner: Inner | None = None
        if runs := inner_blocks(blocks):
            self.inner = Inner(runs, blocks, n_shared, dtype, device)
            blocks = self.inner.joined(blocks)
        places, stacks = make_stacks(blocks, columns)
        self.places = tuple(places)
        self.tables = [StackTables(stack, n_shared, dtype, device) for stack in stacks]
        self.constants = {
            k: torch.as_tensor(place.constant if dtype.is_complex else place.constant.real, dtype=dtype, device=device)
            for k, place in enumerate(self.places)
            if place.constant is not None
        }

    def __call__(self, angles: Angles) -> list[Tensor]:
        """The stacks that `places` points to: (n, D, D) or (B, n, D, D), of first columns (n, D) or (B, n, D)."""
        angles = angles if self.inner is None else self.inner(angles)
        return [table(angles) for table in self.tables]


class Inner:
    """Runs within blocks (`qdl.plan.runs`), whose products are built first: their entries are angles to the blocks.

    Parameters
    ----------
    runs, blocks : sequence of Block
    n_shared : int
    dtype : torch.dtype
    device : torch.device
    """

    def __init__(
        self, runs: Sequence[Block], blocks: Sequence[Block], n_shared: int, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.builder, self.n_shared, self.complex = Builder(runs, n_shared, dtype, device), n_shared, dtype.is_complex
        self.first = 1 + max((a for block in blocks for m in block.members for a in m.angles), default=n_shared - 1)
        self.angles: list[range] = []
        starts = [self.first]
        for table in self.builder.tables:
            held = len(table.stack.constants) // table.stack.length
            starts.append(starts[-1] + held * self._count(table.stack.size))
        for place, run in zip(self.builder.places, runs, strict=True):
            count = self._count(2 ** len(run.positions))
            start = starts[place.stack] + place.slot * count
            self.angles.append(range(start, start + count))

    def _count(self, size: int) -> int:
        """Real numbers in a matrix."""
        return (2 if self.complex else 1) * size**2

    def joined(self, blocks: Sequence[Block]) -> list[Block]:
        """The blocks with each run as one member."""
        angles = iter(self.angles)
        return [Block(b.positions, tuple(self._member(run, angles) for run in runs_of(b))) for b in blocks]

    def _member(self, run: Sequence[Placed], angles: Iterator[range]) -> Placed:
        if len(run) == 1:
            return run[0]
        gate = entries(len(run[0].positions), self.complex)
        return Placed(Operation(gate, (), run[0].operation.wires), run[0].positions, SAMPLED, tuple(next(angles)))

    def __call__(self, angles: Angles) -> Angles:
        """The angles, and the entries of the runs' products behind them."""
        found = [torch.view_as_real(t).flatten(1) if self.complex else t.flatten(1) for t in self.builder(angles)]
        return Angles(angles.shared, torch.cat([angles.sampled[:, : self.first - self.n_shared], *found], 1))


class Angles:
    """The angles of a run: those shared by the batch, (n_shared,), and those per sample, (B, n_sampled), both real."""

    def __init__(self, shared: Tensor, sampled: Tensor) -> None:
        self.shared, self.sampled = shared, sampled

    @cached_property
    def both(self) -> Tensor:
        """The shared angles repeated for each sample, and those per sample, (B, n_angles)."""
        return torch.cat([self.shared.expand(self.sampled.shape[0], -1), self.sampled], -1)

    def take(self, places: Tensor | Sequence[int], sampled: bool) -> Tensor:
        """Some angles, (n,) or, where per-sample ones may be among them, (B, n)."""
        return (self.both if sampled else self.shared)[..., places]


class StackTables:
    """The constants of a stack as tensors of one precision on one device."""

    def __init__(self, stack: Stack, n_shared: int, dtype: torch.dtype, device: torch.device) -> None:
        real = dtype.to_real()
        self.stack = stack
        numbers = np.concatenate([stack.angles, stack.rotors.reshape(-1), stack.linears.reshape(-1)])
        self.alone = stack.sampled and bool((numbers >= n_shared).all())  # nothing shared is among the angles
        first = n_shared if self.alone else 0
        self.whole = np.array_equal(stack.angles - first, np.arange(len(stack.angles)))
        self.angles = torch.as_tensor(stack.angles - first, device=device)
        self.rotors = torch.as_tensor(stack.rotors - first, device=device)
        self.linears = torch.as_tensor(stack.linears - first, device=device)
        across = (slice(None), None) if stack.sampled else (slice(None),)  # rows first, then samples, then features
        self.rates = torch.as_tensor(stack.rates[across], dtype=real, device=device)
        self.offsets = torch.as_tensor(stack.offsets[across], dtype=real, device=device)
        in_order = np.array_equal(stack.order, np.arange(len(stack.order)))
        self.order = None if in_order else torch.as_tensor(stack.order, device=device)
        constants = stack.constants
        # A product of one factor needs no more than its first column.
        self.shape = (stack.size,) if stack.columns and stack.length == 1 else (stack.size, stack.size)
        if stack.columns and stack.length == 1:
            constants = constants[..., 0]
        self.width = constants.shape[1]
        self.complex = dtype.is_complex
        weighed = np.stack([constants.real, constants.imag], -1) if self.complex else constants.real
        weighed = weighed.reshape(*constants.shape[:2], -1)
        self.constants = torch.as_tensor(weighed, dtype=real, device=device)  # (rows, F, D D), twice where complex
        if stack.paired:
            self.pairs = torch.tensor(PAIRS, device=device).unbind(-1)

    def features(self, angles: Tensor) -> Tensor:
        """Every gate's features, (rows, F) or (rows, B, F), from the angle vector (n_angles,) or (n_angles, B)."""
        found = []
        if len(self.angles):
            taken = angles if self.whole and len(angles) == len(self.angles) else angles.index_select(0, self.angles)
            found.append(torch.addcmul(self.offsets, taken.unsqueeze(-1), self.rates).cos())
        if len(self.rotors):
            turned = _rotor_features(angles[self.rotors].movedim(1, -1))
            if self.stack.paired:
                turned = turned[..., self.pairs[0]] * turned[..., self.pairs[1]]
            found.append(torch.nn.functional.pad(turned, (0, self.width - turned.shape[-1])))
        if len(self.linears):
            found.append(angles[self.linears].movedim(1, -1))
        features = found[0] if len(found) == 1 else torch.cat(found)
        return features if self.order is None else features.index_select(0, self.order)

    def gates(self, angles: Tensor) -> Tensor:
        """Every gate's matrix, (length, n_blocks, D, D) or (length, n_blocks, B, D, D), or column."""
        features = self.features(angles)
        rows = features if features.dim() == 3 else features.unsqueeze(1)
        batch = (rows.shape[1],) if features.dim() == 3 else ()
        real = torch.bmm(rows, self.constants)
        if not self.complex:
            return real.view(self.stack.length, -1, *batch, *self.shape)
        return torch.view_as_complex(real.view(self.stack.length, -1, *batch, *self.shape, 2))

    def __call__(self, angles: Angles) -> Tensor:
        """The blocks' matrices (*batch, n_blocks, D, D), or their first columns (*batch, n_blocks, D)."""
        if self.stack.sampled:
            product = _chain_product(self.gates((angles.sampled if self.alone else angles.both).mT)).movedim(0, 1)
        else:
            product = _chain_product(self.gates(angles.shared))
        return product[..., 0] if self.stack.columns and self.stack.length > 1 else product


def _rotor_features(v: Tensor) -> Tensor:
    """(cos(|v|/2), v sin(|v|/2)/|v|, 1), smooth at v = 0 through a series below |v|^2 = 1e-3.

    With s = |v|^2: cos(sqrt(s)/2) = 1 - s/8 + s^2/384 - ..., sin(sqrt(s)/2)/sqrt(s) = 1/2 - s/48 + s^2/3840 - ...
    """
    square = (v * v).sum(-1, keepdim=True)
    small = square < 1e-3
    length = torch.where(small, torch.ones_like(square), square).sqrt()
    series_cos = 1 - square / 8 + square**2 / 384 - square**3 / 46080 + square**4 / 10321920
    series_slope = 0.5 - square / 48 + square**2 / 3840 - square**3 / 645120 + square**4 / 185794560
    cosine = torch.where(small, series_cos, (length / 2).cos())
    slope = torch.where(small, series_slope, (length / 2).sin() / length)
    return torch.cat([cosine, slope * v, torch.ones_like(cosine)], -1)


def _chain_product(chained: Tensor) -> Tensor:
    """The product of (length, *batch, D, D) along `length`, the first being applied first, as a binary tree."""
    while (length := chained.shape[0]) > 1:
        paired = length - length % 2
        first, second = chained[:paired].unflatten(0, (-1, 2)).unbind(1)
        pairs = second @ first
        chained = pairs if paired == length else torch.cat([pairs, chained[paired:]])
    return chained[0]
