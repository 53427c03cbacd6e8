"""Noise models of backends, from Aer and to Aer: what they do is compared with what Aer does."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import Delay, Instruction, Measure, Parameter, Reset
from qiskit.circuit import Gate as QiskitGate
from qiskit.circuit.library import (
    CZGate,
    ECRGate,
    RXGate,
    RZGate,
    RZZGate,
    SXGate,
    UnitaryGate,
    XGate,
    get_standard_gate_name_mapping,
)
from qiskit.providers import BackendV2, Options, QubitProperties
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SuperOp, random_quantum_channel
from qiskit.transpiler import CouplingMap, InstructionProperties, Target
from qiskit_aer import AerSimulator
from qiskit_aer import noise as aer

import qdl
from qdl.adapters.qiskit.aer_errors import as_error, as_row, of_error, superoperator
from qdl.adapters.qiskit.aer_noise import from_aer, to_aer
from qdl.adapters.qiskit.backend_noise import from_backend, population
from qdl.errors import CircuitError, QdlError, UnsupportedError
from qdl.ir import Circuit, Param
from qdl.ir.channels import CHANNELS, channel
from qdl.ir.gates import TABLE, unitary
from qdl.ir.noise import DELAY, NoiseModel
from tests.strategies import unitary as random_unitary

RING = CouplingMap([(0, 1), (2, 1), (2, 3), (3, 0)])


def qiskit_circuit(circuit: Circuit) -> QuantumCircuit:
    """Gates of the same name and order; a delay counts in seconds."""
    out, rows = QuantumCircuit(circuit.wires), get_standard_gate_name_mapping()
    for op in circuit.operations:
        if op.gate.name == "unitary":
            out.append(UnitaryGate(op.gate.matrix()), op.wires[::-1])
        elif op.gate.name == "delay":
            out.delay(op.angles[0], op.wires[0], "s")
        else:
            out.append(type(rows[op.gate.name])(*op.angles), op.wires)
    return out


def aer_densities(circuits: Sequence[Circuit], model: Any) -> list[Any]:
    """Aer's density matrices, wire 0 most significant."""
    made = [qiskit_circuit(circuit) for circuit in circuits]
    for one in made:
        one.save_density_matrix()
    simulator = AerSimulator(method="density_matrix", noise_model=model, max_parallel_threads=1, fusion_enable=False)
    result = simulator.run(made, shots=1).result()
    assert result.success, result.status
    return [result.data(k)["density_matrix"].reverse_qargs().data for k in range(len(made))]


def same(circuits: Circuit | Sequence[Circuit], noise: NoiseModel, model: Any, tolerance: float) -> None:
    """Both noise models make the same of circuits."""
    listed = [circuits] if isinstance(circuits, Circuit) else circuits
    for circuit, expected in zip(listed, aer_densities(listed, model), strict=True):
        found = qdl.density(noise.apply(circuit), engine="density", dtype=torch.float64).numpy()
        assert abs(expected[0, 0]) < 0.999, "the circuit does nothing that could go wrong"
        np.testing.assert_allclose(found, expected, atol=tolerance)


def on_first(model: Any, wires: int) -> Any:
    """The same model of Aer's with the rules of a device's first wires only, which is what a job then carries."""
    for table in (*model._local_quantum_errors.values(), model._local_readout_errors):
        for place in [place for place in table if max(place) >= wires]:
            del table[place]
    return model


def places(noise: NoiseModel, wires: int) -> dict[str, list[tuple[int, ...]]]:
    """The places of a device's gates among its first wires."""
    assert noise.gates is not None
    found = {name: sorted(p for p in where or () if max(p) < wires) for name, where in noise.gates.items()}
    return {name: where for name, where in found.items() if where}


def native_circuit(noise: NoiseModel, wires: int, length: int, seed: int) -> Circuit:
    """Random gates of a device where it has them, turns between them, resets and delays."""
    draw = Random(seed)
    where = places(noise, wires)
    circuit = Circuit(wires)
    for k in range(length):
        name = draw.choice(sorted(where))
        angles = [draw.uniform(-3, 3) for _ in TABLE[name].angles]
        circuit.gate(name, *angles, *draw.choice(where[name]))
        kind = draw.randint(0, 9)
        wire = draw.randrange(wires)
        if kind == 0 and k < length - 10:
            circuit.reset(wire)
        elif kind == 1:
            circuit.channel(DELAY, draw.uniform(0, 1e-4), wires=wire)
    return circuit


