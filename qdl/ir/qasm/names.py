"""Names and numbers in written OpenQASM: what is reserved, how a Param's entry, a bit and an angle are spelled."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from qdl.errors import QasmError
from qdl.ir.params import Angle, Expr, Param, number_text, to_text
from qdl.ir.qasm.inputs import entry, is_entry
from qdl.ir.qasm.words import RESERVED

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


class BitNames(NamedTuple):
    """How bits are called in a program.

    Attributes
    ----------
    names : mapping from bits to what they are called, such as ``c[2]`` or ``m``
    registers : mapping from the names of registers to their bits, from index 0 on
    """

    names: Mapping[str, str]
    registers: Mapping[str, Sequence[str]]

    def register(self, bits: Sequence[str]) -> str | None:
        """The register of several bits that these are, the most significant first."""
        found = (name for name, own in self.registers.items() if tuple(reversed(own)) == tuple(bits))
        return next(found, None) if len(bits) > 1 else None

    def declared(self) -> dict[str, int | None]:
        """Registers with their sizes, and single bits with None, in order."""
        found = (name.partition("[")[0] for name in self.names.values())
        return {name: len(self.registers[name]) if name in self.registers else None for name in found}


def bit_names(bits: Sequence[str], taken: Iterable[str], version: int = 3) -> BitNames:
    """The names of bits; ``c_0 ... c_k`` become the register ``c``, what is reserved or taken is renamed.

    Version 2 knows registers only.
    """
    used = {*taken, *bits}
    names: dict[str, str] = {}
    registers: dict[str, list[str]] = {}
    stems = _stems(bits)
    for bit in bits:
        if not _is_name(bit, version):
            problem = f"the bit {bit!r} has no name in OpenQASM {version}"
            raise QasmError(problem, do="use letters, digits and _, in version 2 a small letter first")
        stem = entry(bit)[0]
        own = stems.get(stem)
        if own is None or fresh(stem, used, version) != stem:
            others = {one for one in bits if one != bit}
            name = fresh(bit, {*taken, *names.values(), *registers, *others}, version)
            names[bit] = name if version == 3 else f"{name}[0]"
            if version == 2:
                registers[name] = [bit]
        elif stem not in registers:
            registers[stem] = own
            names |= {one: f"{stem}[{index}]" for index, one in enumerate(own)}
    return BitNames({bit: names[bit] for bit in bits}, registers)


def _stems(bits: Iterable[str]) -> dict[str, list[str]]:
    """Stems to their bits, where the numbers are exactly 0 to k."""
    found: dict[str, dict[int, str]] = {}
    for bit in bits:
        stem, number = entry(bit)
        if number is not None:
            found.setdefault(stem, {})[number] = bit
    return {
        stem: [group[number] for number in range(len(group))]
        for stem, group in found.items()
        if group.keys() == set(range(len(group)))
    }


def angle_text(angle: Angle, entries: dict[tuple[Param, int], str], power: str = "**") -> str:
    """An angle that reads back to the same number or expression."""
    if not isinstance(angle, Expr):
        return fraction_text(angle)
    return to_text(angle, lambda param, index: entries[param, index], power, _inner_number)


def fraction_text(value: float) -> str:
    """A float as a short fraction of pi where that is exactly the same float, else as a decimal number."""
    for below in _DENOMINATORS if abs(value) < 65 * math.pi else ():
        above = round(value / math.pi * below)
        if above and abs(above) <= 64 and above * math.pi / below == value:
            head = {1: "pi", -1: "-pi"}.get(above, f"{above}*pi")
            return head if below == 1 else f"{head}/{below}"
    return number_text(value)


def duration_text(seconds: float) -> str:
    """A duration that reads back to the same float, in nanoseconds where these do."""
    nano = seconds * 1e9
    return f"{number_text(nano)}ns" if math.isfinite(nano) and nano / 1e9 == seconds else f"{seconds!r}s"


def _inner_number(value: float) -> str:
    # Inside an expression only pi itself is as short and as tightly bound as a number.
    return {math.pi: "pi", -math.pi: "-pi"}.get(value) or number_text(value)
