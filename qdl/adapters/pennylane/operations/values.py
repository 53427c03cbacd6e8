"""Numbers of any library, as an operator of PennyLane's holds them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import Matrix
from qdl.ir.params import Angle, Expr, Param, as_angle


def has_graph(value: Any) -> bool:
    """Whether a value is a tensor of torch's that may be asked for its gradient."""
    return bool(getattr(value, "requires_grad", False) and hasattr(value, "grad_fn"))


def varies(value: Any) -> bool:
    """Whether a value of any library may be asked for its gradient."""
    return has_graph(value) or type(value).__name__ in ("ArrayBox", "GradTrackingTensor")


def plain(values: Iterable[Any]) -> tuple[Angle, ...]:
    """Angles as floats and expressions."""
    return tuple(number(value) for value in values)


def number(value: Any) -> Angle:
    """One angle: a number of any library as a float, an expression as it is."""
    if type(value) is float:
        return value
    if isinstance(value, (Expr, Param)):
        return as_angle(value)
    if isinstance(value, np.ndarray) and value.dtype == object and value.size == 1:
        return as_angle(value.item())
    if has_graph(value):
        raise CircuitError(
            "an angle is a tensor with a gradient",
            got=f"{value!r}"[:80],
            do="put a Param in its place and pass it later",
        )
    if getattr(value, "shape", ()) not in ((), (1,)):
        raise CircuitError(
            "an angle is a batch of numbers", got=f"shape {tuple(value.shape)}", do="put a Param in its place"
        )
    if getattr(value, "shape", ()) == (1,):
        value = value[0]
    if np.iscomplexobj(value):
        full = complex(value)
        if full.imag:
            raise CircuitError("an angle must be real", got=full)
        return as_angle(full.real)
    return as_angle(float(value))


def symbolic(angles: Iterable[Any]) -> bool:
    """Whether any of them is an expression."""
    return any(isinstance(a, (Expr, Param)) or (isinstance(a, np.ndarray) and a.dtype == object) for a in angles)


def array(value: Any) -> Matrix:
    """Numbers of any library as a numpy array, dense."""
    if hasattr(value, "toarray"):
        value = value.toarray()
    if has_graph(value):
        raise CircuitError(
            "a matrix is a tensor with a gradient", do="detach it, or put its decomposition in its place"
        )
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
