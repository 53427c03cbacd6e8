"""Programs prepared for Aer: what is saved or measured, and how it comes back as arrays.

All rows of a run are one job: the circuit is sent once with the numbers of every row, or, where the strengths of
channels differ, one circuit for each set of strengths. A run with shots needs a job for each number of shots among its
settings.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from qdl.adapters.qiskit.branches import Piece
from qdl.adapters.qiskit.circuits import Tail, Translation
from qdl.adapters.qiskit.jobs import STRIDE, Job, execute
from qdl.engine.remote import Bits, Real, Setting
from qdl.errors import ValuesError
from qdl.ir.gates import PAULI
from qdl.ir.observables import Word
from qdl.measure import seeds

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


class _Prepared:
    """A program and a method, ready for values; `tails` are what circuits may end with."""

    def __init__(self, translation: Translation, tails: Sequence[Tail]) -> None:
        self.translation, self.tails = translation, tails
        self._made: dict[int, QuantumCircuit] = {}

    def _checked(self, angles: Real) -> Real:
        angles = np.ascontiguousarray(angles, dtype=np.float64)
        columns = self.translation.program.columns.values()
        least = 1 + max((column for where in columns for column in where), default=-1)
        if angles.ndim != 2 or angles.shape[1] < least:
            raise ValuesError("the angles do not fit the program", got=angles.shape, expected=f"(rows, {least})")
        if not np.isfinite(angles).all():
            raise ValuesError("angles must be finite", got="NaN or infinity")
        return angles

    def _results(self, angles: Real, tails: Sequence[int], shots: int, seed: int = 0) -> Iterator[tuple[int, int, Any]]:
        """One job for all rows and some tails: the tail, the row and the data of each result."""
        translation = self.translation
        numbers = translation.numbers(angles)
        groups = _groups(translation.strengths(angles))
        made = [(k, rows, self._circuit(k, strengths)) for k in tails for strengths, rows in groups]
        if not made:
            return
        binds = None
        if translation.parameters:
            circuits = [circuit for _, _, circuit in made]
            columns = (numbers[rows].T.tolist() for _, rows, _ in made)
            binds = [dict(zip(translation.parameters, column, strict=True)) for column in columns]
        else:
            circuits = [circuit for _, rows, circuit in made for _ in rows]
        found = iter(execute(Job(circuits, binds, shots, seed), translation.method, translation.program.dtype))
        for k, rows, _ in made:
            for row in rows:
                yield k, row, next(found)

    def _circuit(self, k: int, strengths: Real) -> QuantumCircuit:
        """The circuit with tail `k`; kept if no strength varies, since it is the same for all calls."""
        if len(strengths):
            return self.translation.circuit(strengths, self.tails[k])
        if k not in self._made:
            self._made[k] = self.translation.circuit(strengths, self.tails[k])
        return self._made[k]


class Expvals(_Prepared):
    """Expectation values of words: saved at the circuit's end, for which one shot is enough."""

    def __init__(self, translation: Translation, words: Sequence[Word]) -> None:
        from qiskit_aer.library import SaveExpectationValue

        self.words = tuple(words)
        saved = [(k, *_operator(word)) for k, word in enumerate(words) if word]
        tail = [Piece(SaveExpectationValue(operator, label=f"w{k}"), qubits) for k, operator, qubits in saved]
        super().__init__(translation, [tail])

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Real:
        """The words' values at each row of angles, (rows, n_words)."""
        angles = self._checked(angles)
        out = np.ones((len(angles), len(self.words)))
        for _, row, data in self._results(angles, [0], 1):
            for k, word in enumerate(self.words):
                if word:
                    out[row, k] = getattr(data, f"w{k}")
        return out


class Probs(_Prepared):
    """Probabilities of the joint values of some wires, which may be named twice."""

    def __init__(self, translation: Translation, places: Sequence[int]) -> None:
        from qiskit_aer.library import SaveProbabilities

        wires = tuple(dict.fromkeys(places))
        index, count = np.arange(2 ** len(wires)), len(wires)
        self.index, self.width = np.zeros_like(index), 2 ** len(places)
        for place in places:
            self.index = 2 * self.index + (index >> (count - 1 - wires.index(place)) & 1)
        super().__init__(translation, [[Piece(SaveProbabilities(count, label="p"), wires[::-1])]])

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Real:
        """The probabilities at each row of angles, (rows, 2**n)."""
        angles = self._checked(angles)
        out = np.zeros((len(angles), self.width))
        for _, row, data in self._results(angles, [0], 1):
            out[row, self.index] = data.p
        return out


class Samples(_Prepared):
    """Outcomes of some settings."""

    def __init__(self, translation: Translation, settings: Sequence[Setting]) -> None:
        self.settings = tuple(settings)
        ends = [translation.measured(setting.names, setting.turns) for setting in settings]
        self.places = [places for _, places in ends]
        super().__init__(translation, [tail for tail, _ in ends])

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> list[Bits]:
        """The outcomes of each setting at each row of angles, (rows, shots, n_names) int8."""
        angles = self._checked(angles)
        out = [np.empty((len(angles), s.shots, len(s.names)), dtype=np.int8) for s in self.settings]
        first = int(torch.randint(2**62, (), generator=seeds.generator(seed, *path)))
        for shots in dict.fromkeys(s.shots for s in self.settings):
            chosen = [k for k, s in enumerate(self.settings) if s.shots == shots]
            for k, row, data in self._results(angles, chosen, shots, first):
                out[k][row] = _bits(data.memory, 1 + max(self.places[k]))[:, self.places[k]]
            first += STRIDE * len(angles) * len(chosen)
        return out


def _groups(strengths: Real) -> list[tuple[Real, list[int]]]:
    """Each set of strengths, and its rows."""
    if not strengths.shape[1]:
        return [(np.zeros(0), list(range(len(strengths))))] if len(strengths) else []
    sets, which = np.unique(strengths, axis=0, return_inverse=True)
    rows: list[list[int]] = [[] for _ in sets]
    for row, group in enumerate(which.reshape(-1).tolist()):
        rows[group].append(row)
    return list(zip(sets, rows, strict=True))


def _operator(word: Word) -> tuple[SparsePauliOp, tuple[int, ...]]:
    """A word as Qiskit's operator, and its qubits, the least significant first."""
    from qiskit.quantum_info import Operator, SparsePauliOp

    whole, qubits = SparsePauliOp(""), tuple[int, ...]()
    for atom in word:
        if atom.letter in PAULI:
            factor = SparsePauliOp(atom.letter)
        elif not atom.matrix.any():
            factor = SparsePauliOp("I" * len(atom.wires), 0.0)
        else:
            factor = SparsePauliOp.from_operator(Operator(atom.matrix), atol=0, rtol=0)  # the default drops 1e-5
        whole, qubits = factor.tensor(whole), (*qubits, *atom.wires[::-1])
    return whole, qubits


def _bits(memory: Sequence[str], width: int) -> Bits:
    """Aer's hexadecimal numbers as bits, (shots, width): the first classical bits, 0 in front."""
    size = (width + 7) // 8
    mask = (1 << width) - 1
    packed = b"".join((int(number, 16) & mask).to_bytes(size, "little") for number in memory)
    rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(rows, axis=1, count=width, bitorder="little").astype(np.int8)
