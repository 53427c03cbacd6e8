"""Carrying out a layout: matrices into the order the kernels read, tiles shared among threads, gradients back."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from qdl.engine.tiles import driver
from qdl.engine.tiles.emit import LINE
from qdl.engine.tiles.layout import Integers, Layout, Walk


class Kind(NamedTuple):
    """An entry point of the kernels: which, and how many arrays of a tile's size it works in."""

    entry: int
    planes: int


FORWARD, REVERSE = Kind(0, 2), Kind(1, 4)


def lanes(dtype: torch.dtype) -> int:
    """Real numbers of a precision in a vector."""
    return 16 if dtype == torch.complex64 else 8


class Sheet:
    """Matrices of all blocks, one after the other as the kernels read them: [vector][lane].

    Parameters
    ----------
    shared : sequence of (n, D, D) complex tensors
    grouped : sequence of (S, n, D, D) complex tensors
        One matrix per sample.
    layout : Layout
    """

    def __init__(self, shared: Sequence[Tensor], grouped: Sequence[Tensor], layout: Layout, dtype: torch.dtype) -> None:
        width = lanes(dtype)
        self.shared = _spread([_flat(t) for t in shared], width)
        self.grouped: Tensor | None = None
        if grouped:
            rows = torch.cat([torch.view_as_real(t.resolve_conj()).flatten(1) for t in grouped], 1)
            if layout.lanewise:
                if layout.padded > len(rows):
                    rows = torch.nn.functional.pad(rows, (0, 0, 0, layout.padded - len(rows)))
                self.grouped = rows.view(-1, width, rows.shape[1]).transpose(1, 2).contiguous()
            else:
                self.grouped = rows[..., None].expand(-1, -1, width).contiguous()

    @property
    def stride(self) -> int:
        """Vectors between the matrices of two groups."""
        return 0 if self.grouped is None else self.grouped.shape[1]


def _flat(matrices: Tensor) -> Tensor:
    return torch.view_as_real(matrices.resolve_conj()).flatten()


def _spread(parts: Sequence[Tensor], width: int) -> Tensor | None:
    if not parts:
        return None
    return (torch.cat(list(parts)) if len(parts) > 1 else parts[0])[:, None].expand(-1, width).contiguous()


def forward(layout: Layout, programs: Sequence[Integers], sheet: Sheet, psi: Tensor, fresh: bool) -> Tensor:
    """The states (S, 2**n) behind all blocks; `psi` may be overwritten if it is fresh."""
    source = _padded(psi, layout)
    target = source if fresh or source is not psi else torch.empty_like(source)
    for walk, program in zip(layout.walks, programs, strict=True):
        states = (source.data_ptr(), target.data_ptr())

        def rest(_: int, states: tuple[int, ...] = states) -> tuple[int, ...]:
            return states

        _carry_out(FORWARD, walk, walk.sources, walk.targets, program, sheet, psi.dtype, rest)
        source = target
    return target[: layout.samples]


def reverse(
    layout: Layout, programs: Sequence[Integers], sheet: Sheet, psi: Tensor, lam: Tensor, fresh: bool, gradients: int
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """Backwards through all blocks, from the state behind them and the gradient with respect to it.

    Parameters
    ----------
    sheet : Sheet
        The conjugate transposes.
    fresh : bool
        Whether `lam` may be overwritten; `psi` never is.
    gradients : int
        Vectors at the start of the shared sheet that gradients are wanted of.

    Returns
    -------
    psi, lam : (S, 2**n)
        In front of the blocks.
    shared : (gradients,) real, or None
    grouped : (S, G) real, or None
    """
    width, threads = lanes(psi.dtype), torch.get_num_threads()
    psi_source, lam_source = _padded(psi, layout), _padded(lam, layout)
    psi_target = torch.empty_like(psi_source)
    lam_target = lam_source if fresh or lam_source is not lam else torch.empty_like(lam_source)
    real = psi.real.dtype
    shared = torch.zeros(threads, max(1, gradients), width, dtype=real)
    grouped = None
    if sheet.grouped is not None:
        copies = 1 if layout.lanewise else threads
        grouped = torch.zeros(copies, *sheet.grouped.shape, dtype=real)
    for walk, program in zip(reversed(layout.walks), reversed(programs), strict=True):
        states = tuple(t.data_ptr() for t in (psi_source, psi_target, lam_source, lam_target))

        def rest(worker: int, states: tuple[int, ...] = states) -> tuple[int, ...]:
            own = 0 if grouped is None else grouped[min(worker, len(grouped) - 1)].data_ptr()
            return (*states, shared[worker].data_ptr(), own, sheet.stride)

        backwards = np.ascontiguousarray(program[::-1])
        _carry_out(REVERSE, walk, walk.targets, walk.sources, backwards, sheet, psi.dtype, rest)
        psi_source, lam_source = psi_target, lam_target
    found = shared.sum((0, -1))[:gradients] if gradients else None
    return psi_target[: layout.samples], lam_target[: layout.samples], found, _gathered(grouped, layout)


def _gathered(grouped: Tensor | None, layout: Layout) -> Tensor | None:
    """Gradients of per-sample matrices as (S, G)."""
    if grouped is None:
        return None
    if layout.lanewise:
        return grouped[0].transpose(1, 2).flatten(0, 1)[: layout.samples]
    return grouped.sum((0, -1))[: layout.samples]


def _padded(states: Tensor, layout: Layout) -> Tensor:
    states = states.resolve_conj().contiguous()
    missing = layout.padded - len(states)
    return torch.nn.functional.pad(states, (0, 0, 0, missing)) if missing else states


def _carry_out(
    kind: Kind,
    walk: Walk,
    reads: Integers,
    writes: Integers,
    program: Integers,
    sheet: Sheet,
    dtype: torch.dtype,
    rest: Callable[[int], tuple[int, ...]],
) -> None:
    """Carry out a pass, its tiles shared among threads; `rest` gives a worker the entry point's own arguments."""
    call = driver.compiled(32 if dtype == torch.complex64 else 64)[kind.entry]
    shared, grouped = (0 if t is None else t.data_ptr() for t in (sheet.shared, sheet.grouped))
    addresses = [a.ctypes.data for a in (walk.bases, walk.groups, reads, writes, program)]
    bases, groups, read, write, steps = addresses

    def task(first: int, last: int, worker: int) -> None:
        scratch = np.empty(kind.planes * len(reads) * LINE + LINE, dtype=np.uint8)
        tile = scratch.ctypes.data + -scratch.ctypes.data % LINE
        common = (bases, groups, len(reads), read, write, len(program), steps, shared, grouped, sheet.stride, tile)
        arguments = np.array((first, last, *common, *rest(worker)), dtype=np.int64)
        call(arguments.ctypes.data)

    _share(len(walk.bases), task)


@lru_cache(maxsize=1)
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="qdl-tiles")


def _share(tiles: int, task: Callable[[int, int, int], None]) -> None:
    """Run a task on ranges of tiles, one for each of torch's threads."""
    threads = min(torch.get_num_threads(), tiles)
    if threads == 1:
        task(0, tiles, 0)
        return
    bounds = [tiles * k // threads for k in range(threads + 1)]
    pool = _pool(os.getpid(), torch.get_num_threads() - 1)
    others = [pool.submit(task, bounds[k], bounds[k + 1], k) for k in range(1, threads)]
    task(bounds[0], bounds[1], 0)
    for other in others:
        other.result()
