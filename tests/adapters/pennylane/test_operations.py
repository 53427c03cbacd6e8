"""PennyLane's operators as qdl's operations: every one has the matrix, the phase included, that PennyLane gives it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

import qdl
from qdl.adapters.pennylane.operations import native, translate
from qdl.adapters.pennylane.operations.rows import CHANNELS, GENERATED, SAME, SEQUENCES
from qdl.errors import CircuitError
from qdl.ir import Circuit

LABELS = "cadb"
RNG = np.random.default_rng(7)


def unitary(wires: int) -> np.ndarray:
    return np.linalg.qr(RNG.normal(size=(2**wires, 2**wires)) + 1j * RNG.normal(size=(2**wires, 2**wires)))[0]


def named(name: str) -> Any:
    cls = getattr(qml, name)
    return cls(*RNG.uniform(0.1, 3, cls.num_params), wires=list(LABELS[: cls.num_wires or 0]))


def circuit(op: Any, order: list[Any]) -> Circuit:
    found = Circuit(len(order))
    for step in translate(op, {label: k for k, label in enumerate(order)}):
        found._add(step)
    return found


def check(op: Any) -> None:
    order = sorted(op.wires.tolist()) or ["a"]
    np.testing.assert_allclose(circuit(op, order).matrix(), qml.matrix(op, wire_order=order), atol=1e-10)


@pytest.mark.parametrize("name", [name for name in [*SAME, *SEQUENCES, *GENERATED] if name != "GlobalPhase"])
def test_a_gate_has_its_matrix_also_undone_repeated_and_controlled(name: str) -> None:
    op = named(name)
    assert native(op)
    check(op)
    check(qml.adjoint(op))
    check(qml.pow(op, -3, lazy=True))
    check(qml.ctrl(op, ["y", "x"], control_values=[0, 1]))


OTHERS = [
    qml.Identity(["b", "a"]),
    qml.ctrl(qml.GlobalPhase(0.3), "a"),
    qml.MultiRZ(0.3, list("cab")),
    qml.MultiRZ(0.3, list("cabed")),
    qml.PauliRot(0.7, "XIYZ", list("cabd")),
    qml.PauliRot(0.7, "II", list("ca")),
    qml.PauliRot(0.7, "XYZXY", list("cadbe")),
    qml.PCPhase(0.4, dim=3, wires=list("ba")),
    qml.QubitUnitary(unitary(2), list("ba")),
    qml.DiagonalQubitUnitary(np.exp(1j * np.arange(4)), list("ba")),
    qml.ControlledQubitUnitary(unitary(1), list("bac"), control_values=[0, 1]),
    qml.MultiControlledX(list("cabd"), control_values=[0, 1, 0]),
    qml.prod(qml.RX(0.2, "a"), qml.RY(0.3, "a"), qml.CNOT(list("ab"))),
    qml.exp(qml.X("b") @ qml.Y("a"), 0.3j),
    qml.evolve(qml.X("a") @ qml.Y("b") + 0.2 * qml.Z("a"), 0.3),
    qml.evolve(qml.Hermitian(np.array([[1, 2j], [-2j, 0.3]]), "a"), 0.3),
    qml.pow(qml.SX("a"), 0.3, lazy=True),
    qml.pow(qml.RX(0.8, "a"), 0.3, lazy=True),
    qml.adjoint(qml.QFT(list("cab"))),
    qml.ctrl(qml.QFT(list("ab")), "c"),
    qml.GroverOperator(list("cab")),
    qml.BlockEncode([[0.1, 0.2], [0.3, 0.4]], list("ba")),
    qml.SpecialUnitary(RNG.normal(size=15), list("ba")),
    qml.Permute(["c", "a", "b"], ["a", "b", "c"]),
    qml.Select([qml.X("c"), qml.Y("c")], control="b"),
    qml.TrotterProduct(qml.dot([0.1, 0.2], [qml.X("a"), qml.Z("a")]), 0.3),
    qml.s_prod(1j, qml.X("a")),
    qml.FlipSign([1, 0], list("ba")),
]


@pytest.mark.parametrize("op", OTHERS, ids=lambda op: f"{op.name}-{len(op.wires)}")
def test_other_operators_have_their_matrix(op: Any) -> None:
    check(op)


@pytest.mark.filterwarnings("ignore:Casting complex values")  # PennyLane looks at Y even where it has none
@pytest.mark.parametrize("name", [*CHANNELS, "QubitChannel", "PauliError", "QubitDensityMatrix"])
def test_channels_do_what_default_mixed_does(name: str) -> None:
    strengths = {"PhaseDamping": (0.3,), "ThermalRelaxationError": (0.2, 1.4, 0.9, 0.3)}.get(name, (0.13, 0.21))
    if name == "QubitChannel":
        op = qml.QubitChannel([np.diag([1, np.sqrt(0.7)]), np.sqrt(0.3) * np.array([[0, 1], [0, 0]])], "a")
    elif name == "PauliError":
        op = qml.PauliError("XZ", 0.2, ["b", "a"])
    elif name == "QubitDensityMatrix":
        turn = unitary(2)
        op = qml.QubitDensityMatrix(turn @ np.diag([0.5, 0.2, 0.3, 0.0]) @ turn.conj().T, ["b", "a"])
    else:
        op = getattr(qml, name)(*strengths[: getattr(qml, name).num_params], wires="a")
    first = [] if name == "QubitDensityMatrix" else [qml.RY(0.4, "a"), qml.RX(0.7, "b"), qml.CNOT(["a", "b"])]
    tape = qml.tape.QuantumScript([*first, op, qml.RX(0.3, "b")], [qml.density_matrix(["a", "b"])])
    want = qml.device("default.mixed", wires=["a", "b"]).execute(tape)
    found = Circuit(2)
    for step in tape.operations:
        found._add(*translate(step, {"a": 0, "b": 1}))
    got = qdl.density(found, engine="density", dtype=torch.float64)
    np.testing.assert_allclose(got, want, atol=1e-10)


@pytest.mark.parametrize("imaginary", [0, 1])
def test_amplitudes_are_prepared_with_their_phases(imaginary: int) -> None:
    amplitudes = RNG.normal(size=8) + 1j * imaginary * RNG.normal(size=8)
    amplitudes /= np.linalg.norm(amplitudes)
    found = circuit(qml.StatePrep(amplitudes, list("cab")), list("abc"))
    want = amplitudes.reshape(2, 2, 2).transpose(1, 2, 0).reshape(-1)
    np.testing.assert_allclose(qdl.state(found, dtype=torch.float64), want, atol=1e-10)


def test_expressions_stand_for_angles() -> None:
    x = qdl.Param("x", 2)
    op = qml.ctrl(qml.Rot(0.1, 0.2, 0.3, "a"), "b", control_values=[0])
    steps = translate(op, {"a": 1, "b": 0}, [x[0], 2 * x[1], 0.5])
    found = Circuit(2)
    found._add(*steps)
    want = qml.matrix(qml.ctrl(qml.Rot(0.7, 1.8, 0.5, "a"), "b", control_values=[0]), wire_order="ba")
    np.testing.assert_allclose(found.matrix({"x": [0.7, 0.9]}), want, atol=1e-10)
    held = circuit(qml.PauliRot(x[1], "XY", ["b", "a"]), ["a", "b"])
    want = qml.matrix(qml.PauliRot(0.9, "XY", ["b", "a"]), wire_order="ab")
    np.testing.assert_allclose(held.matrix({"x": [0.7, 0.9]}), want, atol=1e-10)


def test_conditions_accept_what_the_function_of_outcomes_accepts() -> None:
    with qml.queuing.AnnotatedQueue() as queue:
        first, second = qml.measure(0), qml.measure(1, reset=True)
        qml.cond(first + 2 * second > 1, qml.RX)(0.3, wires=2)
    bits: dict[str, str] = {}
    steps = [
        step for op in qml.tape.QuantumScript.from_queue(queue) for step in translate(op, {0: 0, 1: 1, 2: 2}, bits=bits)
    ]
    assert list(bits.values()) == ["m0", "m1"]
    found = steps[-1].condition
    assert found is not None
    assert [found.holds({"m0": a, "m1": b}) for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))] == [False, False, True, True]
    assert [step.gate.name for step in steps] == ["measure", "measure", "x", "rx"]


def test_what_would_be_lost_is_refused() -> None:
    with pytest.raises(CircuitError, match="tensor with a gradient"):
        translate(qml.RX(torch.tensor(0.1, requires_grad=True), 0), {0: 0})
    with pytest.raises(CircuitError, match="batch"):
        translate(qml.RX(np.array([0.1, 0.2]), 0), {0: 0})
    with pytest.raises(CircuitError, match="outside the wires"):
        translate(qml.RX(0.1, "z"), {0: 0})
    with qml.queuing.AnnotatedQueue() as queue:
        qml.measure(0, postselect=1)
    with pytest.raises(CircuitError, match="postselect"):
        translate(qml.tape.QuantumScript.from_queue(queue)[0], {0: 0})
