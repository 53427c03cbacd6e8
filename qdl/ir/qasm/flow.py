"""What happens in an OpenQASM program, and under which conditions: measurements, resets, blocks, classical variables.

A block's condition is decided once, before the block; an operation of a circuit reads its bits when it happens. The two
agree until a bit of the condition is measured again, from where on the block is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from qdl.ir.bits import Condition
from qdl.ir.channels import Measure, channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import Step
from qdl.ir.qasm.bits import Bits
from qdl.ir.qasm.calls import MAX_GATES
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.logic import ALWAYS, Logic, Slots, Variable, condition, equal
from qdl.ir.qasm.operands import Operand, Qubits, operand
from qdl.ir.qasm.scopes import Scopes
from qdl.ir.qasm.text import refuse


class Leave(Exception):
    """A ``break``, ``continue``, ``return`` or ``end`` on its way out of the blocks around it."""

    def __init__(self, kind: str, value: Any = None) -> None:
        super().__init__(kind)
        self.kind, self.value = kind, value


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

    Subclasses read declarations and gate calls, and offer `visit`, `expressions` and `declare`.

    Attributes
    ----------
    values, variables : dict
        What a name stands for: a number or an array; or what depends on measured bits, None if it cannot be said.
    types : dict
        The types of what may be assigned to.
    times : dict
        Durations, in seconds.
    lent : dict
        Registers of bits that a subroutine may read only.
    """

    def __init__(self) -> None:
        self.registers = Qubits()
        self.bits = Bits()
        self.values: dict[str, Any] = {}
        self.variables: dict[str, Variable | None] = {}
        self.types: dict[str, Any] = {}
        self.times: dict[str, Any] = {}
        self.lent: dict[str, bool] = {}
        tables = (self.registers, self.bits.registers, self.values, self.variables, self.types, self.times, self.lent)
        self.scopes = Scopes(tables)
        self.blocks = [Block(ALWAYS, {}, None, {})]
        self.operations: list[tuple[Operation, int | None]] = []  # and the number of the bit that is written
        self.cost = 0

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
        named = (
            op if bit is None else replace(op, bit=self.bits.called(bit, *op.wires)) for op, bit in self.operations
        )
        return Circuit(self.registers.count)._add(*named)

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

    def certain(self, block: Block) -> bool | None:
        """Whether what is read now happens whenever a block around it does; None if it never happens."""
        table = self.blocks[-1].table
        return None if not table else table == block.table

    def _QuantumMeasurementStatement(self, node: Any) -> None:
        target = None if node.target is None else self.writable(node.target)
        self.measure(node, node.measure.qubit, target)

    def writable(self, node: Any) -> Operand:
        """The bits that a measurement or a subroutine writes."""
        found = self.bits.find(node, self.expressions)
        name = node.name if isinstance(node.name, str) else node.name.name
        if name in self.lent:
            refuse(node, f"the bits of {name!r} were handed over to be read", do="measure into bits of the subroutine")
        return found

    def measure(self, node: Any, qubits: Any, target: Operand | None) -> Operand:
        """Measure into bits that are given, or else into some without a name."""
        wires = operand(qubits, self.registers, self.expressions).wires
        bits = [self.bits.nameless() for _ in wires] if target is None else target.wires
        if len(bits) != len(wires):
            refuse(node, "a measurement needs a bit for each qubit", got=f"{len(wires)} qubits, {len(bits)} bits")
        for wire, bit in zip(wires, bits, strict=True):
            self.emit(node, [(Measure(), (), (wire,))], 1, bit)
        return Operand(tuple(bits), len(bits) > 1)

    def _QuantumReset(self, node: Any) -> None:
        wires = operand(node.qubits, self.registers, self.expressions).wires
        self.emit(node, [(channel("reset"), (), (wire,)) for wire in wires], len(wires))

    def _BranchingStatement(self, node: Any) -> None:
        logic = self.logic()
        table = logic.truth(node.condition, logic.word(node.condition))
        self._branches([(table, node.if_block), (ALWAYS ^ table, node.else_block)], logic.slots)

    def _SwitchStatement(self, node: Any) -> None:
        logic, left = self.logic(), ALWAYS
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
            with self._inside(block), self.scopes.inside():
                for statement in body:
                    self.visit(statement)

    def _block(self, table: int, slots: Slots) -> Block:
        found = condition(table, slots, self.bits.names)
        writes = {n: self.bits.writes[n] for n in slots if self.bits.names[n] in found.bits}
        return Block(table, slots, found if found.bits else None, {**writes, **self.blocks[-1].writes})

    @contextmanager
    def _inside(self, block: Block) -> Iterator[None]:
        around = self.blocks[-1].table
        before = {} if block.table == around else {name: self._held(name) for name in self.types}
        self.blocks.append(block)
        try:
            yield
        finally:
            self.blocks.pop()
        for name, held in before.items():
            if any(new is not old for new, old in zip(self._held(name), held, strict=True)):
                self._forget(name, *(held if not block.table else (None, None)))

    def _held(self, name: str) -> tuple[Any, Any]:
        return self.values.get(name), self.variables.get(name)

    def _forget(self, name: str, number: Any, variable: Variable | None) -> None:
        """Put back what a variable held; or nothing that can be said, after a block that may not happen."""
        self.values.pop(name, None)
        self.variables.pop(name, None)
        if number is None:
            self.variables[name] = variable
        else:
            self.values[name] = number

    def logic(self) -> Logic:
        """What evaluates conditions here."""
        return Logic(self.bits, self.variables, self.expressions, dict(self.blocks[-1].slots))
