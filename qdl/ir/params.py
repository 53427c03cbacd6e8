"""Named parameter vectors and the expressions made from their entries.

An expression is a small immutable tree. It knows nothing of tensors: rooms below evaluate it with their own functions,
many expressions of one shape at a time (`template`).
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from qdl.errors import CircuitError

FUNCTIONS: dict[str, Callable[[float], float]] = {
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
}

# What qdl puts into expressions itself: the square root of a channel's strength.
WITHIN: dict[str, Callable[[float], float]] = {**FUNCTIONS, "root": math.sqrt}

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "pow": lambda a, b: a**b,
}

Angle = Union[float, "Expr"]

MAX_DEPTH = 150  # every walk over a tree is a recursion, and Python allows 1000 calls inside each other


class Operand:
    """What takes an angle as the other operand of +, - and *, as observables do: the angle leaves the work to it."""

    __slots__ = ()
    __array_ufunc__ = None  # so do numpy's numbers


class Arithmetic:
    """The arithmetic of an expression; a Param of size 1 shares it by reading as its entry (`as_angle`)."""

    __slots__ = ()

    def __add__(self, other: Any) -> Angle:
        return _operate("add", self, other)

    def __radd__(self, other: Any) -> Angle:
        return _binary("add", other, self)

    def __sub__(self, other: Any) -> Angle:
        return NotImplemented if isinstance(other, Operand) else self + -as_angle(other)

    def __rsub__(self, other: Any) -> Angle:
        return _binary("add", other, -self)

    def __mul__(self, other: Any) -> Angle:
        return _operate("mul", self, other)

    def __rmul__(self, other: Any) -> Angle:
        return _binary("mul", other, self)

    def __truediv__(self, other: Any) -> Angle:
        return _binary("div", self, other)

    def __rtruediv__(self, other: Any) -> Angle:
        return _binary("div", other, self)

    def __pow__(self, other: Any) -> Angle:
        return _binary("pow", self, other)

    def __rpow__(self, other: Any) -> Angle:
        return _binary("pow", other, self)

    def __neg__(self) -> Angle:
        return _binary("mul", -1.0, self)

    def __pos__(self) -> Angle:
        return as_angle(self)


@dataclass(frozen=True)
class Param(Arithmetic):
    """A named vector of real parameters; its entries are the symbols of a circuit.

    Parameters
    ----------
    name : str
        An identifier; it is the key under which values are passed.
    size : int
        The number of entries, at least 1.

    Examples
    --------
    >>> theta = Param("theta", 3)
    >>> 2 * theta[0] - 1
    2*theta[0] - 1
    >>> [str(entry) for entry in theta]
    ['theta[0]', 'theta[1]', 'theta[2]']
    >>> 1 - Param("c")
    1 - c[0]
    """

    __array_ufunc__ = None  # numpy would take a Param for a list of its entries

    name: str
    size: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.isidentifier():
            raise CircuitError("a Param's name must be an identifier", got=repr(self.name), do="use letters, digits, _")
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise CircuitError(f"the size of Param {self.name!r} must be a positive integer", got=repr(self.size))

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self.size))]
        if isinstance(index, bool) or not isinstance(index, numbers.Integral):
            raise CircuitError(f"an index into Param {self.name!r} must be an integer", got=repr(index))
        position = int(index) + (self.size if index < 0 else 0)
        if not 0 <= position < self.size:
            raise CircuitError(
                f"index out of range for Param {self.name!r}", got=index, expected=f"0 to {self.size - 1}"
            )
        return Expr("entry", (self, position))

    def __iter__(self) -> Iterator[Expr]:
        return (self[i] for i in range(self.size))


class Expr(Arithmetic):
    """A real expression in entries of Params. Made by arithmetic and by `qdl.sin`, `qdl.cos`, ...; never changed.

    Examples
    --------
    >>> x = Param("x", 2)
    >>> e = x[0] * x[1] + sin(x[0])
    >>> e.evaluate({"x": [0.0, 3.0]})
    0.0
    """

    __slots__ = ("_depth", "_hash", "args", "op")

    def __init__(self, op: str, args: tuple[Any, ...]) -> None:
        self.op, self.args = op, args
        self._hash = hash((op, args))
        self._depth: int = 1 + max((arg._depth for arg in args if isinstance(arg, Expr)), default=0)
        if self._depth > MAX_DEPTH:
            raise CircuitError(
                "the expression is nested too deeply",
                got=f"{self._depth} operations inside each other",
                expected=f"at most {MAX_DEPTH}",
                do="compute it from the values before they come to the circuit, and pass it as a Param of its own",
            )

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Expr) and self._hash == other._hash and self.op == other.op and self.args == other.args
        )

    def __bool__(self) -> bool:
        raise CircuitError(
            f"the expression {self} has no truth value", do="compare numbers, or branch before building the circuit"
        )

    def __float__(self) -> float:
        raise CircuitError(
            f"the expression {self} is not a number", do="bind its Params first, evaluate({...}), or use qdl.sin, ..."
        )

    def __copy__(self) -> Expr:
        return self

    def __deepcopy__(self, memo: object) -> Expr:
        return self

    def __repr__(self) -> str:
        return to_text(self)

    def evaluate(self, values: Mapping[str, Sequence[float]]) -> float:
        """The number this expression has at plain values, a sequence of numbers for each Param."""
        if self.op == "entry":
            param, index = self.args
            return _entry(param, index, values)
        return _number(self.op, *(evaluate(arg, values) for arg in self.args))

    def replace(self, entries: Callable[[Param, int], Angle]) -> Angle:
        """The same expression with every entry replaced by what `entries(param, index)` returns."""
        if self.op == "entry":
            return entries(*self.args)
        return apply(self.op, *(arg.replace(entries) if isinstance(arg, Expr) else arg for arg in self.args))

    def __reduce__(self) -> tuple[Any, ...]:
        return Expr, (self.op, self.args)  # hashes of strings differ from process to process: never carry one along


def evaluate(angle: Angle, values: Mapping[str, Sequence[float]]) -> float:
    """The number behind an angle that may be an expression."""
    return angle.evaluate(values) if isinstance(angle, Expr) else float(angle)


def _entry(param: Param, index: int, values: Mapping[str, Any]) -> float:
    if param.name not in values:
        raise CircuitError(f"no value for Param {param.name!r}", do="pass a sequence of numbers for each Param")
    given = values[param.name]
    row = (given,) if isinstance(given, numbers.Real) or getattr(given, "shape", None) == () else given
    try:
        number, size = float(row[index]), len(row)
    except (TypeError, ValueError, LookupError, OverflowError):
        number, size = math.nan, 0
    if size != param.size or not math.isfinite(number):
        problem, expected = f"the value of Param {param.name!r} does not fit", f"{param.size} finite numbers"
        raise CircuitError(problem, got=f"{given!r}"[:80], expected=expected)
    return number


def _number(op: str, *args: float) -> float:
    """The value of one operation on numbers; what has no finite real value is refused."""
    try:
        value = WITHIN[op](*args) if op in WITHIN else BINARY[op](*args)
    except (ValueError, ArithmeticError):
        value = math.nan
    if isinstance(value, complex) or not math.isfinite(value):
        shown = [f"{arg:g}" for arg in args]
        text = f" {_SYMBOLS[op]} ".join(shown) if op in BINARY else f"{op}({shown[0]})"
        raise _undefined(text)
    return float(value)


def _undefined(text: str) -> CircuitError:
    return CircuitError(f"{text} has no finite real value", do="keep the arguments where it is defined")


def _operate(op: str, a: Any, b: Any) -> Angle:
    return NotImplemented if isinstance(b, Operand) else _binary(op, a, b)


def _binary(op: str, a: Any, b: Any) -> Angle:
    a, b = as_angle(a), as_angle(b)
    if not isinstance(a, Expr) and not isinstance(b, Expr):
        return _number(op, a, b)
    if op in ("add", "mul") and not isinstance(b, Expr):
        a, b = b, a  # constants stand first, so that equal shapes meet in one template
    identity = {"add": 0.0, "mul": 1.0}.get(op)
    if identity is not None and not isinstance(a, Expr) and a == identity:
        return b
    if op in ("div", "pow") and not isinstance(b, Expr) and b == 1.0:
        return a
    if op == "div" and not isinstance(b, Expr):
        if b == 0.0:
            raise _undefined(f"({a}) / 0")
        return _binary("mul", _number("div", 1.0, b), a)
    if op == "mul" and not isinstance(a, Expr) and b.op == "mul" and isinstance(b.args[0], float):
        return _binary("mul", _number("mul", a, b.args[0]), b.args[1])
    if op == "add" and not isinstance(a, Expr) and b.op == "add" and isinstance(b.args[0], float):
        return _binary("add", _number("add", a, b.args[0]), b.args[1])
    return Expr(op, (a, b))


def apply(name: str, *arguments: Any) -> Angle:
    """A named function, or ``add``, ``mul``, ``div``, ``pow``: a float for numbers, an expression for expressions."""
    if name in BINARY:
        return _binary(name, *arguments)
    value = as_angle(*arguments)
    return Expr(name, (value,)) if isinstance(value, Expr) else _number(name, value)


def _function(name: str) -> Callable[[Any], Angle]:
    def function(argument: Any) -> Angle:
        return apply(name, argument)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"The {name} of a number (a float) or of an expression (an expression)."
    return function


sin, cos, tan, exp, log, sqrt = (_function(name) for name in ("sin", "cos", "tan", "exp", "log", "sqrt"))
arcsin, arccos, arctan = (_function(name) for name in ("arcsin", "arccos", "arctan"))


def as_angle(value: Any) -> Angle:
    """A finite real number as float, a Param of size 1 as its entry, an expression as it is; the rest is refused."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, Param):
        if value.size == 1:
            return value[0]
        raise CircuitError(
            f"Param {value.name!r} is a vector", got=f"{value.size} entries", do=f"use an entry, {value.name}[0]"
        )
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:  # an integer beyond every float
            number = math.inf
        if not math.isfinite(number):
            raise CircuitError("an angle must be finite", got=number)
        return number
    raise CircuitError(
        "an angle must be a real number or an expression",
        got=f"{type(value).__name__} {value!r}"[:80],
        do="for a tensor or anything with a gradient, put a Param here and pass the value at run time",
    )


