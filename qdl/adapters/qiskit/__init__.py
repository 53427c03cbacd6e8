"""Qiskit and Aer."""
