"""Qiskit's primitives on qdl: the same blocs give the same shapes, values, bits and complaints as Qiskit's own."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import UnitaryGate, efficient_su2
from qiskit.primitives import PrimitiveJob, PrimitiveResult, SamplerPubResult, StatevectorEstimator, StatevectorSampler
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.providers import JobStatus
from qiskit.quantum_info import Pauli, SparseObservable, SparsePauliOp, random_pauli_list, random_unitary
from qiskit_aer.noise import NoiseModel as AerNoise
from qiskit_aer.primitives import EstimatorV2 as AerEstimator
from qiskit_aer.primitives import SamplerV2 as AerSampler

from qdl.adapters.qiskit import Estimator, Sampler
from qdl.errors import QdlError
from qdl.ir import NoiseModel

SEEDS = range(5)


def asymmetric(seed: int, qubits: int = 3) -> QuantumCircuit:
    """A circuit that treats no two qubits alike, with vectors, single Parameters and expressions."""
    random = np.random.default_rng(seed)
    a, b, x = ParameterVector("a", qubits), Parameter("b"), Parameter("x")
    qc = QuantumCircuit(qubits, global_phase=0.3)
    for k in range(qubits):
        qc.ry(a[k] * (k + 1), k)
    for k in range(qubits - 1):
        qc.cx(k, k + 1)
        qc.crz(b - k * x, k + 1, k)
    qc.append(UnitaryGate(random_unitary(4, seed=seed)), list(random.permutation(qubits)[:2]))
    qc.u(x, 0.1, a[0] * b, int(random.integers(qubits)))
    return qc


def observable(random: np.random.Generator, qubits: int = 3) -> SparsePauliOp:
    seed = int(random.integers(2**31))
    return SparsePauliOp(random_pauli_list(qubits, 4, seed=seed, phase=False), random.normal(size=4))


def arranged(random: np.random.Generator, shape: tuple[int, ...], qubits: int = 3) -> Any:
    """Observables nested to a shape."""
    if not shape:
        return observable(random, qubits)
    return [arranged(random, shape[1:], qubits) for _ in range(shape[0])]


SHAPES = [
    ((), ()),
    ((5,), ()),
    ((), (4,)),
    ((5,), (5,)),
    ((5, 1), (4,)),
    ((2, 1, 3), (4, 1)),
    ((1,), (6,)),
    ((3, 1), (1, 4)),
    ((0,), ()),
    ((2, 0), (1,)),
]


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_values_are_those_of_statevector_estimator(seed: int) -> None:
    random = np.random.default_rng(seed)
    pubs = []
    for values, observables in SHAPES:
        qc = asymmetric(int(random.integers(3)))
        pubs.append((qc, arranged(random, observables), random.normal(size=(*values, qc.num_parameters))))
    found = Estimator().run(pubs).result()
    expected = StatevectorEstimator().run(pubs).result()
    assert isinstance(found, PrimitiveResult)
    assert found.metadata == expected.metadata
    for one, other in zip(found, expected, strict=True):
        assert type(one.data.evs) is type(other.data.evs)
        assert one.data.evs.shape == one.data.stds.shape == one.data.shape == other.data.evs.shape
        np.testing.assert_allclose(one.data.evs, other.data.evs, atol=1e-9)
        assert not one.data.stds.any()
        assert one.metadata == other.metadata
        assert list(one.data.keys()) == list(other.data.keys())


def test_parameters_may_be_given_by_name_and_in_parts() -> None:
    qc, random = asymmetric(0), np.random.default_rng(0)
    given = {"x": random.normal(size=(4, 1)), tuple(qc.parameters[:3]): random.normal(size=(4, 3)), "b": [1, 2, 3, 4.0]}
    pubs = [
        (qc, "ZXY", given),
        (qc, {"ZII": 1.0, "IXI": 2.0}, BindingsArray.coerce(given)),
        EstimatorPub(qc, ObservablesArray.coerce(["ZII", "XYZ"]), BindingsArray.coerce(given).reshape(2, 2)),
        (qc, Pauli("YIX"), [random.normal(size=5)]),
    ]
    for one, other in zip(Estimator().run(pubs).result(), StatevectorEstimator().run(pubs).result(), strict=True):
        np.testing.assert_allclose(one.data.evs, other.data.evs, atol=1e-9)
        assert one.data.evs.shape == other.data.evs.shape


@pytest.mark.parametrize("values", [[0.4], [[0.4]], [[0.4], [0.5]], np.array([0.4, 0.5, 0.6]), 0.4])
def test_one_parameter_is_read_as_qiskit_reads_it(values: Any) -> None:
    qc = QuantumCircuit(2)
    qc.rx(Parameter("x"), 1)
    found, expected = (e.run([(qc, "ZI", values)]).result()[0].data.evs for e in (Estimator(), StatevectorEstimator()))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_projectors_and_identities() -> None:
    qc = asymmetric(1).assign_parameters(np.linspace(-1, 1, 5))
    labels = ["01+", "rl-", "III", "1I0", "+rZ", "Y01"]
    expected = [sum(p.expectation_value_of(qc) for p in [_Projected(label)]) for label in labels]
    found = Estimator().run([(qc, labels), (qc, {"0X1": 0.5, "ZZ-": -2.0})]).result()
    np.testing.assert_allclose(found[0].data.evs, expected, atol=1e-9)
    both = 0.5 * _Projected("0X1").expectation_value_of(qc) - 2 * _Projected("ZZ-").expectation_value_of(qc)
    np.testing.assert_allclose(found[1].data.evs, both, atol=1e-9)


class _Projected:
    """A label as a plain matrix."""

    def __init__(self, label: str) -> None:
        from qiskit.quantum_info import Operator

        self.operator = Operator(SparsePauliOp.from_sparse_observable(SparseObservable(label)))

    def expectation_value_of(self, qc: QuantumCircuit) -> float:
        from qiskit.quantum_info import Statevector

        return float(np.real(Statevector(qc).expectation_value(self.operator)))


def test_thousands_of_blocs_are_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    from qdl.adapters.qiskit import settings

    calls = []
    monkeypatch.setattr(settings, "called", lambda *a, _called=settings.called: calls.append(1) or _called(*a))
    qc, random = asymmetric(0), np.random.default_rng(0)
    rows = random.normal(size=(400, 5))
    one, two = observable(random), observable(random)
    pubs = [(qc, op, row) for op in (one, two) for row in rows]
    found = [float(r.data.evs) for r in Estimator().run(pubs).result()]
    assert len(calls) == 1
    expected = StatevectorEstimator().run([(qc, [[one], [two]], rows)]).result()[0].data.evs
    np.testing.assert_allclose(np.reshape(found, (2, 400)), expected, atol=1e-9)


def test_blocs_with_little_in_common_do_not_compute_for_each_other() -> None:
    from qdl.adapters.qiskit import batches
    from qdl.adapters.qiskit.pubs import estimator_blocs

    qc, random = efficient_su2(3, reps=1), np.random.default_rng(0)
    large = [observable(random) for _ in range(40)]
    pubs = [(qc, large, random.normal(size=12)), (qc, "ZZZ", random.normal(size=(5000, 12)))]
    made = batches.exact(list(enumerate(estimator_blocs(pubs, 0.0))), batches.Observables())
    assert [batch.rows.shape[0] for batch in made] == [1, 5000]
    for one, other in zip(Estimator().run(pubs).result(), StatevectorEstimator().run(pubs[:1]).result(), strict=False):
        np.testing.assert_allclose(one.data.evs, other.data.evs, atol=1e-9)


def test_a_circuit_changed_after_a_run_is_another_circuit() -> None:
    qc, estimator = QuantumCircuit(1), Estimator()
    inner = QuantumCircuit(1, name="inner")
    inner.x(0)
    gate = inner.to_gate()
    qc.append(gate, [0], copy=False)
    assert estimator.run([(qc, "Z")]).result()[0].data.evs == -1
    qc.x(0)
    assert estimator.run([(qc, "Z")]).result()[0].data.evs == 1
    qc.data[1] = qc.data[0]
    qc.global_phase = 1.0
    qc.rx(np.pi, 0)
    assert estimator.run([(qc, "Z")]).result()[0].data.evs == pytest.approx(-1)
    gate.definition.x(0)
    assert estimator.run([(qc, "Z")]).result()[0].data.evs == pytest.approx(-1)
    once = qc.copy_empty_like()
    once.append(gate, [0])
    assert estimator.run([(once, "Z")]).result()[0].data.evs == pytest.approx(1)


@pytest.mark.parametrize("gates", [("x", "h"), ("h", "x")])
def test_bodies_of_control_flow_tell_circuits_apart(gates: Sequence[str]) -> None:
    estimator, found = Estimator(), []
    for name in gates:
        qc = QuantumCircuit(2, 1)
        qc.x(0)
        qc.measure(0, 0)
        with qc.if_test((0, 1)):
            getattr(qc, name)(1)
        found.append(float(estimator.run([(qc, "ZI")]).result()[0].data.evs))
    assert found == pytest.approx([{"x": -1, "h": 0}[name] for name in gates])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_cases_of_a_switch_tell_circuits_apart(order: Sequence[int]) -> None:
    estimator = Estimator()
    for value in order:
        qc = QuantumCircuit(QuantumRegister(3), ClassicalRegister(2, "c"))
        qc.x(0)
        qc.measure([0, 1], [0, 1])
        with qc.switch(qc.cregs[0]) as case, case(value):
            qc.x(2)
        assert estimator.run([(qc, "ZII")]).result()[0].data.evs == pytest.approx(-1 if value == 1 else 1)
        plans = len(estimator._plans.kept)
        estimator.run([(qc.copy(), "ZII")])
        assert len(estimator._plans.kept) == plans


def test_single_precision_and_other_engines() -> None:
    qc = asymmetric(0)
    numbers = np.linspace(0, 1, 10).reshape(2, 5)
    expected = StatevectorEstimator().run([(qc, ["XYZ"], numbers)]).result()[0].data.evs
    for options, tolerance in (
        ({"dtype": torch.float32}, 1e-5),
        ({"engine": "density"}, 1e-9),
        ({"engine": "aer"}, 1e-9),
    ):
        found = Estimator(**options).run([(qc, ["XYZ"], numbers)]).result()[0].data.evs
        assert found.dtype == float
        np.testing.assert_allclose(found, expected, atol=tolerance)
    for options in ({"dtype": torch.float32}, {"engine": "density"}, {"engine": "aer"}, {"engine": "trajectory"}):
        data = Sampler(**options, seed=1).run([(measured(), [0, np.pi, 0, np.pi])], shots=20).result()[0].data
        assert data.a.get_counts() == {"001": 20}
        assert data.b.get_counts() == {"0100000000": 20}


def test_circuits_that_differ_in_angles_share_a_plan() -> None:
    estimator, random = Estimator(), np.random.default_rng(0)
    rows = random.normal(size=(20, 5))
    pubs = [(asymmetric(0).assign_parameters(row), ["XYZ", "ZII"]) for row in rows]
    found = [r.data.evs for r in estimator.run(pubs).result()]
    assert len(estimator._plans.kept) == 1
    expected = StatevectorEstimator().run([(asymmetric(0), ["XYZ", "ZII"], rows[:, None])]).result()[0].data.evs
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_measurements_resets_and_feedback_are_means_over_all_that_may_happen() -> None:
    qc = QuantumCircuit(3, 2)
    qc.ry(0.8, 0)
    qc.cx(0, 1)
    qc.measure(0, 0)
    with qc.if_test((0, 1)) as otherwise:
        qc.rx(0.4, 2)
    with otherwise:
        qc.h(2)
    qc.reset(1)
    p = np.sin(0.4) ** 2
    found = Estimator().run([(qc, ["ZII", "XII", "IZI", "IIZ", "IIX", "YIZ"])]).result()[0].data.evs
    expected = [p * np.cos(0.4), 1 - p, 1, 1 - 2 * p, 0, p * np.sin(0.4)]
    np.testing.assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_shots_scatter_by_the_error_that_is_named(seed: int) -> None:
    random = np.random.default_rng(seed)
    qc = asymmetric(seed)
    pub = (qc, arranged(random, (3, 1)), random.normal(size=(30, 5)))
    result = Estimator(seed=seed).run([pub, pub, (*pub, 0.1)], precision=0.05).result()
    expected = StatevectorEstimator().run([pub]).result()[0].data.evs
    assert [r.metadata["shots"] for r in result] == [400, 400, 100]
    assert [r.metadata["target_precision"] for r in result] == [0.05, 0.05, 0.1]
    for one in result:
        z = (one.data.evs - expected) / one.data.stds
        assert abs(z.mean()) < 0.6  # rows share nothing, observables of a row share shots
        assert 0.8 < z.std() < 1.25
    assert (result[0].data.evs != result[1].data.evs).mean() > 0.9


def test_one_word_is_known_to_the_precision() -> None:
    qc = asymmetric(0).assign_parameters(np.linspace(0, 1, 5))
    found = Estimator(seed=1).run(
        [(qc, [["IIX"], ["ZII"], [SparsePauliOp(["ZZI", "YII"], [1000, 1000])]])], precision=0.02
    )
    assert (found.result()[0].data.stds[:2] <= 0.021).all()


def test_seeds() -> None:
    qc = efficient_su2(2, reps=1)
    pub = (qc, "XY", np.linspace(0, 1, 64).reshape(8, 8))

    def once(seed: Any) -> list[float]:
        return Estimator(seed=seed, default_precision=0.05).run([pub]).result()[0].data.evs.tolist()

    assert once(3) == once(3) != once(4)
    generator = np.random.default_rng(3)
    assert once(generator) != once(generator)
    torch.manual_seed(0)
    first = [once(None), once(None)]
    torch.manual_seed(0)
    assert [once(None), once(None)] == first
    assert first[0] != first[1]


def test_noise_as_aer_has_it() -> None:
    noise = (
        NoiseModel()
        .add("depolarizing", 0.1, gates="cx")
        .add("amplitude_damping", 0.2, gates="ry")
        .readout([[0.95, 0.05], [0.1, 0.9]])
    )
    qc = QuantumCircuit(3)
    qc.ry(0.4, 0)
    qc.cx(0, 2)
    qc.ry(1.1, 2)
    qc.cx(2, 1)
    gates_only = NoiseModel().add("depolarizing", 0.1, gates="cx").add("amplitude_damping", 0.2, gates="ry")
    aer: AerNoise = gates_only.to_aer(3)
    labels = ["ZII", "IZI", "XIZ", "IYX"]
    reference = AerEstimator(options={"backend_options": {"noise_model": aer, "method": "density_matrix"}})
    expected = reference.run([(qc, labels)], precision=0).result()[0].data.evs
    np.testing.assert_allclose(
        Estimator(noise=gates_only).run([(qc, labels)]).result()[0].data.evs, expected, atol=1e-9
    )
    by_engine = Estimator(noise=gates_only, engine="aer").run([(qc, labels)]).result()[0].data.evs
    np.testing.assert_allclose(by_engine, expected, atol=1e-6)
    found = Estimator(noise=noise, seed=0).run([(qc, "ZII")], precision=0.01).result()[0].data
    mean = 0.05 + 0.85 * expected[0]  # P(read 1) = 0.05 + 0.85 p, and <Z> = 1 - 2 p
    assert abs(found.evs - mean) < 5 * found.stds


def test_trajectories_name_their_error() -> None:
    noise = NoiseModel().add("depolarizing", 0.2, gates="h")
    qc = QuantumCircuit(1)
    qc.h(0)
    found = Estimator(noise=noise, engine="trajectory:4000", seed=0).run([(qc, "X")]).result()[0].data
    assert 0 < found.stds < 0.02
    exact = Estimator(noise=noise).run([(qc, "X")]).result()[0].data
    assert exact.stds == 0
    assert abs(found.evs - exact.evs) < 5 * found.stds


@pytest.mark.parametrize(
    ("pubs", "message"),
    [
        ([(QuantumCircuit(1), "ZZ")], "number of qubits"),
        ([(QuantumCircuit(1), "Z", [[1e4]])], "last dimension"),
        ([(asymmetric(0), "ZZZ")], "number of values"),
        ([(asymmetric(0), ["ZZZ"] * 3, np.zeros((2, 5)))], "broadcastable"),
        ([(asymmetric(0), "ZZZ", np.zeros((2, 4)))], "last dimension"),
        ((QuantumCircuit(1), "Z"), "An invalid Estimator pub-like was given"),
        ([(QuantumCircuit(1), 1j * SparsePauliOp("Z"))], "Hermitian"),
        ([(QuantumCircuit(1), "Z", None, -1)], "non-negative"),
        ([(asymmetric(0), "ZZZ", [np.nan] * 5)], "finite"),
        ([(asymmetric(0), "ZZZ", [1j] * 5)], "real"),
    ],
)
def test_bad_blocs_are_refused_in_run(pubs: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        Estimator().run(pubs).result()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Estimator(default_precision=-1),
        lambda: Estimator(default_precision="fine"),
        lambda: Estimator(seed="x"),
        lambda: Estimator(engine="statee"),
        lambda: Estimator(device="cudaa"),
        lambda: Estimator(noise=0.1),
        lambda: Estimator().run([(QuantumCircuit(1), "Z")], precision=float("nan")),
        lambda: Estimator().run([(QuantumCircuit(1), "Z")], precision=-0.1),
        lambda: Sampler(default_shots=0),
        lambda: Sampler(seed=1.5),
        lambda: Sampler().run([QuantumCircuit(1, 1)], shots=0),
        lambda: Sampler().run([QuantumCircuit(1, 1)], shots=2.5),
    ],
)
def test_bad_arguments_are_refused_at_once(bad: Any) -> None:
    with pytest.raises((QdlError, ValueError, TypeError)):
        bad()


def test_jobs_and_copies() -> None:
    estimator = Estimator(seed=1, default_precision=0.1)
    pub = (efficient_su2(2, reps=1), "XY", np.linspace(0, 1, 8))
    job = estimator.run(iter([pub]))
    expected = job.result()[0].data.evs
    assert job.status() == JobStatus.DONE
    assert job.done()
    assert estimator.default_precision == 0.1
    for twin in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator))):
        assert twin.run([pub]).result()[0].data.evs == expected
    if "__getstate__" in vars(PrimitiveJob):  # Qiskit 2.0 has jobs that cannot be pickled
        assert pickle.loads(pickle.dumps(job)).result()[0].data.evs == expected
    assert len(estimator.run([]).result()) == 0


def measured() -> QuantumCircuit:
    """Bits of several registers, out of order, some written twice, some never."""
    qc = QuantumCircuit(QuantumRegister(4, "q"), ClassicalRegister(3, "a"), ClassicalRegister(10, "b"))
    x = ParameterVector("x", 4)
    for k in range(4):
        qc.ry(x[k], k)
    qc.cx(0, 3)
    qc.measure([0, 3, 1], [2, 0, 11])
    qc.measure(2, 5)
    return qc


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_gives_the_shots_of_statevector_sampler(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(size=4)
    found = Sampler(seed=seed).run([(measured(), values)], shots=300).result()[0]
    expected = StatevectorSampler(seed=seed).run([(measured(), values)], shots=300).result()[0]
    assert isinstance(found, SamplerPubResult)
    assert found.metadata == expected.metadata
    for name in ("a", "b"):
        one, other = getattr(found.data, name), getattr(expected.data, name)
        assert one.num_bits == other.num_bits
        assert one.array.dtype == other.array.dtype
        np.testing.assert_array_equal(one.array, other.array)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (1, 1, 2), (0,)])
def test_samples_have_the_shapes_of_statevector_sampler(shape: tuple[int, ...]) -> None:
    pubs = [(measured(), np.full((*shape, 4), 0.3)), (measured(), np.full((*shape, 4), 0.3), 7)]
    found, expected = (s.run(pubs, shots=11).result() for s in (Sampler(), StatevectorSampler()))
    for one, other in zip(found, expected, strict=True):
        assert one.data.shape == other.data.shape == shape
        assert one.metadata == other.metadata
        for name in ("a", "b"):
            assert getattr(one.data, name).array.shape == getattr(other.data, name).array.shape


@pytest.mark.parametrize("seed", SEEDS)
def test_batches_of_samples_follow_the_probabilities(seed: int) -> None:
    random = np.random.default_rng(seed)
    rows, shots = random.normal(size=(30, 4)), 400
    found = Sampler(seed=seed).run([(measured(), row) for row in rows], shots=shots).result()
    one = np.sin(rows / 2) ** 2
    a = np.stack([r.data.a.to_bool_array()[:, ::-1].mean(0) for r in found])
    b = np.stack([r.data.b.to_bool_array()[:, ::-1].mean(0) for r in found])
    flipped = one[:, 3] + one[:, 0] - 2 * one[:, 3] * one[:, 0]
    for share, p in ((a[:, 2], one[:, 0]), (a[:, 0], flipped), (b[:, 8], one[:, 1]), (b[:, 2], one[:, 2])):
        z = (share - p) / np.sqrt(p * (1 - p) / shots)
        assert abs(z.mean()) * 30**0.5 < 4.5
        assert 0.6 < z.std() < 1.5
    assert not a[:, 1].any()
    assert not b[:, [0, 1, 3, 4, 5, 6, 7, 9]].any()


def test_feedback_and_bits_written_twice() -> None:
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    qc = QuantumCircuit(QuantumRegister(3), a, b)
    qc.h(0)
    qc.measure(0, b[0])
    with qc.if_test((b, 1)):
        qc.x(1)
    qc.measure(1, a[0])
    qc.reset(1)
    qc.measure(1, a[1])
    with qc.switch(a) as case:
        with case(1):
            qc.x(2)
        with case(case.DEFAULT):
            qc.id(2)
    qc.measure(2, a[1])
    counts = Sampler(seed=0).run([qc], shots=1000).result()[0].join_data().get_counts()
    assert set(counts) == {"000", "111"}
    assert abs(counts["000"] - 500) < 80


def test_many_measurements_in_the_middle_are_drawn_one_by_one() -> None:
    qc = QuantumCircuit(2, 14)
    for k in range(14):
        qc.ry(0.6, 0)
        qc.cx(0, 1)
        qc.measure(1, k)
        qc.reset([0, 1])
    bits = Sampler(seed=0).run([qc], shots=200).result()[0].data.c.to_bool_array()
    p = np.sin(0.3) ** 2
    z = (bits.mean(0) - p) / np.sqrt(p * (1 - p) / 200)
    assert abs(z).max() < 4.5


def test_more_bits_than_a_table_holds() -> None:
    qc = QuantumCircuit(40)
    qc.x([0, 17, 39])
    qc.h(20)
    qc.measure_all()
    counts = Sampler(seed=1).run([qc], shots=100).result()[0].data.meas.get_int_counts()
    base = 2**0 + 2**17 + 2**39
    assert set(counts) == {base, base + 2**20}


@pytest.mark.parametrize("seed", SEEDS)
def test_noisy_samples_as_aer_has_them(seed: int) -> None:
    noise = NoiseModel().add("depolarizing", 0.1, gates="cx").readout([[0.95, 0.05], [0.2, 0.8]])
    qc = QuantumCircuit(2, 2)
    qc.ry(0.9, 0)
    qc.cx(0, 1)
    qc.x(1)
    qc.measure([0, 1], [1, 0])
    shots = 4000
    options = {"backend_options": {"noise_model": noise.to_aer(2), "seed_simulator": seed}}
    expected = AerSampler(options=options).run([qc], shots=shots).result()[0].data.c.get_int_counts()
    found = Sampler(noise=noise, seed=seed).run([qc], shots=shots).result()[0].data.c.get_int_counts()
    for k in range(4):
        spread = (expected.get(k, 0) + found.get(k, 0) + 1) ** 0.5
        assert abs(expected.get(k, 0) - found.get(k, 0)) < 4.5 * spread


def test_noise_before_a_measurement_is_not_lost() -> None:
    noise = NoiseModel().add("bit_flip", 0.25, gates="measure")
    qc = QuantumCircuit(1, 1)
    qc.measure(0, 0)
    counts = Sampler(noise=noise, seed=0).run([qc], shots=4000).result()[0].data.c.get_int_counts()
    assert abs(counts[1] - 1000) < 130


def test_nothing_to_read() -> None:
    qc = QuantumCircuit(2)
    with pytest.warns(UserWarning, match="no classical registers"):
        result = Sampler().run([qc]).result()
    assert len(result[0].data) == 0
    zero = QuantumCircuit(1, 3)
    zero.x(0)
    data = Sampler().run([zero], shots=5).result()[0].data
    assert data.c.get_counts() == {"000": 5}
    empty = QuantumCircuit(QuantumRegister(1), ClassicalRegister(0, "none"), ClassicalRegister(1, "one"))
    empty.measure(0, 0)
    found, expected = (s.run([empty], shots=5).result()[0].data for s in (Sampler(), StatevectorSampler()))
    assert found.none.array.shape == expected.none.array.shape
    assert found.one.get_counts() == expected.one.get_counts()


def test_sampler_blocs_in_every_form() -> None:
    qc = measured()
    given = BindingsArray({tuple(qc.parameters): [0.0, np.pi, 0.0, np.pi]})
    pubs = [
        (qc, given),
        SamplerPub(qc, given, shots=3),
        (qc, {"x[1]": np.pi, ("x[0]", "x[2]", "x[3]"): [0, 0, np.pi]}, 3),
    ]
    for one in Sampler(default_shots=3).run(pubs).result():
        assert one.data.a.get_counts() == {"001": 3}
        assert one.data.b.get_counts() == {"0100000000": 3}
    with pytest.raises(ValueError, match="number of values"):
        Sampler().run([qc])
    with pytest.raises(ValueError, match="wrap it"):
        Sampler().run(qc)


def test_bits_that_no_register_holds_do_not_matter() -> None:
    from qiskit.circuit import Clbit

    loose = [Clbit(), Clbit()]
    qc = QuantumCircuit(QuantumRegister(2), loose, ClassicalRegister(2, "c"))
    qc.x(0)
    qc.measure([0, 1, 0], [loose[0], loose[1], 3])
    assert Sampler().run([qc], shots=4).result()[0].data.c.get_counts() == {"10": 4}
