"""Matrices of gates: Pauli letters, Kronecker products, gates inside a register."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError

Matrix = NDArray[np.complex128]

PAULI: dict[str, Matrix] = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]).astype(complex),
}


def kron(*matrices: Matrix) -> Matrix:
    """The Kronecker product, the first factor being the most significant."""
    out = np.eye(1, dtype=complex)
    for matrix in matrices:
        out = np.kron(out, matrix)
    return out


def pauli_string(letters: str) -> Matrix:
    """The matrix of a Pauli string, the first letter on the most significant wire."""
    return kron(*(PAULI[letter] for letter in letters))


def embed(matrix: Matrix, positions: Sequence[int], wires: int) -> Matrix:
    """The matrix of a gate on `positions` (most significant first) inside a register of `wires` wires."""
    rest = [w for w in range(wires) if w not in positions]
    if not wires:
        return matrix.reshape(1, 1)
    whole: Matrix = np.asarray(np.kron(matrix, np.eye(2 ** len(rest))), dtype=complex)
    order = np.argsort([*positions, *rest])
    tensor = whole.reshape((2,) * (2 * wires)).transpose([*order, *(order + wires)])
    return tensor.reshape(2**wires, 2**wires)


def constant_matrix(value: object) -> Matrix:
    """A user's matrix as finite complex numbers; refused if it is not made of plain numbers."""
    if getattr(value, "requires_grad", False):
        remedy = "detach it, or use a gate with a Param"
        raise CircuitError("a matrix in a circuit is constant", got="a tensor with requires_grad", do=remedy)
    try:
        array = np.asarray(value, dtype=complex).copy()
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise CircuitError("this is no matrix of numbers", got=f"{type(value).__name__} ({error})"[:120]) from None
    if not np.isfinite(array).all():
        raise CircuitError("a matrix must be finite", got="NaN or infinity among the entries")
    return array


def wires_of(matrix: Matrix) -> int:
    size = matrix.shape[0] if matrix.ndim == 2 else 0
    if matrix.ndim != 2 or matrix.shape != (size, size) or size < 1 or size & (size - 1):
        raise CircuitError("a gate's matrix must be square of size 2**k", got=f"shape {matrix.shape}")
    return size.bit_length() - 1
