"""Names and numbers in written OpenQASM: what is reserved, how a Param's entry and an angle are spelled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from qdl.errors import QasmError
from qdl.ir.params import Angle, Expr, Param, number_text, to_text
from qdl.ir.qasm.expressions import CONSTANTS
from qdl.ir.qasm.inputs import is_entry

_WORDS = """
OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in switch
case default pragma input output const readonly mutable qreg qubit creg bool bit int uint float angle complex array void
duration stretch gphase inv pow ctrl negctrl durationof delay reset measure barrier true false im opaque sizeof nop
U CX arccos arcsin arctan ceiling cos exp floor ln log mod popcount rotl rotr sin sqrt tan real imag
"""
RESERVED = frozenset(_WORDS.split()) | frozenset(CONSTANTS)

_DENOMINATORS = (1, 2, 3, 4, 6, 8, 12, 16, 32, 64)


def fresh(wanted: str, taken: Iterable[str], version: int = 3) -> str:
    """The wanted name, or the first of ``wanted_v1``, ``wanted_v2``, ... that is neither reserved nor taken."""
    stem = wanted if _is_name(wanted, version) else "name"
    used = RESERVED.union(taken)
    name, count = stem, 0
    while name in used:
        count += 1
        name = f"{stem}_v{count}"
    return name


def _is_name(text: str, version: int) -> bool:
    if version == 2:
        return re.fullmatch(r"[a-z]\w*", text, re.ASCII) is not None
    # Letters of all scripts, but digits and joining marks of ASCII only.
    return text.isidentifier() and all(mark.isalpha() or mark == "_" or mark in "0123456789" for mark in text)


def formal_names(angles: Sequence[str], version: int = 3) -> list[str]:
    """Names for the angles of a gate definition, in alphabetical order.

    Qiskit's importer hands the angles of a defined gate over in the alphabetical order of their names.
    """
    names = [fresh(angle, (), version) for angle in angles]
    if names == sorted(set(names)):
        return names
    return [f"angle{place:0{len(str(len(names) - 1))}d}" for place in range(len(names))]


def entry_names(params: Iterable[Param], taken: Iterable[str]) -> dict[tuple[Param, int], str]:
    """Every entry of the Params to the name of its input."""
    used = RESERVED.union(taken)
    names = {}
    for param in params:
        if not _is_name(param.name, 3):
            raise QasmError(f"the Param {param.name!r} has no name in OpenQASM", do="use letters, digits and _")
        bare = param.size == 1 and param.name not in used and not is_entry(param.name)
        for index in range(param.size):
            names[param, index] = param.name if bare else f"{param.name}_{index}"
    return names


def angle_text(angle: Angle, entries: dict[tuple[Param, int], str], power: str = "**") -> str:
    """An angle that reads back to the same number or expression."""
    if not isinstance(angle, Expr):
        return fraction_text(angle)
    return to_text(angle, lambda param, index: entries[param, index], power, _inner_number)


def fraction_text(value: float) -> str:
    """A float as a short fraction of pi where that is exactly the same float, else as a decimal number."""
    for below in _DENOMINATORS:
        above = round(value / math.pi * below)
        if above and abs(above) <= 64 and above * math.pi / below == value:
            head = {1: "pi", -1: "-pi"}.get(above, f"{above}*pi")
            return head if below == 1 else f"{head}/{below}"
    return number_text(value)


def _inner_number(value: float) -> str:
    # Inside an expression only pi itself is as short and as tightly bound as a number.
    return {math.pi: "pi", -math.pi: "-pi"}.get(value) or number_text(value)
