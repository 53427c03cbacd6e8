"""Aer behind the protocol of remote engines: against the oracles, and against qdl's own engines."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from qiskit_aer import AerSimulator

import qdl
from qdl.adapters.qiskit.aer import Aer
from qdl.engine.remote import Setting, program
from qdl.errors import MemoryBudgetError, QdlError, UnsupportedError, ValuesError
from qdl.ir import TABLE, Circuit, Hermitian, Operation, Param, X, Y, Z
from qdl.ir.bits import Condition
from qdl.ir.channels import Measure
from tests import noisy_oracle, oracle
from tests.adapters.remote_runs import expval, laid_out, words_with_gradients
from tests.checks import distance
from tests.strategies import CHANNEL_NAMES, Case, cases, noisy_case
from tests.test_random_circuits import drawn

PURE = {"statevector": 1e-10, "density_matrix": 1e-10, "matrix_product_state": 1e-8}


def scrambled(wires: int, seed: int) -> Circuit:
    """A circuit on whose state no two wires and no two bases are alike."""
    numbers = np.random.default_rng(seed)
    circuit = Circuit(wires)
    for w in range(wires):
        circuit.ry(float(numbers.uniform(0.3, 2.8)), w).rz(float(numbers.uniform(0.3, 2.8)), w)
    for w in range(wires - 1):
        circuit.cx(w, w + 1).rx(float(numbers.uniform(0.3, 2.8)), w)
    return circuit


def probabilities(circuit: Circuit, names: Iterable[int | str], each: Sequence[dict[str, Any]]) -> Any:
    return np.array([noisy_oracle.probs(circuit, one, list(names)) for one in each])


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is sent to Aer from now on: the circuits of each job."""
    sent: list[Any] = []
    run = AerSimulator.run

    def counted(self: AerSimulator, circuits: Any, *args: Any, **options: Any) -> Any:
        sent.append(circuits)
        return run(self, circuits, *args, **options)

    monkeypatch.setattr(AerSimulator, "run", counted)
    return sent


@pytest.fixture
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is sent to Aer is a failure."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError("a job was started")

    monkeypatch.setattr(AerSimulator, "run", refuse)


# Exact values


@pytest.mark.parametrize("wires", range(1, 5))
def test_pure_circuits_are_those_of_the_oracle(wires: int) -> None:
    @drawn(10)
    @given(cases(wires), st.randoms(use_true_random=True))
    def check(found: Case, draw: Random) -> None:
        made, angles, each = laid_out(found.circuit, found.own())
        names = draw.sample(range(wires), draw.randint(1, wires))
        p = np.array([oracle.probs(oracle.state(found.circuit, one), names) for one in each])
        mean, _, norm = oracle.moments(found.circuit, found.observables, found.all())
        mean, norm = (a.reshape(-1, len(found.observables)) for a in (mean, np.maximum(norm, 1)))
        own = qdl.expval(found.circuit, found.observables, found.all(), dtype=torch.float64).reshape(mean.shape)
        for method, bound in PURE.items():
            engine = Aer(method)
            assert distance(engine.probs(made, names).run(angles), p) <= bound, method
            read = expval(engine, found.circuit, found.observables, found.all())
            assert distance(read / norm, mean / norm) <= bound, method
            assert distance(read / norm, own / norm) <= bound, method

    check()


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


@pytest.mark.parametrize("controls", ["", "0", "10"])
@pytest.mark.parametrize("name", TABLE)
def test_every_row_of_the_gate_table_varying_and_constant(name: str, controls: str) -> None:
    row = TABLE[name]
    wires = max(2, row.wires + len(controls))
    where = [int(w) for w in np.random.default_rng(0).permutation(wires)[: row.wires + len(controls)]]
    x = Param("x", max(1, len(row.angles)))
    given_angles = np.random.default_rng(1).uniform(-3, 3, (2, x.size))
    for angles, values in ((list(x), {"x": given_angles}), (given_angles[0].tolist(), {})):
        circuit = scrambled(wires, 2)
        chosen = angles[: len(row.angles)]
        circuit.gate(name, *chosen, *where[len(controls) :], controls=where[: len(controls)], values=controls)
        for w in range(wires):
            circuit.ry(0.4 + w, w)
        values = values if circuit.params else {}
        made, rows, each = laid_out(circuit, values)
        expected = np.array([oracle.probs(oracle.state(circuit, one), range(wires)) for one in each])
        for method, bound in PURE.items():
            assert distance(Aer(method).probs(made, range(wires)).run(rows), expected) <= bound, method


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


def noisy_measure(circuit: Circuit, wire: int, bit: str, *flips: Any) -> Circuit:
    """Add a measurement that is written wrongly."""
    return circuit._add(Operation(Measure(noisy=True), flips, (wire,), bit=bit))


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


def test_precision_is_the_one_asked_for() -> None:
    x = Param("x", 1)
    circuit = scrambled(4, 1).rx(x[0], 0)
    found = {}
    for dtype in (torch.float32, torch.float64):
        made, rows, _ = laid_out(circuit, {"x": [0.3]}, dtype)
        found[dtype] = Aer().expvals(made, list((X(0) @ Y(2)).terms)).run(rows)
    assert 0 < distance(found[torch.float32], found[torch.float64]) <= 1e-6


# Shots


def outliers(found: Any, expected: Any, shots: int) -> tuple[int, int]:
    """How many frequencies lie beyond 4 sigma of the probabilities, and how many there are."""
    assert found.shape == expected.shape
    sigma = np.sqrt(np.maximum(expected * (1 - expected), 1 / shots) / shots)
    return int((np.abs(found - expected) > 4 * sigma).sum()), found.size


