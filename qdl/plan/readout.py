"""Readout steps: words of operators as bit masks, so that many are read in one pass over the state.

A Pauli word is P = i^y X^x Z^z with bit masks x, z and y = |x & z| (Y = iXZ), so that
(P psi)_k = i^y (-1)^{|z & (k ^ x)|} psi_{k ^ x} and <psi|P|psi> = sum_j (-1)^{|z & j|} i^y conj(psi_{j ^ x}) psi_j.
Words of one x share the product conj(psi_{j ^ x}) psi_j; their signs separate into a high and a low part of j.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qdl.ir.gates import PAULI, Matrix
from qdl.ir.observables import Word

LOW_WIRES = 10


@dataclass(frozen=True)
class PauliGroup:
    """Words with the same flipped positions.

    Attributes
    ----------
    flips : tuple of int
        Positions in the state on which the words have X or Y.
    odd : bool
        Whether i^y is imaginary: then the imaginary part is read, else the real one.
    columns : (m,) int
        Where each word's value goes.
    high, low : (H, m) and (L, m) float
        Signs as a product over the high and low part of the index, the sign of i^y included.
    """

    flips: tuple[int, ...]
    odd: bool
    columns: NDArray[np.int64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]


@dataclass(frozen=True)
class MatrixWord:
    """A word with Hermitian matrices: its column, and its factors as (positions, matrix)."""

    column: int
    factors: tuple[tuple[tuple[int, ...], Matrix], ...]


@dataclass(frozen=True)
class WordsRead:
    """Expectation values of `count` words, one column each."""

    count: int
    groups: tuple[PauliGroup, ...]
    matrices: tuple[MatrixWord, ...]


@dataclass(frozen=True)
class ProbsRead:
    """Probabilities of the bit strings on `positions`, in that order."""

    positions: tuple[int, ...]


@dataclass(frozen=True)
class StateRead:
    """The amplitudes themselves."""


Read = WordsRead | ProbsRead | StateRead


def read_words(words: Sequence[Word], place: dict[int, int], wires: int) -> WordsRead:
    """The readout of words on a state of `wires` wires; `place` maps wires to positions."""
    groups: dict[tuple[tuple[int, ...], bool], list[tuple[int, tuple[int, ...], float]]] = {}
    matrices = []
    for column, word in enumerate(words):
        if all(atom.letter in PAULI for atom in word):
            letters = {place[atom.wires[0]]: atom.letter for atom in word}
            flips = tuple(sorted(p for p, letter in letters.items() if letter in "XY"))
            signs = tuple(sorted(p for p, letter in letters.items() if letter in "YZ"))
            turns = sum(letter == "Y" for letter in letters.values()) % 4
            # Re(i^y q) is Re q, -Im q, -Re q, Im q for y = 0, 1, 2, 3.
            groups.setdefault((flips, bool(turns % 2)), []).append((column, signs, -1.0 if turns in (1, 2) else 1.0))
        else:
            factors = tuple((tuple(place[w] for w in atom.wires), atom.matrix) for atom in word)
            matrices.append(MatrixWord(column, factors))
    return WordsRead(
        len(words),
        tuple(_pauli_group(flips, odd, members, wires) for (flips, odd), members in groups.items()),
        tuple(matrices),
    )


def _pauli_group(
    flips: tuple[int, ...], odd: bool, members: list[tuple[int, tuple[int, ...], float]], wires: int
) -> PauliGroup:
    cut = max(0, wires - LOW_WIRES)
    high = np.stack([_signs([p for p in signs if p < cut], cut) for _, signs, _ in members], axis=1)
    low = [factor * _signs([p - cut for p in signs if p >= cut], wires - cut) for _, signs, factor in members]
    return PauliGroup(flips, odd, np.array([column for column, _, _ in members]), high, np.stack(low, axis=1))


def _signs(positions: Sequence[int], wires: int) -> NDArray[np.float64]:
    index = np.arange(2**wires)
    ones = sum(((index >> (wires - 1 - p)) & 1 for p in positions), start=np.zeros_like(index))
    return np.where(ones % 2, -1.0, 1.0)
