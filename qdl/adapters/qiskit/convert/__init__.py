"""Circuits, parameters and observables from Qiskit and to Qiskit; qubit i is wire i."""
