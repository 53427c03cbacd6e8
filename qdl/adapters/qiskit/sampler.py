"""The sampler: shots of Qiskit's circuits, all blocs of a run that name one circuit as one batch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import TYPE_CHECKING, Any

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
from qdl.adapters.qiskit.pubs import SamplerBloc, sampler_blocs
from qdl.adapters.qiskit.settings import Plans, Settings
from qdl.adapters.qiskit.translate import Template, Translated, translated
from qdl.engine.remote import Real
from qdl.ir import NoiseModel

if TYPE_CHECKING:
    from qiskit.primitives import SamplerPubLike


class Sampler(BaseSamplerV2):
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
        settings.check_seed(seed)
        self._settings = Settings(engine, device, noise, dtype)
        self._default_shots = _checked(default_shots)
        self._seed = seed
        self._plans = Plans()

    @property
    def default_shots(self) -> int:
        """The shots of blocs and runs that name none."""
        return self._default_shots

    @property
    def seed(self) -> Any:
        """Where shots come from."""
        return self._seed

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
            (group, samples.sampler(template, count, self._settings, self._plans))
            for (template, count), group in _groups(blocs).items()
        ]
        job = PrimitiveJob(_results, blocs, groups, settings.generator(self._seed))
        job._submit()
        return job


@dataclass
class _Group:
    """Blocs of one circuit and number of shots, and where their rows are in the group's."""

    template: Template
    rows: list[Real] = field(default_factory=list)
    parts: list[tuple[int, slice]] = field(default_factory=list)
    count: int = 0

    def add(self, number: int, values: Real) -> None:
        flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1])
        self.rows.append(flat)
        self.parts.append((number, slice(self.count, self.count + len(flat))))
        self.count += len(flat)


def _checked(shots: Any) -> int:
    if not isinstance(shots, Integral) or isinstance(shots, bool):
        raise TypeError(f"shots must be an integer, not {type(shots).__name__}")
    if shots <= 0:
        raise ValueError(f"shots must be positive, got {shots}")
    return int(shots)


def _groups(blocs: Sequence[SamplerBloc]) -> dict[tuple[Template, int], _Group]:
    known: dict[int, Translated] = {}
    out: dict[tuple[Template, int], _Group] = {}
    for number, bloc in enumerate(blocs):
        if id(bloc.circuit) not in known:
            known[id(bloc.circuit)] = translated(bloc.circuit)
        found = known[id(bloc.circuit)]
        out.setdefault((found.template, bloc.shots), _Group(found.template)).add(number, found.rows(bloc.values))
    return out


def _results(
    blocs: Sequence[SamplerBloc], groups: Sequence[tuple[_Group, samples.Sampler]], random: np.random.Generator
) -> PrimitiveResult[SamplerPubResult]:
    """Draw what was planned, and give each bloc its part."""
    found: list[dict[str, BitArray]] = [{} for _ in blocs]
    for group, planned in groups:
        template = group.template
        tables = {
            name: np.empty((group.count, planned.shots, (len(bits) + 7) // 8), dtype=np.uint8)
            for name, bits in template.registers.items()
        }
        for rows, drawn in planned.draw(np.concatenate(group.rows), random):
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
