"""Qiskit and Aer."""

from __future__ import annotations

from importlib import import_module
from typing import Any

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


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"qdl.adapters.qiskit.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
