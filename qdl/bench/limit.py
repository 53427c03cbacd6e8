"""The unavoidable work of a row, and how long this machine would need for it at its best.

Flops: every gate once on the state, 2 * 2**n multiplications and additions of complex numbers for each one-wire gate
(6 and 2 real operations each), nothing for gates that only move or sign amplitudes (x, cx, swap), a half for controlled
ones. With gradients three times more: both states of the reverse sweep undo each gate, and each angle's gradient is an
inner product. A program that merges gates can stay below; it is a scale, not a bound.

Bytes: what must be read and written whatever the method. Inputs and outputs, with gradients twice; and where the full
state is asked for, or a gradient of a state too large for the caches, the state written once (and read once for the
gradient). That is a bound.

A convolution counts one multiplication and addition for each weight at each place, three times with its backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import prod
from typing import Any

FREE = {"x", "cx", "swap"}
DIAGONAL = {"rz", "cp", "crz"}
CACHE = 2**22  # bytes of a state that is sure to be in some cache


def speeds(threads: int) -> dict[str, float]:
    """Bytes a second of a large copy (read and written), flops a second of a float32 matrix product 2048 x 2048."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        source = torch.rand(2**26)
        target, a = torch.empty_like(source), torch.rand(2048, 2048)
        copy = median(lambda: target.copy_(source))
        product = median(lambda: torch.mm(a, a))
    finally:
        torch.set_num_threads(before)
    return {"bytes": 2 * source.nbytes / copy, "flops": 2 * 2048**3 / product}


def median(work: Callable[[], Any], repeat: int = 7) -> float:
    """Seconds of some work."""
    found = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return sorted(found[1:])[repeat // 2]


def work(job: dict[str, Any]) -> dict[str, float]:
    """Unavoidable flops and bytes of a job in single precision."""
    numbers = sum(prod(about["shape"]) for about in job["values"].values()) + prod(job["outputs"])
    if job["ask"] == "layer":
        places = prod(job["outputs"]) * prod(job["values"]["weight"]["shape"][1:])
        return {"flops": 6.0 * places, "bytes": 8.0 * numbers}
    states = 2.0 ** job["wires"] * (job["batch"] or 1)
    flops = sum(map(_flops, job["gates"])) * states
    if job["ask"] == "state":
        return {"flops": flops, "bytes": 4.0 * numbers + 8 * states}
    large = 8 * states if 8 * 2.0 ** job["wires"] > CACHE else 0
    return {"flops": 4 * flops, "bytes": 8.0 * numbers + 2 * large}


def _flops(gate: list[Any]) -> float:
    """Real operations per amplitude: a general one-wire gate takes two products and a sum, a diagonal one a product."""
    name, wires, _ = gate
    if name in FREE:
        return 0
    return (6 if name in DIAGONAL else 14) / 2 ** (len(wires) - 1)


def limit(job: dict[str, Any], speed: dict[str, float]) -> dict[str, float]:
    """Seconds of the unavoidable bytes and flops; they can overlap, so the longer counts."""
    needed = work(job)
    seconds = {kind: needed[kind] / speed[kind] for kind in ("bytes", "flops")}
    return {**needed, "seconds": max(seconds.values())}
