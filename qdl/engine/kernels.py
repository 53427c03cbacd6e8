"""Reference kernels: one matrix on some positions of a batch of states, and its gradient.

A state of S samples and n wires is a tensor (S, 2**n), wire position 0 being the most significant bit. A matrix on
neighbouring positions acts on the middle axis of the view (S, left, D, right), so no amplitude is moved; any other
choice of positions is brought to the front first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor


@lru_cache(maxsize=4096)
def _axes(positions: tuple[int, ...], wires: int) -> tuple[list[int], list[int], list[int]]:
    """Sizes of the merged axes of a state, the order that brings `positions` to the front, and its inverse."""
    sizes: list[int] = []
    front: dict[int, int] = {}
    run = 0
    for p in range(wires):
        if p in positions:
            if run:
                sizes.append(2**run)
            run = 0
            front[p] = len(sizes)
            sizes.append(2)
        else:
            run += 1
    if run:
        sizes.append(2**run)
    order = [front[p] for p in positions]
    order += [axis for axis in range(len(sizes)) if axis not in order]
    return sizes, [0, *(axis + 1 for axis in order)], [0, *(order.index(axis) + 1 for axis in range(len(order)))]


def contiguous(positions: tuple[int, ...]) -> bool:
    """Whether positions are neighbours in ascending order."""
    return all(b == a + 1 for a, b in pairwise(positions))


def to_front(psi: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """The state as (S, D, rest) with `positions` as the middle axis."""
    sizes, order, _ = _axes(positions, wires)
    samples, size = psi.shape[0], 2 ** len(positions)
    return psi.view(samples, *sizes).permute(order).reshape(samples, size, 2**wires // size)


def from_front(front: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """Undo `to_front`."""
    sizes, order, back = _axes(positions, wires)
    moved = [sizes[axis - 1] for axis in order[1:]]
    return front.reshape(-1, *moved).permute(back).reshape(front.shape[0], 2**wires)


def outer(psi: Tensor, factor: Tensor) -> Tensor:
    """The product states (S, P * d) of (S or 1, P) and (S or 1, d), the factor's index being the less significant."""
    product = psi[:, :, None] * factor[:, None, :]
    return product.reshape(product.shape[0], psi.shape[1] * factor.shape[1])


def products(columns: Sequence[Tensor]) -> list[Tensor]:
    """The product of all factors (d_k, S or 1), that of all but the first, and so on to the last, (P, S or 1) each.

    Samples lie last here, and the long side of a product before them, so that the inner loops are long.
    """
    found = list(columns[-1:])
    for column in reversed(columns[:-1]):
        found.append((column.unsqueeze(1) * found[-1]).flatten(0, 1))
    found.reverse()
    return found


def marginal(psi: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """Probabilities of the bit strings on `positions`, (S, 2**k), most significant first."""
    weights = psi.real.square() + psi.imag.square()
    if positions == tuple(range(wires)):
        return weights
    return to_front(weights, positions, wires).sum(-1)


def apply(psi: Tensor, matrix: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
    """The matrix on the given positions of every state.

    Parameters
    ----------
    psi : (S, 2**n) complex
    matrix : (D, D), or (B, D, D) with one matrix per sample; S is then B or 1
    positions : tuple of k ints, D = 2**k
    """
    if not contiguous(positions):
        return from_front(_middle(to_front(psi, positions, wires)[:, None], matrix), positions, wires)
    size = 2 ** len(positions)
    right = 2 ** (wires - positions[-1] - 1)
    return _middle(psi.view(psi.shape[0], -1, size, right), matrix)


def _middle(view: Tensor, matrix: Tensor) -> Tensor:
    """The matrix on the third axis of (S, left, D, right); the result is (S, 2**n)."""
    samples, left, size, right = view.shape
    if matrix.dim() == 2:
        if right == 1:
            return (view.reshape(-1, size) @ matrix.mT).view(samples, -1)
        if samples * left == 1:
            return (matrix @ view.reshape(size, right)).view(1, -1)
        return torch.matmul(matrix, view).reshape(samples, -1)
    batch = matrix.shape[0]
    if right == 1:
        return (view[..., 0] @ matrix.mT).reshape(batch, -1)
    if left == 1:
        return (matrix @ view[:, 0]).reshape(batch, -1)
    turned = view.transpose(1, 2).reshape(samples, size, -1)
    return (matrix @ turned).view(batch, size, left, right).transpose(1, 2).reshape(batch, -1)


def cross(lam: Tensor, psi: Tensor, positions: tuple[int, ...], wires: int, per_sample: bool) -> Tensor:
    """The gradient of the matrix, sum over all but the block of lam_i conj(psi_j).

    Parameters
    ----------
    lam : (S, 2**n) complex
        Gradient with respect to the state behind the block.
    psi : (S, 2**n) or (1, 2**n) complex
        State before the block.
    per_sample : bool
        Whether the matrix is one per sample; the result is then (S, D, D), else (D, D).
    """
    size = 2 ** len(positions)
    if not contiguous(positions):
        left_view, right_view = (to_front(t, positions, wires)[:, None] for t in (lam, psi))
    else:
        right = 2 ** (wires - positions[-1] - 1)
        left_view, right_view = (t.view(t.shape[0], -1, size, right) for t in (lam, psi))
    if per_sample:
        return _flat_middle(left_view) @ _flat_middle(right_view).mH
    samples, left, _, right = left_view.shape
    if right == 1:
        return left_view.reshape(-1, size).mT @ right_view.reshape(-1, size).conj()
    if right >= size or samples * left == 1:
        return torch.bmm(left_view.reshape(-1, size, right), right_view.reshape(-1, size, right).mH).sum(0)
    one, other = (v.permute(2, 0, 1, 3).reshape(size, -1) for v in (left_view, right_view))
    return one @ other.mH


def _flat_middle(view: Tensor) -> Tensor:
    """(S, left, D, right) as (S, D, left * right)."""
    return view[:, 0] if view.shape[1] == 1 else view.transpose(1, 2).reshape(view.shape[0], view.shape[2], -1)


def total(lam: Tensor) -> Tensor:
    """The sum over samples, as one sample."""
    return lam.sum(0, keepdim=True)
