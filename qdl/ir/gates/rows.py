"""The rows of the gate table as data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qdl.errors import CircuitError
from qdl.ir.gates.kinds import TABLE, Composite, Exponential, Fixed, Gate, Rotor
from qdl.ir.gates.make import NAMED, controlled
from qdl.ir.gates.matrices import PAULI, pauli_string

_SQ = math.sqrt(0.5)
_PROJECT = {"0": np.diag([1, 0]).astype(complex), "1": np.diag([0, 1]).astype(complex)}
_FIXED: dict[str, tuple[NDArray[Any], str | None]] = {
    "id": (PAULI["I"], None),
    "x": (PAULI["X"], None),
    "y": (PAULI["Y"], None),
    "z": (PAULI["Z"], None),
    "h": (_SQ * np.array([[1, 1], [1, -1]], dtype=complex), None),
    "s": (np.diag([1, 1j]), "sdg"),
    "sdg": (np.diag([1, -1j]), "s"),
    "t": (np.diag([1, np.exp(0.25j * np.pi)]), "tdg"),
    "tdg": (np.diag([1, np.exp(-0.25j * np.pi)]), "t"),
    "sx": (0.5 * np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]), "sxdg"),
    "sxdg": (0.5 * np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]), "sx"),
    "swap": (np.eye(4, dtype=complex)[[0, 2, 1, 3]], None),
}
_PAULI_ROTATIONS = {"rx": "X", "ry": "Y", "rz": "Z", "rxx": "XX", "ryy": "YY", "rzz": "ZZ", "rzx": "ZX"}
_CONTROLLED = {
    "cx": ("x", 1),
    "cy": ("y", 1),
    "cz": ("z", 1),
    "ch": ("h", 1),
    "cs": ("s", 1),
    "csdg": ("sdg", 1),
    "csx": ("sx", 1),
    "cswap": ("swap", 1),
    "ccx": ("x", 2),
    "ccz": ("z", 2),
    "c3x": ("x", 3),
    "c3sx": ("sx", 3),
    "c4x": ("x", 4),
    "cp": ("p", 1),
    "cu1": ("u1", 1),
    "crx": ("rx", 1),
    "cry": ("ry", 1),
    "crz": ("rz", 1),
    "cu3": ("u3", 1),
}
_PI = math.pi
_SEQUENCES: dict[str, tuple[int, tuple[str, ...], Callable[..., Sequence[tuple]]]] = {
    "u": (1, ("theta", "phi", "lam"), lambda t, f, q: [("p", (q,), (0,)), ("ry", (t,), (0,)), ("p", (f,), (0,))]),
    "u3": (1, ("theta", "phi", "lam"), lambda t, f, q: [("p", (q,), (0,)), ("ry", (t,), (0,)), ("p", (f,), (0,))]),
    "u2": (1, ("phi", "lam"), lambda f, q: [("p", (q,), (0,)), ("ry", (_PI / 2,), (0,)), ("p", (f,), (0,))]),
    "r": (1, ("theta", "phi"), lambda t, f: [("rz", (-f,), (0,)), ("rx", (t,), (0,)), ("rz", (f,), (0,))]),
    "cu": (
        2,
        ("theta", "phi", "lam", "gamma"),
        lambda t, f, q, g: [("p", (g,), (0,)), (controlled(TABLE["u"], "1"), (t, f, q), (0, 1))],
    ),
    "iswap": (2, (), lambda: [("rxx", (-_PI / 2,), (0, 1)), ("ryy", (-_PI / 2,), (0, 1))]),
    "dcx": (2, (), lambda: [("cx", (), (0, 1)), ("cx", (), (1, 0))]),
    "ecr": (2, (), lambda: [("rzx", (_PI / 4,), (0, 1)), ("x", (), (0,)), ("rzx", (-_PI / 4,), (0, 1))]),
    "xx_plus_yy": (
        2,
        ("theta", "beta"),
        lambda t, b: [
            ("rz", (b,), (0,)),
            ("rxx", (t / 2,), (0, 1)),
            ("ryy", (t / 2,), (0, 1)),
            ("rz", (-b,), (0,)),
        ],
    ),
    "xx_minus_yy": (
        2,
        ("theta", "beta"),
        lambda t, b: [
            ("rz", (-b,), (1,)),
            ("rxx", (t / 2,), (0, 1)),
            ("ryy", (-t / 2,), (0, 1)),
            ("rz", (b,), (1,)),
        ],
    ),
    "rccx": (
        3,
        (),
        lambda: [
            *(("h", (), (2,)), ("t", (), (2,)), ("cx", (), (1, 2)), ("tdg", (), (2,)), ("cx", (), (0, 2))),
            *(("t", (), (2,)), ("cx", (), (1, 2)), ("tdg", (), (2,)), ("h", (), (2,))),
        ],
    ),
    "rcccx": (
        4,
        (),
        lambda: [
            *(("h", (), (3,)), ("t", (), (3,)), ("cx", (), (2, 3)), ("tdg", (), (3,)), ("h", (), (3,))),
            *(("cx", (), (0, 3)), ("t", (), (3,)), ("cx", (), (1, 3)), ("tdg", (), (3,))),
            *(("cx", (), (0, 3)), ("t", (), (3,)), ("cx", (), (1, 3)), ("tdg", (), (3,))),
            *(("h", (), (3,)), ("t", (), (3,)), ("cx", (), (2, 3)), ("tdg", (), (3,)), ("h", (), (3,))),
        ],
    ),
}
# What OpenQASM 3's stdgates.inc defines, and the built-in gphase, under the same name and with the same angles.
_STDGATES = "id x y z h s sdg t tdg sx swap rx ry rz p u1 u2 u3 cx cy cz cp crx cry crz ch ccx cswap cu gphase"


def gate(name: str) -> Gate:
    """The row with this name.

    Examples
    --------
    >>> gate("cx").wires
    2
    """
    if isinstance(name, str) and name in TABLE:
        return TABLE[name]
    close = get_close_matches(str(name), TABLE, n=3)
    raise CircuitError(
        f"unknown gate {name!r}",
        do=f"did you mean {' or '.join(map(repr, close))}?" if close else "the README lists the gate table",
    )


def _fill() -> None:
    for name, (matrix, inverse) in _FIXED.items():
        TABLE[name] = Fixed(name, matrix, inverse)
    for name, letters in _PAULI_ROTATIONS.items():
        TABLE[name] = Exponential(name, pauli_string(letters) / 2, pauli=letters)
    for name in ("p", "u1"):
        TABLE[name] = Exponential(name, -_PROJECT["1"], "lam")
    TABLE["gphase"] = Exponential("gphase", -np.eye(1, dtype=complex), "gamma")
    TABLE["rv"] = Rotor("rv", np.stack([PAULI[letter] for letter in "IXYZ"]))
    NAMED[TABLE["gphase"], "1"] = TABLE["p"]
    _fill_controlled()
    for name, (wires, angles, body) in _SEQUENCES.items():
        TABLE[name] = Composite(name, wires, angles, body)
    _fill_controlled()
    for name in _STDGATES.split():
        TABLE[name].qasm = name
    TABLE["u"].qasm = "U"


def _fill_controlled() -> None:
    """The rows whose base is there by now: sequences use some of them, others control a sequence."""
    for name, (base, count) in _CONTROLLED.items():
        if base in TABLE and name not in TABLE:
            TABLE[name] = NAMED[TABLE[base], "1" * count] = controlled(TABLE[base], "1" * count, name)


_fill()
