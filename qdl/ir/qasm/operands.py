"""Registers of qubits and of bits, and what an operand names in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.text import refuse


class Operand(NamedTuple):
    """Wires, or numbers of bits, and whether they are an array, over which a gate is broadcast."""

    wires: tuple[int, ...]
    array: bool


def operand(node: Any, registers: dict[str, Operand], expressions: Expressions, noun: str = "qubit") -> Operand:
    """What an Identifier, IndexedIdentifier or IndexExpression node names among registers of qubits or bits.

    That is ``q``, ``q[1]``, ``q[0:2]`` (end included) or ``q[{0, 2}]``.
    """
    name, inside = _parts(node)
    if name not in registers:
        refuse(node, f"unknown {noun} or register {name!r}", do=f"declare it first: {noun}[2] name;")
    register = registers[name]
    if not inside:
        return register
    if not register.array or len(inside) != 1:
        refuse(node, f"{name!r} cannot be indexed so", expected="one index into a register")
    indices, array = _indices(inside[0], len(register.wires), expressions)
    picked = []
    for index in indices:
        if not -len(register.wires) <= index < len(register.wires):
            refuse(node, f"index out of range for {name!r}", got=index, expected=f"0 to {len(register.wires) - 1}")
        picked.append(register.wires[index])
    if not picked:
        refuse(node, f"the slice of {name!r} is empty")
    return Operand(tuple(picked), array)


def _parts(node: Any) -> tuple[str, list[Any]]:
    """A register's name and the indices behind it."""
    kind = type(node).__name__
    if kind == "IndexExpression":
        name, inside = _parts(node.collection)
        return name, [*inside, node.index]
    if kind == "IndexedIdentifier":
        return node.name.name, node.indices
    return (node.name if kind == "Identifier" else kind), []


def broadcast(node: Any, operands: list[Operand]) -> list[list[int]]:
    """The wires of each application: arrays in step, single qubits repeated."""
    lengths = sorted({len(found.wires) for found in operands if found.array})
    if len(lengths) > 1:
        refuse(node, "registers of different sizes cannot meet in one gate", got=" and ".join(map(str, lengths)))
    count = lengths[0] if lengths else 1
    turns = [[found.wires[turn if found.array else 0] for found in operands] for turn in range(count)]
    for wires in turns:
        if len(set(wires)) != len(wires):
            refuse(node, "a gate needs different qubits", got=f"qubits {', '.join(map(str, wires))} of the program")
    return turns


def _indices(inside: Any, size: int, expressions: Expressions) -> tuple[Iterable[int], bool]:
    if type(inside).__name__ == "DiscreteSet":
        return [expressions.integer(item, "an index") for item in inside.values], True
    if len(inside) != 1:
        refuse(inside[1], "a register takes one index", got=len(inside))
    if type(inside[0]).__name__ == "RangeDefinition":
        return _range(inside[0], size, expressions), True
    return [expressions.integer(inside[0], "an index")], False


def _range(node: Any, size: int, expressions: Expressions) -> range:
    step = 1 if node.step is None else expressions.integer(node.step, "the step of a range")
    if step == 0:
        refuse(node, "the step of a range must not be zero")
    ends = [0, size - 1] if step > 0 else [size - 1, 0]
    for place, given in enumerate((node.start, node.end)):
        value = ends[place] if given is None else expressions.integer(given, "the end of a range")
        if not -size <= value < size:
            refuse(node, "a range leaves its register", got=value, expected=f"0 to {size - 1}")
        ends[place] = value % size
    return range(ends[0], ends[1] + (1 if step > 0 else -1), step)