def same_readout(noise: NoiseModel, model: Any, wires: int) -> None:
    found = {rule.wires: np.array(rule.matrix) for rule in noise.confusion(range(wires))}
    expected = {place: error.probabilities for place, error in model._local_readout_errors.items()}
    for wire in range(wires):
        np.testing.assert_allclose(found.get((wire,), np.eye(2)), expected.get((wire,), np.eye(2)), atol=1e-14)


# backends

GENERIC = [
    (seed, basis, coupling)
    for seed, (basis, coupling) in enumerate(
        [
            (["cx", "id", "rz", "sx", "x"], None),
            (["ecr", "id", "rz", "sx", "x"], RING),
            (["cz", "id", "rz", "sx", "x"], RING),
            (["rzz", "rx", "rz", "sx"], CouplingMap.from_line(4, bidirectional=False)),
            (["cx", "u1", "u2", "u3"], CouplingMap.from_ring(4)),
            (["swap", "p", "ry", "h"], None),
        ]
    )
]


@pytest.mark.parametrize(("seed", "basis", "coupling"), GENERIC, ids=lambda given: str(given)[:12])
def test_generic_backends_are_noisy_as_in_aer(seed: int, basis: list[str], coupling: Any) -> None:
    backend = GenericBackendV2(4, basis_gates=basis, coupling_map=coupling, seed=seed)
    for temperature, tolerance in ((0.0, 1e-10), (50.0, 1e-8)):
        noise = from_backend(backend, temperature=temperature)
        model = aer.NoiseModel.from_backend(backend, temperature=temperature)
        for k in range(2):
            same(native_circuit(noise, 4, 40, seed=10 * seed + k), noise, model, tolerance)
        same_readout(noise, model, 4)


# All that differs among IBM's: width, entangling gate and its directions, gates of error 1, T2 > 2 T1, T1 unknown.
FAKE = ["ManilaV2", "LimaV2", "BurlingtonV2", "YorktownV2", "FractionalBackend", "JakartaV2", "Oslo", "Perth"]
FAKE += ["Peekskill", "Prague"]
LARGE = ["Torino", "Fez", "Sherbrooke", "Kingston"]  # Aer takes its time


@pytest.mark.parametrize("name", [*FAKE, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGE)])
def test_fake_backends_are_noisy_as_in_aer(name: str) -> None:
    provider = pytest.importorskip("qiskit_ibm_runtime.fake_provider", reason="the extra ibm brings fake devices")
    backend = getattr(provider, f"Fake{name}")()
    noise, model = from_backend(backend, readout="target"), aer.NoiseModel.from_backend(backend)
    same_readout(noise, model, backend.num_qubits)
    wires = min(5, backend.num_qubits)
    same([native_circuit(noise, wires, 40, seed) for seed in range(5)], noise, on_first(model, wires), 1e-8)
    reported = backend.properties()
    if reported is not None and name not in LARGE:  # Aer looks for frequencies there, which new devices do not report
        by_properties = aer.NoiseModel.from_backend_properties(reported, False, thermal_relaxation=False)
        same_readout(from_backend(backend), by_properties, backend.num_qubits)


class Device(BackendV2):
    """A backend made of a target, and of what it reports besides."""

    def __init__(self, target: Target, reported: Any = None) -> None:
        super().__init__()
        self._target, self._reported = target, reported

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def properties(self) -> Any:
        return self._reported

    def run(self, run_input: Any, **options: Any) -> Any:
        raise NotImplementedError


MICRO = 1e-6
TIMES = [(100.0, 80.0), (50.0, 120.0), (90.0, 180.0), (None, 70.0), (60.0, None), (None, None)]


