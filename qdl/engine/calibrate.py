"""Measuring what the cost model reckons with, in a third of a second; compiling the tile kernels comes on top.

Everything is measured on one thread, in that thread's own processor time where the clock is fine enough, and the best
of a few runs counts: so that what else the machine is doing changes little.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch

from qdl.engine.program import Program, Pull, Start
from qdl.engine.stacks import Place
from qdl.engine.state import StateVector
from qdl.engine.tiles import installed
from qdl.plan.cost import FAR_BYTES, FRESH_BYTES, NEAR_BYTES, RUN_CALLS, Machine
from qdl.plan.fuse import Block

DTYPE, DEVICE = torch.complex64, torch.device("cpu")
CLOCK = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter
SPEEDS = ("products", "near", "far", "fresh")
ENTRIES = 2**14  # amplitudes of the states that products are timed on
TILED_WIRES, TILED_SAMPLES = 10, 16


def measure() -> Machine:
    """The figures of one thread of this machine."""
    threads = torch.get_num_threads()
    with torch.inference_mode(False), torch.no_grad(), torch._C._DisableFuncTorch():
        torch.set_num_threads(1)
        try:
            one, other = _once(), _once()
        finally:
            torch.set_num_threads(threads)
    return Machine(**{name: _better(name, getattr(one, name), getattr(other, name)) for name in asdict(one)})


def _better(name: str, one: Any, other: Any) -> Any:
    """The better of a figure measured twice: a speed that is higher, a time that is shorter."""
    if isinstance(one, tuple):
        return tuple(_better(name, a, b) for a, b in zip(one, other, strict=True))
    return max(one, other) if name in SPEEDS else min(one, other)


def _once() -> Machine:
    call = _call()
    acts, backs, start = _tiles() if installed() else ((), (), call)
    return Machine(
        products=tuple(_product(wires) for wires in range(1, 9)),
        small=_small(),
        near=_copy(NEAR_BYTES),
        far=_copy(FAR_BYTES),
        fresh=_copy(FRESH_BYTES, runs=2),
        call=call,
        acts=acts,
        backs=backs,
        tile_call=max(call, start - RUN_CALLS * call),
    )


def _best(work: Callable[[], object], runs: int = 5, inner: int = 1) -> float:
    """Seconds of the quickest run, after one that warms up."""
    work()
    times = []
    for _ in range(runs):
        start = CLOCK()
        for _ in range(inner):
            work()
        times.append((CLOCK() - start) / inner)
    return max(min(times), 1e-9)


def _call() -> float:
    """Seconds of a call on tensors so small that nothing else counts: the mean of some that the engine makes often."""
    a = torch.ones(4, 4, 2, dtype=torch.float32, device=DEVICE)
    places = torch.zeros(4, dtype=torch.long, device=DEVICE)

    def some() -> None:
        torch.addcmul(a, a, a)
        a.index_select(0, places)
        torch.bmm(a, a.mT)
        torch.cat([a, a])

    return _best(some, inner=50) / 4


def _product(wires: int) -> float:
    """Flops per second of a matrix on so many wires times a state."""
    size = 2**wires
    matrix = torch.eye(size, dtype=DTYPE, device=DEVICE)
    states = torch.ones(ENTRIES // size, size, dtype=DTYPE, device=DEVICE)
    return 8 * ENTRIES * size / _best(lambda: states @ matrix, inner=2)


def _small() -> float:
    """Seconds of one of many products of small matrices."""
    many = torch.eye(4, dtype=DTYPE, device=DEVICE).repeat(1024, 1, 1)
    return _best(lambda: many @ many) / len(many)


def _copy(size: int, runs: int = 6) -> float:
    """Bytes per second, read and written, of copying `size` bytes to a new array."""
    array = torch.zeros(size // 4, dtype=torch.float32, device=DEVICE)
    return 2 * size / _best(array.clone, runs)


def _tiles() -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Seconds of the tile kernels for each amplitude and block on 1, 2 and 3 wires, forth and back, and of a start."""
    acts, backs = [], []
    amplitudes = TILED_SAMPLES * 2**TILED_WIRES
    for width in (1, 2, 3):
        # The difference of a long and a short program is blocks alone.
        (few, few_back), (many, many_back) = (_run(TILED_WIRES, TILED_SAMPLES, width, count) for count in (10, 50))
        acts.append(max(many - few, 1e-9) / (40 * amplitudes))
        backs.append(max(many_back - few_back, 1e-9) / (40 * amplitudes))
    return tuple(acts), tuple(backs), _run(4, 1, 1, 1)[0]


def _run(wires: int, samples: int, width: int, count: int) -> tuple[float, float]:
    """Seconds that `count` blocks take, forth and back, which move along the wires as layers of gates do."""
    starts = range(0, wires - width + 1, width)
    blocks = tuple(
        Block(tuple(range(first, first + width))) for first in (starts[k % len(starts)] for k in range(count))
    )
    program = Program(wires, blocks, tuple(Place(0, k) for k in range(count)), {}, None, tiled=True)
    stack = torch.eye(2**width, dtype=DTYPE, device=DEVICE).repeat(count, 1, 1)
    psi = torch.full((samples, 2**wires), 2 ** (-wires / 2), dtype=DTYPE, device=DEVICE)
    start = Start(psi.clone, (psi,), DTYPE, DEVICE, idle=False, fresh=True)
    pull = Pull(torch.ones(samples, 1, dtype=torch.float32, device=DEVICE), psi.clone)
    engine = StateVector()
    forth = _best(lambda: engine.run(program, start, [stack]), runs=8)
    back = _best(lambda: engine.sweep(program, start, psi, pull, [stack], [True], through=False), runs=8)
    return forth, back
