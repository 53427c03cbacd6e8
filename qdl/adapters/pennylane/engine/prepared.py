"""What is read of a program on a PennyLane device, ready for values: each run is one execution of all its tapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from qdl.adapters.pennylane.convert.observables import to_observable
from qdl.adapters.pennylane.engine.tapes import Tapes
from qdl.engine.remote import Bits, Real, Setting
from qdl.errors import UnsupportedError
from qdl.ir import Observable
from qdl.ir.observables import Word
from qdl.measure import seeds

Make = Callable[[int | None], Any]  # a seed to a device
TRIED = 0.3  # the angle at which a device is asked whether it takes a circuit


class _Prepared:
    """A program's tapes and what makes their device."""

    def __init__(self, tapes: Tapes, make: Make) -> None:
        self.tapes, self.make = tapes, make

    def _try(self, measured: Sequence[Any], shots: int | None = None) -> None:
        """Let the device refuse what it cannot do, before there are values."""
        import pennylane as qml

        device = self.make(None)
        operations = self.tapes.operations(np.full((1, self.tapes.width), TRIED), noise=False)
        tape = qml.tape.QuantumScript(operations, measured, shots=shots)
        try:
            device.preprocess_transforms(device.setup_execution_config(circuit=tape))([tape])
        except Exception as error:
            raise _refused(device, error) from error

    def _run(self, scripts: Sequence[Any], seed: int | None = None) -> list[Any]:
        """The results of some tapes, by one execution."""
        import pennylane as qml

        if not scripts:
            return []
        device = self.make(seed)
        try:
            found = qml.execute(list(scripts), device, diff_method=None, cache=False)
        except Exception as error:
            raise _refused(device, error) from error
        return list(found)


def _refused(device: Any, error: Exception) -> UnsupportedError:
    got = f"{type(error).__name__}: {error}"[:300]
    return UnsupportedError(f"{device.name} cannot run the circuit", got=got, do="use another device or engine")


class Expvals(_Prepared):
    """Expectation values of words."""

    def __init__(self, tapes: Tapes, make: Make, words: Sequence[Word]) -> None:
        import pennylane as qml

        super().__init__(tapes, make)
        self.words = tuple(words)
        self.columns = [k for k, word in enumerate(words) if word]
        where = [tapes.labels[p] for p in tapes.made.wires]
        self.measured = [qml.expval(to_observable(Observable({words[k]: 1.0}), wires=where)) for k in self.columns]
        if self.measured:
            self._try(self.measured)

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Real:
        """The words' values at each row of angles, (rows, n_words)."""
        import pennylane as qml

        angles = self.tapes.checked(angles)
        out = np.ones((len(angles), len(self.words)))
        groups = self.tapes.groups(angles) if self.measured else []
        scripts = [qml.tape.QuantumScript(self._at(angles, rows), self.measured) for rows in groups]
        for rows, found in zip(groups, self._run(scripts), strict=True):
            values = found if len(self.measured) > 1 else [found]
            for column, value in zip(self.columns, values, strict=True):
                out[rows, column] = np.real(np.asarray(value))
        return out

    def _at(self, angles: Real, rows: Any) -> list[Any]:
        return self.tapes.operations(angles[rows] if self.tapes.varies else angles[:1])


class Probs(_Prepared):
    """Probabilities of the joint values of some names, of which several may lie at one place."""

    def __init__(self, tapes: Tapes, make: Make, names: Sequence[int | str]) -> None:
        import pennylane as qml

        super().__init__(tapes, make)
        places = [tapes.made.place(name) for name in names]
        apart = tuple(dict.fromkeys(places))
        index, count = np.arange(2 ** len(apart)), len(apart)
        self.index, self.width = np.zeros_like(index), 2 ** len(places)
        for place in places:
            self.index = 2 * self.index + (index >> (count - 1 - apart.index(place)) & 1)
        self.measured = [qml.probs(wires=[tapes.labels[p] for p in apart])]
        self._try(self.measured)

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Real:
        """The probabilities at each row of angles, (rows, 2**n)."""
        import pennylane as qml

        angles = self.tapes.checked(angles)
        out = np.zeros((len(angles), self.width))
        groups = self.tapes.groups(angles)
        chosen = [angles[rows] if self.tapes.varies else angles[:1] for rows in groups]
        scripts = [qml.tape.QuantumScript(self.tapes.operations(some), self.measured) for some in chosen]
        for rows, found in zip(groups, self._run(scripts), strict=True):
            out[np.ix_(rows, self.index)] = np.asarray(found).reshape(-1, len(self.index))
        return out


class Samples(_Prepared):
    """Outcomes of some settings."""

    def __init__(self, tapes: Tapes, make: Make, settings: Sequence[Setting]) -> None:
        import pennylane as qml

        super().__init__(tapes, make)
        self.settings = tuple(settings)
        self.places = [[tapes.made.place(name) for name in setting.names] for setting in settings]
        self.apart = [list(dict.fromkeys(places)) for places in self.places]
        self.measured = [qml.sample(wires=[tapes.labels[p] for p in apart]) for apart in self.apart]
        self.turns = [[op for turn in setting.turns for op in tapes.plain(turn)] for setting in self.settings]
        for measured, setting in zip(self.measured, self.settings, strict=True):
            self._try([measured], setting.shots)

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> list[Bits]:
        """The outcomes of each setting at each row of angles, (rows, shots, n_names) int8."""
        import pennylane as qml

        angles = self.tapes.checked(angles)
        out = [np.empty((len(angles), s.shots, len(s.names)), dtype=np.int8) for s in self.settings]
        groups = self.tapes.groups(angles)
        scripts, where = [], []
        for rows in groups:
            operations = self.tapes.operations(angles[rows] if self.tapes.varies else angles[:1])
            batched = any(op.batch_size for op in operations)
            for k, setting in enumerate(self.settings):
                # Rows that are all the same circuit are so many times the shots.
                shots = setting.shots if batched else setting.shots * len(rows)
                everything = [*operations, *self.turns[k]]
                scripts.append(qml.tape.QuantumScript(everything, [self.measured[k]], shots=shots))
                where.append((rows, k))
        first = int(torch.randint(2**31 - 1, (), generator=seeds.generator(seed, *path)))
        for (rows, k), found in zip(where, self._run(scripts, first), strict=True):
            bits = np.asarray(found).reshape(len(rows), self.settings[k].shots, len(self.apart[k]))
            out[k][rows] = bits[..., [self.apart[k].index(place) for place in self.places[k]]]
        return out
