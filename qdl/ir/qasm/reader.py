"""OpenQASM programs to circuits: a visitor of ours over the reference syntax tree."""

from __future__ import annotations

import re
from typing import Any

from qdl.errors import CircuitError, QasmError
from qdl.ir.channels import channel
from qdl.ir.circuit import Circuit
from qdl.ir.params import Expr
from qdl.ir.qasm.calls import call
from qdl.ir.qasm.definitions import define
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.flow import Leave
from qdl.ir.qasm.inputs import inputs
from qdl.ir.qasm.libraries import BUILT_IN, LIBRARIES, SOFT, built_in, library_gate
from qdl.ir.qasm.operands import broadcast, operand
from qdl.ir.qasm.pragmas import unitary_pragma
from qdl.ir.qasm.subroutines import Subroutines
from qdl.ir.qasm.text import Refusal, Statement, fault, parse, refuse, statements
from qdl.ir.qasm.words import CONSTANTS

_OPAQUE = re.compile(r"opaque\s+([A-Za-z_]\w*)[\w\s,()]*;")

# The word for each statement of the syntax tree which is not read, or not everywhere.
_WORDS = {
    "IODeclaration": "input",
    "Include": "include",
    "QubitDeclaration": "qubit",
    "QuantumGateDefinition": "gate",
    "SubroutineDefinition": "def",
    "ExternDeclaration": "extern",
    "CalibrationGrammarDeclaration": "defcalgrammar",
    "CalibrationStatement": "cal",
    "CalibrationDefinition": "defcal",
}
_GLOBAL = _WORDS.keys()


def from_qasm(text: str) -> Circuit:
    """Read an OpenQASM program.

    Inputs ``theta_0 ... theta_k`` whose numbers are exactly 0 to k become one `Param` of size k + 1; any other input is
    a `Param` of size 1. An input that no gate uses does not appear among the circuit's params. The widths of types,
    such as ``float[64]`` or ``angle[32]``, are not imitated: angles are real numbers.

    Parameters
    ----------
    text : str
        At most 4,000,000 characters, 10,000 qubits, as many bits, and 1,000,000 gates.

    Returns
    -------
    Circuit
        Registers follow each other in the order of their declaration. Of bits it has those that are measured:
        ``c_0 ... c_k`` for a register, ``c`` for a single one, ``m<wire>`` for outcomes that are not kept.

    Raises
    ------
    QasmError
        Naming the line and the construct.

    Examples
    --------
    >>> from_qasm('include "stdgates.inc"; input float a; qubit[2] q; ry(2*a) q; cx q[0], q[1];').operations
    (ry(2*a[0]) 0, ry(2*a[0]) 1, cx 0, 1)
    >>> from_qasm('include "stdgates.inc"; qubit[2] q; bit[2] c; c = measure q; if (c == 2) x q[0];').operations[2]
    if (c_1, c_0) in {10}: x 0
    """
    parts = statements(text)
    if not parts:
        raise QasmError("the OpenQASM text holds no statement")
    return _Program(parts).circuit()


