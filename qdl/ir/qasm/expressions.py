"""The value of an OpenQASM expression: a number, a truth value, an array, or an expression in a circuit's Params."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Container, Mapping
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.params import FUNCTIONS, Angle, Expr, apply
from qdl.ir.qasm.functions import FEW, NUMBERS, Array, element, given, size_of
from qdl.ir.qasm.text import refuse
from qdl.ir.qasm.words import CONSTANTS

Value = int | Angle | Array

MAX_INTEGER = 2**63

_OPERATORS = {"+": "add", "-": "add", "*": "mul", "/": "div", "**": "pow"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_WHOLE: dict[str, Callable[[int, int], int]] = {
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "%": operator.mod,
}
_KNOWN = " ".join([*_OPERATORS, *_WHOLE, *_COMPARE, "&& || !"])


class Expressions:
    """Evaluates expressions of one scope.

    Integers stay integers under ``+ - * ** % & | ^ << >>``. A division of two integers drops its remainder where an
    integer is asked for; in an angle of version 3 it must come out even, because programs mean a real number as often.
    Version 2 knows real numbers only.

    Parameters
    ----------
    names : mapping from names to values
    version : int
        2 or 3.
    function : callable, optional
        What a call of a function that OpenQASM does not know gives; None if there is none of that name.
    unknown : container of str
        Variables whose value is not a number, or not known.
    timing : bool
        Whether durations may stand here; they are read in seconds.
    """

    def __init__(
        self,
        names: Mapping[str, Value],
        version: int,
        function: Callable[[Any], Value | None] | None = None,
        unknown: Container[str] = (),
        timing: bool = False,
    ) -> None:
        self.names, self.version, self.function = names, version, function
        self.unknown, self.timing = unknown, timing
        self._drops = False  # whether a division of integers may drop its remainder

    def angle(self, node: Any) -> Angle:
        """A finite float, or an expression."""
        value = self.value(node)
        if isinstance(value, bool):
            refuse(node, "BooleanLiteral is not supported in an angle", do="write a number")
        if isinstance(value, tuple):
            refuse(node, "an array is no angle", do="take one of its elements")
        return value if isinstance(value, Expr) else float(value)

    def number(self, node: Any, what: str) -> float:
        """A constant."""
        value = self.value(node)
        if isinstance(value, (Expr, tuple)):
            refuse(node, f"{what} must be a constant", got=value, do="inputs may stand in angles only")
        return value

    def integer(self, node: Any, what: str) -> int:
        """A constant integer."""
        before, self._drops = self._drops, True
        value = self.number(node, what)
        self._drops = before
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

    def _BooleanLiteral(self, node: Any) -> Value:
        return bool(node.value)

    def _DurationLiteral(self, node: Any) -> Value:
        scale = {"ns": 1e9, "us": 1e6, "ms": 1e3, "s": 1.0}.get(node.unit.name)
        if not self.timing or scale is None:
            problem = "a duration in units of a device's clock" if self.timing else "a duration outside a delay"
            refuse(node, f"{problem} is not supported", expected="ns, us, ms or s, in a delay")
        return float(node.value) / scale

    def _BitstringLiteral(self, node: Any) -> Value:
        return int(node.value)

    def _ArrayLiteral(self, node: Any) -> Value:
        return tuple(self.value(item) for item in node.values)

    def _Identifier(self, node: Any) -> Value:
        name = node.name
        if name in self.unknown:
            do = "assign a number to it here; angles cannot depend on measured bits"
            refuse(node, f"what {name!r} holds here is no number that can be said", do=do)
        if name not in self.names and name not in CONSTANTS:
            refuse(node, f"unknown name {name!r} in an expression", do="declare it with 'input float' or 'const float'")
        return self.names[name] if name in self.names else CONSTANTS[name]

    def _IndexExpression(self, node: Any) -> Value:
        base = node.collection
        while type(base).__name__ == "IndexExpression":
            base = base.collection
        if type(base).__name__ != "Identifier" or base.name not in self.names:
            refuse(node, "IndexExpression is not supported in an expression", do="index arrays of numbers")
        if not isinstance(node.index, list):
            refuse(node, "a set of elements is not supported in an expression", do="take one of them")
        value = self.value(node.collection)
        for place in node.index:
            if type(place).__name__ == "RangeDefinition":
                refuse(node, "a range of elements is not supported in an expression", do="take one of them")
            value = element(node, value, self.integer(place, "an index"))
        return value

    def _SizeOf(self, node: Any) -> Value:
        place = 0 if node.index is None else self.integer(node.index, "a dimension")
        return size_of(node, self.value(node.target), place)

    def _UnaryExpression(self, node: Any) -> Value:
        value, sign = self.value(node.expression), node.op.name
        if sign == "!":
            return not self.truth(node, value)
        if sign == "~":
            refuse(node, "the complement of a number has no width", do='write a string of bits: ~"01"')
        if sign != "-" or isinstance(value, tuple):
            refuse(node, f"the operator {sign!r} is not supported here", expected=_KNOWN)
        return -value

    def truth(self, node: Any, value: Value) -> bool:
        """Whether a number counts as true."""
        if isinstance(value, (Expr, tuple)):
            refuse(node, "what is true or false must be a constant", got=value)
        return bool(value)

    def _BinaryExpression(self, node: Any) -> Value:
        sign = node.op.name
        if sign in ("&&", "||"):
            first = self.truth(node.lhs, self.value(node.lhs))
            return first if first == (sign == "||") else self.truth(node.rhs, self.value(node.rhs))
        left, right = self.value(node.lhs), self.value(node.rhs)
        if isinstance(left, tuple) or isinstance(right, tuple):
            refuse(node, "arithmetic on arrays is not supported", do="take their elements")
        if sign in _COMPARE:
            self.truth(node.lhs, left), self.truth(node.rhs, right)
            return _COMPARE[sign](left, right)
        if sign in _WHOLE:
            return self._bitwise(node, sign, left, right)
        if sign not in _OPERATORS:
            refuse(node, f"the operator {sign!r} is not supported", expected=_KNOWN)
        if sign == "-":
            right = -right
        if isinstance(left, int) and isinstance(right, int):
            whole = self._whole(node, _OPERATORS[sign], left, right)
            if whole is not None:
                return whole
        return apply(_OPERATORS[sign], *(int(v) if isinstance(v, bool) else v for v in (left, right)))

    def _bitwise(self, node: Any, sign: str, left: Any, right: Any) -> int:
        if not isinstance(left, int) or not isinstance(right, int) or min(left, right) < 0:
            refuse(node, f"the operator {sign!r} takes integers that are not negative", got=f"{left} {sign} {right}")
        if (sign == "%" and not right) or (sign in ("<<", ">>") and right > FEW):
            refuse(node, f"the operator {sign!r} takes another second number", got=right)
        return _WHOLE[sign](left, right)

    def _whole(self, node: Any, op: str, left: int, right: int) -> int | None:
        if op == "add":
            return left + right
        if op == "mul":
            return left * right
        if op == "pow":
            return left**right if right >= 0 and right * abs(left).bit_length() < 64 else None
        if self.version == 2 or not right:
            return None
        if left % right and not self._drops:
            do = f"write {left}.0/{right} for the real number"
            refuse(node, "a division of integers drops its remainder", got=f"{left}/{right}", do=do)
        return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)

    def _Cast(self, node: Any) -> Value:
        return given(node, node.type, self.value(node.argument), cast=True)

    def _FunctionCall(self, node: Any) -> Value:
        name = {"ln": "log"}.get(node.name.name, node.name.name)
        found = self.function(node) if self.function is not None else None
        if found is not None:
            return found
        count = 1 if name in FUNCTIONS else NUMBERS[name].arguments if name in NUMBERS else None
        if count is None:
            refuse(node, f"the function {name!r} is not supported", expected=", ".join([*FUNCTIONS, "ln", *NUMBERS]))
        if len(node.arguments) != count:
            refuse(node, f"wrong number of arguments for {name!r}", got=len(node.arguments), expected=count)
        values = [self.value(argument) for argument in node.arguments]
        if name in FUNCTIONS and not isinstance(values[0], tuple):
            return apply(name, int(values[0]) if isinstance(values[0], bool) else values[0])
        for argument, value in zip(node.arguments, values, strict=True):
            self.truth(argument, value)
        return NUMBERS[name](node, *values) if name in NUMBERS else refuse(node, "a function takes numbers")
