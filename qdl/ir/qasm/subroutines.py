"""Subroutines, written out where they are called."""

from __future__ import annotations

from typing import Any, NamedTuple

from qdl.ir.qasm.flow import Leave
from qdl.ir.qasm.logic import Variable, mentions
from qdl.ir.qasm.loops import Loops
from qdl.ir.qasm.operands import Operand, operand
from qdl.ir.qasm.text import refuse

MAX_CALLS = 30  # inside each other


class Subroutine(NamedTuple):
    """A definition, the constants that it sees, and the line in front of it."""

    node: Any
    constants: dict[str, Any]
    start: int


class Subroutines(Loops):
    """Reads definitions and calls. A call sees its arguments and the constants of the program."""

    line = start = 0

    def __init__(self) -> None:
        super().__init__()
        self.subroutines: dict[str, Subroutine] = {}
        self._calls: list[tuple[str, Operand | None]] = []

    def _SubroutineDefinition(self, node: Any) -> None:
        name = node.name.name
        self.declare(node, "gate", name)
        constants = {key: value for key, value in self.values.items() if key not in self.types}
        self.subroutines[name] = Subroutine(node, constants, self.start)

    def _ExpressionStatement(self, node: Any) -> None:
        kind = type(node.expression).__name__
        if kind != "FunctionCall" or node.expression.name.name not in self.subroutines:
            named = f"the function {node.expression.name.name!r}" if kind == "FunctionCall" else "an expression"
            refuse(node, f"{named} on its own is not supported", do="call a subroutine that is defined above")
        self.call(node.expression)

    def call(self, node: Any, target: Operand | None = None) -> Any:
        """What a call returns: a number, bits, a Variable; None if it is a call of something else.

        A subroutine that returns a measurement measures into the target.
        """
        name = node.name.name
        if name not in self.subroutines:
            return None
        if not self.blocks[-1].table:
            return 0  # never happens
        if name in (active for active, _ in self._calls) or len(self._calls) >= MAX_CALLS:
            refuse(node, f"the subroutine {name!r} calls itself", do="use a loop")
        self.repeat(node)
        found = self.subroutines[name]
        formal = found.node.arguments
        if len(formal) != len(node.arguments):
            problem = f"wrong number of arguments for {name!r}"
            refuse(node, problem, got=len(node.arguments), expected=len(formal))
        values = [self._argument(one, given) for one, given in zip(formal, node.arguments, strict=True)]
        return self._run(name, found, values, target)

    def _run(self, name: str, found: Subroutine, values: list[Any], target: Operand | None) -> Any:
        line, start, value = self.line, self.start, 0
        self._calls.append((name, target))
        try:
            with self.scopes.apart([(self.values, found.constants)]), self.bounded("return"):
                self.start = found.start
                for formal, given in zip(found.node.arguments, values, strict=True):
                    self._bind(formal, given)
                self.body(found.node.body)
        except Leave as leave:
            if leave.kind != "return":
                raise
            value = leave.value
        self._calls.pop()
        self.line, self.start = line, start  # a fault inside keeps its own line
        return value

    def _argument(self, formal: Any, node: Any) -> Any:
        name = formal.name.name
        if type(formal).__name__ == "QuantumArgument":
            found = operand(node, self.registers, self.expressions)
            size = None if formal.size is None else self.expressions.integer(formal.size, f"the size of {name!r}")
            if len(found.wires) != (1 if size is None else size):
                refuse(node, f"wrong number of qubits for {name!r}", got=len(found.wires), expected=size or 1)
            return Operand(found.wires, size is not None)
        kind = type(formal.type).__name__.removesuffix("Type")
        if kind == "Bit":
            return self._bits_argument(formal, node)
        if kind in ("Array", "ArrayReference"):
            value = self.expressions.value(node)
            if formal.access is not None and formal.access.name == "mutable":
                refuse(
                    node, f"the array {name!r} that a subroutine changes is not supported", do="hand it over readonly"
                )
            return value if isinstance(value, tuple) else refuse(node, f"{name!r} takes an array")
        return self.held(node, formal.type)

    def _bits_argument(self, formal: Any, node: Any) -> Operand:
        name, size = formal.name.name, formal.type.size
        if not mentions(node, self.bits.registers):
            refuse(node, f"the argument {name!r} takes bits that are declared")
        found = self.bits.find(node, self.expressions)
        number = None if size is None else self.expressions.integer(size, f"the size of {name!r}")
        if len(found.wires) != (1 if number is None else number):
            refuse(node, f"wrong number of bits for {name!r}", got=len(found.wires), expected=number or 1)
        return Operand(found.wires, number is not None)

    def _bind(self, formal: Any, value: Any) -> None:
        name = formal.name.name
        self.declare(formal, "value", name)
        if type(formal).__name__ == "QuantumArgument":
            self.registers[name] = value
        elif isinstance(value, Operand):
            self.bits.registers[name], self.lent[name] = value, True
        else:
            if not isinstance(value, tuple):
                self.types[name] = formal.type
            self.hold(name, value)

    def _ReturnStatement(self, node: Any) -> None:
        self.leave(node, "return", self._returned_value(node.expression))

    def _returned_value(self, node: Any) -> Any:
        if node is None:
            return 0
        if type(node).__name__ == "QuantumMeasurement":
            if not self.blocks[-1].table:
                return 0
            name, target = self._calls[-1]
            return self.measure(node, node.qubit, target or self._outcome(node, name))
        if type(node).__name__ in ("Identifier", "IndexExpression") and mentions(node, self.bits.registers):
            return self.bits.find(node, self.expressions)
        if mentions(node, self.bits.registers, self.variables):
            return self.held(node, self.subroutines[self._calls[-1][0]].node.return_type)
        return self.expressions.value(node)

    def _outcome(self, node: Any, name: str) -> Operand:
        """New bits for a measurement that is returned."""
        wires = operand(node.qubit, self.registers, self.expressions)
        size = len(wires.wires) if wires.array else None
        return self.bits.outcome(node, f"{name}_returned", size)

    def number(self, node: Any) -> Any:
        """What a call inside an expression gives, for `Expressions`."""
        found = self.call(node)
        if isinstance(found, (Operand, Variable)):
            refuse(node, "bits are not supported in an expression", do="assign what is returned to a variable first")
        return found
