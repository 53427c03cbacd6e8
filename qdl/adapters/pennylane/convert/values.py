"""Values for Params in whatever library they come (NumPy, autograd, torch, jax), and what expressions are at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qdl.errors import CircuitError, ValuesError
from qdl.ir.params import BINARY, Angle, Expr, Param


def entries(params: Sequence[Param], given: Mapping[str, Any]) -> dict[tuple[Param, int], Any]:
    """The entries of all Params, each a number or, where there is a batch, of shape (batch,).

    Parameters
    ----------
    params : sequence of Param
    given : mapping
        A Param's name to its value: (size,) or (batch, size); for size 1 also () or (batch,).
    """
    from pennylane import math

    arrays = dict(zip(params, _one_library([_array(p, given[p.name]) for p in params]), strict=True))
    shapes = {p: tuple(math.shape(a)) for p, a in arrays.items()}
    batches = {p: shapes[p][0] if _batched(p, shapes[p]) else None for p in params}
    sizes = {b for b in batches.values() if b is not None}
    if len(sizes - {1}) > 1:
        named = ", ".join(f"{p.name}: {b}" for p, b in batches.items() if b is not None)
        raise ValuesError("the batches of the values do not fit each other", got=named, expected="one size, or 1")
    squeezed = bool(sizes - {1})  # PennyLane does not stretch a batch of one
    found: dict[tuple[Param, int], Any] = {}
    for p, array in arrays.items():
        if batches[p] == 1 and squeezed:
            array, shape = array[0], shapes[p][1:]
        else:
            shape = shapes[p]
        for k in range(p.size):
            found[p, k] = _entry(p, array, shape, k)
    return found


def _array(param: Param, value: Any) -> Any:
    """A value as an array of its own library."""
    from pennylane import math

    if isinstance(value, (list, tuple)):
        try:
            value = np.asarray(value) if math.get_interface(*value) == "numpy" else math.stack(value)
        except (TypeError, ValueError):
            raise _misfit(param, f"{value!r}"[:80]) from None
    if isinstance(value, (str, bytes, Mapping)) or value is None:
        raise _misfit(param, f"{value!r}"[:80])
    shape = tuple(math.shape(value))
    good = shape in ((), (param.size,)) if len(shape) < 2 else len(shape) == 2 and shape[1] == param.size
    if (shape == () and param.size > 1) or not (good or (param.size == 1 and len(shape) == 1)):
        raise _misfit(param, f"shape {shape}")
    return value


def _one_library(arrays: Sequence[Any]) -> list[Any]:
    """Arrays of NumPy in the library of the others, as gates do not mix them."""
    from pennylane import math

    other = next((a for a in arrays if math.get_interface(a) not in ("numpy", "builtins")), None)
    if other is None or any(map(_of_objects, arrays)):
        return list(arrays)
    return [math.convert_like(a, other) if math.get_interface(a) in ("numpy", "builtins") else a for a in arrays]


def _of_objects(array: Any) -> bool:
    """Whether entries are symbols."""
    return bool(getattr(array, "dtype", None) == np.dtype(object))


def alike(angles: Sequence[Any]) -> list[Any]:
    """The angles of one gate, plain numbers as arrays like the others: PennyLane's matrices are made of one kind."""
    from pennylane import math

    arrays = [a for a in angles if hasattr(a, "shape") and not _of_objects(a)]
    if len(angles) < 2 or not arrays:
        return list(angles)
    like = max(arrays, key=math.ndim)
    return [a + 0.0 * like if math.ndim(a) < math.ndim(like) or not hasattr(a, "shape") else a for a in angles]


def _misfit(param: Param, got: str) -> ValuesError:
    expected = f"shape ({param.size},) or (batch, {param.size})" + (", or ()" if param.size == 1 else "")
    remedy = "PennyLane broadcasts one dimension; flatten the others" if got.count(",") > 1 else None
    return ValuesError(f"the value of Param {param.name!r} does not fit", got=got, expected=expected, do=remedy)


def _batched(param: Param, shape: tuple[int, ...]) -> bool:
    return len(shape) == 2 or (len(shape) == 1 and param.size == 1 and shape[0] != 1)


def _entry(param: Param, array: Any, shape: tuple[int, ...], k: int) -> Any:
    if not shape or (len(shape) == 1 and _batched(param, shape)):
        return array
    return array[k] if len(shape) == 1 else array[:, k]


class Numbers:
    """What angles are at the entries of Params; an expression that is met twice is computed once."""

    def __init__(self, found: Mapping[tuple[Param, int], Any]) -> None:
        self._entries = found
        self._known: dict[Expr, Any] = {}

    def __call__(self, angle: Angle) -> Any:
        """A number or an expression in the library of the values."""
        if not isinstance(angle, Expr):
            return angle
        if angle not in self._known:
            self._known[angle] = self._computed(angle)
        return self._known[angle]

    def _computed(self, angle: Expr) -> Any:
        from pennylane import math

        if angle.op == "entry":
            return self._entries[angle.args]
        args = [self(arg) for arg in angle.args]
        if angle.op in BINARY:
            return BINARY[angle.op](*args)
        return getattr(math, "sqrt" if angle.op == "root" else angle.op)(*args)


def named(params: Sequence[Param], values: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Values by position, in the Params' order, and by name, as one dict: each Param exactly once."""
    names = [p.name for p in params]
    known = f"({', '.join(names)})"
    if len(values) > len(names):
        raise CircuitError("too many values", got=len(values), expected=f"{len(names)}: {known}")
    found = dict(zip(names, values, strict=False))
    twice, unknown = sorted(set(found) & set(keywords)), sorted(set(keywords) - set(names))
    if twice or unknown:
        problem = f"Params {twice} have two values" if twice else f"there are no Params {unknown}"
        raise CircuitError(problem, expected=known)
    found |= keywords
    missing = [name for name in names if name not in found]
    if missing:
        raise CircuitError("no value for some Params", got=f"none for {missing}", expected=known)
    return found
