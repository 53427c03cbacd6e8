"""Derivatives of qdl as a PennyLane device: every method and interface, without simulating again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from pennylane import numpy as pnp

from qdl.adapters.pennylane.device import run as device_run
from qdl.run.compiled import Compiled
from tests.adapters.pennylane.circuits import hermitian
from tests.adapters.pennylane.compare import POINT, REFERENCE, close, flat, node

pytestmark = pytest.mark.filterwarnings("ignore:Casting complex values", "ignore::UserWarning")


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
