"""Reference kernels for states whose samples lie last, (2**n, S): one matrix on some index bits, and its gradient.

A shared matrix acts on the view (left, D, right S), whose long side is long for any position where there are samples;
so no amplitude is moved. The twins of `qdl.engine.kernels`, for states that are real and small.
"""

from __future__ import annotations

import torch
from torch import Tensor

from qdl.engine.kernels import _axes, contiguous

FEW = 4  # size of per-sample matrices up to which sums of products are quicker than moving samples to the front


def apply(psi: Tensor, matrix: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """The matrix on the given positions of every state.

    Parameters
    ----------
    psi : (2**n, S)
    matrix : (D, D), or (B, D, D) with one matrix per sample; S is then B or 1
    positions : tuple of k ints, D = 2**k
    """
    if not contiguous(positions):
        front, back = _to_front(psi, positions, wires)
        return _from_front(_middle(front[None], matrix), back)
    return _middle(_split(psi, positions, wires), matrix).reshape(2**wires, -1)


def cross(lam: Tensor, psi: Tensor, positions: tuple[int, ...], wires: int, per_sample: bool) -> Tensor:
    """The gradient of a real matrix, sum over all but the block of lam_i psi_j: (D, D), or (S, D, D) per sample."""
    if contiguous(positions):
        one, other = (_split(t, positions, wires) for t in (lam, psi))
    else:
        one, other = (_to_front(t, positions, wires)[0][None] for t in (lam, psi))
    if per_sample:
        other = other.expand(*other.shape[:-1], one.shape[-1])
        if one.shape[1] <= FEW:
            sums = [(one * other[:, j : j + 1]).sum((0, 2)) for j in range(one.shape[1])]
            return torch.stack(sums, 1).permute(2, 0, 1)
        left, right = (t.permute(3, 1, 0, 2).flatten(2).contiguous() for t in (one, other))
        return left @ right.mT
    return torch.bmm(one.flatten(2), other.flatten(2).mT).sum(0)


def _split(psi: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """The view (left, D, right, S)."""
    return psi.reshape(2 ** positions[0], 2 ** len(positions), 2 ** (wires - positions[-1] - 1), -1)


def _middle(view: Tensor, matrix: Tensor) -> Tensor:
    """The matrix on the second axis of (left, D, right, S)."""
    left, size, right, samples = view.shape
    if matrix.dim() == 2:
        flat = view.reshape(left, size, right * samples)
        if left == 1:
            return (matrix @ flat[0]).view(view.shape)
        if right * samples == 1:
            return (flat[..., 0] @ matrix.mT).view(view.shape)
        return torch.bmm(matrix.contiguous().expand(left, size, size), flat).view(view.shape)
    if size > FEW:
        turned = view.permute(3, 1, 0, 2).flatten(2).contiguous()  # or bmm copies sample by sample
        return (matrix @ turned).unflatten(2, (left, right)).permute(2, 1, 3, 0)
    entries = matrix.permute(1, 2, 0)  # (D, D, B)
    total = entries[:, 0, None] * view[:, 0, None]
    for j in range(1, size):
        total = torch.addcmul(total, entries[:, j, None], view[:, j, None])
    return total


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
