"""Gate calls: a name with modifiers and angles becomes steps of the gate table, at a cost known beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import Any, NamedTuple

from qdl.errors import CircuitError
from qdl.ir.gates import MAX_CONTROLLED, TABLE, Composite, Exponential, Gate, Step, controlled
from qdl.ir.params import Angle, Expr, Param
from qdl.ir.qasm.expressions import Expressions
from qdl.ir.qasm.powers import fractional, repeated
from qdl.ir.qasm.text import refuse

MAX_GATES = 1_000_000  # elementary gates of a program, all definitions written out
MAX_DEPTH = 100  # definitions and expressions inside each other
MAX_TERMS = 10_000  # symbols and numbers of one angle, all definitions written out


class Cost(NamedTuple):
    """What a gate grows to when it is written out: elementary gates, levels, terms per angle, wires of the widest.

    `partial` says whether some angle, such as 1/a, has no value everywhere.
    """

    gates: int = 1
    depth: int = 1
    terms: int = 1
    width: int = 0
    partial: bool = False


@dataclass(frozen=True)
class Known:
    """A gate that a name stands for, and its cost."""

    gate: Gate
    cost: Cost


class Call(NamedTuple):
    """The steps of one call on local wires 0, 1, ..., and what they cost."""

    steps: list[Step]
    wires: int
    cost: Cost


@cache
def row(name: str) -> Known:
    """A row of the gate table, by name."""
    return Known(TABLE[name], cost_of(TABLE[name]))


def cost_of(gate: Gate) -> Cost:
    """What a gate grows to."""
    if not isinstance(gate, Composite):
        return Cost(width=gate.wires)
    formal = tuple(Param("angle", len(gate.angles))) if gate.angles else ()
    steps = gate.steps(formal, tuple(range(gate.wires)))
    return together(with_angles(cost_of(part), angles) for part, angles, _ in steps)


def together(costs: Iterable[Cost]) -> Cost:
    """The cost of a definition, from those of its steps."""
    parts = list(costs) or [Cost()]
    return Cost(
        gates=sum(cost.gates for cost in parts),
        depth=1 + max(cost.depth for cost in parts),
        terms=max(cost.terms for cost in parts),
        width=max(cost.width for cost in parts),
        partial=any(cost.partial for cost in parts),
    )


def with_angles(cost: Cost, angles: Sequence[Angle]) -> Cost:
    """The cost of a gate called with these angles: what is put in for a symbol multiplies."""
    sizes = [_size(angle) for angle in angles] or [(1, 1)]
    depth, terms = (max(column) for column in zip(*sizes, strict=True))
    partial = cost.partial or any(map(_partial, angles))
    return cost._replace(depth=cost.depth + depth, terms=cost.terms * terms, partial=partial)


def _partial(angle: Angle) -> bool:
    if not isinstance(angle, Expr) or angle.op == "entry":
        return False
    return angle.op not in ("add", "mul", "sin", "cos", "arctan") or any(map(_partial, angle.args))


def _size(angle: Angle) -> tuple[int, int]:
    if not isinstance(angle, Expr) or angle.op == "entry":
        return 1, 1
    inner = [_size(argument) for argument in angle.args]
    return 1 + max(depth for depth, _ in inner), sum(terms for _, terms in inner)


def call(node: Any, gates: Mapping[str, Known], expressions: Expressions) -> Call:
    """The steps of a QuantumGate or QuantumPhase node."""
    if getattr(node, "duration", None) is not None:
        refuse(node, "a gate with a duration is not supported")
    phase = type(node).__name__ == "QuantumPhase"
    name, arguments = ("gphase", [node.argument]) if phase else (node.name.name, node.arguments)
    if name not in gates:
        close = get_close_matches(name, gates, n=3)
        include = 'define it above, or include "stdgates.inc" (version 2: "qelib1.inc")'
        do = f"did you mean {' or '.join(close)}?" if close else include
        refuse(node, f"unknown gate {name!r}", do=do)
    gate, cost = gates[name].gate, gates[name].cost
    angles = tuple(expressions.angle(argument) for argument in arguments)
    if len(angles) != len(gate.angles):
        refuse(node, f"wrong number of angles for gate {name!r}", got=len(angles), expected=len(gate.angles))
    made = Call([(gate, angles, tuple(range(gate.wires)))], gate.wires, with_angles(cost, angles))
    for modifier in reversed(node.modifiers):
        made = _modified(modifier, made, expressions)
    if len(node.qubits) != made.wires:
        refuse(node, f"wrong number of qubits for gate {name!r}", got=len(node.qubits), expected=made.wires)
    _check(node, made)
    return made


def _modified(modifier: Any, made: Call, expressions: Expressions) -> Call:
    kind = modifier.modifier.name
    if kind == "inv":
        return made._replace(steps=_inverse(made.steps))
    if kind == "pow":
        return _power(modifier, made, expressions.number(modifier.argument, "the exponent of pow"))
    count = 1 if modifier.argument is None else expressions.integer(modifier.argument, f"the number of {kind}")
    if not 1 <= count <= MAX_CONTROLLED - made.cost.width:
        room = f"1 to {MAX_CONTROLLED - made.cost.width} on a gate of {made.cost.width} wires"
        refuse(modifier, "wrong number of controls", got=count, expected=room)
    states = ("1" if kind == "ctrl" else "0") * count
    front = tuple(range(count))
    steps: list[Step] = [
        (controlled(gate, states), angles, front + tuple(wire + count for wire in wires))
        for gate, angles, wires in made.steps
    ]
    return Call(steps, made.wires + count, made.cost._replace(width=made.cost.width + count))


def _inverse(steps: Sequence[Step]) -> list[Step]:
    return [step for gate, angles, wires in reversed(steps) for step in _undone(gate, angles, wires)]


def _undone(gate: Gate, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
    # Gates defined in text stay gates, so that a tower of definitions is not written out.
    if not isinstance(gate, Composite) or gate.name in TABLE:
        return gate.inverse(angles, wires)
    if gate.base is not None:
        row = controlled(_inverted(gate.base), gate.controls)
        return [(row, angles, wires)] if isinstance(gate.base, Composite) else gate.inverse(angles, wires)
    return [(_inverted(gate), angles, wires)]


@lru_cache(maxsize=1024)
def _inverted(gate: Gate) -> Gate:
    wires = tuple(range(gate.wires))

    def body(*formal: Angle) -> list[Step]:
        assert isinstance(gate, Composite)
        return _inverse(gate.steps(formal, wires))

    return Composite(f"inv_{gate.name}", gate.wires, gate.angles, body)


def _power(modifier: Any, made: Call, exponent: float) -> Call:
    if exponent != int(exponent):
        try:
            steps = fractional(made.steps, made.wires, exponent)
        except CircuitError as error:
            refuse(modifier, str(error))
        return made._replace(steps=steps)
    exponent = int(exponent)
    if len(made.steps) == 1 and isinstance(made.steps[0][0], Exponential):
        gate, angles, wires = made.steps[0]
        return made._replace(steps=[(gate, (exponent * angles[0],), wires)])
    total = made.cost.gates * abs(exponent)
    if total > MAX_GATES:
        got = f"{total} gates" if total < 10**12 else "more gates than could ever run"
        refuse(modifier, "the power is too large", got=got, expected=f"at most {MAX_GATES}")
    steps = repeated(made.steps if exponent >= 0 else _inverse(made.steps), made.wires, abs(exponent))
    return made._replace(steps=steps, cost=made.cost._replace(gates=total))


def _check(node: Any, made: Call) -> None:
    """Refuse what would not fit when written out, or has no value, such as the angle 1/a at a = 0."""
    cost = made.cost
    if cost.gates > MAX_GATES:
        refuse(node, "definitions grow too large", got=f"{cost.gates} gates", expected=f"at most {MAX_GATES}")
    if cost.depth > MAX_DEPTH or cost.terms > MAX_TERMS:
        refuse(node, "definitions and expressions are nested too deeply", expected=f"at most {MAX_DEPTH} levels")
    if cost.partial:
        try:
            _expand(made.steps, set())
        except CircuitError as error:
            refuse(node, str(error))


def _expand(steps: Iterable[Step], seen: set[tuple[Gate, tuple[Angle, ...]]]) -> None:
    for gate, angles, wires in steps:
        if isinstance(gate, Composite) and angles and (gate, angles) not in seen:
            seen.add((gate, angles))
            _expand(gate.steps(angles, wires), seen)
