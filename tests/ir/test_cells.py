"""One loop over all cells: what must hold of every file in circuits/."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Operator

import qdl
from qdl.errors import CircuitError
from qdl.ir import Circuit, cell, cells, tile
from qdl.ir.cell_table import cells_markdown, families, in_order, note
from qdl.ir.qasm import from_qasm, to_qasm
from tests import peers

CHECKOUT = Path(qdl.__file__).parents[1]
FOLDER = CHECKOUT / "circuits"
CELLS = in_order(cells())

# Angles. Sim, Johnson and Aspuru-Guzik's circuits on n = 4 wires, one layer: 2n, 2n, 3n-1 twice, n^2+3n twice, 5n-1
# twice, n, 2n, 4n-4 twice, 4n twice, 2n, 3n-1 twice, 3n twice.
SIM = (8, 8, 11, 11, 28, 28, 19, 19, 4, 8, 12, 12, 16, 16, 8, 11, 11, 12, 12)
HUR = (2, 2, 4, 6, 6, 6, 10, 10, 15)
TWO = """
    crz_crx 2  pool_zx 2  pool_crot 3  pool_general 6  pool_basis 6  pool_vatan 3  vatan 3  detector 1  heisenberg 3
    ising 2  so4 6  su4 15  xy 1  kak 15  givens 1  fsim 2  matchgate 6  a_gate 2
"""
FOUR = """
    angle 4  dense_angle 8  basis 4  angle_x 4  angle_y 4  angle_z 4  amplitude 15  exponential 1
    iqp_1 4  iqp_2 4  iqp_ring 4  z_map 4  zz 4  zz_linear 4  yy 4  hardware_rx 4  hardware_ry 4  hardware_ryrz 8
    strongly_entangling 12  basic_entangler 4  two_design 10  real_amplitudes 8  efficient_su2 16
    excitation_preserving 11  kandala 20  su4_brick 45  mps 6  ttn 6  mera 8  qaoa 2  ma_qaoa 8  permutation 3
    tfim_step 2  tfim_strang 2  heisenberg_step 3  xxz_step 2  xy_ring 1  molmer_sorensen 1
    double_excitation 1  pyramid 6  butterfly 4
"""
SIZES = {
    **{f"hur_{k}": (2, angles) for k, angles in enumerate(HUR, 1)},
    **{f"sim_{k}": (4, angles) for k, angles in enumerate(SIM, 1)},
    **{name: (2, int(angles)) for name, angles in re.findall(r"(\w+) (\d+)", TWO)},
    **{name: (4, int(angles)) for name, angles in re.findall(r"(\w+) (\d+)", FOUR)},
}
PRODUCTS = {"angle", "dense_angle", "basis", "angle_x", "angle_y", "angle_z", "z_map", "exponential", "sim_1"}


@cache
def written(name: str) -> str:
    """The file of a cell."""
    return (FOLDER / f"{name}.qasm").read_text(encoding="utf-8")


def drawn(name: str) -> np.ndarray:
    """Angles of a cell in general position, the same at each call."""
    (param,) = cell(name).params
    return np.random.default_rng(len(name) + param.size).uniform(-2, 2, param.size)


def unitary(name: str, angles: np.ndarray) -> np.ndarray:
    """A cell's matrix at the given angles."""
    c = cell(name)
    return c.matrix({c.params[0].name: angles})


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def purities(state: np.ndarray) -> list[float]:
    """Tr(rho^2) of each wire."""
    n = state.size.bit_length() - 1
    rows = [np.moveaxis(state.reshape((2,) * n), wire, 0).reshape(2, -1) for wire in range(n)]
    return [float(np.abs(np.trace((row @ row.conj().T) @ (row @ row.conj().T)))) for row in rows]


