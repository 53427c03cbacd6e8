"""Circuits written as Qiskit's: wire i is qubit i."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qdl.adapters.qiskit.branches import Piece, fill
from qdl.adapters.qiskit.convert.gates import instructions
from qdl.adapters.qiskit.convert.names import classical_registers, quantum_registers
from qdl.adapters.qiskit.convert.symbols import Symbols
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Operation
from qdl.ir.gates import TABLE

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def to_qiskit(circuit: Circuit) -> QuantumCircuit:
    """A circuit as Qiskit's: wire i is qubit i, and the global phase is kept.

    ``Param("theta", 4)`` becomes ``ParameterVector("theta", 4)`` and ``Param("a")`` becomes ``Parameter("a")``. Bits
    ``c_0 ... c_k`` become the register ``c``, others registers of their own; a circuit that came from Qiskit gets back
    the registers and names that it had.

    Parameters
    ----------
    circuit : Circuit

    Returns
    -------
    QuantumCircuit

    Raises
    ------
    CircuitError, UnsupportedError
        For channels and preparations with Params, which Qiskit cannot hold.

    Examples
    --------
    >>> from qdl.ir.params import Param
    >>> theta = Param("theta", 2)
    >>> qc = to_qiskit(Circuit(2).ry(theta[0], 0).cx(0, 1).measure([0, 1], ["c_0", "c_1"]))
    >>> print(qc.draw("text"))
         ┌──────────────┐     ┌─┐
    q_0: ┤ Ry(theta[0]) ├──■──┤M├───
         └──────────────┘┌─┴─┐└╥┘┌─┐
    q_1: ────────────────┤ X ├─╫─┤M├
                         └───┘ ║ └╥┘
    c: 2/══════════════════════╩══╩═
                               0  1
    """
    from qiskit import QuantumCircuit

    if not isinstance(circuit, Circuit):
        raise CircuitError("to_qiskit takes a circuit", got=type(circuit).__name__)
    classical, numbers = classical_registers(circuit)
    labels = circuit.labels
    made = QuantumCircuit(*quantum_registers(circuit), *classical, name=labels.name if labels else None)
    symbols = Symbols(circuit.params, labels.params if labels else {})
    fill(made, list(_pieces(circuit, made, symbols, numbers)), numbers)
    return made


def _pieces(circuit: Circuit, made: QuantumCircuit, symbols: Symbols, bits: dict[int | str, int]) -> Iterator[Piece]:
    for op in circuit.operations:
        if op.gate == TABLE["gphase"] and op.condition is None:
            made.global_phase += symbols(op.angles[0])
        elif op.bit is not None:
            yield Piece(_measure(op), op.wires, (bits[op.bit],), op.condition)
        else:
            for instruction, wires in instructions(op.gate, op.angles, op.wires, symbols):
                yield Piece(instruction, wires, (), op.condition)


def _measure(op: Operation) -> Any:
    from qiskit.circuit import Measure

    if op.angles:
        raise UnsupportedError("a measurement that errs cannot be written for Qiskit", got=op, do="use a noise model")
    return Measure()
