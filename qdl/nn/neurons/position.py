"""Where a quantum is: the position-measuring neuron."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit, N, Observable, X, Y
from qdl.nn.arguments import require_known
from qdl.nn.neurons.lattice import LatticeNeuron
from qdl.nn.scale import require
from qdl.physics import one_quantum, site_distribution, site_means, site_phases, site_variances

READOUTS = ("mean", "variance", "circular")


class PositionNeuron(LatticeNeuron):
    """Measures the place of one quantum on a lattice (PHYSICS.md A21; named by the seed, defined by us).

    A quantum is spread over the sites of the last axes of the input. What is read is where it is: <X> of each axis, the
    centre of mass in sites; its variance; or, on a ring of N sites, <e^{2 pi i X/N}>. A number of n bits is a sum of n
    single-qubit Z, X = sum_k 2^{n-1-k} (1 - Z_k)/2, and a place on a ring the phase that an auxiliary qubit picks up.

    Parameters
    ----------
    size : int or sequence of int
        The lattice: the last axes of the input.
    readout : {"mean", "variance", "circular"} or a sequence of them
        One number for each axis, two (cosine, sine) for ``"circular"``; several readouts stand one after the other.
        `qdl.physics.ring_places` turns cosines and sines into sites.
    encoding : {"amplitude", "probability"}
        The input as the quantum's amplitudes, so that the chance of a site is x^2/sum x^2; or as those chances
        themselves, x/sum x, x not negative.
    engine : str
        ``"closed"``, the moments; or an engine of `qdl.compile`, which runs ``circuit``. What has shots or noise is
        read off the circuit, by the engine ``"state"`` unless another is named.
    **options
        ``grad``, ``shots``, ``noise``, ``seed``, ``validate``.

    Attributes
    ----------
    circuit : Circuit

    Notes
    -----
    ``forward`` takes (*batch, *size) and gives (*batch, outputs); channels are part of the batch, a quantum each. Zero
    input is a quantum on site 0, with the gradient zero. A layer without parameters. With S shots the variance is low
    by its S-th part, and gradients are estimated from shots too.

    Examples
    --------
    >>> x = torch.zeros(2, 5, 8, 8)
    >>> x[:, :, 3, 6] = 1
    >>> PositionNeuron((8, 8))(x)[0, 0]
    tensor([3., 6.])
    """

    def __init__(
        self,
        size: int | Sequence[int],
        readout: str | Sequence[str] = "mean",
        *,
        encoding: str = "amplitude",
        **options: Any,
    ) -> None:
        super().__init__(size)
        listed = (readout,) if isinstance(readout, str) or not isinstance(readout, Sequence) else tuple(readout)
        for name in listed:
            require_known("readout of a position", name, READOUTS)
        if not listed or len(set(listed)) != len(listed):
            raise ValuesError("readouts are named once each", got=listed, expected=f"one or more of {READOUTS}")
        self.readout = listed
        require_known("encoding of a position", encoding, tuple(ENCODINGS))
        self.encoding = encoding
        self._circuit, self._observables = self._measured()
        self._choose(options)

    def _measured(self) -> tuple[Circuit, list[Observable]]:
        """The circuit, and for each readout and axis what is read of it."""
        rings = self.axes if "circular" in self.readout else 0
        circuit, along = self.lit(rings)
        helpers = range(circuit.wires - rings, circuit.wires)
        for helper, wires, n in zip(helpers, along, self.size, strict=False):
            circuit.h(helper)
            for bit, wire in enumerate(reversed(wires)):
                circuit.cp(2 * pi / n * 2**bit, wire, helper)
        places = [_place(wires) for wires in along]
        read = {
            "mean": places,
            "variance": [*places, *(place @ place for place in places)],
            "circular": [pauli(helper) for helper in helpers for pauli in (X, Y)],
        }
        return circuit, [observable for name in self.readout for observable in read[name]]

    def check(self, x: Tensor) -> None:
        super().check(x)
        if self.encoding == "probability":
            require(
                (x >= 0).all(),
                "chances cannot be negative",
                expected="numbers from 0 on",
                do='use encoding="amplitude", or a layer such as ReLU before',
                got=lambda: f"{x.min():g}",
            )

    def read(self, x: Tensor) -> Tensor:
        state = ENCODINGS[self.encoding](x, self.axes)
        if self._compiled is not None:
            return self._from_circuit(state)
        chance = state.square() if self.encoding == "amplitude" else state
        return torch.cat([self._closed(name, chance) for name in self.readout], -1)

    def _closed(self, name: str, chance: Tensor) -> Tensor:
        if name == "circular":
            return site_phases(chance, self.axes, self.size).flatten(-2)
        return (site_means if name == "mean" else site_variances)(chance, self.axes)

    def _from_circuit(self, state: Tensor) -> Tensor:
        state = state.flatten(-self.axes)
        if self.encoding == "probability":
            # The least that keeps the root's derivative finite; the readout's own is proportional to the root.
            state = (state + torch.finfo(state.dtype).eps).sqrt()
        values = self._run({"x": state})
        found, start = [], 0
        for name in self.readout:
            width = self.axes if name == "mean" else 2 * self.axes
            read = values[..., start : start + width]
            if name == "variance":
                mean, square = read.chunk(2, -1)
                read = square - mean.square()
            found.append(read)
            start += width
        return torch.cat(found, -1)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, readout={'+'.join(self.readout)}, encoding={self.encoding}"


ENCODINGS = {"amplitude": one_quantum, "probability": site_distribution}


def _place(wires: Sequence[int]) -> Observable:
    """The number that the wires hold in binary, the first wire being the most significant bit."""
    total = 1 * N(wires[-1])
    for bit, wire in enumerate(reversed(wires[:-1]), 1):
        total = total + 2**bit * N(wire)
    return total
