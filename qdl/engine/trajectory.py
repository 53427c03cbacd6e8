"""Monte-Carlo wave functions: what is random in a circuit is drawn, trajectory by trajectory.

At a channel with the ways sqrt(w_k) K_k, a trajectory in the state psi takes way k with probability q_k and goes on as
K_k psi. With the factor w_k/q_k, q detached from every gradient,

    E[ (w_k/q_k) <K_k psi|O|K_k psi> ] = sum_k w_k <K_k psi|O|K_k psi>,

and so for the derivative of both sides: values and gradients are unbiased whatever the law q is, as long as q_k > 0
where w_k, or its derivative, is not 0. Normalising a branch by its own norm instead is biased in its gradient. The law
is q_k = w_k |K_k psi|^2, which makes every factor times norm 1; where a gradient of w_k is wanted, a way that is all
but impossible gets a small share, so that its derivative is seen too. (ours)

Where every way is a unitary the law does not depend on the state, and all draws are made at once. Else the circuit is
run once without gradients, up to the last draw; the state is read wherever one is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.angles import Evaluator
from qdl.engine.matrices import Angles, Builder
from qdl.engine.state import StateVector
from qdl.engine.values import COMPLEX, Values
from qdl.errors import UnsupportedError
from qdl.ir import Circuit, Operation
from qdl.ir.bits import Condition
from qdl.ir.gates import Prepare
from qdl.plan.angles import angle_table
from qdl.plan.cone import components
from qdl.plan.fuse import CONSTANT, SAMPLED, SHARED, Block, Placed, fuse
from qdl.plan.unravel import HIDDEN, Event, Unravelled, unravel

COUNT = 1000
SHARE = 0.5  # how many draws of a trajectory, on average, go to ways that are all but impossible
NEAR_BYTES = 2**20  # of the states that are run together where draws depend on them
WIDTH = 4


class Trajectory(StateVector):
    """State vectors of single trajectories; ``"trajectory:5000"`` averages over so many, 1000 by default."""

    name = "trajectory"

    def __init__(self, argument: str = "") -> None:
        if argument and not (argument.isdecimal() and int(argument) > 0):
            raise UnsupportedError(
                "engine 'trajectory' takes a number of trajectories",
                got=f"'trajectory:{argument}'",
                expected="such as 'trajectory:1000'",
            )
        self.count = int(argument or COUNT)

    def lower(self, circuit: Circuit, coherent: Sequence[int] = ()) -> Unravelled:
        return unravel(circuit)


@dataclass(frozen=True)
class Drawn:
    """What some trajectories drew: the hidden Param's values (R, n), and factors (R,) of what is read, or None."""

    hidden: Tensor
    factor: Tensor | None


