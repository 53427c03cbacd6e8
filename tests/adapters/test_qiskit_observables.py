"""Observables from Qiskit's operators and to them, order of qubits included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.quantum_info import Operator, Pauli, SparseObservable, SparsePauliOp, Statevector, random_pauli_list

import qdl
from qdl.adapters.qiskit import from_sparse_pauli_op, to_sparse_pauli_op
from qdl.errors import CircuitError
from tests.adapters.qiskit_circuits import turned
from tests.checks import distance

rng = np.random.default_rng(3)
MATRIX = (lambda m: m + m.conj().T)(rng.normal(size=(8, 8)) + 1j * rng.normal(size=(8, 8)))
READ: dict[str, Any] = {
    "sum with a repeated word": SparsePauliOp(["XIZY", "ZZII", "IIII", "XIZY"], [0.5, -1, 0.2, 0.3]),
    "random sum": SparsePauliOp(random_pauli_list(4, 30, seed=5, phase=False), rng.normal(size=30)),
    "word with a sign": Pauli("-XYZI"),
    "label": Pauli("XIZI").to_label(),
    "projectors": SparseObservable("X0+r"),
    "matrix": Operator(MATRIX),
}


@pytest.mark.parametrize("name", READ)
def test_an_operator_is_read_in_its_order(name: str) -> None:
    given = READ[name]
    whole = SparsePauliOp.from_sparse_observable(given) if isinstance(given, SparseObservable) else given
    matrix = Operator(Pauli(whole) if isinstance(whole, str) else whole).data
    count = len(matrix).bit_length() - 1
    assert distance(from_sparse_pauli_op(given).matrix(count), turned(matrix)) < 1e-13
    places = [5, 0, 3, 2][:count]
    found = from_sparse_pauli_op(given, wires=places)
    assert distance(found.matrix(places), turned(matrix)) < 1e-13


WRITTEN: dict[str, Callable[[], qdl.ir.Observable]] = {
    "words": lambda: 0.5 * qdl.Z(0) @ qdl.X(2) - 2 * qdl.Y(1) + 1,
    "excitation": lambda: qdl.N(1) + qdl.N(3),
    "matrix beside words": lambda: 0.5 * qdl.Hermitian(MATRIX, (3, 0, 2)) @ qdl.X(1) + qdl.Z(3),
    "tiny matrix": lambda: qdl.Hermitian(1e-7 * MATRIX, (2, 0, 1)),
    "nothing": lambda: 0 * qdl.Z(1),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_an_observable_is_written_in_its_order(name: str) -> None:
    observable = WRITTEN[name]()
    written = to_sparse_pauli_op(observable, 5)
    assert written.num_qubits == 5
    assert distance(turned(written.to_matrix()), observable.matrix(5)) < 1e-13
    assert to_sparse_pauli_op(observable).num_qubits == max(observable.wires, default=0) + 1


def test_expectation_values_agree() -> None:
    circuit = QuantumCircuit(4)
    for qubit in range(4):
        circuit.u(0.3 + qubit, 0.2 * qubit, 0.7, qubit)
    circuit.cx(0, 2)
    circuit.rzx(0.4, 3, 1)
    operator = READ["random sum"]
    expected = Statevector(circuit).expectation_value(operator).real
    read = qdl.Circuit.from_qiskit(circuit)
    assert float(qdl.expval(read, from_sparse_pauli_op(operator), dtype=torch.float64)) == pytest.approx(expected)


def test_parameters_among_the_coefficients_are_kept() -> None:
    t, w = Parameter("t"), ParameterVector("w", 2)
    operator = SparsePauliOp(["XY", "ZI", "XY"], np.array([t, 2 * w[1], w[0] ** 2], dtype=object))
    read = from_sparse_pauli_op(operator)
    values = {"t": [0.3], "w": [0.5, -0.7]}
    expected = turned(operator.assign_parameters({t: 0.3, w[0]: 0.5, w[1]: -0.7}).to_matrix())
    assert distance(read.matrix(2, values), expected) < 1e-13
    back = to_sparse_pauli_op(read)
    numbers = {"t": 0.3, "w[0]": 0.5, "w[1]": -0.7}
    assert {p.name for p in back.parameters} == set(numbers)
    bound = back.assign_parameters({p: numbers[p.name] for p in back.parameters})
    assert distance(turned(bound.to_matrix()), expected) < 1e-13


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: from_sparse_pauli_op(SparsePauliOp("X", 1j)), "not Hermitian"),
        (lambda: from_sparse_pauli_op(Pauli("iX")), "not Hermitian"),
        (lambda: from_sparse_pauli_op(3), "no operator of Qiskit"),
        (lambda: from_sparse_pauli_op("XX", wires=[1, 1]), "a wire for each qubit"),
        (lambda: to_sparse_pauli_op(qdl.Z(2), 2), "does not fit"),
        (lambda: to_sparse_pauli_op("ZZ"), "no observable"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_observable_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        call()
