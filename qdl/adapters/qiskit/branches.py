"""Instructions put into a circuit, those under a condition into branches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qdl.ir.bits import Condition

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class Piece:
    """One instruction at one place."""

    instruction: Any
    qubits: tuple[int, ...]
    clbits: tuple[int, ...] = ()
    condition: Condition | None = None


def fill(made: QuantumCircuit, pieces: Sequence[Piece], bits: Mapping[int | str, int]) -> None:
    """Put the pieces into a circuit; neighbours under one condition into one branch.

    Parameters
    ----------
    made : QuantumCircuit
    pieces : sequence of Piece
    bits : dict
        The number of each bit that conditions name.
    """
    from qiskit.circuit import CircuitInstruction, IfElseOp

    qubits, clbits = made.qubits, made.clbits

    def append(into: QuantumCircuit, piece: Piece) -> None:
        where, wrote = [qubits[q] for q in piece.qubits], [clbits[c] for c in piece.clbits]
        into.append(CircuitInstruction(piece.instruction, where, wrote))

    for run in _runs(pieces):
        asked = run[0].condition
        read = [bits[bit] for bit in asked.bits] if asked else []
        test = _test([clbits[bit] for bit in read], asked.accepted) if asked else True
        if test is True:
            for piece in run:
                append(made, piece)
        elif test is not False:
            branch = _branch(made, run, read)
            for piece in run:
                append(branch, piece)
            made.append(IfElseOp(test, branch), branch.qubits, branch.clbits)


def _runs(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Neighbours under one condition, up to the first that writes a bit."""
    run: list[Piece] = []
    for piece in pieces:
        if run and (run[-1].condition != piece.condition or run[-1].clbits):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run


def _branch(made: QuantumCircuit, run: Sequence[Piece], read: Iterable[int]) -> QuantumCircuit:
    """An empty circuit of the qubits and bits that some pieces and their condition need."""
    from qiskit import QuantumCircuit

    used = {q for piece in run for q in piece.qubits}
    named = {*read, *(c for piece in run for c in piece.clbits)}
    return QuantumCircuit([made.qubits[q] for q in sorted(used)], [made.clbits[c] for c in sorted(named)])


def _test(bits: Sequence[Any], accepted: Iterable[int]) -> Any:
    """An expression that says whether the number that the bits make is accepted; a bool if none is needed."""
    from qiskit.circuit.classical import expr

    found = set(accepted)
    if len(found) in (0, 2 ** len(bits)):
        return bool(found)
    half = 2 ** (len(bits) - 1)
    low = _test(bits[1:], {v for v in found if v < half})
    high = _test(bits[1:], {v - half for v in found if v >= half})
    if low == high:
        return low
    first = expr.lift(bits[0])
    sides = [
        side if other is True else expr.logic_and(side, other)
        for side, other in ((first, high), (expr.logic_not(first), low))
        if other is not False
    ]
    return sides[0] if len(sides) == 1 else expr.logic_or(*sides)
