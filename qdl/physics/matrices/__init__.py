"""Matrices: functions of a Hermitian one, with derivatives, and sums of Pauli words."""
