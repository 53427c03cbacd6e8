"""exp(-itH) against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from qdl.errors import CircuitError
from qdl.ir import Circuit, Hermitian, Observable, Param, X, Y, Z

SUMS = {
    "word": 0.7 * X(2) @ Y(0),
    "commuting": Z(0) @ Z(1) - 0.5 * Z(1) @ Z(2) + 0.3,
    "commuting, different letters": X(0) @ X(1) + Y(0) @ Y(1) - 2 * Z(0) @ Z(1),
    "identity": 0.4 * (X(1) @ X(1)),
    "not commuting": 0.7 * X(0) @ Y(2) + Z(0) - 0.2 * Z(2) + 1.5,
    "one wire": X(1) + Z(1),
    "matrix": Hermitian([[1, 2j], [-2j, 0.5]], 2) + X(0),
}


@pytest.mark.parametrize("name", SUMS)
def test_evolution_is_the_exponential(name: str) -> None:
    h = SUMS[name]
    for time in (0.0, 0.37, -2.5):
        found = Circuit(3).evolve(h, time).matrix()
        np.testing.assert_allclose(found, expm(-1j * time * h.matrix(3)), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", SUMS)
def test_evolution_takes_an_expression_for_time_and_can_be_undone(name: str) -> None:
    t = Param("t", 2)
    c = Circuit(3).evolve(SUMS[name], t[0] * t[1])
    values = {"t": [0.5, 0.74]}
    expected = expm(-0.37j * SUMS[name].matrix(3))
    np.testing.assert_allclose(c.matrix(values), expected, rtol=0, atol=1e-12)
    both = c.copy().append(c.inverse(), range(3), list(t))
    np.testing.assert_allclose(both.matrix(values), np.eye(8), rtol=0, atol=1e-12)


def test_words_that_commute_become_one_rotation_each() -> None:
    names = [op.gate.name for op in Circuit(3).evolve(SUMS["commuting"], 0.3).operations]
    assert sorted(names) == ["gphase", "r_zz", "r_zz"]
    assert [op.gate.name for op in Circuit(3).evolve(SUMS["not commuting"], 0.3).operations] == ["evolution"]


def test_a_long_word_needs_no_large_matrix() -> None:
    word = X(0)
    for wire in range(1, 40):
        word = word @ (Y(wire) if wire % 3 else Z(wire))
    assert max(op.gate.wires for op in Circuit(40).evolve(word, 0.3).elementary()) == 2


@pytest.mark.parametrize(
    ("hamiltonian", "message"),
    [
        (1j * X(0), "not Hermitian"),
        (Param("c") * X(0), "plain coefficients"),
        (sum((X(w) @ Z(w + 1) for w in range(9)), Observable({})), "few wires only: got 10.*Trotter"),
        ("X", "takes an observable"),
    ],
)
def test_what_cannot_evolve_is_refused(hamiltonian: object, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(10).evolve(hamiltonian, 0.1)  # type: ignore[arg-type]
