"""Conversion of circuits and observables between qdl and PennyLane."""

from __future__ import annotations

from qdl.adapters.pennylane.convert_in import from_pennylane
from qdl.adapters.pennylane.convert_out import QuantumFunction, to_pennylane

__all__ = ["QuantumFunction", "from_pennylane", "to_pennylane"]
