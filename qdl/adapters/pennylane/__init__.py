"""PennyLane: devices, conversion of circuits, and any PennyLane device as an engine."""
