"""A program without measurements, bits and conditions: measurements deferred, so that any simulator can run it.

What a measurement finds is copied to a place of its own, a condition becomes controls, and a wire that is reset is set
to |0> by a channel, or where there are none is from then on another place that is still |0>. What is never looked at
again is traced out; so this is exact, and samples of it are samples of the circuit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from qdl.engine.remote import Program
from qdl.errors import UnsupportedError
from qdl.ir import Operation
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel, Measure, channel, readout
from qdl.ir.gates import TABLE, Gate
from qdl.ir.params import Angle


@dataclass(frozen=True)
class Piece:
    """A gate or channel on places, where other places hold given values.

    Attributes
    ----------
    gate : Gate
    angles : tuple of number or expression
    places : tuple of int
    columns : tuple of int
        Of its angles, if they vary.
    controls : tuple of int
    values : str
        What they must hold.
    """

    gate: Gate
    angles: tuple[Angle, ...]
    places: tuple[int, ...]
    columns: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    values: str = ""


@dataclass
class Deferred:
    """What a simulator is given.

    Attributes
    ----------
    pieces : list of Piece
    count : int
        How many places there are.
    wires : list of int
        The place where each wire ends.
    bits : dict
        The place of each measured bit.
    """

    pieces: list[Piece]
    count: int
    wires: list[int]
    bits: dict[str, int] = field(default_factory=dict)

    def place(self, name: int | str) -> int:
        """Where a wire or a bit is found at the end."""
        return self.bits[name] if isinstance(name, str) else self.wires[name]


def deferred(program: Program, mixed: bool, coherent: Collection[int] = ()) -> Deferred:
    """A program for simulators of density matrices, or of state vectors.

    Parameters
    ----------
    program : Program
    mixed : bool
        Whether there are channels.
    coherent : collection of int
        Wires that are read in other bases than Z.

    Examples
    --------
    >>> from qdl.engine.remote import program
    >>> from qdl.ir import Circuit
    >>> made, _ = program(Circuit(2).h(0).measure(0, "m").h(0).operations, 2)
    >>> found = deferred(made, mixed=False)
    >>> [(piece.gate.name, piece.places) for piece in found.pieces], found.bits
    ([('h', (0,)), ('cx', (0, 2)), ('h', (0,))], {'m': 2})
    """
    return _Deferral(program, mixed, coherent).run()


class _Deferral:
    def __init__(self, program: Program, mixed: bool, coherent: Collection[int]) -> None:
        self.program, self.mixed, self.coherent = program, mixed, coherent
        self.out = Deferred([], program.wires, list(range(program.wires)))
        self.own: set[int] = set()  # places that hold nothing but a bit

    def run(self) -> Deferred:
        last = _last_touch(self.program.operations)
        for index, op in enumerate(self.program.operations):
            columns = tuple(self.program.columns.get(index, ()))
            if isinstance(op.gate, Measure):
                free = last[op.wires[0]] == index and op.wires[0] not in self.coherent and not op.angles
                self._measure(op, columns, free)
            elif op.gate.name == "reset":
                self._reset(op)
            elif op.gate.name not in ("delay", "id"):
                self._add(op.gate, op.angles, tuple(self.out.wires[w] for w in op.wires), op.condition, columns)
        return self.out

    def _fresh(self) -> int:
        self.out.count += 1
        self.own.add(self.out.count - 1)
        return self.out.count - 1

    def _add(
        self,
        gate: Gate,
        angles: tuple[Angle, ...],
        places: tuple[int, ...],
        condition: Condition | None = None,
        columns: tuple[int, ...] = (),
    ) -> None:
        piece = Piece(gate, angles, places, columns)
        if isinstance(gate, Channel) and not self.mixed:
            raise UnsupportedError(
                "the device simulates pure states", got=f"the channel {gate.name!r}", do="use 'pennylane:default.mixed'"
            )
        if condition is None or len(condition.accepted) == 2 ** len(condition.bits):
            self.out.pieces.append(piece)
            return
        above = tuple(self.out.bits[bit] for bit in condition.bits)
        for value in sorted(condition.accepted):
            self.out.pieces.append(replace(piece, controls=above, values=f"{value:0{len(above)}b}"))

    def _measure(self, op: Operation, columns: tuple[int, ...], free: bool) -> None:
        """Copy what is found; a wire that nothing touches any more is its own record."""
        assert op.bit is not None
        wire, old = self.out.wires[op.wires[0]], self.out.bits.get(op.bit)
        if op.condition is None and free:
            self.out.bits[op.bit] = wire
            return
        if op.condition is None and self.mixed and old in self.own:
            assert old is not None
            self._add(channel("reset"), (), (old,))
            place = old
        else:
            place = self._fresh()
            if op.condition is not None and old is not None:
                self._add(TABLE["cx"], (), (old, place), op.condition.otherwise())
        self._add(TABLE["cx"], (), (wire, place), op.condition)
        if op.angles:
            self._add(readout(), op.angles, (place,), op.condition, columns)
        self.out.bits[op.bit] = place

    def _reset(self, op: Operation) -> None:
        wire = op.wires[0]
        if self.mixed:
            self._add(channel("reset"), (), (self.out.wires[wire],), op.condition)
        elif op.condition is None:
            self.out.wires[wire] = self._fresh()
            self.own.discard(self.out.wires[wire])
        else:
            self._add(TABLE["swap"], (), (self.out.wires[wire], self._fresh()), op.condition)


def _last_touch(operations: Sequence[Operation]) -> dict[int, int]:
    """For each wire, the number of the last operation on it."""
    return {wire: index for index, op in enumerate(operations) for wire in op.wires}
