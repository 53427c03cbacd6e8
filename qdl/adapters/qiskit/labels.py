"""Qiskit's labels of operators as qdl's words, and many observables as one matrix of coefficients.

In a label the last letter is qubit 0. Beside Paulis there are projectors on eigenstates: 0 1 + - r l.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qdl.engine.remote import Real
from qdl.ir.observables import Atom, Hermitian, Observable, Word

Label = str
Key = tuple[tuple[Label, float], ...]  # an observable: its labels and their coefficients

# Twice each projector, as a sum of I and a Pauli matrix.
PROJECTORS = {"0": ("Z", 1), "1": ("Z", -1), "+": ("X", 1), "-": ("X", -1), "r": ("Y", 1), "l": ("Y", -1)}
PAULIS = {
    "X": np.array([[0, 1], [1, 0]], dtype=complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.array([[1, 0], [0, -1]], dtype=complex),
}


def word(label: Label) -> Word:
    """The word that a label stands for.

    Examples
    --------
    >>> word("ZIX")
    (X(0), Z(2))
    """
    return tuple(_atom(letter, wire) for wire, letter in enumerate(reversed(label)) if letter != "I")


def _atom(letter: str, wire: int) -> Atom:
    if letter in PAULIS:
        return Atom((wire,), letter)
    pauli, sign = PROJECTORS[letter]
    (((atom,), _),) = Hermitian((np.eye(2) + sign * PAULIS[pauli]) / 2, wire).terms.items()
    return atom


def key(observable: Mapping[Label, float]) -> Key:
    """What tells an observable from others."""
    return tuple(sorted((label, float(c)) for label, c in observable.items()))


def observable(found: Key) -> Observable:
    """The observable itself."""
    return Observable({word(label): c for label, c in found})


@dataclass(frozen=True)
class Sums:
    """Observables as sums of the same words.

    Attributes
    ----------
    labels : tuple of str
        All that occur.
    coefficients : (n_labels, n_observables)
    """

    labels: tuple[Label, ...]
    coefficients: Real

    @staticmethod
    def of(keys: Sequence[Key]) -> Sums:
        """The sums that some observables are."""
        labels = tuple(sorted({label for found in keys for label, _ in found}))
        row = {label: k for k, label in enumerate(labels)}
        coefficients = np.zeros((len(labels), len(keys)))
        for column, found in enumerate(keys):
            for label, c in found:
                coefficients[row[label], column] = c
        return Sums(labels, coefficients)
