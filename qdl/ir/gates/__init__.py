"""The gate table: one row per gate, from which matrix, inverse, derivative, shift rule and names follow.

Every row's matrix is a sum of constant matrices weighted by scalar *features* of its angles,

    U(angles) = sum_f phi_f(angles) E_f.

* `Fixed`: one feature, phi = 1, E = the matrix.
* `Exponential`: U(t) = exp(-itG). With G = sum_k l_k P_k (spectral decomposition) phi_k = exp(-i t l_k) and E_k = P_k.
* `Rotor`: U(v) = exp(-i v.sigma/2) = cos(|v|/2) I - i sin(|v|/2)/|v| v.sigma, so E = (I, X, Y, Z).
* `Composite`: a few applications of other rows, global phase included; it is expanded before anything is planned.

The engine needs nothing but features and constants; so a new gate is one row here. Wires are given most significant
first: the matrix of ``cx`` is |0><0| (x) I + |1><1| (x) X for wires (control, target).

References: names, angles and conventions are those of Qiskit's standard library (checked against it row by row in the
tests); the matrices are textbook facts.
"""

from __future__ import annotations

from qdl.ir.gates.kinds import TABLE, Composite, Exponential, Fixed, Gate, Prepare, Rotor, Step
from qdl.ir.gates.make import MAX_CONTROLLED, controlled, pauli_ladder, pauli_rotation, unitary
from qdl.ir.gates.matrices import PAULI, Matrix, constant_matrix, embed, kron, pauli_string
from qdl.ir.gates.parity import parity_images
from qdl.ir.gates.rows import gate

__all__ = [
    "MAX_CONTROLLED",
    "PAULI",
    "TABLE",
    "Composite",
    "Exponential",
    "Fixed",
    "Gate",
    "Matrix",
    "Prepare",
    "Rotor",
    "Step",
    "constant_matrix",
    "controlled",
    "embed",
    "gate",
    "kron",
    "parity_images",
    "pauli_ladder",
    "pauli_rotation",
    "pauli_string",
    "unitary",
]
