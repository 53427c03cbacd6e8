"""Qiskit's classical expressions over measured bits, as functions of what the bits are."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from qdl.errors import UnsupportedError

Bits = Mapping[int, int]  # number of a bit to what it is


class Value(NamedTuple):
    """A classical value: the numbers of the bits that it depends on, and itself as a function of them."""

    bits: tuple[int, ...]
    of: Callable[[Bits], Any]


def constant(value: Any) -> Value:
    """A value that depends on no bit."""
    return Value((), lambda _: value)


def joined(function: Callable[..., Any], *values: Value) -> Value:
    """A function of values."""
    bits = tuple(dict.fromkeys(bit for value in values for bit in value.bits))
    return Value(bits, lambda known: function(*(value.of(known) for value in values)))


def number(digits: Sequence[Value]) -> Value:
    """The number that digits make, the least significant first."""
    values = joined(lambda *given: sum(int(digit) << k for k, digit in enumerate(reversed(given))), *reversed(digits))
    return values if digits else constant(0)


def _divided(a: Any, b: Any) -> Any:
    if b == 0:
        raise UnsupportedError("a classical expression divides by zero", do="keep the divisor from being 0")
    return a / b if isinstance(a, float) or isinstance(b, float) else a // b


_UNARY: dict[str, Callable[[Any], Any]] = {"BIT_NOT": operator.inv, "LOGIC_NOT": operator.not_, "NEGATE": operator.neg}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "BIT_AND": operator.and_,
    "BIT_OR": operator.or_,
    "BIT_XOR": operator.xor,
    "LOGIC_AND": lambda a, b: bool(a) and bool(b),
    "LOGIC_OR": lambda a, b: bool(a) or bool(b),
    "EQUAL": operator.eq,
    "NOT_EQUAL": operator.ne,
    "LESS": operator.lt,
    "LESS_EQUAL": operator.le,
    "GREATER": operator.gt,
    "GREATER_EQUAL": operator.ge,
    "SHIFT_LEFT": operator.lshift,
    "SHIFT_RIGHT": operator.rshift,
    "ADD": operator.add,
    "SUB": operator.sub,
    "MUL": operator.mul,
    "DIV": _divided,
}
_OPERATORS: dict[str, Mapping[str, Callable[..., Any]]] = {"Unary": _UNARY, "Binary": _BINARY}
_SIDES = {"Cast": ("operand",), "Unary": ("operand",), "Binary": ("left", "right"), "Index": ("target", "index")}


def compiled(node: Any, read: Callable[[Any], Value]) -> Value:
    """A node of ``qiskit.circuit.classical.expr`` as a value.

    Parameters
    ----------
    node : Expr
    read : callable
        The value of what a variable stands for: a bit, a register or the variable itself.
    """
    kind = type(node).__name__
    if kind == "Value":
        return constant(node.value)
    if kind == "Var":
        return read(node if node.standalone else node.var)
    inner = [compiled(getattr(node, side), read) for side in _SIDES.get(kind, ())]
    if kind == "Cast":
        return joined(lambda value: _fitted(value, node.type), *inner)
    if kind == "Index":
        return joined(lambda value, place: bool(value >> place & 1), *inner)
    function = _OPERATORS[kind].get(node.op.name) if kind in _OPERATORS else None
    if function is None:
        raise UnsupportedError(
            f"the classical expression {kind} is not supported",
            got=f"{node}"[:120],
            do="use bits, numbers and Booleans",
        )
    return joined(lambda *values: _fitted(function(*values), node.type), *inner)


def _fitted(value: Any, kind: Any) -> Any:
    """A value in a type: a Uint keeps its last digits."""
    name = type(kind).__name__
    if name == "Bool":
        return bool(value)
    if name == "Uint":
        return int(value) & ((1 << kind.width) - 1)
    return float(value) if name == "Float" else value