def device(reported: Any = None, **more: Any) -> Device:
    """A device with every kind of entry; `more` replaces entries, None takes them out."""
    times = [
        QubitProperties(t1=None if t1 is None else t1 * MICRO, t2=None if t2 is None else t2 * MICRO, frequency=5e9)
        for t1, t2 in TIMES
    ]
    target = Target(num_qubits=len(times), dt=1e-9, qubit_properties=more.pop("qubits", times))
    wires = range(len(times))
    entry = InstructionProperties
    given: dict[str, tuple[Any, dict[Any, Any]]] = {
        "rz": (RZGate(Parameter("t")), {(w,): entry(0.0, 0.0) for w in wires}),
        "sx": (SXGate(), {(w,): entry(w * 40e-9, [1e-3, 1e-2, None, 2e-4, 1e-5, 0.3][w]) for w in wires}),
        "x": (XGate(), {(0,): entry(None, 0.01), (1,): entry(5e-6, 1e-3), (2,): None, (3,): entry(None, 1.0)}),
        "rx": (RXGate(Parameter("t")), {(4,): entry(4e-8, 1.0), (5,): entry(4e-8, 1.0), (0,): entry(1e-5, 0.2)}),
        "ecr": (ECRGate(), {(1, 0): entry(4e-7, 0.02), (2, 3): entry(4e-7, 1.0), (4, 5): entry(None, 1.0)}),
        "cz": (CZGate(), {(0, 2): entry(1e-6, None), (2, 0): entry(2e-6, 0.9), (5, 3): entry(0.0, 0.03)}),
        "rzz": (RZZGate(Parameter("t")), {(3, 4): entry(3e-7, 0.004), (0, 5): entry(3e-7, 0.0)}),
        "reset": (Reset(), {(w,): entry(1e-6, None) for w in wires}),
        "delay": (Delay(Parameter("t")), {(0,): entry(2e-6), (1,): None}),
        "measure": (Measure(), {(w,): entry(1e-6, 0.01 * (w + 1)) for w in wires}),
    }
    for name, (operation, properties) in {**given, **more}.items():
        target.add_instruction(operation, properties, name=name)
    return Device(target, reported)


def written(noise: NoiseModel, circuit: Circuit) -> Any:
    """The superoperator of what is behind the one gate of a circuit, on the gate's wires."""
    op, *beside = noise.apply(circuit).operations
    steps = [(o.gate, o.angles, tuple(op.wires.index(w) for w in o.wires)) for o in beside]
    return superoperator(steps, len(op.wires))


def test_every_kind_of_entry_is_read_as_in_aer() -> None:
    backend = device()
    for temperature, tolerance in ((0.0, 1e-12), (50.0, 1e-8), (-50.0, 1e-8)):
        noise, model = (f(backend, temperature=temperature) for f in (from_backend, aer.NoiseModel.from_backend))
        errors = {(n, p): e for n, table in model._local_quantum_errors.items() for p, e in table.items()}
        for name, where in {**places(noise, 6), "reset": [(w,) for w in range(6)]}.items():
            for place in where:
                circuit = Circuit(6).gate(name, *[0.3] * len(TABLE[name].angles), *place) if name in TABLE else None
                found = written(noise, circuit or Circuit(6).reset(*place))
                expected = of_error(errors[name, place]) if (name, place) in errors else np.eye(len(found))
                np.testing.assert_allclose(found, expected, atol=tolerance, err_msg=f"{name} {place}")
        same_readout(noise, model, 6)


def test_delays_relax_as_in_aer() -> None:
    backend = device()
    noise, model = from_backend(backend), aer.NoiseModel.from_backend(backend)
    circuit = Circuit(3)
    for wire in range(3):
        circuit.sx(wire).rz(0.4, wire).sx(wire).channel(DELAY, (wire + 1) * 2e-5, wires=wire)
    same(circuit, from_aer(model), model, 1e-10)
    # what the target says about a delay itself, Aer's pass takes for the delay's own time
    bare = device(delay=(Delay(Parameter("t")), {(0,): None}))
    same(circuit, from_backend(bare), aer.NoiseModel.from_backend(bare), 1e-10)
    assert len(noise.apply(Circuit(1).channel(DELAY, 1e-5, wires=0))) == 3


def reported(values: dict[int, tuple[float, float]]) -> Any:
    """What `properties()` gives, as far as it is looked at."""
    names = ("prob_meas1_prep0", "prob_meas0_prep1")
    rows = [
        [SimpleNamespace(name=name, value=p) for name, p in zip(names, values.get(w, ()), strict=False)]
        for w in range(6)
    ]
    return SimpleNamespace(qubits=rows)


