"""PennyLane's default.mixed: density matrices, the batch by vmap, gradients by backpropagation, compiled by JAX.

Recipe: https://pennylane.ai/qml/demos/tutorial_jax_transformations (``jax.vmap`` over a QNode, ``jax.jit`` around the
gradient). JAX's default is single precision, and the device follows it. vmap takes a third of broadcasting's time. Z is
read as `default_mixed` reads it.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

HERE = Path(__file__)  # no folder of peers is ever on the path
apply = runpy.run_path(str(HERE.with_name("lightning.py")))["apply"]
signs = runpy.run_path(str(HERE.with_name("default_mixed.py")))["signs"]
Compiled: Any = runpy.run_path(str(HERE.with_name("tensorcircuit.py")))["Compiled"]
PACKAGES = ["pennylane", "jax", "numpy"]


class Peer(Compiled):
    def __init__(self, job: dict[str, Any]) -> None:
        import jax
        import pennylane as qml

        self.jax, self.qml, self.job, self.names = jax, qml, job, list(job["values"])
        device = qml.device("default.mixed", wires=job["wires"])
        node, columns = qml.QNode(self._density, device, interface="jax", diff_method="backprop"), signs(job)

        def one(values: dict[str, Any]) -> Any:
            return jax.numpy.diagonal(node(values)).real @ columns

        sampled = {name: 0 if about["sampled"] else None for name, about in job["values"].items()}
        batch = one if job["batch"] is None else jax.vmap(one, in_axes=(sampled,))

        def loss(values: dict[str, Any], weights: Any) -> Any:
            read = batch(values)
            return (weights * read).sum(), read

        def run(values: dict[str, Any], weights: Any) -> dict[str, Any]:
            (_, read), found = jax.value_and_grad(loss, has_aux=True)(values, weights)
            return {"values": read, **{f"d {name}": found[name] for name in self.names}}

        self.run = jax.jit(run)

    def _density(self, values: dict[str, Any]) -> Any:
        apply(self.qml, self.job["gates"], values)
        return self.qml.density_matrix(wires=range(self.job["wires"]))
