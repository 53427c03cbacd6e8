"""What a noise model holds, and how it is looked up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

from qdl.ir.circuit import Operation
from qdl.ir.gates import Gate, Step
from qdl.ir.noise.readout import Confusion, confusion
from qdl.ir.noise.rules import Insertion, Place, Rules, Turn, insertion
from qdl.ir.noise.times import Relaxation, duration
from qdl.ir.noise.tree import Key, expressions, mapped
from qdl.ir.params import Angle, Expr, Param, params_of


class Book:
    """The rules of a noise model.

    Attributes
    ----------
    insertions, turns : Rules
        Errors beside gates, and angles that are turned too far.
    constants : dict
        Wire to its time constants; None to those of every other wire.
    durations : dict
        (gate, place), and (gate, None) for every other place, to a time.
    readouts : dict
        Wires to P(read | true); None to that of every other wire.
    gates : dict or None
        Gate to the places where the device has it; None if nothing is said.
    idle : bool
        Whether wires decay while they wait.
    """

    def __init__(self) -> None:
        self.insertions: Rules[Insertion] = Rules()
        self.turns: Rules[Turn] = Rules()
        self.constants: dict[int | None, Relaxation] = {}
        self.durations: dict[tuple[str, Place | None], Angle] = {}
        self.readouts: dict[Place | None, Confusion] = {}
        self.gates: dict[str, frozenset[Place] | None] | None = None
        self.idle = False
        self._key: Key | None = None

    def names(self, gate: str) -> bool:
        return gate in self.insertions.named | self.turns.named

    def knows(self, gate: Gate) -> bool:
        """Whether anything is said about such a gate, be it at another place."""
        return (
            self.insertions.knows(gate.name, gate.wires)
            or self.turns.knows(gate.name, gate.wires)
            or any(name == gate.name for name, _ in self.durations)
            or (gate.name == "delay" and bool(self.constants or self.idle))
            or (self.gates is not None and gate.name in self.gates)
        )

    def duration(self, op: Operation) -> Angle | None:
        """How long an operation takes; None if nothing is said."""
        name = op.gate.name
        if name == "delay":
            return op.angles[0]
        return self.durations.get((name, op.wires), self.durations.get((name, None)))

    def decay(self, wires: Iterable[int | None], duration: Angle | None) -> list[Step]:
        """What happens to wires in a time; a wire None stands for any about which nothing of its own is said."""
        if duration is None or (not isinstance(duration, Expr) and duration == 0.0):
            return []
        found = [(position, self.constants.get(w, self.constants.get(None))) for position, w in enumerate(wires)]
        return [step for position, one in found if one is not None for step in one.steps(position, duration)]

    @property
    def params(self) -> tuple[Param, ...]:
        """The Params of all strengths, in the order of first use."""
        rules = [effect for table in (self.turns.all, self.insertions.all) for _, _, effect in table]
        found = expressions([*rules, self.constants, self.durations, self.readouts])
        return tuple(dict.fromkeys(params_of(list(found))))

    @property
    def key(self) -> Key:
        """What makes two models the same: hashable, and computed once until the model grows."""
        if self._key is None:
            gates = None if self.gates is None else frozenset(self.gates.items())
            tables = (frozenset(d.items()) for d in (self.constants, self.durations, self.readouts))
            self._key = Key((tuple(self.insertions.all), tuple(self.turns.all), *tables, gates, self.idle))
        return self._key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Book) and self.key == other.key

    __hash__ = None  # type: ignore[assignment]  # a model grows; use model.key

    def _changed(self) -> Self:
        self._key = None
        return self

    def rebuilt(self, function: Callable[[Expr], Angle]) -> Self:
        """The same rules with every expression replaced, checked again."""
        out = type(self)()
        for names, places, effect in self.insertions.all:
            found = mapped(effect, function)
            out.insertions.add(names, places, insertion(found.row, found.strengths, found.on))
        for names, places, turn in self.turns.all:
            out.turns.add(names, places, mapped(turn, function))
        for wire, one in self.constants.items():
            out.constants[wire] = Relaxation.make(*mapped((one.t1, one.t2, one.excited), function))
        out.durations = {key: duration(key[0], time) for key, time in mapped(self.durations, function).items()}
        out.readouts = {place: confusion(matrix) for place, matrix in mapped(self.readouts, function).items()}
        out.gates, out.idle = self.gates, self.idle
        return out
