"""Observables to PennyLane and back: the same matrices."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest

import qdl
from qdl.adapters.pennylane import from_observable, to_observable
from qdl.errors import CircuitError
from qdl.ir import Hermitian, I, Param, X, Z
from tests import oracle
from tests.checks import distance
from tests.strategies import observable, symbols


def test_observables_there_and_back() -> None:
    for seed in range(40):
        draw = Random(seed)
        wires = draw.randint(1, 4)
        numbers, entries, values = symbols(draw, [()])
        found = observable(draw, numbers, wires, entries)
        names = {
            p.name for p in qdl.ir.params.params_of([c for c in found.terms.values() if not isinstance(c, complex)])
        }
        given = {name: value for name, value in values.items() if name in names}
        theirs = to_observable(found, {name: value.numpy() for name, value in given.items()})
        expected = oracle.operator(found, wires, values)
        assert distance(qml.matrix(theirs, wire_order=range(wires)), expected) <= 1e-10
        assert distance(from_observable(theirs).matrix(wires), expected) <= 1e-10


@pytest.mark.parametrize(
    "operator",
    [
        qml.Hamiltonian([0.5, -2.0, 1.0], [qml.X("b") @ qml.Y("a"), qml.I("a"), qml.Hadamard("c")]),
        qml.prod(qml.Hermitian(np.array([[1, 2j], [-2j, 3]]), "a"), qml.Z("c")) - 3 * qml.Projector([1, 0], ["c", "b"]),
        (qml.X("a") @ qml.Y("a") @ qml.Z("a")) * (-1j) + 0.1 * (qml.Z("b") + qml.Z("a")) @ qml.Z("c"),
        qml.Projector(np.array([0.6, 0.8j]), ["b"]),
        qml.SparseHamiltonian(qml.Hamiltonian([1.0, 0.3], [qml.X(0), qml.Z(1)]).sparse_matrix(), wires=["c", "a"]),
        qml.sum(qml.X("a"), qml.s_prod(2, qml.prod(qml.X("b"), qml.X("c")))),
    ],
)
def test_every_kind_of_observable_is_read(operator: Any) -> None:
    found = from_observable(operator, list("abc"))
    order = list("abc")
    expected = operator.sparse_matrix(wire_order=order).toarray() if operator.has_sparse_matrix else None
    expected = qml.matrix(operator, wire_order=order) if expected is None else expected
    assert distance(found.matrix(3), expected) <= 1e-10


def test_observables_that_are_none_are_refused() -> None:
    with pytest.raises(CircuitError, match="not Hermitian"):
        from_observable(1j * qml.X(0))
    with pytest.raises(CircuitError, match="no order"):
        from_observable(qml.X("a") @ qml.Z("b"))
    with pytest.raises(CircuitError, match="at least 2 labels"):
        to_observable(Z(1), wires=["a"])
    with pytest.raises(CircuitError, match="no value"):
        to_observable(Z(1) * Param("c"))
    assert to_observable(X(0) @ Hermitian(np.eye(2), 1), wires="ba").wires.tolist() == ["b", "a"]
    assert from_observable(to_observable(2.0 * I())) == 2.0 * I()