def test_readout_errors_are_read_with_their_direction() -> None:
    backend = device(reported({0: (0.02, 0.07), 3: (0.01, 0.0)}))
    found = {rule.wires[0]: np.array(rule.matrix) for rule in from_backend(backend).confusion(range(6))}
    np.testing.assert_allclose(found[0], [[0.98, 0.02], [0.07, 0.93]], atol=1e-15)
    np.testing.assert_allclose(found[3], [[0.99, 0.01], [0.0, 1.0]], atol=1e-15)
    np.testing.assert_allclose(found[1], [[0.98, 0.02], [0.02, 0.98]], atol=1e-15)
    (even,) = from_backend(backend, readout="target").confusion(0)
    np.testing.assert_allclose(even.matrix, [[0.99, 0.01], [0.01, 0.99]], atol=1e-15)


def test_a_devices_circuits_are_written_in_its_gates() -> None:
    backend = GenericBackendV2(3, coupling_map=[(0, 1), (1, 2)], seed=4)
    x = Param("x", 2)
    circuit = Circuit(3).h(0).ry(x[0], 1).cz(1, 0).crx(x[1], 1, 2)
    noisy = from_backend(backend).apply(circuit)
    gates = {op.gate.name for op in noisy.operations} - set(CHANNELS)
    assert gates <= {"rz", "sx", "x", "cx"}
    assert all(op.wires in [(0, 1), (1, 2)] for op in noisy.operations if op.gate.name == "cx")
    with pytest.raises(CircuitError, match="does not couple these wires"):
        from_backend(backend).apply(Circuit(3).cx(0, 2))
    assert from_backend(backend, native=False).apply(Circuit(3).h(0)).operations == Circuit(3).h(0).operations


def test_waiting_wires_decay_where_asked() -> None:
    backend = GenericBackendV2(3, coupling_map=[(0, 1), (1, 2)], seed=4)
    ops = from_backend(backend, idle=True).apply(Circuit(3).cx(0, 1).cx(1, 2).measure([0, 1, 2])).operations
    assert [op.wires for op in ops[: ops.index(next(op for op in ops if op.wires == (1, 2)))]].count((2,)) == 1


BAD_ENTRIES: dict[str, tuple[Callable[[], Device], str]] = {
    "NaN": (lambda: device(sx=(SXGate(), {(1,): InstructionProperties(1e-8, float("nan"))})), "error nan of 'sx'"),
    "negative": (lambda: device(sx=(SXGate(), {(1,): InstructionProperties(1e-8, -0.1)})), "error -0.1 of 'sx'"),
    "reset": (lambda: device(reset=(Reset(), {(1,): InstructionProperties(1e-8, 0.1)})), "error 0.1 of 'reset'"),
    "wide": (
        lambda: device(wide=(QiskitGate("wide", 5, []), {(0, 1, 2, 3, 4): InstructionProperties(None, 0.1)})),
        "the error of 'wide' on 5 qubits",
    ),
    "no times": (lambda: device(qubits=None), "the duration of 'sx' on (1,), which has no T1 and T2"),
}


@pytest.mark.parametrize("case", BAD_ENTRIES)
def test_what_cannot_be_carried_is_refused_or_named(case: str) -> None:
    make, says = BAD_ENTRIES[case]
    with pytest.raises(UnsupportedError) as caught:
        from_backend(make())
    assert says in str(caught.value)
    assert "strict=False" in str(caught.value)
    with pytest.warns(UserWarning, match="left out") as warned:
        from_backend(make(), strict=False)
    assert len(warned) == 1
    assert says in str(warned[0].message)


def test_what_is_no_backend_is_refused() -> None:
    with pytest.raises(CircuitError, match="expected a BackendV2"):
        from_backend(AerSimulator)
    with pytest.raises(CircuitError, match="unknown source of readout errors"):
        from_backend(device(), readout="both")
    with pytest.raises(CircuitError, match="not a noise model of Aer"):
        from_aer(NoiseModel())


