"""Circuits as quantum functions: gradients, batches, labels and measurements inside a QNode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

import qdl
from qdl.ir import Circuit, Param, X, Y, Z
from qdl.ir.bits import Condition
from tests import noisy_oracle
from tests.adapters.pennylane.functions import layer
from tests.checks import distance


@pytest.mark.parametrize(
    ("device", "method"),
    [
        ("default.qubit", "backprop"),
        ("default.qubit", "parameter-shift"),
        ("lightning.qubit", "adjoint"),
        ("qdl.state", "best"),
    ],
)
def test_gradients_of_a_qnode_are_ours(device: str, method: str) -> None:
    circuit, _, _ = layer()
    function = circuit.to_pennylane()

    @qml.qnode(qml.device(device, wires=3), interface="torch", diff_method=method)
    def node(x: Any, theta: Any) -> Any:
        function(x, theta=theta)
        return qml.expval(qml.Z(0) @ qml.X(1)), qml.expval(qml.Y(2))

    numbers = torch.Generator().manual_seed(0)
    values = [torch.rand(n, generator=numbers, dtype=torch.float64).requires_grad_() for n in (2, 3)]
    found = torch.stack(node(*values))
    expected = qdl.expval(circuit, [Z(0) @ X(1), Y(2)], dict(zip(("x", "theta"), values, strict=True)))
    single = found.dtype == torch.float32  # which lightning.qubit gives to torch
    assert distance(found.detach(), expected.detach()) <= (1e-6 if single else 1e-10)
    weights = torch.tensor([0.7, -1.3], dtype=torch.float64)
    ours, theirs = (torch.autograd.grad((out * weights).sum(), values) for out in (expected, found))
    for one, other in zip(ours, theirs, strict=True):
        assert distance(one, other) <= (1e-6 if single else 1e-8)


@pytest.mark.parametrize("device", ["default.mixed", "qdl.density"])
def test_strengths_of_our_own_channels_have_gradients(device: str) -> None:
    p = Param("p", 2)
    circuit = Circuit(2).ry(0.7, 0).ry(1.9, 1).cx(0, 1).channel("delay", 0.3, wires=0)
    circuit.channel("depolarizing", p[0], wires=(0, 1)).channel("pauli", p[1], 0.0, 0.1, wires=1)
    function = circuit.to_pennylane()

    @qml.qnode(qml.device(device, wires=2), interface="torch")
    def node(given: Any) -> Any:
        function(p=given)
        return qml.expval(qml.Z(1) @ qml.X(0))

    for numbers in ([0.2, 0.1], [0.0, 0.3]):
        given = torch.tensor(numbers, dtype=torch.float64, requires_grad=True)
        expected = qdl.expval(circuit, Z(1) @ X(0), {"p": given}, engine="density")
        found = node(given)
        assert distance(found.detach(), expected.detach()) <= 1e-7
        ours, theirs = (torch.autograd.grad(out, given)[0] for out in (expected, found))
        roots = device == "default.mixed" and not numbers[0]  # the slope of a root at zero counts as zero
        wanted = ours * torch.tensor([0.0, 1.0]) if roots else ours
        assert distance(theirs, wanted) <= 1e-7


def test_autograd_and_batches_that_stretch() -> None:
    from pennylane import numpy as pnp

    circuit, _, _ = layer()
    function = circuit.to_pennylane()

    @qml.qnode(qml.device("default.qubit", wires=3))
    def node(x: Any, theta: Any) -> Any:
        function(x=x, theta=theta)
        return qml.expval(qml.Y(1))

    theta = pnp.array([0.1, -0.4, 0.9], requires_grad=True)
    x = pnp.array(np.random.default_rng(0).uniform(-2, 2, (4, 2)), requires_grad=False)
    expected = qdl.expval(circuit, Y(1), {"x": np.array(x), "theta": np.array(theta)}, dtype=torch.float64)
    assert distance(node(x, theta), expected) <= 1e-10
    assert distance(node(x, theta[None]), expected) <= 1e-10, "a batch of one is stretched"
    slope = qml.jacobian(node)(x, theta)
    leaf = torch.tensor(np.array(theta)).requires_grad_()
    for k in range(4):
        value = qdl.expval(circuit, Y(1), {"x": np.array(x[k]), "theta": leaf})
        (wanted,) = torch.autograd.grad(value, leaf)
        assert distance(slope[k], wanted) <= 1e-8


def test_a_rotor_has_a_gradient_where_it_stands_still() -> None:
    v = Param("v", 3)
    function = Circuit(1).rx(0.4, 0).rv(*v, 0).to_pennylane()

    @qml.qnode(qml.device("default.qubit", wires=1), interface="torch")
    def node(given: Any) -> Any:
        function(given)
        return qml.expval(qml.Y(0) + qml.Z(0))

    at = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(node(at), at)
    steps = [(node(1e-5 * e) - node(-1e-5 * e)).detach() / 2e-5 for e in torch.eye(3, dtype=torch.float64)]
    assert distance(slope, torch.stack(steps)) <= 1e-8


def test_values_come_by_position_or_name_and_wires_by_label() -> None:
    circuit, _, _ = layer()
    function = circuit.to_pennylane()
    x, theta = np.array([0.3, -0.7]), np.array([0.1, 0.2, 0.3])
    expected = circuit.matrix({"x": x, "theta": theta})
    order = ["b", 7, "a"]
    calls = [lambda: function(x, theta, wires=order), lambda: function(theta=theta, x=x.tolist(), wires=order)]
    for call in calls:
        assert distance(qml.matrix(call, wire_order=order)(), expected) <= 1e-10
    assert distance(qml.matrix(qml.adjoint(function), wire_order=range(3))(x, theta), expected.conj().T) <= 1e-10
    single = Circuit(1).rx(Param("t")[0], 0).to_pennylane()
    shapes = [(0.4, (2, 2)), ([0.4], (2, 2)), (np.full(5, 0.4), (5, 2, 2)), (np.full((5, 1), 0.4), (5, 2, 2))]
    for value, shape in shapes:
        assert qml.matrix(single, wire_order=[0])(value).shape == shape


def test_what_is_measured_is_returned_and_can_be_measured() -> None:
    circuit = Circuit(2).ry(0.9, 0).ry(0.4, 1).measure([0, 1], ["a", "b"])
    with circuit.if_(Condition(("a", "b"), frozenset({1, 2}))):
        circuit.ry(0.7, 1)
    circuit.reset(0).h(0)
    function = circuit.to_pennylane()

    @qml.qnode(qml.device("default.qubit"))
    def node() -> Any:
        bits = function()
        return qml.probs(op=[bits["a"], bits["b"]]), qml.probs(wires=[0, 1]), qml.expval(2 * bits["a"])

    joint, wires, mean = node()
    assert distance(joint, noisy_oracle.probs(circuit, {}, ["a", "b"])) <= 1e-10
    assert distance(wires, noisy_oracle.probs(circuit, {}, [0, 1])) <= 1e-10
    assert float(mean) == pytest.approx(2 * joint[2] + 2 * joint[3])


def test_a_function_used_twice_keeps_its_measurements_apart() -> None:
    circuit = Circuit(2).ry(1.1, 0).measure(0, "m")
    with circuit.if_("m"):
        circuit.ry(0.6, 1)
    function = circuit.to_pennylane()

    def twice() -> None:
        first = function()
        function(wires=[1, 0])
        qml.cond(first["m"], qml.RX)(0.5, wires=0)

    expected = Circuit(2).ry(1.1, 0).measure(0, "first")
    with expected.if_("first"):
        expected.ry(0.6, 1)
    expected.ry(1.1, 1).measure(1, "second")
    with expected.if_("second"):
        expected.ry(0.6, 0)
    with expected.if_("first"):
        expected.rx(0.5, 0)
    found = Circuit.from_pennylane(twice, wire_order=[0, 1])
    assert len(found.bits) == 2
    assert distance(noisy_oracle.density(found, {}), noisy_oracle.density(expected, {})) <= 1e-10
