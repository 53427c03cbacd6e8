"""Carrying out a layout: matrices into the order the kernels read, tiles shared among threads, gradients back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from qdl.engine.tiles import driver
from qdl.engine.tiles.emit import LINE
from qdl.engine.tiles.layout import Integers, Layout, Walk
from qdl.engine.tiles.share import Kernels, share


class Kind(NamedTuple):
    """An entry point of the kernels: which, and how many arrays of a tile's size it works in."""

    entry: int
    planes: int


FORWARD, REVERSE = Kind(driver.FORWARD_ENTRY, 3), Kind(driver.REVERSE_ENTRY, 4)


def lanes(dtype: torch.dtype) -> int:
    """Real numbers of a precision in a vector."""
    return 16 if dtype == torch.complex64 else 8


def to_lanes(rows: Tensor, width: int) -> Tensor:
    """Numbers per sample, (S, V), as (groups, V, lanes) with one sample in each lane; missing samples are zero."""
    missing = -len(rows) % width
    whole = torch.nn.functional.pad(rows, (0, 0, 0, missing)) if missing else rows
    return whole.reshape(-1, width, whole.shape[1]).transpose(1, 2).contiguous()


def from_lanes(groups: Tensor, samples: int) -> Tensor:
    """Undo `to_lanes`."""
    return groups.transpose(1, 2).flatten(0, 1)[:samples]


class Sheet:
    """Matrices of all blocks as the kernels read them: [vector][lane].

    Parameters
    ----------
    shared : (V, lanes) or None
    grouped : (groups, W, lanes) or None
        Those of each group: of a sample, or of as many samples as there are lanes.
    size : int
        Vectors of the gradients of one group's matrices.
    kernels : Kernels
        What they are for.
    """

    def __init__(self, shared: Tensor | None, grouped: Tensor | None, size: int, kernels: Kernels) -> None:
        self.shared, self.grouped, self.size, self.kernels = shared, grouped, size, kernels
        self.like = torch.empty(0, dtype=kernels.dtype, device="cpu")

    @property
    def stride(self) -> int:
        """Vectors between the matrices of two groups."""
        return 0 if self.grouped is None else self.grouped.shape[1]


def forward(
    layout: Layout, programs: Sequence[Integers], sheet: Sheet, psi: Tensor | None, fresh: bool, dtype: torch.dtype
) -> tuple[Tensor, Tensor | None]:
    """The states behind all blocks, (S, 2**n), and the values of the words, (S, W), if the layout reads them.

    Parameters
    ----------
    psi : (S, 2**n) or None
        None stands for |0...0>.
    fresh : bool
        Whether `psi` may be overwritten.
    """
    if psi is None and 2**layout.wires < lanes(dtype):  # several samples share a vector
        psi = sheet.like.new_zeros(layout.padded, 2**layout.wires, dtype=dtype)
        psi[:, 0] = 1
    source = None if psi is None else _padded(psi, layout)
    target = source if source is not None and (fresh or source is not psi) else None
    if target is None:
        target = sheet.like.new_empty(layout.padded, 2**layout.wires, dtype=dtype)
    values = None
    if layout.reads:
        copies, groups = _slots(layout)
        values = sheet.like.new_zeros(copies, groups, len(layout.walks[-1].words), lanes(dtype))
    for walk, program in zip(layout.walks, programs, strict=True):
        states = (0 if source is None else source.data_ptr(), target.data_ptr())

        def rest(_: int, states: tuple[int, ...] = states) -> tuple[int, ...]:
            return states

        work = _Work(layout, walk, walk.sources, walk.targets, program, sheet, values)
        _carry_out(FORWARD, work, rest)
        source = target
    return target[: layout.samples], None if values is None else _read(values, layout)


def _slots(layout: Layout) -> tuple[int, int]:
    """How many copies of sums are kept (one for each thread where threads could meet), and of how many groups."""
    if layout.lanewise:
        return 1, len(layout.walks[-1].bases)
    return torch.get_num_threads(), layout.samples


def _read(values: Tensor, layout: Layout) -> Tensor:
    """Sums over rows, (copies, groups, W, lanes), as values (S, W)."""
    if layout.lanewise:
        return from_lanes(values[0], layout.samples)
    return (values.sum(0) * _signs(layout, values)).sum(-1)


def _signs(layout: Layout, like: Tensor) -> Tensor:
    return torch.as_tensor(layout.walks[-1].signs, dtype=like.dtype, device=like.device)


def _weights(cotangent: Tensor, layout: Layout, width: int) -> Tensor:
    """Twice the cotangent of the words' values, (S, W), as the kernels read it: (groups, W, lanes)."""
    twice = 2 * cotangent
    if not layout.lanewise:
        return (twice[:, :, None] * _signs(layout, twice)).contiguous()
    return to_lanes(twice, width)


