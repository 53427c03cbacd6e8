"""QNodes, quantum functions and tapes as circuits: whatever they are given and made of."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pennylane as qml
import pytest

import qdl
from qdl.errors import CircuitError
from qdl.ir import Circuit, Param
from tests import noisy_oracle, oracle
from tests.checks import distance


def test_a_qnode_is_read_with_its_devices_wires() -> None:
    @qml.qnode(qml.device("default.qubit", wires=["a", "b", "c"]))
    def node(x: Any, shift: float, axis: str = "X") -> Any:
        qml.RX(x[1] + shift, wires="c")
        qml.CNOT(wires=["c", "a"])
        (qml.RZ if axis == "Z" else qml.RY)(x[0], wires="b")
        return qml.expval(qml.Z("a"))

    found = Circuit.from_pennylane(node, Param("x", 2), 0.5, axis="Z")
    x = Param("x", 2)
    assert found == Circuit(3).rx(x[1] + 0.5, 2).cx(2, 0).rz(x[0], 1)
    assert Circuit.from_pennylane(node, [0.1, x[1]], 0.5, axis="Z", wire_order=["b", "c", "a"]).operations[1].wires == (
        1,
        2,
    )


def test_arguments_may_be_arrays_lists_and_dicts_of_entries() -> None:
    w, s = Param("w", 6), Param("s")

    def function(weights: Any, more: Any) -> None:
        qml.StronglyEntanglingLayers(weights, wires=[0, 1])
        qml.RX(more["angles"][0], wires=0)
        qml.RY(more["angles"][1][0], wires=1)
        qml.RZ(more["number"], wires=1)

    shaped = np.array(list(w), dtype=object).reshape(1, 2, 3)
    found = Circuit.from_pennylane(function, shaped, {"angles": (s, [2 * s[0]]), "number": 3})
    expected = Circuit(2).rz(w[0], 0).ry(w[1], 0).rz(w[2], 0).rz(w[3], 1).ry(w[4], 1).rz(w[5], 1).cx(0, 1).cx(1, 0)
    assert found == expected.rx(s[0], 0).ry(2 * s[0], 1).rz(3, 1)


FUNCTIONS = (
    "sin cos tan exp log sqrt arcsin arccos arctan square reciprocal deg2rad rad2deg radians degrees"
    " sinh cosh tanh exp2 expm1 log1p log2 log10"
)


@pytest.mark.parametrize("name", FUNCTIONS.split())
def test_functions_of_numpy_of_params(name: str) -> None:
    numbers, x = np.array([0.3, 0.8]), Param("x", 2)

    def function(given: Any) -> None:
        for k, value in enumerate([*getattr(np, name)(given), getattr(np, name)(given[1]) / 2]):
            qml.RX(value, wires=k)

    found = Circuit.from_pennylane(function, x)
    angles = [op.angles[0].evaluate({"x": numbers}) for op in found.operations]  # type: ignore[union-attr]
    expected = getattr(np, name)(numbers)
    assert distance(np.array(angles), np.array([*expected, expected[1] / 2])) <= 1e-14


def test_expressions_may_stand_in_a_tape_or_a_closure() -> None:
    x, t = Param("x", 2), Param("t")
    steps = [qml.RX(2 * x[0], 0), qml.ctrl(qml.RY(qdl.sin(x[1]), 1), 0), qml.MultiRZ(t, [0, 1]), qml.RZ(t[0] - 1, 0)]
    expected = Circuit(2).rx(2 * x[0], 0).cry(qdl.sin(x[1]), 0, 1).rzz(t[0], 0, 1).rz(t[0] - 1, 0)
    assert Circuit.from_pennylane(qml.tape.QuantumScript(steps)) == expected
    assert Circuit.from_pennylane(lambda: [qml.apply(step) for step in steps]) == expected
    shifted = qml.AngleEmbedding(Param("y", 4)[1:3], wires=[1, 0])
    assert Circuit.from_pennylane(shifted) == Circuit(2).rx(Param("y", 4)[1], 1).rx(Param("y", 4)[2], 0)


def test_a_function_can_be_copied_pickled_and_put_under_controls() -> None:
    x = Param("x", 2)
    circuit = Circuit(2).ry(x[0], 0).cx(0, 1).rx(x[1], 1).gate("gphase", 0.7)
    function = circuit.to_pennylane()
    for twin in (copy.deepcopy(function), pickle.loads(pickle.dumps(function))):
        assert Circuit.from_pennylane(twin) == Circuit.from_pennylane(function)
    found = Circuit.from_pennylane(lambda given: qml.ctrl(function, control=2, control_values=[0])(given), x)
    unitary = circuit.matrix({"x": [0.4, 1.3]})
    idle, on = np.diag([0.0, 1.0]), np.diag([1.0, 0.0])
    assert distance(found.matrix({"x": [0.4, 1.3]}), np.kron(unitary, on) + np.kron(np.eye(4), idle)) <= 1e-12


def test_linear_algebra_with_params() -> None:
    numbers, x = np.array([0.3, -0.8]), Param("x", 2)
    matrix = np.array([[1.0, 2.0], [0.5, -1.0]])

    def function(given: Any) -> None:
        first = matrix @ given + qml.math.dot(given, given)
        second = np.tensordot(matrix, given, axes=1) * np.linalg.norm(given) - qml.math.mean(given)
        for k, value in enumerate([*first, *np.concatenate([second, given[::-1]])]):
            qml.RY(value, wires=k)

    found = Circuit.from_pennylane(function, x)
    assert distance(found.matrix({"x": numbers}), qml.matrix(function, wire_order=range(6))(numbers)) <= 1e-12


def test_a_param_of_size_one_is_a_number_and_a_vector() -> None:
    t = Param("t")
    expected = Circuit(1).rx(t[0], 0)
    functions: list[Any] = [
        lambda given: qml.RX(given, wires=0),
        lambda given: qml.RX(given[0], wires=0),
        lambda given: [qml.RX(given[k], wires=k) for k in range(len(given))],
        lambda given: [qml.RX(entry, wires=0) for entry in given],
        lambda given: qml.AngleEmbedding(given, wires=[0]),
        lambda given: [qml.RX(given[k], wires=0) for k in range(given.shape[0])],
    ]
    for function in functions:
        assert Circuit.from_pennylane(function, t) == expected


def test_transforms_of_a_qnode_are_carried_out_or_refused() -> None:
    def function(x: Any) -> Any:
        qml.RX(x[0], wires=0)
        qml.RX(x[1], wires=0)
        return qml.expval(qml.Z(0)), qml.expval(qml.X(0))

    node, x = qml.QNode(function, qml.device("default.mixed", wires=1)), Param("x", 2)
    assert Circuit.from_pennylane(qml.transforms.merge_rotations(node), x) == Circuit(1).rx(x[0] + x[1], 0)
    damped = qml.noise.insert(node, qml.AmplitudeDamping, 0.2, position="end")
    assert Circuit.from_pennylane(damped, x).operations[-1].gate.name == "amplitude_damping"
    with pytest.raises(CircuitError, match="several tapes of one: got 2"):
        Circuit.from_pennylane(qml.transforms.split_non_commuting(node), x)


def test_a_torch_layer_is_read() -> None:
    def function(inputs: Any, weights: Any) -> Any:
        qml.AngleEmbedding(inputs, wires=[0, 1])
        qml.BasicEntanglerLayers(weights, wires=[0, 1])
        return qml.expval(qml.Z(0))

    built = qml.qnn.TorchLayer(qml.QNode(function, qml.device("default.qubit", wires=2)), {"weights": (2, 2)})
    x, w = Param("x", 2), Param("w", 4)
    found = Circuit.from_pennylane(built, inputs=x, weights=np.array(list(w), dtype=object).reshape(2, 2))
    expected = Circuit(2).rx(x[0], 0).rx(x[1], 1)
    for k in (0, 2):
        expected.rx(w[k], 0).rx(w[k + 1], 1).cx(0, 1)
    assert found == expected


def test_amplitudes_may_be_params() -> None:
    a = Param("a", 4)
    found = Circuit.from_pennylane(lambda v: qml.AmplitudeEmbedding(v, wires=[1, 0], normalize=True), a)
    values = {"a": [1.0, -2.0, 0.5, 3.0]}
    assert distance(oracle.states(found, values), oracle.states(Circuit(2).prepare(a, (1, 0)), values)) <= 1e-12
    phases = np.exp(1j * np.arange(4)) / 2
    found = Circuit.from_pennylane(qml.tape.QuantumScript([qml.StatePrep(phases, wires=[1, 0])]))
    assert distance(oracle.states(found, {}), phases.reshape(2, 2).T.reshape(-1)) <= 1e-12


def test_measurements_in_the_middle_with_arithmetic_between_them() -> None:
    def function(x: Any) -> Any:
        qml.RY(x[0], wires=0)
        qml.RY(0.4, wires=1)
        a, b = qml.measure(0), qml.measure(1, reset=True)
        qml.cond(a + 2 * b == 2, qml.RX, qml.RZ)(x[1], wires=2)
        qml.cond(~a & b, lambda: qml.CNOT([2, 0]))()
        qml.measure(2, reset=True)
        qml.RX(1.0, wires=2)
        return qml.expval(a), qml.probs(wires=[0, 1, 2])

    found = Circuit.from_pennylane(function, Param("x", 2))
    assert found.bits == ("m0", "m1")
    x = np.array([0.8, 1.9])
    expected = qml.QNode(function, qml.device("default.qubit"))(x)
    assert distance(noisy_oracle.probs(found, {"x": x}, [0, 1, 2]), expected[1]) <= 1e-10
    assert distance(noisy_oracle.probs(found, {"x": x}, ["m0"])[1], expected[0]) <= 1e-10
