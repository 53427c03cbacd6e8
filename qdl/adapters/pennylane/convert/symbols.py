"""Expressions that can go through code written for arrays: PennyLane's quantum functions, templates and NumPy.

A `Symbol` is an expression that NumPy takes for the entry of an array of objects: its arithmetic is elementwise with
arrays, and it has the methods by which NumPy's functions call the entries of such arrays. A vector Param becomes an
array of them, which can be sliced, reshaped and stacked. Where numbers are needed (a matrix, a comparison) it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.params import Angle, Expr, Param, apply, as_angle

FUNCTIONS = ("sin", "cos", "tan", "exp", "log", "sqrt", "arcsin", "arccos", "arctan")


class Symbol(Expr):
    """An expression as a number of NumPy's."""

    __slots__ = ()
    __hash__ = Expr.__hash__
    shape: tuple[int, ...] = ()
    ndim = 0
    size = 1
    dtype = np.dtype(object)
    requires_grad = False

    @property
    def real(self) -> Symbol:
        return self

    @property
    def imag(self) -> float:
        return 0.0

    @property
    def T(self) -> Symbol:
        return self

    def conjugate(self) -> Symbol:
        return self

    conj = conjugate

    def item(self) -> Symbol:
        return self

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if dtype is not None and np.dtype(dtype) != object:
            raise _needed("an array of numbers", self)
        found = np.empty((), dtype=object)
        found[()] = self
        return found

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: Any) -> Any:
        """Itself as the only entry: a Param of size 1 is a number and a vector."""
        asked = index if isinstance(index, tuple) else (index,)
        if all(k is Ellipsis or (isinstance(k, int) and k in (0, -1)) for k in asked):
            return self
        return np.array([self], dtype=object)[index]

    def __add__(self, other: Any) -> Any:
        return _operate("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operate("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return NotImplemented if _is_array(other) else _operate("add", self, _negative(other))

    def __rsub__(self, other: Any) -> Any:
        return _operate("add", other, -self)

    def __mul__(self, other: Any) -> Any:
        return _operate("mul", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operate("mul", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operate("div", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operate("div", other, self)

    def __pow__(self, other: Any) -> Any:
        return _operate("pow", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operate("pow", other, self)

    def __neg__(self) -> Any:
        return _operate("mul", -1.0, self)

    def __pos__(self) -> Symbol:
        return self

    def __abs__(self) -> Magnitude:
        return Magnitude(self)

    def __bool__(self) -> bool:
        raise _needed("a truth value", self)

    def __float__(self) -> float:
        raise _needed("a number", self)

    __int__ = __complex__ = __index__ = __float__

    def _compare(self, other: Any) -> Any:
        raise _needed("a comparison", self)

    __lt__ = __le__ = __gt__ = __ge__ = _compare


class Magnitude:
    """An absolute value: of it only is asked whether it is small, and an expression is not known to be."""

    def __init__(self, of: Symbol) -> None:
        self.of = of

    def __le__(self, other: Any) -> bool:
        return False

    def __float__(self) -> float:
        raise _needed("an absolute value", self.of)


def _method(name: str) -> Callable[[Symbol], Any]:
    def method(self: Symbol) -> Any:
        return symbol(apply(name, self))

    method.__name__ = name
    return method


for _name in FUNCTIONS:
    setattr(Symbol, _name, _method(_name))
COMPOSED: dict[str, Callable[[Any], Any]] = {
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "deg2rad": lambda x: np.pi / 180 * x,
    "radians": lambda x: np.pi / 180 * x,
    "rad2deg": lambda x: 180 / np.pi * x,
    "degrees": lambda x: 180 / np.pi * x,
    "sinh": lambda x: (x.exp() - (-x).exp()) / 2,
    "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "tanh": lambda x: 1 - 2 / ((2 * x).exp() + 1),
    "exp2": lambda x: 2**x,
    "expm1": lambda x: x.exp() - 1,
    "log1p": lambda x: (1 + x).log(),
    "log2": lambda x: x.log() / np.log(2),
    "log10": lambda x: x.log() / np.log(10),
}
for _name, _function in COMPOSED.items():
    setattr(Symbol, _name, _function)


class Turned:
    """An expression times a complex number, on its way to a place where the imaginary unit is taken off again."""

    def __init__(self, factor: complex, expression: Symbol) -> None:
        self.factor, self.expression = factor, expression

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Symbol):
            return Turned(self.factor, self.expression * other)
        if _is_operator(other):
            return _scaled(self, other)
        if _is_array(other):
            return NotImplemented
        return _turned(self.factor * complex(other), self.expression)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self * (1 / other)

    def __abs__(self) -> Magnitude:
        return Magnitude(self.expression)

    def __neg__(self) -> Turned:
        return Turned(-self.factor, self.expression)

    @property
    def real(self) -> Any:
        return self.factor.real * self.expression if self.factor.real else 0.0

    @property
    def imag(self) -> Any:
        return self.factor.imag * self.expression

    def conjugate(self) -> Turned:
        return Turned(self.factor.conjugate(), self.expression)

    conj = conjugate
    shape: tuple[int, ...] = ()
    ndim = 0


def _turned(factor: complex, expression: Symbol) -> Any:
    return Turned(factor, expression) if factor.imag else factor.real * expression


def _needed(what: str, expression: Expr) -> CircuitError:
    return CircuitError(
        f"{what} is needed where a Param stands",
        got=plain(expression),
        do="use functions of NumPy's for it, or pass a number",
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def _is_operator(value: Any) -> bool:
    return hasattr(value, "wires") and hasattr(value, "matrix")


def _scaled(factor: Any, operator: Any) -> Any:
    from pennylane import s_prod

    return s_prod(factor, operator)


def _negative(value: Any) -> Any:
    return _operate("mul", -1.0, value) if isinstance(value, (Expr, Param)) else -value


def _operate(op: str, a: Any, b: Any) -> Any:
    if _is_array(a) or _is_array(b) or isinstance(a, Turned) or isinstance(b, Turned):
        return NotImplemented
    if op in ("mul", "div") and (_is_operator(a) or _is_operator(b)):
        return _scaled(a, b) if _is_operator(b) else _scaled(b if op == "mul" else 1 / b, a)
    a, b = _scalar(a), _scalar(b)
    for number, other in ((a, b), (b, a)):
        if isinstance(number, complex):
            if op == "mul" or (op == "div" and number is b):
                return _turned(number if op == "mul" else 1 / number, other)
            raise _needed("the real part of a complex number", other)
    return symbol(apply(op, a, b))


def _scalar(value: Any) -> Any:
    """A number of any library as Python's, an expression as it is; a complex number stays one if it has to."""
    if isinstance(value, Expr):
        return value
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if isinstance(value, (complex, np.complexfloating)):
        return complex(value) if value.imag else float(value.real)
    return float(value) if isinstance(value, bool) else value


def symbol(value: Angle) -> Any:
    """An expression as a symbol, a number as it is."""
    return Symbol(value.op, value.args) if isinstance(value, Expr) else value


def plain(value: Angle) -> Angle:
    """The same without symbols."""
    return value.replace(lambda param, index: param[index]) if isinstance(value, Expr) else value


def traced(value: Any, single: bool = True) -> Any:
    """An argument of a quantum function with Params as arrays of symbols, one of size 1 as a symbol if `single`.

    Lists, tuples and dicts are looked into; a list with an expression among numbers becomes an array.

    Examples
    --------
    >>> x = Param("x", 2)
    >>> np.sin(2 * traced(x)).tolist()
    [sin(2*x[0]), sin(2*x[1])]
    """
    if isinstance(value, Symbol):
        return value
    if isinstance(value, Param):
        return symbol(value[0]) if value.size == 1 and single else _array([symbol(entry) for entry in value])
    if isinstance(value, Expr):
        return symbol(value)
    if isinstance(value, Mapping):
        return {key: traced(inner, single) for key, inner in value.items()}
    if isinstance(value, (list, tuple)) and holds(value):
        inner = [traced(v, single) for v in value]
        return _array(inner) if isinstance(value, list) and _even(inner) else type(value)(inner)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return _array([traced(v) for v in value.reshape(-1)]).reshape(value.shape)
    return value


def holds(value: Any) -> bool:
    """Whether an argument has a Param or an expression in it."""
    if isinstance(value, (Param, Expr)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype == object and any(isinstance(v, (Param, Expr)) for v in value.reshape(-1))
    if isinstance(value, Mapping):
        return any(map(holds, value.values()))
    return isinstance(value, (list, tuple)) and any(map(holds, value))


def _even(values: Sequence[Any]) -> bool:
    """Whether numbers and arrays make one array."""
    return all(np.ndim(v) == np.ndim(values[0]) and np.shape(v) == np.shape(values[0]) for v in values) and not any(
        isinstance(v, (str, Mapping)) for v in values
    )


def _array(values: Sequence[Any]) -> Any:
    found = np.empty((len(values), *np.shape(values[0])), dtype=object)
    for k, v in enumerate(values):
        found[k] = v
    return found


def register() -> None:
    """Tell PennyLane's dispatcher that symbols, and expressions beside them, are numbers of NumPy's."""
    from pennylane import math

    for kind in (Expr, Symbol, Turned):
        math.ar.register_backend(kind, "numpy")
    math.ar.register_function("numpy", "object", object)  # the type, which it would look for under this name


def angle(value: Any) -> Angle:
    """What a gate was given as an angle, without symbols."""
    return plain(as_angle(value))
