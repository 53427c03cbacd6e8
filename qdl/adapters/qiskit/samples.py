"""Shots of Qiskit's circuits: planned once for a circuit, drawn for many rows at once, packed register by register.

Where the probabilities of all outcomes fit into a table, outcomes are drawn from it with the random numbers that Qiskit
draws: with the same seed a circuit gets the shots that `qiskit.primitives.StatevectorSampler` gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qdl.adapters.qiskit import settings
from qdl.adapters.qiskit.settings import Plans, Settings
from qdl.adapters.qiskit.translate import Template
from qdl.engine.remote import Bits, Real
from qdl.run.outcomes import Probs, Sample

TABLE = 14  # bits of an outcome up to which all outcomes are in a table
PIECE = 2**22  # probabilities and shots that are in memory at once
EXACT = ("state", "density")  # engines that know all probabilities

Bytes = NDArray[np.uint8]
Names = Sequence[str | None]


class Drawn(Protocol):
    """Outcomes of some rows."""

    def packed(self, names: Names) -> Bytes:
        """Some bits in bytes, (n_rows, shots, n_bytes), the first the least significant; 0 for None."""


@dataclass
class Listed:
    """Bits as they were measured, (n_rows, shots, n_bits), with the column of each."""

    bits: Bits
    columns: Mapping[str, int]

    def packed(self, names: Names) -> Bytes:
        return _packed([None if name is None else self.bits[..., self.columns[name]] for name in names], self.bits)


@dataclass
class Numbered:
    """Outcomes as numbers, (n_rows, shots), of `width` bits, with the place of each bit from the most significant."""

    outcomes: NDArray[np.intp]
    width: int
    places: Mapping[str, int]

    def packed(self, names: Names) -> Bytes:
        every = np.arange(2**self.width)
        bits = [None if name is None else every >> (self.width - 1 - self.places[name]) & 1 for name in names]
        return _packed(bits, every[:, None])[self.outcomes]


def _packed(bits: Sequence[NDArray | None], like: NDArray) -> Bytes:
    """Arrays of bits, the first the least significant, in bytes behind the shape of `like` without its last axis."""
    width = (len(bits) + 7) // 8 * 8
    spread = np.zeros((*like.shape[:-1], width), dtype=np.uint8)
    for k, column in enumerate(bits):
        if column is not None:
            spread[..., width - 1 - k] = column
    return np.packbits(spread, axis=-1)


@dataclass(frozen=True)
class Sampler:
    """What draws the classical bits of a circuit.

    Attributes
    ----------
    template : Template
    shots : int
    request : Probs, Sample or None
        None where nothing is measured.
    places : dict
        The place of each bit among what the request reads.
    """

    template: Template
    shots: int
    request: Probs | Sample | None
    places: dict[str, int]

    def draw(self, rows: Real, random: np.random.Generator) -> Iterator[tuple[slice, Drawn]]:
        """Outcomes of pieces of the rows, as they fit into memory."""
        width = 0 if isinstance(self.request, Sample | None) else len(self.request.names)
        step = max(1, PIECE // max(2**width, self.shots))
        for start in range(0, len(rows), step):
            piece = rows[start : start + step]
            yield slice(start, start + len(piece)), self._piece(piece, random)

    def _piece(self, rows: Real, random: np.random.Generator) -> Drawn:
        if self.request is None:
            return Listed(np.zeros((len(rows), self.shots, 0), dtype=np.int8), {})
        values, seed = self.template.values(rows), int(random.integers(2**62)) if self._listed else 0
        found = settings.called(self.request, values, seed).cpu().numpy()
        if self._listed:
            return Listed(np.broadcast_to(found, (len(rows), *found.shape[-2:])), self.places)
        table = found.astype(float).clip(0).reshape(-1, found.shape[-1]).cumsum(-1)
        table = np.broadcast_to(table / table[:, -1:], (len(rows), found.shape[-1]))
        uniform = random.random((len(rows), self.shots))
        outcomes = [np.searchsorted(row, u, side="right") for row, u in zip(table, uniform, strict=True)]
        return Numbered(np.array(outcomes), len(self.request.names), self.places)

    @property
    def _listed(self) -> bool:
        return isinstance(self.request, Sample)


def sampler(template: Template, shots: int, chosen: Settings, plans: Plans) -> Sampler:
    """What draws the classical bits of a circuit, planned now or before."""
    return plans.get((template, shots), partial(_planned, template, shots, chosen))


def _planned(template: Template, shots: int, chosen: Settings) -> Sampler:
    left, wires = template.read(chosen.noise)
    bits = template.circuit.bits
    order = sorted({wires[bit] for bit in bits if bit in wires}, reverse=True)
    names: list[int | str] = [*(bit for bit in bits if bit not in wires), *order]
    places = {bit: names.index(wires.get(bit, bit)) for bit in bits}
    if not names:
        return Sampler(template, shots, None, places)
    options = chosen.options(left, shots)
    if options.engine in EXACT and len(names) <= TABLE:
        return Sampler(template, shots, Probs(left, names, chosen.options(left, None, options.engine)), places)
    return Sampler(template, shots, Sample(left, names, options), places)
