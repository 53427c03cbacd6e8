"""Block matrices at angles where their formula changes."""

from __future__ import annotations

import pytest
import torch

import qdl
from qdl.engine.matrices import Angles, Builder
from qdl.ir import Circuit, Operation, Param
from qdl.ir.gates import embed
from qdl.ir.maps import as_map
from qdl.plan.angles import angle_table
from qdl.plan.fuse import CONSTANT, SAMPLED, Block, Placed
from qdl.plan.unravel import HIDDEN, unravel
from tests import oracle
from tests.checks import distance


@pytest.mark.parametrize("length", [0.0, 1e-8, 1e-4, 0.01, 0.031, 0.0317, 0.1, 3.0, 6.283, 9.0])
def test_a_rotor_is_exact_on_both_sides_of_its_series(length: float) -> None:
    v = Param("v", 3)
    made = Circuit(2).ry(0.7, 0).rv(v[0], v[1], v[2], 0).gate("rv", v[2], v[0], v[1], 1, controls=[0]).h(0)
    given = {"v": torch.tensor([0.6, -0.64, 0.48], dtype=torch.float64).mul(length).requires_grad_()}
    assert distance(qdl.state(made, given).detach(), oracle.states(made, {"v": given["v"].detach()})) < 1e-14
    assert torch.autograd.gradcheck(
        lambda w: torch.view_as_real(qdl.state(made, {"v": w})), given["v"].requires_grad_()
    )


@pytest.mark.parametrize("real", [False, True])
def test_runs_within_a_block_multiply_to_the_same_matrix(real: bool) -> None:
    """Noise on single wires between gates on both: what is built first must enter in its place."""
    circuit, x = Circuit(2), Param("x", 6)
    for k, wire in enumerate((0, 1, 1, 0)):
        circuit.rx(x[k], wire).channel("pauli", 0.1 * x[4], 0.2, 0.1 * x[5], wires=wire).s(wire)
        if k % 2:
            circuit.cx(0, 1)
    maps = [Operation(*as_map(op), op.wires) for op in circuit.elementary()]
    operations = maps if real else list(unravel(circuit).operations)
    table, index = angle_table(operations, frozenset({"x", HIDDEN}))
    places = [tuple(range(2 * w, 2 * w + 2)) if real else (w,) for w in range(2)]
    members = [
        Placed(op, sum((places[w] for w in op.wires), ()), SAMPLED if k in index else CONSTANT, index.get(k, ()))
        for k, op in enumerate(operations)
    ]
    dtype = torch.float64 if real else torch.complex128
    angles = Angles(
        torch.zeros(0),
        torch.rand(5, len(table.angles), dtype=torch.float64, generator=torch.Generator().manual_seed(3)),
    )
    whole = Builder([Block(tuple(range(4 if real else 2)), tuple(members))], 0, dtype, torch.device("cpu"))
    assert whole.inner is not None
    expected = torch.eye(16 if real else 4, dtype=dtype)
    for member in members:
        alone = Builder([Block(member.positions, (member,))], 0, dtype, torch.device("cpu"))
        found = alone(angles)[0][:, 0] if member.angles else alone.constants[0].expand(5, -1, -1)
        rows = [embed(m.numpy(), member.positions, 4 if real else 2) for m in found]
        expected = torch.stack([torch.as_tensor(row.real if real else row) for row in rows]) @ expected
    assert distance(whole(angles)[0][:, 0], expected) < 1e-14


def test_gates_within_a_wide_block_are_put_in_their_places() -> None:
    """A gate of seven wires makes a wide block of its small neighbours; numbers and angles that vary alternate."""
    x = Param("x", 2)
    circuit = Circuit(8)
    for k in range(8):
        circuit.ry(0.3 + 0.2 * k, k)
    circuit.cry(0.7, 5, 2).swap(1, 6).rx(x[0], 3).gate("ry", 0.9, 4, controls=(6, 0, 2, 7, 1, 3), values="101101")
    circuit.ccx(7, 0, 4).rzx(0.4, 3, 1).rv(0.3, x[1], -0.2, 2).cu(0.3, 0.5, 0.7, 0.9, 6, 3).iswap(2, 5)
    values = {"x": [0.8, -1.3]}
    expected = torch.as_tensor(circuit.matrix(values)[:, 0])
    assert distance(qdl.state(circuit, values, dtype=torch.float64), expected) < 1e-14
