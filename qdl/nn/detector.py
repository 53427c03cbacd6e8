"""The detector interaction of the quantum convolutions: number encoding, biased detector qubit, two readouts."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Protocol

from torch import Tensor

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.scale import require_finite, require_probability, sample_scale
from qdl.physics.detector import detector_sine

READOUTS = ("linear", "excitation")
ENCODINGS = ("signed", "probability")


class Response(Protocol):
    """E sin(W + b) by some engine; shapes as in `qdl.physics.detector.detector_sine`."""

    def __call__(self, x: Tensor, phase: Tensor, offset: Tensor | None) -> Tensor: ...


@dataclass(frozen=True)
class Detector:
    """PHYSICS.md A3a as a filter: what encodes a sample, answers every patch and reads the answer.

    Parameters
    ----------
    coupling : float
        The angle g, in radians per unit of weight, by which one quantum turns the detector.
    readout : {"linear", "excitation"}
    encoding : {"signed", "probability"}
    respond : Response
        The engine.
    """

    coupling: float
    readout: str = "linear"
    encoding: str = "signed"
    respond: Response = field(default=detector_sine, repr=False)
    validate: bool = True

    def __post_init__(self) -> None:
        if not (isfinite(self.coupling) and self.coupling > 0):
            raise ValuesError("the coupling makes no sense", got=self.coupling, expected="a positive number")
        for name, known in (("readout", READOUTS), ("encoding", ENCODINGS)):
            if getattr(self, name) not in known:
                got, expected = repr(getattr(self, name)), " or ".join(map(repr, known))
                raise UnsupportedError(f"unknown {name} of the detector", got=got, expected=expected)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The sample as signed excitation probabilities, and what it was divided by."""
        if self.encoding == "probability":
            if self.validate:
                require_probability(x)
            return x, None
        m = sample_scale(x)
        if self.validate:
            require_finite(m)
        return x / m, m

    def answer(self, patches: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """(G, K, N), (O, ...), (O,) -> (G, O / G, N): E sin(gW), or E sin(gW + b) where b is an angle."""
        groups, size, _ = patches.shape
        phase = (self.coupling * weight).reshape(groups, -1, size)
        angle = bias.reshape(groups, -1) if bias is not None and self.readout == "excitation" else None
        return self.respond(patches, phase, angle)

    def read(self, sine: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """(B, O, *positions): the classical convolution plus O(g^2), or the excitation number in [0, 1]."""
        if self.readout == "excitation":
            return (1 + sine) / 2
        value = sine / self.coupling
        if m is not None:
            value = value * m
        return value if bias is None else value + bias.reshape(-1, *(1,) * (sine.dim() - 2))
