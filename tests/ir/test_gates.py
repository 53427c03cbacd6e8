"""The gate table against Qiskit and against what a row claims about itself, global phase included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from qiskit.circuit.library import get_standard_gate_name_mapping

from qdl.errors import CircuitError
from qdl.ir import TABLE, Circuit, gate
from qdl.ir.gates import MAX_CONTROLLED, Composite, Exponential, Gate, Rotor, controlled, embed, pauli_rotation
from qdl.ir.params import Param
from tests import peers

ROWS = sorted(TABLE)
SMALL = [name for name in ROWS if TABLE[name].wires <= 3]


def some_angles(row: Gate, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).uniform(-4, 4, len(row.angles)).tolist()


def product(steps: Sequence[tuple], wires: int) -> np.ndarray:
    """The matrix of a sequence of steps with plain angles."""
    out = np.eye(2**wires, dtype=complex)
    for row, angles, where in steps:
        out = embed(row.matrix(*angles), where, wires) @ out
    return out


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_every_unitary_of_qiskits_standard_library_is_a_row() -> None:
    renamed = {"global_phase": "gphase"}
    no_gates = {"delay", "measure", "reset"}
    missing = {renamed.get(name, name) for name in get_standard_gate_name_mapping()} - set(TABLE) - no_gates
    assert not missing


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_qiskits_gate_of_that_name(name: str) -> None:
    row = TABLE[name]
    theirs = peers.QISKIT[name]
    for seed in range(3):
        angles = some_angles(row, seed)
        expected = np.asarray(theirs(*angles).to_matrix())
        same(row.matrix(*angles), peers.flip(expected) if row.wires else expected.reshape(1, 1))


def test_rv_is_smooth_where_it_does_not_turn() -> None:
    same(TABLE["rv"].matrix(0.0, 0.0, 0.0), np.eye(2))
    same(TABLE["rv"].matrix(1e-9, 0.0, 0.0), TABLE["rx"].matrix(1e-9))


@pytest.mark.parametrize("name", ROWS)
def test_a_row_times_its_inverse_is_one(name: str) -> None:
    row = TABLE[name]
    angles, wires = tuple(some_angles(row)), tuple(range(row.wires))
    same(product([(row, angles, wires), *row.inverse(angles, wires)], row.wires), np.eye(2**row.wires))


@pytest.mark.parametrize("name", ROWS)
def test_the_inverse_of_a_row_is_made_of_named_gates(name: str) -> None:
    row = TABLE[name]
    for part, _, _ in row.inverse(tuple(some_angles(row)), tuple(range(row.wires))):
        assert part.name != "unitary", f"the inverse of {name} has lost its name"


@pytest.mark.parametrize("values", ["1", "0", "10", "01"])
@pytest.mark.parametrize("name", SMALL)
def test_a_controlled_row_acts_where_its_controls_have_their_values(name: str, values: str) -> None:
    row = TABLE[name]
    made, angles = controlled(row, values), some_angles(row)
    assert (made.wires, len(made.angles)) == (row.wires + len(values), len(row.angles))
    expected = np.eye(2**made.wires, dtype=complex)
    start = int(values, 2) * 2**row.wires
    block = slice(start, start + 2**row.wires)
    expected[block, block] = row.matrix(*angles)
    same(made.matrix(*angles), expected)
    wires = tuple(range(made.wires))
    steps = [(made, tuple(angles), wires), *made.inverse(tuple(angles), wires)]
    same(product(steps, made.wires), np.eye(2**made.wires))


@pytest.mark.parametrize(
    ("base", "values", "row"),
    [("x", "1", "cx"), ("x", "11", "ccx"), ("z", "11", "ccz"), ("p", "1", "cp"), ("sx", "111", "c3sx")],
)
def test_a_controlled_gate_that_has_a_row_is_that_row(base: str, values: str, row: str) -> None:
    assert controlled(TABLE[base], values) is TABLE[row]
    made: Gate = TABLE[base]
    for value in values:
        made = controlled(made, value)
    assert made is TABLE[row]


def test_a_controlled_phase_is_the_phase_gate() -> None:
    assert controlled(TABLE["gphase"], "1") is TABLE["p"]
    same(controlled(TABLE["gphase"], "11").matrix(0.3), TABLE["cp"].matrix(0.3))


def test_controls_of_controls_are_one_set() -> None:
    assert controlled(controlled(TABLE["ry"], "0"), "1") == controlled(TABLE["ry"], "10")


def test_too_many_controls_are_refused_before_a_large_matrix_arises() -> None:
    controlled(TABLE["x"], "1" * (MAX_CONTROLLED - 1))
    with pytest.raises(CircuitError, match=r"too many controls.*ccx"):
        controlled(TABLE["x"], "1" * MAX_CONTROLLED)
    with pytest.raises(CircuitError, match="control values"):
        controlled(TABLE["x"], "12")


@pytest.mark.parametrize("name", [name for name in ROWS if isinstance(TABLE[name], Exponential)])
def test_an_exponential_is_the_sum_of_its_projectors(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Exponential)
    same(row.projectors.sum(0), np.eye(2**row.wires))
    same(np.einsum("f,fij->ij", row.rates, row.projectors), row.generator)
    for one in row.projectors:
        same(one @ one, one)


@pytest.mark.parametrize(
    ("name", "expected"), [("rx", [1]), ("rzz", [1]), ("p", [1]), ("crx", [0.5, 1]), ("gphase", [])]
)
def test_shift_frequencies_are_the_differences_of_eigenvalues(name: str, expected: list[float]) -> None:
    row = TABLE[name]
    assert isinstance(row, Exponential)
    assert row.frequencies().tolist() == expected


@pytest.mark.parametrize("letters", ["X", "ZY", "XYZ", "YXZY", "XYZZY", "ZXYYXZ"])
def test_a_pauli_rotation_is_the_exponential_of_its_word(letters: str) -> None:
    from scipy.linalg import expm

    from qdl.ir.gates import pauli_string

    row = pauli_rotation(letters)
    same(row.matrix(0.7), expm(-0.35j * pauli_string(letters)))


@pytest.mark.parametrize("name", [name for name in ROWS if isinstance(TABLE[name], Composite)])
def test_a_composite_row_is_its_steps(name: str) -> None:
    row = TABLE[name]
    assert isinstance(row, Composite)
    angles = tuple(some_angles(row))
    same(row.matrix(*angles), product(row.steps(angles, tuple(range(row.wires))), row.wires))


def test_kinds_of_rows() -> None:
    assert [name for name in ROWS if isinstance(TABLE[name], Rotor)] == ["rv"]


def test_an_unknown_gate_is_refused_with_close_names() -> None:
    with pytest.raises(CircuitError, match=r"unknown gate 'crxx'; did you mean .*'crx'"):
        gate("crxx")
    with pytest.raises(AttributeError, match="unknown gate 'hadamard'"):
        Circuit(1).hadamard(0)
    assert not hasattr(Circuit(1), "hadamard")


def test_every_row_is_a_method_that_takes_angles_then_wires() -> None:
    theta = Param("theta", 4)
    for name, row in TABLE.items():
        made = getattr(Circuit(6), name)(*theta[: len(row.angles)], *range(row.wires, 0, -1))
        (op,) = made.operations
        assert (op.gate, op.angles, op.wires) == (row, tuple(theta)[: len(row.angles)], tuple(range(row.wires, 0, -1)))
