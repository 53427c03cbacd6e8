"""Requests for states: amplitudes and density matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from operator import methodcaller
from typing import Any

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.values import COMPLEX, Values
from qdl.errors import UnsupportedError
from qdl.grad.execute import Executor, MakePlan
from qdl.ir import Circuit
from qdl.ir.maps import basis
from qdl.measure import merge
from qdl.run.compiled import Compiled
from qdl.run.options import Options


class State(Compiled):
    """The amplitudes."""

    def __init__(self, circuit: Circuit, options: Options) -> None:
        super().__init__(circuit, options, coherent=range(circuit.wires))
        if self.distant is not None:
            raise UnsupportedError("a remote engine hands out no states", do="use engine='state' or 'density'")
        if options.shots is not None:
            raise UnsupportedError("amplitudes cannot be sampled", got=f"shots={options.shots}", do="use qdl.sample")
        if options.grad == "shift":
            raise UnsupportedError("amplitudes have no shift rule", do="use grad='adjoint'")
        self.executor = self.make_executor(self.plan())

    def plan(self) -> MakePlan:
        """What is asked of a planner."""
        if self.engine.mixed:
            raise UnsupportedError("a density matrix has no amplitudes", do="read qdl.density, or use engine='state'")
        if self.draws is not None:
            raise UnsupportedError("trajectories end in many states", do="read qdl.density, which is their mean")
        if len(self.lowered.levels) > self.circuit.wires:
            raise UnsupportedError("a circuit that measures or resets leaves no single state", do="read qdl.density")
        return methodcaller("state", self.circuit.wires)

    def executors(self) -> list[Executor]:
        return [self.executor]

    def result_entries(self) -> float:
        return 2.0**self.circuit.wires

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        return self.executor.run(values, self.method, partial(merge.state, wires=self.circuit.wires))


class Density(State):
    """The reduced density matrix of some wires."""

    def __init__(self, circuit: Circuit, wires: Sequence[Any], options: Options) -> None:
        self.kept = tuple(wires)
        super().__init__(circuit, options)

    def plan(self) -> MakePlan:
        if self.engine.mixed:
            return methodcaller("coordinates", self.lowered.places(self.kept))
        return methodcaller("state", len(self.lowered.levels))

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        places = self.lowered.places(self.kept)
        if self.engine.mixed:
            return self.executor.run(values, self.method, partial(merge.coordinates, places=places))
        factor = None
        if self.draws is not None:
            values, factors = self.drawn(values, start, seed)
            factor = None if factors is None else factors.prod(1)
        psi = self.executor.run(values, self.method, partial(merge.state, wires=len(self.lowered.levels)))
        if self.draws is None:
            return psi
        ones = psi.new_ones(len(psi), 1) if factor is None else factor[:, None].to(psi.dtype)
        return torch.cat([psi, ones.expand(len(psi), 1)], 1)

    def average(self, out: Tensor, values: Values) -> Tensor:
        samples, count, size = out.shape
        psi, factor = out.reshape(-1, size).split([size - 1, 1], 1)
        front = kernels.to_front(psi.contiguous(), self.kept, self.circuit.wires)
        weighed, plain = (t.unflatten(0, (samples, count)) for t in (front * factor[..., None], front))
        halves = []
        for part in (slice(None, count // 2), slice(count // 2, None)):
            one, other = (t[:, part].transpose(1, 2).flatten(2) for t in (weighed, plain))
            halves.append(one @ other.mH)
        return _controlled(halves, count)

    def result_entries(self) -> float:
        states = 0.0 if self.engine.mixed else 2.0 ** len(self.lowered.levels)
        return states + 4.0 ** len(self.kept)

    def finish(self, out: Tensor) -> Tensor:
        if self.draws is not None:
            return out
        size = 2 ** len(self.kept)
        rows = out.reshape(math.prod(out.shape[:-1]), out.shape[-1])
        if self.engine.mixed:
            turned = torch.as_tensor(basis(len(self.kept)), dtype=COMPLEX[out.dtype], device=out.device)
            return (rows.to(turned.dtype) @ turned.mT).reshape(*out.shape[:-1], size, size)
        front = kernels.to_front(rows, self.lowered.places(self.kept), len(self.lowered.levels))
        return (front @ front.mH).reshape(*out.shape[:-1], size, size)


def _controlled(halves: list[Tensor], count: int) -> Tensor:
    """The mean of trajectories' density matrices from the sums over both halves, its trace 1: `qdl.measure.control`."""
    sizes = (count // 2, count - count // 2)
    if not sizes[0]:
        return halves[1] / count
    total = halves[0] + halves[1]
    for k, other in ((0, 1), (1, 0)):
        trace, norm = (halves[i].diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None] for i in (k, other))
        total = total - (halves[other] / norm).detach() * (trace - sizes[k])
    return total / count
