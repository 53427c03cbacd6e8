"""Carrying out a layout: matrices into the order the kernels read, tiles shared among threads, gradients back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from qdl.engine.tiles import driver
from qdl.engine.tiles.chains import NOTHING, Chains, Lanes
from qdl.engine.tiles.emit import LINE
from qdl.engine.tiles.layout import Integers, Layout, Walk
from qdl.engine.tiles.share import Kernels, share


class Script(NamedTuple):
    """A walk's program, and where it lies."""

    steps: Integers
    address: int

    @classmethod
    def of(cls, steps: Integers) -> Script:
        steps = np.ascontiguousarray(steps)
        return cls(steps, steps.ctypes.data)


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
    rows = groups.transpose(1, 2).flatten(0, 1)
    return rows if len(rows) == samples else rows[:samples]


class Making(NamedTuple):
    """Matrices per sample that the kernels build on the way, from angles (S, n)."""

    chains: Chains
    angles: Tensor

    def lanes(self, layout: Layout, width: int) -> Lanes:
        return Lanes(width, 1, layout.samples - 1) if layout.lanewise else Lanes(1, 0, layout.samples - 1)


class Sheet:
    """Matrices of all blocks as the kernels read them: [vector][lane].

    Parameters
    ----------
    shared : (V, lanes) or None
    grouped : (groups, W, lanes) or Making or None
        Those of each group: of a sample, or of as many samples as there are lanes.
    size : int
        Vectors of the gradients of one group's matrices.
    kernels : Kernels
        What they are for.
    """

    def __init__(self, shared: Tensor | None, grouped: Tensor | Making | None, size: int, kernels: Kernels) -> None:
        self.shared, self.size, self.kernels = shared, size, kernels
        self.making = grouped if isinstance(grouped, Making) else None
        self.grouped = None if isinstance(grouped, Making) else grouped
        self.like = torch.empty(0, dtype=kernels.dtype, device="cpu")

    @property
    def stride(self) -> int:
        """Vectors between the matrices of two groups."""
        return 0 if self.grouped is None else self.grouped.shape[1]

    @property
    def room(self) -> int:
        """Bytes that a thread needs to build matrices in."""
        return 0 if self.making is None else self.making.chains.room

    def arguments(self, layout: Layout, out: Tensor | None, room: int) -> tuple[tuple[int, ...], int]:
        """What the kernels are told of building, and the address of the first group's matrices."""
        if self.making is None:
            return NOTHING, 0 if self.grouped is None else self.grouped.data_ptr()
        chains, angles = self.making
        lanes = self.making.lanes(layout, LINE // self.like.element_size())
        return chains.arguments(angles, out, lanes, room), chains.products(room)


def forward(
    layout: Layout, programs: Sequence[Script], sheet: Sheet, psi: Tensor | None, fresh: bool, dtype: torch.dtype
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
        states = (0 if source is None else source.data_ptr(), target.data_ptr(), int(layout.grows))

        def rest(_: int, __: int, states: tuple[int, ...] = states) -> tuple[int, ...]:
            return states

        work = _Work(layout, walk, program, sheet, values, None)
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
    if not layout.lanewise:
        return (2 * cotangent[:, :, None] * _signs(layout, cotangent)).contiguous()
    return 2 * to_lanes(cotangent, width)


def reverse(
    layout: Layout,
    programs: Sequence[Script],
    sheet: Sheet,
    psi: Tensor,
    lam: Tensor,
    gradients: int,
    *,
    of_samples: bool,
    by_words: bool,
    fresh: bool,
    through: bool,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Backwards through all blocks, from the state behind them and the gradient with respect to it.

    Parameters
    ----------
    programs : sequence of Script
        From the last step to the first.
    psi : (S, 2**n)
        Is never overwritten.
    lam : (S, 2**n), or (S, W) with `by_words`
        The gradient with respect to psi, or to the values of the words that the layout reads.
    gradients : int
        Vectors at the start of the shared sheet that gradients are wanted of.
    of_samples : bool
        Whether gradients of what is per sample are wanted.
    fresh : bool
        Whether `lam` may be overwritten.
    through : bool
        Whether psi and lam in front of the blocks are wanted.

    Returns
    -------
    psi, lam : (S, 2**n), or None
        In front of the blocks.
    shared : (threads, gradients, lanes) real, or None
        To be summed over threads and lanes.
    grouped : (groups, G, lanes) or (S, G) real, or None
        Those of the matrices; or of the angles, (S, n), if the kernels build the matrices.
    """
    width, threads = lanes(psi.dtype), torch.get_num_threads()
    real = sheet.like
    shared = real.new_zeros(threads, max(1, gradients), width)
    grouped = None
    copies = 1 if layout.lanewise else threads
    if of_samples and sheet.grouped is not None:
        grouped = real.new_zeros(copies, len(sheet.grouped), sheet.size, width)
    if of_samples and sheet.making is not None:
        grouped = real.new_zeros(copies, *sheet.making.angles.shape)
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

        def rest(worker: int, room: int, addresses: tuple[int, ...] = addresses) -> tuple[int, ...]:
            if sheet.making is not None:
                return (*addresses, shared[worker].data_ptr(), sheet.making.chains.gradients(room), 0)
            own = 0 if grouped is None else _own(grouped, worker).data_ptr()
            return (*addresses, shared[worker].data_ptr(), own, sheet.size)

        slopes = grouped if sheet.making is not None else None
        work = _Work(layout, walk, program, sheet, weights, slopes)
        _carry_out(REVERSE, work, rest)
        psi_source, lam_source = psi_target, lam_target
    ends = [t[: layout.samples] if through and t is not None else None for t in (psi_target, lam_target)]
    found = shared if gradients else None
    return ends[0], ends[1], found, _gathered(grouped, layout, sheet.making is not None)


def _gathered(grouped: Tensor | None, layout: Layout, made: bool) -> Tensor | None:
    """Gradients per sample: of angles, (S, n), or of matrices, (groups, V, lanes) with a sample in a lane or (S, V)."""
    if grouped is None or layout.lanewise:
        return None if grouped is None else grouped[0]
    return grouped.sum(0) if made else grouped.sum((0, -1))[: layout.samples]


def _own(copies: Tensor, worker: int) -> Tensor:
    """A worker's own copy, or the one for all."""
    return copies[min(worker, len(copies) - 1)]


def _padded(states: Tensor, layout: Layout) -> Tensor:
    states = states.resolve_conj().contiguous()
    missing = layout.padded - len(states)
    return torch.nn.functional.pad(states, (0, 0, 0, missing)) if missing else states


class _Work(NamedTuple):
    """A pass and what it works with.

    `weights` are the words' values, by worker, or their weights: (..., W, lanes); `slopes` are, by worker, where the
    gradients of angles per sample go.
    """

    layout: Layout
    walk: Walk
    program: Script
    sheet: Sheet
    weights: Tensor | None
    slopes: Tensor | None


def _carry_out(kind: Kind, work: _Work, rest: Callable[[int, int], tuple[int, ...]]) -> None:
    """Carry out a pass, its tiles shared among threads; `rest` gives a worker the entry point's own arguments."""
    walk, sheet, program, layout = work.walk, work.sheet, work.program, work.layout
    shared = 0 if sheet.shared is None else sheet.shared.data_ptr()
    sources, targets, bases, groups, words = walk.addresses
    read, write = (sources, targets) if kind is FORWARD else (targets, sources)
    rows = len(walk.sources)
    planes = kind.planes * rows * LINE
    own = planes + sheet.room
    scratch = np.empty(torch.get_num_threads() * own + LINE, dtype=np.uint8)
    start = scratch.ctypes.data
    start += -start % LINE

    def arguments(first: int, last: int, worker: int) -> tuple[int, ...]:
        tile = start + worker * own
        out = None if work.slopes is None else _own(work.slopes, worker)
        building, grouped = sheet.arguments(layout, out, tile + planes)
        weights = 0
        if work.weights is not None:
            weights = (_own(work.weights, worker) if work.weights.dim() == 4 else work.weights).data_ptr()
        tables = (bases, groups, rows, read, write, len(program.steps), program.address, shared, grouped, sheet.stride)
        reading = (layout.inside, words, len(walk.words), weights)
        return (*building, first, last, *tables, *reading, tile, *rest(worker, tile + planes))

    share(sheet.kernels, kind.entry, len(walk.bases), arguments)
