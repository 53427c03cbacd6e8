"""The loader of cells, and what the first ten cells claim to be."""

from __future__ import annotations

import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from qiskit.circuit.library import zz_feature_map
from qiskit.quantum_info import Operator
from scipy.linalg import expm

from qdl.errors import CircuitError, QasmError
from qdl.ir import Circuit, N, Observable, X, Y, Z, cell
from tests import peers


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def unitary(name: str, *angles: float) -> np.ndarray:
    c = cell(name)
    return c.matrix({c.params[0].name: angles})


def exponential(h: Observable, wires: int = 2) -> np.ndarray:
    return expm(-1j * h.matrix(wires))


def test_angle() -> None:
    x = np.array([0.1, 0.5, -0.3, 1.2])
    state = unitary("angle", *x)[:, 0]
    for wire in range(4):
        assert (state.conj() @ Z(wire).matrix(4) @ state).real == pytest.approx(np.cos(np.pi * x[wire]))


def test_dense_angle() -> None:
    x = np.array([0.1, 0.2, 0.7, -0.3, 0.5, 0.9, 0.35, 0.05])
    expected = np.ones(1)
    for wire in range(4):
        polar, phase = x[2 * wire], x[2 * wire + 1]
        expected = np.kron(expected, [np.cos(np.pi * polar), np.exp(2j * np.pi * phase) * np.sin(np.pi * polar)])
    same(unitary("dense_angle", *x)[:, 0], expected)


def test_zz_is_the_feature_map_of_havlicek() -> None:
    x = np.array([0.3, 1.1, 2.5, 0.7])
    one, eye = np.array([[1, 1], [1, -1]]) / np.sqrt(2), np.eye(16)
    hadamards = np.kron(np.kron(one, one), np.kron(one, one))
    phases = sum(x[i] * (eye - Z(i).matrix(4)) for i in range(4)) + sum(
        (np.pi - x[i]) * (np.pi - x[j]) * (eye - (Z(i) @ Z(j)).matrix(4)) for i, j in combinations(range(4), 2)
    )
    step = expm(1j * phases) @ hadamards
    same(unitary("zz", *x), step @ step)
    theirs = zz_feature_map(4, reps=2, entanglement="full").assign_parameters(x)
    same(unitary("zz", *x), peers.flip(Operator(theirs).data))


def tangents(name: str, at: np.ndarray) -> np.ndarray:
    """The directions in which a cell's unitary moves with its angles, as rows of real numbers, phases left out."""
    u = unitary(name, *at)
    rows = []
    for k in range(len(at)):
        step = 1e-6 * (np.arange(len(at)) == k)
        generator = 1j * u.conj().T @ (unitary(name, *(at + step)) - unitary(name, *(at - step))) / 2e-6
        generator -= np.trace(generator) / 4 * np.eye(4)
        rows.append(np.concatenate([generator.real.ravel(), generator.imag.ravel()]))
    return np.array(rows)


@pytest.mark.parametrize(("name", "dimension"), [("su4", 15), ("so4", 6)])
def test_general_cells_move_in_every_direction_of_their_group(name: str, dimension: int) -> None:
    at = np.random.default_rng(1).uniform(0.2, 2.5, dimension)
    assert np.linalg.matrix_rank(tangents(name, at), tol=1e-5) == dimension


def test_so4_is_real_with_determinant_1() -> None:
    u = unitary("so4", *np.linspace(-2, 2, 6))
    assert np.abs(u.imag).max() < 1e-14
    assert np.linalg.det(u.real) == pytest.approx(1)


def test_xy_conserves_excitations_and_moves_one() -> None:
    u = unitary("xy", 0.7)
    same(u, exponential(0.35 * (X(0) @ X(1) + Y(0) @ Y(1))))
    number = (N(0) + N(1)).matrix(2)
    same(u @ number, number @ u)
    same(u[:, 2], np.array([0, -1j * np.sin(0.7), np.cos(0.7), 0]))
    assert abs(unitary("xy", np.pi / 2)[1, 2]) == pytest.approx(1)


