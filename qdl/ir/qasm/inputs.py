"""Inputs: the scalars of an OpenQASM program and the vectors of a circuit, in both directions.

A vector ``theta`` of size k + 1 is written as ``theta_0 ... theta_k``; a name ends in its last underscore and number. A
Param of size 1 keeps its bare name unless that would be read differently, being a vector's entry, or is reserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qdl.ir.params import Param
from qdl.ir.qasm.text import Statement, fault, parse

_ENTRY = re.compile(r"(.+)_(0|[1-9]\d{0,8})")


def entry(name: str) -> tuple[str, int | None]:
    """A name as the entry of a vector: its stem and its number; the name itself and None if it is none."""
    found = _ENTRY.fullmatch(name)
    return (found[1], int(found[2])) if found else (name, None)


def is_entry(name: str) -> bool:
    """Whether a name reads as an entry of a vector."""
    return _ENTRY.fullmatch(name) is not None


def inputs(parts: list[Statement]) -> dict[str, tuple[Param, int]]:
    """Every input's Param and its place in it; the vectors are those stems whose numbers are exactly 0 to k."""
    lines = {
        node.identifier.name: part.line
        for part in parts
        if part.text.startswith("input")
        for node in parse(part).statements
        if type(node).__name__ == "IODeclaration" and type(node.type).__name__ != "ArrayType"
    }
    out, clash = vectors(lines)
    if clash is not None:
        raise fault(lines[clash], f"{clash!r} and '{clash}_0' would both be inputs of Param {clash!r}", do="rename one")
    return out


def vectors(names: Iterable[str]) -> tuple[dict[str, tuple[Param, int]], str | None]:
    """Every name's Param and its place in it; and a name that is a vector's, too, if there is one."""
    found = {name: _ENTRY.fullmatch(name) for name in names}
    numbers: dict[str, set[int]] = {}
    for match in found.values():
        if match:
            numbers.setdefault(match[1], set()).add(int(match[2]))
    whole = {stem for stem, group in numbers.items() if group == set(range(len(group)))}
    out: dict[str, tuple[Param, int]] = {}
    clash = None
    for name, match in found.items():
        if match and match[1] in whole:
            out[name] = Param(match[1], len(numbers[match[1]])), int(match[2])
        elif name in whole:
            clash = clash or name
        elif name.isidentifier():
            out[name] = Param(name), 0
    return out, clash
