"""The bits of an OpenQASM program: registers, and what is known of each bit while the program is read.

The bit ``c[2]`` of a register is called ``c_2`` in a circuit, as entries of vectors are; ``bit c;`` is called ``c``.
Bits that are neither measured nor given a value hold 0: so says version 2, so do the tools that run version 3, whose
specification leaves them undefined.
"""

from __future__ import annotations

from typing import Any

from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.names import fresh
from qdl.ir.qasm.operands import Operand, operand
from qdl.ir.qasm.text import refuse

MAX_BITS = 10_000


class Bits:
    """All bits so far, by their numbers in the order of their declaration.

    Attributes
    ----------
    names : list of str or None
        What each is called in the circuit; None for the outcome that a program throws away.
    constants : list of int
        What each holds before its first measurement.
    writes : list of int
        How often each has been measured so far.
    """

    def __init__(self) -> None:
        self.registers: dict[str, Operand] = {}
        self.names: list[str | None] = []
        self.constants: list[int] = []
        self.writes: list[int] = []
        self._numbers: dict[str, int] = {}

    def declare(self, node: Any, name: str, size: int | None, value: int, local: bool = False) -> Operand:
        """Add a register that begins with a value; or a single bit, if it has no size.

        A local one, of a block that may be read many times, gives way where the circuit's names for it are taken.
        """
        first = len(self.names)
        if size is not None and not 1 <= size <= MAX_BITS - first:
            refuse(node, f"the size of {name!r} is out of range", got=size, expected=f"1 to {MAX_BITS - first}")
        stem, count = name, 0
        while local and not self._numbers.keys().isdisjoint(_called(stem, size)):
            count += 1
            stem = f"{name}_v{count}"
        for place, one in enumerate(_called(stem, size)):
            if one in self._numbers:
                do = "rename one: c[2] is called c_2 in a circuit"
                refuse(node, f"a bit of {name!r} and another one would both be called {one!r}", do=do)
            self._numbers[one] = len(self.names)
            self._add(one, value >> place & 1)
        self.registers[name] = Operand(tuple(range(first, len(self.names))), size is not None)
        return self.registers[name]

    def outcome(self, node: Any, name: str, size: int | None) -> Operand:
        """Bits that the program does not name, but reads."""
        hidden = self.registers.get(name)
        found = self.declare(node, name, size, 0, local=True)
        del self.registers[name]
        if hidden is not None:
            self.registers[name] = hidden
        return found

    def nameless(self) -> int:
        """A bit for an outcome that nothing keeps."""
        self._add(None, 0)
        return len(self.names) - 1

    def _add(self, name: str | None, constant: int) -> None:
        self.names.append(name)
        self.constants.append(constant)
        self.writes.append(0)

    def find(self, node: Any, expressions: Expressions) -> Operand:
        """The numbers of the bits that an operand names."""
        return operand(node, self.registers, expressions, "bit")

    def called(self, number: int, wire: int) -> str:
        """A bit's name; one without a name, measured on this wire, gets one that no declared bit has."""
        return self.names[number] or fresh(f"m{wire}", self._numbers)


def _called(stem: str, size: int | None) -> list[str]:
    return [stem] if size is None else [f"{stem}_{index}" for index in range(size)]
