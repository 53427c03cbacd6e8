"""Angles and conditions as short labels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from qdl.ir.bits import Condition
from qdl.ir.params import Angle, Expr, Param, to_text

_LONGEST = 28
_LETTERS = """alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho final_sigma sigma
tau upsilon phi chi psi omega"""
_GREEK = {name: chr(0x3B1 + place) for place, name in enumerate(_LETTERS.split())}
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def angles_label(angles: Sequence[Angle], pretty: bool) -> str:
    """Angles, separated by commas; a run of a Param's entries as ``theta[0:3]``, numbers with three digits.

    `pretty` writes Greek letters and subscripts.
    """
    run = _run(angles)
    if run:
        param, first = run
        last = first + len(angles) - 1
        name = _name(param, pretty)
        if pretty and name.isalpha():
            return f"{name}{str(first).translate(_SUBSCRIPT)}…{str(last).translate(_SUBSCRIPT)}"
        return f"{name}[{first}:{last + 1}]"
    return _cut(", ".join(_one(angle, pretty) for angle in angles))


def condition_label(asked: Condition) -> str:
    """What bits must be, as ``if a,b=10``; several values in braces.

    Examples
    --------
    >>> condition_label(Condition(("a", "b"), frozenset({2}))), condition_label(Condition(("m",), frozenset({0})))
    ('if a,b=10', 'if m=0')
    >>> condition_label(Condition(("c_2", "c_1", "c_0"), frozenset({1, 5})))
    'if c_2,c_1,c_0={001,101}'
    """
    values = [f"{value:0{len(asked.bits)}b}" for value in sorted(asked.accepted)]
    digits = values[0] if len(values) == 1 else f"{{{','.join(values)}}}"
    return _cut(f"if {','.join(asked.bits)}={digits}")


def _cut(label: str) -> str:
    return label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"


def _run(angles: Sequence[Angle]) -> tuple[Param, int] | None:
    """The Param and its first index, if the angles are three or more of its entries in order."""
    entries = [angle.args for angle in angles if isinstance(angle, Expr) and angle.op == "entry"]
    if len(angles) < 3 or len(entries) != len(angles):
        return None
    param, first = entries[0]
    return (param, first) if entries == [(param, first + i) for i in range(len(angles))] else None


def _one(angle: Angle, pretty: bool) -> str:
    if not isinstance(angle, Expr):
        return number_label(angle)
    label = to_text(angle, lambda param, index: _entry(param, index, pretty), number=number_label)
    return label.replace("**2", "²").replace("*", "·") if pretty else label


def _name(param: Param, pretty: bool) -> str:
    stem, mark, number = param.name.partition("_")
    return _GREEK.get(stem, stem) + mark + number if pretty else param.name


def _entry(param: Param, index: int, pretty: bool) -> str:
    name = _name(param, pretty)
    if param.size == 1:
        return name
    return name + str(index).translate(_SUBSCRIPT) if pretty and name.isalpha() else f"{name}[{index}]"


def number_label(value: float) -> str:
    """A number with three digits, or as a fraction of pi.

    Examples
    --------
    >>> number_label(-math.pi / 2), number_label(0.123456), number_label(2.0)
    ('-π/2', '0.123', '2')
    """
    for below in (1, 2, 3, 4, 6, 8):
        above = value / math.pi * below
        if round(above) and abs(above) < 13 and abs(above - round(above)) < 1e-9:
            head = {1: "π", -1: "-π"}.get(round(above), f"{round(above)}π")
            return head if below == 1 else f"{head}/{below}"
    return f"{value:.3g}"
