"""Gates that turn products of Z's into products of Z's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qdl.ir.gates.kinds import Exponential, Fixed, Gate
from qdl.ir.gates.matrices import Matrix

WIDEST = 4  # wires of gates that are looked at


@lru_cache(maxsize=1024)
def parity_images(gate: Gate) -> tuple[tuple[int, ...], ...] | None:
    """For each wire i of a gate U, the wires whose product of Z's U^+ Z_i U is; None if one is no such product.

    Examples
    --------
    >>> from qdl.ir.gates import gate
    >>> parity_images(gate("cx"))
    ((0,), (0, 1))
    >>> parity_images(gate("rz"))
    ((0,),)
    >>> parity_images(gate("ry")) is None
    True
    """
    if gate.wires > WIDEST:
        return None
    if isinstance(gate, Exponential):
        off = gate.generator - np.diag(np.diag(gate.generator))
        return None if np.any(off) else tuple((k,) for k in range(gate.wires))
    if not isinstance(gate, Fixed):
        return None
    found = [_image(gate.matrix(), k, gate.wires) for k in range(gate.wires)]
    return None if any(image is None for image in found) else tuple(image for image in found if image is not None)


def _image(matrix: Matrix, wire: int, wires: int) -> tuple[int, ...] | None:
    """The wires whose product of Z's U^+ Z U is, Z being that of a wire, sign included."""
    turned = matrix.conj().T @ (_signs(1 << (wires - 1 - wire), wires)[:, None] * matrix)
    for mask in range(1, 2**wires):
        if np.allclose(turned, np.diag(_signs(mask, wires)), rtol=0, atol=1e-12):
            return tuple(k for k in range(wires) if mask >> (wires - 1 - k) & 1)
    return None


def _signs(mask: int, wires: int) -> Matrix:
    """The diagonal of a product of Z's."""
    return np.array([-1.0 if (index & mask).bit_count() % 2 else 1.0 for index in range(2**wires)])
