"""The neutral description of every row, run by a simulator of a few lines, is what qdl says about the row's circuit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import qdl
from qdl.bench import limit, works
from qdl.bench.describe import angle, gates, job
from qdl.bench.peers import product
from qdl.bench.peers.qdl import Peer
from qdl.bench.rows import ROWS, Row
from qdl.bench.worker import arrays, draw
from qdl.errors import QdlError
from tests import oracle

CIRCUITS = [row for row in ROWS if row.build is not None]
LAYER = next(row for row in ROWS if row.ask == "layer")


def small(row: Row) -> Row:
    """The row with at most five wires (four for the tree) and three samples."""
    wires = 4 if row.name == "qcnn" else min(row.sizes["wires"], 5)
    return replace(row, sizes={**row.sizes, "wires": wires}, batch=row.batch and 3)


def simulate(described: dict[str, Any], values: dict[str, Any]) -> np.ndarray:
    """The final state, from the description alone."""
    n = described["wires"]
    psi = np.eye(1, 2**n, dtype=complex)[0]
    for name, wires, angles in described["gates"]:
        numbers = [a if isinstance(a, float) else a[2] * values[a[0]][a[1]] + a[3] for a in angles]
        matrix = oracle.GATES.get(name)
        if matrix is None:
            base = oracle.GATES[name[1:]]
            matrix = oracle.control(base(*numbers) if callable(base) else base, "1")
        psi = oracle.embed(matrix(*numbers) if callable(matrix) else matrix, wires, n) @ psi
    return psi


@pytest.mark.parametrize("row", CIRCUITS, ids=lambda row: row.name)
def test_a_description_is_its_circuit(row: Row) -> None:
    row = small(row)
    described = json.loads(json.dumps(job(row, "double")))  # as a worker sees it
    values = draw(described, 7)
    assert row.build is not None
    circuit = row.build(**row.sizes)
    sampled = [name for name, about in described["values"].items() if about["sampled"]]
    each = [{k: v[i] if k in sampled else v for k, v in values.items()} for i in range(row.batch or 1)]
    states = np.array([simulate(described, one) for one in each])
    given = {name: torch.as_tensor(values[name]) for name in described["values"]}
    found = qdl.state(circuit, given).reshape(states.shape).numpy()
    np.testing.assert_allclose(found, states, atol=1e-12)
    if row.ask == "state":
        return
    signs = [1 - 2 * (np.arange(states.shape[1]) >> (described["wires"] - 1 - w) & 1) for w in described["read"]]
    wanted = np.abs(states) ** 2 @ np.array(signs).T
    peer = Peer(described)
    result = arrays(peer, peer.step(peer.prepare(values)))
    np.testing.assert_allclose(result["values"].reshape(wanted.shape), wanted, atol=1e-12)
    assert list(result["values"].shape) == described["outputs"]
    assert {name: list(result[f"d {name}"].shape) for name in given} == {
        name: about["shape"] for name, about in described["values"].items()
    }


def test_the_gradient_is_of_the_weighted_sum() -> None:
    row = small(next(row for row in CIRCUITS if row.name == "conv-4"))
    described = job(row, "double")
    values, peer = draw(described, 3), Peer(described)

    def loss(moved: dict[str, Any]) -> float:
        result = arrays(peer, peer.step(peer.prepare({**values, **moved})))
        return float((result["values"] * values["weights"]).sum())

    result = arrays(peer, peer.step(peer.prepare(values)))
    direction = draw(described, 4)
    del direction["weights"]
    slope = oracle.slope(loss, {name: values[name] for name in direction}, direction)
    assert slope == pytest.approx(sum(float((result[f"d {k}"] * v).sum()) for k, v in direction.items()), rel=1e-7)


def test_values_are_new_every_step_and_equal_for_everybody() -> None:
    described = job(small(CIRCUITS[0]))
    first, again, second = draw(described, 1), draw(described, 1), draw(described, 2)
    for name, numbers in first.items():
        np.testing.assert_array_equal(numbers, again[name])
        assert not np.array_equal(numbers, second[name])
        assert numbers.dtype == np.float32
        np.testing.assert_array_equal(numbers, draw({**described, "precision": "double"}, 1)[name])


def test_the_tree_uses_every_angle_and_the_pairs_are_disjoint() -> None:
    described = job(next(row for row in ROWS if row.name == "qcnn"))
    used = {a[1] for _, _, angles in described["gates"] for a in angles if a[0] == "theta"}
    assert used == set(range(described["values"]["theta"]["shape"][0]))
    made = works.random(6, layers=1)
    assert sorted(w for op in made.operations if op.gate.name == "cx" for w in op.wires) == sorted([*range(6)] * 3)


def test_the_transform_is_the_transform() -> None:
    """Row k of the transform's matrix, in wire order, is exp(2 pi i j k / N) / sqrt N."""
    n = 4
    circuit = works.qft(n)
    unitary = qdl.Circuit(n)
    for op in circuit.operations[n:]:
        unitary.gate(op.gate, *op.angles, *op.wires)
    j = np.arange(2**n)
    np.testing.assert_allclose(unitary.matrix(), np.exp(2j * np.pi * np.outer(j, j) / 2**n) / 2 ** (n / 2), atol=1e-12)


