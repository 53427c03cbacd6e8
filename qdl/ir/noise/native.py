"""Circuits in the gates that a device has, each gate by itself, up to a global phase.

Gates on one wire are Euler rotations e^{i delta} U(theta, phi, lam), U = RZ(phi) RY(theta) RZ(lam) up to a phase, and

    U(theta, phi, lam) = RZ(phi + pi) SX RZ(theta + pi) SX RZ(lam),
    U(pi/2, phi, lam) = RZ(phi + pi/2) SX RZ(lam - pi/2).

Gates on more wires become CX and gates on one wire; CX becomes what the device has on the two wires, in either
direction. (Barenco et al., Phys. Rev. A 52, 3457 (1995), and ours)
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from qdl.errors import CircuitError
from qdl.ir.channels import Channel, Measure
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import TABLE, Composite, Fixed, Gate, Prepare
from qdl.ir.params import Angle, Expr, apply

Places = Mapping[str, frozenset[tuple[int, ...]] | None]  # gate to where there is one; None: everywhere
Euler = tuple[Angle, Angle, Angle, Angle]  # theta, phi, lam, delta
Row = tuple[str | Gate, tuple[Angle, ...], tuple[int, ...]]
Steps = list[Row]
PI, HALF = math.pi, math.pi / 2


def plus(a: Angle, b: Angle) -> Angle:
    return apply("add", a, b)


def times(a: float, b: Angle) -> Angle:
    return apply("mul", a, b)


EULER: dict[str, Callable[..., Euler]] = {
    "rx": lambda t: (t, -HALF, HALF, 0.0),
    "ry": lambda t: (t, 0.0, 0.0, 0.0),
    "rz": lambda t: (0.0, 0.0, t, times(-0.5, t)),
    "p": lambda t: (0.0, 0.0, t, 0.0),
    "u1": lambda t: (0.0, 0.0, t, 0.0),
    "u": lambda t, f, q: (t, f, q, 0.0),
    "u3": lambda t, f, q: (t, f, q, 0.0),
    "u2": lambda f, q: (HALF, f, q, 0.0),
    "r": lambda t, f: (t, plus(f, -HALF), plus(HALF, times(-1.0, f)), 0.0),
}


def euler(gate: Gate, angles: tuple[Angle, ...]) -> Euler | None:
    """The Euler angles of a gate on one wire; None if it has none that are expressions of its own."""
    if gate.name in EULER and TABLE.get(gate.name) == gate:
        return EULER[gate.name](*angles)
    if not isinstance(gate, Fixed) or gate.wires != 1:
        return None
    (a, b), (c, d) = gate.constant
    theta = 2 * math.atan2(abs(c), abs(a))
    if abs(c) < 1e-12:
        return 0.0, 0.0, cmath.phase(d / a), cmath.phase(a)
    if abs(a) < 1e-12:
        return PI, 0.0, cmath.phase(-b / c), cmath.phase(c)
    return theta, cmath.phase(c / a), cmath.phase(-b / a), cmath.phase(a)


def controlled_steps(angles: Euler, a: int, b: int) -> Steps:
    """The gate of these Euler angles on b under control a, A X B X C with A B C = 1."""
    theta, phi, lam, delta = angles
    mean, apart = times(0.5, plus(phi, lam)), times(0.5, plus(lam, times(-1.0, phi)))
    return [
        ("p", (plus(delta, mean),), (a,)),
        ("p", (apart,), (b,)),
        ("cx", (), (a, b)),
        ("u", (times(-0.5, theta), 0.0, times(-1.0, mean)), (b,)),
        ("cx", (), (a, b)),
        ("u", (times(0.5, theta), phi, 0.0), (b,)),
    ]


def toffoli(a: int, b: int, c: int) -> Steps:
    """CCX from six CX: T^+ and T on c for every parity of a, b and c, then the same for a and b."""
    down: Steps = [("cx", (), (b, c)), ("tdg", (), (c,)), ("cx", (), (a, c)), ("t", (), (c,))]
    steps: Steps = [("h", (), (c,)), *down, *down[:3], ("t", (), (b,)), ("t", (), (c,)), ("h", (), (c,))]
    return [*steps, ("cx", (), (a, b)), ("t", (), (a,)), ("tdg", (), (b,)), ("cx", (), (a, b))]


WIDE: dict[str, Callable[..., Steps]] = {
    "swap": lambda a, b: [("cx", (), (a, b)), ("cx", (), (b, a)), ("cx", (), (a, b))],
    "rzz": lambda t, a, b: [("cx", (), (a, b)), ("rz", (t,), (b,)), ("cx", (), (a, b))],
    "rzx": lambda t, a, b: [("h", (), (b,)), ("rzz", (t,), (a, b)), ("h", (), (b,))],
    "rxx": lambda t, a, b: [("h", (), (a,)), ("rzx", (t,), (a, b)), ("h", (), (a,))],
    "ryy": lambda t, a, b: [
        *(("sx", (), (a,)), ("sx", (), (b,)), ("rzz", (t,), (a, b))),
        *(("sxdg", (), (a,)), ("sxdg", (), (b,))),
    ],
    "cz": lambda a, b: [("h", (), (b,)), ("cx", (), (a, b)), ("h", (), (b,))],
    "ccx": toffoli,
    "ccz": lambda a, b, c: [("h", (), (c,)), ("ccx", (), (a, b, c)), ("h", (), (c,))],
    "cswap": lambda a, b, c: [("cx", (), (c, b)), ("ccx", (), (a, b, c)), ("cx", (), (c, b))],
}
# CX(a, b) from another gate on the pair: e^{i pi/4 (1 - Z_a)(1 - X_b)} = CX, ECR = X_a RZX(pi/2)
ENTANGLERS: dict[str, Callable[[int, int], Steps]] = {
    "cx": lambda a, b: [("cx", (), (a, b))],
    "ecr": lambda a, b: [("x", (), (a,)), ("ecr", (), (a, b)), ("rz", (HALF,), (a,)), ("sx", (), (b,))],
    "cz": lambda a, b: [("h", (), (b,)), ("cz", (), (a, b)), ("h", (), (b,))],
    "rzz": lambda a, b: [
        *(("h", (), (b,)), ("rzz", (-HALF,), (a, b)), ("rz", (HALF,), (a,))),
        *(("rz", (HALF,), (b,)), ("h", (), (b,))),
    ],
}


class Native:
    """The translation to a set of gates.

    Parameters
    ----------
    places : mapping
        Gate to the places where the device has one; None for everywhere.
    also : callable
        Whether a gate that the device lacks is to stay as it is.
    """

    def __init__(self, places: Places, also: Callable[[str], bool]) -> None:
        self.places, self.also = places, also

    def run(self, circuit: Circuit) -> Circuit:
        return Circuit(circuit.wires)._add(*(found for op in circuit.operations for found in self.translated(op)))

    def has(self, name: str, wires: tuple[int, ...]) -> bool:
        if name not in self.places:
            return False
        where = self.places[name]
        return where is None or wires in where

    def translated(self, op: Operation) -> Iterator[Operation]:
        gate = op.gate
        other = isinstance(gate, (Channel, Measure, Prepare))
        if other or self.has(gate.name, op.wires) or (gate.name not in self.places and self.also(gate.name)):
            yield op
        elif gate.wires:
            for row, angles, wires in self.steps(op):
                step = row if isinstance(row, Gate) else TABLE[row]
                yield from self.translated(replace(op, gate=step, angles=angles, wires=wires))

    def steps(self, op: Operation) -> Steps:
        gate, wires = op.gate, op.wires
        if gate.wires == 1:
            angles = euler(gate, op.angles)
            if angles is not None:
                return self.rotation(angles, wires[0])
        elif gate.name == "cx" and TABLE["cx"] == gate:
            return self.entangler(*wires)
        elif gate.name in WIDE and TABLE.get(gate.name) == gate:
            return WIDE[gate.name](*op.angles, *wires)
        elif gate.wires == 2 and gate.base is not None:
            angles = euler(gate.base, op.angles)
            if angles is not None:
                flips: Steps = [("x", (), wires[:1])] if gate.controls == "0" else []
                return [*flips, *controlled_steps(angles, *wires), *flips]
        if isinstance(gate, Composite):
            return [*gate.steps(op.angles, wires)]
        raise self.lacks(op)

    def rotation(self, angles: Euler, wire: int) -> Steps:
        theta, phi, lam, _ = angles
        if theta == 0.0 and not isinstance(theta, Expr):
            turned = self.about_z(plus(phi, lam), wire)
            if turned is not None:
                return turned
        for name in ("u3", "u"):
            if self.has(name, (wire,)):
                return [(name, (theta, phi, lam), (wire,))]
        if self.has("sx", (wire,)):
            sx: Row = ("sx", (), (wire,))
            if not isinstance(theta, Expr) and theta == HALF:
                turns = (plus(lam, -HALF), plus(phi, HALF))
                return [*self.z(turns[0], wire), sx, *self.z(turns[1], wire)]
            return [*self.z(lam, wire), sx, *self.z(plus(theta, PI), wire), sx, *self.z(plus(phi, PI), wire)]
        for name, quarter in (("ry", 0.0), ("rx", HALF)):
            if self.has(name, (wire,)):
                turns = (plus(lam, -quarter), plus(phi, quarter))
                return [*self.z(turns[0], wire), (name, (theta,), (wire,)), *self.z(turns[1], wire)]
        raise CircuitError("the device turns this wire in no way", got=f"wire {wire}", expected=self.known())

    def about_z(self, angle: Angle, wire: int) -> Steps | None:
        if not isinstance(angle, Expr) and abs(angle) < 1e-15:
            return []
        name = next((name for name in ("rz", "p", "u1") if self.has(name, (wire,))), None)
        return None if name is None else [(name, (angle,), (wire,))]

    def z(self, angle: Angle, wire: int) -> Steps:
        found = self.about_z(angle, wire)
        if found is None:
            raise CircuitError("the device has no rotation about z", got=f"wire {wire}", expected=self.known())
        return found

    def entangler(self, a: int, b: int) -> Steps:
        for name, steps in ENTANGLERS.items():
            if self.has(name, (a, b)):
                return steps(a, b)
        for name, steps in ENTANGLERS.items():
            if self.has(name, (b, a)):
                around: Steps = [("h", (), (a,)), ("h", (), (b,))]
                return [*around, *steps(b, a), *around]
        raise CircuitError(
            "the device does not couple these wires", got=(a, b), do="lay the circuit along its couplings"
        )

    def lacks(self, op: Operation) -> CircuitError:
        remedy = "write it in gates that the device has, or add a rule that names it"
        return CircuitError("the device does not have this gate", got=op, expected=self.known(), do=remedy)

    def known(self) -> str:
        return f"one of {', '.join(sorted(self.places))}"
