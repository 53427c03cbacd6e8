"""The unavoidable work of a row, and how long this machine would need for it at its best.

Flops: every gate once on the state, 2 * 2**n multiplications and additions of complex numbers for each one-wire gate
(6 and 2 real operations each), nothing for gates that only move or sign amplitudes (x, cx, swap), a half for controlled
ones. With gradients three times more: both states of the reverse sweep undo each gate, and each angle's gradient is an
inner product. A program that merges gates can stay below; it is a scale, not a bound.

Bytes: what must be read and written whatever the method. Inputs and outputs, with gradients twice; and where the full
state is asked for, or a gradient of a state too large for the caches, the state written once (and read once for the
gradient). That is a bound.

A density matrix has 4**n real coordinates, those of Pauli words, with 4 bytes each. A rotation turns half of them in
planes, 6 operations for two; a controlled rotation is two rotations, a controlled phase three; h, x, cx and swap only
move and sign coordinates. Depolarizing one wire multiplies three quarters of them, damping too, and it adds a multiple
of one quarter to another. With gradients three times more: channels cannot be undone, so the states are computed again;
what is pulled back takes as much, and so do the inner products.

Trajectories are that many states; a Pauli error only moves and signs amplitudes, a damping multiplies half of them by a
real number. What it takes to choose is not counted.

A convolution counts one multiplication and addition for each weight at each place, three times with its backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from math import prod
from typing import Any

FREE = {"x", "cx", "swap", "depolarizing"}
DIAGONAL = {"rz", "cp", "crz"}
TURNS = {"rx": 1, "ry": 1, "rz": 1, "crx": 2, "crz": 2, "cp": 3}  # rotations of a density matrix's coordinates
CHANNELS = {"depolarizing": 0.75, "amplitude_damping": 1.25}  # real operations per coordinate
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
    mixed = job["engine"] == "density"
    entries, size = (4.0 ** job["wires"], 4) if mixed else (2.0 ** job["wires"], 8)
    states = entries * (job["batch"] or 1) * (job["trajectories"] or 1)
    flops = sum(map(_real_flops if mixed else _flops, job["gates"])) * states
    if job["ask"] == "state":
        return {"flops": flops, "bytes": 4.0 * numbers + size * states}
    if job["ask"] == "values":
        return {"flops": flops, "bytes": 4.0 * numbers}
    large = size * states if size * entries > CACHE else 0
    return {"flops": 4 * flops, "bytes": 8.0 * numbers + 2 * large}


def _flops(gate: list[Any]) -> float:
    """Real operations per amplitude: a general one-wire gate takes two products and a sum, a diagonal one a product."""
    name, wires, _ = gate
    if name in FREE:
        return 0
    if name == "amplitude_damping":
        return 1
    return (6 if name in DIAGONAL else 14) / 2 ** (len(wires) - 1)


def _real_flops(gate: list[Any]) -> float:
    """Real operations per coordinate of a density matrix: a plane's rotation takes 6, and half of the coordinates."""
    name, _, _ = gate
    return CHANNELS.get(name, 1.5 * TURNS.get(name, 0))


def limit(job: dict[str, Any], speed: dict[str, float]) -> dict[str, float]:
    """Seconds of the unavoidable bytes and flops; they can overlap, so the longer counts."""
    needed = work(job)
    seconds = {kind: needed[kind] / speed[kind] for kind in ("bytes", "flops")}
    return {**needed, "seconds": max(seconds.values())}
