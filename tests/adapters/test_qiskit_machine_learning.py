"""Qiskit Machine Learning on qdl's primitives, unchanged: networks, connectors, classifiers, gradients."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import efficient_su2, real_amplitudes, z_feature_map, zz_feature_map
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

qml = pytest.importorskip("qiskit_machine_learning")

from qiskit_machine_learning.algorithms import VQC, VQR, NeuralNetworkClassifier  # noqa: E402
from qiskit_machine_learning.connectors import TorchConnector  # noqa: E402
from qiskit_machine_learning.gradients import (  # noqa: E402
    DerivativeType,
    LinCombEstimatorGradient,
    ParamShiftEstimatorGradient,
    SPSAEstimatorGradient,
)
from qiskit_machine_learning.kernels import FidelityQuantumKernel  # noqa: E402
from qiskit_machine_learning.neural_networks import EstimatorQNN, SamplerQNN  # noqa: E402
from qiskit_machine_learning.optimizers import COBYLA  # noqa: E402
from qiskit_machine_learning.state_fidelities import ComputeUncompute  # noqa: E402
from qiskit_machine_learning.utils import algorithm_globals  # noqa: E402

from qdl.adapters.qiskit import Estimator, EstimatorGradient, Sampler  # noqa: E402
from qdl.errors import QdlError  # noqa: E402


@pytest.fixture(autouse=True)
def _seeded() -> None:
    algorithm_globals.random_seed = 7
    torch.manual_seed(7)


def network(estimator: Any, qubits: int = 3, outputs: int = 2, **options: Any) -> EstimatorQNN:
    """A feature map and an ansatz that treat no two qubits alike."""
    features, ansatz = zz_feature_map(qubits, reps=1, entanglement="linear"), real_amplitudes(qubits, reps=2)
    qc = QuantumCircuit(qubits)
    qc.compose(features, inplace=True)
    qc.compose(ansatz, inplace=True)
    observables = [
        SparsePauliOp.from_sparse_list([("Z", [k], 1.0 + k), ("X", [0], 0.3)], qubits) for k in range(outputs)
    ]
    options = {"input_gradients": True, "default_precision": 0.0, **options}
    parameters = {"input_params": features.parameters, "weight_params": ansatz.parameters}
    return EstimatorQNN(circuit=qc, estimator=estimator, observables=observables, **parameters, **options)


def step(estimator: Any, **options: Any) -> tuple[torch.Tensor, ...]:
    """A training step through the connector: output, and gradients of inputs and weights."""
    net = network(estimator, qubits=2, **options)
    model = TorchConnector(net, initial_weights=np.linspace(-1, 1, net.num_weights))
    x = torch.linspace(-1, 1, 2 * net.num_inputs).reshape(2, -1).requires_grad_()
    out = model(x)
    (out**2 * torch.arange(1, 3)).sum().backward()
    return out.detach(), x.grad, model.weight.grad


def test_a_training_step_is_that_of_statevector_estimator() -> None:
    for found, expected in zip(step(Estimator()), step(StatevectorEstimator()), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-6)


def test_training_reaches_what_it_reaches_with_qiskit() -> None:
    """The loss after each of some steps, in double precision."""

    def losses(estimator: Any) -> list[float]:
        net = network(estimator, qubits=2)
        weights, rows = np.linspace(-1, 1, net.num_weights), np.random.default_rng(0).normal(size=(3, 2))
        out = []
        for _ in range(3):
            value, (_, slope) = net.forward(rows, weights), net.backward(rows, weights)
            out.append(float((value**2).sum()))
            weights = weights - 0.05 * np.einsum("bo,bow->w", 2 * value, slope)
        return out

    found, expected = losses(Estimator()), losses(StatevectorEstimator())
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found[-1] < found[0]


@pytest.mark.parametrize("gradient", [ParamShiftEstimatorGradient, LinCombEstimatorGradient])
def test_their_gradients_and_ours(gradient: Any) -> None:
    estimator = Estimator()
    qc = efficient_su2(2, reps=1)
    observables = [SparsePauliOp(["XY", "ZI"], [1, 0.5]), SparsePauliOp("IZ")]
    rows = np.random.default_rng(0).normal(size=(2, 8))
    wanted = [qc.parameters[1:4], qc.parameters]
    arguments = ([qc, qc], observables, rows, wanted)
    found = EstimatorGradient(estimator).run(*arguments).result()
    expected = gradient(estimator).run(*arguments).result()
    for one, other, names in zip(found.gradients, expected.gradients, wanted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
        assert len(one) == len(names)
    assert [m["parameters"] for m in found.metadata] == wanted


def test_our_gradient_knows_gates_that_the_shift_rule_does_not() -> None:
    from qiskit.circuit import Parameter

    x, y = Parameter("x"), Parameter("y")
    qc = QuantumCircuit(2)
    qc.h(0)
    qc.crx(x * y, 0, 1)
    qc.cu(x, 0.2, y, 0.1, 1, 0)
    at, op = np.array([0.4, 0.9]), SparsePauliOp(["YX", "ZI"])
    estimator = Estimator()
    (found,) = EstimatorGradient(estimator).run([qc], [op], [at]).result().gradients
    for k in range(2):
        move = 1e-5 * np.eye(2)[k]
        up, down = (float(r.data.evs) for r in estimator.run([(qc, op, at + move), (qc, op, at - move)]).result())
        assert found[k] == pytest.approx((up - down) / 2e-5, abs=1e-8)


def test_our_gradient_refuses_what_it_is_not() -> None:
    with pytest.raises(QdlError):
        EstimatorGradient(StatevectorEstimator())
    with pytest.raises(QdlError):
        EstimatorGradient(Estimator(), derivative_type=DerivativeType.IMAG)


def test_our_gradient_in_a_network() -> None:
    estimator = Estimator()
    found, expected = step(estimator, gradient=EstimatorGradient(estimator)), step(estimator)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)


def test_spsa_and_shots_run() -> None:
    estimator = Estimator(seed=1)
    net = network(estimator, qubits=2, gradient=SPSAEstimatorGradient(estimator, epsilon=0.1), default_precision=0.02)
    weights = np.linspace(-1, 1, net.num_weights)
    exact = network(estimator, qubits=2).forward([[0.1, 0.2]], weights)
    assert abs(net.forward([[0.1, 0.2]], weights) - exact).max() < 0.3
    assert net.backward([[0.1, 0.2]], weights)[1].shape == (1, 2, net.num_weights)


def test_sampler_network_trains() -> None:
    features, ansatz = z_feature_map(2, reps=1), real_amplitudes(2, reps=1)
    qc = QuantumCircuit(2)
    qc.compose(features, inplace=True)
    qc.compose(ansatz, inplace=True)
    net = SamplerQNN(
        circuit=qc,
        sampler=Sampler(default_shots=20000, seed=3),
        input_params=features.parameters,
        weight_params=ansatz.parameters,
        interpret=lambda x: f"{x:b}".count("1") % 2,
        output_shape=2,
        input_gradients=True,
    )
    weights, x = np.linspace(-1, 1, 4), np.array([[0.3, -0.4], [0.8, 0.2]])
    parity = EstimatorQNN(
        circuit=qc,
        estimator=Estimator(),
        input_params=features.parameters,
        weight_params=ansatz.parameters,
        input_gradients=True,
        default_precision=0.0,
    )
    np.testing.assert_allclose(net.forward(x, weights)[:, 0], (1 + parity.forward(x, weights)[:, 0]) / 2, atol=0.02)
    for one, other in zip(net.backward(x, weights), parity.backward(x, weights), strict=True):
        np.testing.assert_allclose(one[:, 0], other[:, 0] / 2, atol=0.03)
    model = TorchConnector(net)
    model(torch.tensor(x)).sum().backward()
    assert model.weight.grad is not None


def data(count: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Points of two classes, apart in their first feature."""
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    points = random.normal(scale=0.2, size=(count, 2))
    points[:, 0] += np.where(labels, 0.9, -0.9)
    return points, labels


