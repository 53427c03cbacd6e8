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
from tests import noisy_oracle, oracle

CIRCUITS = [row for row in ROWS if row.build is not None]
LAYER = next(row for row in ROWS if row.ask == "layer")


def small(row: Row) -> Row:
    """The row with at most five wires (four for the tree), three samples, 200 trajectories."""
    wires = 4 if row.name == "qcnn" else min(row.sizes["wires"], 5)
    return replace(
        row, sizes={**row.sizes, "wires": wires}, batch=row.batch and 3, trajectories=row.trajectories and 200
    )


def simulate(described: dict[str, Any], values: dict[str, Any]) -> np.ndarray:
    """The final state, a density matrix where there is noise, from the description alone."""
    n = described["wires"]
    psi = np.eye(1, 2**n, dtype=complex)[0]
    rho = np.outer(psi, psi)
    for name, wires, angles in described["gates"]:
        numbers = [a if isinstance(a, float) else a[2] * values[a[0]][a[1]] + a[3] for a in angles]
        each = [oracle.embed(matrix, wires, n) for matrix in operators(name, numbers)]
        if described["engine"] == "state":
            (one,) = each
            psi = one @ psi
        else:
            rho = np.sum([one @ rho @ one.conj().T for one in each], axis=0)
    return psi if described["engine"] == "state" else rho


def operators(name: str, numbers: list[float]) -> list[np.ndarray]:
    """The matrix of a gate, or the Kraus operators of a channel."""
    if name == "depolarizing":
        return noisy_oracle.depolarizing(1, *numbers)
    if name in noisy_oracle.KRAUS:
        found: list[np.ndarray] = noisy_oracle.KRAUS[name](*numbers)
        return found
    matrix = oracle.GATES.get(name)
    if matrix is None:
        base = oracle.GATES[name[1:]]
        matrix = oracle.control(base(*numbers) if callable(base) else base, "1")
    return [matrix(*numbers) if callable(matrix) else matrix]


@pytest.mark.parametrize("row", CIRCUITS, ids=lambda row: row.name)
def test_a_description_is_its_circuit(row: Row) -> None:
    row = small(row).exact()
    described = json.loads(json.dumps(job(row, "double")))  # as a worker sees it
    values = draw(described, 7)
    assert row.build is not None
    circuit = row.build(**row.sizes)
    sampled = [name for name, about in described["values"].items() if about["sampled"]]
    each = [{k: v[i] if k in sampled else v for k, v in values.items()} for i in range(row.batch or 1)]
    states = np.array([simulate(described, one) for one in each])
    given = {name: torch.as_tensor(values[name]) for name in described["values"]}
    if row.engine == "state":
        found = qdl.state(circuit, given).reshape(states.shape).numpy()
        populations = np.abs(states) ** 2
    else:
        found = qdl.density(circuit, given, engine="density").reshape(states.shape).numpy()
        populations = np.diagonal(states, axis1=-2, axis2=-1).real
    np.testing.assert_allclose(found, states, atol=1e-12)
    if row.ask == "state":
        return
    signs = [1 - 2 * (np.arange(states.shape[1]) >> (described["wires"] - 1 - w) & 1) for w in described["read"]]
    wanted = populations @ np.array(signs).T
    peer = Peer(described)
    result = arrays(peer, peer.step(peer.prepare(values)))
    np.testing.assert_allclose(result["values"].reshape(wanted.shape), wanted, atol=1e-12)
    assert list(result["values"].shape) == described["outputs"]
    if row.ask == "gradient":
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


def test_every_step_has_trajectories_of_its_own() -> None:
    row = small(next(row for row in ROWS if row.trajectories))
    described = job(row, "double")
    values, peer = draw(described, 1), Peer(described)
    assert draw(described, 2)["seed"] != values["seed"] == draw(described, 1)["seed"]
    assert "seed" not in draw(job(row.exact()), 1)
    first, again, other = (
        arrays(peer, peer.step(peer.prepare({**values, "seed": values["seed"] + more})))["values"] for more in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


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
    for noisy in (
        qdl.Circuit(1).channel("bit_flip", 0.1, wires=0),
        qdl.Circuit(2).channel("depolarizing", 0.1, wires=(0, 1)),
    ):
        with pytest.raises(QdlError, match="not every peer knows"):
            gates(noisy)


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


def test_the_unavoidable_work_of_noise_by_hand() -> None:
    def build(wires: int) -> qdl.Circuit:
        return works.noisy(works.deep(wires, 1), [works.DEPOLARIZING], [works.DAMPING])

    row = Row("", "", build, {"wires": 2}, "gradient", 1, batch=3, engine="density")
    needed = limit.work(job(row))  # per coordinate: four rotations of 1.5, depolarized for 0.75, two dampings of 1.25
    assert needed == {"flops": 4 * 3 * 16 * (4 * 1.5 + 4 * 0.75 + 2 * 1.25), "bytes": 8.0 * (4 + 3 * 2)}
    row = replace(row, ask="values", batch=None, engine="trajectory", trajectories=100)
    needed = limit.work(job(row))  # per amplitude: two RY of 14, two RZ of 6, two dampings of 1
    assert needed == {"flops": 100 * 4 * 42.0, "bytes": 4.0 * (4 + 2)}


def test_the_machine_has_a_speed() -> None:
    speed = limit.speeds(1)
    assert 1e8 < speed["bytes"] < 1e13
    assert 1e8 < speed["flops"] < 1e15