def params_of(angles: Sequence[Angle]) -> Iterator[Param]:
    """Every Param under the given angles, in order of appearance, repeats included."""
    for angle in angles:
        if isinstance(angle, Expr):
            if angle.op == "entry":
                yield angle.args[0]
            else:
                yield from params_of(angle.args)


@dataclass(frozen=True)
class Template:
    """The shape of an expression: its tree with numbered slots, and what stands in the slots."""

    tree: Any
    entries: tuple[tuple[Param, int], ...]
    constants: tuple[float, ...]


def template(angle: Angle) -> Template:
    """Split an angle into a tree of slots and the slots' contents, so that many angles of one shape run as one.

    Examples
    --------
    >>> x = Param("x", 2)
    >>> template(2 * x[1] - 1).tree
    ('add', ('constant', 0), ('mul', ('constant', 1), ('entry', 0)))
    """
    entries: list[tuple[Param, int]] = []
    constants: list[float] = []

    def walk(node: Angle) -> Any:
        if not isinstance(node, Expr):
            constants.append(node)
            return ("constant", len(constants) - 1)
        if node.op == "entry":
            entries.append((node.args[0], node.args[1]))
            return ("entry", len(entries) - 1)
        return (node.op, *(walk(arg) for arg in node.args))

    return Template(walk(angle), tuple(entries), tuple(constants))