def test_the_population_of_a_warm_qubit() -> None:
    assert population(5e9, 20.0) == pytest.approx(6.1558e-06, rel=1e-4)
    assert population(5e9, -20.0) == pytest.approx(1 - 6.1558e-06, rel=1e-9)
    assert population(None, 20.0) == population(5e9, 0.0) == population(float("inf"), 1.0) == population(1e12, 0.1) == 0


# errors


def aer_errors(seed: int) -> Iterator[Any]:
    """Errors of every kind that Aer has."""
    yield aer.depolarizing_error(0.1, 1)
    yield aer.depolarizing_error(0.1, 2)
    yield aer.pauli_error([("XI", 0.1), ("ZY", 0.2), ("II", 0.7)])
    yield aer.amplitude_damping_error(0.2)
    yield aer.phase_amplitude_damping_error(0.2, 0.1, 0.3)
    yield aer.thermal_relaxation_error(50, 30, 10, 0.1)
    yield aer.thermal_relaxation_error(50, 80, 10, 0.1)
    yield aer.reset_error(0.1, 0.2)
    yield aer.coherent_unitary_error(random_unitary(np.random.default_rng(seed), 4))
    yield aer.mixed_unitary_error([(random_unitary(np.random.default_rng(seed + k), 4), 0.5) for k in range(2)])
    yield aer.depolarizing_error(0.1, 1).tensor(aer.amplitude_damping_error(0.3))
    yield aer.QuantumError(SuperOp(random_quantum_channel(4, 4, seed=seed)))
    yield aer.depolarizing_error(0.05, 2).compose(aer.thermal_relaxation_error(50, 80, 10).tensor(aer.reset_error(0.1)))
    yield aer.PauliLindbladError(["XI", "ZZ"], [0.1, 0.2])


@pytest.mark.parametrize("k", range(14))
def test_errors_go_to_rows_and_back(k: int) -> None:
    error = list(aer_errors(5))[k]
    expected = of_error(error)
    row, strengths = as_row(expected)
    width = error.num_qubits
    steps = [(row, strengths, tuple(range(width)))]
    np.testing.assert_allclose(superoperator(steps, width), expected, atol=1e-14)
    back = as_error(steps, width)
    np.testing.assert_allclose(SuperOp(back).data, SuperOp(error).data, atol=1e-14)


def test_superoperators_of_errors_have_our_order() -> None:
    error = aer.QuantumError([([(XGate(), [1])], 1.0)])  # on the second qubit
    rho = np.zeros((4, 4))
    rho[0b00, 0b00] = 1
    found = (of_error(error) @ rho.reshape(-1)).reshape(4, 4)
    assert found[0b01, 0b01] == 1


STRENGTHS = {"thermal_relaxation": (2.0, 1.5, 0.5, 0.1), "reset": ()}


@pytest.mark.parametrize("name", CHANNELS)
def test_every_row_becomes_an_error(name: str) -> None:
    width = 1 if CHANNELS[name][0] else 2
    row = channel(name, width)
    strengths = STRENGTHS.get(name, tuple(0.02 * (k + 1) for k in range(len(row.angles))))
    if name == "pauli":
        strengths = tuple(0.005 * (k + 1) for k in range(15))
    steps = [(row, strengths, tuple(range(width))[::-1])]
    np.testing.assert_allclose(of_error(as_error(steps, width)), superoperator(steps, width), atol=1e-14)


@pytest.mark.parametrize("t2", [0.4, 2.0, 3.1, 4.0])
def test_relaxation_becomes_resets_where_it_can(t2: float) -> None:
    steps = [(channel("thermal_relaxation"), (2.0, t2, 0.7, 0.2), (0,))]
    error = as_error(steps, 1)
    np.testing.assert_allclose(of_error(error), superoperator(steps, 1), atol=1e-15)
    names = {i.operation.name for c in error.circuits for i in c.data}
    assert ("kraus" in names) == (t2 > 2.0)


def test_long_errors_are_gathered() -> None:
    pauli = channel("pauli", 2)
    steps = [(pauli, tuple(0.001 * (k + j) for k in range(15)), (0, 1)) for j in range(3)]
    error = as_error(steps, 2)
    assert len(error.circuits) == 16
    np.testing.assert_allclose(of_error(error), superoperator(steps, 2), atol=1e-14)


# models


