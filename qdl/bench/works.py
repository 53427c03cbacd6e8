"""The circuits that the rows measure, each as a function of its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import Any

import numpy as np

from qdl.ir import Circuit, Param

Noise = tuple[str, float]
DEPOLARIZING, DAMPING = ("depolarizing", 0.01), ("amplitude_damping", 0.02)


def ring(circuit: Circuit, wires: Sequence[int]) -> None:
    """CNOTs from each wire to the next, and from the last to the first."""
    for wire, following in zip(wires, (*wires[1:], wires[0]), strict=True):
        circuit.cx(wire, following)


def turns(circuit: Circuit, weights: Any) -> None:
    """RY and RZ on every wire."""
    for wire in range(circuit.wires):
        circuit.ry(next(weights), wire).rz(next(weights), wire)


def conv(wires: int, layers: int = 2) -> Circuit:
    """RY(x) on each wire, then layers of RY, RZ and a ring of CNOTs."""
    circuit, x, weights = Circuit(wires), Param("x", wires), iter(Param("theta", 2 * wires * layers))
    for wire in range(wires):
        circuit.ry(x[wire], wire)
    for _ in range(layers):
        turns(circuit, weights)
        ring(circuit, range(wires))
    return circuit


def reupload(wires: int, layers: int = 6) -> Circuit:
    """Layers of RX(x), RY, RZ and a ring of CNOTs: every layer reads the input again."""
    circuit, x, weights = Circuit(wires), Param("x", wires), iter(Param("theta", 2 * wires * layers))
    for _ in range(layers):
        for wire in range(wires):
            circuit.rx(x[wire], wire)
        turns(circuit, weights)
        ring(circuit, range(wires))
    return circuit


def deep(wires: int, layers: int = 4) -> Circuit:
    """Layers of RY, RZ and a chain of CNOTs."""
    circuit, weights = Circuit(wires), iter(Param("theta", 2 * wires * layers))
    for _ in range(layers):
        turns(circuit, weights)
        for wire in range(wires - 1):
            circuit.cx(wire, wire + 1)
    return circuit


def su4(circuit: Circuit, angles: Sequence[Any], a: int, b: int) -> None:
    """Any two-wire unitary up to a phase, in 15 angles (Vatan and Williams, arXiv:quant-ph/0308006)."""
    for wire, (first, second, third) in ((a, angles[0:3]), (b, angles[3:6])):
        circuit.rz(first, wire).ry(second, wire).rz(third, wire)
    circuit.cx(a, b).ry(angles[6], a).rz(angles[7], b).cx(b, a).ry(angles[8], a).cx(a, b)
    for wire, (first, second, third) in ((a, angles[9:12]), (b, angles[12:15])):
        circuit.rz(first, wire).ry(second, wire).rz(third, wire)


def qcnn(wires: int) -> Circuit:
    """A tree: SU4 on neighbours, the same one everywhere, then half of the wires pooled into the other half.

    After Hur, Kim and Park, arXiv:2108.00661; the last wire is the only one left.
    """
    levels = wires.bit_length() - 1
    circuit, x, theta = Circuit(wires), Param("x", wires), Param("theta", 17 * levels)
    for wire in range(wires):
        circuit.ry(x[wire], wire)
    left = list(range(wires))
    for level in range(levels):
        angles = theta[17 * level : 17 * level + 17]
        around = [*zip(left[1::2], [*left[2::2], left[0]], strict=True)] if len(left) > 2 else []
        for a, b in (*zip(left[::2], left[1::2], strict=True), *around):
            su4(circuit, angles[:15], a, b)
        for source, sink in zip(left[::2], left[1::2], strict=True):
            circuit.crz(angles[15], source, sink).x(source).crx(angles[16], source, sink)
        left = left[1::2]
    return circuit


def qft(wires: int) -> Circuit:
    """The quantum Fourier transform of a product state."""
    circuit, x = Circuit(wires), Param("x", wires)
    for wire in range(wires):
        circuit.ry(x[wire], wire)
    for wire in range(wires):
        circuit.h(wire)
        for other in range(wire + 1, wires):
            circuit.cp(pi / 2 ** (other - wire), other, wire)
    for wire in range(wires // 2):
        circuit.swap(wire, wires - 1 - wire)
    return circuit


def noisy(circuit: Circuit, one: Sequence[Noise], two: Sequence[Noise]) -> Circuit:
    """The circuit with channels on each gate's wires after it: `one` after one-wire gates, `two` after others."""
    out = Circuit(circuit.wires)
    for op in circuit.elementary():
        out.gate(op.gate, *op.angles, *op.wires)
        for wire in op.wires:
            for name, strength in one if len(op.wires) == 1 else two:
                out.channel(name, strength, wires=wire)
    return out


def noisy_conv(wires: int, layers: int = 2) -> Circuit:
    """`conv`, depolarized after every gate."""
    return noisy(conv(wires, layers), [DEPOLARIZING], [DEPOLARIZING])


def mixed(wires: int, layers: int = 3) -> Circuit:
    """`reupload`, depolarized after one-wire gates, its CNOTs followed by decay."""
    return noisy(reupload(wires, layers), [DEPOLARIZING], [DAMPING])


def depolarized(wires: int, layers: int = 3) -> Circuit:
    """`reupload`, depolarized after every gate."""
    return noisy(reupload(wires, layers), [DEPOLARIZING], [DEPOLARIZING])


def decaying(wires: int, layers: int = 3) -> Circuit:
    """`reupload`, depolarized and decaying after every gate."""
    return noisy(reupload(wires, layers), [DEPOLARIZING, DAMPING], [DEPOLARIZING, DAMPING])


def random(wires: int, layers: int = 10, seed: int = 0) -> Circuit:
    """Layers of SU4, each with angles of its own, on disjoint random pairs of wires."""
    pairs, rng = wires // 2, np.random.default_rng(seed)
    circuit, theta = Circuit(wires), Param("theta", 15 * layers * pairs)
    for layer in range(layers):
        order = rng.permutation(wires).tolist()
        for pair in range(pairs):
            start = 15 * (layer * pairs + pair)
            su4(circuit, theta[start : start + 15], order[2 * pair], order[2 * pair + 1])
    return circuit
