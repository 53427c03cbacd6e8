"""Blocs that ask for the same circuit, as tables of rows of numbers and observables.

Exact values: a row that several blocs ask for is computed once. With shots each row of each bloc is measured by itself,
so that two blocs that ask the same get independent answers; observables of one bloc share the shots of its rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdl.adapters.qiskit import labels
from qdl.adapters.qiskit.labels import Key
from qdl.adapters.qiskit.pubs import EstimatorBloc
from qdl.engine.remote import Real

WASTE = 4  # how many numbers may be computed for one that is asked for
SMALL = 2**16  # numbers that nobody counts

Indices = NDArray[np.intp]
Place = tuple[int, Indices | None, Indices, Indices]  # a bloc, where in it (None: all of it), rows and columns


@dataclass
class Batch:
    """A table to compute, (n_rows, n_observables).

    Attributes
    ----------
    rows : (n_rows, n_parameters)
    keys : tuple of Key
        The observables.
    places : list of Place
        Where the table's numbers go.
    """

    rows: Real
    keys: tuple[Key, ...]
    places: list[Place]


@dataclass
class Asked:
    """What one bloc asks for: numbers of its rows and of its observables, which broadcast."""

    bloc: int
    rows: Indices
    columns: Indices
    keys: tuple[Key, ...]  # what columns count


class Observables:
    """The observables of blocs, each array read once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, Indices, tuple[Key, ...]]] = {}

    def of(self, bloc: EstimatorBloc) -> tuple[Indices, tuple[Key, ...]]:
        """A number for each place of a bloc's array of observables, and what the numbers stand for."""
        array = bloc.observables
        if id(array) not in self._known:
            found: dict[Key, int] = {}
            columns = np.empty(array.shape, dtype=np.intp)
            for index in np.ndindex(array.shape):
                columns[index] = found.setdefault(labels.key(array[index]), len(found))
            self._known[id(array)] = (array, columns, tuple(found))
        return self._known[id(array)][1:]


def exact(blocs: Sequence[tuple[int, EstimatorBloc]], observables: Observables) -> list[Batch]:
    """Tables for exact values of numbered blocs of one circuit."""
    known: dict[bytes, int] = {}
    rows: list[Real] = []
    asked = []
    for number, bloc in blocs:
        asked.append(Asked(number, _numbered(bloc.values, known, rows), *observables.of(bloc)))
    table = np.array(rows) if rows else np.zeros((0, 0))
    classes: dict[tuple[Key, ...], list[Asked]] = {}
    for one in asked:
        classes.setdefault(one.keys, []).append(one)
    words = {keys: len({label for key in keys for label, _ in key}) for keys in classes}
    needed = sum(words[keys] * len(_rows_of(found)) for keys, found in classes.items())
    whole = len(rows) * len({label for keys in classes for key in keys for label, _ in key})
    if whole <= max(SMALL, WASTE * needed):
        return [_batch(table, asked)]
    return [_batch(table, found) for found in classes.values()]


def _numbered(values: Real, known: dict[bytes, int], rows: list[Real]) -> Indices:
    """The numbers of rows (*shape, n), (*shape); those not yet known are added."""
    shape = values.shape[:-1]
    flat = np.ascontiguousarray(values).reshape(math.prod(shape), values.shape[-1])
    found = np.empty(len(flat), dtype=np.intp)
    for k, row in enumerate(flat):
        number = known.setdefault(row.tobytes(), len(rows))
        if number == len(rows):
            rows.append(row)
        found[k] = number
    return found.reshape(shape)


def _rows_of(asked: Iterable[Asked]) -> Indices:
    return np.unique(np.concatenate([one.rows.reshape(-1) for one in asked]))


def _batch(table: Real, asked: Sequence[Asked]) -> Batch:
    """The table that some blocs need: their rows, with all observables that occur."""
    chosen = _rows_of(asked)
    keys: dict[Key, int] = {}
    places: list[Place] = []
    for one in asked:
        columns = np.array([keys.setdefault(key, len(keys)) for key in one.keys], dtype=np.intp)
        rows = one.rows if len(chosen) == len(table) else np.searchsorted(chosen, one.rows)
        places.append((one.bloc, None, rows, columns[one.columns]))
    return Batch(table if len(chosen) == len(table) else table[chosen], tuple(keys), places)


@dataclass
class _Measured:
    """A table for shots as it grows."""

    rows: list[Real] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    count: int = 0

    def add(self, values: Real, bloc: int, where: Indices | None, columns: Indices, shape: tuple[int, ...]) -> None:
        """Some rows of a bloc, of a shape."""
        rows = np.arange(self.count, self.count + len(values)).reshape(shape)
        self.rows.append(values)
        self.count += len(values)
        self.places.append((bloc, where, rows, columns))


def measured(blocs: Sequence[tuple[int, EstimatorBloc]], observables: Observables) -> list[Batch]:
    """Tables for values from shots of numbered blocs of one circuit: one for each set of observables."""
    tables: dict[tuple[Key, ...], _Measured] = {}
    for number, bloc in blocs:
        columns, keys = observables.of(bloc)
        shape = bloc.values.shape[:-1]
        flat = bloc.values.reshape(math.prod(shape), bloc.values.shape[-1])
        if len(flat) * len(keys) <= WASTE * math.prod(bloc.shape):
            tables.setdefault(keys, _Measured()).add(flat, number, None, columns, shape)
            continue
        rows = np.broadcast_to(np.arange(len(flat)).reshape(shape), bloc.shape).reshape(-1)
        every = np.broadcast_to(columns, bloc.shape).reshape(-1)
        for k, key in enumerate(keys):
            where = np.flatnonzero(every == k)
            table = tables.setdefault((key,), _Measured())
            table.add(flat[rows[where]], number, where, np.zeros_like(where), where.shape)
    return [Batch(np.concatenate(table.rows), keys, table.places) for keys, table in tables.items()]