def aer_model() -> Any:
    """Rules of every kind, at places out of order."""
    made = aer.NoiseModel()
    errors = list(aer_errors(8))
    made.add_all_qubit_quantum_error(errors[0], ["sx", "h"])
    made.add_all_qubit_quantum_error(errors[2], "cx")
    made.add_quantum_error(errors[11], "cx", [2, 0])
    made.add_quantum_error(errors[10], "cx", [1, 0])
    made.add_quantum_error(errors[3], "sx", [1])
    made.add_quantum_error(errors[8], "rzz", [0, 2])
    made.add_quantum_error(errors[7], ["reset", "measure"], [2])
    made.add_all_qubit_quantum_error(errors[5], "id")
    made.add_all_qubit_quantum_error(aer.depolarizing_error(0.1, 3), "ccx")
    made.add_all_qubit_readout_error([[0.95, 0.05], [0.1, 0.9]])
    made.add_readout_error([[0.9, 0.1], [0.3, 0.7]], [1])
    made.add_readout_error(np.random.default_rng(2).dirichlet(np.ones(4), 4), [2, 0])
    made._custom_noise_passes.append(
        aer.RelaxationNoisePass([5.0, np.inf, np.inf], [4.0, 3.0, np.inf], 1.0, Delay, [0.1, 0.0, 0.0])
    )
    return made


def crossed() -> Circuit:
    """Wires out of order, and every rule of `aer_model` but those of measurements."""
    circuit = Circuit(3).h(0).h(1).sx(1).sx(2).ry(0.7, 0).cx(0, 1).cx(1, 0).cx(2, 0).ry(0.4, 2).id(2).ry(1.1, 1)
    circuit.reset(2).channel(DELAY, 0.6, wires=0).channel(DELAY, 0.6, wires=1).ry(0.9, 2).rzz(0.5, 0, 2).rzz(0.5, 2, 0)
    return circuit.ccx(2, 0, 1).ry(0.3, 0).cx(0, 2).cx(1, 2).channel(DELAY, 0.2, wires=2)


def compare_models(first: Any, second: Any) -> None:
    """Two of Aer's models hold the same channels and readout errors under the same names."""
    known: dict[int, Any] = {}  # many names have one error

    def same_errors(*errors: Any) -> None:
        for error in errors:
            if id(error) not in known:
                known[id(error)] = of_error(error)
        np.testing.assert_allclose(*(known[id(error)] for error in errors), atol=1e-14)

    assert set(first._default_quantum_errors) == set(second._default_quantum_errors)
    for name, error in first._default_quantum_errors.items():
        same_errors(error, second._default_quantum_errors[name])
    tables = [{k: v for k, v in m._local_quantum_errors.items() if v} for m in (first, second)]
    assert {n: set(t) for n, t in tables[0].items()} == {n: set(t) for n, t in tables[1].items()}
    for name, table in tables[0].items():
        for place, error in table.items():
            same_errors(error, tables[1][name][place])
    readouts = [{None: m._default_readout_error, **m._local_readout_errors} for m in (first, second)]
    assert set(readouts[0]) == set(readouts[1])
    for place, error in readouts[0].items():
        other = readouts[1][place]
        assert (error is None) == (other is None)
        if error is not None:
            np.testing.assert_allclose(error.probabilities, other.probabilities, atol=1e-15)
    passes = [[(p._t1s, p._t2s, p._p1s, p._ops) for p in m._custom_noise_passes] for m in (first, second)]
    assert len(passes[0]) == len(passes[1])
    for one, other in zip(*passes, strict=True):
        for a, b in zip(one[:3], other[:3], strict=True):
            np.testing.assert_allclose(a, b, atol=1e-15)
        assert one[3] == other[3]


def test_a_model_of_aers_does_the_same_here() -> None:
    same(crossed(), from_aer(aer_model()), aer_model(), 1e-12)


def test_a_model_of_aers_comes_back_as_it_was() -> None:
    made = aer_model()
    compare_models(to_aer(from_aer(made), 3), made)
    assert to_aer(from_aer(made), 3) == made


