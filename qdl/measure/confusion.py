"""Readout error: what is read instead of what is there, stochastic matrices C with C[true, read] = P(read|true).

Probabilities become p C. A word of letters is read as the sign lambda of its bits; read through C its true bits count
as C lambda, which is a sum of words again: the coefficient of the word with letters on the wires s is 2**-k times
sum_t (-1)^(s.t) (C lambda)_t. On one wire with P(1|0) = a and P(0|1) = b, Z becomes (b - a) + (1 - a - b) Z. So
expectation values stay exact and differentiable on every engine. Shots are flipped one by one. (ours)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.values import Values
from qdl.errors import UnsupportedError
from qdl.ir.noise.readout import Readout
from qdl.ir.observables import Atom, Hermitian, Word
from qdl.ir.params import Angle, Expr, apply
from qdl.measure.seeds import uniform
from qdl.measure.shots import eigenbasis


def as_read(word: Word, rules: Sequence[Readout]) -> dict[Word, Angle]:
    """The words, with coefficients, whose value is what reading a word gives on average."""
    touched = [rule for rule in rules if set(rule.wires) & {w for atom in word for w in atom.wires}]
    letters = {atom.wires[0]: atom for atom in word if atom.letter in "XYZ"}
    found: dict[Word, Angle] = {tuple(a for a in word if a.letter in "XYZ" and not _covered(a, touched)): 1.0}
    for rule in touched:
        if any(wire in letters for wire in rule.wires):
            found = _times(found, _letters_read(rule, letters))
    for atom in word:
        if atom.letter not in "XYZ":
            found = _times(found, _matrix_read(atom, [r for r in touched if set(r.wires) & set(atom.wires)]))
    return found


def _covered(atom: Atom, rules: Sequence[Readout]) -> bool:
    return any(atom.wires[0] in rule.wires for rule in rules)


def _times(left: Mapping[Word, Angle], right: Mapping[Word, Angle]) -> dict[Word, Angle]:
    out: dict[Word, Angle] = {}
    for (a, x), (b, y) in product(left.items(), right.items()):
        word = tuple(sorted((*a, *b), key=lambda atom: atom.wires))
        out[word] = apply("add", out.get(word, 0.0), apply("mul", x, y))
    return {word: c for word, c in out.items() if isinstance(c, Expr) or c != 0.0}


def _letters_read(rule: Readout, letters: Mapping[int, Atom]) -> dict[Word, Angle]:
    """What the letters on a rule's wires are read as; a wire of the rule without a letter is read in the Z basis."""
    k = len(rule.wires)
    bits = list(product((0, 1), repeat=k))
    signs = [np.prod([1 - 2 * b for b, w in zip(t, rule.wires, strict=True) if w in letters]) for t in bits]
    seen: list[Angle] = []
    for row in rule.matrix:
        total: Angle = 0.0
        for entry, sign in zip(row, signs, strict=True):
            total = apply("add", total, apply("mul", float(sign), entry))
        seen.append(total)
    out: dict[Word, Angle] = {}
    for chosen in bits:
        total = 0.0
        for t, value in zip(bits, seen, strict=True):
            sign = (-1) ** sum(c * b for c, b in zip(chosen, t, strict=True))
            total = apply("add", total, apply("mul", sign / 2**k, value))
        word = tuple(letters.get(w, Atom((w,), "Z")) for c, w in zip(chosen, rule.wires, strict=True) if c)
        if isinstance(total, Expr) or abs(total) > 1e-16:
            out[tuple(sorted(word, key=lambda atom: atom.wires))] = total
    return out


