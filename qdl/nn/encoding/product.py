"""Encodings without entanglement: a wire for each number, or for each two."""

from __future__ import annotations

from math import pi
from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.arguments import require_count
from qdl.nn.encoding.base import MARGIN, Encoding, require_margin, require_within
from qdl.nn.scale import require_finite, sample_scale
from qdl.physics import probability_angles, product_state, rotated, signed_angles


def _rotations(features: int) -> Circuit:
    x = Param("x", features)
    circuit = Circuit(features)
    for wire in range(features):
        circuit.ry(x[wire], wire)
    return circuit


class ProbabilityEncoding(Encoding):
    """Excitation probabilities: RY(2 arcsin sqrt x_i) on wire i, so that <n_i> = x_i (PHYSICS.md A2a, *ours*).

    Parameters
    ----------
    features : int
        One wire each.
    margin : float
        Closer to 0 and 1 than this the derivative of the angle, which is infinite at the ends, is given as zero. The
        state is exact. (`QuantumConv2d` and `QuantumNeuron` with the detector need no margin: their readout is diagonal
        in the input qubits, and its derivative finite.)
    **options
        See `Encoding`.

    Raises
    ------
    ValuesError
        In ``forward``, for numbers outside [0, 1].

    Examples
    --------
    >>> ProbabilityEncoding(2)(torch.tensor([0.0, 0.36])).real
    tensor([0.8000, 0.6000, 0.0000, 0.0000])
    """

    def __init__(self, features: int, margin: float = MARGIN, **options: Any) -> None:
        self.margin = require_margin(margin)
        super().__init__(features, _rotations(require_count("features", features)), **options)

    def check(self, x: Tensor) -> None:
        require_within(x, 0, 1, 'rescale the input, or use encoding="signed"')

    def entries(self, x: Tensor) -> Tensor:
        return probability_angles(x, self.margin)

    def closed(self, values: Tensor) -> Tensor:
        return product_state(rotated(values, "y"))


class SignedEncoding(ProbabilityEncoding):
    """Signed excitation probabilities: RY(2 sign(x_i) arcsin sqrt |x_i|), <n_i> = |x_i|, the sign being a phase.

    A sample beyond [-1, 1] is divided by its largest |x| first, as `QuantumConv2d` does (*ours*).

    Parameters
    ----------
    features : int
        One wire each.
    margin : float
        As in `ProbabilityEncoding`, for |x|.
    **options
        See `Encoding`.

    Examples
    --------
    >>> SignedEncoding(1)(torch.tensor([-0.36])).real
    tensor([ 0.8000, -0.6000])
    """

    def check(self, x: Tensor) -> None:
        require_finite(x.abs().sum())

    def entries(self, x: Tensor) -> Tensor:
        samples = x.reshape(-1, self.features)
        return signed_angles(samples / sample_scale(samples), self.margin).reshape(x.shape)


class AngleEncoding(Encoding):
    """Angles: R(scale x_i) on wire i, about x, y or z; about z a Hadamard goes first.

    Source: Schuld and Petruccione, Supervised Learning with Quantum Computers (2018) (memory). With the defaults it is
    the cell ``angle``, <Z_i> = cos(pi x_i).

    Parameters
    ----------
    features : int
        One wire each.
    rotation : {"y", "x", "z"}
    scale : float
        Radians per unit of x.
    **options
        See `Encoding`.

    Examples
    --------
    >>> AngleEncoding(2)(torch.tensor([0.0, 1.0])).abs().round()
    tensor([0., 1., 0., 0.])
    """

    def __init__(self, features: int, rotation: str = "y", scale: float = pi, **options: Any) -> None:
        if rotation not in ("x", "y", "z"):
            raise ValuesError("unknown axis of rotation", got=repr(rotation), expected="'x', 'y' or 'z'")
        self.rotation, self.scale = rotation, float(scale)
        x = Param("x", require_count("features", features))
        circuit = Circuit(features)
        for wire in range(features):
            if rotation == "z":
                circuit.h(wire)
            circuit.gate(f"r{rotation}", self.scale * x[wire], wire)
        super().__init__(features, circuit, **options)

    def closed(self, values: Tensor) -> Tensor:
        return product_state(rotated(self.scale * values, self.rotation))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, rotation={self.rotation}, scale={self.scale:g}"


class DenseAngleEncoding(Encoding):
    """Two numbers per wire: cos(pi x_{2i}) |0> + e^{2 pi i x_{2i+1}} sin(pi x_{2i}) |1>.

    Source: LaRose and Coyle, arXiv:2003.01695 (memory). It is the cell ``dense_angle``.

    Parameters
    ----------
    features : int
        Two on a wire; where their number is odd the last wire has the phase 0.
    **options
        See `Encoding`.

    Examples
    --------
    >>> DenseAngleEncoding(3)(torch.rand(5, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, features: int, **options: Any) -> None:
        x = Param("x", require_count("features", features))
        circuit = Circuit((features + 1) // 2)
        for i in range(features):
            circuit.gate("p" if i % 2 else "ry", 2 * pi * x[i], i // 2)
        super().__init__(features, circuit, **options)

    def closed(self, values: Tensor) -> Tensor:
        polar, phase = 2 * pi * values[..., 0::2], 2 * pi * values[..., 1::2]
        phase = torch.nn.functional.pad(phase, (0, self.features % 2))
        turn = torch.stack((torch.zeros_like(phase), phase), -1)
        return product_state(rotated(polar, "y") * torch.complex(turn.cos(), turn.sin()))
