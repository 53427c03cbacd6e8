"""qdl as a PennyLane device gives what default.qubit and default.mixed give, with one run where they take many."""

from __future__ import annotations

import copy
import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from qdl.adapters.pennylane.device import preprocess
from qdl.adapters.pennylane.device import run as device_run
from qdl.run.compiled import Compiled
from tests.adapters.pennylane_circuits import LABELS, circuit, hermitian, measurements

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values", "ignore::UserWarning")
REFERENCE = {"qdl.state": "default.qubit", "qdl.density": "default.mixed"}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every run of a compiled request, counted."""
    seen: list[Any] = []
    true = Compiled.__call__

    def counted(self: Compiled, *args: Any, **options: Any) -> Any:
        seen.append(self)
        return true(self, *args, **options)

    monkeypatch.setattr(Compiled, "__call__", counted)
    return seen


def flat(results: Any) -> torch.Tensor:
    listed = results if isinstance(results, (tuple, list)) else [results]
    return torch.cat([torch.as_tensor(r).reshape(-1).to(torch.complex128) for r in listed])


def close(got: Any, want: Any, tolerance: float = 1e-9) -> None:
    assert [np.shape(g) for g in got] == [np.shape(w) for w in want]
    assert (flat(got) - flat(want)).abs().max() < tolerance


def ansatz(p: Any) -> None:
    qml.RX(p[0], 0)
    qml.CNOT([0, 1])
    qml.RY(p[1], 1)
    qml.CRZ(p[2], [1, 2])
    qml.RX(p[3], 2)


def node(name: str, read: Any = None, **options: Any) -> Any:
    asked = read or (lambda: qml.expval(qml.Z(0) @ qml.X(1) @ qml.Y(2)))

    def function(p: Any) -> Any:
        ansatz(p)
        return asked()

    return qml.qnode(qml.device(name, wires=4), **options)(function)


POINT = np.array([0.3, 0.5, 0.7, 0.2])


def compare_random(name: str, seed: int, gradients: bool) -> None:
    rng = np.random.default_rng(seed)
    build, asked = circuit(rng, noisy=name == "qdl.density"), measurements(rng)[:3]
    given = torch.tensor(rng.uniform(-3, 3, (4, 3)), dtype=torch.float64)
    wires = LABELS[::-1] if name == "qdl.density" else None
    per_sample = rng.random(4) < 0.5
    found: list[Any] = []
    for device in (REFERENCE[name], name):
        p: Any = given.clone().requires_grad_() if gradients else given.numpy()

        @qml.qnode(qml.device(device, wires=wires))
        def function(p: Any) -> Any:
            build([p[k] if per_sample[k] else p[k, 0] for k in range(4)])
            return [ask() for ask in asked]

        try:
            results = function(p)
        except (qml.exceptions.DeviceError, RuntimeError, ValueError):
            if device == REFERENCE[name]:  # which cannot do everything
                return
            raise
        total = (flat(results) * torch.arange(1, len(flat(results)) + 1)).sum().real
        found.append((results, torch.autograd.grad(total, p)[0] if total.requires_grad else None))
    (want, slope), (got, own) = found
    close(got, want)
    if slope is not None and torch.isfinite(slope).all():
        torch.testing.assert_close(own, slope, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_random_circuits_give_what_default_qubit_gives(seed: int) -> None:
    compare_random("qdl.state", seed, gradients=True)


@pytest.mark.parametrize("seed", range(4))
def test_random_noisy_circuits_give_what_default_mixed_gives(seed: int) -> None:
    compare_random("qdl.density", 100 + seed, gradients=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", REFERENCE)
@pytest.mark.parametrize("block", range(10))
def test_many_random_circuits(name: str, block: int) -> None:
    for seed in range(1000 + 20 * block, 1020 + 20 * block):
        compare_random(name, seed, gradients=name == "qdl.state")


def test_every_measurement_in_one_tape_with_a_batch() -> None:
    rng = np.random.default_rng(3)
    asked = measurements(rng)
    x = rng.uniform(-1, 1, (3, 4))
    ops = [qml.RY(x[:, 0], "a"), qml.CNOT(["a", "c"]), qml.Rot(x[:, 1], 0.3, x[:, 2], "b"), qml.ISWAP(["b", "d"])]
    tape = qml.tape.QuantumScript([*ops, qml.CRX(x[:, 3], ["c", "d"])], [ask() for ask in asked])
    close(qml.device("qdl.state").execute(tape), qml.device("default.qubit").execute(tape))


@pytest.mark.parametrize("method", ["best", "backprop", "adjoint", "device", "parameter-shift", "finite-diff"])
def test_gradients_by_every_method_and_interface(method: str) -> None:
    want = qml.grad(node("default.qubit"))(pnp.array(POINT))
    np.testing.assert_allclose(qml.grad(node("qdl.state", diff_method=method))(pnp.array(POINT)), want, atol=1e-6)
    p = torch.tensor(POINT, requires_grad=True)
    node("qdl.state", diff_method=method)(p).backward()
    np.testing.assert_allclose(p.grad, want, atol=1e-6)


@pytest.mark.parametrize("method", ["backprop", "adjoint"])
def test_jacobians_of_states_and_probabilities(method: str) -> None:
    def read() -> Any:
        return qml.state() if method == "adjoint" else qml.probs(wires=[2, 0])

    def real(p: Any, name: str) -> Any:
        return qml.math.real(node(name, read, diff_method=method if name == "qdl.state" else "backprop")(p))

    got, want = (qml.jacobian(lambda p, n=n: real(p, n))(pnp.array(POINT)) for n in ("qdl.state", "default.qubit"))
    np.testing.assert_allclose(got, want, atol=1e-12)


def test_second_derivatives() -> None:
    p = torch.tensor(POINT)
    want = torch.autograd.functional.hessian(node("default.qubit"), p)
    torch.testing.assert_close(torch.autograd.functional.hessian(node("qdl.state"), p), want)
    torch.testing.assert_close(torch.func.jacrev(torch.func.grad(node("qdl.state")))(p), want)
    by_autograd = qml.jacobian(qml.grad(node("qdl.state")))(pnp.array(POINT))
    np.testing.assert_allclose(by_autograd, want, atol=1e-12)
    shifted = qml.jacobian(qml.grad(node("qdl.state", diff_method="parameter-shift", max_diff=2)))(pnp.array(POINT))
    np.testing.assert_allclose(shifted, want, atol=1e-12)


def pair(function: Any, value: torch.Tensor) -> list[tuple[Any, torch.Tensor]]:
    found = []
    for name in ("qdl.state", "default.qubit"):
        v = value.clone().requires_grad_()
        result = qml.qnode(qml.device(name, wires=3))(function)(v)
        found.append((result, torch.autograd.grad(flat(result).real.cumsum(0).sum(), v)[0]))
    return found


def of_matrix(t: torch.Tensor) -> Any:
    rows = [torch.stack([t[0] + 0j, t[1] + 1j * t[2]]), torch.stack([t[1] - 1j * t[2], -t[3] + 0j])]
    matrix = torch.linalg.matrix_exp(1j * torch.stack(rows))
    qml.RY(0.4, 2)
    qml.QubitUnitary(matrix, wires=1, unitary_check=False)
    qml.ctrl(qml.QubitUnitary(matrix, wires=0, unitary_check=False), 2)
    qml.adjoint(qml.QubitUnitary(matrix, wires=2, unitary_check=False))
    return qml.expval(qml.X(0) @ qml.Y(1)), qml.probs([2, 0])


def of_amplitudes(v: torch.Tensor) -> Any:
    qml.StatePrep(v / torch.linalg.norm(v, dim=-1, keepdim=True), wires=[1, 0])
    qml.RY(0.3, 0)
    return qml.expval(qml.X(0) @ qml.Y(1)), qml.probs([1, 0])


def of_coefficients(c: torch.Tensor) -> Any:
    qml.RX(0.3, 0)
    qml.CNOT([0, 1])
    other = qml.Hermitian(hermitian(np.random.default_rng(0), 1), 1)
    return qml.expval(qml.Hamiltonian(c, [qml.X(0), qml.Z(0) @ qml.Y(1), qml.Z(1), other]))


def of_observable(m: torch.Tensor) -> Any:
    qml.RX(0.3, 0)
    return qml.expval(qml.Hermitian(m.reshape(2, 2) + m.reshape(2, 2).T, 0))


GENERATOR = torch.Generator().manual_seed(5)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (of_matrix, torch.tensor(POINT)),
        (of_amplitudes, torch.randn(4, dtype=torch.float64, generator=GENERATOR)),
        (of_amplitudes, torch.randn(3, 4, dtype=torch.float64, generator=GENERATOR)),
        (of_amplitudes, torch.randn(3, 4, dtype=torch.complex128, generator=GENERATOR)),
        (of_coefficients, torch.tensor(POINT)),
        (of_observable, torch.tensor(POINT)),
    ],
)
def test_gradients_reach_matrices_amplitudes_and_coefficients(function: Any, value: torch.Tensor) -> None:
    (got, slope), (want, right) = pair(function, value)
    assert (flat(got) - flat(want)).abs().max() < 1e-12
    torch.testing.assert_close(slope, right)


def test_a_derivative_does_not_simulate_again(runs: list[Any]) -> None:
    p = torch.tensor(POINT, requires_grad=True)
    result = node("qdl.state", diff_method="adjoint")(p)
    assert len(runs) == 1
    result.backward()
    assert len(runs) == 1
    qml.grad(node("qdl.state", diff_method="adjoint"))(pnp.array(POINT))
    assert len(runs) == 2


def test_shifted_tapes_and_batches_run_at_once_and_compile_once(runs: list[Any]) -> None:
    shifted = node("qdl.state", diff_method="parameter-shift")
    qml.grad(shifted)(pnp.array(POINT))
    assert len(runs) == 2  # the value, then ten shifted circuits
    known = set(device_run._programs)
    qml.grad(shifted)(pnp.array(POINT + 0.1))
    assert set(device_run._programs) == known
    before = len(runs)
    batch = node("qdl.state")(torch.rand(4, 50))
    assert batch.shape == (50,)
    assert len(runs) == before + 1


def test_tapes_of_one_structure_keep_their_own_numbers() -> None:
    def tape(t: float, extra: bool) -> Any:
        ops = [qml.RX(t, 0), qml.CNOT([0, 1]), *([qml.RY(2 * t, 1)] if extra else [])]
        return qml.tape.QuantumScript(ops, [qml.expval(qml.Z(1)), qml.probs([1, 0])])

    tapes = [tape(t, k % 2 == 0) for k, t in enumerate(np.linspace(0, 2, 6))]
    got, want = (qml.device(name, wires=2).execute(tapes) for name in ("qdl.state", "default.qubit"))
    for g, w in zip(got, want, strict=True):
        close(g, w)


@pytest.mark.parametrize("method", ["backprop", "adjoint", "parameter-shift", None])
def test_precision_is_that_of_the_inputs(method: str | None) -> None:
    for dtype in (torch.float32, torch.float64):
        p = torch.tensor(POINT, dtype=dtype)
        expectation, state = (
            node("qdl.state", diff_method=method)(p),
            node("qdl.state", qml.state, diff_method=None)(p),
        )
        assert (expectation.dtype, state.dtype) == (dtype, dtype.to_complex())
    assert node("qdl.state")(POINT).dtype == np.float64
    single = qml.qnode(qml.device("qdl.state", dtype=torch.float32))(lambda x: (qml.RX(x, 0), qml.expval(qml.Z(0)))[1])
    assert single(0.3).dtype == np.float32


def test_a_torch_layer_trains() -> None:
    torch.manual_seed(0)

    def function(inputs: Any, weights: Any) -> Any:
        qml.AngleEmbedding(inputs, wires=range(3))
        qml.StronglyEntanglingLayers(weights, wires=range(3))
        return [qml.expval(qml.Z(wire)) for wire in range(3)]

    x, losses = torch.rand(5, 2, 3), []
    for name in ("qdl.state", "default.qubit"):
        torch.manual_seed(1)
        layer = qml.qnn.TorchLayer(qml.QNode(function, qml.device(name, wires=3)), {"weights": (2, 3, 3)})
        optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
        for _ in range(3):
            loss = (layer(x) ** 2).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


# What is drawn


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


# Everything around


def test_pickle_copy_tracker_and_snapshots() -> None:
    device = qml.device("qdl.state", wires=["a", 1])
    for other in (pickle.loads(pickle.dumps(device)), copy.deepcopy(device)):
        assert other.name == "qdl.state"
        assert other.wires == device.wires
        tape = qml.tape.QuantumScript([qml.X(1)], [qml.expval(qml.Z(1))])
        assert other.execute(tape) == -1

    @qml.qnode(device, diff_method="adjoint")
    def function(x: Any) -> Any:
        qml.RX(x, 1)
        qml.Snapshot("before")
        qml.CNOT([1, "a"])
        qml.Snapshot("after", measurement=qml.expval(qml.Z("a")))
        return qml.expval(qml.Z(1))

    with qml.Tracker(device) as tracker:
        qml.grad(function)(pnp.array(0.3))
    assert tracker.totals["batches"] == tracker.totals["vjp_batches"] == 1
    found = qml.snapshots(function)(0.3)
    np.testing.assert_allclose(found["before"], [np.cos(0.15), -1j * np.sin(0.15), 0, 0], atol=1e-12)
    assert found["after"] == pytest.approx(np.cos(0.3))
    assert found["execution_results"] == pytest.approx(np.cos(0.3))


def test_states_are_ordered_as_the_device_or_the_circuit_says() -> None:
    tape = qml.tape.QuantumScript([qml.X("b"), qml.RY(0.3, "a")], [qml.state()])
    for wires in (None, ["a", "b"], ["b", "a"]):
        devices = [qml.device(name, wires=wires) for name in ("qdl.state", "default.qubit")]
        got, want = (qml.execute([tape], device)[0] for device in devices)
        np.testing.assert_allclose(got, want, atol=1e-12)
    mixed = [qml.execute([tape], qml.device(name, wires=["b", "a"]))[0] for name in ("qdl.density", "default.mixed")]
    np.testing.assert_allclose(*mixed, atol=1e-12)


def test_channels_have_gradients() -> None:
    def function(p: Any) -> Any:
        qml.RX(0.4, 0)
        qml.AmplitudeDamping(p[0], 0)
        qml.CNOT([0, 1])
        qml.DepolarizingChannel(p[1], 1)
        return qml.expval(qml.Z(0) @ qml.Z(1)), qml.expval(qml.Z(1))

    strengths, found = torch.tensor([0.1, 0.2], dtype=torch.float64), []
    for name in REFERENCE.values():
        device = qml.device({"default.qubit": "qdl.density"}.get(name, name), wires=2)
        found.append(
            torch.autograd.functional.jacobian(lambda p, d=device: flat(qml.QNode(function, d)(p)).real, strengths)
        )
    torch.testing.assert_close(found[0], found[1])


def run(name: str, *things: Any, shots: int | None = None) -> Any:
    tape = qml.tape.QuantumScript([*things[:-1]], [things[-1]], shots=shots)
    return qml.execute([tape], qml.device(name, wires=2))


@pytest.mark.parametrize(
    ("things", "shots", "message"),
    [
        ((qml.X(7), qml.expval(qml.Z(0))), None, "not found on the device"),
        ((qml.BitFlip(0.1, 0), qml.expval(qml.Z(0))), None, "not supported with qdl.state"),
        ((qml.sample(wires=0),), None, "not accepted for analytic"),
        ((qml.state(),), 10, "not accepted with finite shots"),
        ((qml.RX(np.ones(3), 0), qml.RX(np.ones(2), 1), qml.expval(qml.Z(0))), None, "batch sizes"),
    ],
)
def test_what_cannot_be_run_is_refused(things: Any, shots: int | None, message: str) -> None:
    with pytest.raises(Exception, match=message):
        run("qdl.state", *things, shots=shots)


def test_derivatives_are_promised_only_where_there_are_any() -> None:
    device, config = qml.device("qdl.state"), qml.devices.ExecutionConfig
    exact, drawn = (qml.tape.QuantumScript([qml.RX(0.1, 0)], [qml.expval(qml.Z(0))], shots=s) for s in (None, 10))
    for method in ("backprop", "adjoint", "device", "best"):
        assert device.supports_derivatives(config(gradient_method=method), exact)
        assert not device.supports_derivatives(config(gradient_method=method), drawn)
    assert not device.supports_derivatives(config(gradient_method="parameter-shift"))
    assert not device.supports_derivatives(config(gradient_method="backprop", interface="jax"))
    assert device.setup_execution_config(config(gradient_method="best", interface="jax")).gradient_method == "adjoint"
    with pytest.raises(qml.exceptions.DeviceError, match="device option"):
        device.setup_execution_config(config(device_options={"strange": 1}))


SUITES = [
    (("--device", "qdl.state"), 389, 45),
    (("--device", "qdl.state", "--shots", "20000"), 374, 60),
    (("--device", "qdl.density"), 396, 38),
]


@pytest.mark.slow
@pytest.mark.parametrize(("arguments", "passed", "skipped"), SUITES, ids=[" ".join(s[0][1:]) for s in SUITES])
def test_pennylanes_own_suite_for_devices(
    arguments: tuple[str, ...], passed: int, skipped: int, tmp_path: Path
) -> None:
    scripts = Path(sys.executable).parent
    command = shutil.which("pl-device-test", path=str(scripts)) or shutil.which("pl-device-test")
    assert command, "pl-device-test comes with PennyLane"
    environment = {"PATH": f"{scripts}:/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HOME": str(tmp_path)}
    found = subprocess.run(
        [command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=900, check=False
    )
    summary = found.stdout.strip().splitlines()[-1]
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", summary)}
    assert "failed" not in counts, found.stdout[-3000:]
    assert "error" not in counts, found.stdout[-3000:]
    assert counts["passed"] >= passed, summary
    assert counts["skipped"] <= skipped, summary
