"""What the arguments of a layer must satisfy, before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite
from numbers import Integral, Real
from typing import Any

from qdl.errors import UnsupportedError, ValuesError


def require_known(what: str, value: object, known: Sequence[str]) -> None:
    """Refuses a name that is none of the known ones."""
    if value not in known:
        raise UnsupportedError(f"unknown {what}", got=repr(value), expected=" or ".join(map(repr, known)))


def require_count(what: str, value: Any, least: int = 1) -> int:
    """A whole number that is large enough."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValuesError(f"{what} makes no sense", got=repr(value), expected=f"an integer, at least {least}")
    return int(value)


def require_real(what: str, value: Any, *, least: float = -inf, positive: bool = False) -> float:
    """A finite number that is large enough."""
    number = isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    if not number or value < least or (positive and value <= 0):
        bound = "a positive number" if positive else "a finite number" if least == -inf else f"at least {least:g}"
        raise ValuesError(f"the {what} makes no sense", got=repr(value), expected=bound)
    return float(value)
