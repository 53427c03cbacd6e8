"""PennyLane's default.mixed: density matrices, the batch by broadcasting, gradients by backpropagation. complex128.

Recipe: https://docs.pennylane.ai/en/stable/code/api/pennylane.devices.default_mixed.DefaultMixed.html and that of
`default_qubit`, with autograd; `default_mixed_jit` is the same under JAX. Z is read off the diagonal of the density
matrix: ``expval`` is no quicker, and its backpropagation gives NaN wherever a probability is exactly zero.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

Base: Any = runpy.run_path(str(Path(__file__).with_name("default_qubit.py")))["Peer"]  # no folder of peers is on a path
PACKAGES = ["pennylane", "autograd", "numpy"]


class Peer(Base):
    simulator = "default.mixed"
    node: Any

    def __init__(self, job: dict[str, Any]) -> None:
        from pennylane import numpy as tracked

        super().__init__(job)
        density, columns = self.node, signs(job).T

        def read(*values: Any) -> list[Any]:
            diagonal = tracked.diagonal(tracked.real(density(*values)), axis1=-1, axis2=-2)
            return [diagonal @ column for column in columns]

        self.node = read

    def _read(self, *values: Any) -> Any:
        self._gates(values)
        return self.qml.density_matrix(wires=range(self.job["wires"]))


def signs(job: dict[str, Any]) -> Any:
    """Z of each wire that is read, a column, in each basis state, a row; wire 0 is the most significant bit."""
    import numpy as np

    bits = np.arange(2 ** job["wires"])[:, None] >> (job["wires"] - 1 - np.array(job["read"])) & 1
    return 1.0 - 2.0 * bits
