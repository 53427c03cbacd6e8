"""The circuits of MQT Bench, read from Qiskit, give what Aer gives, and their mirror circuits give zeros.

A. Quetschlich, L. Burgholzer, R. Wille, MQT Bench, Quantum 7, 1062 (2023). Each family that can be built at 8 and at 12
qubits, at the algorithm and the device-independent level. Aer only samples what depends on measured bits; such circuits
are compared with an exact sum over all branches.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit, transpile
from qiskit_aer import AerSimulator

import qdl
from qdl.adapters.qiskit.convert.names import bit_names
from tests.adapters.qiskit_branches import distribution

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mqt.bench import get_benchmark_alg, get_benchmark_indep
    from mqt.bench.benchmarks import get_available_benchmark_names

LEVELS = {"alg": get_benchmark_alg, "indep": get_benchmark_indep}
DYNAMIC = {"dynamic_qft", "ghz_dynamic", "iqpe"}
NEVER = (  # at 8 and 12 qubits
    "half_adder",
    "hrs_cumulative_multiplier",
    "seven_qubit_steane_code",
    "shor",
    "shors_nine_qubit_code",
    "vbe_ripple_carry_adder",
)
NAMES = [name for name in get_available_benchmark_names() if name not in NEVER]
FEW = ["ae", "ghz", "qftentangled", "randomcircuit", "wstate"]
CLOSE = 1e-6


def built(name: str, level: str, qubits: int, mirror: bool = False) -> QuantumCircuit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return LEVELS[level](name, qubits, generate_mirror_circuit=mirror)


def ours(circuit: QuantumCircuit) -> tuple[list[str], Any]:
    """The names of the measured bits, all qubits if there are none, and their probabilities."""
    read = qdl.Circuit.from_qiskit(circuit)
    wanted = list(read.bits) or list(range(read.wires))
    return wanted, qdl.probs(read, wires=wanted, dtype=torch.float64).numpy()


def by_aer(circuit: QuantumCircuit, wanted: list[Any]) -> Any:
    """The probabilities of bits that are measured at the end, or of qubits, from Aer's state vector."""
    names, place = bit_names(circuit), {}
    plain = circuit.copy_empty_like()
    for instruction in circuit.data:
        if instruction.name == "measure":
            bit = circuit.find_bit(instruction.clbits[0]).index
            place[names[bit]] = circuit.find_bit(instruction.qubits[0]).index
        else:
            plain.append(instruction)
    simulator = AerSimulator(method="statevector")
    ready = transpile(plain, simulator, optimization_level=0)
    ready.save_statevector()
    amplitudes = np.asarray(simulator.run(ready).result().get_statevector())
    cube = (np.abs(amplitudes) ** 2).reshape((2,) * circuit.num_qubits).transpose()  # qubit 0 first
    axes = [place.get(name, name) for name in wanted]
    rest = tuple(axis for axis in range(cube.ndim) if axis not in axes)
    return cube.sum(rest).transpose(np.argsort(np.argsort(axes))).reshape(-1)


def by_branches(circuit: QuantumCircuit, wanted: list[str]) -> Any:
    names = bit_names(circuit)
    expected = np.zeros(2 ** len(wanted))
    for bits, p in distribution(circuit).items():
        digits = dict(zip(names, map(str, bits), strict=True))
        expected[int("".join(digits[name] for name in wanted), 2)] += p
    return expected


def check(name: str, level: str, qubits: int) -> None:
    circuit = built(name, level, qubits)
    wanted, found = ours(circuit)
    expected = by_branches(circuit, wanted) if name in DYNAMIC else by_aer(circuit, wanted)
    assert abs(expected.sum() - 1) < CLOSE
    assert np.abs(found - expected).sum() / 2 < CLOSE


def check_mirror(name: str, level: str, qubits: int) -> None:
    _, found = ours(built(name, level, qubits, mirror=True))
    assert found[0] > 1 - CLOSE


@pytest.mark.parametrize("name", FEW)
def test_probabilities_are_those_of_aer(name: str) -> None:
    check(name, "alg", 8)


def test_feedback_gives_what_all_branches_give() -> None:
    check("iqpe", "alg", 6)
    check("ghz_dynamic", "indep", 6)


@pytest.mark.parametrize("name", ["qftentangled", "vqe_su2"])
def test_mirror_circuits_give_zeros(name: str) -> None:
    check_mirror(name, "indep", 8)


@pytest.mark.slow
@pytest.mark.parametrize("qubits", [8, 12])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", NAMES)
def test_all_probabilities_are_those_of_aer(name: str, level: str, qubits: int) -> None:
    check(name, level, qubits)


@pytest.mark.slow
@pytest.mark.parametrize("qubits", [8, 12])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in DYNAMIC])
def test_all_mirror_circuits_give_zeros(name: str, level: str, qubits: int) -> None:
    check_mirror(name, level, qubits)


@pytest.mark.slow
@pytest.mark.parametrize("qubits", [8, 12])
@pytest.mark.parametrize("name", NEVER)
def test_what_is_left_out_cannot_be_built(name: str, qubits: int) -> None:
    with pytest.raises(ValueError, match="num_qubits|circuit_size"):
        built(name, "alg", qubits)
