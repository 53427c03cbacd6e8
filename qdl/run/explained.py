"""Explaining a compiled request: its plan beside what its parts take when they are run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from qdl.engine.machine import describe as describe_machine
from qdl.engine.machine import find, machine
from qdl.engine.values import Values, repeated
from qdl.errors import UnsupportedError
from qdl.grad.adjoint import Adjoint
from qdl.grad.execute import Bound
from qdl.grad.task import Task
from qdl.plan import Part, Plan
from qdl.plan.explain import Measured, Walk, describe
from qdl.run.compiled import Compiled

RUNS, ENOUGH = 20, 0.3  # a part is timed so often at most, for no more than so many seconds, but once at least
LANES = {torch.float32: 16, torch.float64: 8}


def explain(compiled: Compiled, values: Mapping[str, Any] | None, measure: bool) -> str:
    """The plans of a request at some values, as text."""
    if compiled.distant is not None:
        raise UnsupportedError("a remote engine plans for itself", do="explain engine='state' or 'density'")
    with torch.no_grad():
        bound = compiled.bind(values)
        if compiled.draws is not None:
            at_once = compiled.guesses and compiled.draws.at_once(bound)
            bound, _ = compiled.drawn(repeated(bound, compiled.trajectories, at_once), 0, 0)
    device = bound.device
    threads = torch.get_num_threads()
    precision = str(bound.dtype).removeprefix("torch.")
    lines = [f"{threads} thread{'s' * (threads != 1)} on {device.type}, {precision}"]
    if device.type == "cpu":
        lines.append(f"machine, per thread: {describe_machine(find())}")
    if compiled.draws is not None:
        how = "at once" if at_once else "one after the other, with the states run along"
        lines.append(f"{compiled.trajectories} trajectories of each sample; {compiled.draws.width} draws each, {how}")
    piece, note = _piece(compiled, bound)
    lines += [note] * bool(note)
    for executor in compiled.executors():
        plan = executor.plan(piece.sampled, piece.samples, device)
        walks = [_walks(part, plan, piece) for part in plan.parts]
        took: list[Measured | None] = [None] * len(plan.parts)
        if measure and device.type != "meta":
            took = list(_measure(executor.bind(piece), piece))
        lines += [describe(plan, piece.samples, machine(device), walks, took)]
    return "\n".join(lines)


def _piece(compiled: Compiled, values: Values) -> tuple[Values, str]:
    """The samples that run at once, and a word about it if they are not all."""
    planned = [(e, e.plan(values.sampled, values.samples, values.device)) for e in compiled.executors()]
    rows = compiled._rows_that_fit(planned, values.samples, values.dtype, values.device, reverse=True)
    if not values.sampled or rows >= values.samples:
        return values, ""
    return values.rows(0, rows), f"batch {values.samples} runs in pieces of {rows}, of which this is one"


def _walks(part: Part, plan: Plan, values: Values) -> list[Walk]:
    """The passes of a part that is done in tiles."""
    sampled = any(block.sampled for block in part.blocks)
    first = sampled or any(block.sampled for block in part.prologue)
    samples = max(1, values.samples) if first else 1
    blocks = [block.positions for block in part.blocks]
    if not part.tiled:
        return []
    from qdl.engine.tiles.layout import lay_out

    layout = lay_out(blocks, sampled, len(part.wires), samples, LANES[values.dtype], torch.get_num_threads())
    walks = layout.walks if layout else ()
    return [Walk(len(w.sources) * LANES[values.dtype], len(w.acts), len(w.steps) - len(w.acts)) for w in walks]


def _measure(bound: Bound, values: Values) -> list[Measured]:
    """What each part takes, from angles to values and back."""
    with torch.no_grad():
        angles = [a.detach() for a in bound.angles(values)]
    found = []
    for task in bound.tasks:
        _run(task, *angles)  # the first one compiles and lays out
        times: list[tuple[float, float]] = []
        start = time.perf_counter()
        while not times or (len(times) < RUNS and time.perf_counter() - start < ENOUGH):
            times.append(_run(task, *angles))
        forward, gradients = (min(column) for column in zip(*times, strict=True))
        blocks = () if task.part.tiled or task.part.mixed else _blocks(task, *angles)
        found.append(Measured(forward, gradients, blocks))
    return found


def _run(task: Task, shared: Tensor, sampled: Tensor) -> tuple[float, float]:
    """Seconds of one run forward, and of the gradients."""
    with torch.enable_grad():
        leaves = [a.clone().requires_grad_() for a in (shared, sampled)]
        start = _now(shared)
        out = Adjoint().values(task, *leaves)
        middle = _now(shared)
        if out.requires_grad:
            torch.autograd.grad(out, leaves, torch.ones_like(out), allow_unused=True)
        return middle - start, _now(shared) - middle


def _blocks(task: Task, shared: Tensor, sampled: Tensor) -> tuple[float, ...]:
    """Seconds that each matrix product on the state takes, forward."""
    best: list[float] = []
    with torch.no_grad():
        vectors, stacks = task.build(shared, sampled)
        matrices = task.program.matrices(stacks)
        for _ in range(3):
            psi, times = task.start(vectors)(), []
            for block, matrix in zip(task.program.blocks, matrices, strict=True):
                start = _now(psi)
                psi = task.engine.apply(psi, block, matrix, task.program.wires)
                times.append(_now(psi) - start)
            best = [min(pair) for pair in zip(best or times, times, strict=True)]
    return tuple(best)


def _now(like: Tensor) -> float:
    if like.device.type == "cuda":
        torch.cuda.synchronize(like.device)
    return time.perf_counter()