@pytest.mark.parametrize("name", CELLS)
class TestEveryCell:
    def test_has_the_wires_and_angles_of_its_source(self, name: str) -> None:
        c = cell(name)
        (param,) = c.params
        assert (c.wires, param.size) == SIZES[name]
        assert param.name in ("x", "theta")
        if count := re.search(r"\((\d+) parameters\)", note(name).source):
            assert int(count[1]) == param.size

    def test_has_a_file_that_says_what_it_is(self, name: str) -> None:
        text = written(name)
        assert text.isascii()
        said = note(name)
        assert said.what.endswith(".")
        assert said.source.endswith(".")
        letter = cell(name).params[0].name
        assert f"{letter}_0" in said.angles
        assert f"// {'Inputs' if letter == 'x' else 'Parameters'}: " in text
        assert f"// Wires: {cell(name).wires}" in text or "// Wires: 0 the " in text

    def test_is_printed_and_read_again_as_the_same(self, name: str) -> None:
        c = from_qasm(written(name))
        assert c == cell(name)
        text = to_qasm(c)
        assert from_qasm(text) == c
        assert to_qasm(from_qasm(text)) == text

    def test_is_the_unitary_that_qiskit_reads_from_its_file(self, name: str) -> None:
        angles = drawn(name)
        theirs = qasm3.loads(written(name))
        assert len(theirs.parameters) == angles.size
        bound = {param: angles[int(param.name.rpartition("_")[2])] for param in theirs.parameters}
        same(peers.flip(Operator(theirs.assign_parameters(bound)).data), unitary(name, angles))

    def test_is_unitary_and_undone_by_its_inverse(self, name: str) -> None:
        c, angles = cell(name), drawn(name)
        u = unitary(name, angles)
        same(u.conj().T @ u, np.eye(2**c.wires))
        same(c.inverse().matrix({c.params[0].name: angles}) @ u, np.eye(2**c.wires))

    def test_answers_to_every_angle(self, name: str) -> None:
        at = drawn(name)
        for k, direction in enumerate(np.eye(at.size)):
            change = unitary(name, at + 1e-4 * direction) - unitary(name, at - 1e-4 * direction)
            assert np.abs(change).max() / 2e-4 > 0.02, f"angle {k} does nothing"

    def test_entangles_every_wire_if_it_entangles(self, name: str) -> None:
        wires, _ = SIZES[name]
        product = np.ones(1)
        for wire in range(wires):
            product = np.kron(product, [np.cos(0.4 + 0.2 * wire), np.exp(1j * (1 + wire)) * np.sin(0.4 + 0.2 * wire)])
        left = np.array(purities(unitary(name, drawn(name)) @ product))
        if name in PRODUCTS:
            np.testing.assert_allclose(left, 1, atol=1e-12)
        else:
            assert left.max() < 1 - 1e-3, left

    def test_is_tiled(self, name: str) -> None:
        wires, angles = SIZES[name]
        c = tile(name, wires=wires + 1, pattern="chain")
        assert c.params[0].size == 2 * angles
        first = c.params[0]
        by_hand = Circuit(wires + 1)
        for start in range(2):
            by_hand.append(cell(name), range(start, start + wires), list(first)[start * angles : (start + 1) * angles])
        assert c == by_hand


def test_every_cell_is_known_here() -> None:
    assert set(CELLS) == set(SIZES) == {path.stem for path in FOLDER.glob("*.qasm")}
    assert len(CELLS) >= 40


def test_circuits_holds_data_only() -> None:
    assert {path.suffix for path in FOLDER.rglob("*")} == {".qasm"}


# The specification's list of stdgates.inc, and the built-in U.
STANDARD = """
    p x y z h s sdg t tdg sx rx ry rz cx cy cz cp crx cry crz ch swap ccx cswap cu CX phase cphase id u1 u2 u3 U
"""


@pytest.mark.parametrize("name", CELLS)
def test_gates_beyond_the_standard_library_are_defined_before_they_are_used(name: str) -> None:
    known = set(STANDARD.split())
    for line in written(name).splitlines():
        if line.startswith("gate "):
            known.add(re.split(r"[ (]", line)[1])
        elif found := re.fullmatch(r"\s*([A-Za-z]\w*)(\(.*\))? [a-z](\[\d\])?(, [a-z](\[\d\])?)*;", line):
            assert found[1] in known, found[1]


# --- the page


def test_the_page_of_the_cells_is_up_to_date() -> None:
    found = (CHECKOUT / "docs" / "cells.md").read_text(encoding="utf-8")
    assert found == cells_markdown(), "run python -m qdl.ir.cell_table > docs/cells.md"


def test_every_cell_stands_on_the_page_once_and_numbers_are_in_order() -> None:
    text = cells_markdown()
    assert [text.count(f"| [`{name}`](../circuits/{name}.qasm) |") for name in CELLS] == [1] * len(CELLS)
    named = families()
    assert named["Circuits of Sim, Johnson and Aspuru-Guzik"] == [f"sim_{k}" for k in range(1, 20)]
    assert set(named["Encoders"]) == {name for name in CELLS if cell(name).params[0].name == "x"}
    assert named["Pooling"] == ["crz_crx", "pool_basis", "pool_crot", "pool_general", "pool_vatan", "pool_zx"]
    assert all(len(re.split(r"(?<!\\)\|", line)) == 7 for line in text.splitlines() if line.startswith("|"))


def test_a_file_that_does_not_say_what_it_is_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.qasm"
    path.write_text("// What it is.\n// Parameters: none.\nqubit q;\n")
    with pytest.raises(CircuitError, match="does not say what it is, whose"):
        note(str(path))
