"""Blocks under conditions, loops, classical bits and variables of Qiskit's circuits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from qdl.adapters.qiskit.convert.logic import Value, compiled, constant, joined, number
from qdl.adapters.qiskit.convert.parameters import Angles
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit
from qdl.ir.bits import Condition, of_bits

MOST_TURNS = 100_000  # of a loop


class Flow:
    """Keeps what is known of classical bits and variables while a circuit is read.

    A subclass reads circuits: `read`.

    Attributes
    ----------
    numbers : dict
        Qiskit's bits here, to their numbers.
    writes : list of int
        How often each bit has been measured so far; until then it holds 0.
    conditions : list of Value
        Those of the blocks around.
    angles : Angles
    """

    def __init__(self, circuit: Circuit, names: list[str], angles: Angles) -> None:
        self.circuit, self.names, self.angles = circuit, names, angles
        self.writes = [0] * len(names)
        self.numbers: dict[Any, int] = {}
        self.conditions: list[Value] = []
        self._variables: dict[Any, tuple[Value, dict[int, int]]] = {}

    def read(self, circuit: Any, wires: Sequence[int], bits: Sequence[int]) -> None:
        """Add a circuit on some wires and bits."""
        raise NotImplementedError

    def top(self, circuit: Any, wires: Sequence[int]) -> None:
        """Read the whole."""
        self.read(circuit, wires, range(circuit.num_clbits))

    @contextmanager
    def scope(self, circuit: Any, bits: Sequence[int]) -> Iterator[None]:
        """Inside, the circuit's bits have these numbers."""
        around = self.numbers
        self.numbers = {**around, **dict(zip(circuit.clbits, bits, strict=True))}
        yield
        self.numbers = around

    def measured(self, wire: int, bit: int) -> None:
        """Measure a wire into a bit."""
        self.circuit.measure(wire, self.names[bit])
        self.writes[bit] += 1

    def _if_else(self, operation: Any, where: list[int], bits: list[int]) -> None:
        test = self._tested(operation.condition)
        branches = zip((test, joined(lambda value: not value, test)), operation.blocks, strict=False)
        self._one_of(list(branches), where, bits)

    def _switch_case(self, operation: Any, where: list[int], bits: list[int]) -> None:
        from qiskit.circuit import CASE_DEFAULT

        target, branches = self._value(operation.target), []
        before: list[Any] = []
        for labels, block in operation.cases_specifier():
            default = CASE_DEFAULT in labels
            wanted = set(labels) - {CASE_DEFAULT}
            branches.append((joined(_case(wanted, default, tuple(before)), target), block))
            before += wanted
        self._one_of(branches, where, bits)

    def _one_of(self, branches: list[tuple[Value, Any]], where: list[int], bits: list[int]) -> None:
        """Read blocks of which at most one happens, all decided before the first.

        The block that measures a bit on which the others depend comes last, for they read it when they happen.
        """
        asked = {bit for test, _ in branches for bit in test.bits}
        first = dict(zip(asked, map(self.writes.__getitem__, asked), strict=True))
        for test, block in sorted(branches, key=lambda branch: bool(asked & _written(branch[1], bits))):
            if any(self.writes[bit] != count for bit, count in first.items()):
                raise CircuitError(
                    "two branches measure bits that decide between them",
                    got=[self.names[bit] for bit in asked],
                    do="measure into another bit",
                )
            with self._under(test) as happens:
                if happens:
                    self.read(block, where, bits)

    @contextmanager
    def _under(self, test: Value) -> Iterator[bool]:
        """Inside, operations happen where the test holds; False if it never does."""
        if not test.bits:
            yield bool(test.of({}))
            return
        found = self._condition(test)
        with ExitStack() as stack:
            if not found.accepted:
                yield False
                return
            if len(found.accepted) < 2 ** len(found.bits):
                stack.enter_context(self.circuit.if_(found))
            self.conditions.append(test)
            yield True
            self.conditions.pop()

    def _condition(self, test: Value) -> Condition:
        bits = {self.names[bit]: bit for bit in test.bits}
        return of_bits(tuple(bits), lambda known: test.of({bits[name]: value for name, value in known.items()}))

    def _for_loop(self, operation: Any, where: list[int], bits: list[int]) -> None:
        indices, variable, body = operation.params
        if not isinstance(indices, range | tuple | list):
            raise UnsupportedError("a loop over what is not constant cannot be unrolled", got=f"{indices}"[:80])
        if len(indices) > MOST_TURNS:
            expected = f"at most {MOST_TURNS} turns"
            raise UnsupportedError("the loop is too long to be unrolled", got=len(indices), expected=expected)
        for index in indices:
            if hasattr(variable, "_qpy_replay"):
                self.angles.symbols[variable] = float(index)
            elif variable is not None:
                self._variables[variable] = constant(index), {}
            self.read(body, where, bits)

    def _box(self, operation: Any, where: list[int], bits: list[int]) -> None:
        self.read(operation.blocks[0], where, bits)

    def _store(self, operation: Any, where: list[int], bits: list[int]) -> None:
        target, value = operation.lvalue, self._value(operation.rvalue)
        if type(target).__name__ != "Var" or not target.standalone:
            raise UnsupportedError("an assignment to measured bits is not supported", do="store into a variable")
        for test in self.conditions:
            old = self._variables[target][0]
            value = joined(lambda holds, new, kept: new if holds else kept, test, value, old)
        self._variables[target] = value, {bit: self.writes[bit] for bit in value.bits}

    def _refused(self, operation: Any, where: list[int], bits: list[int]) -> None:
        raise UnsupportedError(
            f"Qiskit's {operation.name!r} is not supported",
            got="a loop whose length is decided while it runs",
            expected="for loops without break and continue, if and switch",
            do="unroll it up to a number of turns with if",
        )

    def _tested(self, condition: Any) -> Value:
        """A block's condition: an expression, or a bit or register and its value."""
        if not isinstance(condition, tuple):
            return self._value(condition)
        target, wanted = condition
        return joined(lambda value: int(value) == int(wanted), self._value(target))

    def _value(self, node: Any) -> Value:
        from qiskit.circuit.classical import expr

        return compiled(node, self._read_variable) if isinstance(node, expr.Expr) else self._read_variable(node)

    def _read_variable(self, target: Any) -> Value:
        from qiskit.circuit import ClassicalRegister, Clbit

        if isinstance(target, Clbit):
            bit = self.numbers[target]
            return Value((bit,), lambda known: known[bit]) if self.writes[bit] else constant(0)
        if isinstance(target, ClassicalRegister):
            return number([self._read_variable(bit) for bit in target])
        if target not in self._variables:
            raise UnsupportedError(
                "a variable that is given its value from outside is not supported",
                got=getattr(target, "name", target),
                do="store a value into it first",
            )
        value, writes = self._variables[target]
        for bit, count in writes.items():
            if self.writes[bit] != count:
                raise CircuitError(
                    f"what the variable {target.name!r} holds is gone",
                    got=f"{self.names[bit]} is measured again",
                    do="measure into another bit",
                )
        return value


def _case(wanted: set[Any], default: bool, before: tuple[Any, ...]) -> Any:
    """Whether a case is taken, for a value that no case before it takes."""
    return lambda value: (int(value) in wanted or default) and int(value) not in before


def _written(block: Any, bits: Sequence[int]) -> set[int]:
    """The numbers of the bits that a block measures, or may measure in blocks of its own."""
    place = dict(zip(block.clbits, bits, strict=True))
    found: set[int] = set()
    for instruction in block.data:
        inner = [place[bit] for bit in instruction.clbits]
        blocks = getattr(instruction.operation, "blocks", None)
        for part in blocks or ():
            found |= _written(part, inner)
        if blocks is None:
            found.update(inner)
    return found
