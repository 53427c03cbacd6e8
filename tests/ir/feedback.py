"""What the tests of measurement and feedback in OpenQASM share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import product
from random import Random
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator

from qdl.ir import TABLE, Circuit
from tests import noisy_oracle
from tests.strategies import noisy_case

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
OLD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
SHOTS = 4000
WRITTEN = [name for name in TABLE if name != "rv"]


def when(circuit: Circuit, bits: Any, value: int | str, what: Callable[[Circuit], Any]) -> Circuit:
    with circuit.if_(bits, value):
        what(circuit)
    return circuit


def rows(bits: Sequence[str]) -> list[dict[str, int]]:
    return [dict(zip(bits, row, strict=True)) for row in product((0, 1), repeat=len(bits))]


def asked(circuit: Circuit, bits: Sequence[str]) -> list[bool]:
    """For which values of all bits the last operation happens."""
    found = circuit.operations[-1].condition
    rows = [dict(zip(bits, row, strict=True)) for row in product((0, 1), repeat=len(bits))]
    return [found is None or found.holds(row) for row in rows]


def random(seed: int, length: int) -> Circuit:
    """A circuit with measurements, resets and feedback, without what OpenQASM cannot say."""
    draw = Random(seed)
    while True:
        made = noisy_case(draw, 4, length, channels=["reset"], measures=True, gates=WRITTEN, batches=[()])
        if all(op.gate.name != "rv" for op in made.circuit.operations):
            return made.circuit


def aer(circuit: QuantumCircuit, seed: int) -> dict[str, int]:
    """Counts of all bits in the order of the circuit's bits, the first leftmost."""
    simulator = AerSimulator(method="statevector", max_parallel_threads=1)
    flat = transpile(
        circuit, basis_gates=["u3", "cx", "x", "y", "z", "h", "if_else", "switch_case"], optimization_level=0
    )
    result = simulator.run(flat, shots=SHOTS, seed_simulator=seed).result()
    assert result.success, result.status
    count = circuit.num_clbits
    raw = result.results[0].data.counts.items()
    return {f"{int(key, 16):0{count}b}"[::-1]: number for key, number in raw}


def declared(text: str) -> list[str]:
    """The bits of a program, in the order of their declaration, as a circuit calls them."""
    out = []
    for size, name, old, length in re.findall(r"\b(?:bit(?:\[(\d+)\])? (\w+)|creg (\w+)\[(\d+)\]);", text):
        count = size or length
        out += [f"{name or old}_{index}" for index in range(int(count))] if count else [name]
    return out


def compare(circuit: Circuit, counts: dict[str, int], bits: Sequence[str]) -> None:
    """The bits that are measured against Aer's counts, each outcome inside 4 sigma; all others are zero."""
    known = [bit for bit in bits if bit in circuit.bits]
    places = [bits.index(bit) for bit in known]
    # A bit that is measured in some branches only holds 0 in the others, which the reference wants to be told.
    spare = circuit.wires
    told = Circuit(spare + 1)
    for bit in known:
        told.measure(spare, bit)
    expected = noisy_oracle.probs(told.append(circuit, range(spare)), {}, known)
    found = np.zeros_like(expected)
    for key, number in counts.items():
        assert all(digit == "0" for place, digit in enumerate(key) if place not in places)
        found[int("".join(key[place] for place in places), 2)] += number / SHOTS
    sigma = np.sqrt(np.clip(expected * (1 - expected), 0, 1) / SHOTS)
    assert (np.abs(found - expected) <= 4 * sigma + 1e-9).all(), f"{found} against {expected}"
