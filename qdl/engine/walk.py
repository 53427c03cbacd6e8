"""Draws that depend on the state: trajectories run along, the state being read wherever one is due.

What is run between two draws is fused; what was drawn becomes part of what is run next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.angles import Evaluator
from qdl.engine.matrices import Angles, Builder
from qdl.engine.values import COMPLEX, Values
from qdl.ir import Operation
from qdl.ir.bits import Condition
from qdl.ir.gates import Prepare
from qdl.plan.angles import angle_table
from qdl.plan.cone import components
from qdl.plan.fuse import CONSTANT, SAMPLED, SHARED, Block, Placed, fuse
from qdl.plan.unravel import HIDDEN, Event, Unravelled

WIDTH = 4


@dataclass
class Law:
    """For each trajectory and event: the weight's column, what it is multiplied with, whether the event acts."""

    column: Tensor
    scale: Tensor
    acts: Tensor

    @staticmethod
    def empty(rows: int, events: int, values: Values) -> Law:
        column = torch.zeros(rows, events, dtype=torch.long, device=values.device)
        scale = torch.ones(rows, events, dtype=values.dtype, device=values.device)
        return Law(column, scale, torch.zeros(rows, events, dtype=torch.bool, device=values.device))

    def note(self, events: list[int], column: Tensor, scale: Tensor, acts: Tensor | None = None) -> None:
        self.column[:, events], self.scale[:, events] = column, scale
        self.acts[:, events] = True if acts is None else acts


class _Segment:
    """Operations between two draws, as blocks on a register."""

    def __init__(self, operations: Sequence[Operation], register: tuple[int, ...], values: Values) -> None:
        self.wires = len(register)
        place = {wire: k for k, wire in enumerate(register)}
        table, index = angle_table(operations, values.sampled | {HIDDEN})
        placed: list[Placed] = []
        self.starts: list[Placed] = []
        for i, op in enumerate(operations):
            angles = index.get(i, ())
            kind = (SAMPLED if any(a >= table.shared for a in angles) else SHARED) if angles else CONSTANT
            item = Placed(op, tuple(place[w] for w in op.wires), kind, angles)
            if isinstance(op.gate, Prepare):
                self.starts.append(item)
            else:
                placed.append(item)
        self.blocks: list[Block] = fuse(placed, WIDTH, 2, mix=False)
        self.shared, self.sampled = Evaluator(table.angles[: table.shared]), Evaluator(table.angles[table.shared :])
        self.builder = Builder(self.blocks, table.shared, COMPLEX[values.dtype], values.device)

    def run(self, psi: Tensor, values: Values) -> Tensor:
        """The states behind the segment."""
        shared, sampled = self.shared(values), self.sampled(values)
        sampled = sampled.expand(values.samples, -1) if sampled.dim() == 1 else sampled
        for item in self.starts:
            both = torch.cat([shared.expand(values.samples, -1), sampled], -1)
            amplitudes = both[:, list(item.angles)]
            amplitudes = amplitudes / torch.linalg.vector_norm(amplitudes, dim=-1, keepdim=True)
            psi = _planted(psi, amplitudes.to(psi.dtype), item.positions, self.wires)
        stacks = [stack.unbind(-3) for stack in self.builder(Angles(shared, sampled))]
        for k, (block, place) in enumerate(zip(self.blocks, self.builder.places, strict=True)):
            matrix = self.builder.constants[k] if place.stack < 0 else stacks[place.stack][place.slot]
            psi = kernels.apply(psi, matrix, block.positions, self.wires)
        return psi


