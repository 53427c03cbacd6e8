"""The fast twin of `StateVector.run` and `StateVector.sweep`: all blocks of a program in one call into tile kernels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from qdl.engine.program import Program, Pull, Start
from qdl.engine.tiles import kernels
from qdl.engine.tiles import run as tiles
from qdl.engine.tiles.layout import Integers, Layout, lay_out

LAYOUTS = 8  # sizes of batch that a program remembers its layout for


@dataclass(frozen=True)
class _Segment:
    """Blocks `first` to `last` for some number of samples: the layout, and its programs with matrices' places."""

    layout: Layout
    programs: list[Integers]


class Twin:
    """The tile kernels for one program.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        # Not the program itself: it is what this twin is remembered by, and must be free to go.
        self.wires, self.blocks, self.places = program.wires, program.blocks, program.places
        self.constants, self.slots, self.spreads = program.constants, program.slots, program.spreads
        self.words = program.words
        self.shared = [k for k, held in enumerate(program.slots) if not program.blocks[held[0]].sampled]
        self.grouped = [k for k, held in enumerate(program.slots) if program.blocks[held[0]].sampled]
        self.sizes = [2 * 4 ** len(program.blocks[held[0]].positions) for held in program.slots]
        self.fixed: list[Tensor] = []
        self.offsets = np.full(len(program.blocks), -1, dtype=np.int64)
        self.varying = self._place(self.shared)
        self._place_constants(self.varying)
        self._place(self.grouped)
        self.sampled = np.array([int(b.sampled) for b in program.blocks], dtype=np.int64)
        self._segments: OrderedDict[tuple[object, ...], _Segment | None] = OrderedDict()

    def _place(self, stacks: Sequence[int]) -> int:
        """Lay stacks one after the other; the vectors they take."""
        offset = 0
        for k in stacks:
            for block in self.slots[k]:
                self.offsets[block] = offset
                offset += self.sizes[k]
        return offset

    def _place_constants(self, offset: int) -> None:
        by_size: dict[int, list[int]] = {}
        for k, matrix in self.constants.items():
            by_size.setdefault(len(matrix), []).append(k)
        for size, blocks in by_size.items():
            self.fixed.append(torch.stack([self.constants[k] for k in blocks]))
            for k in blocks:
                self.offsets[k] = offset
                offset += 2 * size * size

    def run(self, start: Start, stacks: Sequence[Tensor]) -> tuple[Tensor, Tensor | None] | None:
        """The states behind all blocks, and the values of the program's words if they could be read on the way.

        None where tiles are of no use.
        """
        psi, dtype, fresh = None if start.idle else start(), start.dtype, start.fresh
        pieces = self._pieces(1 if psi is None else len(psi), stacks, dtype)
        if pieces is None:
            return None
        values = None
        for samples, segment in pieces:
            if psi is not None and len(psi) < samples:
                psi, fresh = psi.expand(samples, -1).contiguous(), True
            sheet = self._sheet(stacks, segment, dtype)
            psi, values = tiles.forward(segment.layout, segment.programs, sheet, psi, fresh, dtype)
            fresh = True
        assert psi is not None
        return psi, values

    def sweep(
        self, psi: Tensor, pull: Pull, stacks: Sequence[Tensor], wanted: Sequence[bool], through: bool
    ) -> tuple[list[Tensor | None], Tensor | None] | None:
        """Gradients of the stacks, and if wanted the one with respect to the initial state.

        None where tiles are of no use.
        """
        single = self.spreads is not None  # the initial state is one for all samples
        pieces = self._pieces(1 if single else len(psi), stacks, psi.dtype)
        if pieces is None:
            return None
        by_words = pieces[-1][1].layout.reads
        lam = pull.cotangent if by_words else pull()
        adjoints = [s.mH for s in stacks]
        found: list[Tensor | None] = [None] * len(stacks)
        shared: Tensor | None = None
        count = self.varying if any(wanted[k] for k in self.shared) else 0
        ahead: Tensor | None = lam
        behind: Tensor | None = psi
        for k, (samples, segment) in enumerate(reversed(pieces)):
            assert ahead is not None
            assert behind is not None
            if samples < len(behind):  # one shared state became one per sample; any sample leads back to it
                behind, ahead = behind[:1], ahead.sum(0, keepdim=True)
            sheet = self._sheet(adjoints, segment, psi.dtype, adjoint=True)
            programs = segment.programs if count else [_without(p) for p in segment.programs]
            behind, ahead, more, grouped = tiles.reverse(
                segment.layout, programs, sheet, behind, ahead, count,
                by_words=by_words and k == 0, fresh=k > 0, through=through or k < len(pieces) - 1,
            )  # fmt: skip
            if more is not None:
                shared = more if shared is None else shared + more
            if grouped is not None:
                self._split(grouped, self.grouped, stacks, found)
        if ahead is not None and single:
            ahead = ahead.sum(0, keepdim=True)
        if shared is not None:
            self._split(shared, self.shared, stacks, found)
        return [g if w else None for g, w in zip(found, wanted, strict=True)], ahead

    def _split(self, flat: Tensor, which: Sequence[int], stacks: Sequence[Tensor], found: list[Tensor | None]) -> None:
        """Gradients as they lie behind each other, given to their stacks."""
        offset = 0
        for k in which:
            size = stacks[k].shape[-3:].numel() * 2
            piece = flat[..., offset : offset + size]
            offset += size
            found[k] = torch.view_as_complex(piece.reshape(*stacks[k].shape, 2).contiguous())

    def _sheet(
        self, stacks: Sequence[Tensor], segment: _Segment, dtype: torch.dtype, adjoint: bool = False
    ) -> tiles.Sheet:
        shared = [stacks[k] for k in self.shared]
        shared += [f.mH for f in self.fixed] if adjoint else self.fixed
        grouped = [stacks[k] for k in self.grouped] if segment.layout.grouped else []
        return tiles.Sheet(shared, grouped, segment.layout, dtype)

    def _pieces(self, samples: int, stacks: Sequence[Tensor], dtype: torch.dtype) -> list[tuple[int, _Segment]] | None:
        """Segments in order with the samples they run on.

        Two where a shared state becomes one per sample, if the tiles of one state are worth while.
        """
        count = len(self.blocks)
        batch = max([samples, *(len(stacks[k]) for k in self.grouped)])
        spreads = self.spreads
        cuts = [[0, count]]
        if samples < batch and spreads:
            cuts.insert(0, [0, spreads, count])
        for cut in cuts:
            out = []
            for first, last in pairwise(cut):
                many = batch if last == count else samples
                segment = self._segment(first, last, many, dtype)
                if segment is None:
                    break
                out.append((many, segment))
            else:
                return out
        return None

    def _segment(self, first: int, last: int, samples: int, dtype: torch.dtype) -> _Segment | None:
        key = (first, last, samples, dtype, torch.get_num_threads())
        if key in self._segments:
            self._segments.move_to_end(key)
            return self._segments[key]
        blocks = [b.positions for b in self.blocks[first:last]]
        sampled = self.sampled[first:last]
        layout = lay_out(
            blocks, bool(sampled.any()), self.wires, samples, tiles.lanes(dtype), torch.get_num_threads(),
            self.words if last == len(self.blocks) else (),
        )  # fmt: skip
        segment = None
        if layout is not None:
            offsets = self.offsets[first:last]
            gradients = np.where([p.stack < 0 for p in self.places[first:last]], -1, offsets)
            segment = _Segment(layout, [w.fill(offsets, sampled, gradients) for w in layout.walks])
        self._segments[key] = segment
        if len(self._segments) > LAYOUTS:
            self._segments.popitem(last=False)
        return segment


def _without(program: Integers) -> Integers:
    """A program that takes no gradient of shared matrices."""
    out = program.copy()
    out[out[:, kernels.OF_GROUP] == 0, kernels.GRADIENT] = -1
    return out
