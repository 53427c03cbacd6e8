"""Every peer's adapter gives qdl's numbers at tiny sizes, in the peer's own environment where there is one."""

from __future__ import annotations

import importlib.util
import os
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qdl.bench import pair, spread
from qdl.bench.contestant import Contestant
from qdl.bench.describe import job
from qdl.bench.peers import PEERS, THROUGH, aer
from qdl.bench.peers.qdl import Peer
from qdl.bench.rows import ROWS, Row
from qdl.bench.runner import ADAPTERS, CHECKOUT
from qdl.bench.worker import arrays, draw, reseed
from qdl.ir import Circuit, Param
from tests.bench.test_describe import small

ENVIRONMENTS = Path(os.environ.get("QDL_BENCH_PEERS", CHECKOUT / ".bench"))
HERE = {  # what this environment has itself
    "default.qubit": "pennylane",
    "lightning.qubit": "pennylane_lightning",
    "default.mixed": "pennylane",
    "aer": "qiskit_aer",
}
SIMULATORS = [name for name, peer in PEERS.items() if peer.environment]


def interpreter(name: str) -> Path:
    """The one of the peer's environment, or this one if it has the peer too."""
    own = ENVIRONMENTS / PEERS[name].environment / "bin" / "python"
    if own.exists():
        return own
    if name in HERE and importlib.util.find_spec(HERE[name]):
        return Path(sys.executable)
    pytest.skip(f"{name} is not installed in {ENVIRONMENTS} (make bench-peers)")


@pytest.mark.parametrize("name", SIMULATORS)
def test_a_peer_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    peer, seen = PEERS[name], 0
    with Contestant(interpreter(name), ADAPTERS / peer.adapter, threads=1, memory=2**33) as one:
        for row in map(small, ROWS[:2] + ROWS[3:]):
            if name not in row.peers or row.name in ("deep-20", "deep-22", "deep-24", "state-24", "state-26", "first"):
                continue
            if row.name == "conv-9":  # x and weights with other scales and offsets, as no row has them
                row = replace(row, build=scaled)
            if row.name == "noisy-conv":
                row = replace(row, build=still)
            described = job(row.exact(), "double", 1)
            ours, values = Peer(described), draw(described, 1)
            right = arrays(ours, ours.step(ours.prepare(values)))
            started = pair.start(one, job(row, threads=1))
            if row.trajectories:
                found = spread.check(one, tmp_path / "found.npz", right, spread.QUICK)
                assert 0.5 < found["error bar"] / own(row) < 2
            else:
                found = pair.check(one, tmp_path / "found.npz", started["precision"], right)
            assert found["right"], f"{name} on {row.name}: {found['errors']}"
            assert one.ask("time", seed=5, steps=2, limit=60)["seconds"]
            seen += 1
        versions = one.ask("versions", limit=60)["versions"]
    assert seen >= 2
    assert "unknown" not in versions.values()


@pytest.mark.parametrize("row", [row for row in ROWS if row.through], ids=lambda row: row.name)
def test_another_librarys_layer_gives_the_same_numbers(row: Row) -> None:
    described = job(replace(small(row), batch=3), "single", 1)
    values, right = draw(described, 1), None
    for adapter in ("qdl.py", THROUGH[row.through].adapter, PEERS[row.peers[0]].adapter):
        peer = runpy.run_path(str(ADAPTERS / adapter))["Peer"](described)
        found = arrays(peer, peer.step(peer.prepare(values)))
        right = right or found
        assert pair.errors(found, right).keys() == {"values", "d x", "d theta"}
        assert max(pair.errors(found, right).values()) < 1e-5, adapter


def scaled(wires: int) -> Circuit:
    x, theta = Param("x", wires), Param("theta", 3)
    circuit = Circuit(wires).rx(0.3, 1)
    for wire in range(wires):
        circuit.ry(2 * x[wire] - 1, wire).crx(theta[wire % 3], wire, (wire + 1) % wires)
    return circuit.crz(0.5 * theta[0], 0, 2).swap(1, 3).h(0).rz(1 - theta[1], 3).cp(0.7, 0, 2).h(2)


def still(wires: int) -> Circuit:
    """A probability that is exactly zero and would be moved by an angle: PennyLane's expval has no gradient there."""
    x, theta = Param("x", wires), Param("theta", 2)
    circuit = (
        Circuit(wires).rx(0 * x[3], 3).cx(3, 2).ry(2 * x[0] - 1, 0).channel("amplitude_damping", 0.3, wires=0).cx(0, 1)
    )
    circuit.channel("depolarizing", 0.2, wires=1).channel("amplitude_damping", 0.1, wires=1)
    return circuit.crx(theta[0], 1, 2).channel("depolarizing", 0.1, wires=2).rz(theta[1], 0).h(0)


def own(row: Row) -> float:
    """qdl's error bar on a row of trajectories."""
    described = job(row, threads=1)
    ours, rng = Peer(described), np.random.default_rng(5)
    values = draw(described, 1)
    found = [ours.step(ours.prepare(reseed(described, values, rng)))["values"].numpy() for _ in range(20)]
    return float(np.sqrt(np.var(found, axis=0, ddof=1).mean()))


def test_noise_that_follows_no_gate_is_refused_for_aer() -> None:
    ry, noise = ["ry", [1], [0.3]], ["depolarizing", [1], [0.1]]
    assert aer.steps([ry, noise, ["cx", [0, 1], []], noise]) == [
        ["ry", [1], [0.3], [("depolarizing", 0, 0.1)]], ["cx", [0, 1], [], [("depolarizing", 1, 0.1)]],
    ]  # fmt: skip
    for gates in ([noise], [ry, ["depolarizing", [0], [0.1]]], [ry, ["depolarizing", [1], [["x", 0, 1.0, 0.0]]]]):
        with pytest.raises(NotImplementedError, match="no noise model"):
            aer.steps(gates)
    described = {"gates": [ry, ry, noise], "wires": 2, "values": {}, "ask": "values", "trajectories": 9, "threads": 1}
    if importlib.util.find_spec("qiskit"):
        with pytest.raises(NotImplementedError, match="different noise"):
            aer.Peer(described)


def test_every_peer_has_a_pinned_requirement_list() -> None:
    for peer in PEERS.values():
        assert (ADAPTERS / peer.adapter).exists()
        if peer.environment:
            lines = (ADAPTERS / f"{peer.environment}.txt").read_text().split()
            assert all("==" in line for line in lines)
            assert not [line for line in lines if line.startswith("torch==") and line != "torch==2.13.0"]
