"""The detector interaction of the quantum convolutions: number encoding, biased detector qubit, two readouts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from typing import Any

from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit
from qdl.nn.conv.detector_circuit import CircuitResponse, detector_circuit
from qdl.nn.conv.patches import Windows
from qdl.nn.conv.responses import Exact, Response, closed
from qdl.nn.scale import require_finite, require_known, require_probability, sample_scale

READOUTS = ("linear", "excitation")
ENCODINGS = ("signed", "probability")


@dataclass(frozen=True)
class Detector:
    """PHYSICS.md A3a as a filter: what encodes a sample, answers every patch and reads the answer.

    Parameters
    ----------
    size : int
        Elements of a patch.
    coupling : float
        The angle g, in radians per unit of weight, by which one quantum turns the detector.
    readout : {"linear", "excitation"}
    encoding : {"signed", "probability"}
    options : mapping
        ``engine`` ("closed", or any that `qdl.compile` knows) and its options.
    """

    size: int
    coupling: float
    readout: str
    encoding: str
    options: Mapping[str, Any]
    respond: Exact | Response = field(init=False, repr=False)

    def __post_init__(self) -> None:
        number = isinstance(self.coupling, Real) and not isinstance(self.coupling, bool)
        if not (number and isfinite(self.coupling) and self.coupling > 0):
            raise ValuesError("the coupling makes no sense", got=repr(self.coupling), expected="a positive number")
        object.__setattr__(self, "coupling", float(self.coupling))
        for name, known in (("readout", READOUTS), ("encoding", ENCODINGS)):
            require_known(f"{name} of the detector", getattr(self, name), known)
        object.__setattr__(self, "respond", self._response())

    def _response(self) -> Exact | Response:
        options = {"engine": "closed", **self.options}
        if options["engine"] != "closed":
            return CircuitResponse(self.size, self.coupling, self.readout == "excitation", options)
        own = {name: value for name, value in options.items() if name not in ("engine", "validate")}
        return closed(own, detector=self.size)

    @property
    def circuit(self) -> Circuit:
        """One patch and one output."""
        return detector_circuit(self.size, self.coupling, self.readout == "excitation")

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """The sample as signed excitation probabilities, and what it was divided by."""
        validate = self.options.get("validate", True)
        if self.encoding == "probability":
            if validate:
                require_probability(x)
            return x, None
        m = sample_scale(x)
        if validate:
            require_finite(m)
        return x / m, m

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """(B, C, *size), (O, ...), (O,) -> (B, O, *positions): E sin(gW), or E sin(gW + b) where b is an angle."""
        offset = None
        if self.readout == "excitation":
            offset = weight.new_zeros(len(weight)) if bias is None else bias
        respond = self.respond
        if isinstance(respond, Exact):
            return respond.convolve(x, windows, self.coupling * weight, offset)
        by_group = weight.reshape(windows.groups, -1, self.size)
        turned = None if offset is None else offset.reshape(windows.groups, -1)
        return windows.answers(x, lambda patches: respond(patches, by_group, self.coupling, turned))

    def read(self, sine: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """(B, O, *positions): the classical convolution plus O(g^2), or the excitation number in [0, 1]."""
        if self.readout == "excitation":
            return (1 + sine) / 2
        value = sine / self.coupling
        if m is not None:
            value = value * m
        return value if bias is None else value + bias.reshape(-1, *(1,) * (sine.dim() - 2))

    def __str__(self) -> str:
        engine = self.options.get("engine", "closed")
        return f"coupling={self.coupling:g}, readout={self.readout}, encoding={self.encoding}, engine={engine}"
