"""MindQuantum: values and gradients of a batch in one call, spread over workers, in complex64.

Recipe: https://www.mindspore.cn/mindquantum/docs/en/master/advanced/get_gradient_of_PQC_with_mindquantum.html
(``get_expectation_with_grad`` with encoder and ansatz and ``parallel_worker``). It returns the gradient of every
observable, of which the weighted sum is taken here. Its qubit 0 is the least significant.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["mindquantum", "numpy"]


class Peer:
    def __init__(self, job: dict[str, Any]) -> None:
        import mindquantum as mq
        from mindquantum.core.circuit import Circuit
        from mindquantum.core.operators import Hamiltonian, QubitOperator
        from mindquantum.simulator import Simulator

        self.job, self.wires, self.circuit = job, job["wires"], Circuit()
        self.sampled = [name for name, about in job["values"].items() if about["sampled"]]
        for gate in job["gates"]:
            self.circuit += self._gate(*gate)
        self.simulator = Simulator("mqvector", self.wires, dtype=mq.complex64)
        if job["ask"] == "state":
            return
        self.encoder = [self._entry(name) for name in self.circuit.encoder_params_name]
        self.ansatz = [self._entry(name) for name in self.circuit.ansatz_params_name]
        read = [Hamiltonian(QubitOperator(f"Z{self.wires - 1 - w}"), dtype=mq.complex64) for w in job["read"]]
        self.run = self.simulator.get_expectation_with_grad(read, self.circuit, parallel_worker=job["threads"])

    def _gate(self, name: str, wires: list[int], angles: list[Any]) -> Any:
        from mindquantum.core import gates
        from mindquantum.core.circuit import Circuit
        from mindquantum.core.parameterresolver import ParameterResolver

        *controls, place = [self.wires - 1 - wire for wire in wires]
        if not angles:
            if name == "swap":
                return Circuit([gates.SWAP.on([place, *controls])])
            return Circuit([{"h": gates.H, "x": gates.X, "cx": gates.X}[name].on(place, controls or None)])
        kind = {"rx": gates.RX, "ry": gates.RY, "rz": gates.RZ, "cp": gates.PhaseShift}.get(name) or {
            "crx": gates.RX, "crz": gates.RZ,
        }[name]  # fmt: skip
        (a,) = angles
        angle = a if isinstance(a, float) else ParameterResolver({f"{a[0]}.{a[1]}": a[2]}, a[3])
        circuit = Circuit([kind(angle).on(place, controls or None)])
        return circuit.as_encoder() if not isinstance(a, float) and a[0] in self.sampled else circuit

    def _entry(self, name: str) -> tuple[str, int]:
        param, index = name.split(".")
        return param, int(index)

    def prepare(self, values: dict[str, Any]) -> Any:
        import numpy as np

        if self.job["ask"] == "state":
            return {f"{name}.{i}": float(v) for name in self.job["values"] for i, v in enumerate(values[name])}
        ansatz = np.array([values[name][index] for name, index in self.ansatz], dtype=np.float64)
        encoder = [values[name][:, index] for name, index in self.encoder]
        inputs = (np.stack(encoder, 1).astype(np.float64), ansatz) if encoder else (ansatz,)
        return inputs, values["weights"].reshape(-1, len(self.job["read"]))

    def step(self, prepared: Any) -> Any:
        if self.job["ask"] == "state":
            self.simulator.reset()
            self.simulator.apply_circuit(self.circuit, prepared)
            return {"state": self.simulator.get_qs()}
        import numpy as np

        inputs, weights = prepared
        read, *slopes = self.run(*inputs)
        each = np.einsum("bo,bop->bp", weights, slopes[0].real) if self.encoder else None
        shared = np.einsum("bo,bop->p", weights, slopes[-1].real)
        return {"values": read.real, "each": each, "shared": shared}

    def arrays(self, result: Any) -> dict[str, Any]:
        import numpy as np

        if "state" in result:
            return {"state": np.asarray(result["state"])}
        found = {"values": result["values"].reshape(self.job["outputs"])}
        for name, about in self.job["values"].items():
            found[f"d {name}"] = np.zeros(about["shape"])
        for column, (name, index) in enumerate(self.encoder):
            found[f"d {name}"][:, index] = result["each"][:, column]
        for column, (name, index) in enumerate(self.ansatz):
            found[f"d {name}"][index] = result["shared"][column]
        return found
