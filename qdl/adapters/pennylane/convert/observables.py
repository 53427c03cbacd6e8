"""Observables from PennyLane's operators and to them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import reduce
from typing import Any

import numpy as np

from qdl.adapters.pennylane.convert.from_function import labels_in_order
from qdl.adapters.pennylane.convert.symbols import angle, register
from qdl.adapters.pennylane.convert.values import Numbers, entries, named
from qdl.adapters.pennylane.operations.leaves import MATRIX_WIRES
from qdl.adapters.pennylane.operations.values import array, has_graph
from qdl.adapters.pennylane.operations.words import of_word, terms_of
from qdl.errors import CircuitError
from qdl.ir import Observable
from qdl.ir.gates import PAULI
from qdl.ir.observables import Hermitian, I
from qdl.ir.params import Expr, params_of

REAL = 1e-12  # of a coefficient, what its imaginary part may be


def from_observable(operator: Any, wire_order: Iterable[Hashable] | None = None) -> Observable:
    """A Hermitian operator of PennyLane's as an observable.

    Parameters
    ----------
    operator : pennylane.operation.Operator
        Coefficients may be symbols, of a quantum function that `from_pennylane` follows.
    wire_order : sequence, optional
        The labels of wires 0, 1, ...; by default integers are their own places.

    Raises
    ------
    CircuitError
        For operators that are not Hermitian, labels without an order, and matrices on more than 10 wires.

    Examples
    --------
    >>> import pennylane as qml
    >>> from_observable(0.5 * qml.Z("b") @ qml.Y("a") + qml.Hadamard("b"), wire_order=["a", "b"])
    0.5*Y(0)@Z(1) + 0.707107*X(1) + 0.707107*Z(1)
    """
    import pennylane as qml

    if not isinstance(operator, qml.operation.Operator):
        raise CircuitError("this is no operator of PennyLane's", got=type(operator).__name__)
    register()
    place = {label: k for k, label in enumerate(labels_in_order(operator.wires, None, wire_order))}
    terms = terms_of(operator)
    if terms is None:
        return _dense(operator, place)
    return reduce(lambda a, b: a + b, (of_word(word, place) * _coefficient(c) for c, word in terms), 0.0 * I())


def _coefficient(value: Any) -> Any:
    if isinstance(value, Expr):
        return angle(value)
    if has_graph(value):
        remedy = "put a Param in its place, or detach it"
        raise CircuitError("a coefficient is a tensor with a gradient", got=f"{value!r}"[:80], do=remedy)
    number = complex(value)
    if abs(number.imag) > REAL * abs(number):
        raise CircuitError("the operator is not Hermitian", got=f"coefficient {number}")
    return number.real


def _dense(operator: Any, place: Mapping[Hashable, int]) -> Observable:
    if len(operator.wires) > MATRIX_WIRES or not operator.has_matrix:
        expected = f"Pauli words, or a matrix on at most {MATRIX_WIRES} wires"
        raise CircuitError("the operator cannot be read", got=f"{operator!r}"[:80], expected=expected)
    return Hermitian(array(operator.matrix()), [place[label] for label in operator.wires])


def to_observable(observable: Observable, values: Mapping[str, Any] | None = None, wires: Any = None) -> Any:
    """An observable as an operator of PennyLane's.

    Parameters
    ----------
    observable : Observable
    values : mapping, optional
        A value for each Param among its coefficients: (size,), of any library that PennyLane knows.
    wires : sequence, optional
        The labels of wires 0, 1, ...; the numbers themselves by default.

    Examples
    --------
    >>> from qdl.ir import I, X, Z
    >>> to_observable(0.5 * Z(1) @ X(0) - 2 * I(), wires=["a", "b"])
    -2.0 * I('a') + 0.5 * (X('a') @ Z('b'))
    """
    import pennylane as qml

    if not isinstance(observable, Observable):
        raise CircuitError("not an observable", got=type(observable).__name__, expected="an Observable")
    terms = observable.real_terms()
    params = tuple({p.name: p for p in params_of(tuple(terms.values()))}.values())
    at = Numbers(entries(params, named(params, (), values or {})))
    last = max(observable.wires, default=-1)
    labels = list(range(last + 1)) if wires is None else list(wires)
    if len(labels) <= last:
        raise CircuitError("the wires do not fit the observable", got=labels, expected=f"at least {last + 1} labels")
    # An identity without wires would be added to every entry of a Hermitian's matrix (PennyLane 0.45).
    idle = qml.Identity(labels[min(observable.wires, default=0)] if labels else 0)
    if not terms:
        return 0.0 * idle
    words = [reduce(lambda a, b: a @ b, [_factor(a, labels) for a in w]) if w else idle for w in terms]
    coefficients = [at(c) for c in terms.values()]
    if all(isinstance(c, float) and c == 1.0 for c in coefficients) and len(words) == 1:
        return words[0]
    return qml.dot(coefficients, words)


def _factor(atom: Any, labels: list[Any]) -> Any:
    import pennylane as qml

    where = [labels[w] for w in atom.wires]
    if atom.letter in PAULI:
        return {"X": qml.X, "Y": qml.Y, "Z": qml.Z}[atom.letter](where[0])
    return qml.Hermitian(np.array(atom.matrix), wires=where)
