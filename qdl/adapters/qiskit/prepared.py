"""Programs prepared for Aer: what is saved or measured, and how it comes back as arrays.

All rows of a run are one job: the circuit is sent once with the numbers of every row, or, where the strengths of
channels differ, one circuit for each set of strengths. A run with shots needs a job for each number of shots among its
settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from qdl.adapters.qiskit.circuits import Translation
from qdl.adapters.qiskit.jobs import STRIDE, Job, execute
from qdl.engine.remote import Bits, Program, Real, Setting
from qdl.errors import ValuesError
from qdl.ir.gates import PAULI
from qdl.ir.observables import Word
from qdl.measure import seeds

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import SparsePauliOp


class _Prepared:
    """A program and a method, ready for values."""

    def __init__(self, program: Program, method: str, exact: bool) -> None:
        self.program, self.method = program, method
        self.translation = Translation(program, method, exact)

    def _checked(self, angles: Real) -> Real:
        angles = np.ascontiguousarray(angles, dtype=np.float64)
        least = 1 + max((c for columns in self.program.columns.values() for c in columns), default=-1)
        if angles.ndim != 2 or angles.shape[1] < least:
            raise ValuesError("the angles do not fit the program", got=angles.shape, expected=f"(rows, {least})")
        if not np.isfinite(angles).all():
            raise ValuesError("angles must be finite", got="NaN or infinity")
        return angles

    def _groups(self, angles: Real) -> tuple[Real, list[tuple[Real, list[int]]]]:
        """The numbers of all rows, and the rows of each set of strengths."""
        strengths = self.translation.strengths(angles)
        numbers = self.translation.numbers(angles)
        if not strengths.shape[1]:
            return numbers, [(np.zeros(0), list(range(len(angles))))]
        sets, which = np.unique(strengths, axis=0, return_inverse=True)
        rows: list[list[int]] = [[] for _ in sets]
        for index, group in enumerate(which.reshape(-1).tolist()):
            rows[group].append(index)
        return numbers, list(zip(sets, rows, strict=True))

    def _job(self, made: Sequence[tuple[QuantumCircuit, Real]], shots: int, seed: int = 0) -> list[Any]:
        """Run circuits, each for some rows of numbers (rows, n_parameters), as one job."""
        if not sum(len(numbers) for _, numbers in made):
            return []
        parameters = self.translation.parameters
        if parameters:
            binds = [dict(zip(parameters, numbers.T.tolist(), strict=True)) for _, numbers in made]
            job = Job([circuit for circuit, _ in made], binds, shots, seed)
        else:
            job = Job([circuit for circuit, numbers in made for _ in numbers], None, shots, seed)
        return execute(job, self.method, self.program.dtype)


class _Exact(_Prepared):
    """What is saved in the state at a circuit's end: one shot is enough."""

    def __init__(self, program: Program, method: str) -> None:
        super().__init__(program, method, exact=True)
        self._circuits: dict[bytes, QuantumCircuit] = {}

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Real:
        """What is read at each row of angles, (rows, n) float64."""
        angles = self._checked(angles)
        numbers, groups = self._groups(angles)
        whole = bool(self.translation.parameters)  # else rows of one group are all the same
        made = [(self._circuit(strengths), numbers[rows if whole else rows[:1]]) for strengths, rows in groups]
        found = iter(self._job(made, 1))
        out = np.empty((len(angles), self._width()))
        for _, rows in groups:
            for row in rows if whole else [rows]:
                out[row] = self._value(next(found))
        return out

    def _circuit(self, strengths: Real) -> QuantumCircuit:
        made = self._circuits.get(strengths.tobytes())
        if made is None:
            made = self.translation.circuit(strengths)[0]
            self._save(made)
            if not len(strengths):  # the only one, for all calls
                self._circuits[strengths.tobytes()] = made
        return made

    def _save(self, made: QuantumCircuit) -> None:
        raise NotImplementedError

    def _value(self, data: Any) -> Real:
        raise NotImplementedError

    def _width(self) -> int:
        raise NotImplementedError


