"""PennyLane's default.qubit: the batch by parameter broadcasting, gradients by backpropagation, compiled by JAX.

Recipe: https://pennylane.ai/qml/demos/tutorial_jax_transformations (``jax.jit`` around the gradient of a QNode) and
https://docs.pennylane.ai/en/stable/introduction/circuits.html#parameter-broadcasting-in-qnodes. JAX's default is single
precision, and the device follows it. It compiles for minutes where `default_qubit` starts at once.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

HERE = Path(__file__)  # no folder of peers is ever on the path
apply = runpy.run_path(str(HERE.with_name("lightning.py")))["apply"]
Compiled: Any = runpy.run_path(str(HERE.with_name("tensorcircuit.py")))["Compiled"]
PACKAGES = ["pennylane", "jax", "numpy"]


class Peer(Compiled):
    def __init__(self, job: dict[str, Any]) -> None:
        import jax
        import pennylane as qml

        self.jax, self.qml, self.job, self.names = jax, qml, job, list(job["values"])
        device = qml.device("default.qubit", wires=job["wires"])
        node = qml.QNode(self._read, device, interface="jax", diff_method="backprop")

        def loss(values: dict[str, Any], weights: Any) -> Any:
            read = jax.numpy.stack(node(values), -1)
            return (weights * read).sum(), read

        def run(values: dict[str, Any], weights: Any) -> dict[str, Any]:
            (_, read), found = jax.value_and_grad(loss, has_aux=True)(values, weights)
            return {"values": read, **{f"d {name}": found[name] for name in self.names}}

        self.run = jax.jit(run)

    def _read(self, values: dict[str, Any]) -> Any:
        apply(self.qml, self.job["gates"], values)
        return [self.qml.expval(self.qml.Z(wire)) for wire in self.job["read"]]
