"""Qiskit and Aer."""

from __future__ import annotations

from qdl.registry import face

_HOME = {
    "QdlBackend": "backend",
    "Estimator": "estimator",
    "Sampler": "sampler",
    "EstimatorGradient": "gradient",
    "from_qiskit": "convert.from_circuit",
    "to_qiskit": "convert.to_circuit",
    "from_sparse_pauli_op": "convert.observables",
    "to_sparse_pauli_op": "convert.observables",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = face(__name__, _HOME)
