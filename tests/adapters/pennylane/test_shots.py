"""Shots of qdl as a PennyLane device, and measurements in mid-circuit, are what default.qubit has."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest

from qdl.adapters.pennylane.device import preprocess
from tests.adapters.pennylane.compare import POINT, REFERENCE, ansatz, close, flat, node

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values", "ignore::UserWarning")


def test_shots_come_back_in_every_form_and_follow_the_seed() -> None:
    def read() -> Any:
        return (
            qml.expval(qml.Z(0)),
            qml.probs(wires=[1, 0]),
            qml.sample(wires=[0, 2]),
            qml.counts(qml.X(1)),
            qml.expval(qml.Hamiltonian([0.5, 0.2], [qml.X(0), qml.Z(0) @ qml.Y(1)])),
        )

    def drawn(name: str, seed: int) -> Any:
        def function() -> Any:
            ansatz(POINT)
            return read()

        return qml.set_shots(qml.QNode(function, qml.device(name, wires=3, seed=seed)), [30, (20, 2)])()

    got, want, again = drawn("qdl.state", 7), drawn("default.qubit", 7), drawn("qdl.state", 7)
    for mine, theirs, same in zip(got, want, again, strict=True):
        assert [np.shape(m) for m in mine] == [np.shape(t) for t in theirs]
        assert all(np.array_equal(m, s) for m, s in zip(mine, same, strict=True))
        assert sum(mine[3].values()) == sum(theirs[3].values())


def test_classical_shadows() -> None:
    for seed in range(5):
        device = qml.device("qdl.state", wires=3, seed=seed)
        asked = qml.set_shots(qml.QNode(lambda: (ansatz(POINT), qml.shadow_expval(qml.Z(0)))[1], device), 5000)
        assert abs(asked() - np.cos(POINT[0])) < 5 * np.sqrt(3 / 5000)
    bits, recipes = qml.set_shots(qml.QNode(lambda: (ansatz(POINT), qml.classical_shadow([0, 2]))[1], device), 50)()
    assert bits.shape == recipes.shape == (50, 2)


@pytest.mark.parametrize("name", REFERENCE)
def test_shots_are_spread_as_they_should(name: str) -> None:
    exact = node("default.qubit", lambda: qml.probs(wires=[2, 0]))(POINT)
    for seed in range(5):
        device = qml.device(name, wires=3, seed=seed)

        def function() -> Any:
            ansatz(POINT)
            return qml.probs(wires=[2, 0])

        got = qml.set_shots(qml.QNode(function, device), 20000)()
        assert np.abs(got - exact).max() < 5 * np.sqrt(0.25 / 20000)


def measured(name: str, shots: int | None, seed: int = 0, **options: Any) -> Any:
    deferred = options.get("mcm_method") in (None, "deferred")  # which takes wires of the device

    @qml.qnode(qml.device(name, wires=None if deferred else 3, seed=seed), **options)
    def function() -> Any:
        qml.RX(0.7, 0)
        first = qml.measure(0)
        qml.cond(first, qml.RY)(0.9, 1)
        second = qml.measure(1, reset=True)
        qml.cond((first + second) == 1, qml.X)(2)
        qml.RY(0.3, 1)
        return (
            qml.expval(first),
            qml.expval(first * second),
            qml.expval(qml.Z(2) @ qml.X(1)),
            qml.probs(wires=[1, 2]),
            qml.var(second),
        )

    return qml.set_shots(function, shots)()


def test_measurements_in_mid_circuit_take_wires_beyond_the_devices() -> None:
    @qml.qnode(qml.device("qdl.state", wires=1), mcm_method="tree-traversal")
    def function() -> Any:
        qml.RX(0.7, 0)
        first = qml.measure(0)
        qml.cond(first, qml.RY)(0.9, 0)
        return qml.expval(first), qml.expval(qml.Z(0)), qml.probs()

    down = np.sin(0.35) ** 2
    z = 1 - down + down * np.cos(np.pi - 0.9) * -1 * -1
    assert function()[0] == pytest.approx(down)
    assert function()[1] == pytest.approx(1 - down + down * -np.cos(0.9))
    np.testing.assert_allclose(function()[2], [(1 + z) / 2, (1 - z) / 2], atol=1e-12)


@pytest.mark.parametrize("method", [None, "deferred", "tree-traversal", "device"])
def test_measurements_in_mid_circuit_are_exact(method: str | None) -> None:
    close(measured("qdl.state", None, mcm_method=method), measured("default.qubit", None, mcm_method="deferred"))


@pytest.mark.parametrize("method", ["deferred", "one-shot", "tree-traversal"])
def test_measurements_in_mid_circuit_are_drawn(method: str) -> None:
    exact = flat(measured("default.qubit", None, mcm_method="tree-traversal"))
    for seed in range(5):
        got = flat(measured("qdl.state", 10000, seed, mcm_method=method))
        assert (got - exact).abs().max() < 5 / np.sqrt(10000)


@pytest.mark.parametrize("name", REFERENCE)
def test_many_measurements_are_drawn_as_trajectories(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "DEEP", 0)
    exact = flat(measured("default.qubit", None, mcm_method="tree-traversal"))
    for seed in range(5):
        got = flat(measured(name, 10000, seed, mcm_method="one-shot"))
        assert (got - exact).abs().max() < 5 / np.sqrt(10000)

    def forms(device: str) -> Any:
        @qml.set_shots([40, 30])
        @qml.qnode(qml.device(device, wires=["a", "b"], seed=3), mcm_method="one-shot")
        def function() -> Any:
            qml.RX(1.1, "a")
            first = qml.measure("a", postselect=1)
            qml.CNOT(["a", "b"])
            second = qml.measure("b", reset=True)
            qml.StronglyEntanglingLayers(np.full((1, 2, 3), 0.4), ["a", "b"])
            energy = qml.Hamiltonian([0.2, 0.3], [qml.X("a"), qml.Z("b")])
            shares, bits = qml.counts([first, second]), qml.probs(op=[second])
            return shares, bits, qml.sample(wires=["b"]), qml.expval(energy), qml.counts()

        return function()

    for mine, theirs in zip(forms(name), forms("default.qubit"), strict=True):
        assert set(mine[0]) == set(theirs[0]) == {"11"}
        np.testing.assert_array_equal(mine[1], theirs[1])
        assert (np.ndim(mine[2]), np.ndim(mine[3])) == (np.ndim(theirs[2]), np.ndim(theirs[3])) == (2, 0)
        assert {len(key) for key in mine[4]} == {len(key) for key in theirs[4]} == {2}


def test_forty_measurements_take_no_forty_wires() -> None:
    @qml.set_shots(200)
    @qml.qnode(qml.device("qdl.state", wires=2, seed=1), mcm_method="one-shot")
    def function() -> Any:
        for _ in range(40):
            qml.Hadamard(0)
            bit = qml.measure(0, reset=True)
            qml.cond(bit, qml.X)(1)
        return qml.expval(qml.Z(1)), qml.expval(bit)

    assert abs(function()[0]) < 5 / np.sqrt(200)
    assert abs(function()[1] - 0.5) < 2.5 / np.sqrt(200)


@pytest.mark.parametrize("method", ["deferred", "one-shot"])
def test_postselection(method: str) -> None:
    def function(dev: Any, shots: int | None, mode: str | None, how: str) -> Any:
        @qml.qnode(dev, mcm_method=how, postselect_mode=mode)
        def inner() -> Any:
            qml.RX(0.7, 0)
            qml.CNOT([0, 1])
            first = qml.measure(0, postselect=1)
            qml.RY(0.4, 1)
            return qml.expval(qml.Z(1)), qml.probs(wires=[1]), qml.expval(first)

        return qml.set_shots(inner, shots)()

    exact = function(qml.device("default.qubit"), None, None, "deferred")
    close(function(qml.device("qdl.state"), None, None, "deferred"), exact)
    rows = qml.set_shots(
        qml.QNode(
            lambda: (qml.RX(0.7, 0), qml.measure(0, postselect=1), qml.sample(wires=[0]))[2],
            qml.device("qdl.state", seed=1),
            mcm_method=method,
            postselect_mode="hw-like",
        ),
        2000,
    )()
    assert abs(len(rows) - 2000 * np.sin(0.35) ** 2) < 5 * np.sqrt(2000 * 0.12 * 0.88)
    assert set(np.unique(rows)) == {1}
    for seed in range(5):
        got = function(qml.device("qdl.state", seed=seed), 4000, "fill-shots", "deferred")
        assert abs(got[0] - exact[0]) < 5 / np.sqrt(4000)
