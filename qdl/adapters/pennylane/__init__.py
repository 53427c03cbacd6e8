"""PennyLane: devices, conversion of circuits, and any PennyLane device as an engine."""

from __future__ import annotations

from qdl.registry import face

_HOME = {
    "PennyLane": "engine",
    "QuantumFunction": "convert",
    "from_observable": "convert",
    "from_pennylane": "convert",
    "to_observable": "convert",
    "to_pennylane": "convert",
}

__all__ = sorted(_HOME)
__getattr__, __dir__ = face(__name__, _HOME)
