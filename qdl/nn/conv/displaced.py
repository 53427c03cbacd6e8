"""The displaced-detector interaction (PHYSICS.md A3c): every quantum of the patch moves a detector mode."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError, ValuesError
from qdl.ir import Circuit, Hermitian, N, Observable, Param
from qdl.nn.arguments import require_real
from qdl.nn.conv.drawn import Drawn, brackets, shifted, source
from qdl.nn.conv.finite import statistics
from qdl.nn.conv.interaction import Excitations, plus
from qdl.nn.conv.numbers import NumberCircuit, encoded
from qdl.nn.conv.patches import Windows
from qdl.nn.scale import require
from qdl.physics.interactions.displaced import beyond, number_variance, quadrature

# What may lie beyond the mode's levels.
CUT = 1e-6
# Displacements that are drawn at a time.
_DRAWS = 1 << 22


def displaced_circuit(size: int, coupling: float, cutoff: int = 16) -> Circuit:
    """One patch and one output of PHYSICS.md A3c, the detector mode being cut to its first levels.

    Parameters
    ----------
    size : int
        Elements of the patch: wires 0 to size - 1. The others hold the number of quanta in the mode, in binary.
    coupling : float
        g, the amplitude by which one quantum moves the mode, per unit of weight.
    cutoff : int
        Levels of the mode: 2, 4, 8, 16 or 32.

    Returns
    -------
    Circuit
        With the Params ``x`` (size probabilities), ``oscillator`` (1; the mode starts as the coherent state of
        amplitude -i times it) and ``weight`` (size; the element's sign belongs to it).

    Examples
    --------
    >>> displaced_circuit(2, 0.5, cutoff=4)
    <Circuit: 4 wires, 5 gates, Params x[2], oscillator[1], weight[2]>
    """
    modes = tuple(range(size, size + cutoff.bit_length() - 1))
    circuit, weight = encoded(size, size + len(modes)), Param("weight", size)
    moved = Hermitian(quadrature(cutoff).numpy(), modes)
    circuit.evolve(moved, Param("oscillator", 1)[0])
    for i in range(size):
        circuit.evolve(N(i) @ moved, coupling * weight[i])
    return circuit


def _quanta(size: int, wires: int) -> Observable:
    """The number that the wires from `size` on hold."""
    return sum((2.0 ** (wires - 1 - wire) * N(wire) for wire in range(size, wires - 1)), N(wires - 1))


class Displaced(Excitations):
    """Read is the detector's number of quanta: the bias being its local oscillator, or next to one that is known."""

    NAME = "displaced"
    OPTIONS = ("oscillator", "cutoff")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.cutoff, self.oscillator = self._checked()
        if self.closed:
            self.shots, seed, _ = statistics(self.options, wire=None)
            step = partial(shifted, by=1.0)
            self.respond: Any = Drawn(self._sample, brackets, step, step, seed)
        else:
            self.shots, circuit = None, self.circuit
            quanta = _quanta(self.size, circuit.wires)
            self.respond = NumberCircuit(circuit, quanta, "oscillator", self.options)

    def _checked(self) -> tuple[int, float]:
        cutoff, oscillator = self.own.get("cutoff", 16), self.own.get("oscillator", 1.0)
        if cutoff not in (2, 4, 8, 16, 32):
            raise ValuesError("the cutoff makes no sense", got=repr(cutoff), expected="2, 4, 8, 16 or 32 levels")
        if "oscillator" in self.own and self.readout == "excitation":
            raise UnsupportedError(
                "with readout='excitation' the bias is the oscillator",
                got=f"oscillator={oscillator!r}",
                do="set the layer's bias, or read readout='linear'",
            )
        return int(cutoff), require_real("oscillator", oscillator, positive=True)

    @property
    def circuit(self) -> Circuit:
        """One patch and one output."""
        return displaced_circuit(self.size, self.coupling, self.cutoff)

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The number of quanta, E (b0 + gW)^2."""
        if self.readout == "linear":
            start = weight.new_full((len(weight),), self.oscillator)
        else:
            start = weight.new_zeros(len(weight)) if bias is None else bias
        if self.closed and self.shots is None:
            moved = self.coupling * weight
            noise = windows.convolve(number_variance(x), moved.square())
            return plus(windows.convolve(x, moved), start).square() + noise
        by_group = weight.reshape(windows.groups, -1, self.size)
        if self.closed:
            by_group = self.coupling * by_group
        elif self.validate:
            self._require_levels(start, weight)
        started = start.reshape(windows.groups, -1)
        return windows.answers(x, lambda patches: self.respond(patches, by_group, started))

    def _require_levels(self, start: Tensor, weight: Tensor) -> None:
        farthest = (start.abs() + self.coupling * weight.abs().flatten(1).sum(1)).detach()
        lost = beyond(farthest.double(), self.cutoff).amax()
        require(
            lost <= CUT,
            "the detector mode has too few levels",
            expected=f"a probability of at most {CUT:g} beyond them",
            do="raise cutoff=, or lower the coupling, the weights or the oscillator",
            got=lambda: f"{lost.item():.1g} beyond {self.cutoff} levels",
        )

    def _sample(self, seed: int, run: int, x: Tensor, moved: Tensor, start: Tensor) -> Tensor:
        """Every shot draws the excitations, then how many quanta the displaced mode holds.

        The counts of all shots together are a Poisson number whose mean is the sum of theirs.
        """
        shots, generator = int(self.shots or 0), source(seed, run, x)
        signed, chance = moved[..., None] * x.sign()[:, None], x.abs().clamp(max=1)[:, None]
        total = start.new_zeros(*start.shape, x.shape[-1])
        for first in range(0, shots, step := max(1, _DRAWS // max(1, total.numel()))):
            many = min(step, shots - first)
            amplitude = start[..., None].expand(many, *total.shape).clone()
            for k in range(x.shape[1]):
                excited = torch.rand(amplitude.shape, generator=generator, dtype=x.dtype, device=x.device)
                amplitude += signed[:, :, k] * (excited < chance[:, :, k])
            total += amplitude.square().sum(0)
        return torch.poisson(total, generator) / shots

    def read(self, answer: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """The classical convolution plus O(g), or the number of quanta."""
        if self.readout == "excitation":
            return answer
        value = (answer - self.oscillator**2) / (2 * self.oscillator * self.coupling)
        return plus(value if m is None else value * m, bias)
