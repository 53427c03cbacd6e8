"""A circuit as a neuron: the input's wires and the neuron's own meet, and observables are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Observable, Param, Z, cell, tile
from qdl.nn.encoding import Encoding
from qdl.nn.seeds import derived
from qdl.run import compile as plan

TILING = {"pattern": "ring", "layers": 1, "share": "none"}


class CircuitNeuron:
    """Tr[U (rho_x (x) |0><0|) U^+ O] for a circuit U and each of some observables O (PHYSICS.md A1, *ours*).

    Parameters
    ----------
    encoding : Encoding
        rho_x, on the first wires.
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
        self.circuit = Circuit(part.wires).append(encoding.circuit, range(encoding.wires), {"x": _inputs(encoding)})
        self.circuit.append(part, range(part.wires), Param("weight", self.angles) if self.angles else None)
        self.observables = _observables(readout, part.wires, encoding.wires)
        own = {name: value for name, value in options.items() if name not in TILING}
        self.compiled = plan(self.circuit, self.observables, **own)

    def _part(self, interaction: Any, wires: int) -> Circuit:
        part = interaction if isinstance(interaction, Circuit) else cell(interaction)
        if part.wires > wires + 1:
            expected = f"at most {wires}, and one for the neuron"
            raise CircuitError("the interaction has too many wires", got=part.wires, expected=expected)
        tiling = {name: self.options[name] for name in TILING if name in self.options}
        if part.wires < wires:
            return tile(part, wires=wires, **{**TILING, **tiling})
        if tiling:
            got, do = ", ".join(tiling), "leave these options out"
            raise UnsupportedError("an interaction as large as the input is not tiled", got=got, do=do)
        return part

    def __call__(self, x: Tensor, weight: Tensor) -> Tensor:
        """(B, in), (neurons, angles) -> (B, out), the observables of a neuron side by side."""
        values = self.encoding.values(x)
        # A neuron's angles are shared by the batch, and gates that are shared are fused: a run for each neuron.
        return torch.cat([self._run(values, angles, run) for run, angles in enumerate(weight)], -1)

    def _run(self, values: Tensor, angles: Tensor, run: int) -> Tensor:
        bound = {"x": values, "weight": angles} if self.angles else {"x": values}
        # Neurons that shared their random numbers would err together.
        read: Tensor = self.compiled(bound, seed=derived(self.options.get("seed"), run))
        return read

    def __str__(self) -> str:
        return f"observables={len(self.observables)}, engine={self.options.get('engine', 'state')}"


def _inputs(encoding: Encoding) -> Param:
    (x,) = encoding.circuit.params
    return x


def _observables(readout: Any, wires: int, inputs: int) -> list[Observable]:
    if readout is None:
        return [Z(wires - 1 if wires > inputs else 0)]
    if isinstance(readout, str):
        if readout != "all":
            expected = "None, 'all', an observable or a sequence of them"
            raise UnsupportedError("unknown readout of a circuit", got=repr(readout), expected=expected)
        return [Z(wire) for wire in range(wires)]
    return [readout] if isinstance(readout, Observable) or not isinstance(readout, Sequence) else list(readout)
