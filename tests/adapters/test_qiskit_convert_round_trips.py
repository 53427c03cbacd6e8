"""Circuits go to Qiskit and back, and come from Qiskit and go back: one unitary, phase included, and the same names.

Every circuit is asymmetric in its wires, and every one has symbols; the unitaries are those that Qiskit's `Operator`
and our own matrices give at numbers.
"""

from __future__ import annotations

import qdl
from tests.adapters.qiskit_circuits import numbers, operator, qdl_circuit, qiskit_circuit, sizes
from tests.checks import distance
from tests.round_trips import seeds
from tests.round_trips import sizes as names

CLOSE = 1e-10


def check_from_qdl(seed: int) -> None:
    circuit = qdl_circuit(seed)
    values = numbers(names(circuit), seed)
    written = circuit.to_qiskit()
    assert sizes(written) == names(circuit), f"seed {seed}"
    expected = circuit.matrix(values)
    assert distance(operator(written, values), expected) < CLOSE, f"seed {seed}"
    back = qdl.Circuit.from_qiskit(written)
    assert names(back) == names(circuit), f"seed {seed}"
    assert distance(back.matrix(values), expected) < CLOSE, f"seed {seed}"


def check_from_qiskit(seed: int) -> None:
    circuit = qiskit_circuit(seed)
    values = numbers(sizes(circuit), seed)
    read = qdl.Circuit.from_qiskit(circuit)
    assert names(read) == sizes(circuit), f"seed {seed}"
    expected = operator(circuit, values)
    assert distance(read.matrix(values), expected) < CLOSE, f"seed {seed}"
    back = read.to_qiskit()
    assert sizes(back) == sizes(circuit), f"seed {seed}"
    assert distance(operator(back, values), expected) < CLOSE, f"seed {seed}"


@seeds(30, slow=2000)
def test_from_qdl_and_back(some: range) -> None:
    for seed in some:
        check_from_qdl(seed)


@seeds(30, slow=2000)
def test_from_qiskit_and_back(some: range) -> None:
    for seed in some:
        check_from_qiskit(seed)