def our_model() -> NoiseModel:
    """Rules of every kind that Aer can hold."""
    tall = random_unitary(np.random.default_rng(3), 12)[:, :4].reshape(3, 4, 4)
    return (
        NoiseModel()
        .add("amplitude_damping", 0.1, on="each")
        .add("depolarizing", 0.02)
        .add_kraus(tall, gates="cx", wires=(2, 0))
        .add("phase_flip", 0.1, gates="cx", wires=(1, 0), on=1)
        .add("rzx", 0.3, gates="cx", wires=(1, 0), on=(1, 0))
        .add("reset_error", 0.1, 0.05, gates=("reset", "measure"))
        .over_rotation("ry", absolute=0.1)
        .over_rotation("ry", absolute=0.2, wires=2)
        .relax(
            t1=3.0, t2=4.0, times={"ry": 0.2, "cx": 0.3, ("cx", (2, 0)): 0.7, ("h", (0,)): 0.0, "h": 0.1}, excited=0.1
        )
        .relax(t2=2.0, wires=2)
        .readout([[0.95, 0.05], [0.1, 0.9]])
        .readout(np.random.default_rng(2).dirichlet(np.ones(4), 4), wires=(2, 0))
    )


def test_our_model_does_the_same_in_aer() -> None:
    circuit = crossed().unitary(random_unitary(np.random.default_rng(0), 4), 2, 0)
    same(circuit, our_model(), to_aer(our_model(), 3), 1e-12)


def test_our_model_comes_back_the_same() -> None:
    noise = our_model()
    made = to_aer(noise, 3)
    back = from_aer(made)
    compare_models(to_aer(back, 3), made)
    assert {r.wires: r.matrix for r in back.confusion(range(3))} == {
        r.wires: r.matrix for r in noise.confusion(range(3))
    }
    circuit = crossed()
    one, other = (qdl.density(m.apply(circuit), engine="density", dtype=torch.float64) for m in (noise, back))
    np.testing.assert_allclose(one, other, atol=1e-12)


def test_weak_noise_is_not_lost() -> None:
    noise = NoiseModel().add("amplitude_damping", 1e-9, gates="x").add("rx", 1e-6, gates="cx", wires=(1, 0), on=0)
    noise.readout([[1 - 1e-13, 1e-13], [0.0, 1.0]]).readout([[1 - 1e-14, 1e-14], [0.0, 1.0]], wires=1)
    made = to_aer(noise, 2)
    for name, place in (("x", None), ("cx", (1, 0))):
        table = made._default_quantum_errors if place is None else made._local_quantum_errors[name]
        found = of_error(table[name if place is None else place])
        op, *rest = noise.apply(Circuit(2).gate(name, *(place or (0,)))).operations
        expected = superoperator(
            [(o.gate, o.angles, tuple(op.wires.index(w) for w in o.wires)) for o in rest], op.gate.wires
        )
        assert np.abs(expected - np.eye(len(expected))).max() > 1e-10
        np.testing.assert_allclose(found, expected, atol=1e-15)
    again = from_aer(made)
    assert [rule.matrix for rule in again.confusion(range(2))] == [rule.matrix for rule in noise.confusion(range(2))]


def counts(made: QuantumCircuit, model: Any) -> dict[str, int]:
    return (
        AerSimulator(noise_model=model, max_parallel_threads=1)
        .run(made, shots=20, seed_simulator=1)
        .result()
        .get_counts()
    )


def test_readout_errors_flip_the_same_bits_in_aer() -> None:
    zero, one = [1.0, 0.0], [0.0, 1.0]
    made = QuantumCircuit(2, 2)
    made.x(0)
    made.measure([0, 1], [0, 1])
    noise = NoiseModel().readout([zero, zero], wires=0).readout([one, one], wires=1)  # always 0, always 1
    assert counts(made, to_aer(noise, 2)) == {"10": 20}


def test_joint_readout_errors_keep_the_order_of_their_wires() -> None:
    swap = np.eye(4)[[0, 1, 3, 2]]  # where the first wire is 1, the second is read wrongly
    model = to_aer(NoiseModel().readout(swap, wires=(2, 0)), 3)
    for ones, expected in (([2], "101"), ([0], "001"), ([0, 2], "100")):
        made = QuantumCircuit(3, 3)
        made.x(ones)
        made.append(Instruction("measure", 2, 2, []), [2, 0], [2, 0])
        assert counts(made, model) == {expected: 20}
    (back,) = from_aer(model).confusion(2)
    assert back.wires == (2, 0)
    np.testing.assert_array_equal(back.matrix, swap)


