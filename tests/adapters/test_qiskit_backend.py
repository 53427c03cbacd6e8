"""qdl as a backend of Qiskit's: what runs on Aer runs here, with the same counts."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import efficient_su2, get_standard_gate_name_mapping, quantum_volume
from qiskit.primitives import BackendEstimatorV2, BackendSamplerV2, StatevectorEstimator
from qiskit.providers import BackendV2, JobStatus
from qiskit.quantum_info import Operator, SparsePauliOp, Statevector
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from qdl.adapters.qiskit import QdlBackend
from qdl.errors import QdlError
from qdl.ir import NoiseModel

BACKEND = QdlBackend()
SEEDS = range(5)


def agree(found: dict[str, int], expected: dict[str, int], sigmas: float = 4.5) -> None:
    """Raise unless two tables of counts may come from the same probabilities."""
    for key in {*found, *expected}:
        one, other = found.get(key, 0), expected.get(key, 0)
        assert abs(one - other) < sigmas * (one + other + 1) ** 0.5, (key, one, other)


def dynamic() -> QuantumCircuit:
    """Two registers, a measurement in the middle, feedback, a loop and a reset."""
    qc = QuantumCircuit(QuantumRegister(3, "q"), ClassicalRegister(2, "a"), ClassicalRegister(1, "flag"))
    qc.ry(1.0, 0)
    qc.measure(0, 2)
    with qc.if_test((qc.cregs[1], 1)) as otherwise:
        qc.x(2)
    with otherwise:
        qc.ry(0.7, 2)
    with qc.for_loop(range(3)):
        qc.ry(0.3, 1)
    qc.measure([1, 2], [1, 0])
    qc.reset(0)
    return qc


@pytest.mark.parametrize("seed", SEEDS)
def test_counts_are_those_of_aer(seed: int) -> None:
    qc = QuantumCircuit(4, 4)
    qc.compose(quantum_volume(4, seed=seed), inplace=True)
    qc.measure([2, 0, 1], [0, 3, 1])
    circuits = [qc, dynamic()]
    found = BACKEND.run(transpile(circuits, BACKEND), shots=3000, seed_simulator=seed).result()
    aer = AerSimulator()
    expected = aer.run(transpile(circuits, aer), shots=3000, seed_simulator=seed).result()
    for k in range(2):
        agree(found.get_counts(k), expected.get_counts(k))
    assert all(" " in key for key in found.get_counts(1))


def test_memory_is_what_counts_count() -> None:
    result = BACKEND.run(dynamic(), shots=50, memory=True, seed_simulator=1).result()
    memory, counts = result.get_memory(), result.get_counts()
    assert {key: memory.count(key) for key in memory} == counts
    assert len(memory) == 50
    assert BACKEND.run(dynamic(), shots=50, memory=True, seed_simulator=1).result().get_memory() == memory
    assert BACKEND.run(dynamic(), shots=50, memory=True, seed_simulator=2).result().get_memory() != memory
    with pytest.raises(Exception, match="No memory"):
        BACKEND.run(dynamic(), shots=5).result().get_memory()


def test_the_target_takes_every_standard_gate_as_it_is() -> None:
    assert isinstance(BACKEND, BackendV2)
    assert BACKEND.target.num_qubits is None
    assert BACKEND.num_qubits is None
    assert BACKEND.coupling_map is None
    assert set(get_standard_gate_name_mapping()) <= set(BACKEND.operation_names)
    for name, gate in get_standard_gate_name_mapping().items():
        if gate.num_clbits or name in ("reset", "delay"):
            continue
        qc = QuantumCircuit(max(gate.num_qubits, 1))
        qc.append(gate.to_mutable(), range(gate.num_qubits))
        numbers = np.linspace(0.3, 1.1, qc.num_parameters)
        qc = qc.assign_parameters(numbers)
        kept = transpile(qc, BACKEND, optimization_level=0)
        assert list(kept.count_ops()) == [name]
        state = np.random.default_rng(0).normal(size=2**qc.num_qubits)
        whole = QuantumCircuit(qc.num_qubits)
        whole.initialize(Statevector(state / np.linalg.norm(state)))
        whole.compose(kept, inplace=True)
        p = np.abs(Operator(qc).data @ state / np.linalg.norm(state)) ** 2
        whole.measure_all()
        counts = BACKEND.run(whole, shots=2000, seed_simulator=5).result().get_counts()
        for k, q in enumerate(p):
            key = f"{k:0{qc.num_qubits}b}"
            assert abs(counts.get(key, 0) - 2000 * q) < 5 * (2000 * q * (1 - q)) ** 0.5 + 1, (name, key)


@pytest.mark.parametrize("level", range(4))
def test_the_transpiler_knows_the_target(level: int) -> None:
    theta = ParameterVector("t", 4)
    qc = QuantumCircuit(3, 3)
    qc.compose(efficient_su2(3, reps=1, parameter_prefix="w"), inplace=True)
    qc.rzz(theta[0] * theta[1], 0, 2)
    qc.barrier()
    qc.delay(100, 1, unit="ns")
    qc.unitary(Operator(quantum_volume(2, seed=1)).data, [2, 0])
    qc.measure(0, 0)
    with qc.if_test((0, 1)):
        qc.h(1)
    qc.mcx([0, 1], 2)
    qc.measure([1, 2], [1, 2])
    kept = generate_preset_pass_manager(optimization_level=level, backend=BACKEND).run(qc)
    assert kept.num_qubits == 3
    bound = {p: 0.1 * k for k, p in enumerate(qc.parameters)}
    counts = [
        BACKEND.run(one.assign_parameters(bound), shots=3000, seed_simulator=k).result().get_counts()
        for k, one in enumerate((qc, kept))
    ]
    agree(*counts)


def test_parameters_may_be_bound_in_run() -> None:
    x, y = Parameter("x"), Parameter("y")
    qc = QuantumCircuit(2, 2)
    qc.rx(x, 0)
    qc.rx(x + y, 1)
    qc.measure([0, 1], [0, 1])
    fixed = QuantumCircuit(1, 1)
    fixed.x(0)
    fixed.measure(0, 0)
    binds = [{y: [0, 0, np.pi], x: [0, np.pi, 0]}, {}]
    counts = BACKEND.run([qc, fixed], parameter_binds=binds, shots=3).result().get_counts()
    assert counts == [{"00": 3}, {"11": 3}, {"10": 3}, {"1": 3}]
    one = BACKEND.run(qc, parameter_binds=[{x: np.pi, y: 0.0}], shots=3).result()
    assert one.get_counts() == {"11": 3}


def test_circuits_that_differ_in_angles_run_together() -> None:
    backend = QdlBackend()
    x = Parameter("x")
    qc = QuantumCircuit(2, 2)
    qc.rx(x, 0)
    qc.crx(2 * x, 0, 1)
    qc.measure([0, 1], [1, 0])
    numbers = np.linspace(0, 3, 20)
    result = backend.run([qc.assign_parameters([v]) for v in numbers], shots=4000, seed_simulator=0).result()
    assert len(backend._plans.kept) == 1
    for k, v in enumerate(numbers):
        counts = result.get_counts(k)
        one = np.sin(v / 2) ** 2
        both = one * np.sin(v) ** 2
        for key, p in (("00", 1 - one), ("10", one - both), ("11", both)):
            assert abs(counts.get(key, 0) - 4000 * p) < 4.5 * (4000 * p * (1 - p)) ** 0.5 + 1


def test_qiskits_own_primitives_run_on_it() -> None:
    qc = efficient_su2(3, reps=1)
    numbers = np.random.default_rng(0).normal(size=(4, 12))
    observables = [["XYZ"], [SparsePauliOp(["ZII", "IXX"], [1, -0.5])]]
    found = BackendEstimatorV2(backend=BACKEND, options={"seed_simulator": 3}).run(
        [(qc, observables, numbers)], precision=0.02
    )
    expected = StatevectorEstimator().run([(qc, observables, numbers)]).result()[0].data.evs
    data = found.result()[0].data
    assert (abs(data.evs - expected) < 5 * data.stds).all()
    measured = dynamic()
    bits = BackendSamplerV2(backend=BACKEND, options={"seed_simulator": 3}).run([measured], shots=3000).result()[0].data
    agree(bits.flag.get_counts(), {"0": round(3000 * np.cos(0.5) ** 2), "1": round(3000 * np.sin(0.5) ** 2)})


def test_noise() -> None:
    noise = NoiseModel().add("depolarizing", 0.05, gates="cx").readout([[0.97, 0.03], [0.1, 0.9]])
    qc = QuantumCircuit(3, 3)
    qc.h(0)
    qc.cx(0, 2)
    qc.cx(2, 1)
    qc.measure([0, 1, 2], [2, 0, 1])
    expected = AerSimulator(noise_model=noise.to_aer(3)).run(qc, shots=6000, seed_simulator=1).result().get_counts()
    for engine in (None, "density", "trajectory", "aer"):
        found = QdlBackend(noise=noise, engine=engine).run(qc, shots=6000, seed_simulator=2).result().get_counts()
        agree(found, expected)


def test_what_a_result_says() -> None:
    qc = dynamic()
    qc.name, qc.metadata = "mine", {"a": 1}
    result = BACKEND.run([qc, qc.copy("yours")], shots=7).result()
    assert result.success
    assert result.backend_name == BACKEND.name
    assert [r.header["name"] for r in result.results] == ["mine", "yours"]
    assert result.results[0].header["metadata"] == {"a": 1}
    assert sum(result.get_counts("yours").values()) == 7
    assert result.results[0].shots == 7


def test_jobs_options_and_copies() -> None:
    backend = QdlBackend(shots=12)
    backend.set_options(memory=True)
    job = backend.run(dynamic())
    assert len(job.result(timeout=60).get_memory()) == 12
    assert job.status() == JobStatus.DONE
    assert job.backend() is backend
    assert not job.cancel()
    for twin in (copy.deepcopy(backend), pickle.loads(pickle.dumps(backend))):
        assert sum(twin.run(dynamic()).result().get_counts().values()) == 12


def parametrised() -> QuantumCircuit:
    qc = QuantumCircuit(1, 1)
    qc.rx(Parameter("x"), 0)
    qc.measure(0, 0)
    return qc


def saving() -> QuantumCircuit:
    qc = QuantumCircuit(1, 1)
    qc.save_statevector()
    return qc


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: BACKEND.run(parametrised()), "not bound"),
        (lambda: BACKEND.run(parametrised(), parameter_binds=[{}]), "not bound"),
        (lambda: BACKEND.run(parametrised(), parameter_binds=[]), "a dict for each circuit"),
        (lambda: BACKEND.run(dynamic(), parameter_binds=[{Parameter("x"): 1.0}]), "surplus"),
        (lambda: BACKEND.run(dynamic(), shots=0), "shots"),
        (lambda: BACKEND.run(dynamic(), shots=1.5), "shots"),
        (lambda: BACKEND.run(dynamic(), memory=3), "memory"),
        (lambda: BACKEND.run(dynamic(), seed_simulator="x"), "seed"),
        (lambda: BACKEND.run(dynamic(), noise_model=None), "unknown options"),
        (lambda: BACKEND.run(["h"]), "circuits"),
        (lambda: BACKEND.run(saving()), "save_statevector"),
        (lambda: QdlBackend(engine="stat"), "engine"),
    ],
)
def test_bad_runs_are_refused_at_once(bad: Any, message: str) -> None:
    with pytest.raises(QdlError, match=message):
        bad()


def test_a_circuit_without_bits_has_no_counts() -> None:
    from qiskit.exceptions import QiskitError

    qc = QuantumCircuit(1)
    qc.h(0)
    with pytest.raises(QiskitError, match="No counts"):
        BACKEND.run(qc).result().get_counts()
    unmeasured = QuantumCircuit(1, 2)
    assert BACKEND.run(unmeasured, shots=4).result().get_counts() == {"00": 4}
