"""PennyLane devices behind the protocol of remote engines: against the oracles, and against qdl's own engines."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

import qdl
from qdl.adapters.pennylane import PennyLane
from qdl.engine.remote import Setting, program
from qdl.errors import MemoryBudgetError, QdlError, UnsupportedError, ValuesError
from qdl.ir import TABLE, Circuit, Hermitian, Operation, Param, X, Y, Z
from qdl.ir.bits import Condition
from tests import noisy_oracle, oracle
from tests.adapters.remote_runs import (
    RemoteConformance,
    check_gradients,
    expval,
    forbidden,
    frequencies,
    laid_out,
    noisy_measure,
    outliers,
    probabilities,
    scrambled,
    watched,
)
from tests.checks import distance
from tests.open_systems import NoisyConformance
from tests.strategies import CHANNEL_NAMES, noisy_case

DEVICES = ("default.qubit", "lightning.qubit", "default.mixed")


class Conformance(NoisyConformance):
    bound = 1e-8
    densities = False
    seeds = range(8)
    most_wires = 3
    comparisons = 10

    def rows(self) -> int:
        return 1000


class TestDefaultQubit(Conformance):
    engine = "pennylane:default.qubit"
    channels = ("reset",)


class TestLightning(Conformance):
    engine = "pennylane:lightning.qubit"
    channels = ("reset",)


class TestDefaultMixed(Conformance):
    engine = "pennylane:default.mixed"
    seeds = range(16)


@pytest.mark.slow
class TestDefaultQubitLong(TestDefaultQubit):
    seeds = range(8, 80)


@pytest.mark.slow
class TestLightningLong(TestLightning):
    seeds = range(8, 80)


@pytest.mark.slow
class TestDefaultMixedLong(TestDefaultMixed):
    seeds = range(8, 80)


class TestPennyLane(RemoteConformance):
    exact = dict.fromkeys(DEVICES, 1e-10)
    sampling = DEVICES
    precise = "lightning.qubit"

    def engine(self, name: str) -> PennyLane:
        return PennyLane(name)

    @pytest.mark.slow
    @pytest.mark.parametrize("controls", ["", "0", "10"])
    @pytest.mark.parametrize("name", TABLE)
    def test_every_row_of_the_gate_table_varying_and_constant(self, name: str, controls: str) -> None:
        self.check_row(name, controls)

    @pytest.mark.parametrize("device", DEVICES)
    def test_some_rows_of_the_gate_table(self, device: str) -> None:
        for k, name in enumerate(TABLE):
            if k % len(DEVICES) == DEVICES.index(device) or name in ("rv", "u3", "gphase"):
                self.check_row(name, ("", "0", "10")[k // 3 % 3], [device])


@pytest.fixture
def executions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What default.qubit is given from now on: the tapes of each execution."""
    return watched(monkeypatch, qml.devices.DefaultQubit, "execute")


