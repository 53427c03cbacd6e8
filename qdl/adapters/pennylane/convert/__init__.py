"""Conversion of circuits and observables between qdl and PennyLane."""

from __future__ import annotations

from qdl.adapters.pennylane.convert.from_function import from_pennylane
from qdl.adapters.pennylane.convert.observables import from_observable, to_observable
from qdl.adapters.pennylane.convert.to_function import QuantumFunction, to_pennylane

__all__ = ["QuantumFunction", "from_observable", "from_pennylane", "to_observable", "to_pennylane"]