def reverse(
    layout: Layout,
    programs: Sequence[Integers],
    sheet: Sheet,
    psi: Tensor,
    lam: Tensor,
    gradients: int,
    *,
    by_words: bool,
    fresh: bool,
    through: bool,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Backwards through all blocks, from the state behind them and the gradient with respect to it.

    Parameters
    ----------
    psi : (S, 2**n)
        Is never overwritten.
    lam : (S, 2**n), or (S, W) with `by_words`
        The gradient with respect to psi, or to the values of the words that the layout reads.
    gradients : int
        Vectors at the start of the shared sheet that gradients are wanted of.
    fresh : bool
        Whether `lam` may be overwritten.
    through : bool
        Whether psi and lam in front of the blocks are wanted.

    Returns
    -------
    psi, lam : (S, 2**n), or None
        In front of the blocks.
    shared : (gradients,) real, or None
    grouped : (groups, G, lanes) or (S, G) real, or None
    """
    width, threads = lanes(psi.dtype), torch.get_num_threads()
    real = sheet.like
    shared = real.new_zeros(threads, max(1, gradients), width)
    grouped = None
    if sheet.grouped is not None:
        copies = 1 if layout.lanewise else threads
        grouped = real.new_zeros(copies, len(sheet.grouped), sheet.size, width)
    stores = through or len(layout.walks) > 1
    padded = _padded(psi, layout)
    psi_source: Tensor | None = padded
    psi_target = torch.empty_like(padded) if stores else None
    weights = _weights(lam, layout, width) if by_words else None
    lam_source = None if by_words else _padded(lam, layout)
    lam_target = lam_source if fresh or lam_source is not lam else None
    lam_target = torch.empty_like(padded) if stores and lam_target is None else lam_target
    for k, (walk, program) in enumerate(zip(reversed(layout.walks), reversed(programs), strict=True)):
        written = (psi_target, lam_target) if through or k < len(layout.walks) - 1 else (None, None)
        states = (psi_source, written[0], lam_source, written[1])
        addresses = tuple(0 if t is None else t.data_ptr() for t in states)

        def rest(worker: int, addresses: tuple[int, ...] = addresses) -> tuple[int, ...]:
            own = 0 if grouped is None else grouped[min(worker, len(grouped) - 1)].data_ptr()
            return (*addresses, shared[worker].data_ptr(), own, sheet.size)

        backwards = np.ascontiguousarray(program[::-1])
        work = _Work(layout, walk, walk.targets, walk.sources, backwards, sheet, weights)
        _carry_out(REVERSE, work, rest)
        psi_source, lam_source = psi_target, lam_target
    found = shared.sum((0, -1))[:gradients] if gradients else None
    ends = [t[: layout.samples] if through and t is not None else None for t in (psi_target, lam_target)]
    return ends[0], ends[1], found, _gathered(grouped, layout)


def _gathered(grouped: Tensor | None, layout: Layout) -> Tensor | None:
    """Gradients of per-sample matrices: (groups, V, lanes) with samples in the lanes, or (S, V)."""
    if grouped is None:
        return None
    return grouped[0] if layout.lanewise else grouped.sum((0, -1))[: layout.samples]


def _padded(states: Tensor, layout: Layout) -> Tensor:
    states = states.resolve_conj().contiguous()
    missing = layout.padded - len(states)
    return torch.nn.functional.pad(states, (0, 0, 0, missing)) if missing else states


class _Work(NamedTuple):
    """A pass and what it works with; `weights` are the words' values, by worker, or their weights: (..., W, lanes)."""

    layout: Layout
    walk: Walk
    reads: Integers
    writes: Integers
    program: Integers
    sheet: Sheet
    weights: Tensor | None


def _carry_out(kind: Kind, work: _Work, rest: Callable[[int], tuple[int, ...]]) -> None:
    """Carry out a pass, its tiles shared among threads; `rest` gives a worker the entry point's own arguments."""
    walk, sheet, program = work.walk, work.sheet, work.program
    shared, grouped = (0 if t is None else t.data_ptr() for t in (sheet.shared, sheet.grouped))
    arrays = (walk.bases, walk.groups, work.reads, work.writes, program, walk.words)
    bases, groups, read, write, steps, words = (a.ctypes.data for a in arrays)
    rows = len(work.reads)
    scratch = np.empty(torch.get_num_threads() * (kind.planes * rows + 1) * LINE, dtype=np.uint8)
    tiles = scratch.ctypes.data + -scratch.ctypes.data % LINE
    tables = (bases, groups, rows, read, write, len(program), steps, shared, grouped, sheet.stride)

    def arguments(first: int, last: int, worker: int) -> tuple[int, ...]:
        weights = 0
        if work.weights is not None:
            own = work.weights[min(worker, len(work.weights) - 1)] if work.weights.dim() == 4 else work.weights
            weights = own.data_ptr()
        reading = (work.layout.inside, words, len(walk.words), weights)
        tile = tiles + worker * kind.planes * rows * LINE
        return (first, last, *tables, *reading, tile, *rest(worker))

    share(sheet.kernels, kind.entry, len(walk.bases), arguments)
