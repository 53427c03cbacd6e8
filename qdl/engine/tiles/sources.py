"""Where the kernels' matrices come from: stacks that torch has built, or angles that the kernels build them from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qdl.engine.program import Program
from qdl.engine.tiles.chains import Chains
from qdl.engine.tiles.layout import Integers, Layout
from qdl.engine.tiles.run import Making, Sheet, from_lanes, lanes, to_lanes
from qdl.engine.tiles.share import Kernels


class Shelf:
    """Where each block's matrix lies, for one program and precision: stack after stack, then those that are constant.

    Parameters
    ----------
    program : Program
    dtype : torch.dtype
        Complex.
    """

    def __init__(self, program: Program, dtype: torch.dtype) -> None:
        self.lanes = lanes(dtype)
        widest = max((len(block.positions) for block in program.blocks), default=0)
        self.kernels = Kernels(torch.float32 if dtype == torch.complex64 else torch.float64, max(2, widest))
        sampled = [program.blocks[held[0]].sampled for held in program.slots]
        self.shared = [k for k, per_sample in enumerate(sampled) if not per_sample]
        self.grouped = [k for k, per_sample in enumerate(sampled) if per_sample]
        self.offsets = np.full(len(program.blocks), -1, dtype=np.int64)
        self.shared_size = self._place(program, self.shared)
        self.grouped_size = self._place(program, self.grouped)
        self.fixed = self._place_constants(program)
        self.stacks, self.first_sampled, self.slots = program.stacks, program.shared_angles, program.slots

    def _place(self, program: Program, stacks: Sequence[int]) -> int:
        """Lay stacks one after the other; the vectors they take."""
        offset = 0
        for k in stacks:
            for block in program.slots[k]:
                self.offsets[block] = offset
                offset += 2 * 4 ** len(program.blocks[block].positions)
        return offset

    def _place_constants(self, program: Program) -> Tensor | None:
        offset, flat = self.shared_size, []
        for k, matrix in program.constants.items():
            self.offsets[k] = offset
            flat.append(torch.view_as_real(matrix.resolve_conj()).flatten())
            offset += flat[-1].numel()
        return torch.cat(flat)[:, None].expand(-1, self.lanes).contiguous() if flat else None

    @cached_property
    def chains(self) -> tuple[Chains | None, Chains | None] | None:
        """The chains of shared and of per-sample stacks; None where the kernels cannot build them."""
        if len(self.stacks) != len(self.slots) or any(len(s.rotors) or len(s.linears) for s in self.stacks):
            return None
        grouped = [self.stacks[k] for k in self.grouped]
        if any((stack.angles < self.first_sampled).any() for stack in grouped):
            return None
        shared = [self.stacks[k] for k in self.shared]
        return (
            Chains(shared, 0, self.lanes, self.kernels, sampled=False) if shared else None,
            Chains(grouped, self.first_sampled, self.lanes, self.kernels, sampled=True) if grouped else None,
        )

    def sheet(self, varying: Tensor) -> Tensor | None:
        """Shared matrices as the kernels read them, (V, lanes), from the numbers of those that vary."""
        parts = [varying[:, None].expand(-1, self.lanes)] if len(varying) else []
        parts += [] if self.fixed is None else [self.fixed]
        return torch.cat(parts) if len(parts) > 1 else parts[0].contiguous() if parts else None


class Source(ABC):
    """Matrices for the kernels.

    Attributes
    ----------
    kind : str
    lanes : int
    samples : int
        How many samples have matrices of their own; 1 if none.
    shared_size : int
        Vectors of shared matrices that vary.
    """

    kind: str
    samples: int

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.lanes, self.shared_size = shelf, shelf.lanes, shelf.shared_size

    @abstractmethod
    def sheet(self, layout: Layout) -> Sheet:
        """The matrices as a layout wants them."""

    def places(self) -> tuple[Integers, Integers]:
        """Where each block's matrix lies, and its gradient, in vectors."""
        return self.shelf.offsets, self.shelf.offsets


