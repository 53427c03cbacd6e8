"""Qiskit's circuits as qdl's, kept: with what turns rows of numbers, one for each Parameter, to values of Params.

A Param whose numbers are the same in all rows is shared by the batch, which saves its gates a matrix for each row. So
Params stay as they are where they are few; many are made one, since each costs time in each run.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
from torch import Tensor

from qdl.adapters.qiskit import fingerprint
from qdl.adapters.qiskit.convert.from_circuit import from_qiskit
from qdl.adapters.qiskit.convert.names import bit_names
from qdl.adapters.qiskit.convert.parameters import entries
from qdl.engine.remote import Real
from qdl.ir import Circuit, NoiseModel, Operation, Param
from qdl.ir.channels import Channel, Measure
from qdl.ir.gates import Prepare

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

KEPT = 256  # circuits
FEW = 4  # Params that stay what they are
NUMBERS = "numbers"  # the Param that many become
Found = TypeVar("Found")
Rows = TypeVar("Rows", Real, Tensor)

TRAJECTORY = 2  # how often its time doubles because of what is drawn on the way


@dataclass(frozen=True, eq=False)
class Template:
    """A circuit of Qiskit's in qdl's terms, and what it takes: numbers that are its columns.

    Attributes
    ----------
    circuit : Circuit
    columns : dict
        For each Param, by name, the column of each entry; None for those that nothing uses.
    bits : tuple of str or None
        What each classical bit is called in the circuit; None for what nothing writes.
    registers : dict
        The numbers of each classical register's bits, the first bit first.
    """

    circuit: Circuit
    columns: dict[str, tuple[int | None, ...]]
    bits: tuple[str | None, ...]
    registers: dict[str, tuple[int, ...]]

    def values(self, rows: Real) -> dict[str, Real]:
        """Values of the Params from rows of numbers, (n_rows, n_columns)."""
        found = self.spread(np.concatenate([rows, np.zeros((len(rows), 1))], 1))
        alone = len(rows) > 1
        return {name: v[0] if alone and (v == v[0]).all() else v for name, v in found.items()}

    def spread(self, padded: Rows) -> dict[str, Rows]:
        """Each Param's numbers, (n_rows, n_entries), from rows with a 0 behind their numbers."""
        return {name: padded[:, [-1 if k is None else k for k in where]] for name, where in self.columns.items()}

    def read(self, noise: NoiseModel | None) -> tuple[Circuit, dict[str, int]]:
        """The circuit without measurements at its end, and the wires on which their bits are found.

        A wire read at the end knows what `noise` says about readout only: where noise puts more beside a measurement,
        all measurements stay.
        """
        if noise is not None and len(noise.apply(Circuit(self.circuit.wires).measure(range(self.circuit.wires)))) > (
            self.circuit.wires
        ):
            return self.circuit, {}
        found = dict(_final(self.circuit.operations))
        out = Circuit(self.circuit.wires)
        out._add(*(op for op in self.circuit.operations if op.bit is None or found.get(op.bit) is not op))
        return out, {bit: op.wires[0] for bit, op in found.items()}


class Translated(NamedTuple):
    """A circuit as a template with numbers for all its columns; None where these are values of Parameters."""

    template: Template
    constants: Real | None

    def rows(self, values: Real) -> Real:
        """What the template takes, (*shape, n_columns), for values of the Parameters, (*shape, n_parameters)."""
        if self.constants is None:
            return values
        return np.broadcast_to(self.constants, (*values.shape[:-1], len(self.constants)))


def _final(operations: tuple[Operation, ...]) -> Iterator[tuple[str, Operation]]:
    """Bits, and the measurements behind which nothing touches their wires or bits."""
    wires: set[int] = set()
    bits: set[str] = set()
    for op in reversed(operations):
        if isinstance(op.gate, Measure) and op.condition is None and op.bit not in bits and not wires & {*op.wires}:
            assert op.bit is not None
            yield op.bit, op
        if op.bit is not None:
            bits.add(op.bit)
        if op.condition is not None:
            bits.update(op.condition.bits)
        wires.update(op.wires)


