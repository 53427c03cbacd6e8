"""The script of `estimator_qnn` on Qiskit's StatevectorEstimator."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

Base: Any = runpy.run_path(str(Path(__file__).with_name("estimator_qnn.py")))["Peer"]  # no folder of peers is on a path
PACKAGES = ["qiskit-machine-learning", "qiskit", "torch", "numpy"]


class Peer(Base):
    def estimator(self) -> Any:
        from qiskit.primitives import StatevectorEstimator

        return StatevectorEstimator()