def test_classifiers_and_regressors_learn() -> None:
    points, labels = data()
    ansatz, x = real_amplitudes(2, reps=1), ParameterVector("x", 2)
    features = QuantumCircuit(2)
    features.ry(x[0], 0)
    features.ry(x[1], 1)
    vqc = VQC(
        feature_map=features,
        ansatz=ansatz,
        optimizer=COBYLA(maxiter=30),
        sampler=Sampler(default_shots=500, seed=1),
        initial_point=np.full(4, 0.2),
    )
    assert vqc.fit(points, labels).score(points, labels) >= 0.8
    vqr = VQR(
        feature_map=features,
        ansatz=ansatz,
        optimizer=COBYLA(maxiter=40),
        estimator=Estimator(),
        initial_point=np.full(4, 0.2),
    )
    assert vqr.fit(points, 2.0 * labels - 1).score(points, 2.0 * labels - 1) > 0.5
    qc = features.compose(ansatz)
    net = EstimatorQNN(circuit=qc, estimator=Estimator(), input_params=x, weight_params=ansatz.parameters)
    classifier = NeuralNetworkClassifier(net, optimizer=COBYLA(maxiter=40), initial_point=np.full(4, 0.2))
    assert classifier.fit(points, 2 * labels - 1).score(points, 2 * labels - 1) >= 0.8


def test_fidelity_kernels() -> None:
    features = z_feature_map(2, reps=2)
    points, _ = data(5)
    kernel = FidelityQuantumKernel(
        feature_map=features, fidelity=ComputeUncompute(Sampler(default_shots=20000, seed=2))
    )
    from qiskit.quantum_info import Statevector

    states = [Statevector(features.assign_parameters(row)).data for row in points]
    expected = np.abs(np.conj(states) @ np.transpose(states)) ** 2
    np.testing.assert_allclose(kernel.evaluate(points), expected, atol=0.03)


@pytest.mark.slow
def test_a_training_step_is_ten_times_as_fast_as_on_statevector_estimator() -> None:
    def seconds(estimator: Any, times: int) -> float:
        net = network(estimator, qubits=4, outputs=1)
        model = TorchConnector(net, initial_weights=np.linspace(-1, 1, net.num_weights))
        x, taken = torch.rand(32, 4), []
        for _ in range(times):
            start = perf_counter()
            model(x).square().mean().backward()
            taken.append(perf_counter() - start)
        return min(taken)

    assert seconds(StatevectorEstimator(), 2) > 10 * seconds(Estimator(), 5)
