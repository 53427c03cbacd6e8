"""Angles between qdl's expressions and SymPy's, which Cirq uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.params import Angle, Expr, Param, apply
from qdl.ir.qasm.inputs import vectors

Symbols = Mapping[str, tuple[Param, int]]

# Our functions to SymPy's; a square root is a power there.
_FUNCTIONS = {name: name for name in ("sin", "cos", "tan", "exp", "log")}
_FUNCTIONS |= {"arcsin": "asin", "arccos": "acos", "arctan": "atan"}
_BACK = {theirs: ours for ours, theirs in _FUNCTIONS.items()}


def symbol(param: Param, index: int) -> str:
    """The name of an entry: ``theta_0``; a Param of size 1 keeps its bare name."""
    return param.name if param.size == 1 else f"{param.name}_{index}"


def params(names: Iterable[str]) -> Symbols:
    """Every symbol's Param and its place in it; ``theta_0 ... theta_k`` are one vector, if there are several."""
    found, clash = vectors(known := list(names))
    if clash is not None:
        raise CircuitError(f"the symbols {clash!r} and '{clash}_0' would both be Param {clash!r}", do="rename one")
    for name in known:
        if not name.isidentifier():
            raise CircuitError("a symbol's name must be an identifier", got=repr(name), do="use letters, digits, _")
    return {name: place if place[0].size > 1 else (Param(name), 0) for name, place in found.items()}


def to_sympy(angle: Angle) -> Any:
    """An angle as a float or an expression of SymPy."""
    import sympy

    if not isinstance(angle, Expr):
        return angle
    if angle.op == "entry":
        return sympy.Symbol(symbol(*angle.args))
    parts = [to_sympy(part) for part in angle.args]
    operators: dict[str, Callable[..., Any]] = {
        "add": lambda a, b: a + b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "pow": lambda a, b: a**b,
        "sqrt": sympy.sqrt,
        "root": sympy.sqrt,
    }
    return operators[angle.op](*parts) if angle.op in operators else getattr(sympy, _FUNCTIONS[angle.op])(*parts)


def from_sympy(value: Any, symbols: Symbols) -> Angle:
    """A number or an expression of SymPy as an angle."""
    import sympy

    if not isinstance(value, sympy.Basic):
        return float(value)
    if value.is_number:
        return float(value) if value.is_real else _refused(value)
    if isinstance(value, sympy.Symbol):
        param, index = symbols[value.name]
        angle: Angle = param[index]
        return angle
    parts = [from_sympy(part, symbols) for part in value.args]
    kind = value.func.__name__
    if kind in ("Add", "Mul"):
        return reduce(lambda a, b: apply(kind.lower(), a, b), parts)
    if kind == "Pow" and parts[1] == 0.5:
        return apply("sqrt", parts[0])
    if kind == "Pow":
        return apply("div", 1.0, parts[0]) if parts[1] == -1 else apply("pow", *parts)
    return apply(_BACK[kind], *parts) if kind in _BACK else _refused(value)


def _refused(value: Any) -> Angle:
    raise CircuitError("an expression of SymPy cannot be carried over", got=str(value)[:80], expected="real arithmetic")


def in_half_turns(angle: Angle) -> Any:
    """An angle over pi, as Cirq's exponents are."""
    import sympy

    value = to_sympy(angle)
    return value / sympy.pi if isinstance(value, sympy.Basic) else value / math.pi


def half_turns(exponent: Any, symbols: Symbols) -> Angle:
    """Cirq's exponent times pi."""
    import sympy

    return from_sympy(exponent * (sympy.pi if isinstance(exponent, sympy.Basic) else math.pi), symbols)
