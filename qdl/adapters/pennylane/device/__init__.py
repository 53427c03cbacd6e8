"""qdl as a PennyLane device: ``qml.device("qdl.state")`` on state vectors, ``qml.device("qdl.density")`` on density
matrices.
"""

from __future__ import annotations

from qdl.adapters.pennylane.device.devices import QdlDensity, QdlState

__all__ = ["QdlDensity", "QdlState"]
