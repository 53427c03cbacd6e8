"""qdl: neural networks whose neurons are quantum systems.

The package is lazy: ``import qdl`` loads nothing but this table, and each public name loads its room when it is first
used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "qdl.ir": (
        "Circuit Param sin cos tan exp log sqrt arcsin arccos arctan X Y Z I N Hermitian Observable NoiseModel cell "
        "tile cells"
    ),
    "qdl.run": "expval var estimate probs state density sample counts compile explain",
    "qdl.physics.information": (
        "fidelity trace_distance purity partial_trace entropy renyi_entropy mutual_information negativity "
        "log_negativity"
    ),
    "qdl.errors": "QdlError",
}
_WHERE = {name: module for module, names in _HOME.items() for name in names.split()}
_ROOMS = {"nn", "train", "physics", "ir", "plan", "engine", "measure", "grad", "run", "errors", "registry"}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
    elif name in _ROOMS:
        value = import_module(f"qdl.{name}")
    else:
        raise AttributeError(f"module 'qdl' has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE, *_ROOMS})