_SYMBOLS = {"add": "+", "mul": "*", "div": "/", "pow": "**"}
_PRECEDENCE = {"add": 1, "mul": 2, "div": 2, "pow": 3}


def number_text(value: float) -> str:
    """A float as the shortest text that reads back to the same float, without a needless '.0'."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)


def to_text(
    angle: Angle,
    entry: Callable[[Param, int], str] = lambda param, index: f"{param.name}[{index}]",
    power: str = "**",
    number: Callable[[float], str] = number_text,
) -> str:
    """An angle as text. `entry`, `power` and `number` say how symbols, powers and numbers are written."""

    def walk(node: Angle, outer: int) -> str:
        if not isinstance(node, Expr):
            text = number(node)
            return f"({text})" if text.startswith("-") and outer > 1 else text
        if node.op == "entry":
            return entry(*node.args)
        if node.op in WITHIN:
            return f"{node.op}({walk(node.args[0], 0)})"
        level = _PRECEDENCE[node.op]
        text = _infix(node, level, walk, power, number)
        return f"({text})" if level < outer or (text.startswith("-") and outer > 1) else text

    return walk(angle, 0)


def _infix(node: Expr, level: int, walk: Any, power: str, number: Callable[[float], str]) -> str:
    a, b = node.args
    if node.op == "mul":
        if a == -1.0:
            return "-" + walk(b, level + 1)
        return f"{walk(a, level) if isinstance(a, Expr) else number(a)}*{walk(b, level + 1)}"
    if node.op == "div":
        return f"{walk(a, level)}/{walk(b, level + 1)}"
    if node.op == "pow":
        return f"{walk(a, level + 1)}{power}{walk(b, level + 1)}"
    if not isinstance(a, Expr):
        rest = walk(b, level)
        if rest.startswith("-") and b.op != "add":
            return f"{number(a)} - {rest[1:]}"
        a, b = b, a
    second = walk(b, level + (isinstance(b, Expr) and b.op == "add"))
    return f"{walk(a, level)} - {second[1:]}" if second.startswith("-") else f"{walk(a, level)} + {second}"
