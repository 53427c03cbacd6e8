"""OpenQASM programs to circuits: a visitor of ours over the reference syntax tree."""

from __future__ import annotations

from typing import Any

from qdl.errors import CircuitError, QasmError
from qdl.ir.circuit import Circuit
from qdl.ir.gates import TABLE
from qdl.ir.params import Expr
from qdl.ir.qasm.calls import call, row
from qdl.ir.qasm.definitions import define
from qdl.ir.qasm.expressions import CONSTANTS, Expressions
from qdl.ir.qasm.flow import IN_BLOCKS, Flow
from qdl.ir.qasm.inputs import inputs
from qdl.ir.qasm.operands import Operand, broadcast, operand
from qdl.ir.qasm.text import Refusal, Statement, fault, parse, refuse, statements

MAX_WIRES = 10_000

STDGATES = {gate.qasm: name for name, gate in TABLE.items() if gate.qasm and name not in ("u", "gphase")}
STDGATES |= {"phase": "p", "cphase": "cp", "CX": "cx"}
_SINGLE = "u3 u2 u1 id u p x y z h s sdg t tdg rx ry rz sx sxdg"
_SEVERAL = "cx cz cy swap ch ccx cswap crx cry crz cu1 cp cu3 csx cu rxx rzz rccx c3x c4x"
QELIB1 = {name: name for name in f"{_SINGLE} {_SEVERAL}".split()} | {"rc3x": "rcccx", "c3sqrtx": "c3sx"}
LIBRARIES = {2: ("qelib1.inc", QELIB1), 3: ("stdgates.inc", STDGATES)}
BUILT_IN = {2: {"U": "u", "CX": "cx"}, 3: {"U": "u", "gphase": "gphase"}}

# The word for each statement of the syntax tree which is not read, or not everywhere.
_WORDS = {
    "ClassicalDeclaration": "declaration",
    "ConstantDeclaration": "const",
    "IODeclaration": "input",
    "Include": "include",
    "ForInLoop": "for",
    "WhileLoop": "while",
    "SubroutineDefinition": "def",
    "ExternDeclaration": "extern",
    "AliasStatement": "let",
    "ExpressionStatement": "expression",
    "DelayInstruction": "delay",
    "Box": "box",
    "CompoundStatement": "block",
    "EndStatement": "end",
    "Pragma": "pragma",
    "CalibrationGrammarDeclaration": "defcalgrammar",
    "CalibrationStatement": "cal",
    "CalibrationDefinition": "defcal",
}


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


