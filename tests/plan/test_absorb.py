"""Trailing gates that words of Z's make superfluous."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import torch

import qdl
from qdl.ir import TABLE, Circuit, Param, X, Z
from qdl.ir.gates import PAULI, Composite, Prepare, embed, parity_images
from qdl.plan.absorb import absorb
from tests import checks, oracle
from tests.strategies import case

w = Param("w", 6)


@pytest.mark.parametrize(
    "name", [n for n, g in TABLE.items() if not isinstance(g, (Composite, Prepare)) and g.wires < 4]
)
def test_a_gate_is_absorbed_if_and_only_if_it_turns_every_z_into_a_product_of_zs(name: str) -> None:
    gate = TABLE[name]
    drawn = np.random.default_rng(3)
    turned = [oracle.matrix(gate, drawn.uniform(-3, 3, len(gate.angles)).tolist()) for _ in range(3)]
    images = parity_images(gate)
    for matrix in turned:
        for k in range(gate.wires):
            found = matrix.conj().T @ embed(PAULI["Z"], (k,), gate.wires) @ matrix
            if images is not None:
                expected = np.eye(2**gate.wires)
                for wire in images[k]:
                    expected = expected @ embed(PAULI["Z"], (wire,), gate.wires)
                assert np.abs(found - expected).max() < 1e-12
    diagonal = all(np.abs(m - np.diag(np.diag(m))).max() < 1e-12 for m in turned)
    assert images is not None or not diagonal, "a diagonal gate is simulated for nothing"


def test_the_last_entangling_layer_and_turns_about_z_are_not_simulated() -> None:
    made = Circuit(3).ry(w[0], 0).cx(0, 1).ry(w[1], 0).ry(w[2], 1).rz(w[3], 0).cz(0, 2).cx(0, 1).swap(1, 2)
    left, (word,) = absorb(made.operations, [next(iter(Z(2).terms))])
    assert [op.gate.name for op in left if op.wires] == ["ry", "cx", "ry", "ry"]
    assert [atom.wires for atom in word] == [(0,), (1,)]
    kept, _ = absorb(made.operations, [next(iter(X(2).terms))])
    assert all(op.wires for op in kept)


def test_their_gradients_are_zero_and_all_others_right() -> None:
    made = Circuit(3).ry(w[0], 0).cx(0, 1).ry(w[1], 1).rz(w[2], 1).crz(w[3], 1, 2).cx(1, 2).rx(w[4], 0)
    value = torch.linspace(0.1, 1.1, 6, dtype=torch.float64, requires_grad=True)
    read = [Z(0), Z(1) @ Z(2), 0.5 * Z(2)]
    for method in ("adjoint", "autograd", "shift"):
        out = qdl.expval(made, read, {"w": value}, grad=method).sum()
        (found,) = torch.autograd.grad(out, value)
        assert found[2] == 0
        assert found[3] == 0
        assert found[[0, 1, 4]].abs().min() > 1e-3
    assert torch.autograd.gradcheck(lambda v: qdl.expval(made, read, {"w": v}), value)


@pytest.mark.parametrize("seed", range(60))
def test_values_behind_classical_gates_are_those_of_the_oracle(seed: int) -> None:
    draw = Random(seed)
    wires = draw.randint(2, 6)
    found = case(draw, wires, 4, gates=("ry", "rx", "h", "u"), batches=[(), (3,)])
    for _ in range(8):
        a, b = draw.sample(range(wires), 2)
        getattr(found.circuit, draw.choice(["cx", "cz", "swap", "iswap", "cy"]))(a, b)
        getattr(found.circuit, draw.choice(["s", "t", "z", "x"]))(a)
    words = [Z(draw.randrange(wires)), Z(0) @ Z(1), 2.0 * Z(wires - 1) + 0.5]
    value = qdl.expval(found.circuit, words, found.own(), dtype=torch.float64)
    mean, _, _ = oracle.moments(found.circuit, words, found.own())
    assert checks.distance(value, mean) < 1e-12
