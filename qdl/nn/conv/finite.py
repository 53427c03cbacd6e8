"""What the options of a layer say to a closed form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.nn.seeds import require_seed
from qdl.run import readout_only


class Statistics(NamedTuple):
    """How often an answer is measured (None: it is exact), from which seed, with what readout error P(1|0), P(0|1)."""

    shots: int | None
    seed: Any
    flips: tuple[float, float]


def statistics(options: Mapping[str, Any], wire: int | None) -> Statistics:
    """The statistics that a layer's options ask of its closed form, checked.

    Parameters
    ----------
    options : mapping
        ``engine``, ``validate``, ``grad``, ``shots``, ``noise``, ``seed``.
    wire : int or None
        The qubit that is read; None where it is no qubit.

    Raises
    ------
    QdlError
        For options that the closed form cannot honour.
    """
    own = {name: value for name, value in options.items() if name not in ("engine", "validate")}
    known = {"grad": "auto", "shots": None, "noise": None, "seed": None}
    unknown = sorted(set(own) - set(known))
    if unknown:
        raise LayerError("unknown options of the closed form", got=unknown, expected=["engine", *known, "validate"])
    grad, shots, noise, seed = ({**known, **own}[name] for name in known)
    if wire is None and noise is not None:
        raise UnsupportedError(
            "noise is that of qubits, and what is read here is a mode", got=noise, do="choose engine='density'"
        )
    flips = (0.0, 0.0) if wire is None else readout_only(noise, wire)
    require_seed(seed)
    methods = ("auto", "autograd") if shots is None else ("auto", "shift")
    if grad not in methods:
        raise UnsupportedError(
            "the closed form has another gradient",
            got=f"grad={grad!r}",
            expected=" or ".join(map(repr, methods)),
            do="leave grad out, or choose an engine such as 'state'",
        )
    if shots is not None and (isinstance(shots, bool) or not isinstance(shots, int) or shots < 1):
        raise ValuesError("shots must be a positive integer or None", got=repr(shots))
    return Statistics(shots, seed, flips)
