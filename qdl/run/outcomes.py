"""Requests for what a measurement of wires and bits gives: probabilities and samples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from operator import methodcaller

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.remote import Setting
from qdl.engine.values import Values
from qdl.grad.batched import Point
from qdl.grad.execute import Bound, Executor, read_exactly
from qdl.ir import Circuit
from qdl.measure import merge, shots
from qdl.measure.confusion import Confused
from qdl.measure.control import controlled
from qdl.measure.seeds import uniform
from qdl.plan.unravel import HIDDEN, Unravelled
from qdl.run.compiled import Compiled
from qdl.run.options import Options


class Probs(Compiled):
    """Probabilities of bit strings on some wires."""

    def __init__(self, circuit: Circuit, wires: Sequence[int | str], options: Options) -> None:
        # A bit may be read from the wire that it was measured on, but not beside it.
        both = [w for w in wires if not isinstance(w, str)] if any(isinstance(w, str) for w in wires) else ()
        super().__init__(circuit, options, coherent=both)
        self.names = tuple(wires)
        self.reader = Confused(self.rules, self.names)
        left = self.reader.names
        if self.draws is not None:  # bits are drawn with the trajectories; only wires are left to read
            left = tuple(name for name in left if not isinstance(name, str))
        if self.distant is not None:
            self.asked = [Setting(self.reader.names, options.shots or 0)]
            engine, asked, names = self.engine, self.asked, self.reader.names
            self.distant.refuse_early(lambda p: engine.samples(p, asked) if options.shots else engine.probs(p, names))
            return
        self.wires = self.lowered.places(left)
        self.concerned: list[int] = []
        if isinstance(self.lowered, Unravelled):
            own = self.wires if len(left) == len(self.reader.names) else range(circuit.wires)
            self.concerned = [k for k, concerns in enumerate(self.lowered.concerning(own)) if concerns]
        self.executor = self.make_executor(methodcaller("probs", self.wires or (0,)))

    def executors(self) -> list[Executor]:
        return [] if self.distant is not None else [self.executor]

    def result_entries(self) -> float:
        return 2.0 ** len(self.wires)

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.draws is None:
            return self.read(values, start, seed)
        values, factors = self.drawn(values, start, seed)
        out = self.read(values, start, seed)
        return out if factors is None else out * factors[:, self.concerned].prod(1, keepdim=True)

    def average(self, out: Tensor, values: Values) -> Tensor:
        return controlled(out, out.sum(-1, keepdim=True)).mean(1)

    def links(self) -> tuple[tuple[int, ...], ...]:
        if any(isinstance(name, str) for name in self.names):  # how likely a bit was is in the norm of what it left
            return (tuple(range(self.circuit.wires)),)
        return super().links()

    def with_bits(self, out: Tensor, values: Values) -> Tensor:
        """Probabilities of wires, (R, 2**k), as those of all names: what a trajectory measured is certain."""
        names = self.reader.names
        bits = [name for name in names if isinstance(name, str)]
        if not bits or self.draws is None:
            return out
        out = out.expand(values.samples, -1)
        measured = values.tensors[HIDDEN][:, self.lowered.places(bits)].long()
        joint = out.new_zeros(len(out), 2 ** len(bits), out.shape[1])
        joint[torch.arange(len(out), device=out.device), shots.index_of(measured)] = out
        order = [*bits, *(name for name in names if not isinstance(name, str))]
        positions = tuple(order.index(name) for name in names)
        return kernels.to_front(joint.flatten(1), positions, len(order))[:, :, 0]

    def read(self, values: Values, start: int, seed: int) -> Tensor:
        """Probabilities, or how often each bit string was drawn, (R, 2**k)."""
        if self.distant is not None:
            if self.options.shots is None:
                return self.reader.probabilities(self.distant.probs(values, self.reader.names), values)
            return self.distant.differentiate(values, partial(self._fetched_shares, values, seed))
        if self.options.shots is None:
            out = self.executor.run(values, self.method, partial(merge.probs, wires=self.wires or (0,)))
            if not self.wires:  # bits only: what is left is how likely they were
                out = out.sum(-1, keepdim=True)
            return self.reader.probabilities(self.with_bits(out, values), values)
        bound = self.executor.bind(values)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            return self._shares(self.draw(bound, shared, sampled, values, start, seed, run), values.dtype)

        shared, sampled = bound.angles(values)
        return self.method.values(evaluate, bound.sited, shared, sampled)  # type: ignore[arg-type,call-arg]

    def _shares(self, bits: Tensor, dtype: torch.dtype) -> Tensor:
        """How often each bit string is among shots (rows, shots, n): shares (rows, 2**n)."""
        index = shots.index_of(bits)
        out = torch.zeros(len(index), 2 ** len(self.names), dtype=dtype, device=bits.device)
        return out.scatter_add(1, index, torch.ones(index.shape, dtype=dtype, device=bits.device)) / index.shape[1]

    def _fetched_shares(self, values: Values, seed: int, points: Sequence[Point], first: int) -> Tensor:
        return torch.stack([self._shares(bits, values.dtype) for bits in self.fetched(values, seed, points, first)])

    def fetched(self, values: Values, seed: int, points: Sequence[Point], first: int) -> list[Tensor]:
        """A remote engine's shots at each point, (S, shots, n), read with their errors."""
        assert self.distant is not None
        (found,) = self.distant.samples(values, self.asked, points, seed, first)
        return [self.reader.read(bits, values, seed, (first + i, 1)) for i, bits in enumerate(found)]

    def draw(
        self, bound: Bound, shared: Tensor, sampled: Tensor, values: Values, start: int, seed: int, run: int
    ) -> Tensor:
        """Bit strings (rows, shots, n), columns in the order of the names, read with their errors."""
        rows, device = max(1, values.samples), shared.device
        columns: list[Tensor] = []
        if self.wires:
            numbers = uniform(seed, (run, 0), start, rows, self.each, len(bound.tasks), device)
            bits, found = shots.draw(bound.plan, read_exactly(bound, shared, sampled), rows, numbers)
            columns = list(bits[..., [found.index(w) for w in self.wires]].unbind(-1))
        if self.draws is not None:
            drawn, measured = iter(columns), values.tensors[HIDDEN]
            columns = [
                measured[:, self.lowered.bits[name], None].to(torch.int8) if isinstance(name, str) else next(drawn)
                for name in self.reader.names
            ]
        bits = torch.stack(columns, -1)
        return self.reader.read(bits, values, seed, (run, 1), start)


class Sample(Probs):
    """Bit strings on wires and bits."""

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.distant is not None:
            return self.fetched(values, seed, [self.distant.point(values)], 0)[0]
        if self.draws is not None:
            values, _ = self.drawn(values, start, seed)
        bound = self.executor.bind(values)
        return self.draw(bound, *bound.angles(values), values, start, seed, 0)

    def average(self, out: Tensor, values: Values) -> Tensor:
        return out[:, :, 0]

    def result_entries(self) -> float:
        return float(self.options.shots or 0) * len(self.names) / 8
