"""Cells and circuits as neurons: each patch is encoded, meets the neuron in its circuit, and observables are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import torch
from torch import Tensor

from qdl.errors import CircuitError, UnsupportedError, ValuesError
from qdl.ir import Circuit, Observable, Param, Z, cell, tile
from qdl.nn.conv.interaction import Filter
from qdl.nn.conv.patches import Windows
from qdl.nn.encoding import Encoding
from qdl.nn.seeds import derived
from qdl.run import compile as plan

TILING = {"pattern": "ring", "layers": 1, "share": "none"}


class CircuitNeuron(Filter):
    """Tr[U (rho_x (x) |0><0|) U^+ O] for a circuit U and each of some observables O (PHYSICS.md A1, *ours*).

    Parameters
    ----------
    encoding : Encoding
        Of a patch: rho_x, on the first wires.
    interaction : str, path or Circuit
        U. On one wire more than the encoding, the last is the neuron's own, in |0> at first. On as many, the neuron is
        read on the input's wires. On fewer, it is tiled over them.
    readout : str, Observable, sequence of Observable or None
        None: Z on the neuron's own wire, or without one on the first; ``"all"``: Z on every wire.
    options : mapping
        ``pattern``, ``layers``, ``share`` of the tiling, and the options of `qdl.compile`.
    """

    def __init__(self, encoding: Encoding, interaction: Any, readout: Any, options: Mapping[str, Any]) -> None:
        self.encoding, self.options = encoding, options
        part = self._part(interaction, encoding.wires)
        self.angles = sum(param.size for param in part.params)
        weight = Param("weight", self.angles) if self.angles else None
        self.circuit = encoding.begin(part.wires).append(part, range(part.wires), weight)
        self.observables = _observables(readout, part.wires, encoding.wires)
        own = {name: value for name, value in options.items() if name not in TILING}
        self.compiled = plan(self.circuit, self.observables, **own)

    def _part(self, interaction: Any, wires: int) -> Circuit:
        part = interaction if isinstance(interaction, Circuit) else cell(interaction)
        if part.wires > wires + 1:
            expected = f"at most {wires} of the encoded input, and one for the neuron"
            raise CircuitError("the interaction has too many wires", got=part.wires, expected=expected)
        tiling = {name: self.options[name] for name in TILING if name in self.options}
        if part.wires < wires:
            return tile(part, wires=wires, **{**TILING, **tiling})
        if tiling:
            got, do = ", ".join(tiling), "leave these options out"
            raise UnsupportedError("an interaction as large as the encoded input is not tiled", got=got, do=do)
        return part

    def neurons(self, outputs: int, groups: int) -> int:
        """How many neurons give these outputs."""
        each = len(self.observables)
        if outputs % (groups * each):
            expected = f"a multiple of {groups * each}: a neuron has {each}, and there are {groups} groups"
            raise ValuesError("the number of outputs does not fit the readout", got=outputs, expected=expected)
        return outputs // each

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        """The sample as it is: what is encoded, and checked, are its patches."""
        return x, None

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """What is read of every patch, the observables of a neuron side by side; weight of shape (neurons, angles)."""
        return windows.answers(x, lambda patches: self._respond(patches, weight))

    def _respond(self, patches: Tensor, weight: Tensor) -> Tensor:
        """(groups, size, N), (neurons, angles) -> (groups, outputs of a group, N)."""
        values = self.encoding.values(patches.mT)
        per_group = weight.reshape(len(patches), len(weight) // len(patches), self.angles)
        # A neuron's angles are shared by its patches, and gates that are shared are fused: a run for each neuron.
        runs = count()
        groups = [
            torch.cat([self._run(x, angles, next(runs)) for angles in neurons], -1).mT
            for x, neurons in zip(values, per_group, strict=True)
        ]
        return torch.stack(groups)

    def _run(self, x: Tensor, angles: Tensor, run: int) -> Tensor:
        values = {"x": x, "weight": angles} if self.angles else {"x": x}
        # Neurons that shared their random numbers would err together.
        read: Tensor = self.compiled(values, seed=derived(self.options.get("seed"), run))
        return read

    def __str__(self) -> str:
        return f"observables={len(self.observables)}, engine={self.options.get('engine', 'state')}"


def _observables(readout: Any, wires: int, inputs: int) -> list[Observable]:
    if readout is None:
        return [Z(wires - 1 if wires > inputs else 0)]
    if isinstance(readout, str):
        if readout != "all":
            expected = "None, 'all', an observable or a sequence of them"
            raise UnsupportedError("unknown readout of a circuit", got=repr(readout), expected=expected)
        return [Z(wire) for wire in range(wires)]
    return [readout] if isinstance(readout, Observable) or not isinstance(readout, Sequence) else list(readout)
