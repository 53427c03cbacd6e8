"""The translation-invariant interaction (PHYSICS.md A3d): a quantum moves over the image, its wave function."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.ir import Circuit, Observable, Param, X, Y, Z
from qdl.nn.conv.finite import statistics
from qdl.nn.conv.interaction import Interaction, plus
from qdl.nn.conv.patches import Windows
from qdl.nn.seeds import derived, fixed
from qdl.physics.interactions.translation import kernel_spectrum, translation_angles, translation_convolution
from qdl.physics.lattice.fourier import add_fourier, add_momentum
from qdl.run import Options, probs
from qdl.run.outcomes import Probs

# Parts of the kernel: of its energies, and of the generator on wire 1.
PARTS = {"symmetric": (torch.real, X(1)), "antisymmetric": (torch.imag, Y(1))}


def translation_circuit(sizes: Sequence[int], part: str = "symmetric") -> Circuit:
    """One channel, one output and one part of the kernel of PHYSICS.md A3d, on a register for the whole image.

    Wire 0 tells the image (1) from a reference (0), a uniform wave that stays as it is. Wire 1 is the qubit that is
    excited with the amplitude -i sin(gH) psi. The others hold the site, one axis after the other.

    Parameters
    ----------
    sizes : sequence of int
        Sites along each axis: powers of 2.
    part : {"symmetric", "antisymmetric"}
        Of the kernel.

    Returns
    -------
    Circuit
        With the Params ``reference`` (1) and ``x`` (sites), amplitudes that are normalised to a norm n, and ``theta``
        (sites), `qdl.physics.translation_angles` of the energies. The probability to find wire 0 in 0, less that to
        find it in 1, with wire 1 excited and at one site, is 2 reference sin(gH) psi / n^2 there.

    Examples
    --------
    >>> [param.name for param in translation_circuit((2, 2)).params]
    ['reference', 'x', 'theta']
    """
    sites, registers = prod(sizes), _registers(sizes)
    places = [wire for register in registers for wire in register]
    reference, x, theta = Param("reference", 1), Param("x", sites), Param("theta", sites)
    nothing = [0.0] * sites
    circuit = Circuit(2 + len(places))
    circuit.prepare([*nothing, *[reference[0]] * sites, *x, *nothing], range(circuit.wires))
    for register in registers:
        add_momentum(circuit, register)
    for index in range(sites):
        word: Observable = PARTS[part][1]
        for wire, bit in zip(places, f"{index:0{len(places)}b}", strict=False):
            word = word @ Z(wire) if bit == "1" else word
        # By theta/2 in all, where wire 0 is 1; by nothing where it is 0.
        circuit.evolve(word, theta[index] / 4).evolve(Z(0) @ word, -theta[index] / 4)
    for register in registers:
        add_fourier(circuit, register)
    return circuit.s(0).h(0)


@cache
def _circuit(sizes: tuple[int, ...], part: str) -> Circuit:
    return translation_circuit(sizes, part)


def _registers(sizes: Sequence[int]) -> list[tuple[int, ...]]:
    """The wires of each axis, behind the two for reference and excitation; an axis of one site has none."""
    widths = [size.bit_length() - 1 for size in sizes]
    starts = [2 + sum(widths[:axis]) for axis in range(len(widths))]
    return [tuple(range(start, start + width)) for start, width in zip(starts, widths, strict=True) if width]


class Translation(Interaction):
    """Read is the amplitude sin(gH)/g psi, of the kernel's symmetric and antisymmetric part, summed over channels.

    The register is the image on a ring of sites: itself where it is padded circularly, else the padded image filled up
    with empty sites to the next power of 2 along each axis.
    """

    NAME = "translation"
    READOUTS = ("linear",)
    ENCODINGS = ("amplitude",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if self.closed and statistics(self.options, wire=None).shots is not None:
            raise UnsupportedError(
                "the closed form of the translation has no shots",
                got=f"shots={self.options['shots']}",
                do="choose engine='state', which measures the register",
            )
        if not self.closed:
            self.run = {k: v for k, v in self.options.items() if k != "seed"}
            # The smallest register, so that what the engine cannot do is said now.
            Probs(_circuit((2,), "symmetric"), range(3), Options.make(self.run))

    @property
    def circuit(self) -> Circuit:
        raise UnsupportedError(
            "the translation's register is as large as the image", do="see qdl.nn.conv.translation_circuit(sizes)"
        )

    def __call__(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        x, _ = self.encode(x)
        ring, sites = self._ring(x, windows)
        found = self._closed(ring, windows, weight) if self.closed else self._measured(ring, windows, weight)
        for axis, chosen in enumerate(sites, start=2):
            found = found.index_select(axis, chosen)
        return plus(found, bias)

    def _ring(self, x: Tensor, windows: Windows) -> tuple[Tensor, list[Tensor]]:
        """The image as it lies on the register, and the sites whose answers are the output, for each axis."""
        size, sides = x.shape[2:], windows.sides
        padded = [n + sum(side) for n, side in zip(size, sides, strict=True)]
        positions = windows.positions(padded)
        centres = [d * (k - 1) // 2 for d, k in zip(windows.dilation, windows.kernel, strict=True)]
        starts = [
            step * torch.arange(n, device=x.device) + c
            for n, step, c in zip(positions, windows.stride, centres, strict=True)
        ]
        if windows.mode != "circular" or not any(map(sum, sides)):
            x = windows.pad(x)
            fill = [(1 << (n - 1).bit_length()) - n for n in padded]
            return F.pad(x, [width for more in reversed(fill) for width in (0, more)]), starts
        windows.require_padding(size)
        return x, [(s - side[0]) % n for s, side, n in zip(starts, sides, size, strict=True)]

    def _closed(self, ring: Tensor, windows: Windows, weight: Tensor) -> Tensor:
        return translation_convolution(ring, weight, self.coupling, windows.dilation, windows.groups)

    def _measured(self, ring: Tensor, windows: Windows, weight: Tensor) -> Tensor:
        """(B, C, *sizes) -> (B, O, *sizes), one register for each sample, output, channel and part of the kernel."""
        if torch.compiler.is_compiling():  # the register's circuit is no tensor
            answered: Tensor = torch.compiler.disable(Translation._measured)(self, ring, windows, weight)
            return answered
        sizes = ring.shape[2:]
        if any(n & (n - 1) for n in sizes):
            raise UnsupportedError(
                "a register of qubits is a ring of 2**n sites",
                got=f"sizes {tuple(sizes)}",
                do="use engine='closed', or images whose sizes are powers of 2",
            )
        psi = ring.flatten(2).unflatten(1, (windows.groups, 1, -1))
        norm = psi.square().sum(-1, keepdim=True)
        # As strong as the image; where that is empty, the reference alone keeps the state one.
        length = norm.detach().sqrt()
        reference = torch.where(length > 0, length, 1.0) / prod(sizes) ** 0.5
        energies = kernel_spectrum(weight, sizes, windows.dilation).flatten(2).unflatten(0, (windows.groups, -1))
        total: Any = 0.0
        seed = None if self.options.get("shots") is None else fixed(self.options.get("seed"))
        for run, (part, (component, _)) in enumerate(PARTS.items()):
            theta = translation_angles(component(energies), self.coupling)
            values = {"x": psi, "reference": reference, "theta": theta}
            found = probs(_circuit(tuple(sizes), part), values, seed=derived(seed, run), **self.run)
            up, down = found.unflatten(-1, (2, 2, -1))[..., 1, :].unbind(-2)
            total = total + (up - down) * (norm + reference.square() * prod(sizes)) / (2 * reference)
        return (total.sum(-2) / self.coupling).flatten(1, 2).unflatten(2, sizes)