class Draws:
    """Draws for the trajectories of a circuit.

    Parameters
    ----------
    lowered : Unravelled
    """

    def __init__(self, lowered: Unravelled) -> None:
        self.lowered, self.events = lowered, lowered.events
        self.weights = Evaluator([k.weight for event in self.events for k in event.kraus])
        self.simple = all(event.blind and event.condition is None and event.bit is None for event in self.events)
        self._stages: dict[object, list[_Stage]] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_stages": {}}

    @cached_property
    def width(self) -> int:
        """Uniform numbers for a trajectory."""
        return max(1, len(self.events))

    def __call__(self, values: Values, uniform: Tensor) -> Drawn:
        """Draw for the trajectories of `values`, (R,), from uniform numbers (R, n_events)."""
        rows = values.samples
        weights = self.weights(values)
        weights = weights.expand(rows, -1) if weights.dim() == 1 else weights
        steers = weights.requires_grad and torch.is_grad_enabled()
        with torch.no_grad():
            law, hidden = (self._blind if self.simple else self._seeing)(values, weights.detach(), uniform, steers)
        if not steers:
            return Drawn(hidden, None)
        taken = weights.gather(1, law.column) * law.scale
        return Drawn(hidden, torch.where(law.acts, taken, 1).prod(1))

    def _blind(self, values: Values, weights: Tensor, uniform: Tensor, steers: bool) -> tuple[_Law, Tensor]:
        """All draws at once, events of as many ways together."""
        rows, law = values.samples, _Law.empty(values.samples, len(self.events), values)
        assert self.lowered.hidden is not None
        hidden = torch.zeros(rows, self.lowered.hidden.size, dtype=values.dtype, device=values.device)
        groups: dict[int, list[int]] = {}
        for number, event in enumerate(self.events):
            groups.setdefault(len(event.kraus), []).append(number)
        starts = self._starts
        for count, members in groups.items():
            columns = torch.tensor([[starts[e] + k for k in range(count)] for e in members], device=values.device)
            first = torch.tensor([self.events[e].first for e in members], device=values.device)
            chances = self._spread(weights[:, columns], steers)
            way = _choose(chances, uniform[:, members])
            hidden.scatter_(1, first + way, 1)
            law.note(members, columns[:, 0] + way, 1 / _pick(chances, way))
        return law, hidden

    @cached_property
    def _starts(self) -> list[int]:
        """Where each event's weights begin."""
        out, total = [], 0
        for event in self.events:
            out.append(total)
            total += len(event.kraus)
        return out

    def _spread(self, chances: Tensor, steers: bool) -> Tensor:
        """The law: the probabilities, (R, ..., K), all but impossible ways raised where gradients ask for them."""
        chances = chances.clamp(min=0)
        if steers:
            chances = chances.clamp(min=SHARE / max(1, len(self.events)) / chances.shape[-1])
        total = chances.sum(-1, keepdim=True)
        return torch.where(total > 0, chances / total, 1 / chances.shape[-1])

    def _seeing(self, values: Values, weights: Tensor, uniform: Tensor, steers: bool) -> tuple[_Law, Tensor]:
        """Draws one after the other, the states being run along, a few trajectories at a time."""
        key = (values.sampled, values.dtype, values.device)
        if key not in self._stages:
            with torch.inference_mode(False), torch._C._DisableFuncTorch():
                self._stages[key] = self._make_stages(values)
        stages = self._stages[key]
        size = max((2 ** len(stage.register) for stage in stages), default=1)
        step = max(1, NEAR_BYTES // (COMPLEX[values.dtype].itemsize * size))
        pieces = []
        for start in range(0, values.samples, step):
            stop = min(start + step, values.samples)
            piece = _Walk(self, values.rows(start, stop), weights[start:stop], uniform[start:stop], steers)
            pieces.append(piece.run(stages))
        laws, hidden = zip(*pieces, strict=True)
        columns = zip(*((law.column, law.scale, law.acts) for law in laws), strict=True)
        return _Law(*map(torch.cat, columns)), torch.cat(hidden)

    def _make_stages(self, values: Values) -> list[_Stage]:
        """Up to each event, what has to be run on its register before."""
        operations = self.lowered.operations
        placed = [index for index, op in enumerate(operations) if op.wires]
        regions = components(operations, placed, range(len(self.lowered.wires)))
        registers = {w: tuple(sorted(region.wires)) for region in regions for w in region.wires}
        waiting: dict[tuple[int, ...], list[int]] = {}
        at = {event.index: number for number, event in enumerate(self.events)}
        stages = []
        for index, op in enumerate(operations):
            register = registers[op.wires[0]] if op.wires else ()
            number = at.get(index)
            if number is not None:
                event = self.events[number]
                sees = not event.blind or event.bit is not None
                before = [operations[i] for i in waiting.pop(register, [])] if sees else []
                segment = _Segment(before, register, values) if sees else None
                stages.append(_Stage(number, event, register, segment, values))
            if op.wires:
                waiting.setdefault(register, []).append(index)
        return stages


@dataclass
class _Law:
    """For each trajectory and event: the weight's column, what it is multiplied with, whether the event acts."""

    column: Tensor
    scale: Tensor
    acts: Tensor

    @staticmethod
    def empty(rows: int, events: int, values: Values) -> _Law:
        column = torch.zeros(rows, events, dtype=torch.long, device=values.device)
        scale = torch.ones(rows, events, dtype=values.dtype, device=values.device)
        return _Law(column, scale, torch.zeros(rows, events, dtype=torch.bool, device=values.device))

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


class _Stage:
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


class _Walk:
    """A few trajectories on their way through all stages."""

    def __init__(self, draws: Draws, values: Values, weights: Tensor, uniform: Tensor, steers: bool) -> None:
        self.draws, self.weights, self.uniform, self.steers = draws, weights, uniform, steers
        rows, hidden = values.samples, draws.lowered.hidden
        assert hidden is not None
        self.hidden = torch.zeros(rows, hidden.size, dtype=values.dtype, device=values.device)
        self.values = Values({**values.tensors, HIDDEN: self.hidden}, (rows,), values.dtype, values.device)
        self.bits: dict[str, Tensor] = {}
        self.states: dict[tuple[int, ...], Tensor] = {}
        self.law = _Law.empty(rows, len(draws.events), values)

    def run(self, stages: Sequence[_Stage]) -> tuple[_Law, Tensor]:
        for stage in stages:
            self._pass(stage)
        for bit, column in self.draws.lowered.bits.items():
            if bit in self.bits:
                self.hidden[:, column] = self.bits[bit].to(self.hidden.dtype)
        return self.law, self.hidden

    def _pass(self, stage: _Stage) -> None:
        event, rows = stage.event, len(self.hidden)
        holds = self._holds(event.condition)
        count = len(event.kraus)
        if not count:
            assert holds is not None
            self.hidden[:, event.first] = holds.to(self.hidden.dtype)
            return
        start = self.draws._starts[stage.number]
        weights = self.weights[:, start : start + count]
        norms = self._norms(stage) if stage.segment is not None else torch.ones_like(weights)
        chances = self.draws._spread(weights * norms, self.steers)
        way = _choose(chances, self.uniform[:, stage.number])
        norm = _pick(norms, way)
        tiny = torch.finfo(norm.dtype).tiny
        height = torch.where(norm > tiny, norm.clamp(min=tiny).rsqrt(), 0)
        acts = torch.ones(rows, dtype=torch.bool, device=way.device) if holds is None else holds
        self.hidden[torch.arange(rows, device=way.device), event.first + way] = torch.where(acts, height, 0)
        if holds is not None:
            self.hidden[:, event.first + count] = (~holds).to(self.hidden.dtype)
        self.law.note([stage.number], (start + way)[:, None], (norm / _pick(chances, way))[:, None], acts[:, None])
        if event.bit is not None:
            old = self.bits.get(event.bit, torch.zeros_like(way))
            self.bits[event.bit] = torch.where(acts, way, old)

    def _holds(self, condition: Condition | None) -> Tensor | None:
        if condition is None:
            return None
        number = torch.zeros(len(self.hidden), dtype=torch.long, device=self.hidden.device)
        for bit in condition.bits:
            number = 2 * number + self.bits.get(bit, torch.zeros_like(number))
        return torch.isin(number, torch.tensor(sorted(condition.accepted), device=number.device))

    def _norms(self, stage: _Stage) -> Tensor:
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


def _choose(chances: Tensor, uniform: Tensor) -> Tensor:
    """The number of the way that a uniform number falls on; (R, ..., K) and (R, ...)."""
    edges = chances.double().cumsum(-1)
    return (uniform.unsqueeze(-1) * edges[..., -1:] >= edges[..., :-1]).sum(-1)


def _pick(table: Tensor, way: Tensor) -> Tensor:
    return table.gather(-1, way.unsqueeze(-1)).squeeze(-1)
