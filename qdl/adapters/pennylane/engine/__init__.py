"""Any PennyLane device as an engine: ``engine="pennylane:<device>"``, or a device itself."""

from __future__ import annotations

from qdl.adapters.pennylane.engine.remote import PennyLane

__all__ = ["PennyLane"]