def frequencies(bits: Any) -> Any:
    """How often each bit string was drawn, (rows, 2**n), from (rows, shots, n)."""
    index = bits.astype(int) @ (1 << np.arange(bits.shape[-1])[::-1])
    return np.array([np.bincount(row, minlength=2 ** bits.shape[-1]) / bits.shape[1] for row in index])


@pytest.mark.parametrize("method", ["automatic", "statevector", "density_matrix", "matrix_product_state"])
def test_feedback_channels_and_resets_are_sampled_rightly(method: str) -> None:
    beyond = total = 0
    for seed in range(12):
        draw = Random(seed)
        wires = draw.randint(1, 3)
        found = noisy_case(draw, wires, 14, measures=True)
        made, rows, each = laid_out(found.circuit, found.own())
        names = draw.sample([*range(wires), *found.circuit.bits], draw.randint(1, wires))
        (bits,) = Aer(method).samples(made, [Setting(tuple(names), 1000)]).run(rows, seed=seed)
        assert bits.dtype == np.int8
        assert bits.shape == (len(each), 1000, len(names))
        many = outliers(frequencies(bits), probabilities(found.circuit, names, each), 1000)
        beyond, total = beyond + many[0], total + many[1]
    assert total >= 45
    assert beyond <= 1


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
        assert outliers(frequencies(bits), probabilities(circuit, names, each), 4000)[0] == 0, method


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
    assert outliers(frequencies(bits), expected, 4000)[0] == 0


def test_the_stabilizer_method_draws_pauli_errors_and_resets() -> None:
    p = Param("p", 1)
    circuit = (
        Circuit(2).h(0).cx(0, 1).channel("depolarizing", p[0], wires=(0, 1)).channel("reset_error", 0.2, 0.1, wires=0)
    )
    circuit.channel("pauli", 0.1, 0.2, 0.05, wires=1).channel("phase_damping", 0.3, wires=1).h(1).reset(0).x(0)
    values = {"p": np.array([[0.1], [0.5]])}
    made, rows, each = laid_out(circuit, values)
    (bits,) = Aer("stabilizer").samples(made, [Setting((0, 1), 4000)]).run(rows, seed=5)
    assert outliers(frequencies(bits), probabilities(circuit, [0, 1], each), 4000)[0] == 0


def test_settings_have_their_own_bases_and_shots() -> None:
    x = Param("x", 1)
    circuit = scrambled(3, 7).ry(x[0], 0)
    made, rows, _ = laid_out(circuit, {"x": [[0.2], [1.4]]})
    turn = (Operation(TABLE["sdg"], (), (2,)), Operation(TABLE["h"], (), (2,)))
    settings = [Setting((0, 2), 5000), Setting((2,), 3000, turn), Setting((1,), 5000)]
    z, y, other = Aer().samples(made, settings).run(rows, seed=4)
    assert (z.shape, y.shape, other.shape) == ((2, 5000, 2), (2, 3000, 1), (2, 5000, 1))
    expected = expval(Aer(), circuit, [Z(0) @ Z(2), Y(2), Z(1)], {"x": [[0.2], [1.4]]})
    for k, bits in enumerate((z, y, other)):
        mean = (1.0 - 2 * bits).prod(-1).mean(-1)
        assert np.all(np.abs(mean - expected[:, k]) <= 4 * np.sqrt((1 - expected[:, k] ** 2) / bits.shape[1]))


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
        check_gradients(Aer("statevector"), found.circuit, words, observables, found.own(), jobs, "state")


@pytest.mark.parametrize("name", [name for name in CHANNEL_NAMES if name not in ("reset", "kraus")])
def test_gradients_of_strengths_are_those_of_engine_density(name: str, jobs: list[Any]) -> None:
    for seed in range(4):
        found = noisy_case(Random(seed), 2, 8, [name])
        words = [w for o in (Z(0), X(1) @ Y(0)) for w in o.terms]
        check_gradients(Aer(), found.circuit, words, [Z(0), X(1) @ Y(0)], found.own(), jobs, "density")


def check_gradients(
    engine: Aer, circuit: Circuit, words: Any, observables: Any, values: Any, jobs: list[Any], own: str
) -> None:
    """Values and gradients with random cotangents, frozen values, and a second backward."""
    if not circuit.params:
        return
    before = len(jobs)
    rows: list[int] = []
    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    out = words_with_gradients(engine, circuit, words, leaves, rows)
    assert len(jobs) == before + 1
    g = torch.randn(out.shape, generator=torch.Generator().manual_seed(0), dtype=out.dtype)
    found = torch.autograd.grad(out, list(leaves.values()), g, retain_graph=True, allow_unused=True)
    assert len(jobs) == before + len(rows) <= before + 2
    again = torch.autograd.grad(out, list(leaves.values()), g, allow_unused=True)
    expected = qdl.expval(circuit, observables, leaves, engine=own)
    wanted = torch.autograd.grad(expected.reshape(-1, len(words)), list(leaves.values()), g.reshape(-1, len(words)))
    scale = max([1.0, *(float(w.abs().max()) for w in wanted)])
    assert distance(out.detach(), expected.detach().reshape(out.shape)) <= 1e-8
    for one, two, right in zip(found, again, wanted, strict=True):
        assert distance(torch.zeros_like(right) if one is None else one, right) <= 1e-8 * scale
        assert one is None or torch.equal(one, two)


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
