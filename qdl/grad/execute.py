"""Carrying out a plan at values: the executor that the door uses, with the gradient method inside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.machine import machine
from qdl.engine.state import StateVector
from qdl.engine.values import Values, check, check_finite
from qdl.grad.adjoint import Adjoint
from qdl.grad.autograd import Autograd
from qdl.grad.differences import Sited
from qdl.grad.finite import Finite
from qdl.grad.shift import Shift
from qdl.grad.spsa import Spsa
from qdl.grad.task import Task
from qdl.ir import Operation
from qdl.ir.gates import Prepare
from qdl.plan import Choice, Plan, Planner

Method = Adjoint | Autograd | Shift | Finite | Spsa
MakePlan = Callable[[Planner], Plan]
Merge = Callable[[Plan, Sequence[Tensor]], Tensor]


@dataclass(frozen=True)
class Bound:
    """A plan with its tasks and angle evaluators for one precision and device."""

    plan: Plan
    tasks: list[Task]
    shared: Evaluator
    sampled: Evaluator
    sited: list[Sited]

    @cached_property
    def unused(self) -> tuple[bool, bool]:
        """Whether no part uses any shared angle, and whether none uses any angle per sample."""
        used = frozenset().union(*(part.angles for part in self.plan.parts))
        split = self.plan.table.shared
        return not any(a < split for a in used), not any(a >= split for a in used)

    @cached_property
    def prepares(self) -> list[Sited]:
        """The operations that prepare given amplitudes."""
        return [sited for sited in self.sited if isinstance(sited[0].gate, Prepare)]

    def angles(self, values: Values) -> tuple[Tensor, Tensor]:
        """The angle vector at `values`: what is shared, (n_shared,), and what is per sample, (B, n_sampled)."""
        shared, sampled = self.shared(values), self.sampled(values)
        if sampled.dim() == 1:
            sampled = sampled.expand(max(1, values.samples), -1)
        if values.validate:
            self._check(shared, sampled)
        return shared, sampled

    def _check(self, shared: Tensor, sampled: Tensor) -> None:
        """Refuse angles outside an expression's domain, and preparations of the zero vector."""
        for name, angles, known in (("shared", shared, self.shared), ("per sample", sampled, self.sampled)):
            if known.computes:
                check_finite(f"angles ({name}) computed from the values", angles)
        for operation, places in self.prepares:
            both = torch.cat([shared.expand(len(sampled), -1), sampled], -1)
            amplitudes = both[:, list(places)].detach()
            check(f"amplitudes on wires {operation.wires}", (amplitudes != 0).any(-1), "a nonzero vector")


class Executor:
    """Plans once per kind of values, and runs.

    Parameters
    ----------
    operations : sequence of Operation
        Without composite gates.
    make_plan : callable
        Asks a planner for the plan.
    engine : StateVector
    choice : Choice, optional
        What the planner may choose from.
    levels : sequence of int, optional
        Index bits of each wire, where states are density matrices.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        make_plan: MakePlan,
        engine: StateVector,
        choice: Choice | None = None,
        levels: Sequence[int] | None = None,
    ) -> None:
        self.operations, self.make_plan, self.engine, self.choice = tuple(operations), make_plan, engine, choice
        self.levels = levels
        self._plans: dict[tuple[object, ...], Plan] = {}
        self._bound: dict[tuple[object, ...], Bound] = {}
        self._entries: dict[tuple[int, bool], float] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_plans": {}, "_bound": {}, "_entries": {}}

    def sample_entries(self, plan: Plan, reverse: bool) -> float:
        """Complex entries that one sample keeps alive in one of this executor's plans."""
        key = (id(plan), reverse)  # the plan lives as long as this executor
        if key not in self._entries:
            self._entries[key] = sum(part.sample_entries(reverse) for part in plan.parts)
        return self._entries[key]

    def plan(self, sampled: frozenset[str], samples: int, device: torch.device) -> Plan:
        """The plan for values that are per sample in `sampled`, for about `samples` samples on a device."""
        key = (sampled, max(1, samples).bit_length(), device.type, torch.get_num_threads())
        if key not in self._plans:
            figures, better = None, machine(device)
            while figures != better:  # a plan that takes long is worth a look at the machine
                figures = better
                plan = self.make_plan(Planner(self.operations, sampled, samples, self.choice, figures, self.levels))
                better = machine(device, plan.seconds)
            self._plans[key] = plan
        return self._plans[key]

    def bind(self, values: Values) -> Bound:
        """The plan for these values with its constants as tensors."""
        key = (
            values.sampled,
            max(1, values.samples).bit_length(),
            values.dtype,
            values.device,
            torch.get_num_threads(),
        )
        if key not in self._bound:
            plan = self.plan(values.sampled, values.samples, values.device)
            table = plan.table
            # A constant made inside vmap, grad or inference mode would belong to it, and outlive it in this cache.
            with torch.inference_mode(False), torch._C._DisableFuncTorch():
                dtype = self.engine.precision(values.dtype)
                tasks = [Task(p, table.shared, self.engine, dtype, values.device) for p in plan.parts]
            sited: dict[int, list[int]] = {}
            for place, (index, _) in enumerate(table.owners):
                sited.setdefault(index, []).append(place)
            self._bound[key] = Bound(
                plan,
                tasks,
                Evaluator(table.angles[: table.shared]),
                Evaluator(table.angles[table.shared :]),
                [(self.operations[index], tuple(places)) for index, places in sited.items()],
            )
        return self._bound[key]

    def run(self, values: Values, method: Method, merge: Merge) -> Tensor:
        """What the plan reads at `values`, parts merged, (S, m)."""
        bound = self.bind(values)
        shared, sampled = bound.angles(values)
        if isinstance(method, (Adjoint, Autograd)):
            merged = merge(bound.plan, [method.values(task, shared, sampled) for task in bound.tasks])
            return _connected(merged, bound, shared, sampled)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            return merge(bound.plan, read_exactly(bound, shared, sampled))

        return method.values(evaluate, bound.sited, shared, sampled)


def _connected(out: Tensor, bound: Bound, shared: Tensor, sampled: Tensor) -> Tensor:
    """The result, tied also to angles outside every cone: their gradient is zero, not missing."""
    for angles, unused in zip((shared, sampled), bound.unused, strict=True):
        if unused and angles.requires_grad:
            out = out + 0 * angles.sum()
    return out


@torch.no_grad()
def read_exactly(bound: Bound, shared: Tensor, sampled: Tensor) -> list[Tensor]:
    """What each part reads at the given angles, without gradients."""
    out = []
    for task in bound.tasks:
        vectors, stacks = task.build(shared, sampled)
        out.append(task.observe(vectors, stacks)[0])
    return out
