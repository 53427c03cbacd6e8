"""The fast twin of `StateVector.run` and `StateVector.sweep`: all blocks of a program in one call into tile kernels."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from qdl.engine.program import Program, Pull, Start
from qdl.engine.tiles import codes
from qdl.engine.tiles import run as tiles
from qdl.engine.tiles.layout import Integers, Layout, lay_out
from qdl.engine.tiles.run import Script
from qdl.engine.tiles.sources import FromAngles, Kept, Shelf, Source, Stacks

LAYOUTS = 8  # sizes of batch that a program remembers its layout for


@dataclass(frozen=True)
class _Segment:
    """Blocks in a row for some number of samples: the layout, and its programs with matrices' places."""

    samples: int
    layout: Layout
    programs: list[Script]

    @cached_property
    def backwards(self) -> dict[tuple[bool, bool], list[Script]]:
        """The programs from their ends, for each choice of gradients: of shared matrices, of those per sample."""
        choices = [(a, b) for a in (True, False) for b in (True, False)]
        return {w: [Script.of(_only(w, p.steps)[::-1]) for p in self.programs] for w in choices}


@dataclass(frozen=True)
class Found:
    """What `Twin.sweep` finds.

    Attributes
    ----------
    shared : (threads, V, lanes) real, or None
        The gradients of the shared matrices' numbers, one matrix after the other; to be summed over threads and lanes.
    grouped : real, or None
        Those of the matrices per sample, (groups, V, lanes) or (S, V); or of their angles, (S, n).
    start : (S or 1, 2**n) complex, or None
        The gradient with respect to the initial state, if wanted.
    """

    shared: Tensor | None
    grouped: Tensor | None
    start: Tensor | None