_LOCK = Lock()
_CIRCUITS: OrderedDict[Hashable, Translated] = OrderedDict()
_TEMPLATES: OrderedDict[Hashable, Template] = OrderedDict()


def translated(circuit: QuantumCircuit) -> Translated:
    """A circuit in qdl's terms, kept for circuits that are the same.

    Circuits without Parameters that differ in the angles of their gates have the same template.
    """
    key = fingerprint.key(circuit)
    return _translate(circuit) if key is None else _kept(_CIRCUITS, key, lambda: _translate(circuit))


def _kept(cache: OrderedDict[Hashable, Found], key: Hashable, make: Callable[[], Found]) -> Found:
    """What is kept under a key; made if it is not among the latest."""
    with _LOCK:
        found = cache.get(key)
        if found is not None:
            cache.move_to_end(key)
            return found
    found = make()
    with _LOCK:
        found = cache.setdefault(key, found)
        while len(cache) > KEPT:
            cache.popitem(last=False)
    return found


def _translate(circuit: QuantumCircuit) -> Translated:
    found, constants = from_qiskit(circuit), None
    places = entries(circuit.parameters)
    numbers = {place: k for k, place in enumerate(places.values())}
    if not places:
        found, constants = _lifted(found)
        columns: dict[str, tuple[int | None, ...]] = {p.name: tuple(range(p.size)) for p in found.params}
    elif len(found.params) > FEW:
        merged = Param(NUMBERS, len(places))
        bound = {
            p.name: [merged[numbers[p, i]] if (p, i) in numbers else 0.0 for i in range(p.size)] for p in found.params
        }
        found = Circuit(found.wires).append(found, range(found.wires), bound)
        columns = {p.name: tuple(range(p.size)) for p in found.params}
    else:
        columns = {p.name: tuple(numbers.get((p, i)) for i in range(p.size)) for p in found.params}
    written = set(found.bits)
    bits = tuple(name if name in written else None for name in bit_names(circuit))
    order = {bit: k for k, bit in enumerate(circuit.clbits)}
    registers = {register.name: tuple(order[bit] for bit in register) for register in circuit.cregs}
    template = Template(found, columns, bits, registers)
    if constants is None:
        return Translated(template, None)
    key = (found.key, bits, tuple(registers.items()))
    return Translated(_kept(_TEMPLATES, key, lambda: template), constants)


def _lifted(circuit: Circuit) -> tuple[Circuit, Real]:
    """A circuit without Params with one in place of all its gates' angles, and the angles."""
    constants: list[float] = []
    plain = [bool(op.angles) and not isinstance(op.gate, (Channel, Measure, Prepare)) for op in circuit.operations]
    count = sum(len(op.angles) for op, lifted in zip(circuit.operations, plain, strict=True) if lifted)
    if not count:
        return circuit, np.zeros(0)
    param = Param(NUMBERS, count)
    operations = []
    for op, lifted in zip(circuit.operations, plain, strict=True):
        if lifted:
            first = len(constants)
            constants += op.angles  # type: ignore[arg-type]  # there are no Params
            op = replace(op, angles=tuple(param[first + k] for k in range(len(op.angles))))
        operations.append(op)
    out = Circuit(circuit.wires)
    out._add(*operations)
    return out, np.array(constants)


def engine_for(circuit: Circuit, noise: NoiseModel | None, shots: int | None) -> str:
    """The engine that has the fewest numbers to carry, of those that can do what is asked."""
    wires, bits = len({wire for op in circuit.operations for wire in op.wires}), len(circuit.bits)
    middle = [op for op in circuit.operations if isinstance(op.gate, (Channel, Measure)) and op.gate.name != "delay"]
    pure = all(isinstance(op.gate, Measure) or op.gate.name == "reset" for op in middle)
    silent = noise is None or (not middle and noise.apply(circuit).operations == circuit.operations)
    sizes = {"density": 2 * wires + bits}  # numbers are 2**size
    if shots is not None:
        sizes["trajectory"] = wires + TRAJECTORY + shots.bit_length()
    if pure and silent:
        sizes["state"] = wires + len(middle)  # each needs a place of its own
    return min(sizes, key=lambda engine: sizes[engine])