class _Program(Flow):
    """What is known while a program is read, from top to bottom. Gates and values have a namespace each."""

    def __init__(self, parts: list[Statement]) -> None:
        super().__init__()
        self.parts, self.inputs = parts, inputs(parts)
        self.version = 3
        self.gates = {name: row(found) for name, found in BUILT_IN[3].items()}
        self.taken: dict[tuple[str, str], int] = {}  # (namespace, name) to line
        self.values: dict[str, Any] = {}
        self.line = self.start = 0

    def circuit(self) -> Circuit:
        for position, part in enumerate(self.parts):
            self._read(part, first=position == 0)
        if not self.wires:
            raise QasmError("the OpenQASM text declares no qubit", do="declare one: qubit[2] q;")
        return super().circuit()

    def _read(self, part: Statement, first: bool) -> None:
        if self.version == 2:  # where ^ is the power and binds like one; in version 3 it is a bitwise operator
            part = part._replace(text=part.text.replace("^", "**"))
        program = parse(part)
        self.line = self.start = part.line
        try:
            if program.version is not None:
                self._set_version(program.version, first)
            for node in program.statements:
                self.visit(node)
        except Refusal as found:
            line = part.line + found.node.span.start_line - 1 if getattr(found.node, "span", None) else self.line
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
        self.gates = {name: row(found) for name, found in BUILT_IN[self.version].items()}

    def visit(self, node: Any) -> None:
        kind = type(node).__name__
        self.line = self.start + node.span.start_line - 1
        if getattr(node, "annotations", None):
            refuse(node, f"the annotation @{node.annotations[0].keyword} is not supported")
        visit = getattr(self, f"_{kind}", None)
        if visit is None:
            do = "qdl reads gates, measurements, resets, conditions, inputs and constants"
            refuse(node, f"{_WORDS.get(kind, kind)!r} is not supported", do=do)
        if len(self.blocks) > 1 and kind not in IN_BLOCKS:
            refuse(node, f"{_WORDS.get(kind, kind)!r} cannot stand inside a block here", do="put it in front")
        visit(node)

    def declare(self, node: Any, space: str, name: str) -> None:
        if (space, name) in self.taken or name in CONSTANTS:
            where = f"on line {self.taken[space, name]}" if (space, name) in self.taken else "by OpenQASM"
            refuse(node, f"the name {name!r} is taken {where}", do="use another name")
        if not name.isidentifier():
            refuse(node, f"{name!r} is no name", expected="letters, digits and _")
        self.taken[space, name] = self.line

    @property
    def expressions(self) -> Expressions:
        return Expressions(self.values, self.version)

    def _Include(self, node: Any) -> None:
        library, names = LIBRARIES[self.version]
        if node.filename != library:
            refuse(node, f"cannot include {node.filename!r}", expected=f"{library!r} in version {self.version}")
        for name, found in names.items():
            if self.version == 3:  # in version 2 programs bring their own definitions of what older libraries lacked
                self.declare(node, "gate", name)
            self.gates[name] = row(found)

    def _QuantumGateDefinition(self, node: Any) -> None:
        name = node.name.name
        if name in BUILT_IN[self.version]:
            refuse(node, f"the name {name!r} is taken by OpenQASM", do="use another name")
        numbers = {key: value for key, value in self.values.items() if not isinstance(value, Expr)}
        known = define(node, self.gates, numbers, self.version)
        self.declare(node, "gate", name)
        self.gates[name] = known

    def _IODeclaration(self, node: Any) -> None:
        name = node.identifier.name
        if node.io_identifier.name != "input" or type(node.type).__name__ not in ("FloatType", "AngleType"):
            refuse(node, f"the declaration of {name!r} is not supported", expected=f"input float[64] {name};")
        self.declare(node, "value", name)
        param, index = self.inputs[name]
        self.values[name] = param[index]

    def _ConstantDeclaration(self, node: Any) -> None:
        name, kind = node.identifier.name, type(node.type).__name__
        if kind in ("IntType", "UintType"):
            value: float = self.expressions.integer(node.init_expression, f"the integer constant {name!r}")
        elif kind in ("FloatType", "AngleType"):
            value = float(self.expressions.number(node.init_expression, f"the constant {name!r}"))
        else:
            refuse(node, f"the type of the constant {name!r} is not supported", expected="float, angle, int or uint")
        self.declare(node, "value", name)
        self.values[name] = value

    def _QubitDeclaration(self, node: Any) -> None:
        name = node.qubit.name
        size = 1 if node.size is None else self.expressions.integer(node.size, f"the size of {name!r}")
        if size < 1 or self.wires + size > MAX_WIRES:
            refuse(node, f"the size of {name!r} is out of range", got=size, expected=f"1 to {MAX_WIRES - self.wires}")
        self.declare(node, "value", name)
        self.registers[name] = Operand(tuple(range(self.wires, self.wires + size)), node.size is not None)
        self.wires += size

    def _QuantumBarrier(self, node: Any) -> None:
        for inner in node.qubits:
            operand(inner, self.registers, self.expressions)

    def _QuantumGate(self, node: Any) -> None:
        made = call(node, self.gates, self.expressions)
        turns = broadcast(node, [operand(inner, self.registers, self.expressions) for inner in node.qubits])
        for wires in turns:
            steps = [(gate, angles, tuple(wires[w] for w in where)) for gate, angles, where in made.steps]
            self.emit(node, steps, max(made.cost.gates, 1))

    _QuantumPhase = _QuantumGate
