"""Circuits to PennyLane and back: the same unitaries, phases included, and the same parameters by name."""

from __future__ import annotations

import copy
import pickle
from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

import qdl
from qdl.adapters.pennylane import from_observable, to_observable
from qdl.errors import CircuitError, QdlError, UnsupportedError, ValuesError
from qdl.ir import TABLE, Circuit, Hermitian, I, Operation, Param, X, Y, Z
from qdl.ir.bits import Condition
from qdl.ir.channels import Measure
from tests import noisy_oracle, oracle
from tests.adapters.pennylane_functions import SIZES, quantum_function
from tests.checks import distance
from tests.strategies import CHANNEL_NAMES, Case, case, noisy_case, observable, symbols


def states(function: Any, wires: int, values: dict[str, Any]) -> Any:
    """What a quantum function makes of |0...0> on default.qubit, (*batch, 2**wires)."""

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def node(**given: Any) -> Any:
        function(**given)
        return qml.state()

    return node(**values)


def drawn(seed: int, **options: Any) -> Case:
    draw = Random(seed)
    wires = draw.randint(1, 4)
    return case(draw, wires, draw.randint(1, 4 * wires), **options)


def sizes(circuit: Circuit) -> dict[str, int]:
    return {param.name: param.size for param in circuit.params}


def check_there_and_back(seed: int) -> None:
    found = drawn(seed, batches=[()])
    circuit, values = found.circuit, found.own()
    expected = oracle.states(circuit, values)
    function = circuit.to_pennylane()
    assert distance(states(function, circuit.wires, values), expected) <= 1e-10, f"seed {seed}"
    back = Circuit.from_pennylane(function)
    assert back.wires == circuit.wires
    assert sizes(back) == sizes(circuit)
    assert distance(oracle.states(back, values), expected) <= 1e-10, f"seed {seed}"


@pytest.mark.parametrize("seed", range(60))
def test_circuits_there_and_back(seed: int) -> None:
    check_there_and_back(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_2000_circuits_there_and_back(part: int) -> None:
    for seed in range(1000 + 100 * part, 1100 + 100 * part):
        check_there_and_back(seed)


@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_gate_table(name: str) -> None:
    for controls in ("", "0", "10"):
        check_row(name, controls)


def check_row(name: str, controls: str) -> None:
    row = TABLE[name]
    wires = max(2, row.wires + len(controls))
    where = [int(w) for w in np.random.default_rng(0).permutation(wires)[: row.wires + len(controls)]]
    x = Param("x", max(1, len(row.angles)))
    numbers = np.random.default_rng(1).uniform(-3, 3, (3, x.size))
    for angles in (list(x), numbers[0].tolist()):
        circuit = Circuit(wires)
        for w in range(wires):
            circuit.ry(0.4 + w, w).rz(0.3 - w, w)
        chosen = angles[: len(row.angles)]
        circuit.gate(name, *chosen, *where[len(controls) :], controls=where[: len(controls)], values=controls)
        values = {"x": numbers} if circuit.params else {}
        expected = oracle.states(circuit, values)
        function = circuit.to_pennylane()
        assert distance(states(function, wires, values), expected) <= 1e-10
        back = Circuit.from_pennylane(function)
        assert distance(oracle.states(back, values), expected) <= 1e-10
        assert sizes(back) == sizes(circuit)


# From PennyLane and back


def check_back_and_there(seed: int) -> None:
    function, wires = quantum_function(seed)
    numbers = np.random.default_rng(seed)
    values = {name: numbers.uniform(-2, 2, size) for name, size in SIZES.items()}
    expected = qml.matrix(function, wire_order=range(wires))(**values)
    circuit = Circuit.from_pennylane(function, Param("x", 4), theta=Param("theta", 3))
    assert circuit.wires == wires
    assert distance(circuit.matrix(values), expected) <= 1e-10, f"seed {seed}"
    back = circuit.to_pennylane()
    assert {p.name: p.size for p in back.params}.items() <= SIZES.items()
    own = {p.name: values[p.name] for p in back.params}
    assert distance(qml.matrix(back, wire_order=range(wires))(**own), expected) <= 1e-10, f"seed {seed}"
    plain = Circuit.from_pennylane(function, **values)
    assert plain.params == ()
    assert distance(plain.matrix(), expected) <= 1e-10, f"seed {seed}"


@pytest.mark.parametrize("seed", range(60))
def test_functions_back_and_there(seed: int) -> None:
    check_back_and_there(seed)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(20))
def test_2000_functions_back_and_there(part: int) -> None:
    for seed in range(1000 + 100 * part, 1100 + 100 * part):
        check_back_and_there(seed)


