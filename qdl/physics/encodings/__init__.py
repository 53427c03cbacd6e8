"""How an input becomes a quantum state: the angles of its gates, and the states that they leave (PHYSICS.md A2)."""
