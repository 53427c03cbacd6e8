"""Conversion of circuits and observables between qdl and PennyLane."""

from __future__ import annotations

from qdl.adapters.pennylane.convert_in import from_pennylane
from qdl.adapters.pennylane.convert_observables import from_observable, to_observable
from qdl.adapters.pennylane.convert_out import QuantumFunction, to_pennylane

__all__ = ["QuantumFunction", "from_observable", "from_pennylane", "to_observable", "to_pennylane"]