def test_angles_are_affine_or_refused() -> None:
    theta = qdl.Param("theta", 3)
    assert angle(0.5) == 0.5
    assert angle(theta[2]) == ["theta", 2, 1.0, 0.0]
    assert angle(1 - 2 * theta[1]) == ["theta", 1, -2.0, 1.0]
    for refused in (theta[0] * theta[1], theta[0] * theta[0], qdl.sin(theta[0])):
        with pytest.raises(QdlError, match="affine"):
            angle(refused)
    with pytest.raises(QdlError, match="not every peer knows"):
        gates(qdl.Circuit(2).iswap(0, 1))


def test_the_detector_row_is_the_formula() -> None:
    sizes = {"images": 2, "size": 4, "inputs": 2, "outputs": 3, "kernel": 3}
    described = job(replace(LAYER, sizes=sizes), "double")
    values = draw(described, 5)
    assert (values["x"] == 0).mean() > 0.2
    reference, ours = product.Peer(described), Peer(described)
    wanted = arrays(reference, reference.step(reference.prepare(values)))
    found = arrays(ours, ours.step(ours.prepare(values)))
    assert set(wanted) == set(found)
    for name, array in wanted.items():
        np.testing.assert_allclose(found[name], array, atol=1e-5, err_msg=name)
    patch = torch.nn.functional.pad(torch.tensor(values["x"]), (1, 1, 1, 1))[1, :, 1:4, 2:5].flatten()
    phases = torch.tensor(values["weight"])[2].flatten()
    by_hand = (1 - patch + patch * torch.exp(1j * phases)).prod().imag + values["bias"][2]
    assert wanted["values"][1, 2, 1, 2] == pytest.approx(float(by_hand), abs=1e-12)


def test_the_unavoidable_work_of_a_circuit_by_hand() -> None:
    row = Row("", "", works.deep, {"wires": 2, "layers": 1}, "gradient", 1, read="last")
    needed = limit.work(job(row))  # two RY of 14, two RZ of 6, no CNOT, on four amplitudes, four times
    assert needed == {"flops": 4 * 4 * 40.0, "bytes": 8.0 * (4 + 1)}
    needed = limit.work(job(replace(row, ask="state")))
    assert needed == {"flops": 4 * 40.0, "bytes": 4.0 * (4 + 0) + 8 * 4}
    found = limit.limit(job(row), {"bytes": 10.0, "flops": 64.0})
    assert found["seconds"] == 10.0


def test_the_machine_has_a_speed() -> None:
    speed = limit.speeds(1)
    assert 1e8 < speed["bytes"] < 1e13
    assert 1e8 < speed["flops"] < 1e15