def test_names_that_only_one_side_has() -> None:
    made = aer.NoiseModel()
    made.add_all_qubit_quantum_error(aer.pauli_error([("X", 0.1), ("I", 0.9)]), "noisy_x")
    made.add_all_qubit_quantum_error(aer.depolarizing_error(0.1, 4), "mcx")
    noise = from_aer(made)
    mine = unitary(np.array([[0, 1], [1, 0]]), "noisy_x")
    assert [op.gate.name for op in noise.apply(Circuit(1).gate(mine, 0)).operations] == ["noisy_x", "pauli"]
    assert [op.gate.name for op in noise.apply(Circuit(4).c3x(0, 1, 2, 3)).operations] == ["c3x", "depolarizing"]
    assert set(to_aer(noise, 4)._default_quantum_errors) == {"noisy_x", "mcx", "c3x"}


def wide_model() -> Any:
    made = aer.NoiseModel()
    made.add_all_qubit_quantum_error(aer.pauli_error([("XXXXX", 0.1), ("IIIII", 0.9)]), "wide")
    return made


def overlapping_model() -> Any:
    made = aer.NoiseModel()
    made.add_readout_error(np.full((4, 4), 0.25), [0, 1])
    made.add_readout_error(np.full((2, 2), 0.5), [1])
    return made


def passing_model() -> Any:
    made = aer.NoiseModel()
    made._custom_noise_passes.append(aer.RelaxationNoisePass([1.0], [1.0]))
    return made


def two_widths() -> NoiseModel:
    return NoiseModel().add("bit_flip", 0.1, gates=("c3x", "c4x"), on=1)


LOSSES: dict[str, tuple[Callable[..., Any], str]] = {
    "wide": (lambda **strict: from_aer(wide_model(), **strict), "the error of 'wide' on 5 qubits"),
    "overlap": (lambda **strict: from_aer(overlapping_model(), **strict), "the readout error of qubits [0, 1]"),
    "pass": (lambda **strict: from_aer(passing_model(), **strict), "the noise pass RelaxationNoisePass"),
    "idle": (lambda **strict: to_aer(NoiseModel().relax(t1=1.0, idle=True), 2, **strict), "decay of waiting wires"),
    "relative": (lambda **strict: to_aer(NoiseModel().over_rotation("rx", 0.1), 2, **strict), "the turn of 'rx'"),
    "composite": (
        lambda **strict: to_aer(NoiseModel().over_rotation("u", absolute=0.1, angle="phi"), 2, **strict),
        "the turn of 'u'",
    ),
    "two widths": (lambda **strict: to_aer(two_widths(), 5, **strict), "a second error for every 'mcx'"),
}


@pytest.mark.parametrize("case", LOSSES)
def test_what_the_other_side_cannot_hold_is_refused_or_named(case: str) -> None:
    call, says = LOSSES[case]
    with pytest.raises(UnsupportedError) as caught:
        call()
    assert says in str(caught.value)
    with pytest.warns(UserWarning, match="left out") as warned:
        call(strict=False)
    assert len(warned) == 1
    assert says in str(warned[0].message)


def test_params_are_bound_before_they_go_to_aer() -> None:
    noise = NoiseModel().add("bit_flip", Param("p"), gates="x")
    with pytest.raises(CircuitError, match=r"got p; give them values first: noise.bind"):
        to_aer(noise, 1)
    made = to_aer(noise.bind({"p": [0.25]}), 1)
    same(Circuit(1).x(0), NoiseModel().add("bit_flip", 0.25), made, 1e-15)


def test_nothing_is_said_where_nothing_is_lost() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        to_aer(from_aer(aer_model()), 3)
        from_backend(device(), strict=False)


def test_models_know_their_adapters() -> None:
    backend = GenericBackendV2(2, seed=1)
    noise = NoiseModel.from_backend(backend, temperature=20.0)
    assert noise == from_backend(backend, temperature=20.0)
    made = noise.to_aer(2)
    assert NoiseModel.from_aer(made) == from_aer(made)
    with pytest.raises(QdlError):
        NoiseModel.from_backend("manila")
