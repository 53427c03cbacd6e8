"""The table of names: how a string such as ``engine="state"`` becomes an object.

This is the only way upward in the house: a lower room never imports a higher one, it looks up a name here. Third
parties add engines through the entry-point group ``qdl.engines``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from qdl.errors import UnsupportedError

ENGINES = {
    "state": "qdl.engine.state:StateVector",
    "density": "qdl.engine.density:Density",
    "trajectory": "qdl.engine.trajectory:Trajectory",
    "aer": "qdl.adapters.qiskit.aer:Aer",
    "pennylane": "qdl.adapters.pennylane.engine:PennyLane",
}

# Classes of other people's objects that are no engines themselves, and what makes them one.
FOREIGN = {
    "pennylane.devices.device_api.Device": "qdl.adapters.pennylane.engine:PennyLane",
    "pennylane.devices._legacy_device.Device": "qdl.adapters.pennylane.engine:PennyLane",
}

CONVERTERS = {
    "from_qasm": "qdl.ir.qasm:from_qasm",
    "to_qasm": "qdl.ir.qasm:to_qasm",
    "from_pennylane": "qdl.adapters.pennylane.convert:from_pennylane",
    "to_pennylane": "qdl.adapters.pennylane.convert:to_pennylane",
    "draw": "qdl.ir.draw:draw",
    "from_qiskit": "qdl.adapters.qiskit.convert.from_circuit:from_qiskit",
    "to_qiskit": "qdl.adapters.qiskit.convert.to_circuit:to_qiskit",
    "noise_from_backend": "qdl.adapters.qiskit.backend_noise:from_backend",
    "noise_from_aer": "qdl.adapters.qiskit.aer_noise:from_aer",
    "noise_to_aer": "qdl.adapters.qiskit.aer_noise:to_aer",
}

GRADIENTS = {
    "adjoint": "qdl.grad.adjoint:Adjoint",
    "autograd": "qdl.grad.autograd:Autograd",
    "shift": "qdl.grad.shift:Shift",
    "finite": "qdl.grad.finite:Finite",
    "spsa": "qdl.grad.spsa:Spsa",
}


def _load(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)


def _lookup(table: dict[str, str], kind: str, name: str) -> Any:
    if name in table:
        return _load(table[name])
    close = get_close_matches(name, table, n=1)
    raise UnsupportedError(
        f"unknown {kind}",
        got=repr(name),
        expected="one of " + ", ".join(sorted(table)),
        do=f"did you mean {close[0]!r}?" if close else None,
    )


@cache
def _plugins() -> dict[str, str]:
    return {point.name: point.value for point in entry_points(group="qdl.engines")}


def engine(name: Any) -> Any:
    """The engine behind a name; the part after a colon, as in ``aer:statevector``, is its argument.

    An object is an engine already, or a device of someone's for which `FOREIGN` has one.

    Examples
    --------
    >>> type(engine("state")).__name__
    'StateVector'
    """
    if not isinstance(name, str):
        kinds = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(name).__mro__)
        found = next((FOREIGN[kind] for kind in kinds if kind in FOREIGN), None)
        return name if found is None else _load(found)(name)
    family, _, argument = name.partition(":")
    found = _lookup({**_plugins(), **ENGINES}, "engine", family)
    return found(argument) if argument else found()


def converter(name: str) -> Any:
    """The function that turns a circuit into something else, or something else into a circuit."""
    return _lookup(CONVERTERS, "converter", name)


def gradient(name: str) -> Any:
    """The gradient method behind a name.

    Examples
    --------
    >>> type(gradient("adjoint")).__name__
    'Adjoint'
    """
    return _lookup(GRADIENTS, "gradient", name)()


def face(package: str, home: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a package that loads each of its names when that is first used.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    home : mapping
        Each name to the module that has it, within the package.

    Examples
    --------
    >>> load, names = face("qdl.ir", {"Circuit": "circuit"})
    >>> load("Circuit"), "Circuit" in names()
    (<class 'qdl.ir.circuit.Circuit'>, True)
    """

    def load(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it has {', '.join(sorted(home))}")
        value = _load(f"{package}.{home[name]}:{name}")
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*vars(sys.modules[package]), *home})
