"""What a tape measures, as requests to qdl, and what their results are made into."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.adapters.pennylane.device.form import Form, Key, circuit_of, structure
from qdl.adapters.pennylane.device.observables import gather, observable
from qdl.adapters.pennylane.device.slots import Slots
from qdl.adapters.pennylane.operations import translate
from qdl.adapters.pennylane.operations.words import terms_of
from qdl.ir.observables import Observable
from qdl.run import Compiled, Options
from qdl.run.outcomes import Probs
from qdl.run.states import Density, State
from qdl.run.words import Words

Finish = Callable[[Tensor, Any], Any]


@dataclass(frozen=True)
class Reading:
    """How one measurement is read.

    Attributes
    ----------
    kind : str
        ``"expval"``, ``"var"``, ``"probs"``, ``"state"``, ``"density"``, or ``"measure"``: PennyLane's own rule on the
        state of all wires.
    key : hashable
        What it reads.
    slots : int
        How many slots it takes.
    """

    kind: str
    key: Key
    slots: int = 0


STATE = Reading("measure", None)


def reading_of(mp: Any, slots: Slots, projected: bool) -> Reading:
    """How an exact measurement is read; numbers that may have gradients go to the slots."""
    kind = type(mp).__name__
    if projected or mp.mv is not None:
        return STATE
    if kind in ("ExpectationMP", "VarianceMP"):
        if mp.obs is None:
            return STATE
        before = len(slots.flags), len(slots.scalars[0])
        terms = terms_of(mp.obs)
        key = None if terms is None else gather(terms, slots)
        if key is None or (kind == "VarianceMP" and not _small(terms)):
            del slots.flags[before[0] :], slots.scalars[0][before[1] :]
            return STATE
        return Reading("expval" if kind == "ExpectationMP" else "var", key, len(slots.flags) - before[0])
    if kind == "ProbabilityMP" and mp._eigvals is None:
        if mp.obs is None:
            return Reading("probs", (mp.wires.labels, ()))
        gates = mp.diagonalizing_gates()
        parts = [structure(gate) for gate in gates]
        if not any(values for _, values in parts):
            return Reading("probs", (mp.wires.labels, tuple(key for key, _ in parts)))
        return STATE
    if kind == "StateMP":
        return Reading("state", mp.wires.labels)
    if kind in ("DensityMatrixMP", "VnEntropyMP", "MutualInfoMP", "PurityMP"):
        return Reading("density", mp.wires.labels)
    return STATE


def _small(terms: Any) -> bool:
    """Whether an observable's square has few words."""
    return len(terms) <= 32 and all(factor[0] != "H" or len(terms) == 1 for _, word in terms for factor in word)


