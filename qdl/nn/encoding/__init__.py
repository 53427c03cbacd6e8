"""Encodings: the input as a quantum state (PHYSICS.md A2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qdl.errors import ValuesError
from qdl.nn.arguments import require_count, require_known
from qdl.nn.encoding.base import Encoding
from qdl.nn.encoding.frequency import ChebyshevEncoding, FourierEncoding
from qdl.nn.encoding.hamiltonian import HamiltonianEncoding
from qdl.nn.encoding.phases import IQPEncoding, ZZEncoding
from qdl.nn.encoding.product import AngleEncoding, DenseAngleEncoding, ProbabilityEncoding, SignedEncoding
from qdl.nn.encoding.register import AmplitudeEncoding, CoherentEncoding

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
    "encoding_on",
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

# The most numbers that lie on some wires, where that is not one on each.
_MOST: dict[str, Callable[[int], int]] = {
    "amplitude": lambda wires: 2**wires,
    "coherent": lambda wires: wires // 2,
    "dense_angle": lambda wires: 2 * wires,
    "hamiltonian": lambda wires: wires - 1,
}


def encoding_of(found: Any, features: int, validate: bool = True, **factory: Any) -> Encoding:
    """An encoding by its name, or one that is given, checked to take this many numbers.

    Parameters
    ----------
    found : str or Encoding
        A name among `ENCODINGS`, with that encoding's defaults; or an encoding, which is used itself.
    features : int
    validate : bool
        Whether one that is made checks its input.
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
    return ENCODINGS[found](features, validate=validate, **(factory if found in _TRAINED else {}))


def encoding_on(found: Any, wires: int, features: int | None = None, validate: bool = True, **factory: Any) -> Encoding:
    """As `encoding_of`, checked to need this many wires; by name with the most features that they hold unless said.

    Examples
    --------
    >>> encoding_on("dense_angle", 3).features
    6
    """
    if isinstance(found, Encoding):
        made = found if features is None else encoding_of(found, features)
    else:
        require_known("encoding", found, tuple(ENCODINGS))
        most = _MOST.get(found, int)(wires)
        chosen = most if features is None else require_count("features", features)
        if chosen > most:
            raise ValuesError("the features do not fit the wires", got=chosen, expected=f"at most {most}")
        made = encoding_of(found, chosen, validate, **factory)
    if made.wires != wires:
        got = f"{made.features} features on {made.wires} wires"
        raise ValuesError("the features do not fit the wires", got=got, expected=f"{wires} wires")
    return made
