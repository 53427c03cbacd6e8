"""A plan as text: what will be done, what it should take, what it took, and what the machine could do at best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qdl.plan import cost
from qdl.plan.cost import Machine
from qdl.plan.fuse import Block
from qdl.plan.part import Considered, Part, Plan
from qdl.plan.readout import CoordinatesRead, ProbsRead, StateRead

NONE = "-"


@dataclass(frozen=True)
class Walk:
    """A pass of the tile kernels: amplitudes of a tile, how many blocks act on it, how often lanes are exchanged."""

    tile: int
    blocks: int
    swaps: int


@dataclass(frozen=True)
class Measured:
    """What a part took, in seconds: its values, all their gradients, and forward each block that was timed alone."""

    forward: float
    gradients: float | None
    blocks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Row:
    """A line of the table; times in seconds, None where there is none."""

    step: str
    wires: str = ""
    flops: float | None = None
    bytes: float | None = None
    predicted: float | None = None
    measured: float | None = None


def describe(
    plan: Plan,
    samples: int,
    machine: Machine,
    walks: Sequence[Sequence[Walk]],
    measured: Sequence[Measured | None],
) -> str:
    """The plan as a table.

    Parameters
    ----------
    plan : Plan
    samples : int
        Samples of the batch; 0 for none.
    machine : Machine
        What the plan was made with.
    walks : for each part its passes, if it is done in tiles
    measured : for each part what it took, if it was run
    """
    count, batch = len(plan.parts), max(1, samples)
    lines = [
        f"{count} part{'s' * (count != 1)}, batch {batch}, {len(plan.table.angles)} angles ({plan.table.shared} shared)"
    ]
    for index, (part, own, took) in enumerate(zip(plan.parts, walks, measured, strict=True)):
        rows = [*_steps(part, batch, machine, own, took), *_sums(part, batch, len(own), took)]
        lines += ["", f"part {index}: {_strategy(part)} on wires {_wires(part.wires)}"]
        lines += table(rows)
        lines += [_limit(part, batch, machine, len(own)), *_considered(part)]
    return "\n".join(lines)


def table(rows: Sequence[Row]) -> list[str]:
    """Rows under a headline, in columns."""
    cells = [("step", "wires", "flops", "bytes", "predicted", "measured")]
    for row in rows:
        numbers = (_number(row.flops), _number(row.bytes), _time(row.predicted), _time(row.measured))
        cells.append((row.step, row.wires, *numbers))
    widths = [max(len(line[k]) for line in cells) for k in range(6)]
    return [
        "  " + "  ".join(c.ljust(w) if k < 2 else c.rjust(w) for k, (c, w) in enumerate(zip(line, widths, strict=True)))
        for line in cells
    ]


def _strategy(part: Part) -> str:
    count = f"{len(part.blocks)} block{'s' * (len(part.blocks) != 1)}"
    return f"{count} in tiles" if part.tiled else f"{count} as matrix products"


def _steps(part: Part, batch: int, machine: Machine, walks: Sequence[Walk], took: Measured | None) -> list[Row]:
    wires, (work, width) = part.size, _entry(part)
    counts = cost.samples_of(part.prologue, part.blocks, batch)
    size = counts[0] * 2.0**wires
    made = 0.75 * work * size if any(b.members for b in part.prologue) else 0
    rows = [Row("product state", _wires(part.wires), made, width * size)]
    places = [w for w, bits in zip(part.wires, part.bits, strict=True) for _ in bits]
    if part.tiled:
        flops = _flops(part, batch)
        rows += [
            Row(_walk(walk), "", flops * walk.blocks / len(part.blocks), 2 * width * counts[-1] * 2.0**wires)
            for walk in walks
        ]
    else:
        times = took.blocks if took and len(took.blocks) == len(part.blocks) else [None] * len(part.blocks)
        for block, count, time in zip(part.blocks, counts, times, strict=False):
            size = count * 2.0**wires
            predicted = cost.product_seconds(block, wires, count, machine, part.mixed)
            where = _wires(tuple(dict.fromkeys(places[p] for p in block.positions)))
            flops = work * size * 2.0 ** len(block.positions)
            called = predicted + cost.BLOCK_CALLS * machine.call
            rows.append(Row(_kind(block), where, flops, 2 * width * size, called, time))
    rows.append(Row(f"read {_read(part)}", "", 4 * counts[-1] * 2.0**wires, width * counts[-1] * 2.0**wires))
    return rows


def _entry(part: Part) -> tuple[int, int]:
    """Flops of an entry times a matrix's, and its bytes: of an amplitude or a coordinate, in single precision."""
    return (2, 4) if part.mixed else (8, 8)