class Twin:
    """The tile kernels for one program.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        # Not the program itself: it is what this twin is remembered by, and must be free to go.
        self.wires, self.blocks, self.words = program.wires, program.blocks, program.words
        self.spreads = program.spreads
        self.sampled = np.array([int(b.sampled) for b in program.blocks], dtype=np.int64)
        self.constant = np.array([place.stack < 0 for place in program.places])
        self._shelves: dict[torch.dtype, Shelf] = {}
        self._lock = Lock()
        self._segments: OrderedDict[tuple[object, ...], _Segment | None] = OrderedDict()

    def from_stacks(self, program: Program, stacks: Sequence[Tensor], dtype: torch.dtype) -> Stacks:
        """Matrices that torch has built."""
        return Stacks(self._shelf(program, dtype), stacks)

    def from_angles(
        self, program: Program, shared: Tensor, sampled: Tensor, dtype: torch.dtype, kept: Kept | None = None
    ) -> FromAngles | None:
        """Matrices that the kernels build; None where they cannot."""
        shelf = self._shelf(program, dtype)
        if shelf.chains is None:
            return None
        return FromAngles(shelf, shared, sampled, kept)

    def _shelf(self, program: Program, dtype: torch.dtype) -> Shelf:
        if dtype not in self._shelves:
            self._shelves[dtype] = Shelf(program, dtype)
        return self._shelves[dtype]

    def run(self, start: Start, source: Source) -> tuple[Tensor, Tensor | None] | None:
        """The states behind all blocks, and the values of the program's words if they could be read on the way.

        None where tiles are of no use.
        """
        psi, fresh = None if start.idle else start(), start.fresh
        pieces = self.pieces(1 if psi is None else len(psi), source, start.idle)
        if pieces is None:
            return None
        values = None
        for segment in pieces:
            if psi is not None and len(psi) < segment.samples:
                psi, fresh = psi.expand(segment.samples, -1).contiguous(), True
            sheet = source.sheet(segment.layout)
            psi, values = tiles.forward(segment.layout, segment.programs, sheet, psi, fresh, start.dtype)
            fresh = True
        assert psi is not None
        return psi, values

    def sweep(
        self, psi: Tensor, pull: Pull, source: Source, wanted: tuple[bool, bool], through: bool, idle: bool = False
    ) -> Found | None:
        """Gradients of the matrices, and if wanted the one with respect to the initial state.

        None where tiles are of no use.

        Parameters
        ----------
        wanted : (bool, bool)
            Whether gradients of shared matrices are wanted, and of those per sample.
        idle : bool
            Whether the initial state is |0...0>.
        """
        single = self.spreads is not None  # the initial state is one for all samples
        pieces = self.pieces(1 if single else len(psi), source, idle and not through)
        if pieces is None:
            return None
        by_words = pieces[-1].layout.reads
        ahead: Tensor | None = pull.cotangent if by_words else pull()
        behind: Tensor | None = psi
        total: Tensor | None = None
        grouped: Tensor | None = None
        for k, segment in enumerate(reversed(pieces)):
            assert ahead is not None
            assert behind is not None
            if segment.samples < len(behind):  # one shared state became one per sample; any sample leads back to it
                behind, ahead = behind[:1], ahead.sum(0, keepdim=True)
            size, sheet = source.shared_size if wanted[0] else 0, source.sheet(segment.layout)
            behind, ahead, more, of_samples = tiles.reverse(
                segment.layout, segment.backwards[wanted], sheet, behind, ahead, size,
                of_samples=wanted[1], by_words=by_words and k == 0, fresh=k > 0, through=through or k < len(pieces) - 1,
            )  # fmt: skip
            if more is not None:
                total = more if total is None else total + more
            grouped = of_samples if grouped is None else grouped
        if ahead is not None and single:
            ahead = ahead.sum(0, keepdim=True)
        return Found(total, grouped, ahead)

    def pieces(self, samples: int, source: Source, idle: bool) -> list[_Segment] | None:
        """Segments in order; two where a shared state becomes one per sample, if tiles of one state are worth while."""
        count, batch = len(self.blocks), max(samples, source.samples)
        cuts = [[0, count]]
        if samples < batch and self.spreads:
            cuts.insert(0, [0, self.spreads, count])
        for cut in cuts:
            out = []
            for first, last in pairwise(cut):
                segment = self._segment(first, last, batch if last == count else samples, source, idle)
                if segment is None:
                    break
                out.append(segment)
            else:
                return out
        return None

    def _segment(self, first: int, last: int, samples: int, source: Source, idle: bool) -> _Segment | None:
        threads = torch.get_num_threads()
        key = (first, last, samples, source.kind, source.lanes, threads, idle)
        with self._lock:
            if key in self._segments:
                self._segments.move_to_end(key)
                return self._segments[key]
        blocks = [b.positions for b in self.blocks[first:last]]
        sampled = self.sampled[first:last]
        words = self.words if last == len(self.blocks) else ()
        layout = lay_out(
            blocks, bool(sampled.any()), self.wires, samples, source.lanes, threads, words, idle and not first
        )
        segment = None
        if layout is not None:
            matrices, gradients = source.places()
            gradients = np.where(self.constant, -1, gradients)[first:last]
            programs = [Script.of(w.fill(matrices[first:last], sampled, gradients)) for w in layout.walks]
            segment = _Segment(samples, layout, programs)
        with self._lock:
            self._segments[key] = segment
            if len(self._segments) > LAYOUTS:
                self._segments.popitem(last=False)
        return segment


def _only(wanted: tuple[bool, bool], program: Integers) -> Integers:
    """A program that takes only the wanted gradients: of shared matrices, of those per sample."""
    out = program.copy()
    kinds = out[:, codes.KIND]
    acts = (kinds > codes.READ) & (kinds < codes.SWAP_ALL) | (kinds == codes.GROW)  # a swap has bits there
    for of_samples, want in enumerate(wanted):
        if not want:
            out[acts & (out[:, codes.OF_GROUP] == of_samples), codes.GRADIENT] = -1
    return out
