"""The gates that a program finds: built in, in a library, or in Braket's dialect, which includes none."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache

from qdl.ir.gates import TABLE, Composite, controlled
from qdl.ir.qasm.calls import Known, cost_of, row

_PI = math.pi

STDGATES = {gate.qasm: name for name, gate in TABLE.items() if gate.qasm and name not in ("u", "gphase")}
STDGATES |= {"phase": "p", "cphase": "cp", "CX": "cx"}
_SINGLE = "u3 u2 u1 id u p x y z h s sdg t tdg rx ry rz sx sxdg"
_SEVERAL = "cx cz cy swap ch ccx cswap crx cry crz cu1 cp cu3 csx cu rxx rzz rccx c3x c4x"
QELIB1 = {name: name for name in f"{_SINGLE} {_SEVERAL}".split()}
QELIB1 |= {"rc3x": "rcccx", "c3sqrtx": "c3sx", "u0": "u0"}
SOFT = ("sxdg",)  # what Cirq takes stdgates.inc to have; a program's own definition goes first
LIBRARIES = {"qelib1.inc": QELIB1, "stdgates.inc": STDGATES}
BUILT_IN = {2: {"U": "u", "CX": "cx"}, 3: {"U": "u", "gphase": "gphase"}}

_SAME = "h x y z s t rx ry rz swap iswap cswap cy cz ecr"
BRAKET = {name: name for name in _SAME.split()}
BRAKET |= {"i": "id", "si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg", "phaseshift": "p", "prx": "r", "cv": "csx"}
BRAKET |= {"cnot": "cx", "ccnot": "ccx", "cphaseshift": "cp", "xx": "rxx", "yy": "ryy", "zz": "rzz"}

# Gates that are no rows: wires, angles, steps.
_Steps = Callable[..., Sequence[tuple]]
_MORE: dict[str, tuple[int, tuple[str, ...], _Steps]] = {
    "u0": (1, ("gamma",), lambda g: []),  # waits for so many times as long as a gate takes
    "xy": (2, ("theta",), lambda t: [("rxx", (-t / 2,), (0, 1)), ("ryy", (-t / 2,), (0, 1))]),
    "pswap": (
        2,
        ("theta",),
        lambda t: [("swap", (), (0, 1)), ("cx", (), (0, 1)), ("p", (t,), (1,)), ("cx", (), (0, 1))],
    ),
    "cphaseshift00": (
        2,
        ("theta",),
        lambda t: [("x", (), (1,)), (controlled(TABLE["p"], "0"), (t,), (0, 1)), ("x", (), (1,))],
    ),
    "cphaseshift01": (2, ("theta",), lambda t: [(controlled(TABLE["p"], "0"), (t,), (0, 1))]),
    "cphaseshift10": (2, ("theta",), lambda t: [(controlled(TABLE["p"], "0"), (t,), (1, 0))]),
    "gpi": (1, ("phi",), lambda f: [("rz", (-f,), (0,)), ("x", (), (0,)), ("rz", (f,), (0,))]),
    "gpi2": (1, ("phi",), lambda f: [("r", (_PI / 2, f), (0,))]),
    "ms": (
        2,
        ("phi0", "phi1", "theta"),
        lambda a, b, t: [
            *(("rz", (-a,), (0,)), ("rz", (-b,), (1,)), ("rxx", (t,), (0, 1))),
            *(("rz", (a,), (0,)), ("rz", (b,), (1,))),
        ],
    ),
}


def braket_names() -> list[str]:
    """The names of the gates that Braket's dialect has built in."""
    return [*BRAKET, *(name for name in _MORE if name != "u0")]


@cache
def library_gate(name: str) -> Known:
    """A row of the gate table, or one of the gates that a library has beside them."""
    if name not in _MORE:
        return row(name)
    gate = Composite(name, *_MORE[name])
    return Known(gate, cost_of(gate))


def built_in(version: int, braket: bool = False) -> dict[str, Known]:
    """What a program knows without an include; `braket` adds what Braket's dialect has built in."""
    names = {name: BRAKET.get(name, name) for name in braket_names()} if braket else {}
    return {name: library_gate(found) for name, found in {**names, **BUILT_IN[version]}.items()}
