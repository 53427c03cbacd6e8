"""The sampler: shots of Qiskit's circuits, all blocs of a run that name one circuit as one batch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from itertools import accumulate
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveJob,
    PrimitiveResult,
    SamplerPubResult,
)

from qdl.adapters.qiskit import samples, settings
from qdl.adapters.qiskit.pubs import SamplerBloc, by_template, sampler_blocs
from qdl.adapters.qiskit.settings import Primitive, Settings
from qdl.adapters.qiskit.translate import Template
from qdl.engine.remote import Real
from qdl.ir import NoiseModel

if TYPE_CHECKING:
    from qiskit.primitives import SamplerPubLike


class Sampler(Primitive, BaseSamplerV2):
    """Qiskit's sampler primitive on qdl.

    What it takes and returns is what `qiskit.primitives.StatevectorSampler` takes and returns: blocs
    ``(circuit, parameter values, shots)``, of which the last two may be missing, or circuits alone. Circuits may
    measure in the middle, reset, and have control flow and any number of classical registers.

    Parameters
    ----------
    engine : str or engine object, optional
        Where circuits are run: `qdl.run.Options`. By default ``"state"``; with noise, or measurements in the middle,
        what has the least to carry.
    device : torch.device or str, optional
    noise : NoiseModel, optional
    seed : int, numpy.random.Generator, torch.Generator or None
        Where shots come from; an integer gives the same shots in each run.
    default_shots : int
        For blocs and runs that name none.
    dtype : torch.dtype
        The precision of numbers.

    Examples
    --------
    >>> from qiskit import QuantumCircuit
    >>> circuit = QuantumCircuit(2)
    >>> _ = circuit.x(1)
    >>> circuit.measure_all()
    >>> Sampler().run([circuit], shots=5).result()[0].data.meas.get_counts()
    {'10': 5}
    """

    def __init__(
        self,
        *,
        engine: Any = None,
        device: Any = None,
        noise: NoiseModel | None = None,
        seed: Any = None,
        default_shots: int = 1024,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__(Settings(engine, device, noise, dtype), seed)
        self._default_shots = _checked(default_shots)

    @property
    def default_shots(self) -> int:
        """The shots of blocs and runs that name none."""
        return self._default_shots

    def run(
        self, pubs: Iterable[SamplerPubLike], *, shots: int | None = None
    ) -> PrimitiveJob[PrimitiveResult[SamplerPubResult]]:
        """Draw shots; what is wrong with a bloc is raised here.

        Parameters
        ----------
        pubs : iterable of blocs
        shots : int, optional
            For blocs that name none.

        Returns
        -------
        PrimitiveJob
            Its result has for each bloc a `BitArray` of each classical register, ``data.<name>``.
        """
        blocs = sampler_blocs(pubs, self._default_shots if shots is None else _checked(shots))
        if not all(bloc.circuit.cregs for bloc in blocs):
            warnings.warn(
                "a circuit has no classical registers, so that its result is empty; measure it, with measure_all()",
                UserWarning,
                stacklevel=2,
            )
        groups = [
            (_Group.of(template, numbered), samples.sampler(template, count, self.settings, self._plans))
            for (template, count), numbered in by_template(blocs, lambda bloc: bloc.shots).items()
        ]
        job = PrimitiveJob(_results, blocs, groups, settings.generator(self._seed))
        job._submit()
        return job


class _Group(NamedTuple):
    """Blocs of one circuit and number of shots, and where their rows are in the group's."""

    template: Template
    rows: Real
    parts: list[tuple[int, slice]]

    @classmethod
    def of(cls, template: Template, blocs: Sequence[tuple[int, SamplerBloc]]) -> _Group:
        flat = [bloc.values.reshape(math.prod(bloc.values.shape[:-1]), bloc.values.shape[-1]) for _, bloc in blocs]
        ends = list(accumulate(map(len, flat), initial=0))
        parts = [(number, slice(*ends[k : k + 2])) for k, (number, _) in enumerate(blocs)]
        return cls(template, np.concatenate(flat), parts)


def _checked(shots: Any) -> int:
    if not isinstance(shots, Integral) or isinstance(shots, bool):
        raise TypeError(f"shots must be an integer, not {type(shots).__name__}")
    if shots <= 0:
        raise ValueError(f"shots must be positive, got {shots}")
    return int(shots)


def _results(
    blocs: Sequence[SamplerBloc], groups: Sequence[tuple[_Group, samples.Sampler]], random: np.random.Generator
) -> PrimitiveResult[SamplerPubResult]:
    """Draw what was planned, and give each bloc its part."""
    found: list[dict[str, BitArray]] = [{} for _ in blocs]
    for group, planned in groups:
        template = group.template
        tables = {
            name: np.empty((len(group.rows), planned.shots, (len(bits) + 7) // 8), dtype=np.uint8)
            for name, bits in template.registers.items()
        }
        for rows, drawn in planned.draw(group.rows, random):
            for name, bits in template.registers.items():
                tables[name][rows] = drawn.packed([template.bits[k] for k in bits])
        for number, rows in group.parts:
            shape = blocs[number].values.shape[:-1]
            for name, bits in template.registers.items():
                table = tables[name][rows]
                found[number][name] = BitArray(table.reshape(*shape, *table.shape[1:]), len(bits))
    results = [
        SamplerPubResult(DataBin(**data, shape=bloc.values.shape[:-1]), metadata=_metadata(bloc))
        for bloc, data in zip(blocs, found, strict=True)
    ]
    return PrimitiveResult(results, metadata={"version": 2})


def _metadata(bloc: SamplerBloc) -> dict[str, Any]:
    return {"shots": bloc.shots, "circuit_metadata": bloc.circuit.metadata}
