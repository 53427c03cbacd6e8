"""Finite statistics: bit strings drawn from probabilities, and estimates of words from bit strings.

Words that differ from each other on no shared wire (qubit-wise commuting) are read from the same shots, as on hardware:
every factor is turned to its eigenbasis, all wires are measured, and a word's outcome is the product of the eigenvalues
that its factors' bits stand for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from qdl.ir import Operation
from qdl.ir.gates import TABLE, unitary
from qdl.ir.observables import Atom, Word
from qdl.plan.part import Plan


@dataclass(frozen=True)
class Setting:
    """One measurement basis: the operations that turn it to bits, and the words it reads with their columns."""

    atoms: tuple[Atom, ...]
    columns: tuple[int, ...]
    words: tuple[Word, ...]

    @property
    def wires(self) -> tuple[int, ...]:
        return tuple(w for atom in self.atoms for w in atom.wires)

    def operations(self) -> list[Operation]:
        """What is applied before measuring: U with U O U^+ diagonal."""
        return [op for atom in self.atoms for op in _turn(atom)]


def settings(words: Sequence[Word], together: bool = True) -> list[Setting]:
    """Greedy qubit-wise commuting groups, in the order of the words; the identity needs no shots.

    Not `together`, each word has a setting of its own, in which all other wires are read in the Z basis.
    """
    groups: list[tuple[dict[tuple[int, ...], Atom], list[int]]] = []
    for column, word in enumerate(words):
        if not word:
            continue
        group = next((g for g in groups if together and all(_compatible(g[0], atom) for atom in word)), None)
        if group is None:
            group = ({}, [])
            groups.append(group)
        group[0].update({atom.wires: atom for atom in word})
        group[1].append(column)
    return [Setting(tuple(a.values()), tuple(c), tuple(words[i] for i in c)) for a, c in groups]


def allocate(settings: Sequence[Setting], sizes: Sequence[Sequence[float]], shots: int) -> list[int]:
    """How often each setting is read: `shots` on average, shared out by the sizes of the coefficients read there.

    With a spread of about 1 for every word, shots in proportion to sum |c| over a setting's words give a sum of words
    the smallest error (Rubin, Babbush, McClean, arXiv:1801.03524 (memory)). Of several observables each counts by the
    shares of its own coefficients, and a setting by the largest share: so none has a larger error than sum |c| over the
    root of `shots`, however large or many the others are.

    Parameters
    ----------
    sizes : (n_observables, n_words)

    Examples
    --------
    >>> from qdl.ir import X, Z
    >>> words = [word for observable in (Z(0), X(0)) for word in observable.terms]
    >>> allocate(settings(words), [[3.0, 1.0]], 100)
    [150, 50]
    >>> allocate(settings(words), [[3.0, 0.0], [0.0, 1.0]], 100)
    [100, 100]
    """
    read = [[sum(row[column] for column in setting.columns) for setting in settings] for row in sizes]
    shares = [[size / sum(row) for size in row] for row in read if sum(row)]
    weights = [max(column) for column in zip(*shares, strict=True)]
    total, budget = sum(weights), shots * len(settings)
    if not total:
        return [shots] * len(settings)
    exact = [(budget - len(settings)) * w / total for w in weights]  # every setting is read once at least
    found = [1 + int(e) for e in exact]
    order = sorted(range(len(exact)), key=lambda k: found[k] - 1 - exact[k])
    for k in order[: budget - sum(found)]:
        found[k] += 1
    return found


def largest(word: Word) -> float:
    """The largest magnitude among a word's eigenvalues."""
    return math.prod(float(np.abs(eigenvalues(atom)).max()) for atom in word)


def _compatible(atoms: dict[tuple[int, ...], Atom], atom: Atom) -> bool:
    if atom.wires in atoms:
        return atoms[atom.wires] == atom
    return not any(set(wires) & set(atom.wires) for wires in atoms)


def _turn(atom: Atom) -> list[Operation]:
    if atom.letter == "Z":
        return []
    if atom.letter == "X":
        return [Operation(TABLE["h"], (), atom.wires)]
    if atom.letter == "Y":
        return [Operation(TABLE["sdg"], (), atom.wires), Operation(TABLE["h"], (), atom.wires)]
    return [Operation(unitary(eigenbasis(atom)[1].conj().T), (), atom.wires)]


def eigenvalues(atom: Atom) -> np.ndarray:
    """The outcome that each bit string on the factor's wires stands for, after its turn to bits."""
    return np.array([1.0, -1.0]) if atom.letter in "XYZ" else eigenbasis(atom)[0]


def eigenbasis(atom: Atom) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues and eigenvectors of a matrix, each vector at the number of the bits that it is likest to.

    So a diagonal matrix is read without a turn, and a matrix and its square are read alike.
    """
    values, vectors = np.linalg.eigh(atom.matrix)
    left = np.abs(vectors) ** 2  # (bits, vector)
    order = np.empty(len(values), dtype=int)
    for _ in values:
        place, vector = np.unravel_index(np.argmax(left.round(9)), left.shape)
        order[place] = vector
        left[place], left[:, vector] = -1, -1
    return values[order], vectors[:, order]


def index_of(bits: Tensor) -> Tensor:
    """The number that each bit string (*batch, k) is, its first bit the most significant: (*batch,) int64."""
    index = torch.zeros(bits.shape[:-1], dtype=torch.long, device=bits.device)
    for column in bits.unbind(-1):
        index = 2 * index + column
    return index


def outcomes(setting: Setting, bits: Tensor, wires: Sequence[int], dtype: torch.dtype) -> Tensor:
    """Each word's outcome in each shot.

    Parameters
    ----------
    bits : (*batch, shots, len(wires)) int8
    wires : sequence of int
        Which wire each column of bits belongs to.

    Returns
    -------
    (*batch, shots, n_words) real
    """
    place = {wire: i for i, wire in enumerate(wires)}
    read = {}
    for atom in setting.atoms:
        index = index_of(bits[..., [place[wire] for wire in atom.wires]])
        read[atom] = torch.as_tensor(eigenvalues(atom), dtype=dtype, device=bits.device)[index]
    columns = []
    for word in setting.words:
        total = read[word[0]]
        for atom in word[1:]:
            total = total * read[atom]
        columns.append(total)
    return torch.stack(columns, -1)


def draw(plan: Plan, probabilities: Sequence[Tensor], samples: int, uniform: Tensor) -> tuple[Tensor, list[int]]:
    """Bit strings from the parts' probabilities by inverting the cumulative sum.

    Parameters
    ----------
    probabilities : list of (samples or 1, 2**k_p)
        One for each part of the plan.
    uniform : (samples, shots, n_parts)
        Independent uniform numbers in [0, 1).

    Returns
    -------
    bits : (samples, shots, sum of k_p) int8
    wires : list of int
        The wire of each column of bits.
    """
    columns, wires = [], []
    for p, (part, probs) in enumerate(zip(plan.parts, probabilities, strict=True)):
        positions = part.read.positions  # type: ignore[union-attr]
        cumulative = probs.double().clamp(min=0).cumsum(-1).expand(samples, -1).contiguous()
        targets = uniform[..., p].double() * cumulative[:, -1:]
        index = torch.searchsorted(cumulative, targets, right=True).clamp(max=probs.shape[-1] - 1)
        k = len(positions)
        shifts = torch.arange(k - 1, -1, -1, device=index.device)
        columns.append(((index[..., None] >> shifts) & 1).to(torch.int8))
        wires += [part.wires[position] for position in positions]
    return torch.cat(columns, -1), wires
