"""Sums of Pauli words as tensors: a word has one entry in every row of its matrix.

On the basis |r> of n wires (wire 0 the most significant bit of r) a word with X or Y on the bits of `flips`, Z or Y on
the bits of `signs`, and y letters Y, is

    P[r, r xor flips] = (-i)^y (-1)^{number of ones in r and signs}.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Observable

Letters = Sequence[tuple[int, str]]


class Words(NamedTuple):
    """Words as tables of their entries.

    Attributes
    ----------
    columns : Tensor, shape (words, 2**n), int64
        In which column row r has its entry.
    entries : Tensor, shape (words, 2**n)
        Real where no word has an odd number of letters Y, else complex.
    """

    columns: Tensor
    entries: Tensor

    def sum(self, coefficients: Tensor) -> Tensor:
        """sum_k c_k P_k: coefficients (*batch, words) -> (*batch, 2**n, 2**n)."""
        size = self.columns.shape[-1]
        place = (torch.arange(size, device=self.columns.device) * size + self.columns).flatten()
        values = (coefficients.unsqueeze(-1) * self.entries).flatten(-2)
        empty = values.new_zeros(*values.shape[:-1], size * size)
        return empty.index_add(-1, place, values).unflatten(-1, (size, size))

    def expectations(self, rho: Tensor) -> Tensor:
        """tr(rho P_k): density matrices (*batch, 2**n, 2**n) -> real (*batch, words)."""
        rows = torch.arange(self.columns.shape[-1], device=rho.device)
        found = (rho[..., self.columns, rows] * self.entries).sum(-1)
        return found.real if found.is_complex() else found


def words(letters: Sequence[Letters], wires: int, dtype: torch.dtype = torch.float64, device: Any = None) -> Words:
    """The tables of Pauli words.

    Parameters
    ----------
    letters : sequence of sequences of (wire, letter)
        Letters X, Y, Z on distinct wires; an empty one is the identity.
    wires : int
    dtype : torch.dtype
        Real; entries that must be complex are so in the same precision.

    Examples
    --------
    >>> words([[(0, "Z")], [(1, "X")]], 2).sum(torch.tensor([1.0, 0.5], dtype=torch.float64))
    tensor([[ 1.0000,  0.5000,  0.0000,  0.0000],
            [ 0.5000,  1.0000,  0.0000,  0.0000],
            [ 0.0000,  0.0000, -1.0000,  0.5000],
            [ 0.0000,  0.0000,  0.5000, -1.0000]], dtype=torch.float64)
    """
    rows = torch.arange(1 << wires, device=device)

    def mask(word: Letters, which: str) -> int:
        return sum(1 << (wires - 1 - wire) for wire, letter in word if letter in which)

    flips = torch.tensor([mask(word, "XY") for word in letters], device=device, dtype=torch.int64)
    signs = torch.tensor([mask(word, "YZ") for word in letters], device=device, dtype=torch.int64)
    phases = [(-1j) ** sum(letter == "Y" for _, letter in word) for word in letters]
    entries = 1 - 2 * odd(rows & signs.unsqueeze(-1), wires).to(dtype)
    if any(phase.imag for phase in phases):
        factor = torch.tensor(phases, dtype=dtype.to_complex(), device=device)
    else:
        factor = torch.tensor([phase.real for phase in phases], dtype=dtype, device=device)
    return Words(rows ^ flips.unsqueeze(-1), factor.unsqueeze(-1) * entries)


def odd(numbers: Tensor, bits: int) -> Tensor:
    """Whether a number has an odd number of ones among its lowest bits, as 0 and 1."""
    shifts = torch.arange(bits, device=numbers.device)
    return ((numbers.unsqueeze(-1) >> shifts) & 1).sum(-1) & 1


def letters_of(observable: Observable, wires: int) -> dict[tuple[tuple[int, str], ...], float]:
    """The Pauli words of an observable with plain numbers as coefficients.

    Raises
    ------
    CircuitError
        For wires that are not there, and for coefficients that are expressions or not real.
    UnsupportedError
        For matrices among the factors.
    """
    if observable.wires and observable.wires[-1] >= wires:
        raise CircuitError("an observable on a wire that is not there", got=observable, expected=f"wires below {wires}")
    found = {}
    for word, coefficient in observable.real_terms().items():
        if any(atom.data for atom in word):
            raise UnsupportedError(
                "a matrix among an observable's factors", got=observable, expected="Pauli words", do="write X, Y, Z"
            )
        found[tuple((atom.wires[0], atom.letter) for atom in word)] = float(coefficient)
    return found
