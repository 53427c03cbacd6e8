"""Boltzmann machines: restricted, quantum, and what their partition functions weigh (PHYSICS.md A9, A10)."""
