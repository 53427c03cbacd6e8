"""What happens in an OpenQASM program, and under which conditions: measurements, resets, blocks, classical variables.

A block's condition is decided once, before the block; an operation of a circuit reads its bits when it happens. The two
agree until a bit of the condition is measured again, from where on the block is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any, NamedTuple

from qdl.ir.bits import Condition
from qdl.ir.channels import Measure, channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import Step
from qdl.ir.qasm.bits import Bits
from qdl.ir.qasm.calls import MAX_GATES
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.logic import ALWAYS, Logic, Slots, Variable, condition, equal
from qdl.ir.qasm.operands import Operand, operand
from qdl.ir.qasm.text import refuse

_IN_BLOCKS = """QuantumGate QuantumPhase QuantumBarrier QuantumReset QuantumMeasurementStatement BranchingStatement
SwitchStatement ClassicalAssignment"""
IN_BLOCKS = frozenset(_IN_BLOCKS.split())


class Block(NamedTuple):
    """A condition, as a table and as what a circuit asks, and how often its bits had been measured when it was decided.

    None as `condition` asks for nothing.
    """

    table: int
    slots: Slots
    condition: Condition | None
    writes: dict[int, int]


class Flow:
    """Collects operations with their conditions from the statements of a program.

    A subclass reads declarations of everything else and gate calls, and offers `visit`, `expressions` and `declare`.
    """

    def __init__(self) -> None:
        self.registers: dict[str, Operand] = {}
        self.bits = Bits()
        self.variables: dict[str, Variable | None] = {}
        self.types: dict[str, Any] = {}
        self.blocks = [Block(ALWAYS, {}, None, {})]
        self.operations: list[tuple[Operation, int | None]] = []  # and the number of the bit that is written
        self.wires = self.cost = 0

    @property
    def expressions(self) -> Expressions:
        """What evaluates numbers here."""
        raise NotImplementedError

    def visit(self, node: Any) -> None:
        """Read one statement."""
        raise NotImplementedError

    def declare(self, node: Any, space: str, name: str) -> None:
        """Take a name."""
        raise NotImplementedError

    def circuit(self) -> Circuit:
        """All operations so far."""
        circuit = Circuit(self.wires)
        number, keyed = 0, []
        for op, bit in self.operations:
            keyed.append((op.condition, number, op, bit))
            if bit is not None:  # what comes next may depend on it anew
                number += 1
        for (found, _), run in groupby(keyed, lambda item: item[:2]):
            with nullcontext() if found is None else circuit.if_(found):
                for _, _, op, bit in run:
                    self._place(circuit, op, bit)
        return circuit

    def _place(self, circuit: Circuit, op: Operation, bit: int | None) -> None:
        if bit is not None:
            circuit.measure(op.wires, self.bits.called(bit, *op.wires))
        elif op.gate == channel("reset"):
            circuit.reset(*op.wires)
        else:
            circuit.gate(op.gate, *op.angles, *op.wires)

    def emit(self, node: Any, steps: Sequence[Step], cost: int, bit: int | None = None) -> None:
        """Add operations under the condition of the block that is read."""
        block = self.blocks[-1]
        self.cost += cost
        if self.cost > MAX_GATES:
            refuse(node, "the program is too long", got=f"{self.cost} gates", expected=f"at most {MAX_GATES}")
        for number, count in block.writes.items():
            if self.bits.writes[number] != count:
                problem = f"the bit {self.bits.names[number]!r}, on which the block depends, is measured inside it"
                refuse(node, problem, do="measure into another bit, or end the block there")
        if not block.table:
            return
        self.operations += [(Operation(*step, block.condition), bit) for step in steps]
        if bit is not None:
            if block.condition is not None and not self.bits.writes[bit] and self.bits.constants[bit]:
                problem = f"the bit {self.bits.names[bit]!r} is 1 where it is not measured"
                refuse(node, problem, do="let it begin with 0")
            self.bits.writes[bit] += 1

    def _QuantumMeasurementStatement(self, node: Any) -> None:
        target = None if node.target is None else self.bits.find(node.target, self.expressions)
        self._measure(node, node.measure.qubit, target)

    def _measure(self, node: Any, qubits: Any, target: Operand | None) -> None:
        wires = operand(qubits, self.registers, self.expressions).wires
        bits = [self.bits.nameless() for _ in wires] if target is None else target.wires
        if len(bits) != len(wires):
            refuse(node, "a measurement needs a bit for each qubit", got=f"{len(wires)} qubits, {len(bits)} bits")
        for wire, bit in zip(wires, bits, strict=True):
            self.emit(node, [(Measure(), (), (wire,))], 1, bit)

    def _QuantumReset(self, node: Any) -> None:
        wires = operand(node.qubits, self.registers, self.expressions).wires
        self.emit(node, [(channel("reset"), (), (wire,)) for wire in wires], len(wires))

    def _BranchingStatement(self, node: Any) -> None:
        logic = self._logic()
        table = logic.truth(node.condition, logic.word(node.condition))
        self._branches([(table, node.if_block), (ALWAYS ^ table, node.else_block)], logic.slots)

    def _SwitchStatement(self, node: Any) -> None:
        logic, left = self._logic(), ALWAYS
        target = logic.word(node.target)
        branches = []
        for values, body in node.cases:
            found = 0
            for value in values:
                found |= equal(target, logic.word(value))
            branches.append((left & found, body.statements))
            left &= ~found
        if node.default is not None:
            branches.append((left, node.default.statements))
        self._branches(branches, logic.slots)

    def _branches(self, branches: Sequence[tuple[int, list[Any]]], slots: Slots) -> None:
        """Read blocks of which one happens, all decided before the first."""
        around = self.blocks[-1]
        made = [(self._block(around.table & table, slots), body) for table, body in branches if body]
        for block, body in made:
            with self._inside(block):
                for statement in body:
                    self.visit(statement)

    def _block(self, table: int, slots: Slots) -> Block:
        found = condition(table, slots, self.bits.names)
        writes = {n: self.bits.writes[n] for n in slots if self.bits.names[n] in found.bits}
        return Block(table, slots, found if found.bits else None, {**writes, **self.blocks[-1].writes})

    @contextmanager
    def _inside(self, block: Block) -> Iterator[None]:
        before = dict(self.variables)
        self.blocks.append(block)
        yield
        self.blocks.pop()
        for name, value in before.items():
            if self.variables[name] is not value:  # assigned in a block that may not happen
                self.variables[name] = None

    def _logic(self) -> Logic:
        return Logic(self.bits, self.variables, self.expressions, dict(self.blocks[-1].slots))

    def _ClassicalDeclaration(self, node: Any) -> None:
        kind, name = type(node.type).__name__.removesuffix("Type"), node.identifier.name
        if kind == "Bit":
            self._bits(node, name)
        elif kind in ("Bool", "Int", "Uint"):
            self.declare(node, "value", name)
            self.types[name] = node.type
            self.variables[name] = None if node.init_expression is None else self._given(name, node.init_expression)
        else:
            do = "declare numbers with const and angles with input"
            refuse(node, f"'{kind.lower()} {name}' is not supported", do=do)

    def _bits(self, node: Any, name: str) -> None:
        given, value = node.init_expression, 0
        size = None if node.type.size is None else self.expressions.integer(node.type.size, f"the size of {name!r}")
        measured = type(given).__name__ == "QuantumMeasurement"
        if given is not None and not measured:
            value = self._constant(given, name, size or 1)
        self.declare(node, "value", name)
        target = self.bits.declare(node, name, size, value)
        if measured:
            self._measure(node, given.qubit, target)

    def _constant(self, node: Any, name: str, size: int) -> int:
        tables = self._logic().word(node).tables
        if set(tables) - {0, ALWAYS}:
            refuse(node, f"what {name!r} begins with must be a constant", do="measure into it")
        value = sum(1 << digit for digit, table in enumerate(tables) if table)
        if value >> size:
            refuse(node, f"what {name!r} begins with does not fit", got=value, expected=f"{size} bits")
        return value

    def _ClassicalAssignment(self, node: Any) -> None:
        sign, target = node.op.name, node.lvalue
        name = target.name if type(target).__name__ == "Identifier" else target.name.name
        if name in self.bits.registers:
            refuse(node, f"an assignment to the bits of {name!r} is not supported", do="measure into them")
        if name not in self.variables or sign != "=":
            refuse(node, f"the assignment {name} {sign} ... is not supported", expected="variable = expression")
        self.variables[name] = self._given(name, node.rvalue)

    def _given(self, name: str, node: Any) -> Variable:
        logic = Logic(self.bits, self.variables, self.expressions, {})
        word = logic.cast(node, self.types[name], logic.word(node))
        return Variable(word, logic.slots, {number: self.bits.writes[number] for number in logic.slots})
