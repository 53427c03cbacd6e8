"""Classical expressions over measured bits, as truth tables.

A table is an integer of 2**MOST_BITS binary digits, one for each row, that is for each way in which MOST_BITS bits can
be. In row r the bit of slot j is

    b_j = digit (MOST_BITS - 1 - j) of r,

so that earlier slots are more significant. A word is a row of tables, one for each of its binary digits; all arithmetic
is that of logic gates on whole tables, and its cost does not depend on how many bits an expression asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cache
from itertools import zip_longest
from typing import Any, NamedTuple

from qdl.ir.bits import MOST_BITS, Condition
from qdl.ir.qasm.bits import Bits
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.operands import Operand
from qdl.ir.qasm.text import refuse

ALWAYS = (1 << (1 << MOST_BITS)) - 1  # the table that holds in every row
MAX_WIDTH = 4096  # binary digits of a word that a cast makes
MAX_DIGITS = 20_000  # of all words of one expression

Slots = dict[int, int]  # number of a bit to its slot


class Word(NamedTuple):
    """A classical value: tables of its binary digits, the least significant first.

    `kind` is ``"bit"`` (bool, too), ``"register"`` or ``"number"``.
    """

    tables: tuple[int, ...]
    kind: str


class Variable(NamedTuple):
    """What a classical variable was given: a word over slots, and how often its bits had been measured then."""

    word: Word
    slots: Slots
    writes: dict[int, int]


@cache
def column(slot: int) -> int:
    """The table of the bit in a slot."""
    run = 1 << (MOST_BITS - 1 - slot)
    return ALWAYS // ((1 << 2 * run) - 1) * (((1 << run) - 1) << run)


def cofactors(table: int, slot: int) -> tuple[int, int]:
    """The table where the bit in the slot is 0, and where it is 1."""
    run, ones = 1 << (MOST_BITS - 1 - slot), column(slot)
    low, high = table & ~ones, table & ones
    return low | low << run, high | high >> run


def condition(table: int, slots: Slots, names: list[str | None]) -> Condition:
    """A table as a condition on the bits that matter, in the order of their slots."""
    rows, bits = [0], []
    for number, slot in slots.items():
        low, high = cofactors(table, slot)
        if low != high:
            bits.append(str(names[number]))
            rows = [row | digit << (MOST_BITS - 1 - slot) for row in rows for digit in (0, 1)]
    digits = f"{table:0{1 << MOST_BITS}b}"[::-1]
    return Condition(tuple(bits), frozenset(value for value, row in enumerate(rows) if digits[row] == "1"))


class Logic:
    """Evaluates the classical expressions of one place in a program.

    Parameters
    ----------
    bits : Bits
    variables : dict from names to Variable or None
        None is a variable whose value depends on what cannot be followed.
    expressions : Expressions
        For numbers.
    slots : dict from numbers of bits to slots
        Those that conditions around this place use; grows with the bits that are asked for.
    """

    def __init__(
        self, bits: Bits, variables: dict[str, Variable | None], expressions: Expressions, slots: Slots
    ) -> None:
        self.bits, self.variables, self.expressions, self.slots = bits, variables, expressions, slots
        self._digits = 0

    def truth(self, node: Any, word: Word) -> int:
        """The one table of what must be true or false."""
        if word.kind == "register" and len(word.tables) > 1:
            do = "compare the register with a number: c == 1"
            refuse(node, f"a register of {len(word.tables)} bits is neither true nor false", do=do)
        return _any(word)

    def word(self, node: Any) -> Word:
        """An expression's value."""
        kind = type(node).__name__
        plain = kind in _PLAIN or (kind == "IndexExpression" and mentions(node, self.expressions.names))
        if plain and not mentions(node, self.bits.registers, self.variables):
            return self._number(node)
        visit = getattr(self, f"_{kind}", None)
        if visit is None:
            refuse(node, f"{kind} is not supported in a condition", do="use bits, integers, comparisons and && || ! ^")
        word: Word = visit(node)
        return word

    def _Identifier(self, node: Any) -> Word:
        if node.name in self.bits.registers:
            return self.read(self.bits.registers[node.name], node)
        if node.name in self.variables:
            return self._variable(node)
        if node.name not in self.expressions.names:
            refuse(node, f"unknown bit or variable {node.name!r}", do="declare it first: bit name;")
        return self._number(node)

    def _IndexExpression(self, node: Any) -> Word:
        return self.read(self.bits.find(node, self.expressions), node)

    def read(self, found: Operand, node: Any) -> Word:
        """Bits as a word."""
        self._count(node, len(found.wires))
        tables = [self._bit(number, node) for number in reversed(found.wires)]  # slots: most significant first
        return Word(tuple(reversed(tables)), "register" if found.array else "bit")

    def _count(self, node: Any, digits: int) -> None:
        self._digits += digits
        if self._digits > MAX_DIGITS:
            refuse(node, "the condition is too long", expected=f"at most {MAX_DIGITS} bits in all its places")

    def _bit(self, number: int, node: Any) -> int:
        if self.bits.writes[number]:
            return column(self._slot(number, node))
        return ALWAYS if self.bits.constants[number] else 0

    def _slot(self, number: int, node: Any) -> int:
        if number not in self.slots and len(self.slots) == MOST_BITS:
            refuse(node, "the condition asks for too many bits", expected=f"at most {MOST_BITS}, those around included")
        return self.slots.setdefault(number, len(self.slots))

    def _variable(self, node: Any) -> Word:
        saved = self.variables[node.name]
        if saved is None:
            refuse(node, f"what {node.name!r} holds here cannot be said", do="assign it in the block that reads it")
        changed = [number for number, count in saved.writes.items() if self.bits.writes[number] != count]
        if changed:
            got = f"{self.bits.names[changed[0]]} is measured again"
            refuse(node, f"what {node.name!r} holds is gone", got=got, do="measure into another bit")
        self._count(node, len(saved.word.tables))
        columns = {slot: column(self._slot(number, node)) for number, slot in saved.slots.items()}
        return saved.word._replace(tables=tuple(_moved(table, columns) for table in saved.word.tables))

    def _number(self, node: Any) -> Word:
        if mentions(node, self.bits.registers, self.variables):
            refuse(node, "arithmetic on bits is not supported", do="compare bits, or join them with && || ! ^")
        value = self.expressions.integer(node, "a number beside bits")
        if isinstance(value, bool):
            return Word((ALWAYS if value else 0,), "bit")
        if value < 0:
            refuse(node, "bits are never negative", got=value)
        digits = range(max(value.bit_length(), 1))
        return Word(tuple(ALWAYS if value >> digit & 1 else 0 for digit in digits), "number")

    _IntegerLiteral = _FloatLiteral = _number

    def _BooleanLiteral(self, node: Any) -> Word:
        return Word((ALWAYS if node.value else 0,), "bit")

    def _BitstringLiteral(self, node: Any) -> Word:
        self._count(node, node.width)
        return Word(tuple(ALWAYS if node.value >> digit & 1 else 0 for digit in range(node.width)), "register")

    def _UnaryExpression(self, node: Any) -> Word:
        if node.op.name == "-":
            return self._number(node)
        word = self.word(node.expression)
        if node.op.name == "!":
            return Word((ALWAYS ^ self.truth(node.expression, word),), "bit")
        if word.kind == "number":
            refuse(node, "the complement of a number has no width", do='write a string of bits: ~"01"')
        return word._replace(tables=tuple(ALWAYS ^ table for table in word.tables))

    def _BinaryExpression(self, node: Any) -> Word:
        sign = node.op.name
        if sign in _NUMERIC:
            return self._number(node)
        left, right = self.word(node.lhs), self.word(node.rhs)
        if sign in _BITWISE:
            tables = (_BITWISE[sign](a, b) for a, b in zip_longest(left.tables, right.tables, fillvalue=0))
            single = left.kind == right.kind == "bit"
            return Word(tuple(tables), "bit" if single else "register")
        if sign in ("&&", "||"):
            a, b = self.truth(node.lhs, left), self.truth(node.rhs, right)
            return Word((a & b if sign == "&&" else a | b,), "bit")
        if sign in _COMPARE:
            return Word((_COMPARE[sign](left, right),), "bit")
        return self._shift(node, left)

    def _shift(self, node: Any, word: Word) -> Word:
        if node.op.name not in ("<<", ">>") or word.kind != "register":
            refuse(node, f"the operator {node.op.name!r} is not supported in a condition", expected=" ".join(_KNOWN))
        count = self.expressions.integer(node.rhs, "the number of digits to shift by")
        if not 0 <= count <= MAX_WIDTH:
            refuse(node, "a shift is out of range", got=count, expected=f"0 to {MAX_WIDTH}")
        width, gap = len(word.tables), (0,) * count
        shifted = (*gap, *word.tables)[:width] if node.op.name == "<<" else (*word.tables, *gap)[count:]
        return word._replace(tables=shifted)

    def _Cast(self, node: Any) -> Word:
        return self.cast(node, node.type, self.word(node.argument))

    def cast(self, node: Any, target: Any, word: Word) -> Word:
        """A word in the type of a cast or a declaration."""
        kind, size = type(target).__name__.removesuffix("Type"), getattr(target, "size", None)
        if kind == "Bool" or (kind == "Bit" and size is None):
            return Word((_any(word) if kind == "Bool" else self.truth(node, word),), "bit")
        if kind not in ("Bit", "Uint", "Int"):
            refuse(node, f"the type {kind.lower()!r} is not supported beside bits", expected="bool, bit, uint or int")
        if size is None:
            return word._replace(kind="register")
        width = self.expressions.integer(size, "the width of a type")
        if not 1 <= width <= MAX_WIDTH:
            refuse(node, "the width of a type is out of range", got=width, expected=f"1 to {MAX_WIDTH}")
        self._count(node, width)
        if kind == "Int" and any(word.tables[width - 1 :]):
            refuse(node, f"a number of type int[{width}] could be negative here", do="use uint")
        return Word((*word.tables, *(0,) * width)[:width], "register")


