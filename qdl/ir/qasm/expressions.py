"""The value of an OpenQASM expression: an int, a float, or an expression in a circuit's Params."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.params import FUNCTIONS, Angle, Expr, apply
from qdl.ir.qasm.text import refuse

Value = int | Angle

CONSTANTS = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e}
MAX_INTEGER = 2**63

_OPERATORS = {"+": "add", "-": "add", "*": "mul", "/": "div", "**": "pow"}


class Expressions:
    """Evaluates expressions of one scope.

    Integers stay integers under ``+ - * **``. A division of two integers must come out even in version 3, where ``/``
    between integers drops the remainder; version 2 knows real numbers only.

    Parameters
    ----------
    names : mapping from names to values
    version : int
        2 or 3.
    """

    def __init__(self, names: Mapping[str, Value], version: int) -> None:
        self.names, self.version = names, version

    def angle(self, node: Any) -> Angle:
        """A finite float, or an expression."""
        value = self.value(node)
        return value if isinstance(value, Expr) else float(value)

    def number(self, node: Any, what: str) -> float:
        """A constant."""
        value = self.value(node)
        if isinstance(value, Expr):
            refuse(node, f"{what} must be a constant", got=value, do="inputs may stand in angles only")
        return value

    def integer(self, node: Any, what: str) -> int:
        """A constant integer."""
        value = self.number(node, what)
        if not isinstance(value, int):
            refuse(node, f"{what} must be an integer", got=value)
        return value

    def value(self, node: Any) -> Value:
        """Any value; refused with the node at fault."""
        visit = getattr(self, f"_{type(node).__name__}", None)
        if visit is None:
            refuse(node, f"{type(node).__name__} is not supported in an expression", do="use real numbers")
        try:
            value: Value = visit(node)
        except CircuitError as error:
            refuse(node, str(error))
        if isinstance(value, int) and abs(value) >= MAX_INTEGER:
            value = float(value) if abs(value) < 10**300 else math.inf
        if isinstance(value, float) and not math.isfinite(value):
            refuse(node, "a number must be finite", got=value)
        return value

    def _IntegerLiteral(self, node: Any) -> Value:
        return int(node.value)

    def _FloatLiteral(self, node: Any) -> Value:
        return float(node.value)

    def _Identifier(self, node: Any) -> Value:
        name = node.name
        if name not in self.names and name not in CONSTANTS:
            refuse(node, f"unknown name {name!r} in an expression", do="declare it with 'input float' or 'const float'")
        return self.names[name] if name in self.names else CONSTANTS[name]

    def _UnaryExpression(self, node: Any) -> Value:
        if node.op.name != "-":
            refuse(node, f"the operator {node.op.name!r} is not supported", expected="+ - * / **")
        return -self.value(node.expression)

    def _BinaryExpression(self, node: Any) -> Value:
        sign = node.op.name
        if sign not in _OPERATORS:
            refuse(node, f"the operator {sign!r} is not supported", expected="+ - * / **")
        left, right = self.value(node.lhs), self.value(node.rhs)
        if sign == "-":
            right = -right
        if isinstance(left, int) and isinstance(right, int):
            whole = self._whole(node, _OPERATORS[sign], left, right)
            if whole is not None:
                return whole
        return apply(_OPERATORS[sign], left, right)

    def _whole(self, node: Any, op: str, left: int, right: int) -> int | None:
        if op == "add":
            return left + right
        if op == "mul":
            return left * right
        if op == "pow":
            return left**right if right >= 0 and right * abs(left).bit_length() < 64 else None
        if self.version == 2 or not right:
            return None
        if left % right:
            do = f"write {left}.0/{right} for the real number"
            refuse(node, "a division of integers drops its remainder", got=f"{left}/{right}", do=do)
        return left // right

    def _FunctionCall(self, node: Any) -> Value:
        name = {"ln": "log"}.get(node.name.name, node.name.name)
        if name not in FUNCTIONS:
            refuse(node, f"the function {name!r} is not supported", expected=", ".join([*FUNCTIONS, "ln"]))
        if len(node.arguments) != 1:
            refuse(node, f"wrong number of arguments for {name!r}", got=len(node.arguments), expected=1)
        return apply(name, self.value(node.arguments[0]))
