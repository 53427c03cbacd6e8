"""Conditions as OpenQASM: one value as conditions inside each other, several values as an expression.

Several values are written by the expansion of Boole and Shannon in one bit after the other,

    f = (b and f|b=1) or (not b and f|b=0),

without the parts that are constant, and as b != f|b=0, or b == f|b=1, where the two parts are each other's opposite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qdl.errors import QasmError
from qdl.ir.bits import Condition, condition
from qdl.ir.circuit import Operation
from qdl.ir.qasm.names import BitNames

_FEW = 4  # values of a register that are listed one by one
_MOST = 64  # times that version 2 repeats a statement


def levels(asked: Condition, bits: BitNames) -> list[Condition]:
    """A condition as others that must all hold: of registers and of single bits, if it accepts one value only."""
    if len(asked.accepted) == 2 ** len(asked.bits):
        return []
    if len(asked.accepted) != 1:
        return [asked]
    (value,) = asked.accepted
    digits = f"{value:0{len(asked.bits)}b}"
    return [condition(asked.bits[start:end], digits[start:end]) for start, end in _parts(asked.bits, bits)]


def _parts(names: Sequence[str], bits: BitNames) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(names):
        whole = [len(own) for own in bits.registers.values() if bits.register(names[start : start + len(own)])]
        end = start + max(whole, default=1)
        yield start, end
        start = end


def comparisons(op: Operation, bits: BitNames) -> list[str]:
    """What version 2 puts in front of an operation, once for each value of a register for which it happens."""
    if op.condition is None:
        return [""]
    names = dict.fromkeys(bits.names[bit].partition("[")[0] for bit in op.condition.bits)
    if len(names) > 1:
        do = "write version 3, or call the bits c_0, c_1, ..., which makes them one register"
        got = f"the bits {', '.join(op.condition.bits)}"
        raise QasmError("OpenQASM 2 compares one register at a time", got=got, do=do)
    (name,) = names
    own = bits.registers[name]
    free = [place for place, bit in enumerate(own) if bit not in op.condition.bits]
    count = len(op.condition.accepted) << len(free)
    if count > _MOST or (count > 1 and op.bit in own):
        got = f"{count} values of {name!r} for {op.gate.name!r}"
        raise QasmError("OpenQASM 2 compares with one number at a time", got=got, do="write version 3")
    places = [own.index(bit) for bit in reversed(op.condition.bits)]
    asked = [_spread(value, places) for value in op.condition.accepted]
    values = sorted(value | _spread(rest, free) for value in asked for rest in range(1 << len(free)))
    return [f"if({name}=={value}) " for value in values]


def _spread(value: int, places: Sequence[int]) -> int:
    """A number whose binary digits, the least significant first, stand at these places."""
    return sum((value >> digit & 1) << place for digit, place in enumerate(places))


def condition_text(asked: Condition, bits: BitNames) -> str:
    """A condition as an expression."""
    register = bits.register(asked.bits)
    if register:
        found = _comparison(register, sorted(asked.accepted), 2 ** len(asked.bits))
        if found:
            return found
    table = tuple(value in asked.accepted for value in range(2 ** len(asked.bits)))
    return _expanded([bits.names[bit] for bit in asked.bits], table)[0]


def _comparison(register: str, values: list[int], count: int) -> str | None:
    """What a register must be, if that is short."""
    if values == list(range(len(values))) and 1 < len(values) < count:
        return f"{register} < {len(values)}"
    if values == list(range(count - len(values), count)) and 1 < len(values) < count:
        return f"{register} >= {values[0]}"
    if len(values) == count - 1:
        (missing,) = set(range(count)) - set(values)
        return f"{register} != {missing}"
    return " || ".join(f"{register} == {value}" for value in values) if 0 < len(values) <= _FEW else None


def _expanded(names: Sequence[str], table: tuple[bool, ...]) -> tuple[str, str]:
    """The text of a truth table, and the operator on its outermost level."""
    if len(set(table)) == 1:
        return ("true" if table[0] else "false"), ""
    name, rest, half = names[0], names[1:], len(table) // 2
    low, high = table[:half], table[half:]
    if low == high:
        return _expanded(rest, low)
    if len(set(low)) == len(set(high)) == 1:
        return (name if high[0] else f"!{name}"), ""
    for literal, here, there in ((name, high, low), (f"!{name}", low, high)):
        if not any(there):
            return _joined(literal, "&&", _expanded(rest, here)), "&&"
        if all(here):
            return _joined(literal, "||", _expanded(rest, there)), "||"
    if all(a != b for a, b in zip(low, high, strict=True)):
        signs = {"!=": _joined(name, "!=", _expanded(rest, low)), "==": _joined(name, "==", _expanded(rest, high))}
        sign = min(signs, key=lambda one: len(signs[one]))
        return signs[sign], sign
    parts = (_joined(literal, "&&", _expanded(rest, part)) for literal, part in ((name, high), (f"!{name}", low)))
    return " || ".join(f"({part})" for part in parts), "||"


def _joined(literal: str, sign: str, rest: tuple[str, str]) -> str:
    text, inner = rest
    bare = not inner or (inner == sign and sign in ("&&", "||"))
    return f"{literal} {sign} {text if bare else f'({text})'}"