def test_ising_is_a_trotter_step() -> None:
    same(unitary("ising", 0.4, 0.9), exponential(0.45 * (X(0) + X(1))) @ exponential(0.2 * Z(0) @ Z(1)))


def test_heisenberg_is_exact_and_isotropic_for_equal_couplings() -> None:
    h = 0.1 * X(0) @ X(1) + 0.35 * Y(0) @ Y(1) - 0.6 * Z(0) @ Z(1)
    same(unitary("heisenberg", 0.2, 0.7, -1.2), exponential(h))
    turn = exponential(0.3 * (X(0) + X(1)) + 0.8 * (Y(0) + Y(1)))
    u = unitary("heisenberg", 0.7, 0.7, 0.7)
    same(u @ turn, turn @ u)


def test_detector_is_the_coupling_of_an_excitation_to_a_rotation() -> None:
    same(unitary("detector", 0.6), exponential(0.3 * N(0) @ Y(1)))


def test_detectors_of_many_inputs_answer_with_the_sine_of_their_sum() -> None:
    w, x, g = np.array([0.7, -1.2, 0.4]), np.array([0.2, 0.9, 0.5]), 0.3
    c = Circuit(4).ry(np.pi / 2, 3)
    for i in range(3):
        c.ry(2 * np.arcsin(np.sqrt(x[i])), i).append(cell("detector"), (i, 3), [g * w[i]])
    state = c.matrix()[:, 0]
    found = -(state.conj() @ Z(3).matrix(4) @ state).real
    assert found == pytest.approx(np.prod(1 - x + x * np.exp(1j * g * w)).imag, abs=1e-13)


def test_crz_crx_is_measurement_and_feed_forward() -> None:
    psi = np.array([0.1 + 0.2j, 0.5, -0.3j, 0.7])
    psi /= np.linalg.norm(psi)
    kept = (unitary("crz_crx", 0.8, 1.3) @ psi).reshape(2, 2)
    coherent = kept.T @ kept.conj()
    measured = np.zeros((2, 2), dtype=complex)
    for outcome, turn in ((0, Circuit(1).rx(1.3, 0)), (1, Circuit(1).rz(0.8, 0))):
        branch = turn.matrix() @ psi.reshape(2, 2)[outcome]
        measured += np.outer(branch, branch.conj())
    same(coherent, measured)


# --- the loader


def test_a_cell_is_a_copy_of_its_own() -> None:
    cell("xy").x(0)
    assert len(cell("xy")) == 2


def test_a_file_is_a_cell_too_and_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.qasm"
    path.write_text("qubit q; U(0, 0, 1) q;")
    assert cell(path) == cell(str(path)) == Circuit(1).u(0, 0, 1, 0)
    path.write_text("qubit q; U(0, 0, 2) q;")
    os.utime(path, ns=(1, 1))
    assert cell(path) == Circuit(1).u(0, 0, 2, 0)


def test_a_relative_path_follows_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "mine.qasm").write_text(f"qubit q; U(0, 0, {number}) q;")
        monkeypatch.chdir(folder)
        assert cell("mine.qasm") == Circuit(1).u(0, 0, number, 0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("su5", "unknown cell 'su5'; did you mean 'su4'"),
        ("nothing", "unknown cell 'nothing'; `qdl circuits list` names all cells"),
        ("../circuits/su4", "unknown cell"),
        ("", "unknown cell"),
        ("nowhere.qasm", "cannot read the cell .*nowhere.qasm.*No such file"),
        (3, "a name or a path: got int"),
        (Path("/"), "cannot read the cell"),
    ],
)
def test_what_is_no_cell_is_refused(name: object, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        cell(name)  # type: ignore[arg-type]


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.qasm"
    path.write_text("qubit q;\nfoo q;")
    with pytest.raises(QasmError, match=r"^broken.qasm: OpenQASM line 2: unknown gate 'foo'"):
        cell(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(QasmError, match=r"broken.qasm: the file is not UTF-8"):
        cell(path)
