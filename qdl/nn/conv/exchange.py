"""The exchange interaction (PHYSICS.md A3b): quanta of the patch hop to the detector, where they are counted."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir import Circuit, N, Param, Y, cell
from qdl.nn.conv.drawn import Drawn, shifted, source
from qdl.nn.conv.finite import statistics
from qdl.nn.conv.interaction import Interaction, plus
from qdl.nn.conv.patches import Windows
from qdl.nn.seeds import fixed
from qdl.physics.interactions.exchange import exchange_angles, exchange_transfer
from qdl.run import binomial
from qdl.run import compile as plan


def exchange_circuit(size: int) -> Circuit:
    """One patch and one output of PHYSICS.md A3b: one magnon spread over `size` wires, and the detector, the last wire.

    Parameters
    ----------
    size : int

    Returns
    -------
    Circuit
        With the Params ``vacuum`` (1) and ``x`` (size), the amplitudes of no magnon and of one on each wire, which are
        normalised, and ``theta`` (size), `qdl.physics.exchange_angles` of the weight: one cell ``xy`` after the other
        carries over what the exchange of all at once does. <N> of the last wire is sin^2(g|w|)/|w|^2 (w.x)^2 / n^2 and
        <Y> is -2 vacuum sin(g|w|)/|w| (w.x) / n^2, n being the norm of all amplitudes.

    Examples
    --------
    >>> exchange_circuit(2)
    <Circuit: 3 wires, 5 gates, Params vacuum[1], x[2], theta[2]>
    """
    vacuum, x, theta = Param("vacuum", 1), Param("x", size), Param("theta", size)
    amplitudes: list[Any] = [0.0] * 2**size
    amplitudes[0] = vacuum[0]
    for i in range(size):
        amplitudes[2 ** (size - 1 - i)] = x[i]
    circuit = Circuit(size + 1).prepare(amplitudes, range(size))
    hop = cell("xy")
    for i in range(size):
        circuit.append(hop, (i, size), [theta[i]])
    return circuit


class Exchange(Interaction):
    """Read is the detector mode's amplitude, i<b>/g; or its number of quanta, the bias being a mode that holds one."""

    NAME = "exchange"
    ENCODINGS = ("coherent", "amplitude")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.linear, self.alone = self.readout == "linear", self.encoding == "amplitude"
        if self.linear and self.alone:
            raise UnsupportedError(
                "one magnon leaves no amplitude in the detector, only a number",
                got="encoding='amplitude' with readout='linear'",
                do="read readout='excitation', or encode as 'coherent'",
            )
        self.modes = self.size + (self.biased and not self.linear)
        if self.closed:
            self.statistics = statistics(self.options, self.modes if self.alone else None)
        else:
            observable = Y(self.modes) if self.linear else N(self.modes)
            self.compiled = plan(self.circuit, observable, **self.options)

    @property
    def circuit(self) -> Circuit:
        """One patch and one output; the last input wire is the bias where it is a mode."""
        return exchange_circuit(self.modes)

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """c.x, or its square: what coherent inputs leave, or what one magnon does."""
        each = weight.flatten(1)
        if self.modes > self.size and bias is not None:
            each = torch.cat((each, bias[:, None]), 1)
        if self.closed and self.statistics.shots is None:
            return self._exact(x, windows, weight, exchange_transfer(each, self.coupling))
        by_group = each.unflatten(0, (windows.groups, -1))
        return windows.answers(x, lambda patches: self._respond(patches, by_group))

    def _exact(self, x: Tensor, windows: Windows, weight: Tensor, transfer: Tensor) -> Tensor:
        """As cheap as a classical convolution."""
        value = windows.convolve(x, transfer[:, : self.size].reshape(weight.shape))
        if self.linear:
            return value
        if self.modes > self.size:
            value = plus(value, transfer[:, -1])
        if not self.alone:
            return value.square()
        ones = weight.new_ones(windows.groups, *weight.shape[1:])
        norm = windows.convolve(x.square(), ones) + (self.modes - self.size)
        found = value.square() / _nonzero(norm).repeat_interleave(len(weight) // windows.groups, 1)
        a, b = self.statistics.flips
        return found if not (a or b) else a + (1 - a - b) * found

    def _respond(self, patches: Tensor, weight: Tensor) -> Tensor:
        """(G, K, N), (G, O, K) -> (G, O, N)."""
        if self.modes > self.size:
            patches = torch.cat((patches, torch.ones_like(patches[:, :1])), 1)
        if not self.closed:
            return self._run(patches, weight)
        transfer = exchange_transfer(weight, self.coupling)
        step = partial(shifted, by=1.0)
        number = Drawn(self._sample, partial(step, axis=1), step, step, self.statistics.seed)(patches, transfer)
        return number / _nonzero(patches.square().sum(1))[:, None] if self.alone else number

    def _run(self, patches: Tensor, weight: Tensor) -> Tensor:
        norm = patches.square().sum(1)
        length = norm.detach().sqrt()
        # Where nothing comes in the vacuum does; next to an amplitude that is read it is the reference.
        vacuum = torch.where(length > 0, length, 1.0) if self.linear else (length == 0).to(length.dtype)
        values = {
            "x": patches.mT[:, None],
            "vacuum": vacuum[:, None, :, None],
            "theta": exchange_angles(weight, self.coupling)[:, :, None],
        }
        seed = None if self.options.get("shots") is None else fixed(self.options.get("seed"))
        read: Tensor = self.compiled(values, seed=seed)
        if self.linear:
            return -read * ((norm + vacuum.square()) / (2 * vacuum))[:, None]
        return read if self.alone else read * norm[:, None]

    def _sample(self, seed: int, run: int, x: Tensor, transfer: Tensor, _: Tensor) -> Tensor:
        """Of c.x: homodyne detection. Of its square: counts of a mode, or of one magnon, then times |x|^2."""
        shots, value = int(self.statistics.shots or 0), transfer @ x
        if self.linear:
            # The vacuum's own fluctuation, a quarter of a quantum, is that of every coherent state.
            noise = torch.randn(value.shape, generator=source(seed, run, value), dtype=value.dtype, device=value.device)
            return value + noise / (2 * shots**0.5)
        number = value.square()
        if not self.alone:
            return torch.poisson(shots * number, source(seed, run, value)) / shots
        # Shifted weights may ask for more than all: they are measured scaled down.
        most = _nonzero(x.square().sum(1))[:, None] * transfer.square().sum(-1).clamp(min=1)[..., None]
        return most * binomial(number / most, shots, seed, run, self.statistics.flips)

    def read(self, answer: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """The classical convolution plus O(g^2), or the number of quanta."""
        return plus(answer / self.coupling, bias) if self.linear else answer


def _nonzero(norm: Tensor) -> Tensor:
    """1 where there is nothing, of which every part is zero."""
    return torch.where(norm == 0, 1.0, norm)
