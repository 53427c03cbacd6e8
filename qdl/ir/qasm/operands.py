"""Registers of qubits and of bits, and what an operand names in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.text import refuse

MAX_WIRES = 10_000


class Operand(NamedTuple):
    """Wires, or numbers of bits, and whether they are an array, over which a gate is broadcast."""

    wires: tuple[int, ...]
    array: bool


class Qubits(dict[str, Operand]):
    """Registers of qubits, one behind the other; or physical qubits, ``$k`` being wire k.

    Attributes
    ----------
    count : int
        The number of wires so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._physical: bool | None = None

    def declare(self, node: Any, name: str, size: int | None) -> None:
        """Add a register; or a single qubit, if it has no size."""
        number = 1 if size is None else size
        if number < 1 or self.count + number > MAX_WIRES:
            refuse(node, f"the size of {name!r} is out of range", got=size, expected=f"1 to {MAX_WIRES - self.count}")
        self._settle(node, False)
        self[name] = Operand(tuple(range(self.count, self.count + number)), size is not None)
        self.count += number

    def physical(self, node: Any, name: str) -> Operand:
        """The qubit ``$k``."""
        number = int(name[1:]) if len(name) < 9 else MAX_WIRES
        if number >= MAX_WIRES:
            refuse(node, f"the qubit {name[:20]!r} is out of range", expected=f"$0 to ${MAX_WIRES - 1}")
        self._settle(node, True)
        self.count = max(self.count, number + 1)
        return Operand((number,), False)

    def _settle(self, node: Any, physical: bool) -> None:
        if self._physical not in (None, physical):
            do = "declare all qubits, or name none but $0, $1, ..."
            refuse(node, "physical qubits and declared ones cannot meet in a program", do=do)
        self._physical = physical


def operand(node: Any, registers: Mapping[str, Operand], expressions: Expressions, noun: str = "qubit") -> Operand:
    """What an expression names among registers of qubits or bits.

    That is ``q``, ``q[1]``, ``q[0:2]`` (end included), ``q[{0, 2}]``, ``$3``, or several of them joined by ``++``.
    """
    if type(node).__name__ == "Concatenation":
        wires = [wire for part in _parts(node) for wire in operand(part, registers, expressions, noun).wires]
        if len(set(wires)) != len(wires):
            refuse(node, f"a register names a {noun} twice")
        return Operand(tuple(wires), True)
    name, inside = _indexed(node)
    if name.startswith("$") and isinstance(registers, Qubits):
        found = registers.physical(node, name)
    elif name not in registers:
        refuse(node, f"unknown {noun} or register {name!r}", do=f"declare it first: {noun}[2] name;")
    else:
        found = registers[name]
    for index in inside:
        if not found.array:
            refuse(node, f"{name!r} cannot be indexed so", expected="one index into a register")
        found = _picked(node, name, found, index, expressions)
    return found


def _parts(node: Any) -> list[Any]:
    parts, rest = [], node
    while type(rest).__name__ == "Concatenation":
        parts.append(rest.rhs)
        rest = rest.lhs
    return [rest, *reversed(parts)]


def _picked(node: Any, name: str, register: Operand, inside: Any, expressions: Expressions) -> Operand:
    indices, array = _indices(inside, len(register.wires), expressions)
    picked = []
    for index in indices:
        if not -len(register.wires) <= index < len(register.wires):
            refuse(node, f"index out of range for {name!r}", got=index, expected=f"0 to {len(register.wires) - 1}")
        picked.append(register.wires[index])
    if not picked:
        refuse(node, f"the slice of {name!r} is empty")
    return Operand(tuple(picked), array)


def _indexed(node: Any) -> tuple[str, list[Any]]:
    """A register's name and the indices behind it."""
    kind = type(node).__name__
    if kind == "IndexExpression":
        name, inside = _indexed(node.collection)
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
