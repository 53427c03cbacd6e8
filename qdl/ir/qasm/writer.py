"""Circuits to OpenQASM 3; gates that ``stdgates.inc`` lacks get definitions that follow from their rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from qdl.errors import QasmError
from qdl.ir.channels import Channel, channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import TABLE, Composite, Gate, Prepare, Rotor, Step, pauli_ladder
from qdl.ir.params import Angle, Expr, Param
from qdl.ir.qasm.blocks import Blocks
from qdl.ir.qasm.libraries import STDGATES
from qdl.ir.qasm.names import angle_text, bit_names, duration_text, entry_names, formal_names, fresh
from qdl.ir.qasm.single import phase_and_u

Entries = dict[tuple[Param, int], str]
BUILT_IN = ("U", "gphase")


class Line(NamedTuple):
    """One gate statement: modifiers, the gate with its angles, its wires' names."""

    head: str
    wires: tuple[str, ...]
    modifiers: str = ""

    def __str__(self) -> str:
        return f"{self.modifiers}{self.head}{' ' if self.wires else ''}{', '.join(self.wires)};"


class Writer:
    """Collects the definitions that a circuit's gates need and its statements."""

    version, library, power = 3, "stdgates.inc", "**"
    known = frozenset(STDGATES)

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit
        self.entries = self._inputs()
        self.bits = bit_names(circuit.bits, {*self.known, *self.entries.values()}, self.version)
        self.taken = {*self.known, *self.entries.values(), *self.bits.declared()}
        self.register = self._take("q")
        self.names: dict[Gate, str] = {}
        self.definitions: list[str] = []

    def text(self) -> str:
        """The whole program."""
        body = self.statements()
        head = [f"OPENQASM {self.version}.0;"]
        if self.library:
            head.append(f'include "{self.library}";')
        head += [f"input float[64] {name};" for name in self.entries.values()]
        return "\n".join([*head, *self.definitions, *self.declarations(), *body]) + "\n"

    def declarations(self) -> list[str]:
        """The declarations of the registers."""
        bits = [f"bit{f'[{size}]' if size else ''} {name};" for name, size in self.bits.declared().items()]
        return [f"qubit[{self.circuit.wires}] {self.register};", *bits]

    def statements(self) -> list[str]:
        """All operations, in blocks where they depend on bits."""
        blocks = Blocks(self.bits)
        for op in self.circuit.operations:
            blocks.add(self.operation(op), op.condition, op.bit)
        return blocks.done()

    def operation(self, op: Operation) -> list[str]:
        """One operation as statements, without its condition."""
        wires = tuple(f"{self.register}[{wire}]" for wire in op.wires)
        if op.bit is not None:
            return [self.measurement(wires[0], self.bits.names[op.bit])]
        if op.gate == channel("reset"):
            return [f"reset {wires[0]};"]
        if op.gate == channel("delay") and self.version == 3 and not isinstance(op.angles[0], Expr):
            return [f"delay[{duration_text(op.angles[0])}] {wires[0]};"]
        if isinstance(op.gate, Channel):
            do = "write the circuit without its channels"
            raise QasmError("OpenQASM has no words for noise", got=f"the channel {op.gate.name!r}", do=do)
        return [str(line) for line in self.lines(op.gate, op.angles, wires, self.entries)]

    def measurement(self, wire: str, bit: str) -> str:
        """A measurement."""
        return f"{bit} = measure {wire};"

    def lines(self, gate: Gate, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        """One gate as statements."""
        if isinstance(gate, Prepare):
            raise self.refusal(gate)
        is_row = TABLE.get(gate.name) == gate
        if is_row and (gate.name in self.known or gate.qasm in BUILT_IN):
            return [self._line(gate.qasm if gate.qasm in BUILT_IN else gate.name, angles, wires, entries)]
        if gate.base is not None and not is_row:
            return self.controlled(gate, angles, wires, entries)
        if self._follows(gate):
            return [self._line(self.define(gate), angles, wires, entries)]
        if gate.wires == 1 and not any(isinstance(angle, Expr) for angle in angles):
            return self.single(gate, angles, wires, entries)
        raise self.refusal(gate)

    def _follows(self, gate: Gate) -> bool:
        """Whether a definition of the gate follows from what it is."""
        is_row = TABLE.get(gate.name) == gate and not isinstance(gate, Rotor)
        return is_row or isinstance(gate, Composite) or getattr(gate, "pauli", None) is not None

    def single(self, gate: Gate, angles: Sequence[Any], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        """A constant one-wire gate, as a phase and U."""
        alpha, turn = phase_and_u(gate.matrix(*angles))
        phase = [self._line("gphase", (alpha,), (), entries)] if alpha else []
        return [*phase, self._line("U", turn, wires, entries)]

    def controlled(self, gate: Gate, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        """A controlled gate, as its base under modifiers."""
        assert gate.base is not None
        count = len(gate.controls)
        runs = [(value, len(list(run))) for value, run in groupby(gate.controls)]
        words = {"1": "ctrl", "0": "negctrl"}
        modifiers = "".join(f"{words[value]}{f'({n})' if n > 1 else ''} @ " for value, n in runs)
        inner = self.lines(gate.base, angles, wires[count:], entries)
        return [Line(line.head, wires[:count] + line.wires, modifiers + line.modifiers) for line in inner]

    def define(self, gate: Gate) -> str:
        """The name under which a gate is defined in the program."""
        if gate not in self.names:
            names = formal_names(gate.angles, self.version)
            formal = Param("formal", max(len(names), 1))
            entries = {(formal, index): name for index, name in enumerate(names)}
            wires = tuple(fresh(f"q{wire}", names) for wire in range(gate.wires))
            lines = self.body(gate, tuple(formal)[: len(names)], wires, entries)
            name = self._take(gate.name)
            head = f"{name}({', '.join(names)})" if names else name
            body = "".join(f"  {line}\n" for line in lines)
            self.definitions.append(f"gate {head} {', '.join(wires)} {{\n{body}}}")
            self.names[gate] = name
        return self.names[gate]

    def body(self, gate: Gate, angles: tuple[Angle, ...], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        """The statements of a gate's definition."""
        if gate.base is not None:
            return self.controlled(gate, angles, wires, entries)
        if gate == TABLE["sxdg"]:
            return [Line("sx", wires, "inv @ ")]
        return self.sequence(gate, angles, wires, entries)

    def sequence(self, gate: Gate, angles: tuple[Angle, ...], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        """A gate as the statements of its steps."""
        return [
            line
            for part, turned, where in self.steps(gate, angles)
            for line in self.lines(part, turned, tuple(wires[w] for w in where), entries)
        ]

    def steps(self, gate: Gate, angles: tuple[Angle, ...]) -> list[Step]:
        """A gate as a sequence of others, on wires 0, 1, ..."""
        letters = getattr(gate, "pauli", None)
        if letters:
            return [(TABLE[name], turned, where) for name, turned, where in pauli_ladder(letters, angles[0])]
        if isinstance(gate, Composite):
            return gate.steps(angles, tuple(range(gate.wires)))
        raise self.refusal(gate)

    def refusal(self, gate: Gate) -> QasmError:
        """The error for a gate that cannot be written."""
        if isinstance(gate, Prepare):
            return QasmError("OpenQASM cannot prepare amplitudes", got="'prepare'", do="write the circuit without it")
        got = "free angles" if gate.wires == 1 else f"a dense matrix on {gate.wires} wires"
        do = "build it from gates of the table"
        return QasmError(f"OpenQASM cannot say the gate {gate.name!r}", got=got, do=do)

    def _inputs(self) -> Entries:
        return entry_names(self.circuit.params, self.known | TABLE.keys())

    def _take(self, wanted: str) -> str:
        name = fresh(wanted, self.taken, self.version)
        self.taken.add(name)
        return name

    def _line(self, name: str, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> Line:
        inner = ", ".join(angle_text(angle, entries, self.power) for angle in angles)
        return Line(f"{name}({inner})" if angles else name, wires)
