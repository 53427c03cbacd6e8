"""Trajectories: what is random in a circuit, as entries of hidden Params that are drawn for every trajectory.

A channel takes one of several ways, rho -> w_k K_k rho K_k^+. Drawn ones act as sum_k h_k K_k with h zero but for the
way taken; a measurement's ways are the projectors on its outcomes, and a condition is one number, 1 where it holds.
What remains is a circuit for state vectors with one more Param, which differs from trajectory to trajectory as any
Param may that is per sample. (Dalibard, Castin, Molmer, PRL 68, 580 (1992) (memory); the hidden Params: ours)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from qdl.ir import Circuit, Operation, Param
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel, Kraus, Limit, Measure
from qdl.ir.gates import Fixed
from qdl.ir.maps import drawn, ways
from qdl.ir.params import Angle, apply
from qdl.plan.cone import components
from qdl.plan.lower import Lowered

HIDDEN = "__draws"  # the name of the Param that holds what is drawn


@dataclass(frozen=True)
class Event:
    """An operation in which a trajectory draws, or that waits for what was drawn.

    Attributes
    ----------
    index : int
        Its number among the operations.
    first : int
        Its first entry of the hidden Param: one for each way, and behind them one for not acting where there is a
        condition.
    kraus : tuple of Kraus
        The ways; empty for a gate that only depends on a condition.
    wires : tuple of int
    blind : bool
        Whether the probabilities do not depend on the state: each way is a unitary.
    condition : Condition or None
    bit : str or None
        Where a measurement writes its outcome.
    outcomes : tuple of int
        Of a measurement, what each way writes.
    """

    index: int
    first: int
    kraus: tuple[Kraus, ...]
    wires: tuple[int, ...]
    blind: bool
    condition: Condition | None
    bit: str | None
    outcomes: tuple[int, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether a condition waits for it, or it for one."""
        return self.bit is not None or self.condition is not None


@dataclass(frozen=True)
class Unravelled(Lowered):
    """A lowered circuit with what is random in it. The last entries of the hidden Param are the bits, as they end."""

    events: tuple[Event, ...] = ()
    hidden: Param | None = None

    @cached_property
    def links(self) -> tuple[tuple[int, ...], ...]:
        """Pairs of wires, one of a conditional operation and one of a measurement that it asks for."""
        found = []
        writers: dict[str, list[int]] = {}
        for event in self.events:
            for bit in event.condition.bits if event.condition and event.wires else ():
                found += [(event.wires[0], wire) for wire in writers.get(bit, ())]
            if event.bit is not None:
                writers.setdefault(event.bit, []).append(event.wires[0])
        return tuple(dict.fromkeys(found))

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """For each wire, a number that it shares with all wires whose fate it shares."""
        placed = [index for index, op in enumerate(self.operations) if op.wires]
        regions = components(self.operations, placed, self.wires, self.links)
        number = {wire: k for k, region in enumerate(regions) for wire in region.wires}
        return tuple(number[wire] for wire in self.wires)

    def concerning(self, wires: Iterable[int]) -> tuple[bool, ...]:
        """For each event, whether its wires share the fate of some of these."""
        asked = {self.groups[wire] for wire in wires}
        return tuple(bool(event.wires) and self.groups[event.wires[0]] in asked for event in self.events)


def unravel(circuit: Circuit) -> Unravelled:
    """A circuit for trajectories."""
    operations = circuit.elementary()
    found: list[tuple[Kraus, ...]] = [ways(op) if isinstance(op.gate, (Channel, Measure)) else () for op in operations]
    sizes = [len(kraus) + (op.condition is not None) for op, kraus in zip(operations, found, strict=True)]
    total = sum(sizes) + len(circuit.bits)
    if not total:
        return Unravelled(tuple(operations), (1,) * circuit.wires, tuple(range(circuit.wires)))
    hidden = Param(HIDDEN, total)
    out: list[Operation] = []
    events: list[Event] = []
    limits: list[tuple[str, Limit]] = []
    first = 0
    for index, (op, kraus, size) in enumerate(zip(operations, found, sizes, strict=True)):
        if isinstance(op.gate, (Channel, Measure)):
            limits += [(op.gate.name, limit) for limit in op.gate.check(*op.angles)]
        blind = True
        if kraus:
            gate, blind = drawn(op.gate, kraus, op.condition is not None)
            angles: list[Angle] = [apply("mul", hidden[first + k], a) for k, w in enumerate(kraus) for a, _ in w.terms]
            idle = [hidden[first + len(kraus)]] if op.condition is not None else []
            out.append(Operation(gate, (*angles, *idle), op.wires))
        else:
            out.append(_switched(op, hidden[first]) if op.condition is not None else op)
        if size:
            reads = tuple(r for _, r in op.gate.reads(*op.angles)) if isinstance(op.gate, Measure) else ()
            events.append(Event(index, first, kraus, op.wires, blind, op.condition, op.bit, reads))
        first += size
    bits = {bit: first + k for k, bit in enumerate(circuit.bits)}
    wires = tuple(range(circuit.wires))
    return Unravelled(tuple(out), (1,) * circuit.wires, wires, bits, tuple(limits), tuple(events), hidden)


def _switched(op: Operation, holds: Angle) -> Operation:
    """A gate that acts where a number is 1: its angles times that number, or one of two matrices."""
    if not isinstance(op.gate, Fixed):
        return Operation(op.gate, tuple(apply("mul", holds, angle) for angle in op.angles), op.wires)
    gate, _ = drawn(op.gate, (Kraus(1.0, ((1.0, op.gate.constant),)),), True)
    return Operation(gate, (holds, apply("add", 1.0, apply("mul", -1.0, holds))), op.wires)