def _moved(table: int, columns: dict[int, int]) -> int:
    """The same table for other slots."""
    slots = tuple(columns)

    @cache
    def rebuilt(table: int, depth: int) -> int:
        if depth == len(slots) or table in (0, ALWAYS):
            return table
        low, high = (rebuilt(part, depth + 1) for part in cofactors(table, slots[depth]))
        return low if low == high else (columns[slots[depth]] & high) | (~columns[slots[depth]] & low)

    return rebuilt(table, 0)


def mentions(node: Any, *tables: Container[str]) -> bool:
    """Whether an expression names something in one of these tables."""
    if isinstance(node, list):
        return any(mentions(inner, *tables) for inner in node)
    if type(node).__name__ == "Identifier":
        return any(node.name in table for table in tables)
    return any(mentions(inner, *tables) for inner in vars(node).values()) if hasattr(node, "span") else False


def _any(word: Word) -> int:
    found = 0
    for table in word.tables:
        found |= table
    return found


def equal(left: Word, right: Word) -> int:
    """The table of equality."""
    return ALWAYS ^ _any(Word(tuple(a ^ b for a, b in zip_longest(left.tables, right.tables, fillvalue=0)), "register"))


def _less(left: Word, right: Word) -> int:
    found = 0
    for a, b in zip_longest(left.tables, right.tables, fillvalue=0):
        found = (~a & b) | (~(a ^ b) & found)
    return found & ALWAYS


_PLAIN = {"BinaryExpression", "UnaryExpression", "FunctionCall", "Cast", "SizeOf"}
_NUMERIC = ("+", "-", "*", "/", "**")
_BITWISE: dict[str, Callable[[int, int], int]] = {
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}
_COMPARE: dict[str, Callable[[Word, Word], int]] = {
    "==": equal,
    "!=": lambda a, b: ALWAYS ^ equal(a, b),
    "<": _less,
    ">": lambda a, b: _less(b, a),
    "<=": lambda a, b: ALWAYS ^ _less(b, a),
    ">=": lambda a, b: ALWAYS ^ _less(a, b),
}
_KNOWN = ("&&", "||", "!", *_COMPARE, *_BITWISE, "~", "<<", ">>")
