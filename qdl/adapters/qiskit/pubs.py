"""Qiskit's primitive unified blocs, read quickly: thousands of them may name the same circuit and the same observable.

Qiskit's own reading of a bloc takes about 100 microseconds, most of which goes into what the blocs of a run have in
common. Here each object of a list is read once; whatever is not plain is left to Qiskit, its errors included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from qiskit import QuantumCircuit
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.observables_array import ObservablesArray
from qiskit.primitives.containers.sampler_pub import SamplerPub

from qdl.adapters.qiskit.translate import Template, Translated, translated
from qdl.engine.remote import Real
from qdl.errors import ValuesError


class EstimatorBloc(NamedTuple):
    """What an estimator is asked: a circuit, observables, (*shape, n_parameters) values and a precision."""

    circuit: QuantumCircuit
    observables: ObservablesArray
    values: Real
    shape: tuple[int, ...]
    precision: float


class SamplerBloc(NamedTuple):
    """What a sampler is asked: a circuit, (*shape, n_parameters) values and a number of shots."""

    circuit: QuantumCircuit
    values: Real
    shots: int


Bloc = TypeVar("Bloc", EstimatorBloc, SamplerBloc)
Count = TypeVar("Count")


class _Reader:
    """What has been read of the objects of one list, known by their identity: the list holds them meanwhile."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._observables: dict[tuple[int, int], ObservablesArray | None] = {}

    def estimator(self, pub: Any, precision: float) -> EstimatorBloc | None:
        """A plain bloc, or None."""
        found = self._circuit_and_values(pub, 1)
        if found is None or len(pub) < 2 or (len(pub) > 3 and pub[3] is not None):
            return None
        circuit, values = found
        observables = self._fitting(circuit, pub[1])
        if observables is None:
            return None
        shape = values.shape[:-1]
        if observables.shape:
            try:
                shape = np.broadcast_shapes(observables.shape, shape)
            except ValueError:
                return None
        return EstimatorBloc(circuit, observables, values, shape, precision)

    def sampler(self, pub: Any, shots: int) -> SamplerBloc | None:
        """A plain bloc, or None."""
        found = self._circuit_and_values(pub, 0)
        if found is None or (len(pub) > 2 and pub[2] is not None):
            return None
        return SamplerBloc(*found, shots)

    def _circuit_and_values(self, pub: Any, before: int) -> tuple[QuantumCircuit, Real] | None:
        """The circuit of a tuple and its numbers, `before` entries behind it; None unless they are plain."""
        if not isinstance(pub, tuple) or not pub or len(pub) > 3 + before or not isinstance(pub[0], QuantumCircuit):
            return None
        circuit, given = pub[0], pub[1 + before] if len(pub) > 1 + before else None
        count = self._counts.get(id(circuit))
        if count is None:
            count = self._counts[id(circuit)] = circuit.num_parameters
        if given is None and count == 0:
            return circuit, np.zeros(0)
        if count < 2 or not isinstance(given, (np.ndarray, list, tuple)):  # one number a row: Qiskit guesses the shape
            return None
        try:
            values = given if isinstance(given, np.ndarray) else np.asarray(given)
        except ValueError:
            return None
        if values.ndim == 0 or values.shape[-1] != count or values.dtype.kind not in "fiu":
            return None
        return circuit, values.astype(float, copy=False)

    def _fitting(self, circuit: QuantumCircuit, given: Any) -> ObservablesArray | None:
        key = (id(circuit), id(given))
        if key not in self._observables:
            try:
                array = ObservablesArray.coerce(given)
                array.validate()
            except (ValueError, TypeError):
                return None
            labels = (next(iter(array[index])) for index in np.ndindex(array.shape))
            fits = all(len(label) == circuit.num_qubits for label in labels)
            self._observables[key] = array if fits else None
        return self._observables[key]


def estimator_blocs(pubs: Iterable[Any], precision: float) -> list[EstimatorBloc]:
    """Blocs for an estimator; `precision` is for those that name none."""
    reader = _Reader() if isinstance(pubs, (list, tuple)) else None
    out = []
    for pub in pubs:
        bloc = reader.estimator(pub, precision) if reader else None
        if bloc is None:
            slow = EstimatorPub.coerce(pub, precision)
            values = _numbers(slow.circuit, slow.parameter_values)
            bloc = EstimatorBloc(slow.circuit, slow.observables, values, slow.shape, float(slow.precision or 0.0))
        out.append(bloc)
    return out


def sampler_blocs(pubs: Iterable[Any], shots: int) -> list[SamplerBloc]:
    """Blocs for a sampler; `shots` are for those that name none."""
    reader = _Reader() if isinstance(pubs, (list, tuple)) else None
    out = []
    for pub in pubs:
        bloc = reader.sampler(pub, shots) if reader else None
        if bloc is None:
            slow = SamplerPub.coerce(pub, shots)
            bloc = SamplerBloc(slow.circuit, _numbers(slow.circuit, slow.parameter_values), int(slow.shots))
        out.append(bloc)
    return out


def by_template(
    blocs: Sequence[Bloc], shots: Callable[[Bloc], Count]
) -> dict[tuple[Template, Count], list[tuple[int, Bloc]]]:
    """Numbered blocs by their circuits' templates and shots, with the rows that templates take for values."""
    known: dict[int, Translated] = {}
    out: dict[tuple[Template, Count], list[tuple[int, Bloc]]] = {}
    for number, bloc in enumerate(blocs):
        found = known.get(id(bloc.circuit))
        if found is None:
            found = known[id(bloc.circuit)] = translated(bloc.circuit)
        rows = bloc._replace(values=found.rows(bloc.values))
        out.setdefault((found.template, shots(bloc)), []).append((number, rows))
    return out


def _numbers(circuit: QuantumCircuit, values: BindingsArray) -> Real:
    """All numbers, (*shape, n_parameters), in the order of the circuit's parameters."""
    found = values.as_array(circuit.parameters)
    if np.iscomplexobj(found):
        raise ValuesError("values of parameters must be real", got=found.dtype)
    return np.asarray(found, dtype=float)
