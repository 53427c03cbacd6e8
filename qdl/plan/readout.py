"""Readout steps: words of operators as bit masks, so that many are read in one pass over the state.

A Pauli word is P = i^y X^x Z^z with bit masks x, z and y = |x & z| (Y = iXZ), so that
(P psi)_k = i^y (-1)^{|z & (k ^ x)|} psi_{k ^ x} and <psi|P|psi> = sum_j (-1)^{|z & j|} i^y conj(psi_{j ^ x}) psi_j.
Words of one x share the product conj(psi_{j ^ x}) psi_j.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qdl.ir.gates import PAULI
from qdl.ir.observables import Atom, Word


@dataclass(frozen=True)
class PauliWord:
    """Column of its value, positions with Z or Y, and the sign of the real or imaginary part that is read."""

    column: int
    signs: tuple[int, ...]
    factor: float


@dataclass(frozen=True)
class PauliGroup:
    """Words with the same flipped positions.

    Attributes
    ----------
    flips : tuple of int
        Positions in the state on which the words have X or Y.
    odd : bool
        Whether i^y is imaginary: then the imaginary part is read, else the real one.
    words : tuple of PauliWord
    """

    flips: tuple[int, ...]
    odd: bool
    words: tuple[PauliWord, ...]


@dataclass(frozen=True)
class MatrixWord:
    """A word with Hermitian matrices: its column, and each factor with its positions."""

    column: int
    factors: tuple[tuple[tuple[int, ...], Atom], ...]


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


@dataclass(frozen=True)
class CoordinateWords:
    """Expectation values of words on a density matrix: each word's factors with the positions of their wires."""

    words: tuple[tuple[tuple[tuple[int, ...], Atom], ...], ...]

    @property
    def count(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class CoordinatesRead:
    """The coordinates of the reduced density matrix on `positions`, in that order."""

    positions: tuple[int, ...]


Read = WordsRead | ProbsRead | StateRead | CoordinateWords | CoordinatesRead


def read_coordinates(wires: Iterable[int], place: dict[int, int]) -> CoordinatesRead:
    """The readout of a reduced density matrix on some wires, ascending."""
    return CoordinatesRead(tuple(place[w] for w in sorted(wires)))


def read_coordinate_words(words: Sequence[Word], place: dict[int, int]) -> CoordinateWords:
    """The readout of words from coordinates."""
    return CoordinateWords(tuple(tuple((tuple(place[w] for w in a.wires), a) for a in word) for word in words))


def read_probs(wires: Iterable[int], place: dict[int, int]) -> ProbsRead:
    """The readout of bit strings on some wires, ascending; `place` maps wires to positions."""
    return ProbsRead(tuple(place[w] for w in sorted(wires)))


def read_words(words: Sequence[Word], place: dict[int, int]) -> WordsRead:
    """The readout of words; `place` maps wires to positions."""
    groups: dict[tuple[tuple[int, ...], bool], list[PauliWord]] = {}
    matrices = []
    for column, word in enumerate(words):
        if all(atom.letter in PAULI for atom in word):
            letters = {place[atom.wires[0]]: atom.letter for atom in word}
            flips = tuple(sorted(p for p, letter in letters.items() if letter in "XY"))
            signs = tuple(sorted(p for p, letter in letters.items() if letter in "YZ"))
            turns = sum(letter == "Y" for letter in letters.values()) % 4
            # Re(i^y q) is Re q, -Im q, -Re q, Im q for y = 0, 1, 2, 3.
            factor = -1.0 if turns in (1, 2) else 1.0
            groups.setdefault((flips, bool(turns % 2)), []).append(PauliWord(column, signs, factor))
        else:
            matrices.append(MatrixWord(column, tuple((tuple(place[w] for w in atom.wires), atom) for atom in word)))
    found = tuple(PauliGroup(flips, odd, tuple(members)) for (flips, odd), members in groups.items())
    return WordsRead(len(words), found, tuple(matrices))
