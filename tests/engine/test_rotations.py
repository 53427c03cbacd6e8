"""Recipes of gates: the product of their steps is the gate, but for its global phase."""

from __future__ import annotations

import numpy as np
import pytest

from qdl.engine.rotations import Rotation, recipe
from qdl.errors import UnsupportedError
from qdl.ir.gates import TABLE, Exponential, Gate, Prepare, Rotor, controlled, pauli_rotation
from tests import oracle
from tests.strategies import hermitian

NUMBERS = np.random.default_rng(0)
DENSE = Exponential("evolution", hermitian(NUMBERS, 8), "time")
ROWS = [row for row in TABLE.values() if isinstance(row, (Exponential, Rotor))] + [DENSE, pauli_rotation("XYZ")]
GATES = [row for row in ROWS if row.wires]
GATES += [controlled(row, values) for row in ROWS for values in ("0", "1", "10") if row.wires + len(values) <= 4]


def product(gate: Gate, angles: np.ndarray) -> np.ndarray:
    """The matrix of a gate's recipe at some angles."""
    found = recipe(gate)
    (numbers,) = found.numbers(angles[None])
    assert numbers.shape == (found.count,)
    out = np.eye(2**gate.wires, dtype=complex)
    for step in found.steps:
        if isinstance(step, Rotation):
            small = oracle.expm(oracle.word(step.word) / 2, numbers[step.number])
        else:
            small = step.gate.matrix()
        out = oracle.embed(small, step.wires, gate.wires) @ out
    return out


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_rotations_make_the_gate(gate: Gate) -> None:
    for angles in (*NUMBERS.uniform(-4, 4, (3, len(gate.angles))), np.zeros(len(gate.angles))):
        overlap = np.trace(product(gate, angles).conj().T @ oracle.matrix(gate, angles)) / 2**gate.wires
        assert abs(abs(overlap) - 1) <= 1e-12


@pytest.mark.parametrize("wires", range(1, 5))
def test_rotations_prepare_amplitudes(wires: int) -> None:
    for k in range(8):
        amplitudes = NUMBERS.normal(size=2**wires) * (NUMBERS.random(2**wires) < 0.6)
        amplitudes[k % 2**wires] = [1.0, -1e-3, 1e6, -1.0][k % 4]
        found = product(Prepare(wires), amplitudes)[:, 0]
        assert np.abs(found - amplitudes / np.linalg.norm(amplitudes)).max() <= 1e-12


def test_gates_without_angles_have_no_recipe() -> None:
    with pytest.raises(UnsupportedError, match="got gate 'h'"):
        recipe(TABLE["h"])
