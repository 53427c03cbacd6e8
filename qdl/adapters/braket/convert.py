"""Circuits to Braket's dialect of OpenQASM, and Braket's circuits as qdl's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qdl.errors import UnsupportedError
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import TABLE, Gate
from qdl.ir.params import Angle, Expr
from qdl.ir.qasm.libraries import BRAKET, braket_names
from qdl.ir.qasm.reader import from_qasm
from qdl.ir.qasm.writer import Entries, Line, Writer

_NAMES = {row: name for name, row in BRAKET.items()} | {"u1": "phaseshift"}
_MEASURED = re.compile(r"^b\[\d+\] = measure .*;\n?", re.MULTILINE)
_DECLARED = re.compile(r"^bit\[\d+\] b;\n", re.MULTILINE)


class BraketWriter(Writer):
    """The writer of version 3 for readers that know Braket's gates and no library."""

    library = ""
    known = frozenset(braket_names())

    def operation(self, op: Operation) -> list[str]:
        if op.gate == TABLE["gphase"] and isinstance(op.angles[0], Expr):  # Braket's global phases are numbers
            phase = Operation(TABLE["p"], op.angles, (0,), op.condition)
            flip = Operation(TABLE["x"], (), (0,), op.condition)
            return [line for one in (phase, flip, phase, flip) for line in super(BraketWriter, self).operation(one)]
        return super().operation(op)

    def lines(self, gate: Gate, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        if gate.name in _NAMES and TABLE.get(gate.name) == gate:
            return [self._line(_NAMES[gate.name], angles, wires, entries)]
        return super().lines(gate, angles, wires, entries)


def to_openqasm(circuit: Circuit) -> str:
    """Write OpenQASM 3 in Braket's dialect, for ``braket.ir.openqasm.Program(source=..., inputs=...)``.

    Entries of Params become inputs ``theta_0, theta_1, ...``; a Param of size 1 keeps its name.

    Examples
    --------
    >>> from qdl.ir import Param
    >>> print(to_openqasm(Circuit(2).rx(Param("a"), 1).cx(1, 0)))
    OPENQASM 3.0;
    input float[64] a;
    qubit[2] q;
    rx(a) q[1];
    cnot q[1], q[0];
    """
    return BraketWriter(circuit).text()


def to_braket(circuit: Circuit) -> Any:
    """Write a ``braket.circuits.Circuit``; wire i is qubit i, inputs become free parameters.

    Raises
    ------
    QasmError
        Naming what OpenQASM cannot say.
    UnsupportedError
        Where Braket cannot read what it says, such as a condition on a measured bit.
    """
    from braket.circuits import Circuit as Theirs

    text = to_openqasm(circuit)
    try:
        return Theirs.from_ir(text)
    except (TypeError, ValueError, NotImplementedError, KeyError) as error:
        raise UnsupportedError("Braket does not take the circuit", got=str(error)[:200]) from error


def from_braket(circuit: Any) -> Circuit:
    """Read a ``braket.circuits.Circuit``; qubit i is wire i, free parameters become Params.

    Result types are left out, and so are the measurements of all qubits that Braket adds where a circuit has none of
    its own.

    Raises
    ------
    QasmError
        Naming what qdl does not read, such as noise.
    """
    from braket.circuits.serialization import IRType

    text = circuit.to_ir(IRType.OPENQASM).source
    if not any(instruction.operator.name == "Measure" for instruction in circuit.instructions):
        text = _DECLARED.sub("", _MEASURED.sub("", text))
    return from_qasm(text)
