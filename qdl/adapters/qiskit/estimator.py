"""The estimator: expectation values of Qiskit's circuits, all blocs of a run that name one circuit as one batch.

So a gradient for which a library hands over thousands of blocs, two for each parameter and sample, takes about as long
as one bloc of as many rows.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from qiskit.primitives import BaseEstimatorV2, DataBin, PrimitiveJob, PrimitiveResult, PubResult
from torch import Tensor

from qdl.adapters.qiskit import batches, labels, settings
from qdl.adapters.qiskit.batches import Batch
from qdl.adapters.qiskit.labels import Sums
from qdl.adapters.qiskit.pubs import EstimatorBloc, by_template, estimator_blocs
from qdl.adapters.qiskit.settings import Primitive, Settings
from qdl.adapters.qiskit.translate import Template
from qdl.engine.remote import Real
from qdl.errors import ValuesError
from qdl.ir import NoiseModel, Observable
from qdl.run.words import Estimates, Words

if TYPE_CHECKING:
    from qiskit.primitives import EstimatorPubLike

MOST_SHOTS = 10**9

Pair = tuple[Real, Real]  # values and standard errors, (n_rows, n_observables) each
Table = Callable[[], Pair]


class Estimator(Primitive, BaseEstimatorV2):
    """Qiskit's estimator primitive on qdl.

    What it takes and returns is what `qiskit.primitives.StatevectorEstimator` takes and returns: blocs
    ``(circuit, observables, parameter values, precision)``, of which the last two may be missing, with arrays of
    observables and of parameter values that broadcast. Circuits may measure, reset and have control flow; values are
    then means over all that may happen.

    Parameters
    ----------
    engine : str or engine object, optional
        Where circuits are run: `qdl.run.Options`. By default ``"state"``; with noise, or measurements in the middle,
        what has the least to carry.
    device : torch.device or str, optional
    noise : NoiseModel, optional
    seed : int, numpy.random.Generator, torch.Generator or None
        Where shots come from; an integer gives the same shots in each run.
    default_precision : float
        For blocs and runs that name none. 0 is exact. Otherwise each setting in which an observable is measured gets
        ceil(1/precision**2) shots on average, at least 2: the standard error of a Pauli word is at most the precision.
    dtype : torch.dtype
        The precision of numbers.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> from qiskit.circuit import Parameter
    >>> circuit = QuantumCircuit(2)
    >>> circuit.ry(Parameter("a"), 0); circuit.cx(0, 1)  # doctest: +ELLIPSIS
    <...>
    <...>
    >>> job = Estimator().run([(circuit, ["IZ", "XX"], [[0.0], [np.pi / 2]])])
    >>> job.result()[0].data.evs.round(6)
    array([1., 1.])
    """

    def __init__(
        self,
        *,
        engine: Any = None,
        device: Any = None,
        noise: NoiseModel | None = None,
        seed: Any = None,
        default_precision: float = 0.0,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(Settings(engine, device, noise, dtype), seed)
        self._default_precision = _checked(default_precision)

    @property
    def default_precision(self) -> float:
        """The precision of blocs and runs that name none."""
        return self._default_precision

    def run(
        self, pubs: Iterable[EstimatorPubLike], *, precision: float | None = None
    ) -> PrimitiveJob[PrimitiveResult[PubResult]]:
        """Estimate expectation values; what is wrong with a bloc is raised here.

        Parameters
        ----------
        pubs : iterable of blocs
        precision : float, optional
            For blocs that name none.

        Returns
        -------
        PrimitiveJob
            Its result has for each bloc ``data.evs`` and ``data.stds``, the values and their standard errors.
        """
        precision = self._default_precision if precision is None else _checked(precision)
        blocs = estimator_blocs(pubs, precision)
        job = PrimitiveJob(_results, blocs, self._tables(blocs))
        job._submit()
        return job

    def _tables(self, blocs: Sequence[EstimatorBloc]) -> list[tuple[Batch, Table]]:
        """What is to be computed for some blocs: planned, not yet run."""
        observables = batches.Observables()
        asked = [
            (circuit, shots, batch)
            for (circuit, shots), numbered in by_template(blocs, lambda bloc: _shots(bloc.precision)).items()
            for batch in (batches.exact if shots is None else batches.measured)(numbered, observables)
        ]
        planned = [(batch, *self._planned(circuit, shots, batch)) for circuit, shots, batch in asked]
        random = settings.generator(self._seed) if any(draws for _, _, draws in planned) else None
        return [
            (batch, partial(table, int(random.integers(2**62)) if random is not None and draws else 0))
            for batch, table, draws in planned
        ]

    def _planned(self, circuit: Template, shots: int | None, batch: Batch) -> tuple[Callable[[int], Pair], bool]:
        """A table's plan, which waits for a seed, and whether it needs one."""
        if not batch.keys or not len(batch.rows):
            return partial(_nothing, batch), False
        options = self.settings.options(circuit.circuit, shots)
        if shots is None and not _draws(options.engine):
            sums = Sums.of(batch.keys)
            make = partial(Words, circuit.circuit, [Observable({labels.word(w): 1.0}) for w in sums.labels], options)
            return partial(_summed, self._plans.get((circuit, sums.labels), make), circuit, batch, sums), False
        estimates = partial(Estimates, circuit.circuit, [labels.observable(key) for key in batch.keys], options)
        return partial(_estimated, self._plans.get((circuit, batch.keys, shots), estimates), circuit, batch), True


