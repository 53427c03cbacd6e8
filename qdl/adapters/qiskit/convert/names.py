"""What Qiskit's classical bits are called in a circuit.

The bit ``c[2]`` is called ``c_2``, as in OpenQASM, and the only bit of a register ``c`` is called ``c``. A bit of
several registers is called after the first, one without a register ``bit_<number>``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from qdl.adapters.qiskit.convert.parameters import identifier, origins
from qdl.ir import Circuit
from qdl.ir.labels import Labels

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_NUMBERED = re.compile(r"(.+)_(0|[1-9]\d{0,5})")


def bit_names(circuit: QuantumCircuit) -> list[str]:
    """The name of each classical bit of a circuit, in its order.

    Examples
    --------
    >>> from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
    >>> bit_names(QuantumCircuit(QuantumRegister(1), ClassicalRegister(2, "c"), ClassicalRegister(1, "flag")))
    ['c_0', 'c_1', 'flag']
    """
    wanted: dict[object, str] = {}
    for register in circuit.cregs:
        for index, bit in enumerate(register):
            wanted.setdefault(bit, register.name if register.size == 1 else f"{register.name}_{index}")
    return _distinct([wanted.get(bit, f"bit_{number}") for number, bit in enumerate(circuit.clbits)])


def labels(circuit: QuantumCircuit, layout: str) -> Labels:
    """What a circuit's registers and parameters are called, for the way back."""
    called = dict(zip(circuit.clbits, bit_names(circuit), strict=True))
    return Labels(
        circuit.name,
        _wire_registers(circuit) if layout == "physical" else (),
        tuple((name, tuple(called[bit] for bit in bits)) for name, bits in _groups(circuit.cregs, circuit.clbits)),
        origins(circuit.parameters),
    )


def _wire_registers(circuit: QuantumCircuit) -> tuple[tuple[str, int], ...]:
    """Registers with sizes; none if some qubits are in none or their order is another."""
    groups = _groups(circuit.qregs, circuit.qubits)
    found = [(name, len(bits)) for name, bits in groups if name is not None]
    ordered = [bit for _, bits in groups for bit in bits] == list(circuit.qubits)
    return tuple(found) if ordered and len(found) == len(groups) else ()


def _groups(registers: Iterable[Any], bits: Iterable[Any]) -> list[tuple[str | None, list[Any]]]:
    """Registers that share no bit with one before, and runs of other bits, in the order of their first bits."""
    owner: dict[Any, str] = {}
    for register in registers:
        if not any(bit in owner for bit in register):
            owner |= dict.fromkeys(register, register.name)
    return [(name, list(group)) for name, group in groupby(bits, owner.get)]


def _distinct(wanted: Sequence[str]) -> list[str]:
    names: dict[str, None] = {}
    for name in wanted:
        names[identifier(name, names)] = None
    return list(names)


def quantum_registers(circuit: Circuit) -> list[Any]:
    """The registers of a circuit's wires: those that came with it, if they fit it still, else one, ``q``."""
    from qiskit import QuantumRegister

    found = circuit.labels.wires if circuit.labels else ()
    if sum(size for _, size in found) != circuit.wires:
        found = (("q", circuit.wires),)
    return [QuantumRegister(size, name) for name, size in found]


def classical_registers(circuit: Circuit) -> tuple[list[Any], dict[int | str, int]]:
    """The registers of a circuit's bits and lists of bits without one, and the number of each bit.

    Those that came with it first; of others ``c_0 ... c_k`` make a register ``c``, the rest one each.
    """
    from qiskit import ClassicalRegister
    from qiskit.circuit import Clbit

    found = list(circuit.labels.bits) if circuit.labels else []
    old = {bit for _, bits in found for bit in bits}
    taken = {name for name, _ in found} | {name for name, _ in (circuit.labels.wires if circuit.labels else ())}
    found += _grouped([bit for bit in circuit.bits if bit not in old], taken | {"q"})
    numbers: dict[int | str, int] = {}
    for bit in (bit for _, bits in found for bit in bits):
        numbers[bit] = len(numbers)
    made = [ClassicalRegister(len(bits), name) if name else [Clbit() for _ in bits] for name, bits in found]
    return made, numbers


def _grouped(bits: Sequence[str], taken: Iterable[str | None]) -> list[tuple[str | None, tuple[str, ...]]]:
    """Bits as registers, in the order of their first bits."""
    numbered = {bit: (match[1], int(match[2])) for bit in bits if (match := _NUMBERED.fullmatch(bit))}
    groups: dict[str, dict[int, str]] = {}
    for bit, (stem, number) in numbered.items():
        groups.setdefault(stem, {})[number] = bit
    used = {*bits, *(name for name in taken if name)}
    found: dict[str, tuple[str, ...]] = {}
    for bit in bits:
        stem = numbered.get(bit, ("", 0))[0]
        group = groups.get(stem, {})
        if stem not in used and len(group) > 1 and group.keys() == set(range(len(group))):
            found[stem] = tuple(group[number] for number in range(len(group)))
        else:
            found[identifier(bit, used - {bit})] = (bit,)
    return list(found.items())
