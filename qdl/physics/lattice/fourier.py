"""The quantum Fourier transform as a circuit, between the position and the momentum of a quantum on a ring of sites.

A register of n wires holds the site j = 0 .. N - 1, N = 2**n, wire 0 being the most significant bit. The momentum
state of wave number k is |k~> = sum_j e^{2 pi i j k/N} |j> / sqrt N, and the transform turns the site |k> into it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

from qdl.ir import Circuit


def add_fourier(circuit: Circuit, wires: Sequence[int]) -> Circuit:
    """Add the quantum Fourier transform |k> -> sum_j e^{2 pi i j k/N} |j> / sqrt N.

    Parameters
    ----------
    circuit : Circuit
        Changed in place.
    wires : sequence of int
        The register, most significant bit first.

    Returns
    -------
    Circuit
        The same.

    Examples
    --------
    >>> import numpy as np
    >>> k, j = np.arange(4), np.arange(4)[:, None]
    >>> np.allclose(add_fourier(Circuit(2), [0, 1]).matrix(), np.exp(2j * np.pi * j * k / 4) / 2)
    True
    """
    return circuit.append(_fourier(len(wires)), wires)


def add_momentum(circuit: Circuit, wires: Sequence[int]) -> Circuit:
    """Add the inverse transform, after which the register's bits are those of the wave number k.

    The amplitude of |k> is then <k~|psi> = sum_j e^{-2 pi i j k/N} psi_j / sqrt N, as `torch.fft.fft` with
    ``norm="ortho"`` gives it.

    Parameters
    ----------
    circuit : Circuit
        Changed in place.
    wires : sequence of int
        The register, most significant bit first.

    Returns
    -------
    Circuit
        The same.

    Examples
    --------
    >>> import numpy as np
    >>> np.allclose(add_momentum(Circuit(2), [0, 1]).matrix(), np.fft.fft(np.eye(4), norm="ortho"))
    True
    """
    return circuit.append(_fourier(len(wires)).inverse(), wires)


def _fourier(n: int) -> Circuit:
    circuit = Circuit(n)
    for wire in range(n):
        circuit.h(wire)
        for lower in range(wire + 1, n):
            circuit.cp(pi / 2 ** (lower - wire), lower, wire)
    for wire in range(n // 2):
        circuit.swap(wire, n - 1 - wire)
    return circuit