def _checked(precision: Any) -> float:
    if not isinstance(precision, numbers.Real) or isinstance(precision, bool):
        raise TypeError(f"precision must be a real number, not {type(precision).__name__}")
    if not 0 <= float(precision) < math.inf:
        raise ValuesError("precision must be non-negative", got=precision, do="use 0 for exact values")
    return float(precision)


@cache
def _shots(precision: float) -> int | None:
    if precision == 0:
        return None
    if precision**2 < 1 / MOST_SHOTS:
        expected = f"0, or at least {MOST_SHOTS**-0.5:g}"
        raise ValuesError("the precision asks for too many shots", got=precision, expected=expected)
    return max(2, math.ceil(1 / precision**2))  # one shot has no spread


def _draws(engine: Any) -> bool:
    """Whether an engine's values are means over what it draws."""
    return str(getattr(engine, "name", engine)).startswith("trajectory")


def _nothing(batch: Batch, seed: int) -> Pair:
    empty = np.zeros((len(batch.rows), len(batch.keys)))
    return empty, empty


def _summed(plan: Words, circuit: Template, batch: Batch, sums: Sums, seed: int) -> Pair:
    """Exact values: those of words, added up."""
    read = settings.called(plan, circuit.values(batch.rows), seed)
    found = _table(read, (len(batch.rows), len(sums.labels))) @ sums.coefficients
    return found, np.zeros(found.shape)


def _estimated(plan: Estimates, circuit: Template, batch: Batch, seed: int) -> Pair:
    """Values from shots or trajectories, with their standard errors."""
    value, error = settings.called(plan, circuit.values(batch.rows), seed)
    shape = (len(batch.rows), len(batch.keys))
    return _table(value, shape), _table(error, shape)


def _table(found: Tensor, shape: tuple[int, int]) -> Real:
    """Numbers for all rows, which may be the same."""
    return np.broadcast_to(found.double().cpu().numpy().reshape(-1, shape[1]), shape)


def _results(blocs: Sequence[EstimatorBloc], tables: Sequence[tuple[Batch, Table]]) -> PrimitiveResult[PubResult]:
    """Run what was planned, and give each bloc its part."""
    found: list[Any] = [None] * len(blocs)
    for batch, table in tables:
        values, errors = table()
        for number, where, rows, columns in batch.places:
            if where is None:
                found[number] = (np.asarray(values[rows, columns]), np.asarray(errors[rows, columns]))
                continue
            if found[number] is None:
                found[number] = (np.empty(blocs[number].shape), np.empty(blocs[number].shape))
            for out, read in zip(found[number], (values, errors), strict=True):
                out.reshape(-1)[where] = read[rows, columns]
    results = [
        PubResult(DataBin(evs=evs, stds=stds, shape=bloc.shape), metadata=_metadata(bloc))
        for bloc, (evs, stds) in zip(blocs, found, strict=True)
    ]
    return PrimitiveResult(results, metadata={"version": 2})


def _metadata(bloc: EstimatorBloc) -> dict[str, Any]:
    shots = _shots(bloc.precision)
    counted = {} if shots is None else {"shots": shots}
    return {"target_precision": bloc.precision, **counted, "circuit_metadata": bloc.circuit.metadata}
