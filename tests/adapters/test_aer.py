"""Aer behind the protocol of remote engines: against the oracles, and against qdl's own engines."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from qiskit_aer import AerSimulator

import qdl
from qdl.adapters.qiskit.aer import Aer
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
    words_with_gradients,
)
from tests.checks import distance
from tests.strategies import CHANNEL_NAMES, noisy_case

PURE = {"statevector": 1e-10, "density_matrix": 1e-10, "matrix_product_state": 1e-8}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is sent to Aer from now on: the circuits of each job."""
    return watched(monkeypatch, AerSimulator, "run")


@pytest.fixture
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent to Aer is a failure."""
    forbidden(monkeypatch, AerSimulator, "run")


class TestAer(RemoteConformance):
    exact = PURE
    sampling = ("automatic",)
    precise = "automatic"

    def engine(self, name: str) -> Aer:
        return Aer(name)


# Exact values


@pytest.mark.parametrize("name", CHANNEL_NAMES)
def test_channels_are_those_of_the_oracle_and_of_engine_density(name: str) -> None:
    for seed in range(6):
        draw = Random(seed)
        found = noisy_case(draw, draw.randint(1, 4), 12, [name])
        _, each = oracle.samples(found.all())
        expected = np.array([noisy_oracle.expval(found.circuit, found.observables, one) for one in each])
        own = qdl.expval(found.circuit, found.observables, found.all(), engine="density", dtype=torch.float64)
        for method in ("density_matrix", "automatic"):
            read = expval(Aer(method), found.circuit, found.observables, found.all())
            scale = np.maximum(1, np.abs(expected))
            assert distance(read / scale, expected / scale) <= 1e-8
            assert distance(read / scale, own.reshape(read.shape) / scale) <= 1e-8


def test_wires_that_are_not_entangled_with_each_other_are_not_mixed_up() -> None:
    """With its truncation of wires Aer 0.18 gives 0 for some words here."""
    circuit = Circuit(5)
    for w in range(5):
        circuit.ry(0.3 + 0.2 * w, w).rx(0.2 * w + 0.1, w)
    circuit.cx(0, 1)
    words = [X(0) @ Z(4), Y(1) @ Y(3), Z(3) @ X(0), Hermitian([[0.3, 1j], [-1j, 2.0]], 4) @ X(1)]
    expected = oracle.expval(circuit, words, {})[None]
    for method, bound in PURE.items():
        assert distance(expval(Aer(method), circuit, words, {}), expected) <= bound


@pytest.mark.parametrize("size", [0.0, 1e-6, 1e-9])
def test_small_parts_of_observables_are_not_dropped(size: float) -> None:
    circuit = scrambled(2, 3)
    matrix = np.kron(np.diag([1.0, -1.0]), [[0, size], [size, 0]])
    words = [Hermitian(matrix, (1, 0)), Hermitian(matrix + np.eye(4), (0, 1))]
    expected = oracle.expval(circuit, words, {})[None]
    for method in PURE:
        assert distance(expval(Aer(method), circuit, words, {}), expected) <= max(1e-4 * size, 1e-13)


@pytest.mark.parametrize("gamma", [1e-7, 1e-9, 1e-12])
def test_weak_channels_are_not_dropped(gamma: float) -> None:
    g = Param("g", 1)
    for circuit, values in (
        (Circuit(1).x(0).channel("amplitude_damping", gamma, wires=0), {}),
        (Circuit(1).x(0).channel("amplitude_damping", g[0], wires=0), {"g": [gamma]}),
    ):
        made, rows, _ = laid_out(circuit, values)
        assert Aer().probs(made, [0]).run(rows)[0, 0] == pytest.approx(gamma, rel=1e-6)


CLIFFORD = "x y z h s sdg sx sxdg cx cy cz swap iswap ecr dcx rx ry rz p rxx ryy rzz rzx r u"


def clifford(draw: Random, wires: int, length: int) -> Circuit:
    circuit = Circuit(wires)
    names = [name for name in CLIFFORD.split() if TABLE[name].wires <= wires]
    x = Param("x", 8)
    for _ in range(length):
        row = TABLE[draw.choice(names)]
        where = draw.sample(range(wires), row.wires)
        angles = [x[draw.randrange(8)] if draw.randint(0, 1) else draw.randint(-5, 5) * math.pi / 2 for _ in row.angles]
        circuit.gate(row.name, *angles, *where)
    return circuit


def test_the_stabilizer_method_does_clifford_circuits() -> None:
    for seed in range(20):
        draw = Random(seed)
        wires = draw.randint(1, 5)
        circuit = clifford(draw, wires, 20)
        quarters = np.random.default_rng(seed).integers(-6, 6, (3, 8)) * math.pi / 2
        values = {"x": quarters} if circuit.params else {}
        made, rows, each = laid_out(circuit, values)
        words = [0.5 * X(0) - Z(wires - 1), Y(0) @ Z(wires - 1) if wires > 1 else Y(0)]
        words += [Hermitian(np.diag([1.0, 2.0, 3.0, 5.0]), (wires - 1, 0))] if wires > 1 else []
        expected = np.array([oracle.expval(circuit, words, one) for one in each])
        assert distance(expval(Aer("stabilizer"), circuit, words, values), expected) <= 1e-10
        found = Aer("stabilizer").probs(made, range(wires)).run(rows.astype(np.float32))  # as near as float32 comes
        assert distance(found, probabilities(circuit, range(wires), each)) <= 1e-10


@pytest.mark.parametrize("method", ["stabilizer", "matrix_product_state"])
def test_many_wires(method: str) -> None:
    circuit = Circuit(70).h(0)
    for w in range(69):
        circuit.cx(w, w + 1)
    (zz,), (x,) = (Z(3) @ Z(66)).terms, X(5).terms
    made, rows, _ = laid_out(circuit, {})
    assert distance(Aer(method).expvals(made, [zz, x, ()]).run(rows), np.array([[1.0, 0.0, 1.0]])) <= 1e-10
    (bits,) = Aer(method).samples(made, [Setting(tuple(range(70)), 40)]).run(rows, seed=3)
    assert bits.shape == (1, 40, 70)
    assert set(bits.sum(-1).ravel().tolist()) == {0, 70}


def test_bits_measured_at_the_end_are_read_exactly() -> None:
    circuit = scrambled(3, 4).measure(1, "m").measure(0, "a").measure(2, "m")  # m is overwritten
    names = ["m", 2, "a", 0]
    for engine in (Aer(), Aer("statevector"), Aer("matrix_product_state"), Aer("density_matrix")):
        made, rows, each = laid_out(circuit, {})
        assert distance(engine.probs(made, names).run(rows), probabilities(circuit, names, each)) <= 1e-8


def test_a_measurement_in_the_middle_dephases() -> None:
    circuit = scrambled(2, 5).measure(0, "m").h(0).reset(1).ry(0.3, 1)
    words = [X(0), Z(0), Y(0) @ X(1)]
    expected = noisy_oracle.expval(circuit, words, {})[None]
    assert distance(expval(Aer(), circuit, words, {}), expected) <= 1e-10
    made, rows, each = laid_out(circuit, {})
    assert distance(Aer().probs(made, [1, 0]).run(rows), probabilities(circuit, [1, 0], each)) <= 1e-10


def test_readout_errors_of_measurements_at_the_end_are_exact() -> None:
    f = Param("f", 2)
    circuit = noisy_measure(noisy_measure(scrambled(2, 6), 0, "a", 0.1, 0.25), 1, "b", f[1], 0.4 * f[0])
    values = {"f": np.array([[0.3, 0.05], [0.0, 1.0], [1.0, 0.2]])}
    made, rows, _ = laid_out(circuit, values)
    expected = qdl.probs(circuit, values, wires=["b", "a"], engine="density", dtype=torch.float64)
    assert distance(Aer().probs(made, ["b", "a"]).run(rows), expected) <= 1e-10


# One job


def test_all_rows_are_one_job(jobs: list[Any]) -> None:
    x, g = Param("x", 2), Param("g", 1)
    circuit = Circuit(2).rx(x[0], 0).cx(0, 1).rv(x[1], x[0], 0.3, 1).channel("depolarizing", g[0], wires=(0, 1))
    numbers = np.random.default_rng(0)
    values = {"x": numbers.uniform(-3, 3, (12, 2)), "g": [0.25]}
    found = expval(Aer(), circuit, [Z(0), X(1)], values)
    assert len(jobs) == 1
    assert len(jobs[0]) == 1, "rows of one strength are rows of one circuit"
    assert len(found) == 12
    values["g"] = numbers.choice([0.1, 0.2, 0.3], (12, 1))
    expected = qdl.expval(circuit, [Z(0), X(1)], values, engine="density", dtype=torch.float64)
    assert distance(expval(Aer(), circuit, [Z(0), X(1)], values), expected) <= 1e-10
    assert len(jobs) == 2
    assert len(jobs[1]) == 3
    made, rows, _ = laid_out(circuit, values)
    settings = [Setting((0, 1), 50), Setting((1,), 50, (Operation(TABLE["h"], (), (1,)),))]
    Aer().samples(made, settings).run(rows)
    assert len(jobs) == 3


def test_rows_without_parameters_are_drawn_independently(jobs: list[Any]) -> None:
    made, _, _ = laid_out(Circuit(1).h(0), {})
    prepared = Aer().samples(made, [Setting((0,), 64)])
    (bits,) = prepared.run(np.zeros((3, 0)), seed=1)
    assert len(jobs) == 1
    assert len({row.tobytes() for row in bits}) == 3
    assert distance(Aer().probs(made, [0]).run(np.zeros((3, 0))), np.full((3, 2), 0.5)) <= 1e-15
    assert Aer().probs(made, [0]).run(np.zeros((0, 0))).shape == (0, 2)


def test_what_is_prepared_is_sent_again_without_being_made_again(jobs: list[Any]) -> None:
    x = Param("x", 1)
    made, rows, _ = laid_out(scrambled(2, 1).rx(x[0], 0), {"x": [[0.1], [0.2]]})
    prepared = Aer().expvals(made, list(Z(0).terms))
    again = pickle.loads(pickle.dumps(copy.deepcopy(prepared)))
    first = prepared.run(rows)
    assert distance(prepared.run(rows), first) == 0
    assert jobs[0][0] is jobs[1][0]
    assert distance(again.run(rows), first) <= 1e-15


# Shots


def test_feedback_channels_and_resets_are_sampled_rightly() -> None:
    methods = ("automatic", "statevector", "density_matrix", "matrix_product_state")
    beyond, total = dict.fromkeys(methods, 0), 0
    for seed in range(12):
        draw = Random(seed)
        wires = draw.randint(1, 3)
        found = noisy_case(draw, wires, 14, measures=True)
        made, rows, each = laid_out(found.circuit, found.own())
        names = draw.sample([*range(wires), *found.circuit.bits], draw.randint(1, wires))
        expected = probabilities(found.circuit, names, each)
        total += expected.size
        for method in methods:
            (bits,) = Aer(method).samples(made, [Setting(tuple(names), 1000)]).run(rows, seed=seed)
            assert bits.dtype == np.int8
            assert bits.shape == (len(each), 1000, len(names))
            beyond[method] += outliers(frequencies(bits), expected, 1000)
    assert total >= 45
    assert max(beyond.values()) <= 1, beyond


def test_conditions_on_several_values_of_several_bits() -> None:
    circuit = Circuit(4).ry(1.1, 0).ry(0.7, 1).ry(2.0, 2).measure([0, 1, 2], ["a", "b", "c"])
    with circuit.if_(("a", "b"), "10"):
        circuit.x(3).reset(0)
    with circuit.if_(("c", "a"), 0):
        circuit.ry(0.9, 3)
        circuit.measure(3, "d")  # written in one branch only
    with circuit.if_(Condition(("a", "b", "c"), frozenset({1, 2, 4, 7}))):
        circuit.cx(3, 1)
    with circuit.if_(Condition(("a", "b"), frozenset(range(4)))):
        circuit.ry(0.5, 2)
    with circuit.if_(Condition(("a", "b"), frozenset())):
        circuit.x(2)
    names = [0, 3, 1, 2, "a", "b"]
    made, rows, each = laid_out(circuit, {})
    for method in ("statevector", "density_matrix", "matrix_product_state"):
        (bits,) = Aer(method).samples(made, [Setting(tuple(names), 4000)]).run(rows, seed=2)
        assert outliers(frequencies(bits), probabilities(circuit, names, each), 4000) == 0, method


@pytest.mark.parametrize("method", ["automatic", "statevector", "density_matrix", "matrix_product_state", "stabilizer"])
def test_what_is_written_wrongly_is_what_conditions_see(method: str) -> None:
    f = Param("f", 2)
    circuit = noisy_measure(Circuit(2).h(0), 0, "m", f[0], f[1])
    with circuit.if_("m"):
        circuit.x(1)
    circuit = noisy_measure(circuit, 1, "n", 0.0, 0.5)
    values = {"f": np.array([[0.1, 0.25], [0.9, 0.6], [0.0, 0.0]])}
    names = [0, 1, "m", "n"]  # what is there, and what was written
    expected = qdl.probs(circuit, values, wires=names, engine="density", dtype=torch.float64).numpy()
    made, rows, _ = laid_out(circuit, values)
    (bits,) = Aer(method).samples(made, [Setting(tuple(names), 4000)]).run(rows, seed=1)
    assert outliers(frequencies(bits), expected, 4000) == 0


def test_the_stabilizer_method_draws_pauli_errors_and_resets() -> None:
    p = Param("p", 1)
    circuit = (
        Circuit(2).h(0).cx(0, 1).channel("depolarizing", p[0], wires=(0, 1)).channel("reset_error", 0.2, 0.1, wires=0)
    )
    circuit.channel("pauli", 0.1, 0.2, 0.05, wires=1).channel("phase_damping", 0.3, wires=1).h(1).reset(0).x(0)
    values = {"p": np.array([[0.1], [0.5]])}
    made, rows, each = laid_out(circuit, values)
    (bits,) = Aer("stabilizer").samples(made, [Setting((0, 1), 4000)]).run(rows, seed=5)
    assert outliers(frequencies(bits), probabilities(circuit, [0, 1], each), 4000) == 0


def test_a_seed_says_what_is_drawn() -> None:
    made, rows, _ = laid_out(scrambled(2, 1), {})
    prepared = Aer().samples(made, [Setting((0, 1), 200), Setting((1, 0), 200)])
    first, mirrored = prepared.run(rows, seed=2**61 + 1, path=(1,))
    assert np.array_equal(prepared.run(rows, seed=2**61 + 1, path=(1,))[0], first)
    assert not np.array_equal(mirrored[..., ::-1], first), "settings draw their own numbers"
    for other in (prepared.run(rows, seed=2**61 + 2, path=(1,)), prepared.run(rows, seed=2**61 + 1, path=(2,))):
        assert not np.array_equal(other[0], first)


# Gradients


def test_gradients_by_batched_shifts_are_those_of_the_adjoint_by_one_job_each_way(jobs: list[Any]) -> None:
    for seed in range(10):
        draw = Random(seed)
        found = noisy_case(draw, draw.randint(1, 3), 10, ())
        words = list(dict.fromkeys(word for o in found.observables for word in o.terms if word)) or list(Z(0).terms)
        observables = [qdl.ir.Observable({word: 1.0}) for word in words]
        check_gradients(Aer("statevector"), found.circuit, words, observables, found.own(), "state", jobs)


STRONG = [name for name in CHANNEL_NAMES if name not in ("reset", "kraus")]
SEEDS = [range(2), pytest.param(range(2, 8), marks=pytest.mark.slow)]


@pytest.mark.parametrize("seeds", SEEDS, ids=str)
@pytest.mark.parametrize("name", STRONG)
def test_gradients_of_strengths_are_those_of_engine_density(name: str, seeds: range, jobs: list[Any]) -> None:
    for seed in seeds:
        found = noisy_case(Random(seed), 2, 8, [name])
        words = [w for o in (Z(0), X(1) @ Y(0)) for w in o.terms]
        check_gradients(Aer(), found.circuit, words, [Z(0), X(1) @ Y(0)], found.own(), "density", jobs)


def test_frozen_values_are_not_shifted() -> None:
    x, theta = Param("x", 2), Param("theta", 1)
    circuit = Circuit(2).rx(x[0], 0).ry(x[1], 1).cx(0, 1).rz(theta[0], 1).rx(0.3, 1)
    values = {"x": torch.rand(5, 2, dtype=torch.float64), "theta": torch.rand(1, dtype=torch.float64).requires_grad_()}
    rows: list[int] = []
    words_with_gradients(Aer(), circuit, list(Z(1).terms), values, rows).sum().backward()
    assert rows == [5, 2 * 5], "two shifted circuits for the one angle that has a gradient"


def test_second_derivatives_are_refused() -> None:
    x = Param("x", 1)
    value = torch.rand(1, dtype=torch.float64).requires_grad_()
    out = words_with_gradients(Aer(), Circuit(1).rx(x[0], 0), list(Z(0).terms), {"x": value})
    (slope,) = torch.autograd.grad(out.sum(), value, create_graph=True)
    with pytest.raises(UnsupportedError, match="second derivatives"):
        slope.sum().backward()


# What is refused


def exact(method: str, circuit: Circuit, names: Sequence[int | str] | None = None) -> Callable[[], Any]:
    def run() -> Any:
        made, _ = program(circuit.operations, circuit.wires)
        return Aer(method).expvals(made, list(Z(0).terms)) if names is None else Aer(method).probs(made, names)

    return run


def with_condition() -> Circuit:
    circuit = Circuit(2).h(0).measure(0, "m")
    with circuit.if_("m"):
        circuit.x(1)
    return circuit


def at(circuit: Circuit, rows: Any, method: str = "stabilizer") -> Callable[[], Any]:
    return lambda: exact(method, circuit)().run(np.asarray(rows, dtype=float))


def shots(method: str, circuit: Circuit) -> Callable[[], Any]:
    return lambda: Aer(method).samples(program(circuit.operations, circuit.wires)[0], [Setting((0,), 10)])


DAMPED = Circuit(1).channel("amplitude_damping", 0.1, wires=0)
TURNED = Circuit(1).rx(Param("x", 1)[0], 0)


@pytest.mark.usefixtures("no_job")
@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda: Aer("statevectr"), UnsupportedError, "unknown method of Aer: got 'statevectr', expected one of auto"),
        (
            exact("statevector", DAMPED),
            UnsupportedError,
            "'statevector' samples channels.*'aer:density_matrix'",
        ),
        (exact("matrix_product_state", DAMPED), UnsupportedError, "or give a number of shots"),
        (exact("stabilizer", Circuit(1).h(0).reset(0)), UnsupportedError, "samples channels"),
        (exact("automatic", with_condition()), UnsupportedError, "measured bits; give .* engine='density'"),
        (exact("density_matrix", with_condition(), [1]), UnsupportedError, "measured bits"),
        (exact("automatic", Circuit(1).h(0).measure(0, "m").h(0), ["m"]), UnsupportedError, "used again: got bit 'm'"),
        (exact("stabilizer", Circuit(1).t(0)), UnsupportedError, "Clifford circuits: got gate 't'"),
        (exact("stabilizer", Circuit(1).rx(0.1, 0)), UnsupportedError, r"got rx\(0.1\) 0 at other angles"),
        (exact("stabilizer", Circuit(3).ccx(0, 1, 2)), UnsupportedError, "use engine='aer:statevector'"),
        (at(TURNED, [[math.pi], [0.1]]), UnsupportedError, r"rx\(x\[0\]\) 0 at other angles"),
        (shots("stabilizer", DAMPED), UnsupportedError, "Pauli errors and resets: got channel 'amplitude_damping'"),
        (
            shots("stabilizer", Circuit(1).channel("amplitude_damping", Param("g", 1)[0], wires=0)),
            UnsupportedError,
            "draws",
        ),
        (shots("density_matrix", Circuit(24).h(0)), MemoryBudgetError, "24 wires .* 'density_matrix'.*='aer:statevec"),
        (shots("automatic", Circuit(44).h(0)), MemoryBudgetError, "'aer:matrix_product_state'"),
        (shots("automatic", Circuit(1100).h(0)), MemoryBudgetError, "1100 wires"),
        (at(TURNED, [[]]), ValuesError, r"expected \(rows, 1\)"),
        (at(TURNED, [0.0]), ValuesError, "do not fit the program"),
        (at(TURNED, [[math.nan]], "statevector"), ValuesError, "angles must be finite"),
    ],
)
def test_refused_before_a_job_starts(ask: Callable[[], Any], error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


def test_what_aer_cannot_run_is_an_error_with_its_words() -> None:
    made, rows, _ = laid_out(Circuit(1).t(0), {})
    prepared = Aer("statevector").probs(made, [0])
    prepared.translation.method = "stabilizer"
    with pytest.raises(UnsupportedError, match="Aer could not run the job: got ERROR.*invalid instructions"):
        prepared.run(rows)
