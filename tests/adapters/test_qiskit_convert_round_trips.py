"""Circuits go to Qiskit and back, and come from Qiskit and go back: one unitary, phase included, and the same names.

Every circuit is asymmetric in its wires, and every one has symbols; the unitaries are those that Qiskit's `Operator`
and our own matrices give at numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

import qdl
from tests.adapters.qiskit_circuits import numbers, operator, qdl_circuit, qiskit_circuit, sizes
from tests.checks import distance

CLOSE = 1e-10


def names(circuit: qdl.Circuit) -> Mapping[str, int]:
    return {param.name: param.size for param in circuit.params}


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


@pytest.mark.parametrize("ten", range(3))
def test_from_qdl_and_back(ten: int) -> None:
    for seed in range(10 * ten, 10 * ten + 10):
        check_from_qdl(seed)


@pytest.mark.parametrize("ten", range(3))
def test_from_qiskit_and_back(ten: int) -> None:
    for seed in range(10 * ten, 10 * ten + 10):
        check_from_qiskit(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(1, 21))
def test_many_from_qdl_and_back(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        check_from_qdl(seed)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(1, 21))
def test_many_from_qiskit_and_back(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        check_from_qiskit(seed)