def _sums(part: Part, batch: int, walks: int, took: Measured | None) -> list[Row]:
    s = part.seconds
    forward, back = s.matrices + s.forward, s.reverse + s.angles
    there, again = (took.forward, took.gradients) if took else (None, None)
    total = None if there is None or again is None else there + again
    return [
        Row("matrices and values", "", None, None, forward, there),
        Row("all gradients", "", None, None, back, again),
        Row("together", "", *_total(part, batch, walks), forward + back, total),
    ]


def _flops(part: Part, batch: int) -> float:
    """Of all blocks, forward."""
    counts = cost.samples_of(part.prologue, part.blocks, batch)
    alive = part.alive or [part.size] * len(part.blocks)
    sizes = zip(part.blocks, counts, alive, strict=False)
    return sum(_entry(part)[0] * n * 2.0 ** (wires + len(block.positions)) for block, n, wires in sizes)


def _total(part: Part, batch: int, walks: int) -> tuple[float, float]:
    """Flops and bytes with gradients: the state forward, state and gradient back, and each block's gradient."""
    state = cost.samples_of(part.prologue, part.blocks, batch)[-1] * 2.0**part.size
    moves = 3 * walks if part.tiled else (5 if part.mixed else 4) * len(part.blocks)  # channels: once more forward
    return (5 if part.mixed else 4) * _flops(part, batch), 2 * _entry(part)[1] * state * (moves + 2)


def _limit(part: Part, batch: int, machine: Machine, walks: int) -> str:
    flops, size = _total(part, batch, walks)
    state = _entry(part)[1] * cost.samples_of(part.prologue, part.blocks, batch)[-1] * 2.0**part.size
    tiles = [8 * 2.0 ** (k + 1) / seconds for k, seconds in enumerate(machine.acts)]
    speed, rate = max(*machine.products, *tiles) * machine.threads, machine.bytes(state)
    return (
        f"  at the machine's limits: flops {_time(flops / speed)} at {speed / 1e9:.0f} Gflop/s, "
        f"bytes {_time(size / rate)} at {rate / 1e9:.0f} GB/s"
    )


def _considered(part: Part) -> list[str]:
    best: dict[tuple[bool, int], Considered] = {}
    for one in sorted(part.considered, key=lambda one: one.seconds):
        best.setdefault((one.tiled, one.width), one)  # the better order of wires
    return [
        f"  considered: {_name(part, one):<24} {one.blocks:>5} blocks {_time(one.seconds):>10}" for one in best.values()
    ]


def _name(part: Part, one: Considered) -> str:
    wires = one.width // 2 if part.mixed else one.width
    return f"{'tiles' if one.tiled else 'windows'}, up to {wires} wire{'s' * (wires != 1)}"


def _walk(walk: Walk) -> str:
    return f"pass over tiles of {walk.tile}: {walk.blocks} blocks, {walk.swaps} exchanges"


def _kind(block: Block) -> str:
    return "block per sample" if block.sampled else "block, shared" if block.varying else "block, constant"


def _read(part: Part) -> str:
    if isinstance(part.read, StateRead):
        return "state"
    if isinstance(part.read, ProbsRead):
        return "probabilities"
    if isinstance(part.read, CoordinatesRead):
        return "density matrix"
    return f"{part.read.count} word{'s' * (part.read.count != 1)}"


def _wires(wires: tuple[int, ...]) -> str:
    if len(wires) > 6:
        return f"{wires[0]} {wires[1]} .. {wires[-1]} ({len(wires)})"
    return " ".join(map(str, wires))


def _number(value: float | None) -> str:
    if value is None:
        return ""
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value:.3g}"


def _time(seconds: float | None) -> str:
    return NONE if seconds is None else f"{seconds * 1e3:.3g} ms" if seconds >= 1e-4 else f"{seconds * 1e6:.3g} us"
