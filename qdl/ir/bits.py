"""Conditions on measured bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from qdl.errors import CircuitError

MOST_BITS = 12  # of one condition


@dataclass(frozen=True)
class Condition:
    """What some bits must be.

    Attributes
    ----------
    bits : tuple of str
        Names of bits, all different.
    accepted : frozenset of int
        The numbers for which it holds, the first bit being the most significant.
    """

    bits: tuple[str, ...]
    accepted: frozenset[int]

    def __repr__(self) -> str:
        width = len(self.bits)
        return f"({', '.join(self.bits)}) in {{{', '.join(f'{v:0{width}b}' for v in sorted(self.accepted))}}}"

    def holds(self, values: Mapping[str, int]) -> bool:
        """Whether it holds for these values of the bits."""
        return sum(values[bit] << k for k, bit in enumerate(reversed(self.bits))) in self.accepted

    def __and__(self, other: Condition) -> Condition:
        """Both together."""
        bits = (*self.bits, *(bit for bit in other.bits if bit not in self.bits))
        return of_bits(bits, lambda values: self.holds(values) and other.holds(values))

    def otherwise(self) -> Condition:
        """The opposite."""
        return Condition(self.bits, frozenset(range(2 ** len(self.bits))) - self.accepted)


def of_bits(bits: Sequence[str], holds: object) -> Condition:
    """The condition that a function of the bits' values, a dict, decides."""
    if len(bits) > MOST_BITS:
        raise CircuitError("the condition asks for too many bits", got=len(bits), expected=f"at most {MOST_BITS}")
    rows = enumerate(product((0, 1), repeat=len(bits)))
    return Condition(tuple(bits), frozenset(k for k, row in rows if holds(dict(zip(bits, row, strict=True)))))  # type: ignore[operator]


def condition(bits: str | Sequence[str], value: int | str) -> Condition:
    """The condition that a bit, or several, have a value: a number or a string of digits, first bit leftmost.

    Examples
    --------
    >>> condition(("a", "b"), "10")
    (a, b) in {10}
    """
    names = (bits,) if isinstance(bits, str) else tuple(bits)
    if not names or len(set(names)) != len(names) or not all(isinstance(name, str) for name in names):
        raise CircuitError("a condition needs names of different bits", got=repr(bits))
    digits = value if isinstance(value, str) else None
    number = -1
    if digits is not None and len(digits) == len(names) and not set(digits) - {"0", "1"}:
        number = int(digits, 2)
    elif isinstance(value, (int, bool)):
        number = int(value)
    if not 0 <= number < 2 ** len(names):
        expected = f"0 to {2 ** len(names) - 1}, or {len(names)} digits"
        raise CircuitError(f"the bits {', '.join(names)} cannot have this value", got=repr(value), expected=expected)
    return Condition(names, frozenset({number}))
