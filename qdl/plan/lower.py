"""From what a user wrote to what an engine simulates: places instead of wires, bits and what became of them.

On state vectors measurements are deferred: what a bit holds is copied to a place of its own by CX, a condition becomes
a control, and a wire that is reset is from then on another place that is still |0>. The amplitudes of such a state are
those of all branches side by side, not normalised; so this is branch-exact too. On density matrices a bit is a place
without coherences, which can be overwritten, and every operation is a real map on coordinates (qdl.ir.maps).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Operation
from qdl.ir.channels import Channel, Limit, Measure
from qdl.ir.gates import TABLE, Gate, controlled
from qdl.ir.maps import as_map
from qdl.ir.observables import Word
from qdl.ir.params import Angle


@dataclass(frozen=True)
class Lowered:
    """A circuit as an engine simulates it.

    Attributes
    ----------
    operations : tuple of Operation
        On places, without bits and conditions.
    levels : tuple of int
        How many index bits each place has in the state.
    wires : tuple of int
        The place where each wire ends.
    bits : dict
        The place of each measured bit.
    limits : tuple of (str, Limit)
        Names of channels and what is checked once their strengths have values.
    """

    operations: tuple[Operation, ...]
    levels: tuple[int, ...]
    wires: tuple[int, ...]
    bits: dict[str, int] = field(default_factory=dict)
    limits: tuple[tuple[str, Limit], ...] = ()

    def places(self, names: Sequence[int | str]) -> tuple[int, ...]:
        """The places of wires and bits."""
        return tuple(self.bits[name] if isinstance(name, str) else self.wires[name] for name in names)

    def word(self, word: Word) -> Word:
        """A word of operators on places."""
        if self.wires == tuple(range(len(self.wires))):
            return word
        moved = [replace(atom, wires=tuple(self.wires[w] for w in atom.wires)) for atom in word]
        return tuple(sorted(moved, key=lambda atom: atom.wires))


def amplitudes(circuit: Circuit, coherent: Collection[int] = ()) -> Lowered:
    """A circuit for state vectors, of whose wires `coherent` are read in other bases than Z."""
    operations = [op for op in circuit.elementary() if op.gate.name != "delay"]
    plain = all(op.condition is None and not isinstance(op.gate, (Channel, Measure)) for op in operations)
    if plain:
        return Lowered(tuple(operations), (1,) * circuit.wires, tuple(range(circuit.wires)))
    return _Deferred(circuit.wires, coherent).run(operations)


class _Deferred:
    def __init__(self, wires: int, coherent: Collection[int]) -> None:
        self.wires, self.count, self.coherent = list(range(wires)), wires, coherent
        self.bits: dict[str, int] = {}
        self.out: list[Operation] = []

    def run(self, operations: Sequence[Operation]) -> Lowered:
        nexts = _next_on_wire(operations)
        for index, op in enumerate(operations):
            after = nexts[index]
            if isinstance(op.gate, Measure):
                if after is None:
                    last = op.wires[0] not in self.coherent
                else:
                    last = _resets(operations[after]) and operations[after].condition is None
                self._measure(op, last)
            elif _resets(op):
                self._reset(op)
            elif isinstance(op.gate, Channel):
                raise UnsupportedError(
                    "engine 'state' simulates pure states",
                    got=f"the channel {op}",
                    do="use engine='density', or engine='trajectory' for more wires",
                )
            else:
                self._gate(op.gate, op.angles, tuple(self.wires[w] for w in op.wires), op)
        return Lowered(tuple(self.out), (1,) * self.count, tuple(self.wires), self.bits)

    def _fresh(self) -> int:
        self.count += 1
        return self.count - 1

    def _measure(self, op: Operation, last: bool) -> None:
        """Copy the outcome; a wire is its own record if what comes next resets it or reads it in the Z basis."""
        assert op.bit is not None
        if op.angles:
            raise UnsupportedError(
                "engine 'state' simulates pure states", got=f"readout error in {op}", do="use engine='density'"
            )
        wire = self.wires[op.wires[0]]
        if op.condition is not None:
            old, place = self.bits.get(op.bit), self._fresh()
            if old is not None:
                self._gate(TABLE["cx"], (), (old, place), replace(op, condition=op.condition.otherwise()))
            self._gate(TABLE["cx"], (), (wire, place), op)
            self.bits[op.bit] = place
            return
        place = wire if last else self._fresh()
        if not last:
            self.out.append(Operation(TABLE["cx"], (), (wire, place)))
        self.bits[op.bit] = place

    def _reset(self, op: Operation) -> None:
        wire, fresh = op.wires[0], self._fresh()
        if op.condition is None:
            self.wires[wire] = fresh
        else:
            self._gate(TABLE["swap"], (), (self.wires[wire], fresh), op)

    def _gate(self, gate: Gate, angles: tuple[Angle, ...], places: tuple[int, ...], op: Operation) -> None:
        if op.condition is None:
            self.out.append(Operation(gate, angles, places))
            return
        above = tuple(self.bits[bit] for bit in op.condition.bits)
        if set(above) & set(places):
            raise CircuitError("an operation on a measured wire depends on its own record", got=op)
        accepted, others = op.condition.accepted, op.condition.otherwise().accepted
        steps = [(gate, angles, places)]
        if len(others) < len(accepted):  # done everywhere, and undone where it should not be
            self.out.append(Operation(gate, angles, places))
            accepted, steps = others, gate.inverse(angles, places)
        for value in sorted(accepted):
            for step, turned, where in steps:
                row = controlled(step, f"{value:0{len(above)}b}")
                self.out += Operation(row, turned, (*above, *where)).elementary()


def remote(circuit: Circuit) -> Lowered:
    """A circuit for engines that take it as it is."""
    operations = circuit.elementary()
    limits = [(op.gate.name, limit) for op in operations if _strong(op) for limit in op.gate.check(*op.angles)]  # type: ignore[attr-defined]
    return Lowered(tuple(operations), (1,) * circuit.wires, tuple(range(circuit.wires)), {}, tuple(limits))


def _strong(op: Operation) -> bool:
    """Whether its angles are strengths, which have limits."""
    return isinstance(op.gate, (Channel, Measure))


def density(circuit: Circuit) -> Lowered:
    """A circuit for density matrices."""
    bits = {bit: circuit.wires + k for k, bit in enumerate(circuit.bits)}
    out, limits = [], []
    for op in circuit.elementary():
        above = tuple(bits[bit] for bit in op.condition.bits) if op.condition else ()
        if _strong(op):
            limits += [(op.gate.name, limit) for limit in op.gate.check(*op.angles)]  # type: ignore[attr-defined]
        gate, angles = as_map(op, len(above))
        if op.condition is not None and op.bit in op.condition.bits:
            raise CircuitError("a measurement depends on the bit that it writes", got=op, do="write to another bit")
        own = () if op.bit is None else (bits[op.bit],)
        out.append(Operation(gate, angles, (*above, *own, *op.wires)))
    levels = (2,) * circuit.wires + (1,) * len(bits)
    return Lowered(tuple(out), levels, tuple(range(circuit.wires)), bits, tuple(limits))


def _next_on_wire(operations: Sequence[Operation]) -> list[int | None]:
    """For each operation, the next one that touches its first wire."""
    later: dict[int, int] = {}
    found: list[int | None] = [None] * len(operations)
    for index in range(len(operations) - 1, -1, -1):
        where = operations[index].wires
        found[index] = later.get(where[0]) if where else None
        later.update(dict.fromkeys(where, index))
    return found


def _resets(op: Operation) -> bool:
    return isinstance(op.gate, Channel) and op.gate.name == "reset"