class _Program(Subroutines):
    """What is known while a program is read, from top to bottom. Gates and values have a namespace each."""

    def __init__(self, parts: list[Statement]) -> None:
        super().__init__()
        self.parts, self.inputs = parts, inputs(parts)
        self.version = 3
        self.braket = not any(part.text.startswith("include") for part in parts)
        self.gates = built_in(3, self.braket)
        self.opaque: dict[str, int] = {}
        self.line = self.start = 0

    def circuit(self) -> Circuit:
        try:
            for position, part in enumerate(self.parts):
                self._read(part, first=position == 0)
        except Leave:
            pass  # an "end"
        if not self.registers.count:
            raise QasmError("the OpenQASM text declares no qubit", do="declare one: qubit[2] q;")
        return super().circuit()

    def _read(self, part: Statement, first: bool) -> None:
        self.line = self.start = part.line
        if self.version == 2:
            opaque = _OPAQUE.match(part.text)
            if opaque:
                self.opaque[opaque[1]] = part.line
                return
            # There ^ is the power and binds like one; in version 3 it is a bitwise operator.
            part = part._replace(text=part.text.replace("^", "**"))
        program = parse(part)
        try:
            if program.version is not None:
                self._set_version(program.version, first)
            for node in program.statements:
                self.visit(node)
        except Refusal as found:
            line = self.start + found.node.span.start_line - 1 if getattr(found.node, "span", None) else self.line
            raise fault(line, found.problem, **found.facts) from None
        except RecursionError:
            raise fault(self.line, "nested too deeply", do="split the expression or the definition") from None
        except CircuitError as error:
            raise error if isinstance(error, QasmError) else fault(self.line, error) from None

    def _set_version(self, version: str, first: bool) -> None:
        major = version.split(".")[0]
        if not first or major not in ("2", "3"):
            raise fault(self.line, f"cannot read 'OPENQASM {version}' here", expected="version 2 or 3, on top")
        self.version = int(major)
        self.gates = built_in(self.version, self.braket and self.version == 3)

    def visit(self, node: Any) -> None:
        kind = type(node).__name__
        self.line = self.start + node.span.start_line - 1
        visit = getattr(self, f"_{kind}", None)
        if visit is None:
            do = "qdl reads gates, measurements, resets, conditions, loops, subroutines and numbers"
            refuse(node, f"{_WORDS.get(kind, kind)!r} is not supported", do=do)
        if self.scopes.depth and kind in _GLOBAL:
            refuse(node, f"{_WORDS.get(kind, kind)!r} cannot stand inside a block here", do="put it in front")
        visit(node)

    def declare(self, node: Any, space: str, name: str) -> None:
        known = self.scopes.line(space, name)
        if known is not None or name in CONSTANTS:
            where = f"on line {known}" if known is not None else "by OpenQASM"
            refuse(node, f"the name {name!r} is taken {where}", do="use another name")
        if not name.isidentifier():
            refuse(node, f"{name!r} is no name", expected="letters, digits and _")
        self.scopes.take(space, name, self.line)

    @property
    def expressions(self) -> Expressions:
        return Expressions(self.values, self.version, self.number if self.subroutines else None, self.variables)

    def _Include(self, node: Any) -> None:
        allowed = ["qelib1.inc"] if self.version == 2 else ["stdgates.inc", "qelib1.inc"]
        if node.filename not in allowed:
            expected = f"{allowed[0]!r} in version {self.version}"
            do = "put the text of the file in its place; no file is ever read"
            refuse(node, f"cannot include {node.filename!r}", expected=expected, do=do)
        for name, found in LIBRARIES[node.filename].items():
            gate = library_gate(found)
            # In version 2 programs bring their own definitions of what older libraries lacked.
            if self.version == 3 and self.gates.get(name) != gate:
                self.declare(node, "gate", name)
            self.gates[name] = gate
        for name in SOFT if self.version == 3 else ():
            self.gates.setdefault(name, library_gate(name))

    def _Pragma(self, node: Any) -> None:
        words = node.command.split()
        if words[:2] == ["braket", "verbatim"] or words[:2] == ["braket", "result"]:
            return  # says how to compile, or what to read; the circuit stays the same
        if not " ".join(words).startswith("braket unitary("):
            refuse(node, f"'pragma' {' '.join(words[:2])[:40]!r} is not supported", do="write gates instead")
        matrix, operands = unitary_pragma(node)
        wires = [operand(one, self.registers, self.expressions) for one in operands]
        own = tuple(wire for found in wires for wire in found.wires)
        if len(own) != matrix.wires or len(set(own)) != len(own):
            refuse(node, "the matrix does not fit its qubits", got=own, expected=f"{matrix.wires} different ones")
        self.emit(node, [(matrix, (), own)], 1)

    def _QuantumGateDefinition(self, node: Any) -> None:
        name = node.name.name
        if name in BUILT_IN[self.version]:
            refuse(node, f"the name {name!r} is taken by OpenQASM", do="use another name")
        numbers = {
            key: value
            for key, value in self.values.items()
            if key not in self.types and not isinstance(value, (Expr, tuple))
        }
        known = define(node, self.gates, numbers, self.version)
        self.declare(node, "gate", name)
        self.gates[name] = known

    def _QubitDeclaration(self, node: Any) -> None:
        name = node.qubit.name
        size = None if node.size is None else self.expressions.integer(node.size, f"the size of {name!r}")
        self.declare(node, "value", name)
        self.registers.declare(node, name, size)

    def _QuantumBarrier(self, node: Any) -> None:
        for inner in node.qubits:
            operand(inner, self.registers, self.expressions)

    def _DelayInstruction(self, node: Any) -> None:
        time = self.seconds(node.duration)
        if time < 0 or not node.qubits:
            refuse(node, "a delay needs qubits and a time that is not negative", expected="delay[10ns] q;")
        for inner in node.qubits:
            wires = operand(inner, self.registers, self.expressions).wires
            self.emit(node, [(channel("delay"), (time,), (wire,)) for wire in wires], len(wires))

    def _QuantumGate(self, node: Any) -> None:
        name = "" if type(node).__name__ == "QuantumPhase" else node.name.name
        if name == "nop" and name not in self.gates:
            self._QuantumBarrier(node)
            return
        if name in self.opaque and name not in self.gates:
            problem = f"the gate {name!r} is opaque"
            refuse(node, problem, got=f"'opaque' on line {self.opaque[name]}", do="define it with 'gate'")
        made = call(node, self.gates, self.expressions)
        turns = broadcast(node, [operand(inner, self.registers, self.expressions) for inner in node.qubits])
        for wires in turns:
            steps = [(gate, angles, tuple(wires[w] for w in where)) for gate, angles, where in made.steps]
            self.emit(node, steps, max(made.cost.gates, 1))

    _QuantumPhase = _QuantumGate
