"""What measurements in the middle and at the end of a program mean to a simulator that knows no readout error.

A measurement that writes wrongly is a right one followed by a channel on the wire, which is in a basis state by then,
and by a second measurement; if the wire is needed later, X undoes what the channel did. Nothing is added to the state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from qdl.engine.remote import Program
from qdl.errors import UnsupportedError
from qdl.ir import Operation
from qdl.ir.bits import Condition
from qdl.ir.channels import Measure, readout
from qdl.ir.gates import TABLE

Numbered = tuple[Operation, tuple[int, ...]]  # an operation, and the columns of its angles if they vary
Steps = Callable[[int, Operation, tuple[int, ...]], Iterator[Numbered]]


def measures(program: Program) -> list[int]:
    """The numbers of the operations that measure."""
    return [index for index, op in enumerate(program.operations) if isinstance(op.gate, Measure)]


def last(program: Program, index: int) -> bool:
    """Whether nothing touches an operation's wires after it."""
    wires = set(program.operations[index].wires)
    return not any(wires & set(op.wires) for op in program.operations[index + 1 :])


def conditions(program: Program) -> bool:
    """Whether anything depends on a measured bit."""
    return any(op.condition is not None for op in program.operations)


def sampled(program: Program, names: Collection[int | str]) -> Program:
    """The program with readout errors as channels, for outcomes of wires and bits."""

    def steps(index: int, op: Operation, columns: tuple[int, ...]) -> Iterator[Numbered]:
        if not isinstance(op.gate, Measure) or not op.angles:
            yield op, columns
            return
        needed = op.wires[0] in names or not last(program, index)
        true = f"true {index}"
        if needed:
            yield Operation(Measure(), (), op.wires, op.condition, true), ()
        yield Operation(readout(), op.angles, op.wires, op.condition), columns
        yield Operation(Measure(), (), op.wires, op.condition, op.bit), ()
        if needed:
            assert op.bit is not None
            wrong = Condition((true, op.bit), frozenset({0b01, 0b10}))
            yield Operation(TABLE["x"], (), op.wires, op.condition & wrong if op.condition else wrong), ()

    return _rewritten(program, steps)


def exact(program: Program, names: Sequence[int | str] = ()) -> tuple[Program, list[int]]:
    """The program without bits, and the wire on which each name is found at its end.

    A measurement is what it does to the state: dephasing, or nothing if only basis states are read afterwards.
    """
    if conditions(program):
        raise UnsupportedError(
            "Aer samples what depends on measured bits", do="give a number of shots, or use engine='density'"
        )
    wrote = {program.operations[index].bit: index for index in measures(program)}
    bits = {wrote[name]: name for name in names if isinstance(name, str)}
    wires = {name for name in names if not isinstance(name, str)}
    for index, name in bits.items():
        op = program.operations[index]
        if not last(program, index) or (op.angles and op.wires[0] in wires):
            raise UnsupportedError(
                "Aer samples bits whose wires are used again", got=f"bit {name!r}", do="give a number of shots"
            )

    def steps(index: int, op: Operation, columns: tuple[int, ...]) -> Iterator[Numbered]:
        if not isinstance(op.gate, Measure):
            yield op, columns
            return
        if index in bits and op.angles:
            yield Operation(readout(), op.angles, op.wires), columns
        if not names or not last(program, index):
            yield replace(op, gate=Measure(), angles=()), ()

    places = [program.operations[wrote[name]].wires[0] if isinstance(name, str) else name for name in names]
    return _rewritten(program, steps), places


def _rewritten(program: Program, steps: Steps) -> Program:
    found = [
        step for index, op in enumerate(program.operations) for step in steps(index, op, program.columns.get(index, ()))
    ]
    columns = {index: where for index, (_, where) in enumerate(found) if where}
    return replace(program, operations=tuple(op for op, _ in found), columns=columns)