def _matrix_read(atom: Atom, rules: Sequence[Readout]) -> dict[Word, Angle]:
    """A Hermitian matrix is read in its eigenbasis: the same basis with other eigenvalues."""
    if not rules:
        return {(atom,): 1.0}
    fixed = all(not isinstance(entry, Expr) for rule in rules for row in rule.matrix for entry in row)
    inside = all(set(rule.wires) <= set(atom.wires) for rule in rules)
    if not (fixed and inside):
        raise UnsupportedError(
            f"the readout error of {atom} cannot be said",
            got="parameters in it, or a joint rule beyond its wires",
            do="write the observable as a sum of Pauli words",
        )
    values, vectors = eigenbasis(atom)
    tensor = values.reshape((2,) * len(atom.wires))
    for rule in rules:
        axes = [atom.wires.index(w) for w in rule.wires]
        matrix = np.array(rule.matrix, dtype=float).reshape((2,) * (2 * len(axes)))
        moved = np.tensordot(matrix, tensor, axes=(range(len(axes), 2 * len(axes)), axes))
        tensor = np.moveaxis(moved, range(len(axes)), axes)
    read = (vectors * tensor.reshape(-1)) @ vectors.conj().T
    return dict(Hermitian(read, atom.wires).real_terms())


class Confused:
    """Readout error on what was simulated, for names read in a certain order.

    Parameters
    ----------
    rules : sequence of Readout
    names : sequence of int or str
        What is read; names that no rule concerns are read as they are.
    """

    def __init__(self, rules: Sequence[Readout], names: Sequence[int | str]) -> None:
        self.rules = [rule for rule in rules if set(rule.wires) & set(names)]
        more = [w for rule in self.rules for w in rule.wires if w not in names]
        self.names = (*names, *dict.fromkeys(more))
        self.count = len(names)
        self.entries = [Evaluator([entry for row in rule.matrix for entry in row]) for rule in self.rules]

    def _matrices(self, values: Values) -> list[Tensor]:
        """Each rule's matrix, (D, D) or (S, D, D)."""
        found = [entries(values) for entries in self.entries]
        return [m.reshape(*m.shape[:-1], len(r.matrix), -1) for m, r in zip(found, self.rules, strict=True)]

    def probabilities(self, p: Tensor, values: Values) -> Tensor:
        """Probabilities of what is read, (S, 2**count), from those of what is there, (S, 2**len(self.names))."""
        for rule, matrix in zip(self.rules, self._matrices(values), strict=True):
            axes = [1 + self.names.index(w) for w in rule.wires]
            front = p.reshape(-1, *(2,) * len(self.names)).movedim(axes, list(range(1, 1 + len(axes))))
            shape = front.shape
            turned = matrix.mT @ front.reshape(shape[0], len(rule.matrix), -1)
            p = turned.reshape(-1, *shape[1:]).movedim(list(range(1, 1 + len(axes))), axes)
        return p.reshape(len(p), 2**self.count, -1).sum(-1)

    @torch.no_grad()
    def flip(self, bits: Tensor, values: Values, uniform: Tensor) -> Tensor:
        """Bits as they are read, (S, shots, count), from bits that are there, (S, shots, len(self.names)).

        Parameters
        ----------
        uniform : (S, shots, n_rules)
        """
        bits = bits.clone()
        for k, (rule, matrix) in enumerate(zip(self.rules, self._matrices(values), strict=True)):
            columns = [self.names.index(w) for w in rule.wires]
            true = torch.zeros(bits.shape[:-1], dtype=torch.long, device=bits.device)
            for column in columns:
                true = 2 * true + bits[..., column]
            edges = matrix.clamp(min=0).cumsum(-1)
            if edges.dim() == 2:
                row = edges[true]
            else:
                row = edges.gather(1, true[..., None].expand(*true.shape, edges.shape[-1]))
            read = (uniform[..., k, None] * row[..., -1:] >= row[..., :-1]).sum(-1)
            for place, column in enumerate(reversed(columns)):
                bits[..., column] = (read >> place & 1).to(bits.dtype)
        return bits[..., : self.count]

    def read(self, bits: Tensor, values: Values, seed: int, path: tuple[int, ...], start: int = 0) -> Tensor:
        """Bits (S, shots, n) of samples `start` and on as they are read, with the random numbers of a path."""
        if not self.rules:
            return bits
        rows, count, _ = bits.shape
        return self.flip(bits, values, uniform(seed, path, start, rows, count, len(self.rules), bits.device))