class Stacks(Source):
    """Matrices in stacks: (n, D, D) where they are shared, (B, n, D, D) where they are per sample."""

    kind = "stacks"

    def __init__(self, shelf: Shelf, stacks: Sequence[Tensor]) -> None:
        super().__init__(shelf)
        self.stacks = stacks
        self.samples = max((len(stacks[k]) for k in shelf.grouped), default=1)

    def sheet(self, layout: Layout) -> Sheet:
        shelf, flat = self.shelf, [torch.view_as_real(self.stacks[k].resolve_conj()) for k in self.shelf.shared]
        varying = torch.cat([t.flatten() for t in flat]) if flat else torch.empty(0, device="cpu")
        grouped = None
        if layout.grouped:
            rows = [torch.view_as_real(self.stacks[k].resolve_conj()).flatten(1) for k in shelf.grouped]
            joined = torch.cat(rows, 1)
            grouped = to_lanes(joined, self.lanes) if layout.lanewise else _alike(joined, self.lanes)
        return Sheet(shelf.sheet(varying), grouped, shelf.grouped_size, shelf.kernels)

    def gradients(self, shared: Tensor | None, grouped: Tensor | None, wanted: Sequence[bool]) -> list[Tensor | None]:
        """The gradients of the wanted stacks, from what a sweep has found."""
        found: list[Tensor | None] = [None] * len(self.stacks)
        shared = None if shared is None else shared.sum((0, -1))
        rows = from_lanes(grouped, self.samples) if grouped is not None and grouped.dim() == 3 else grouped
        for flat, which in ((shared, self.shelf.shared), (rows, self.shelf.grouped)):
            offset = 0
            for k in which:
                size = 2 * self.stacks[k].shape[-3:].numel()
                if flat is not None and wanted[k]:
                    piece = flat[..., offset : offset + size].reshape(*self.stacks[k].shape, 2)
                    found[k] = torch.view_as_complex(piece.contiguous())
                offset += size
        return found


Kept = tuple[Tensor | None, Tensor | None]


class FromAngles(Source):
    """Matrices that the kernels build from angles: (n_shared,) and (B, n_sampled).

    Parameters
    ----------
    shelf : Shelf
    shared, sampled : Tensor
    kept : sequence of (Tensor or None), optional
        What the source of the same angles kept: nothing is built again.

    Attributes
    ----------
    kept : tuple of (Tensor or None)
        All shared matrices, (V, lanes), and the room they were built in.
    """

    kind = "angles"

    def __init__(self, shelf: Shelf, shared: Tensor, sampled: Tensor, kept: Kept | None = None) -> None:
        super().__init__(shelf)
        assert shelf.chains is not None
        self.of_shared, self.of_samples = shelf.chains
        self.samples = len(sampled) if self.of_samples is not None else 1
        self.angles, self.angles_of_samples = shared.contiguous(), sampled.contiguous()
        self.kept = self._make() if kept is None else kept

    def _make(self) -> Kept:
        if self.of_shared is None:
            return self.shelf.fixed, None
        fixed, size = self.shelf.fixed, self.shared_size
        sheet = self.angles.new_empty(size + (0 if fixed is None else len(fixed)), self.lanes)
        if fixed is not None:
            sheet[size:] = fixed
        return sheet, self.of_shared.make(self.angles, sheet)

    def sheet(self, layout: Layout) -> Sheet:
        making = None
        if layout.grouped and self.of_samples is not None:
            making = Making(self.of_samples, self.angles_of_samples)
        return Sheet(self.kept[0], making, self.shelf.grouped_size, self.shelf.kernels)

    def places(self) -> tuple[Integers, Integers]:
        offsets = self.shelf.offsets
        if self.of_samples is None:
            return offsets, offsets
        matrices = offsets.copy()
        for k in self.shelf.grouped:
            held = list(self.shelf.slots[k])
            matrices[held] = self.of_samples.last[offsets[held]]
        return matrices, offsets

    def gradients(self, shared: Tensor | None, sampled: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The gradients of the angles, from what a sweep has found; those per sample, (B, n), or None if unused."""
        out = torch.zeros_like(self.angles)
        room = self.kept[1]
        if shared is not None and self.of_shared is not None and room is not None:
            self.of_shared.unmake(self.angles, shared, out, room)
        return out, sampled


def _alike(rows: Tensor, width: int) -> Tensor:
    """Numbers per sample, (S, V), as (S, V, lanes), the same in all lanes."""
    return rows[..., None].expand(-1, -1, width).contiguous()
