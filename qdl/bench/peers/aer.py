"""Qiskit Aer: the full state with gate fusion, or the mean of noisy trajectories. It computes no gradients.

Recipe: https://qiskit.github.io/qiskit-aer/stubs/qiskit_aer.AerSimulator.html (method "statevector", fusion, a circuit
whose parameters are bound for each run, ``save_statevector`` in single precision). A trajectory is a shot, its noise a
model after https://qiskit.github.io/qiskit-aer/tutorials/3_building_noise_models.html, in double precision, which is as
quick. What suits a noisy circuit is tried at set-up: fusion by default or always, and Z saved as expectation values or
read off saved probabilities. Its qubit 0 is the least significant.
"""

from __future__ import annotations

import time
from itertools import product
from typing import Any

PACKAGES = ["qiskit-aer", "qiskit", "numpy"]
FUSION: tuple[dict[str, Any], ...] = ({}, {"fusion_threshold": 1})
TRIES = 3


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        from qiskit.circuit import ParameterVector

        self.job, self.shots = job, job["trajectories"] or 1
        self.params = {name: ParameterVector(name, about["shape"][-1]) for name, about in job["values"].items()}
        if job["ask"] == "state":
            self.precision = "complex64"
            self.simulator, self.circuit = self._made("statevector", precision="single", fusion_enable=True)
        elif job["ask"] == "values" and job["trajectories"]:
            self.precision = "complex128"
            self.simulator, self.circuit = self._quickest()
        else:
            raise NotImplementedError("Aer computes no gradients")

    def _made(self, save: str, **options: Any) -> tuple[Any, Any]:
        """A simulator, and a circuit that saves what is asked for."""
        from qiskit import QuantumCircuit
        from qiskit.quantum_info import Pauli
        from qiskit_aer import AerSimulator

        job = self.job
        simulator = AerSimulator(
            method="statevector", max_parallel_threads=job["threads"], noise_model=self._noise(), **options
        )
        circuit = QuantumCircuit(job["wires"])
        for name, wires, angles, _ in steps(job["gates"]):
            getattr(circuit, name)(*map(self._angle, angles), *map(self._qubit, wires))
        if save == "values":
            for wire in job["read"]:
                circuit.save_expectation_value(Pauli("Z"), [self._qubit(wire)], label=f"z{wire}")
        else:
            getattr(circuit, f"save_{save}")()
        return simulator, circuit

    def _qubit(self, wire: int) -> int:
        return int(self.job["wires"]) - 1 - wire

    def _angle(self, a: Any) -> Any:
        return a if isinstance(a, float) else a[2] * self.params[a[0]][a[1]] + a[3]

    def _noise(self) -> Any:
        """What follows the gates of each name, as a noise model."""
        found: dict[str, Any] = {}
        for name, wires, _, noise in steps(self.job["gates"]):
            if found.setdefault(name, (len(wires), noise)) != (len(wires), noise):
                raise NotImplementedError("gates of one name with different noise")
        from qiskit_aer.noise import NoiseModel

        model = NoiseModel()
        for name, (count, noise) in found.items():
            if noise:
                model.add_all_qubit_quantum_error(error(count, noise), name)
        return model if any(noise for _, noise in found.values()) else None

    def _quickest(self) -> tuple[Any, Any]:
        """The best of what can be chosen, at some angles."""
        angles = {param: [0.7 * i + 0.1] for params in self.params.values() for i, param in enumerate(params)}
        seconds: list[float] = []
        made = [self._made(save, **fusion) for save, fusion in product(("values", "probabilities"), FUSION)]
        for simulator, circuit in made:
            times = []
            for seed in range(TRIES):
                start = time.perf_counter()
                simulator.run(circuit, parameter_binds=[angles], shots=self.shots, seed_simulator=seed).result()
                times.append(time.perf_counter() - start)
            seconds.append(min(times))
        return made[seconds.index(min(seconds))]

    def prepare(self, values: dict[str, Any]) -> Any:
        binds = {self.params[name][i]: [float(v)] for name in self.params for i, v in enumerate(values[name])}
        return binds, int(values.get("seed", 0))

    def step(self, prepared: Any) -> Any:
        binds, seed = prepared
        run = self.simulator.run(self.circuit, parameter_binds=[binds], shots=self.shots, seed_simulator=seed)
        result = run.result()
        if not result.success:
            raise RuntimeError(result.status)
        return result.data(0)

    def arrays(self, result: Any) -> dict[str, Any]:
        import numpy as np

        if "statevector" in result:
            return {"state": np.asarray(result["statevector"])}
        if "probabilities" in result:
            tensor = np.asarray(result["probabilities"]).reshape([2] * self.job["wires"])
            bits = (np.moveaxis(tensor, wire, 0).reshape(2, -1).sum(1) for wire in self.job["read"])
            return {"values": np.array([p[0] - p[1] for p in bits])}
        return {"values": np.array([result[f"z{wire}"] for wire in self.job["read"]])}


def steps(gates: list[Any]) -> list[list[Any]]:
    """The gates of a job, each with the channels that follow it: name, wires, angles, [(channel, place, strength)]."""
    found: list[list[Any]] = []
    for name, wires, angles in gates:
        if name not in ("depolarizing", "amplitude_damping"):
            found.append([name, wires, angles, []])
        elif not found or wires[0] not in found[-1][1] or not isinstance(angles[0], float):
            raise NotImplementedError("noise that no noise model describes")
        else:
            found[-1][3].append((name, found[-1][1].index(wires[0]), angles[0]))
    return found


def error(wires: int, noise: list[Any]) -> Any:
    """Channels as one error of so many wires; the first wire is the least significant."""
    from functools import reduce

    from qiskit_aer.noise import amplitude_damping_error, pauli_error

    made = {
        "depolarizing": lambda p: pauli_error([("I", 1 - p), *((letter, p / 3) for letter in "XYZ")]),
        "amplitude_damping": amplitude_damping_error,
    }
    each = [[made[name](strength) for name, at, strength in noise if at == place] for place in range(wires)]
    ones = [reduce(lambda a, b: a.compose(b), errors) if errors else pauli_error([("I", 1.0)]) for errors in each]
    return reduce(lambda low, high: high.tensor(low), ones)
