"""Noisy circuits in Aer and PennyLane, channel by channel, without qdl's own converters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pennylane as qml
from qiskit import QuantumCircuit
from qiskit.circuit.library import UnitaryGate
from qiskit.quantum_info import Kraus, Operator
from qiskit_aer import AerSimulator
from qiskit_aer.noise import (
    amplitude_damping_error,
    depolarizing_error,
    pauli_error,
    phase_damping_error,
    reset_error,
    thermal_relaxation_error,
)

from tests import noisy_oracle
from tests.oracle import number
from tests.peers import PENNYLANE, flip, qiskit_gate

Values = Mapping[str, Sequence[float]]


def _words(wires: int) -> list[str]:
    from itertools import product

    return ["".join(letters) for letters in product("IXYZ", repeat=wires)]


def _pauli(wires: int, strengths: Sequence[float]) -> Any:
    """Qiskit's labels have the first wire on the right."""
    chances = [1 - sum(strengths), *strengths]
    return pauli_error([(word[::-1], max(p, 0.0)) for word, p in zip(_words(wires), chances, strict=True)])


AER: dict[str, Callable[..., Any]] = {
    "delay": lambda time: pauli_error([("I", 1)]),
    "bit_flip": lambda p: pauli_error([("X", p), ("I", 1 - p)]),
    "phase_flip": lambda p: pauli_error([("Z", p), ("I", 1 - p)]),
    "bit_phase_flip": lambda p: pauli_error([("Y", p), ("I", 1 - p)]),
    "amplitude_damping": amplitude_damping_error,
    "generalized_amplitude_damping": amplitude_damping_error,
    "phase_damping": phase_damping_error,
    "thermal_relaxation": lambda t1, t2, time, excited: thermal_relaxation_error(t1, t2, time, excited),
    "reset_error": reset_error,
}


def aer_error(op: Any, strengths: Sequence[float]) -> Any:
    """The channel as one of Aer's own errors, or as Kraus operators where it has none."""
    name, wires = op.gate.name, op.gate.wires
    if name == "depolarizing":
        most = 4**wires / (4**wires - 1)
        return depolarizing_error(min(strengths[0] * most, most), wires)
    if name == "pauli":
        return _pauli(wires, strengths)
    if name == "kraus":
        return Kraus([flip(m) for m in noisy_oracle.kraus(op.gate, strengths)])
    return AER[name](*strengths)


def aer_circuit(circuit: Any, values: Values) -> QuantumCircuit:
    """The noisy circuit in Qiskit, qubit i being wire i; without measurement."""
    made = QuantumCircuit(circuit.wires)
    for op in circuit.operations:
        plain = [number(angle, values) for angle in op.angles]
        if op.gate.name == "reset":
            made.reset(op.wires[0])
        elif op.gate.name in noisy_oracle.KRAUS or op.gate.name in ("depolarizing", "pauli", "kraus"):
            error = aer_error(op, plain)
            made.append(error if isinstance(error, Kraus) else error.to_instruction(), list(op.wires))
        else:
            # As a matrix, since Aer does not know every gate by its name.
            made.append(UnitaryGate(Operator(qiskit_gate(op.gate, plain)), check_input=False), list(op.wires))
    return made


@cache
def aer() -> AerSimulator:
    return AerSimulator(method="density_matrix", max_parallel_threads=1, fusion_enable=False)


def aer_density(circuits: Sequence[QuantumCircuit]) -> list[Any]:
    """Aer's density matrices, in our order of index bits."""
    for circuit in circuits:
        circuit.save_density_matrix()
    result = aer().run(list(circuits)).result()
    return [flip(np.asarray(result.data(k)["density_matrix"])) for k in range(len(circuits))]


MIXED: dict[str, Callable[..., Any]] = {
    "bit_flip": qml.BitFlip,
    "phase_flip": qml.PhaseFlip,
    "amplitude_damping": qml.AmplitudeDamping,
    "generalized_amplitude_damping": qml.GeneralizedAmplitudeDamping,
    "phase_damping": qml.PhaseDamping,
    "thermal_relaxation": lambda t1, t2, time, excited, wires: qml.ThermalRelaxationError(excited, t1, t2, time, wires),
    "reset_error": qml.ResetError,
}


def mixed_density(circuit: Any, values: Values) -> Any:
    """default.mixed's density matrix."""
    made = []
    for op in circuit.operations:
        plain, name = [number(angle, values) for angle in op.angles], op.gate.name
        wires = list(op.wires)
        # PennyLane adds 1e-14 under its roots, which is 1e-7 where a strength is exactly 0 or 1: Kraus operators there.
        if name in MIXED and not {0.0, 1.0} & set(plain):
            made.append(MIXED[name](*plain, wires=wires[0]))
        elif name == "depolarizing" and len(wires) == 1:
            made.append(qml.DepolarizingChannel(plain[0], wires[0]))
        elif name in noisy_oracle.KRAUS or name in ("depolarizing", "pauli", "kraus"):
            made.append(qml.QubitChannel(noisy_oracle.kraus(op.gate, plain), wires=wires))
        else:
            made.append(PENNYLANE[name](*plain, wires=wires))
    tape = qml.tape.QuantumScript(made, [qml.density_matrix(list(range(circuit.wires)))])
    return qml.execute([tape], qml.device("default.mixed", wires=circuit.wires), diff_method=None)[0]
