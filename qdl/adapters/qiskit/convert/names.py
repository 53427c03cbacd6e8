"""What Qiskit's classical bits are called in a circuit.

The bit ``c[2]`` is called ``c_2``, as in OpenQASM, and the only bit of a register ``c`` is called ``c``. A bit of
several registers is called after the first, one without a register ``bit_<number>``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qdl.adapters.qiskit.convert.parameters import identifier

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


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


def _distinct(wanted: Sequence[str]) -> list[str]:
    names: dict[str, None] = {}
    for name in wanted:
        names[identifier(name, names)] = None
    return list(names)