def check_noisy(seed: int) -> bool:
    """Noise, measurements and conditions there and back; False if PennyLane has no words for them."""
    draw = Random(seed)
    made = noisy_case(draw, draw.randint(1, 3), draw.randint(2, 10), measures=seed % 2 == 1, batches=[()])
    circuit = made.circuit
    if any(op.condition is not None and op.gate.name == "reset" for op in circuit.operations):
        with pytest.raises(UnsupportedError, match="reset depend on a measured bit"):
            circuit.to_pennylane()
        return False
    back = Circuit.from_pennylane(circuit.to_pennylane())
    assert set(back.bits) == set(circuit.bits)
    assert sizes(back) == sizes(circuit)
    names, values = [*circuit.bits, *range(circuit.wires)], made.own()
    assert distance(noisy_oracle.density(back, values), noisy_oracle.density(circuit, values)) <= 1e-10
    found, expected = (noisy_oracle.probs(c, values, names) for c in (back, circuit))
    assert distance(found, expected) <= 1e-10
    return True


def test_noise_measurements_and_conditions_there_and_back() -> None:
    assert sum(check_noisy(seed) for seed in range(60)) >= 50


@pytest.mark.slow
def test_1000_circuits_with_noise_there_and_back() -> None:
    assert sum(check_noisy(seed) for seed in range(1000, 2000)) >= 900


@pytest.mark.parametrize("name", [name for name in CHANNEL_NAMES if name != "reset"])
def test_channels_on_default_mixed_are_ours(name: str) -> None:
    for seed in range(3):
        made = noisy_case(Random(seed), 2, 6, [name], batches=[()])
        function, values = made.circuit.to_pennylane(), made.own()

        @qml.qnode(qml.device("default.mixed", wires=2))
        def node(function: Any = function, values: Any = values) -> Any:
            function(**values)
            return qml.density_matrix([0, 1])

        assert distance(node(), noisy_oracle.density(made.circuit, values)) <= 1e-7  # PennyLane adds 1e-16 under roots


# Inside a QNode


def layer() -> tuple[Circuit, Param, Param]:
    x, theta = Param("x", 2), Param("theta", 3)
    circuit = Circuit(3).ry(x[0], 0).rx(2 * x[1] - 1, 2).rv(theta[0], x[0], 0.2, 1).crx(qdl.sin(theta[1]), 2, 0)
    return circuit.cx(0, 1).rzz(x[0] * theta[2], 1, 2).rx(theta[2], 1).h(2), x, theta


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


# What is read


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


FUNCTIONS = "sin cos tan exp log sqrt arcsin arccos arctan square reciprocal deg2rad rad2deg radians degrees"
FUNCTIONS += " sinh cosh tanh exp2 expm1 log1p log2 log10"


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


def asked(function: Any, *args: Any, **kwargs: Any) -> Any:
    return lambda: Circuit.from_pennylane(function, *args, **kwargs)


def noisy_reading() -> Circuit:
    return Circuit(1)._add(Operation(Measure(noisy=True), (0.1, 0.2), (0,), bit="m"))


def conditional_measurement() -> Circuit:
    circuit = Circuit(2).measure(0, "m")
    with circuit.if_("m"):
        circuit.measure(1, "n")
    return circuit


T = Param("t")


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            asked(lambda: (qml.X("a"), qml.Z("b"))),
            CircuitError,
            r"no order of their own: got \['a', 'b'\]; pass wire_ord",
        ),
        (asked(lambda: qml.CNOT([0, -1])), CircuitError, "no order of their own"),
        (asked(lambda: qml.CNOT([0, 1]), wire_order=[0, 0]), CircuitError, "names one twice"),
        (asked(lambda: qml.CNOT([0, 1]), wire_order=[0, 2]), CircuitError, "lacks some"),
        (asked(lambda: qml.RX(np.ones(3), 0)), CircuitError, "no batch: got RX with 3 samples"),
        (asked(lambda x: qml.RX(x, 0), torch.ones((), requires_grad=True)), CircuitError, "tensor with a gradient"),
        (asked(lambda x: qml.RX(x, 0) if x > 0 else None, T), CircuitError, "a comparison is needed.*got t"),
        (asked(lambda x: qml.RX(0.1, wires=int(x)), T), CircuitError, "a number is needed"),
        (asked(lambda x: qml.RX(torch.sin(x), 0), T), CircuitError, "cannot be followed with Params.*TypeError"),
        (asked(lambda x: qml.QubitUnitary(np.array([[np.cos(x), 0], [0, 1]]), 0), T), CircuitError, "number is needed"),
        (asked(lambda: qml.measure(0, postselect=1)), CircuitError, "postselect=1"),
        (asked(lambda: qml.Displacement(0.1, 0.2, wires=0)), UnsupportedError, "'Displacement' cannot be translated"),
        (asked(lambda: (qml.X(0), qml.StatePrep([1, 0], wires=0))), CircuitError, "prepare needs fresh wires"),
        (asked(qml.tape.QuantumScript([qml.X(0)]), 3), CircuitError, "a tape takes no arguments"),
        (asked(3), CircuitError, "cannot be read: got int"),
        (noisy_reading().to_pennylane, UnsupportedError, "no readout error of a measurement inside a circuit"),
        (conditional_measurement().to_pennylane, UnsupportedError, "measurement depend on a measured bit"),
        (Circuit(1).rx(Param("wires")[0], 0).to_pennylane, CircuitError, "hides the wires"),
    ],
)
def test_refused_when_a_circuit_is_converted(ask: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ((), {}, CircuitError, r"no value for some Params: got none for \['x', 'theta'\], expected \(x, theta\)"),
        (([1, 2], [1, 2, 3], 4), {}, CircuitError, "too many values: got 3"),
        (([1, 2],), {"x": [1, 2], "theta": [1, 2, 3]}, CircuitError, r"\['x'\] have two values"),
        (([1, 2],), {"phi": 3}, CircuitError, r"there are no Params \['phi'\]"),
        (
            ([1, 2], [1, 2]),
            {},
            ValuesError,
            r"'theta' does not fit: got shape \(2,\), expected shape \(3,\) or \(batch, 3",
        ),
        (([1, 2], 0.3), {}, ValuesError, "'theta' does not fit"),
        (([1, 2], "abc"), {}, ValuesError, "'theta' does not fit"),
        ((np.ones((2, 2, 2)), [1, 2, 3]), {}, ValuesError, "broadcasts one dimension"),
        ((np.ones((4, 2)), np.ones((5, 3))), {}, ValuesError, "batches .* do not fit each other: got x: 4, theta: 5"),
        (([1, 2], [1, 2, 3]), {"wires": [0, 1]}, CircuitError, "the wires do not fit"),
        (([1, 2], [1, 2, 3]), {"wires": [0, 1, 1]}, CircuitError, "3 different labels"),
    ],
)
def test_refused_when_a_function_is_called(args: Any, kwargs: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message), qml.queuing.AnnotatedQueue():
        layer()[0].to_pennylane()(*args, **kwargs)


