"""Calling a kernel on all threads.

The threads are those of the OpenMP team that torch computes with: a pool of our own would have to take the cores from
threads that still spin after torch's last operation. Where torch's OpenMP has no GNU names, a pool of Python's serves.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from qdl.engine.tiles import driver

Arguments = Callable[[int, int, int], Sequence[int]]


class Kernels(NamedTuple):
    """Which kernels: for real numbers of a type, and blocks of so many wires at most. Fewer are sooner compiled."""

    dtype: torch.dtype
    widest: int


def share(kernels: Kernels, entry: int, count: int, arguments: Arguments) -> None:
    """Call an entry point of some kernels on ranges of `count` things, one for each thread.

    Parameters
    ----------
    kernels : Kernels
    arguments : callable
        From a range's first thing, the one behind its last, and the thread's number to the entry point's arguments.
    """
    threads = max(1, min(torch.get_num_threads(), count))
    team = _team() if threads > 1 else None
    threads = threads if team is None else min(threads, team.most())
    bounds = [count * k // threads for k in range(threads + 1)]
    arrays = [np.array(arguments(bounds[k], bounds[k + 1], k), dtype=np.int64) for k in range(threads)]
    addresses = [array.ctypes.data for array in arrays]
    function = _functions(kernels)[entry]
    if threads == 1:
        function(addresses[0])
        return
    if team is not None:
        start, place = _address(kernels, driver.TEAM_ENTRY), _address(kernels, entry)
        data = np.array([team.number, place, *addresses], dtype=np.int64)
        team.run(start, data.ctypes.data, threads, 0)
        return
    pool = _pool(os.getpid(), threads - 1)
    others = [pool.submit(function, address) for address in addresses[1:]]
    function(addresses[0])
    for other in others:
        other.result()


def call(kernels: Kernels, entry: int, arguments: Sequence[int]) -> None:
    """Call an entry point on this thread."""
    array = np.array(arguments, dtype=np.int64)
    _functions(kernels)[entry](array.ctypes.data)


def _functions(kernels: Kernels) -> tuple[Any, ...]:
    return driver.compiled(32 if kernels.dtype == torch.float32 else 64, kernels.widest)


@cache
def _address(kernels: Kernels, entry: int) -> int | None:
    """Where an entry point's code lies."""
    return ctypes.cast(_functions(kernels)[entry], ctypes.c_void_p).value


class _Team:
    """GNU's OpenMP: how to run a function on several threads, and the address of the one that numbers them."""

    def __init__(self, library: Any) -> None:
        self.run = library.GOMP_parallel
        self.run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint]
        self.run.restype = None
        self.number = ctypes.cast(library.omp_get_thread_num, ctypes.c_void_p).value
        self.library = library

    def most(self) -> int:
        """How many threads it is sure to bring, whatever it is asked for: OMP_THREAD_LIMIT and the like bound it."""
        omp = self.library
        if omp.omp_get_dynamic() or omp.omp_get_active_level() >= omp.omp_get_max_active_levels():
            return 1
        return max(1, int(omp.omp_get_thread_limit()))


@cache
def _team() -> _Team | None:
    """The team that torch computes with, if it can be had.

    A process may hold several copies of OpenMP, each with threads of its own that spin between two operations
    (scikit-learn and others bring one); torch's is looked up in the order in which its own names were bound: what is
    visible to the whole process first, then what torch's library was linked with.
    """
    for name in (None, Path(torch.__file__).parent / "lib" / "libtorch_cpu.so"):
        try:
            return _Team(ctypes.CDLL(name if name is None else str(name)))
        except (OSError, AttributeError, TypeError):
            continue
    return None


@lru_cache(maxsize=1)
def _pool(process: int, workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="qdl-tiles")
