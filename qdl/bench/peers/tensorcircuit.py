"""TensorCircuit-NG on JAX: one compiled function of the batch, by vmap, with values and gradients.

Recipe: https://tensorcircuit-ng.readthedocs.io/en/latest/quickstart.html (jit, vmap and value_and_grad over a circuit
that is built inside the function). The expectation values reuse one state, the default of ``expectation_ps``.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ["tensorcircuit-ng", "jax", "jaxlib", "numpy"]


class Compiled:
    """How a peer under JAX is asked: `run` of inputs and weights, ready before and after."""

    jax: Any
    run: Any

    def prepare(self, values: dict[str, Any]) -> Any:
        ready = {name: self.jax.numpy.asarray(array) for name, array in values.items()}
        self.jax.block_until_ready(ready)
        weights = ready.pop("weights")
        return ready, weights

    def step(self, prepared: Any) -> Any:
        return self.jax.block_until_ready(self.run(*prepared))


class Peer(Compiled):
    def __init__(self, job: dict[str, Any]) -> None:
        import jax
        import tensorcircuit as tc

        tc.set_backend("jax")
        tc.set_dtype("complex64")
        self.tc, self.jax, self.job, self.names = tc, jax, job, list(job["values"])
        sampled = tuple(0 if about["sampled"] else None for about in job["values"].values())

        if job["ask"] == "state":
            self.run = jax.jit(lambda values, weights: {"state": self._circuit(values).state()})
            return
        one = lambda *values: self._read(dict(zip(self.names, values, strict=True)))  # noqa: E731
        batch = jax.vmap(one, in_axes=sampled) if job["batch"] is not None else one

        def loss(values: Any, weights: Any) -> Any:
            read = batch(*(values[name] for name in self.names))
            return (weights * read).sum(), read

        def run(values: Any, weights: Any) -> Any:
            (_, read), found = jax.value_and_grad(loss, has_aux=True)(values, weights)
            return {"values": read, **{f"d {name}": found[name] for name in self.names}}

        self.run = jax.jit(run)

    def _circuit(self, values: Any) -> Any:
        circuit = self.tc.Circuit(self.job["wires"])
        for name, wires, angles in self.job["gates"]:
            name = {"cp": "cphase", "cx": "cnot"}.get(name, name)
            if angles:
                (a,) = angles
                theta = a if isinstance(a, float) else a[2] * values[a[0]][a[1]] + a[3]
                getattr(circuit, name)(*wires, theta=theta)
            else:
                getattr(circuit, name)(*wires)
        return circuit

    def _read(self, values: Any) -> Any:
        circuit = self._circuit(values)
        return self.jax.numpy.stack([circuit.expectation_ps(z=[wire]).real for wire in self.job["read"]])
