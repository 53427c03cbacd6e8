"""Readouts: the value of each readout step on a state, and what it sends back.

Every value v is a real quadratic form of the state (or the state itself). For v = <psi|O|psi> and a cotangent g,
torch's gradient with respect to psi is 2 g O psi, since dv = 2 Re <O psi|d psi>.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from qdl.engine import kernels
from qdl.measure import coordinates
from qdl.plan.part import Part
from qdl.plan.readout import MatrixWord, PauliGroup, ProbsRead, StateRead, WordsRead

LOW_WIRES = 10


class Readout(Protocol):
    """A readout step bound to a precision and a device."""

    def value(self, psi: Tensor) -> Tensor:
        """What is read from states (S, 2**n): a tensor (S, m)."""

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        """The gradient of sum(cotangent * value) with respect to the states, (S, 2**n) complex."""


def bind(part: Part, dtype: torch.dtype, device: torch.device) -> Readout:
    """The readout of a part, with its constants as tensors; `dtype` is the state's."""
    read = part.read
    if not dtype.is_complex:
        return coordinates.bind(part, dtype, device)
    if isinstance(read, StateRead):
        return Amplitudes()
    if isinstance(read, ProbsRead):
        return Probabilities(read.positions, part.size)
    assert isinstance(read, WordsRead)
    return Words(read, part.size, dtype, device)


class Amplitudes:
    """The state itself."""

    def value(self, psi: Tensor) -> Tensor:
        return psi

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        return cotangent.contiguous()


class Probabilities:
    """Marginal probabilities of the bit strings on some positions."""

    def __init__(self, positions: tuple[int, ...], wires: int) -> None:
        self.positions, self.wires = positions, wires
        self.everything = positions == tuple(range(wires))

    def value(self, psi: Tensor) -> Tensor:
        return kernels.marginal(psi, self.positions, self.wires)

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        if self.everything:
            return 2 * cotangent * psi
        rest = 2 ** (self.wires - len(self.positions))
        spread = cotangent[:, :, None].expand(-1, -1, rest)
        return 2 * kernels.from_front(spread, self.positions, self.wires) * psi


class Words:
    """Expectation values of words, Pauli words in groups that flip the same wires."""

    def __init__(self, read: WordsRead, wires: int, dtype: torch.dtype, device: torch.device) -> None:
        self.wires, self.count = wires, read.count
        self.groups = [_Group(group, wires, dtype, device) for group in read.groups]
        self.matrices = [_MatrixWord(word, wires, dtype, device) for word in read.matrices]
        columns = [c for group in self.groups for c in group.columns] + [word.column for word in self.matrices]
        self.order = None if columns == sorted(columns) else [columns.index(c) for c in range(self.count)]

    def value(self, psi: Tensor) -> Tensor:
        values = [group.value(psi) for group in self.groups] + [word.value(psi) for word in self.matrices]
        joined = values[0] if len(values) == 1 else torch.cat(values, -1)
        return joined if self.order is None else joined[:, self.order]

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        if len(self.groups) == 1 and self.order is None and not self.matrices:
            return self.groups[0].pullback(psi, cotangent)
        terms = [group.pullback(psi, cotangent[:, group.columns]) for group in self.groups]
        terms += [word.pullback(psi, cotangent[:, [word.column]]) for word in self.matrices]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total


class _Group:
    """One `PauliGroup`: see qdl.plan.readout for the bit masks. ``high`` is (H, m) and ``low`` (L, m), 2**n = H L."""

    def __init__(self, group: PauliGroup, wires: int, dtype: torch.dtype, device: torch.device) -> None:
        real = torch.empty(0, dtype=dtype).real.dtype
        self.flips, self.odd, self.wires = group.flips, group.odd, wires
        self.columns = [word.column for word in group.words]
        # Signs separate into a high and a low part of the index, so that no table is as long as the state.
        cut = max(0, wires - LOW_WIRES)
        low = [w.factor * _signs([p - cut for p in w.signs if p >= cut], wires - cut) for w in group.words]
        self.low = torch.as_tensor(np.stack(low, 1), dtype=real, device=device)
        self.twice = 2 * self.low
        # For squares of real and imaginary parts side by side.
        self.pairs = self.low.repeat_interleave(2, 0) if not self.flips and not cut else None
        self.high = None
        if cut:
            high = [_signs([p for p in w.signs if p < cut], cut) for w in group.words]
            self.high = torch.as_tensor(np.stack(high, 1), dtype=real, device=device)

    def value(self, psi: Tensor) -> Tensor:
        if self.pairs is not None:
            return torch.view_as_real(psi).flatten(1).square() @ self.pairs
        if self.flips:
            turned = _flip(psi, self.flips, self.wires)
            # conj(a) b = (ar br + ai bi) + i (ar bi - ai br)
            if self.odd:
                q = turned.real * psi.imag - turned.imag * psi.real
            else:
                q = turned.real * psi.real + turned.imag * psi.imag
        else:
            q = psi.real.square() + psi.imag.square()
        if self.high is None:
            return q @ self.low
        return ((q.view(q.shape[0], len(self.high), -1) @ self.low) * self.high).sum(1)

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        weights = self._weights(cotangent)
        if not self.flips:
            return weights * psi
        # The sign of i^y is in the weights as Re(i^y q) needs it, and there Im q = Re(-i q).
        turned = _flip(weights * psi, self.flips, self.wires)
        return turned * (-1j) if self.odd else turned

    def _weights(self, cotangent: Tensor) -> Tensor:
        """2 sum_w g_w s_w(j) for every index j, (S, 2**n)."""
        if self.high is None:
            return cotangent @ self.twice.mT
        return ((cotangent[:, None] * self.high) @ self.twice.mT).reshape(cotangent.shape[0], -1)


class _MatrixWord:
    """A word with Hermitian matrices: applied factor by factor."""

    def __init__(self, word: MatrixWord, wires: int, dtype: torch.dtype, device: torch.device) -> None:
        self.column, self.wires = word.column, wires
        self.factors = [
            (p, torch.as_tensor(atom.matrix.copy(), dtype=dtype, device=device)) for p, atom in word.factors
        ]

    def _applied(self, psi: Tensor) -> Tensor:
        for positions, matrix in self.factors:
            psi = kernels.apply(psi, matrix, positions, self.wires)
        return psi

    def value(self, psi: Tensor) -> Tensor:
        turned = self._applied(psi)
        return (psi.real * turned.real + psi.imag * turned.imag).sum(-1, keepdim=True)

    def pullback(self, psi: Tensor, cotangent: Tensor) -> Tensor:
        return 2 * cotangent * self._applied(psi)


def _signs(positions: Sequence[int], wires: int) -> NDArray[np.float64]:
    """(-1)^(number of ones on the positions) for every index of some wires."""
    index = np.arange(2**wires)
    ones = sum(((index >> (wires - 1 - p)) & 1 for p in positions), start=np.zeros_like(index))
    return np.where(ones % 2, -1.0, 1.0)


def _flip(psi: Tensor, positions: Sequence[int], wires: int) -> Tensor:
    """psi_{j ^ x}: the state with the given bits of its index flipped."""
    sizes, order, _ = kernels._axes(tuple(positions), wires)
    return psi.view(-1, *sizes).flip(order[1 : len(positions) + 1]).reshape(psi.shape[0], -1)