class Program:
    """All requests of a tape's structure, compiled.

    Parameters
    ----------
    form : Form
    readings : sequence of Reading
    measurements : sequence
        PennyLane's measurements, for what their structure needs.
    wires : mapping
        Labels to wires.
    options : dict
        Those of qdl.
    mixed : bool
        Whether states are density matrices.
    """

    def __init__(
        self,
        form: Form,
        readings: Sequence[Reading],
        measurements: Sequence[Any],
        wires: Mapping[Hashable, int],
        options: Mapping[str, Any],
        mixed: bool,
    ) -> None:
        self.wires, self.mixed, self.projected = dict(wires), mixed, form.projected
        self.options = Options.make(options)
        expressions = form.slots.expressions()
        self.steps = form.steps(wires, expressions)
        self.circuit = circuit_of(self.steps, len(wires))
        rest = expressions[len(expressions) - sum(r.slots for r in readings) :]
        self.requests: dict[Key, Compiled] = {}
        self.places: list[tuple[Key, int | None, Finish]] = []
        words: dict[str, list[Observable]] = {"expval": [], "var": []}
        for reading, mp in zip(readings, measurements, strict=True):
            if reading.kind in words:
                asked = words[reading.kind]
                asked.append(observable(reading.key, wires, rest))
                self.places.append((reading.kind, len(asked) - 1, _as_it_is))
            else:
                self.places.append(self._place(reading, mp))
        for kind, asked in words.items():
            if asked:
                self.requests[kind] = Words(self.circuit, asked, self.options, square=kind == "var")

    def _place(self, reading: Reading, mp: Any) -> tuple[Key, int | None, Finish]:
        circuit, options = self.circuit, self.options
        if reading.kind == "probs":
            key = ("probs", reading.key)
            if key not in self.requests:
                labels: Any = reading.key[0]  # type: ignore[index]
                turns: Any = reading.key[1]  # type: ignore[index]
                if turns:
                    steps = [step for gate in mp.diagonalizing_gates() for step in translate(gate, self.wires)]
                    circuit = circuit_of([*self.steps, *steps], len(self.wires))
                read = [self.wires[label] for label in labels] or list(range(len(self.wires)))
                self.requests[key] = Probs(circuit, read, options)
            return key, None, _as_it_is
        if reading.kind == "density":
            key = ("density", reading.key)
            if key not in self.requests:
                self.requests[key] = Density(circuit, [self.wires[label] for label in mp.wires], options)
            return key, None, _of_density
        if "state" not in self.requests:
            every = range(circuit.wires)
            self.requests["state"] = Density(circuit, every, options) if self.mixed else State(circuit, options)
        return "state", None, self._ordered if reading.kind == "state" else self._measured

    def __call__(self, values: Mapping[str, Tensor]) -> dict[Key, Tensor]:
        """What each request gives, (*batch, ...)."""
        found: dict[Key, Tensor] = {}
        for key in self.requests:
            read = self.read(key, values)
            found[key] = self._normalised(read) if self.projected else read
        return found

    def read(self, key: Key, values: Mapping[str, Tensor]) -> Tensor:
        """What one request gives, (*batch, ...)."""
        request = self.requests[key]
        read: Tensor = request({param.name: values[param.name] for param in request.params})
        missing = self._missing(request, values)
        return read.expand(*missing, *read.shape) if missing else read

    def _missing(self, request: Compiled, values: Mapping[str, Tensor]) -> tuple[int, ...]:
        """Batch dimensions of values that a request does not take."""
        have = max((values[p.name].dim() for p in request.params), default=1)
        want = max((v.dim() for v in values.values()), default=1)
        if have == want:
            return ()
        return tuple(np.broadcast_shapes(*(v.shape[:-1] for v in values.values())))

    def _normalised(self, read: Tensor) -> Tensor:
        if self.mixed:
            return read / read.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None].real
        return read / torch.linalg.vector_norm(read, dim=-1, keepdim=True)

    def results(self, found: Mapping[Key, Tensor], measurements: Sequence[Any]) -> list[Any]:
        """One result for each measurement."""
        columns = {kind: found[kind].unbind(-1) for kind in ("expval", "var") if kind in found}
        return [
            finish(found[key] if column is None else columns[str(key)][column], mp)
            for (key, column, finish), mp in zip(self.places, measurements, strict=True)
        ]

    def _measured(self, state: Tensor, mp: Any) -> Any:
        """PennyLane's rule on the state of all wires."""
        from pennylane.devices.qubit.measure import measure
        from pennylane.devices.qubit_mixed.measure import measure as measure_mixed

        batch = state.shape[: -2 if self.mixed else -1]
        shaped = state.reshape(*batch, *(2,) * ((1 + self.mixed) * len(self.wires)))
        return (measure_mixed if self.mixed else measure)(mp.map_wires(self.wires), shaped, bool(batch))

    def _ordered(self, state: Tensor, mp: Any) -> Any:
        """The amplitudes, or density matrix, of the wires in the order that is asked for."""
        labels = list(mp.wires) or list(self.wires)
        count, axes = len(self.wires), [self.wires[label] for label in labels]
        batch = state.shape[: -2 if self.mixed else -1]
        if axes == list(range(count)):
            return state
        if sorted(axes) != list(range(count)):
            return self._measured(state, mp)
        order = axes + [count + axis for axis in axes] * self.mixed
        shaped = state.reshape(*batch, *(2,) * len(order))
        return shaped.permute(*range(len(batch)), *(len(batch) + axis for axis in order)).reshape(state.shape)


def _as_it_is(read: Tensor, mp: Any) -> Tensor:
    return read


def _of_density(rho: Tensor, mp: Any) -> Any:
    if type(mp).__name__ == "DensityMatrixMP":
        return rho
    places = {label: k for k, label in enumerate(mp.wires)}
    return mp.map_wires(places).process_density_matrix(rho, wire_order=list(range(len(places))))
