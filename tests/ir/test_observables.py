"""The algebra of observables against the algebra of matrices."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from qdl.errors import CircuitError
from qdl.ir import Hermitian, I, N, Observable, Param, X, Y, Z
from qdl.ir.gates import PAULI, kron

WIRES = 3
LETTERS = {"X": X, "Y": Y, "Z": Z}


def random_sum(seed: int) -> tuple[Observable, np.ndarray]:
    """An observable built with qdl's operators and its matrix built with numpy's."""
    draw = np.random.default_rng(seed)
    total, matrix = Observable({}), np.zeros((8, 8), dtype=complex)
    for _ in range(4):
        letters = draw.choice(list("IXYZ"), WIRES)
        c = float(draw.normal())
        factors = [LETTERS[letter](wire) for wire, letter in enumerate(letters) if letter != "I"]
        draw.shuffle(factors)  # type: ignore[arg-type]
        total = total + c * reduce(lambda a, b: a @ b, factors, I())
        matrix = matrix + c * kron(*(PAULI[letter] for letter in letters))
    return total, matrix


@pytest.mark.parametrize("seed", range(8))
def test_sums_and_products_are_those_of_matrices(seed: int) -> None:
    (a, first), (b, second) = random_sum(seed), random_sum(seed + 100)
    cases = {
        "a": (a, first),
        "a + b": (a + b, first + second),
        "a - 2b": (a - 2 * b, first - 2 * second),
        "a @ b": (a @ b, first @ second),
        "a / 4 + 1": (a / 4 + 1, first / 4 + np.eye(8)),
        "3 - a": (3 - a, 3 * np.eye(8) - first),
        "square": (a.squared(), first @ first),
    }
    for name, (found, expected) in cases.items():
        np.testing.assert_allclose(found.matrix(WIRES), expected, rtol=0, atol=1e-12, err_msg=name)


def test_a_product_of_letters_on_one_wire_has_its_phase() -> None:
    assert X(0) @ Y(0) == 1j * Z(0)
    assert Y(0) @ X(0) == -1j * Z(0)
    assert X(1) @ Z(0) @ X(1) == Z(0)
    assert (X(0) @ Y(0) + Y(0) @ X(0)).terms == {}


def test_the_excitation_number() -> None:
    np.testing.assert_allclose(N(1).matrix(2).real, np.diag([0, 1, 0, 1]))


def test_wire_0_is_the_most_significant() -> None:
    np.testing.assert_allclose(np.diag(Z(0).matrix(2)).real, [1, 1, -1, -1])
    np.testing.assert_allclose(Hermitian(np.diag([1, 2, 3, 4]), (1, 0)).matrix(2).real.diagonal(), [1, 3, 2, 4])


def test_order_and_grouping_do_not_matter() -> None:
    assert X(0) @ Z(2) + Y(1) == Y(1) + Z(2) @ X(0)
    assert hash(X(0) + Y(1)) == hash(Y(1) + X(0))
    assert 2 * X(0) - X(0) == X(0)


def test_coefficients_may_be_expressions() -> None:
    w = Param("w", 2)
    found = w[0] * X(0) + (1 - w[1]) * Z(0) @ X(1) + 0.5 * X(0)
    expected = 2.5 * X(0).matrix(2) - 2 * (Z(0) @ X(1)).matrix(2)
    np.testing.assert_allclose(found.matrix(2, {"w": [2.0, 3.0]}), expected, atol=1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: X(-1), "non-negative integer"),
        (lambda: X(True), "non-negative integer"),
        (lambda: X(0) * X(1), "multiplied with @"),
        (lambda: X(0) @ 2, "takes two observables"),
        (lambda: Hermitian([[0, 1], [2, 0]], 0), "not Hermitian"),
        (lambda: Hermitian(np.eye(4), 0), "does not fit its wires"),
        (lambda: Hermitian(np.eye(4), (1, 1)), "repeated"),
        (lambda: Hermitian([[np.nan, 0], [0, 1]], 0), "finite"),
        (lambda: Hermitian(np.eye(4), (0, 1)) @ X(1), "overlaps"),
        (lambda: (X(0) @ Y(0)).real_terms(), "not Hermitian"),
    ],
)
def test_nonsense_is_refused(make: object, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        make()  # type: ignore[operator]
