"""Where the kernels' matrices come from: stacks that torch has built, or angles that the kernels build them from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qdl.engine.program import Program
from qdl.engine.tiles.chains import Chains, Kept
from qdl.engine.tiles.layout import Integers, Layout
from qdl.engine.tiles.run import Sheet, from_lanes, lanes, to_lanes
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
        if len(self.stacks) != len(self.slots) or any(len(stack.rotors) for stack in self.stacks):
            return None
        grouped = [self.stacks[k] for k in self.grouped]
        if any((stack.angles < self.first_sampled).any() for stack in grouped):
            return None
        shared = [self.stacks[k] for k in self.shared]
        return (
            Chains(shared, 0, self.lanes, self.kernels, sampled=False) if shared else None,
            Chains(grouped, self.first_sampled, self.lanes, self.kernels, sampled=True) if grouped else None,
        )

    def join(self, varying: Tensor | None) -> Tensor | None:
        """Shared matrices as the kernels read them, (V, lanes), from those that vary."""
        parts = [part for part in (varying, self.fixed) if part is not None]
        return torch.cat(parts) if len(parts) > 1 else parts[0] if parts else None


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

    def places(self, lanewise: bool) -> tuple[Integers, Integers]:
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
        varying = torch.cat([t.flatten() for t in flat])[:, None].expand(-1, self.lanes) if flat else None
        shared = shelf.join(varying)
        grouped = None
        if layout.grouped:
            rows = [torch.view_as_real(self.stacks[k].resolve_conj()).flatten(1) for k in shelf.grouped]
            joined = torch.cat(rows, 1)
            grouped = to_lanes(joined, self.lanes) if layout.lanewise else _alike(joined, self.lanes)
        return Sheet(shared if shared is None else shared.contiguous(), grouped, shelf.grouped_size, shelf.kernels)

    def gradients(self, shared: Tensor | None, grouped: Tensor | None, wanted: Sequence[bool]) -> list[Tensor | None]:
        """The gradients of the wanted stacks, from what a sweep has found."""
        found: list[Tensor | None] = [None] * len(self.stacks)
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


class FromAngles(Source):
    """Matrices that the kernels build from angles: (n_shared,) and (B, n_sampled).

    Parameters
    ----------
    shelf : Shelf
    shared, sampled : Tensor
    kept : sequence of Tensor
        What `keep` gave for the same angles, so that nothing is built again.
    """

    kind = "angles"

    def __init__(self, shelf: Shelf, shared: Tensor, sampled: Tensor, kept: Sequence[Tensor] = ()) -> None:
        super().__init__(shelf)
        assert shelf.chains is not None
        self.of_shared, self.of_samples = shelf.chains
        self.samples = len(sampled) if self.of_samples is not None else 1
        self.angles, self.angles_of_samples = shared, sampled
        given = list(kept)
        if given and self.of_shared is not None:
            self.kept, given = Kept(*given[:3]), given[3:]
        if given:
            self.kept_of_samples = Kept(*given)

    def keep(self) -> list[Tensor]:
        """The tensors to remember for the way back."""
        made = [self.kept] if self.kept is not None else []
        made += [self.kept_of_samples] if self.of_samples is not None else []
        return [tensor for one in made for tensor in (one.phases, one.links, one.products)]

    @cached_property
    def kept(self) -> Kept | None:
        """The products of shared gates."""
        return None if self.of_shared is None else self.of_shared.build(self.angles)

    @cached_property
    def sampled(self) -> Tensor:
        """The angles per sample, (groups, n, lanes)."""
        return to_lanes(self.angles_of_samples, self.lanes)

    @cached_property
    def kept_of_samples(self) -> Kept:
        """The products of gates with angles per sample."""
        assert self.of_samples is not None
        return self.of_samples.build(self.sampled)

    @cached_property
    def shared(self) -> Tensor | None:
        """All shared matrices, (V, lanes)."""
        varying = None
        if self.of_shared is not None and self.kept is not None:
            numbers = self.kept.products.view(-1).index_select(0, self.of_shared.last)
            varying = numbers[:, None].expand(-1, self.lanes)
        found = self.shelf.join(varying)
        return None if found is None else found.contiguous()

    def sheet(self, layout: Layout) -> Sheet:
        grouped = None
        if layout.grouped and self.of_samples is not None:
            grouped = self.kept_of_samples.products
            if not layout.lanewise:
                numbers = from_lanes(grouped.index_select(1, self.of_samples.last), layout.samples)
                grouped = _alike(numbers, self.lanes)
        return Sheet(self.shared, grouped, self.shelf.grouped_size, self.shelf.kernels)

    def places(self, lanewise: bool) -> tuple[Integers, Integers]:
        offsets = self.shelf.offsets
        if self.of_samples is None or not lanewise:
            return offsets, offsets
        matrices = offsets.copy()
        starts = self.of_samples.last.numpy()
        for k in self.shelf.grouped:
            held = list(self.shelf.slots[k])
            matrices[held] = starts[offsets[held]]
        return matrices, offsets

    def gradients(self, shared: Tensor | None, grouped: Tensor | None, batch: int) -> tuple[Tensor, Tensor | None]:
        """The gradients of the angles, from what a sweep has found; those per sample, (B, n), or None if unused."""
        of_shared = torch.zeros_like(self.angles)
        if shared is not None and self.of_shared is not None and self.kept is not None:
            laid = shared.new_zeros(1, self.of_shared.vectors["matrix"], self.lanes)
            laid.view(-1)[self.of_shared.gradient] = shared
            self.of_shared.slopes(self.kept, laid, of_shared)
        if grouped is None or self.of_samples is None:
            return of_shared, None
        laid = grouped if grouped.dim() == 3 else to_lanes(grouped, self.lanes)
        of_samples = torch.zeros_like(self.sampled)
        self.of_samples.slopes(self.kept_of_samples, laid, of_samples)
        return of_shared, from_lanes(of_samples, batch)


def _alike(rows: Tensor, width: int) -> Tensor:
    """Numbers per sample, (S, V), as (S, V, lanes), the same in all lanes."""
    return rows[..., None].expand(-1, -1, width).contiguous()
