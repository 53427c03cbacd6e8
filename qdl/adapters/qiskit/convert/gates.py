"""Gates and channels as Qiskit's instructions.

Matrices are written most significant wire first and Qiskit's least significant first; so their wires are handed over in
reverse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from qdl.adapters.qiskit.convert.steps import rows
from qdl.adapters.qiskit.convert.symbols import Symbols
from qdl.errors import UnsupportedError
from qdl.ir.channels import Channel
from qdl.ir.gates import TABLE, Composite, Exponential, Fixed, Gate, Prepare
from qdl.ir.params import Angle, Expr

Placed = Iterator[tuple[Any, tuple[int, ...]]]  # instructions and their qubits
WIDEST_MATRIX = 4  # wires of a controlled matrix that is written out whole


@cache
def _classes() -> dict[str, Any]:
    """The class of each row."""
    return {row.name: kind for kind, row in rows().items()}


@cache
def _fixed(name: str) -> Any:
    return _classes()[name]()


def instructions(gate: Gate, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    """One operation as instructions on qubits.

    Parameters
    ----------
    gate : Gate
    angles : tuple of number or expression
    wires : tuple of int
    symbols : Symbols
        Turns angles into Qiskit's.
    """
    if TABLE.get(gate.name) == gate and gate.name in _classes():
        yield (_classes()[gate.name](*map(symbols, angles)) if angles else _fixed(gate.name)), wires
        return
    if isinstance(gate, Composite):
        for step, inner, where in gate.steps(angles, wires):
            yield from instructions(step, inner, where, symbols)
        return
    if gate.base is not None:
        yield from _controlled(gate, angles, wires, symbols)
        return
    for kind, write in _KINDS.items():
        if isinstance(gate, kind):
            yield from write(gate, angles, wires, symbols)
            return
    raise UnsupportedError(f"Qiskit has no counterpart for {gate.name!r}", got=type(gate).__name__)


def _controlled(gate: Gate, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    """A gate under controls that come first; Qiskit's number for their values has the first control as last digit."""
    base, count = gate.base, len(gate.controls)
    assert base is not None
    state = int(gate.controls[::-1], 2)
    if isinstance(gate, Fixed) and base.name not in TABLE and gate.wires <= WIDEST_MATRIX:
        yield from _matrix(gate, angles, wires, symbols)
        return
    for instruction, where in instructions(base, angles, wires[count:], symbols):
        # A definition would be longer, and not exact for a matrix.
        annotated = None if base.name in ("x", "p", "u1") else True
        yield instruction.control(count, ctrl_state=state, annotated=annotated), (*wires[:count], *where)


def _matrix(gate: Fixed, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    from qiskit.circuit.library import UnitaryGate

    yield UnitaryGate(gate.matrix().copy(), check_input=False), wires[::-1]


def _exponential(gate: Exponential, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    from qiskit.circuit.library import HamiltonianGate, PauliEvolutionGate
    from qiskit.quantum_info import SparsePauliOp

    time = symbols(angles[0])
    if gate.pauli is None:
        yield HamiltonianGate(gate.generator.copy(), time), wires[::-1]
    else:
        yield PauliEvolutionGate(SparsePauliOp(gate.pauli, 0.5), time=time), wires[::-1]


def _prepare(gate: Prepare, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    from qiskit.circuit.library import StatePreparation

    yield StatePreparation(_numbers("a preparation", angles)), wires[::-1]


def _channel(gate: Channel, angles: tuple[Angle, ...], wires: tuple[int, ...], symbols: Symbols) -> Placed:
    from qiskit.circuit import Delay, Instruction, Reset

    if gate.name == "reset":
        yield Reset(), wires
    elif gate.name == "delay":
        yield Delay(symbols(angles[0]), unit="s"), wires
    else:
        operators = gate.operators(*_numbers(f"the channel {gate.name!r}", angles))
        yield Instruction("kraus", gate.wires, 0, operators), wires[::-1]


def _numbers(what: str, angles: tuple[Angle, ...]) -> list[float]:
    if any(isinstance(angle, Expr) for angle in angles):
        raise UnsupportedError(
            f"{what} with Params cannot be written for Qiskit",
            got=", ".join(str(angle) for angle in angles if isinstance(angle, Expr))[:80],
            expected="numbers",
            do="put numbers in with Circuit(n).append(circuit, wires, params=...)",
        )
    return [float(angle) for angle in angles]


_KINDS: dict[type, Callable[..., Placed]] = {
    Fixed: _matrix,
    Exponential: _exponential,
    Prepare: _prepare,
    Channel: _channel,
}
