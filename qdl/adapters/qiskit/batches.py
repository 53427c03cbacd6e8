"""Blocs that ask for the same circuit, as tables of rows of numbers and observables.

Exact values: a row that several blocs ask for is computed once. With shots each row of each bloc is measured by itself,
so that two blocs that ask the same get independent answers; observables of one bloc share the shots of its rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
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

Indices = NDArray[np.intp] | int
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
            self._known[id(array)] = (array, columns if array.shape else 0, tuple(found))
        return self._known[id(array)][1:]


def exact(blocs: Sequence[tuple[int, EstimatorBloc]], observables: Observables) -> list[Batch]:
    """Tables for exact values of numbered blocs of one circuit."""
    known: dict[bytes, int] = {}
    rows: list[Real] = []
    classes: dict[tuple[Key, ...], list[Place]] = {}
    for number, bloc in blocs:
        columns, keys = observables.of(bloc)
        classes.setdefault(keys, []).append((number, None, _numbered(bloc.values, known, rows), columns))
    table = np.array(rows) if rows else np.zeros((0, 0))
    if len(classes) == 1:
        return [Batch(table, *classes.popitem())]
    used = {keys: _rows_of(places) for keys, places in classes.items()}
    needed = sum(len(_labels(keys)) * len(found) for keys, found in used.items())
    if len(rows) * len(_labels(key for keys in classes for key in keys)) <= max(SMALL, WASTE * needed):
        return [_joined(table, classes)]
    return [Batch(table[used[keys]], keys, _renumbered(places, used[keys])) for keys, places in classes.items()]


def _numbered(values: Real, known: dict[bytes, int], rows: list[Real]) -> Indices:
    """The numbers of rows (*shape, n), (*shape); those not yet known are added."""
    if values.ndim == 1:
        number = known.setdefault(values.tobytes(), len(rows))
        if number == len(rows):
            rows.append(values)
        return number
    shape = values.shape[:-1]
    flat = values.reshape(math.prod(shape), values.shape[-1])
    return np.array([_numbered(row, known, rows) for row in flat], dtype=np.intp).reshape(shape)


def _labels(keys: Iterable[Key]) -> set[labels.Label]:
    return {label for key in keys for label, _ in key}


def _rows_of(places: Iterable[Place]) -> NDArray[np.intp]:
    """The rows that some places ask for, in order."""
    return np.unique(np.concatenate([np.ravel(rows) for _, _, rows, _ in places]))


def _renumbered(places: Iterable[Place], rows: NDArray[np.intp]) -> list[Place]:
    """Places in a table that has some rows only."""
    return [(bloc, where, np.searchsorted(rows, found), columns) for bloc, where, found, columns in places]


def _joined(table: Real, classes: Mapping[tuple[Key, ...], Sequence[Place]]) -> Batch:
    """One table for blocs with different observables: all of these at all rows."""
    keys: dict[Key, int] = {}
    joined: list[Place] = []
    for own, places in classes.items():
        place = np.array([keys.setdefault(key, len(keys)) for key in own], dtype=np.intp)
        joined += [(bloc, where, rows, place[columns]) for bloc, where, rows, columns in places]
    return Batch(table, tuple(keys), joined)


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
        every = np.broadcast_to(np.asarray(columns), bloc.shape).reshape(-1)
        for k, key in enumerate(keys):
            where = np.flatnonzero(every == k)
            table = tables.setdefault((key,), _Measured())
            table.add(flat[rows[where]], number, where, np.zeros_like(where), where.shape)
    return [Batch(np.concatenate(table.rows), keys, table.places) for keys, table in tables.items()]
