"""Circuits to OpenQASM 2, which knows no inputs, no modifiers and no global phase.

Its library is taken to be the ``qelib1.inc`` of the language's paper; whatever that lacks is written with a definition
of the same unitary, phase included, from

    C^{n-1} P(phi) |x> = e^{i phi x_1 x_2 ... x_n} |x>,
    x_1 x_2 ... x_n = 2^{1-n} sum over non-empty S of (-1)^{|S|-1} (parity of the x_i in S),

that is one phase per parity, and from X = H P(pi) H, Y = S X S^+, SX = H P(pi/2) H, RX(t) = U(t, -pi/2, pi/2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from qdl.errors import QasmError
from qdl.ir.gates import TABLE, Composite, Gate, Step, controlled
from qdl.ir.params import Angle
from qdl.ir.qasm.conditions import comparisons
from qdl.ir.qasm.single import phase_and_u
from qdl.ir.qasm.writer import Entries, Line, Writer

_PI = math.pi
_CORE = "u3 u2 u1 cx id x y z h s sdg t tdg rx ry rz cz cy ch ccx crz cu1 cu3"

_Short = list[tuple[str, tuple[Any, ...], tuple[int, ...]]]
_SPELLED: dict[str, Callable[..., _Short]] = {
    "p": lambda q: [("u1", (q,), (0,))],
    "sx": lambda: [("h", (), (0,)), ("s", (), (0,)), ("h", (), (0,))],
    "sxdg": lambda: [("h", (), (0,)), ("sdg", (), (0,)), ("h", (), (0,))],
    "swap": lambda: [("cx", (), (0, 1)), ("cx", (), (1, 0)), ("cx", (), (0, 1))],
    "cswap": lambda: [("cx", (), (2, 1)), ("ccx", (), (0, 1, 2)), ("cx", (), (2, 1))],
    # Not as cu3, of whose first angle Cirq takes the remainder by 2 pi: with a control that is another gate.
    "crx": lambda t: [("h", (), (1,)), ("crz", (t,), (0, 1)), ("h", (), (1,))],
    "cry": lambda t: [("ry", (t / 2,), (1,)), ("cx", (), (0, 1)), ("ry", (-t / 2,), (1,)), ("cx", (), (0, 1))],
    "cu": lambda t, f, q, g: [("u1", (g,), (0,)), ("cu3", (t, f, q), (0, 1))],
}

# Base gate to the phase it is, between the gates that turn it into one; None stands for its own angle.
_PHASES: dict[str, tuple[list[str], float | None, list[str]]] = {
    "x": (["h"], _PI, ["h"]),
    "y": (["sdg", "h"], _PI, ["h", "s"]),
    "z": ([], _PI, []),
    "s": ([], _PI / 2, []),
    "sdg": ([], -_PI / 2, []),
    "t": ([], _PI / 4, []),
    "tdg": ([], -_PI / 4, []),
    "sx": (["h"], _PI / 2, ["h"]),
    "sxdg": (["h"], -_PI / 2, ["h"]),
    "p": ([], None, []),
    "u1": ([], None, []),
}


class Writer2(Writer):
    """The writer of version 2."""

    version, library, power = 2, "qelib1.inc", "^"
    known = frozenset(_CORE.split())

    def declarations(self) -> list[str]:
        bits = [f"creg {name}[{size}];" for name, size in self.bits.declared().items()]
        return [f"qreg {self.register}[{self.circuit.wires}];", *bits]

    def statements(self) -> list[str]:
        return [
            f"{asked}{line}"
            for op in self.circuit.operations
            for asked in comparisons(op, self.bits)
            for line in self.operation(op)
        ]

    def measurement(self, wire: str, bit: str) -> str:
        return f"measure {wire} -> {bit};"

    def lines(self, gate: Gate, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        if gate == TABLE["gphase"]:
            raise QasmError("OpenQASM 2 has no global phase", got="'gphase'", do="write version 3")
        return super().lines(gate, angles, wires, entries)

    def single(self, gate: Gate, angles: Sequence[Any], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        # Without a phase: U itself, or e^{i beta} RZ(phi) RY(theta) RZ(lambda) with beta a multiple of pi.
        alpha, (theta, phi, lam) = phase_and_u(gate.matrix(*angles))
        if not alpha:
            return [self._line("U", (theta, phi, lam), wires, entries)]
        half_turns = (alpha + (phi + lam) / 2) / _PI
        if abs(half_turns - round(half_turns)) > 1e-12:
            raise QasmError("OpenQASM 2 has no global phase", got=f"the unitary {gate.name!r}", do="write version 3")
        turns = (("rz", lam), ("ry", theta), ("rz", phi + (round(half_turns) % 2) * 2 * _PI))
        return [self._line(name, (angle,), wires, entries) for name, angle in turns]

    def controlled(self, gate: Gate, angles: Sequence[Angle], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        assert gate.base is not None
        flips = [Line("x", (wire,)) for wire, value in zip(wires, gate.controls, strict=False) if value == "0"]
        plain = controlled(gate.base, "1" * len(gate.controls))
        if plain != gate:
            return [*flips, *self.lines(plain, angles, wires, entries), *flips]
        return self.sequence(gate, tuple(angles), wires, entries)

    def body(self, gate: Gate, angles: tuple[Angle, ...], wires: tuple[str, ...], entries: Entries) -> list[Line]:
        return self.sequence(gate, angles, wires, entries)

    def steps(self, gate: Gate, angles: tuple[Angle, ...]) -> list[Step]:
        if gate.name in _SPELLED and TABLE.get(gate.name) == gate:
            return [(TABLE[name], turned, where) for name, turned, where in _SPELLED[gate.name](*angles)]
        if isinstance(gate, Composite):
            return gate.steps(angles, tuple(range(gate.wires)))
        if gate.base is not None and gate.base.name in _PHASES and TABLE.get(gate.base.name) == gate.base:
            return _phases(gate, angles)
        if gate.base is not None:
            raise QasmError(f"OpenQASM 2 has no controls of the gate {gate.base.name!r}", do="write version 3")
        return super().steps(gate, angles)

    def _inputs(self) -> Entries:
        if self.circuit.params:
            names = ", ".join(param.name for param in self.circuit.params)
            raise QasmError("OpenQASM 2 has no inputs", got=f"the Params {names}", do="write version 3, or use numbers")
        return {}


def _phases(gate: Gate, angles: tuple[Angle, ...]) -> list[Step]:
    assert gate.base is not None
    before, angle, after = _PHASES[gate.base.name]
    last = gate.wires - 1
    turned = angles[0] if angle is None else angle
    steps: list[Step] = [(TABLE[name], (), (last,)) for name in before]
    for size in range(1, gate.wires + 1):
        for chosen in combinations(range(gate.wires), size):
            part = turned * ((-1) ** (size - 1) / 2 ** (gate.wires - 1))
            gather: list[Step] = [(TABLE["cx"], (), (wire, chosen[-1])) for wire in chosen[:-1]]
            steps += [*gather, (TABLE["u1"], (part,), (chosen[-1],)), *reversed(gather)]
    return [*steps, *((TABLE[name], (), (last,)) for name in after)]