def test_a_call_without_a_qnode_is_refused() -> None:
    with pytest.raises(CircuitError, match="call it inside a QNode"):
        Circuit(1).x(0).to_pennylane()()


def test_a_batch_of_one_is_a_number() -> None:
    assert Circuit.from_pennylane(lambda: qml.RX(np.array([0.3]), wires=0)) == Circuit(1).rx(0.3, 0)


def test_batches_of_strengths_are_refused() -> None:
    function = Circuit(1).channel("bit_flip", Param("p")[0], wires=0).to_pennylane()
    with pytest.raises(UnsupportedError, match="no batch of strengths"), qml.queuing.AnnotatedQueue():
        function(np.array([0.1, 0.2]))


# Observables


def test_observables_there_and_back() -> None:
    for seed in range(40):
        draw = Random(seed)
        wires = draw.randint(1, 4)
        numbers, entries, values = symbols(draw, [()])
        found = observable(draw, numbers, wires, entries)
        names = {
            p.name for p in qdl.ir.params.params_of([c for c in found.terms.values() if not isinstance(c, complex)])
        }
        given = {name: value for name, value in values.items() if name in names}
        theirs = to_observable(found, {name: value.numpy() for name, value in given.items()})
        expected = oracle.operator(found, wires, values)
        assert distance(qml.matrix(theirs, wire_order=range(wires)), expected) <= 1e-10
        assert distance(from_observable(theirs).matrix(wires), expected) <= 1e-10


@pytest.mark.parametrize(
    "operator",
    [
        qml.Hamiltonian([0.5, -2.0, 1.0], [qml.X("b") @ qml.Y("a"), qml.I("a"), qml.Hadamard("c")]),
        qml.prod(qml.Hermitian(np.array([[1, 2j], [-2j, 3]]), "a"), qml.Z("c")) - 3 * qml.Projector([1, 0], ["c", "b"]),
        (qml.X("a") @ qml.Y("a") @ qml.Z("a")) * (-1j) + 0.1 * (qml.Z("b") + qml.Z("a")) @ qml.Z("c"),
        qml.Projector(np.array([0.6, 0.8j]), ["b"]),
        qml.SparseHamiltonian(qml.Hamiltonian([1.0, 0.3], [qml.X(0), qml.Z(1)]).sparse_matrix(), wires=["c", "a"]),
        qml.sum(qml.X("a"), qml.s_prod(2, qml.prod(qml.X("b"), qml.X("c")))),
    ],
)
def test_every_kind_of_observable_is_read(operator: Any) -> None:
    found = from_observable(operator, list("abc"))
    order = list("abc")
    expected = operator.sparse_matrix(wire_order=order).toarray() if operator.has_sparse_matrix else None
    expected = qml.matrix(operator, wire_order=order) if expected is None else expected
    assert distance(found.matrix(3), expected) <= 1e-10


def test_observables_that_are_none_are_refused() -> None:
    with pytest.raises(CircuitError, match="not Hermitian"):
        from_observable(1j * qml.X(0))
    with pytest.raises(CircuitError, match="no order"):
        from_observable(qml.X("a") @ qml.Z("b"))
    with pytest.raises(CircuitError, match="at least 2 labels"):
        to_observable(Z(1), wires=["a"])
    with pytest.raises(CircuitError, match="no value"):
        to_observable(Z(1) * Param("c"))
    assert to_observable(X(0) @ Hermitian(np.eye(2), 1), wires="ba").wires.tolist() == ["b", "a"]
    assert from_observable(to_observable(2.0 * I())) == 2.0 * I()
