"""Readouts of density matrices: everything that is read is linear in their coordinates (qdl.ir.maps).

With rho = sum_a r_a E_a: Tr(W rho) = sum_a Tr(W E_a) r_a. A letter Z or the identity reads populations, X and Y one
coherence of their wire; a wire that a word does not touch is traced out, which is the sum of its populations.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir.maps import coordinates
from qdl.ir.observables import Atom
from qdl.plan.part import Part
from qdl.plan.readout import CoordinatesRead, CoordinateWords, ProbsRead

Index = NDArray[np.int64]
Weights = NDArray[np.float64]
POPULATIONS = np.array([0, 1])


def bind(part: Part, dtype: torch.dtype, device: torch.device) -> Words | Sums:
    """The readout of a part."""
    read = part.read
    if isinstance(read, CoordinateWords):
        return Words(part, read, dtype, device)
    if isinstance(read, (ProbsRead, CoordinatesRead)):
        whole = isinstance(read, CoordinatesRead)
        kept = {p: np.arange(2 ** part.levels[p]) if whole else POPULATIONS for p in read.positions}
        return Sums(_grid(part, read.positions, kept), device)
    raise UnsupportedError("a density matrix has no amplitudes", do="read qdl.density, or use engine='state'")


class Words:
    """Expectation values of words, those together that read the same coordinates."""

    def __init__(self, part: Part, read: CoordinateWords, dtype: torch.dtype, device: torch.device) -> None:
        groups: dict[bytes, tuple[Index, list[int], list[Weights]]] = {}
        for column, word in enumerate(read.words):
            index, weights = _functional(part, word)
            order = np.argsort(index)
            group = groups.setdefault(index[order].tobytes(), (index[order], [], []))
            group[1].append(column)
            group[2].append(weights[order])
        columns = [column for _, members, _ in groups.values() for column in members]
        self.order = None if columns == sorted(columns) else [columns.index(c) for c in range(read.count)]
        self.groups = [
            (
                torch.as_tensor(index, device=device),
                torch.as_tensor(np.stack(w, 1), dtype=dtype, device=device),
                members,
            )
            for index, members, w in groups.values()
        ]

    def value(self, rho: Tensor) -> Tensor:
        found = [rho.index_select(1, index) @ weights for index, weights, _ in self.groups]
        joined = found[0] if len(found) == 1 else torch.cat(found, -1)
        return joined if self.order is None else joined[:, self.order]

    def pullback(self, rho: Tensor, cotangent: Tensor) -> Tensor:
        out = torch.zeros(cotangent.shape[0], rho.shape[1], dtype=cotangent.dtype, device=cotangent.device)
        for index, weights, members in self.groups:
            out = out.index_add(1, index, cotangent[:, members] @ weights.mT)
        return out


class Sums:
    """Sums of coordinates: probabilities, or the coordinates of a reduced density matrix."""

    def __init__(self, index: Index, device: torch.device) -> None:
        self.index = torch.as_tensor(index, device=device)  # (read, summed)

    def value(self, rho: Tensor) -> Tensor:
        return rho[:, self.index].sum(-1)

    def pullback(self, rho: Tensor, cotangent: Tensor) -> Tensor:
        out = torch.zeros(cotangent.shape[0], rho.shape[1], dtype=cotangent.dtype, device=cotangent.device)
        return out.index_add(1, self.index.flatten(), cotangent.repeat_interleave(self.index.shape[1], 1))


def _grid(part: Part, positions: Sequence[int], digits: dict[int, Index]) -> Index:
    """Index of every choice of digits on `positions`, the first most significant, times populations elsewhere."""
    found = np.zeros((1, 1), dtype=np.int64)
    for p in positions:
        found = (found[:, None, :] + (digits[p] << _shift(part, p))[None, :, None]).reshape(-1, 1)
    for p in range(len(part.levels)):
        if p not in positions:
            found = (found[:, :, None] + (POPULATIONS << _shift(part, p))).reshape(len(found), -1)
    return found


def _shift(part: Part, position: int) -> int:
    """By how many bits a position's digit stands to the left in an index."""
    return part.size - 1 - part.bits[position][-1]


def _functional(part: Part, word: Sequence[tuple[tuple[int, ...], Atom]]) -> tuple[Index, Weights]:
    """The coordinates that a word reads, and their weights."""
    weights: Weights = np.ones(1)
    positions: list[int] = []
    for where, atom in word:
        weights = np.asarray(np.kron(weights, coordinates(atom.matrix)), dtype=np.float64)
        positions += where
    kept = {p: np.arange(4) for p in positions}
    index = _grid(part, positions, kept)
    read = np.flatnonzero(weights)
    index = index[read]
    return index.reshape(-1), np.repeat(weights[read], index.shape[1])
