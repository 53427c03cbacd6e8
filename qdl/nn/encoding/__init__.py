"""Encodings: the input as a quantum state (PHYSICS.md A2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qdl.errors import ValuesError
from qdl.nn.encoding.base import Encoding
from qdl.nn.encoding.frequency import ChebyshevEncoding, FourierEncoding
from qdl.nn.encoding.hamiltonian import HamiltonianEncoding
from qdl.nn.encoding.phases import IQPEncoding, ZZEncoding
from qdl.nn.encoding.product import AngleEncoding, DenseAngleEncoding, ProbabilityEncoding, SignedEncoding
from qdl.nn.encoding.register import AmplitudeEncoding, CoherentEncoding
from qdl.nn.scale import require_known

__all__ = [
    "ENCODINGS",
    "AmplitudeEncoding",
    "AngleEncoding",
    "ChebyshevEncoding",
    "CoherentEncoding",
    "DenseAngleEncoding",
    "Encoding",
    "FourierEncoding",
    "HamiltonianEncoding",
    "IQPEncoding",
    "ProbabilityEncoding",
    "SignedEncoding",
    "ZZEncoding",
    "encoding_of",
]

ENCODINGS: dict[str, Callable[..., Encoding]] = {
    "amplitude": AmplitudeEncoding,
    "angle": AngleEncoding,
    "chebyshev": ChebyshevEncoding,
    "coherent": CoherentEncoding,
    "dense_angle": DenseAngleEncoding,
    "fourier": FourierEncoding,
    "hamiltonian": HamiltonianEncoding,
    "iqp": IQPEncoding,
    "probability": ProbabilityEncoding,
    "signed": SignedEncoding,
    "zz": ZZEncoding,
}
_TRAINED = ("chebyshev", "fourier")


def encoding_of(found: Any, features: int, **factory: Any) -> Encoding:
    """An encoding by its name, or one that is given, checked to take this many numbers.

    Parameters
    ----------
    found : str or Encoding
        A name among `ENCODINGS`, with that encoding's defaults; or an encoding, which is used itself.
    features : int
    **factory
        ``device`` and ``dtype``, for parameters of one that is made.

    Examples
    --------
    >>> encoding_of("iqp", 3).wires
    3
    """
    if isinstance(found, Encoding):
        if found.features != features:
            raise ValuesError("the encoding takes another number of features", got=found.features, expected=features)
        return found
    require_known("encoding", found, tuple(ENCODINGS))
    return ENCODINGS[found](features, **(factory if found in _TRAINED else {}))