@pytest.fixture
def no_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is executed is a failure."""
    forbidden(monkeypatch, qml, "execute")


# Exact values


@pytest.mark.parametrize("name", CHANNEL_NAMES)
def test_channels_are_those_of_the_oracle(name: str) -> None:
    for seed in range(3):
        draw = Random(seed)
        found = noisy_case(draw, draw.randint(1, 3), 8, [name])
        _, each = oracle.samples(found.all())
        expected = np.array([noisy_oracle.expval(found.circuit, found.observables, one) for one in each])
        read = expval(PennyLane("default.mixed"), found.circuit, found.observables, found.all())
        scale = np.maximum(1, np.abs(expected))
        assert distance(read / scale, expected / scale) <= 1e-10


@pytest.mark.parametrize("device", [*DEVICES, "qdl.state"])
def test_conditions_on_several_values_of_several_bits(device: str) -> None:
    circuit = Circuit(3).ry(1.1, 0).ry(0.7, 1).ry(2.0, 2).measure([0, 1, 2], ["a", "b", "d"])
    with circuit.if_(("a", "b"), "10"):
        circuit.x(2).reset(0)
    with circuit.if_(Condition(("b", "a"), frozenset({1, 2}))):
        circuit.ry(0.9, 2)
        circuit.measure(2, "d")  # overwritten in one branch only
    with circuit.if_(("d", "b"), 0):
        circuit.ry(0.4, 0)
    with circuit.if_(Condition(("a", "b"), frozenset(range(4)))):
        circuit.ry(0.5, 1)
    with circuit.if_(Condition(("a", "b"), frozenset())):
        circuit.x(2)
    circuit.measure(0, "a").rv(0.3, -0.2, 1.1, 1)  # written anew
    names = [0, "a", 2, 1, "d", "b"]
    made, rows, each = laid_out(circuit, {})
    engine = PennyLane(device)
    assert distance(engine.probs(made, names).run(rows), probabilities(circuit, names, each)) <= 1e-10
    words = [X(0), Y(1) @ X(2), Z(0) @ Hermitian([[1.0, 1j], [-1j, 0.3]], 2)]
    assert distance(expval(engine, circuit, words, {}), noisy_oracle.expval(circuit, words, {})[None]) <= 1e-10
    (bits,) = engine.samples(made, [Setting(tuple(names), 3000)]).run(rows, seed=3)
    assert outliers(frequencies(bits), probabilities(circuit, names, each), 3000) == 0


def test_what_is_written_wrongly_is_what_conditions_see() -> None:
    f = Param("f", 2)
    circuit = noisy_measure(Circuit(2).ry(0.8, 0), 0, "m", f[0], f[1])
    with circuit.if_("m"):
        circuit.x(1)
    circuit = noisy_measure(circuit, 1, "n", 0.0, 0.5)
    values = {"f": np.array([[0.1, 0.25], [0.9, 0.6], [0.0, 0.0]])}
    names = [0, 1, "m", "n"]
    expected = qdl.probs(circuit, values, wires=names, engine="density", dtype=torch.float64).numpy()
    made, rows, _ = laid_out(circuit, values)
    assert distance(PennyLane("default.mixed").probs(made, names).run(rows), expected) <= 1e-10


@pytest.mark.parametrize("device", DEVICES)
def test_nothing_is_something_too(device: str) -> None:
    engine, t = f"pennylane:{device}", Param("t")
    assert qdl.probs(Circuit(2), engine=engine).tolist() == [1, 0, 0, 0]
    assert qdl.expval(Circuit(2), [qdl.I() * 2, Z(1) - 3], engine=engine).tolist() == [2, -2]
    assert qdl.sample(Circuit(2), shots=3, engine=engine).sum() == 0
    turned = Circuit(2).rx(t[0], 0)
    assert qdl.probs(turned, {"t": torch.rand(0, 1)}, engine=engine).shape == (0, 4)
    assert qdl.probs(turned, {"t": torch.rand(2, 3, 1)}, engine=engine).shape == (2, 3, 4)


# One execution


def test_all_rows_are_one_execution_of_one_tape(executions: list[Any]) -> None:
    x = Param("x", 2)
    circuit = Circuit(2).rx(x[0], 0).cx(0, 1).rv(x[1], x[0], 0.3, 1)
    values = {"x": torch.rand(12, 2, dtype=torch.float64).requires_grad_()}
    found = qdl.expval(circuit, [Z(0), X(1)], values, engine="pennylane:default.qubit")
    assert [len(tapes) for tapes in executions] == [1]
    expected = qdl.expval(circuit, [Z(0), X(1)], values)
    assert distance(found.detach(), expected.detach()) <= 1e-12
    (slope,) = torch.autograd.grad(found.sum(), values["x"])
    assert len(executions) == 2, "all shifted circuits are one execution"
    (wanted,) = torch.autograd.grad(expected.sum(), values["x"])
    assert distance(slope, wanted) <= 1e-8


def test_settings_are_tapes_of_one_execution(executions: list[Any]) -> None:
    made, rows, _ = laid_out(scrambled(2, 1), {})
    turn = (Operation(TABLE["h"], (), (1,)),)
    PennyLane("default.qubit").samples(made, [Setting((0, 1), 50), Setting((1,), 60, turn)]).run(rows)
    assert [len(tapes) for tapes in executions] == [2]


def test_sets_of_strengths_are_tapes_of_one_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    execute = qml.execute
    monkeypatch.setattr(qml, "execute", lambda tapes, *a, **k: sent.append(tapes) or execute(tapes, *a, **k))
    x, g = Param("x", 1), Param("g", 1)
    circuit = Circuit(2).rx(x[0], 0).channel("depolarizing", g[0], wires=(0, 1)).cry(x[0], 0, 1)
    numbers = np.random.default_rng(0)
    values = {"x": numbers.uniform(-3, 3, (12, 1)), "g": numbers.choice([0.1, 0.2, 0.3], (12, 1))}
    found = expval(PennyLane("default.mixed"), circuit, [Z(0), X(1)], values)
    expected = qdl.expval(circuit, [Z(0), X(1)], values, engine="density", dtype=torch.float64)
    assert distance(found, expected) <= 1e-10
    assert [len(tapes) for tapes in sent] == [3]


def test_large_batches_are_several_tapes_of_one_execution(
    monkeypatch: pytest.MonkeyPatch, executions: list[Any]
) -> None:
    monkeypatch.setattr("qdl.adapters.pennylane.engine.tapes.BATCH", 4 * 4)
    x = Param("x", 1)
    circuit = scrambled(2, 1).rx(x[0], 0)
    values = {"x": np.linspace(-2, 2, 10)[:, None]}
    found = expval(PennyLane("default.qubit"), circuit, [Y(1) @ X(0)], values)
    assert distance(found, oracle.expval(circuit, [Y(1) @ X(0)], values)) <= 1e-12
    assert [len(tapes) for tapes in executions] == [3]


# Shots


@pytest.mark.parametrize("device", DEVICES)
def test_rows_are_drawn_independently(device: str) -> None:
    x = Param("x", 1)
    for circuit, rows in ((Circuit(1).h(0), np.zeros((3, 0))), (Circuit(1).ry(x[0], 0), np.full((3, 1), 1.5))):
        made, _ = program(circuit.operations, 1)
        prepared = PennyLane(device).samples(made, [Setting((0,), 64), Setting((0,), 64)])
        found = prepared.run(rows, seed=1)
        assert len({row.tobytes() for bits in found for row in bits}) == 6
        again = prepared.run(rows, seed=1)
        assert all(np.array_equal(a, b) for a, b in zip(found, again, strict=True)), "a seed says what is drawn"
        for other in (prepared.run(rows, seed=2), prepared.run(rows, seed=1, path=(1,))):
            assert not np.array_equal(other[0], found[0])


def test_rows_that_differ_in_nothing_that_is_measured_are_drawn_independently() -> None:
    x = Param("x", 2)
    numbers = np.array([[0.1, 0.2], [0.3, 0.2], [0.5, 0.4]])
    phase, weak = Circuit(1).h(0).gate("gphase", x[0]), Circuit(1).h(0).channel("bit_flip", x[1], wires=0)
    for device, circuit in (("default.qubit", phase), ("lightning.qubit", phase), ("default.mixed", weak)):
        made, rows, _ = laid_out(circuit, {"x": numbers})
        (bits,) = PennyLane(device).samples(made, [Setting((0,), 64)]).run(rows, seed=1)
        assert len({row.tobytes() for row in bits}) == 3
        assert distance(PennyLane(device).probs(made, [0]).run(rows), np.full((3, 2), 0.5)) <= 1e-12


# Gradients


@pytest.mark.parametrize("device", ["default.qubit", "lightning.qubit"])
def test_gradients_are_those_of_the_adjoint(device: str) -> None:
    for seed in range(4):
        draw = Random(seed)
        found = noisy_case(draw, draw.randint(1, 3), 8, ())
        if not found.circuit.params:
            continue
        words = list(dict.fromkeys(w for o in found.observables for w in o.terms if w)) or list(Z(0).terms)
        observables = [qdl.ir.Observable({word: 1.0}) for word in words]
        check_gradients(PennyLane(device), found.circuit, words, observables, found.own(), "state")


@pytest.mark.parametrize(
    "name", ["thermal_relaxation", *(pytest.param(n, marks=pytest.mark.slow) for n in ("depolarizing", "reset_error"))]
)
def test_gradients_of_strengths_are_those_of_engine_density(name: str) -> None:
    for seed in range(2):
        found = noisy_case(Random(seed), 2, 8, [name])
        if found.circuit.params:
            words = [w for o in (Z(0), X(1) @ Y(0)) for w in o.terms]
            check_gradients(
                PennyLane("default.mixed"), found.circuit, words, [Z(0), X(1) @ Y(0)], found.own(), "density"
            )


# Devices of someone's


def test_a_device_is_an_engine_with_its_own_wires() -> None:
    device = qml.device("default.qubit", wires=["b", "a", 7])
    circuit = scrambled(2, 5).measure(0, "m").h(0)
    observables = [X(0) @ Z(1), Y(1)]
    found = qdl.expval(circuit, observables, engine=PennyLane(device), dtype=torch.float64)
    assert distance(found, noisy_oracle.expval(circuit, observables, {})) <= 1e-10
    assert distance(qdl.expval(circuit, observables, engine=device, dtype=torch.float64), found) == 0
    with qml.Tracker(device) as tracker:
        first = qdl.sample(circuit, shots=50, engine=PennyLane(device), seed=3)
        assert torch.equal(qdl.sample(circuit, shots=50, engine=PennyLane(device), seed=3), first)
    assert tracker.totals["shots"] == 100
    with pytest.raises(UnsupportedError, match="too few wires: got 3, expected 3 and 1 for what is measured"):
        qdl.expval(scrambled(3, 5).measure(0, "m").h(0), Z(0), engine=PennyLane(device))
    anywhere = PennyLane(qml.device("default.qubit"))
    assert distance(qdl.expval(circuit, observables, engine=anywhere, dtype=torch.float64), found) <= 1e-12


def test_options_go_to_the_device() -> None:
    circuit, words = scrambled(4, 1), list((X(0) @ Y(2)).terms)
    made, rows, _ = laid_out(circuit, {})
    full, half = (PennyLane("lightning.qubit", c_dtype=kind) for kind in (np.complex128, np.complex64))
    assert 0 < distance(full.expvals(made, words).run(rows), half.expvals(made, words).run(rows)) <= 1e-5


def test_a_layer_trains_on_a_device_and_can_be_copied_and_pickled() -> None:
    x, theta = Param("x", 2), Param("theta", 2)
    circuit = Circuit(2).ry(x[0], 0).ry(x[1], 1).crx(theta[0], 0, 1).rz(theta[1], 1).h(1)
    layer = qdl.nn.QuantumLayer(circuit, [Z(0), Z(1)], engine="pennylane:lightning.qubit")
    given = torch.rand(5, 2)
    out = layer(given)
    out.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in layer.parameters())
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert distance(twin(given).detach(), out.detach()) <= 1e-6


# What is refused


DAMPED = Circuit(1).channel("amplitude_damping", 0.1, wires=0)
TURNED = Circuit(1).rx(Param("x", 1)[0], 0)


def exact(device: Any, circuit: Circuit) -> Callable[[], Any]:
    return lambda: PennyLane(device).expvals(program(circuit.operations, circuit.wires)[0], list(Z(0).terms))


def at(circuit: Circuit, rows: Any) -> Callable[[], Any]:
    return lambda: exact("default.qubit", circuit)().run(np.asarray(rows, dtype=float))


@pytest.mark.usefixtures("no_execution")
@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: PennyLane("default.qbit"), UnsupportedError, "no such device: got 'default.qbit'.*did you mean"),
        (lambda: qdl.expval(TURNED, Z(0), engine="pennylane"), UnsupportedError, "write engine='pennylane:light"),
        (lambda: PennyLane(3), UnsupportedError, "no PennyLane device: got int"),
        (lambda: PennyLane(qml.device("default.qubit"), seed=3), UnsupportedError, "options already"),
        (exact("lightning.qubit", DAMPED), UnsupportedError, "'amplitude_damping'; use 'pennylane:default.mixed'"),
        (exact("default.qubit", DAMPED), UnsupportedError, "pure states"),
        (exact("default.clifford", Circuit(1).t(0)), UnsupportedError, "default.clifford"),
        (exact("default.mixed", Circuit(30).h(0)), MemoryBudgetError, r"30 wires: 1.72e\+10 GiB"),
        (exact("default.mixed", Circuit(600).h(0)), MemoryBudgetError, r"600 wires: 2\*\*1174 GiB"),
        (exact("default.qubit", Circuit(50).h(0)), MemoryBudgetError, "50 wires"),
        (
            exact(qml.device("default.qubit", wires=1), Circuit(2).h(1)),
            UnsupportedError,
            "few wires: got 1",
        ),
        (at(TURNED, [[]]), ValuesError, r"expected \(rows, 1\)"),
        (at(TURNED, [0.0]), ValuesError, "do not fit the program"),
        (at(TURNED, [[np.nan]]), ValuesError, "angles must be finite"),
        (lambda: qdl.state(TURNED, {"x": [0.1]}, engine="pennylane:default.qubit"), UnsupportedError, "states"),
        (
            lambda: qdl.compile(TURNED, Z(0), engine="pennylane:default.qubit", grad="adjoint"),
            UnsupportedError,
            "values only",
        ),
    ],
)
def test_refused_before_anything_is_executed(ask: Callable[[], Any], error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


def test_channels_are_refused_when_the_request_is_made() -> None:
    with pytest.raises(UnsupportedError, match="pure states: got the channel 'depolarizing'"):
        qdl.compile(TURNED.copy().channel("depolarizing", 0.1, wires=0), Z(0), engine="pennylane:lightning.qubit")
