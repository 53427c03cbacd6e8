"""Cells and circuits as filters: every patch is encoded, run through one circuit per output, and read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from math import pi
from typing import Any

import torch
from torch import Tensor

from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Param, Z, arcsin, cell, sqrt, tile
from qdl.nn.conv.interaction import Filter
from qdl.nn.conv.patches import Windows
from qdl.nn.scale import require_finite, require_known, require_probability
from qdl.nn.seeds import derived
from qdl.physics.encodings.angles import amplitudes, padded_size
from qdl.run import compile as plan

TILING = {"pattern": "ring", "layers": 1, "share": "none"}
MARGIN = 1e-6


@dataclass(frozen=True)
class Encoding:
    """How the elements of a patch become a state: the wires they need, the gates, the values of the Param ``x``."""

    entries: Callable[[int], int]
    wires: Callable[[int], int]
    add: Callable[[Circuit, Param], Circuit]
    values: Callable[[Tensor], Tensor]
    check: Callable[[Tensor], None]


def _add_angles(circuit: Circuit, x: Param) -> Circuit:
    for wire in range(x.size):
        circuit.ry(pi * x[wire], wire)
    return circuit


def _add_probabilities(circuit: Circuit, x: Param) -> Circuit:
    for wire in range(x.size):
        circuit.ry(2 * arcsin(sqrt(x[wire])), wire)
    return circuit


def _add_amplitudes(circuit: Circuit, x: Param) -> Circuit:
    return circuit.prepare(x, range(circuit.wires))


def _finite(x: Tensor) -> None:
    require_finite(x.detach().abs().sum())


ENCODINGS = {
    "angle": Encoding(lambda k: k, lambda k: k, _add_angles, lambda x: x, _finite),
    # d<X>/dx is truly infinite at 0 and 1: see `qdl.physics.encodings.angles.probability_angles`.
    "probability": Encoding(
        lambda k: k, lambda k: k, _add_probabilities, lambda x: x.clamp(MARGIN, 1 - MARGIN), require_probability
    ),
    "amplitude": Encoding(
        padded_size, lambda k: padded_size(k).bit_length() - 1, _add_amplitudes, lambda x: amplitudes(x)[0], _finite
    ),
}


@dataclass(frozen=True)
class CircuitFilter(Filter):
    """A cell, a path to one or a circuit as the interaction of a convolution.

    Parameters
    ----------
    size : int
        Elements of a patch.
    interaction : str, path or Circuit
        Smaller than the patch's wires: tiled over them. Equal: used as it is.
    readout : {"first", "all"}
        Z on the patch's first wire, or on every wire.
    encoding : {"angle", "probability", "amplitude"}
    options : mapping
        ``pattern``, ``layers``, ``share`` of the tiling, and the options of `qdl.compile`.
    """

    size: int
    interaction: Any
    readout: str
    encoding: str
    options: Mapping[str, Any]
    circuit: Circuit = field(init=False, repr=False)
    compiled: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for name, known in (("readout", ("first", "all")), ("encoding", tuple(ENCODINGS))):
            require_known(f"{name} of a circuit's filter", getattr(self, name), known)
        encoding = ENCODINGS[self.encoding]
        wires = encoding.wires(self.size)
        part = self._part(wires)
        circuit = encoding.add(Circuit(wires), Param("x", encoding.entries(self.size)))
        angles = sum(param.size for param in part.params)
        circuit.append(part, range(wires), params=Param("weight", angles) if angles else None)
        observables = [Z(wire) for wire in range(wires if self.readout == "all" else 1)]
        options = {name: value for name, value in self.options.items() if name not in TILING}
        object.__setattr__(self, "circuit", circuit)
        object.__setattr__(self, "compiled", plan(circuit, observables, **options))

    def _part(self, wires: int) -> Circuit:
        part = self.interaction if isinstance(self.interaction, Circuit) else cell(self.interaction)
        if part.wires > wires:
            raise CircuitError(
                "the interaction is larger than the patch", got=f"{part.wires} wires", expected=f"at most {wires}"
            )
        tiling = {name: self.options[name] for name in TILING if name in self.options}
        if part.wires < wires:
            return tile(part, wires=wires, **{**TILING, **tiling})
        if tiling:
            raise UnsupportedError(
                "an interaction as large as the patch is not tiled", got=", ".join(tiling), do="leave these options out"
            )
        return part

    @property
    def angles(self) -> int:
        """Parameters of one filter."""
        return sum(param.size for param in self.circuit.params if param.name == "weight")

    @property
    def outputs(self) -> int:
        """Channels that one filter gives."""
        return self.circuit.wires if self.readout == "all" else 1

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        """The sample as it is, checked."""
        if self.options.get("validate", True):
            ENCODINGS[self.encoding].check(x)
        return x, None

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What is read on each patch's wires."""
        return windows.answers(x, lambda patches: self._respond(patches, weight))

    def _respond(self, patches: Tensor, weight: Tensor) -> Tensor:
        """(G, K, N), (filters, angles) -> (G, outputs of a group, N)."""
        values = ENCODINGS[self.encoding].values(patches.mT)
        per_group = weight.reshape(len(patches), len(weight) // len(patches), self.angles)
        # A filter's angles are shared by its patches, and gates that are shared are fused: a run for each filter.
        runs = count()
        groups = [
            torch.cat([self._run(x, angles, next(runs)) for angles in filters], -1).mT
            for x, filters in zip(values, per_group, strict=True)
        ]
        return torch.stack(groups)

    def _run(self, x: Tensor, angles: Tensor, run: int) -> Tensor:
        values = {"x": x, "weight": angles} if self.angles else {"x": x}
        # Filters that shared their random numbers would err together.
        read: Tensor = self.compiled(values, seed=derived(self.options.get("seed"), run))
        return read

    def __str__(self) -> str:
        return f"readout={self.readout}, encoding={self.encoding}, engine={self.options.get('engine', 'state')}"