class Expvals(_Exact):
    """Expectation values of words."""

    def __init__(self, program: Program, method: str, words: tuple[Word, ...]) -> None:
        self.words = words
        super().__init__(program, method)

    def _save(self, made: QuantumCircuit) -> None:
        from qiskit_aer.library import SaveExpectationValue

        for k, word in enumerate(self.words):
            if word:
                operator, qubits = _operator(word)
                made.append(SaveExpectationValue(operator, label=f"w{k}"), qubits)

    def _value(self, data: Any) -> Real:
        return np.array([getattr(data, f"w{k}") if word else 1.0 for k, word in enumerate(self.words)])

    def _width(self) -> int:
        return len(self.words)


class Probs(_Exact):
    """Probabilities of the joint values of some wires, which may be named twice."""

    def __init__(self, program: Program, method: str, places: tuple[int, ...]) -> None:
        self.wires = tuple(dict.fromkeys(places))
        index, size = np.arange(2 ** len(self.wires)), len(self.wires)
        self.index = np.zeros_like(index)
        for place in places:
            self.index = 2 * self.index + (index >> (size - 1 - self.wires.index(place)) & 1)
        self.width = 2 ** len(places)
        super().__init__(program, method)

    def _save(self, made: QuantumCircuit) -> None:
        from qiskit_aer.library import SaveProbabilities

        made.append(SaveProbabilities(len(self.wires), label="p"), self.wires[::-1])

    def _value(self, data: Any) -> Real:
        out = np.zeros(self.width)
        out[self.index] = data.p
        return out

    def _width(self) -> int:
        return self.width


class Samples(_Prepared):
    """Outcomes of some settings."""

    def __init__(self, program: Program, method: str, settings: tuple[Setting, ...]) -> None:
        super().__init__(program, method, exact=False)
        self.settings = settings
        self._made: dict[int, tuple[QuantumCircuit, list[int]]] = {}

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> list[Bits]:
        """The outcomes of each setting at each row of angles, (rows, shots, n_names) int8."""
        angles = self._checked(angles)
        numbers, groups = self._groups(angles)
        out = [np.empty((len(angles), s.shots, len(s.names)), dtype=np.int8) for s in self.settings]
        first = int(torch.randint(2**62, (), generator=seeds.generator(seed, *path)))
        for shots in dict.fromkeys(s.shots for s in self.settings):
            chosen = [k for k, s in enumerate(self.settings) if s.shots == shots]
            made = [(k, rows, *self._circuit(k, strengths)) for k in chosen for strengths, rows in groups]
            found = iter(self._job([(circuit, numbers[rows]) for _, rows, circuit, _ in made], shots, first))
            for k, rows, circuit, places in made:
                for index in rows:
                    out[k][index] = _bits(next(found).memory, circuit.num_clbits)[:, places]
            first += STRIDE * len(angles) * len(chosen)
        return out

    def _circuit(self, k: int, strengths: Real) -> tuple[QuantumCircuit, list[int]]:
        if k in self._made:
            return self._made[k]
        setting = self.settings[k]
        made = self.translation.circuit(strengths, setting.names, setting.turns)
        if not len(strengths):
            self._made[k] = made
        return made


def _operator(word: Word) -> tuple[SparsePauliOp, list[int]]:
    """A word as Qiskit's operator, and its qubits, the least significant first."""
    from qiskit.quantum_info import Operator, SparsePauliOp

    whole, qubits = SparsePauliOp(""), list[int]()
    for atom in word:
        pauli = atom.letter in PAULI
        factor = SparsePauliOp(atom.letter) if pauli else SparsePauliOp.from_operator(Operator(atom.matrix))
        whole, qubits = factor.tensor(whole), [*qubits, *atom.wires[::-1]]
    return whole, qubits


def _bits(memory: Sequence[str], width: int) -> Bits:
    """Aer's hexadecimal numbers as bits, (shots, width), the classical bit 0 first."""
    size = (width + 7) // 8
    packed = b"".join(int(number, 16).to_bytes(size, "little") for number in memory)
    rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, size)
    return np.unpackbits(rows, axis=1, count=width, bitorder="little").astype(np.int8)