def _planted(psi: Tensor, amplitudes: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """Fresh wires, still |0...0>, in the given amplitudes."""
    front = kernels.to_front(psi, positions, wires)
    return kernels.from_front(amplitudes[:, :, None] * front[:, :1], positions, wires)


class Stage:
    """An event, and what is run before the state is read for it."""

    def __init__(
        self, number: int, event: Event, register: tuple[int, ...], segment: _Segment | None, values: Values
    ) -> None:
        self.number, self.event, self.register, self.segment = number, event, register, segment
        self.positions = tuple(register.index(w) for w in event.wires)
        self.terms = [(k, m) for k, way in enumerate(event.kraus) for _, m in way.terms]
        self.amplitudes = Evaluator([a for way in event.kraus for a, _ in way.terms])
        self.matrices = None
        if self.terms:
            matrices = np.stack([matrix for _, matrix in self.terms])
            self.matrices = torch.as_tensor(matrices, dtype=COMPLEX[values.dtype], device=values.device)

    def squares(self, values: Values) -> Tensor:
        """K^+ K of each way, (K, d, d) or (R, K, d, d)."""
        assert self.matrices is not None
        amplitudes = self.amplitudes(values)
        weighed = amplitudes[..., None, None] * self.matrices
        of_way = torch.tensor([k for k, _ in self.terms], device=weighed.device)
        ways = torch.zeros(*weighed.shape[:-3], len(self.event.kraus), *weighed.shape[-2:], dtype=weighed.dtype)
        ways = ways.to(weighed.device).index_add(-3, of_way, weighed)
        return ways.mH @ ways


class Walk:
    """A few trajectories on their way through all stages."""

    def __init__(self, lowered: Unravelled, values: Values, weights: Tensor, uniform: Tensor, share: float) -> None:
        self.lowered, self.weights, self.uniform, self.share = lowered, weights, uniform, share
        rows, hidden = values.samples, lowered.hidden
        assert hidden is not None
        self.hidden = torch.zeros(rows, hidden.size, dtype=values.dtype, device=values.device)
        self.values = Values({**values.tensors, HIDDEN: self.hidden}, (rows,), values.dtype, values.device)
        self.bits: dict[str, Tensor] = {}
        self.states: dict[tuple[int, ...], Tensor] = {}
        self.law = Law.empty(rows, len(lowered.events), values)

    def run(self, stages: Sequence[Stage], starts: Sequence[int]) -> tuple[Law, Tensor]:
        """What was drawn; `starts` says where each event's weights begin."""
        for stage in stages:
            self._pass(stage, starts[stage.number])
        for bit, column in self.lowered.bits.items():
            if bit in self.bits:
                self.hidden[:, column] = self.bits[bit].to(self.hidden.dtype)
        return self.law, self.hidden

    def _pass(self, stage: Stage, start: int) -> None:
        event, rows = stage.event, len(self.hidden)
        holds = self._holds(event.condition)
        count = len(event.kraus)
        if not count:
            assert holds is not None
            self.hidden[:, event.first] = holds.to(self.hidden.dtype)
            return
        weights = self.weights[:, start : start + count]
        norms = self._norms(stage) if stage.segment is not None else torch.ones_like(weights)
        chances = spread(weights * norms, self.share)
        way = choose(chances, self.uniform[:, stage.number])
        norm = pick(norms, way)
        acts = torch.ones(rows, dtype=torch.bool, device=way.device) if holds is None else holds
        self.hidden[torch.arange(rows, device=way.device), event.first + way] = torch.where(acts, height(norm), 0)
        if holds is not None:
            self.hidden[:, event.first + count] = (~holds).to(self.hidden.dtype)
        self.law.note([stage.number], (start + way)[:, None], (norm / pick(chances, way))[:, None], acts[:, None])
        if event.bit is not None:
            old = self.bits.get(event.bit, torch.zeros_like(way))
            outcome = torch.tensor(event.outcomes, device=way.device)[way]
            self.bits[event.bit] = torch.where(acts, outcome, old)

    def _holds(self, condition: Condition | None) -> Tensor | None:
        if condition is None:
            return None
        number = torch.zeros(len(self.hidden), dtype=torch.long, device=self.hidden.device)
        for bit in condition.bits:
            number = 2 * number + self.bits.get(bit, torch.zeros_like(number))
        return torch.isin(number, torch.tensor(sorted(condition.accepted), device=number.device))

    def _norms(self, stage: Stage) -> Tensor:
        """|K_k psi|^2/|psi|^2 of every way, (R, K)."""
        assert stage.segment is not None
        wires = len(stage.register)
        psi = self.states.get(stage.register)
        if psi is None:
            psi = torch.zeros(len(self.hidden), 2**wires, dtype=COMPLEX[self.values.dtype], device=self.hidden.device)
            psi[:, 0] = 1
        psi = self.states[stage.register] = stage.segment.run(psi, self.values)
        front = kernels.to_front(psi, stage.positions, wires)
        reduced = front @ front.mH
        squares = stage.squares(self.values)
        shape = "kij" if squares.dim() == 3 else "rkij"
        found = torch.einsum(f"{shape},rji->rk", squares, reduced).real
        total = reduced.diagonal(dim1=-2, dim2=-1).real.sum(-1, keepdim=True)
        return (found / total.clamp(min=torch.finfo(total.dtype).tiny)).clamp(min=0)


def choose(chances: Tensor, uniform: Tensor) -> Tensor:
    """The number of the way that a uniform number falls on; (R, ..., K) and (R, ...)."""
    edges = chances.double().cumsum(-1)
    return (uniform.unsqueeze(-1) * edges[..., -1:] >= edges[..., :-1]).sum(-1)


def pick(table: Tensor, way: Tensor) -> Tensor:
    return table.gather(-1, way.unsqueeze(-1)).squeeze(-1)


def height(norm: Tensor) -> Tensor:
    """What a way is multiplied with, 1/sqrt(norm); nothing is left of a way that cannot happen."""
    tiny = torch.finfo(norm.dtype).tiny
    return torch.where(norm > tiny, norm.clamp(min=tiny).rsqrt(), 0)


def spread(chances: Tensor, share: float) -> Tensor:
    """A law from probabilities, (R, ..., K), in which every way has at least about `share`/K."""
    chances = chances.clamp(min=max(0.0, share / chances.shape[-1]))
    total = chances.sum(-1, keepdim=True)
    return torch.where(total > 0, chances / total, 1 / chances.shape[-1])


def make_stages(lowered: Unravelled, values: Values) -> list[Stage]:
    """Up to each event, what has to be run on its register before."""
    operations = lowered.operations
    placed = [index for index, op in enumerate(operations) if op.wires]
    regions = components(operations, placed, range(len(lowered.wires)))
    registers = {w: tuple(sorted(region.wires)) for region in regions for w in region.wires}
    waiting: dict[tuple[int, ...], list[int]] = {}
    at = {event.index: number for number, event in enumerate(lowered.events)}
    stages = []
    for index, op in enumerate(operations):
        register = registers[op.wires[0]] if op.wires else ()
        number = at.get(index)
        if number is not None:
            event = lowered.events[number]
            sees = not event.blind
            before = [operations[i] for i in waiting.pop(register, [])] if sees else []
            segment = _Segment(before, register, values) if sees else None
            stages.append(Stage(number, event, register, segment, values))
        if op.wires:
            waiting.setdefault(register, []).append(index)
    return stages
