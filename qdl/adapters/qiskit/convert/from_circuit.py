"""Qiskit's circuits read: gates, measurements, resets, delays, channels, control flow and classical variables.

A block's condition is decided once, before the block; an operation of a circuit reads its bits when it happens. The two
agree until a bit of the condition is measured again, from where on the block is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from qdl.adapters.qiskit.convert import layouts, noise
from qdl.adapters.qiskit.convert.flow import Flow
from qdl.adapters.qiskit.convert.names import bit_names, labels
from qdl.adapters.qiskit.convert.parameters import Angles, entries
from qdl.adapters.qiskit.convert.steps import moved, standard, steps
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit
from qdl.ir.gates import TABLE

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


def from_qiskit(circuit: QuantumCircuit, *, layout: str = "physical", dt: float | None = None) -> Circuit:
    """A Qiskit circuit as a circuit: qubit i is wire i, and the global phase is kept.

    Gates without a row become their matrix or their definition, loops are unrolled, a ``barrier`` is left out.
    ``Parameter("a")`` becomes ``Param("a")`` and ``ParameterVector("theta", 4)`` becomes ``Param("theta", 4)``, whole
    even if the circuit uses a part of it; what is no identifier is renamed. The bit ``c[2]`` is called ``c_2``, the
    only bit of a register ``c`` is called ``c``.

    Parameters
    ----------
    circuit : QuantumCircuit
    layout : str
        For what `transpile` has laid out: ``"physical"`` leaves each qubit where it is; ``"virtual"`` gives wire i to
        the qubit that ends where qubit i of the original circuit ended, puts ancillas behind them and leaves out
        those that nothing touches. Routing is undone at the beginning, where a unitary circuit needs it.
    dt : float, optional
        The length in seconds of a device's clock cycle, in which delays may be given; without it those are left out.

    Returns
    -------
    Circuit

    Raises
    ------
    CircuitError, UnsupportedError
        For what has no counterpart, by name: while loops, ``break``, Aer's ``save`` instructions, opaque gates.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import ParameterVector
    >>> theta = ParameterVector("theta", 2)
    >>> qc = QuantumCircuit(2)
    >>> _ = qc.ry(theta[0], 0), qc.cx(0, 1), qc.rz(2 * theta[1], 1)
    >>> from_qiskit(qc).operations
    (ry(theta[0]) 0, cx 0, 1, rz(2*theta[1]) 1)
    """
    from qiskit import QuantumCircuit

    if not isinstance(circuit, QuantumCircuit):
        got = type(circuit).__name__
        raise CircuitError("from_qiskit takes a QuantumCircuit", got=got, do="append a gate to a circuit of its own")
    if not circuit.num_qubits:
        raise CircuitError("a circuit needs at least one qubit", got="a QuantumCircuit of none")
    wires = layouts.wires(circuit, layout)
    reader = Reader(1 + max(wires.values()), bit_names(circuit), Angles(entries(circuit.parameters)), dt)
    for pair in layouts.routing(circuit, layout, wires):
        reader.circuit.swap(*pair)
    reader.top(circuit, [wires.get(index, -1) for index in range(circuit.num_qubits)])
    reader.circuit.labels = labels(circuit, layout)
    return reader.circuit


class Reader(Flow):
    """Reads circuits into one circuit.

    Parameters
    ----------
    wires : int
    names : list of str
        What the classical bits are called.
    angles : Angles
    dt : float or None
        Seconds of a clock cycle.
    """

    def __init__(self, wires: int, names: list[str], angles: Angles, dt: float | None) -> None:
        super().__init__(Circuit(wires), names, angles)
        self.dt = dt
        self.used: set[int] = set()

    def read(self, circuit: QuantumCircuit, wires: Sequence[int], bits: Sequence[int]) -> None:
        """Add a circuit on some wires and bits."""
        phase = self.angles(circuit.global_phase)
        if phase != 0.0:
            self.circuit.gate(TABLE["gphase"], phase)
        place = dict(zip(circuit.qubits, wires, strict=True))
        with self.scope(circuit, bits):
            for instruction in circuit.data:
                where = [place[qubit] for qubit in instruction.qubits]
                row = standard(instruction)
                if row is None:
                    self._other(instruction, where)
                else:
                    self.circuit.gate(row, *map(self.angles, instruction.params), *where)
                self.used.update(where)

    def _other(self, instruction: Any, where: list[int]) -> None:
        name, operation = instruction.name, instruction.operation
        if min(where, default=0) < 0:  # what only waits on an ancilla that is left out
            return
        bits = [self.numbers[bit] for bit in instruction.clbits]
        visit = handlers().get(getattr(operation, "base_class", type(operation)))
        if visit is not None:
            getattr(self, f"_{visit}")(operation, where, bits)
        elif name in noise.CHANNELS and not isinstance(operation, _gate()):
            self.circuit.channel(noise.channel_row(operation), wires=where[::-1])
        elif _flows(operation):
            self.read(operation.definition, where, bits)
        else:
            for row, values, on in moved(steps(operation, self.angles), where):
                self.circuit.gate(row, *values, *on)

    def _barrier(self, operation: Any, where: list[int], bits: list[int]) -> None:
        pass

    def _measure(self, operation: Any, where: list[int], bits: list[int]) -> None:
        self.measured(where[0], bits[0])

    def _reset(self, operation: Any, where: list[int], bits: list[int]) -> None:
        self.circuit.reset(*where)

    def _delay(self, operation: Any, where: list[int], bits: list[int]) -> None:
        unit = SECONDS.get(operation.unit, self.dt if operation.unit == "dt" else None)
        if unit is None and (operation.unit != "dt" or hasattr(operation.duration, "parameters")):
            raise UnsupportedError(
                "a delay needs a time", got=f"{operation.duration} {operation.unit}", do="give it in s, or give dt"
            )
        if unit is not None:
            self.circuit.channel("delay", self.angles(operation.duration) * unit, wires=where[0])

    def _initialize(self, operation: Any, where: list[int], bits: list[int]) -> None:
        fresh = not self.used.intersection(where) and not self.conditions
        if fresh and len(operation.params) == 2 ** len(where) and noise.is_real(operation.params):
            amplitudes = [complex(a).real for a in operation.params]
            self.circuit.prepare(amplitudes, where[::-1])
            return
        inner = operation.definition
        place = dict(zip(inner.qubits, where, strict=True))
        for part in inner.data:
            on = [place[qubit] for qubit in part.qubits]
            if part.name == "reset":
                if not fresh:  # what nothing has touched is |0> already
                    self.circuit.reset(*on)
            else:
                for row, values, wires in moved(steps(part.operation, self.angles), on):
                    self.circuit.gate(row, *values, *wires)


@cache
def handlers() -> dict[type, str]:
    """The classes of Qiskit's instructions that are read by a method of their own."""
    from qiskit.circuit import (
        Barrier,
        BoxOp,
        BreakLoopOp,
        ContinueLoopOp,
        Delay,
        ForLoopOp,
        IfElseOp,
        Measure,
        Reset,
        Store,
        SwitchCaseOp,
        WhileLoopOp,
    )
    from qiskit.circuit.library import Initialize

    refused = dict.fromkeys((WhileLoopOp, BreakLoopOp, ContinueLoopOp), "refused")
    flow = {IfElseOp: "if_else", SwitchCaseOp: "switch_case", ForLoopOp: "for_loop", BoxOp: "box", Store: "store"}
    plain = {Barrier: "barrier", Measure: "measure", Reset: "reset", Delay: "delay", Initialize: "initialize"}
    return {**refused, **flow, **plain}


@cache
def _gate() -> type:
    from qiskit.circuit import Gate

    return Gate


def _flows(operation: Any) -> bool:
    """Whether an operation has a definition that does more than gates do."""
    return not isinstance(operation, _gate()) and getattr(operation, "definition", None) is not None
