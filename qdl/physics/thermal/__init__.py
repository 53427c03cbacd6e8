"""Thermal averages: Gibbs states and Boltzmann machines (PHYSICS.md A9, A10)."""
