"""PennyLane: devices, conversion of circuits, and any PennyLane device as an engine."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "PennyLane": "engine",
    "QuantumFunction": "convert",
    "from_observable": "convert",
    "from_pennylane": "convert",
    "to_observable": "convert",
    "to_pennylane": "convert",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(f"qdl.adapters.pennylane.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
