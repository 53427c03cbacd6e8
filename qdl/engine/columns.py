"""Reference kernels for states that are real and small: samples lie where the next block wants them.

A matrix that the batch shares acts on the view (left, D, right S) of states (2**n, S), whose long side is long for any
position; so no amplitude is moved. One matrix per sample wants its sample in one piece, (S, 2**n), as in
`qdl.engine.kernels`. Where the kind of blocks changes the states are transposed, once for all blocks of a kind.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.kernels import _axes, contiguous


class States(NamedTuple):
    """States of some samples: (2**n, S) where samples lie `last`, else (S, 2**n)."""

    data: Tensor
    last: bool

    @property
    def columns(self) -> Tensor:
        """(2**n, S)."""
        return self.data if self.last else _turned(self.data)

    @property
    def rows(self) -> Tensor:
        """(S, 2**n)."""
        return _turned(self.data) if self.last else self.data


def _turned(data: Tensor) -> Tensor:
    return data.reshape(data.shape[::-1]) if 1 in data.shape else data.mT.contiguous()


def apply(psi: States, matrix: Tensor, positions: tuple[int, ...], wires: int) -> States:
    """The matrix, (D, D) or one per sample (B, D, D), on the given positions of every state."""
    if matrix.dim() == 3:
        return States(kernels.apply(psi.rows, matrix, positions, wires), False)
    data = psi.columns
    if not contiguous(positions):
        front, back = _to_front(data, positions, wires)
        return States(_from_front((matrix @ front.flatten(1)).view(front.shape), back), True)
    return States(_middle(_split(data, positions, wires), matrix).view(data.shape), True)


def cross(lam: States, psi: States, positions: tuple[int, ...], wires: int, per_sample: bool) -> Tensor:
    """The gradient of a matrix, sum over all but the block of lam_i psi_j: (D, D), or (S, D, D) per sample."""
    if per_sample:
        return kernels.cross(lam.rows, psi.rows, positions, wires, True)
    one, other = lam.columns, psi.columns.expand(-1, lam.columns.shape[1])
    if not contiguous(positions):
        fronts = [_to_front(t, positions, wires)[0].flatten(1) for t in (one, other)]
        return fronts[0] @ fronts[1].mT
    views = [_split(t, positions, wires).flatten(2) for t in (one, other)]
    return torch.bmm(views[0], views[1].mT).sum(0)


def total(lam: States) -> States:
    """The sum over samples, as one sample."""
    return States(lam.data.sum(int(lam.last), keepdim=True), lam.last)


def _split(psi: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """The view (left, D, right, S)."""
    return psi.reshape(2 ** positions[0], 2 ** len(positions), 2 ** (wires - positions[-1] - 1), -1)


def _middle(view: Tensor, matrix: Tensor) -> Tensor:
    """The matrix on the second axis of (left, D, right, S)."""
    left, size, right, samples = view.shape
    flat = view.reshape(left, size, right * samples)
    if left == 1:
        return matrix @ flat[0]
    if right * samples == 1:
        return flat[..., 0] @ matrix.mT
    return torch.bmm(matrix.contiguous().expand(left, size, size), flat)


def _to_front(psi: Tensor, positions: tuple[int, ...], wires: int) -> tuple[Tensor, tuple[list[int], list[int]]]:
    """The state as (D, rest, S) with `positions` in front, and how to go back."""
    sizes, order, back = _axes(positions, wires)
    axes = [axis - 1 for axis in order[1:]]
    moved = psi.view(*sizes, -1).permute(*axes, len(sizes))
    shape = list(moved.shape)
    return moved.reshape(2 ** len(positions), -1, shape[-1]), (shape[:-1], [axis - 1 for axis in back[1:]])


def _from_front(front: Tensor, back: tuple[list[int], list[int]]) -> Tensor:
    sizes, order = back
    samples = front.shape[-1]
    return front.reshape(*sizes, samples).permute(*order, len(sizes)).reshape(-1, samples)
