"""From a circuit to the noisy circuit: what the rules of a model say, written out as channels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qdl.errors import CircuitError
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import Composite, Prepare, Step
from qdl.ir.noise.book import Book
from qdl.ir.noise.times import Clock
from qdl.ir.params import Angle


class Insert:
    """One circuit on its way through a model."""

    def __init__(self, model: Book, circuit: Circuit) -> None:
        self.model, self.circuit = model, circuit
        self.clock = Clock(circuit.wires) if model.idle else None

    def run(self) -> Circuit:
        out: list[Operation] = []
        for op in self.circuit.operations:
            noisy = self.noisy(op)
            out += [op] if noisy is None else noisy
        if self.clock:
            out += self.wait(self.clock.end())
        return Circuit(self.circuit.wires)._add(*out)

    def noisy(self, op: Operation) -> list[Operation] | None:
        """An operation with its noise; None if the model says nothing about it or its steps."""
        gate = op.gate
        if gate.wires == 0 or (isinstance(gate, Channel) and gate.name not in ("reset", "delay")):
            return None
        if self.model.knows(gate):
            return self.surrounded(op)
        if isinstance(gate, Composite):
            steps = [Operation(*step, op.condition) for step in gate.steps(op.angles, op.wires)]
            parts = [self.noisy(step) for step in steps]
            if all(part is None for part in parts):
                return None
            return [o for step, part in zip(steps, parts, strict=True) for o in ([step] if part is None else part)]
        if self.clock and not isinstance(gate, Prepare):
            remedy = f"times={{{gate.name!r}: 0.0}} if it takes none"
            raise CircuitError("a schedule needs the duration of every gate", got=f"no duration of {op}", do=remedy)
        return None

    def surrounded(self, op: Operation) -> list[Operation]:
        """An operation that rules name, and what they put beside it: before a measurement, else behind."""
        name, width, place = op.gate.name, len(op.wires), op.wires
        for turn in self.model.turns.at(name, width, place):
            op = replace(op, angles=turn.turned(op.angles))
        errors = [step for effect in self.model.insertions.at(name, width, place) for step in effect.steps(place)]
        duration = self.model.duration(op)
        waits: list[Operation] = []
        if self.clock and not isinstance(op.gate, Prepare):
            if duration is None:
                raise CircuitError("a schedule needs the duration of every gate", got=f"no duration of {op}")
            waits = self.wait(self.clock.run(op, duration))
        beside = list(_placed(errors, op.condition))
        if name == "measure":  # what decays meanwhile is part of its readout error
            return [*waits, *beside, op]
        # with a schedule time passes whether or not the condition holds
        decay = self.decay(place, duration, None if self.clock else op.condition)
        return [*waits, op, *beside, *decay]

    def decay(self, wires: tuple[int, ...], duration: Angle | None, condition: Condition | None) -> list[Operation]:
        steps = self.model.decay(wires, duration)
        return list(_placed([(gate, angles, (wires[position],)) for gate, angles, (position,) in steps], condition))

    def wait(self, waits: list[tuple[int, float]]) -> list[Operation]:
        return [op for wire, time in waits for op in self.decay((wire,), time, None)]


def _placed(steps: list[Step], condition: Condition | None) -> Iterator[Operation]:
    return (Operation(gate, angles, wires, condition) for gate, angles, wires in steps)
