"""Loops and blocks of which it is known while reading how often they happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qdl.ir.qasm.flow import Block, Leave
from qdl.ir.qasm.functions import given
from qdl.ir.qasm.text import refuse
from qdl.ir.qasm.variables import Variables

MAX_STATEMENTS = 100_000  # that loops and subroutines repeat


class Loops(Variables):
    """Writes loops out; counts the statements that they repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.repeated = 0
        self.bounds: dict[str, list[Block]] = {"loop": [], "return": [], "end": [self.blocks[0]]}

    def repeat(self, node: Any) -> None:
        """Count one more statement, or one more round, of a loop or a subroutine."""
        self.repeated += 1
        if self.repeated > MAX_STATEMENTS:
            refuse(node, "loops and subroutines repeat too much", expected=f"at most {MAX_STATEMENTS} statements")

    def body(self, statements: Sequence[Any]) -> None:
        """Read statements in a scope of their own."""
        with self.scopes.inside():
            for statement in statements:
                self.repeat(statement)
                self.visit(statement)

    def _ForInLoop(self, node: Any) -> None:
        values = self._set(node)
        if not self.blocks[-1].table:
            return
        name = node.identifier.name
        for value in values:
            self.repeat(node)
            with self.scopes.inside():
                self.declare(node, "value", name)
                self.types[name] = node.type
                self.hold(name, given(node, node.type, value))
                if self._round(node.block) == "break":
                    return

    def _round(self, statements: Sequence[Any]) -> str:
        try:
            with self.bounded("loop"):
                self.body(statements)
        except Leave as leave:
            if leave.kind not in ("break", "continue"):
                raise
            return leave.kind
        return ""

    @contextmanager
    def bounded(self, kind: str) -> Iterator[None]:
        """What a ``break`` or a ``return`` in here leaves."""
        self.bounds[kind].append(self.blocks[-1])
        try:
            yield
        finally:
            self.bounds[kind].pop()

    def _set(self, node: Any) -> Sequence[Any]:
        found, kind = node.set_declaration, type(node.set_declaration).__name__
        if kind == "DiscreteSet":
            return [self.expressions.value(item) for item in found.values]
        if kind == "RangeDefinition":
            return self._range(node, found)
        value = self.expressions.value(found)
        return value if isinstance(value, tuple) else refuse(node, "a loop runs over a range, a set or an array")

    def _range(self, node: Any, found: Any) -> range:
        if found.start is None or found.end is None:
            refuse(node, "the range of a loop needs both ends", expected="[0:3]")
        start, end = (self.expressions.integer(one, "the end of a range") for one in (found.start, found.end))
        step = 1 if found.step is None else self.expressions.integer(found.step, "the step of a range")
        if step == 0:
            refuse(node, "the step of a range must not be zero")
        rounds = (end - start) // step + 1
        if rounds > MAX_STATEMENTS:
            refuse(node, "a loop has too many rounds", got=rounds, expected=f"at most {MAX_STATEMENTS}")
        return range(start, end + (1 if step > 0 else -1), step)

    def _WhileLoop(self, node: Any) -> None:
        while self.blocks[-1].table:
            logic = self.logic()
            table = logic.truth(node.while_condition, logic.word(node.while_condition)) & self.blocks[-1].table
            if not table:
                return
            if table != self.blocks[-1].table:
                do = "repeat it a known number of times with 'for', and 'if' inside"
                refuse(node, "'while' is not supported where it depends on measured bits", do=do)
            self.repeat(node)
            if self._round(node.block) == "break":
                return

    def leave(self, node: Any, kind: str, value: Any = None) -> None:
        """Leave what is around, if it is certain that this happens."""
        bounds = self.bounds["loop" if kind in ("break", "continue") else kind]
        if not bounds:
            refuse(node, f"{kind!r} has nothing around it that it could leave")
        certain = self.certain(bounds[-1])
        if certain is None:
            return
        if not certain:
            refuse(node, f"{kind!r} is not supported where it depends on measured bits")
        raise Leave(kind, value)

    def _BreakStatement(self, node: Any) -> None:
        self.leave(node, "break")

    def _ContinueStatement(self, node: Any) -> None:
        self.leave(node, "continue")

    def _EndStatement(self, node: Any) -> None:
        self.leave(node, "end")

    def _CompoundStatement(self, node: Any) -> None:
        with self.scopes.inside():
            for statement in node.statements:
                self.visit(statement)

    def _Box(self, node: Any) -> None:
        if node.duration is not None:
            refuse(node, "a box with a duration is not supported", do="write the delays in it")
        with self.scopes.inside():
            for statement in node.body:
                self.visit(statement)
