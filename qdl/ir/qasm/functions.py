"""What OpenQASM computes with plain numbers: functions, casts, arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from qdl.ir.params import Expr
from qdl.ir.qasm.text import refuse

Array = tuple[Any, ...]

FEW = 63  # binary digits of an integer
MAX_ELEMENTS = 10_000  # of an array


class Function(NamedTuple):
    """A function of numbers, and how many it takes."""

    arguments: int
    compute: Callable[..., Any]
    whole: bool = False

    def __call__(self, node: Any, *values: Any) -> Any:
        if self.whole and not all(isinstance(value, int) and value >= 0 for value in values):
            got = ", ".join(map(str, values))
            refuse(node, "this function takes integers that are not negative", got=got)
        try:
            return self.compute(*values)
        except (ValueError, ArithmeticError):
            return refuse(node, "this function has no value here", got=", ".join(map(str, values)))


NUMBERS = {
    "ceiling": Function(1, math.ceil),
    "floor": Function(1, math.floor),
    "mod": Function(2, lambda a, b: a % b if isinstance(a, int) and isinstance(b, int) else math.fmod(a, b)),
    "popcount": Function(1, int.bit_count, whole=True),
}


def element(node: Any, value: Any, index: int) -> Any:
    """An element of an array, or a binary digit of an integer, the least significant being number 0."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= index <= FEW or value < 0:
            refuse(node, "an integer has no such binary digit", got=index, expected=f"0 to {FEW}")
        return bool(value >> index & 1)
    if not isinstance(value, tuple):
        refuse(node, "only arrays and integers have an index", got=value)
    if not -len(value) <= index < len(value):
        refuse(node, "index out of range for an array", got=index, expected=f"0 to {len(value) - 1}")
    return value[index]


def size_of(node: Any, value: Any, dimension: int) -> int:
    """The length of an array in one of its dimensions."""
    for _ in range(dimension):
        value = value[0] if isinstance(value, tuple) and value else None
    if not isinstance(value, tuple) or dimension < 0:
        refuse(node, "sizeof takes an array and one of its dimensions")
    return len(value)


def given(node: Any, target: Any, value: Any, cast: bool = False) -> Any:
    """A value in the type of a declaration, or of a cast, which alone turns real numbers into integers."""
    kind = type(target).__name__.removesuffix("Type")
    if isinstance(value, tuple):
        refuse(node, f"an array is no {kind.lower()}", do="take one of its elements")
    if kind in ("Float", "Angle"):
        return value if isinstance(value, Expr) else float(value)
    if isinstance(value, Expr):
        refuse(node, f"a value of type {kind.lower()} must be a constant", got=value)
    if kind == "Bool" or (kind == "Bit" and target.size is None):
        return bool(value)
    if kind not in ("Int", "Uint"):
        refuse(
            node, f"the type {kind.lower()!r} is not supported for numbers", expected="float, angle, int, uint, bool"
        )
    if isinstance(value, float) and not cast:
        refuse(node, "the value must be an integer", got=value, do="write int(...) to cut it off")
    whole = int(value)
    if kind == "Uint" and whole < 0:
        refuse(node, "a number of type uint is never negative", got=value)
    return whole


def array(node: Any, base: Any, sizes: list[int], value: Any) -> Array:
    """An array of these sizes, its elements in the type of the declaration."""
    if not isinstance(value, tuple) or len(value) != sizes[0]:
        got = f"{len(value)} elements" if isinstance(value, tuple) else value
        refuse(node, "the array does not have its size", got=got, expected=f"{sizes[0]} elements")
    if len(sizes) > 1:
        return tuple(array(node, base, sizes[1:], inner) for inner in value)
    return tuple(given(node, base, inner) for inner in value)


def changed(node: Any, value: Any, places: list[int], new: Any) -> Any:
    """An array with another element."""
    if not places:
        return new
    old = element(node, value, places[0]) if isinstance(value, tuple) else refuse(node, "only arrays have elements")
    index = places[0] % len(value)
    return (*value[:index], changed(node, old, places[1:], new), *value[index + 1 :])
