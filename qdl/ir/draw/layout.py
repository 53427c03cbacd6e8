"""Where everything of a drawing lies: gates become symbols in columns."""

from __future__ import annotations

from dataclasses import dataclass

from qdl.ir.channels import Channel, channel
from qdl.ir.circuit import Circuit, Operation
from qdl.ir.draw.labels import angles_label, condition_label
from qdl.ir.gates import TABLE, Composite
from qdl.ir.params import Expr


@dataclass(frozen=True)
class Symbol:
    """One gate in a drawing.

    Attributes
    ----------
    column : int
    controls : tuple of (int, bool)
        Control wires, and whether they ask for 1.
    targets : tuple of int
        The wires of the gate itself, in its own order.
    kind : str
        ``"box"``, ``"not"`` (a circled plus), ``"swap"`` (crosses) or ``"dot"``.
    role : str
        ``"constant"``, ``"free"`` (some angle depends on a Param), ``"composite"``, ``"noise"`` or ``"measure"``, which
        is what measures or resets.
    condition : str
        What measured bits must be, or nothing.
    """

    column: int
    controls: tuple[tuple[int, bool], ...]
    targets: tuple[int, ...]
    name: str
    angles: str
    kind: str
    role: str
    condition: str = ""

    @property
    def wires(self) -> range:
        """The wires it covers, those that it only crosses included."""
        touched = [*self.targets, *(wire for wire, _ in self.controls)]
        return range(min(touched), max(touched) + 1)


@dataclass(frozen=True)
class Layout:
    """A circuit's symbols in order of their columns, and its global phases, which belong to no wire."""

    wires: int
    columns: list[list[Symbol]]
    phases: list[str]


_KINDS = {"x": "not", "swap": "swap", "z": "dot"}


def layout(circuit: Circuit, angles: bool = True, pretty: bool = False) -> Layout:
    """Place every operation in the first column where its wires are free and its bits known and no longer needed."""
    free = [0] * circuit.wires
    known: dict[str, int] = {}  # from which column on a bit holds its last outcome
    asked: dict[str, int] = {}  # and up to which one it is asked for
    columns: list[list[Symbol]] = []
    phases = []
    for op in circuit.operations:
        if not op.wires:
            phases.append(" ".join([angles_label(op.angles, pretty), *_conditions(op)]))
            continue
        covered = range(min(op.wires), max(op.wires) + 1)
        bits = op.condition.bits if op.condition else ()
        column = max([*(free[wire] for wire in covered), *(known[bit] for bit in bits)])
        if op.bit is not None:
            column = max(column, known.get(op.bit, 0), asked.get(op.bit, 0))
            known[op.bit] = column + 1
        asked |= {bit: max(column + 1, asked.get(bit, 0)) for bit in bits}
        free[covered.start : covered.stop] = [column + 1] * len(covered)
        columns += [[] for _ in range(column + 1 - len(columns))]
        columns[column].append(_symbol(op, column, angles_label(op.angles, pretty) if angles else ""))
    return Layout(circuit.wires, columns, phases)


def _symbol(op: Operation, column: int, label: str) -> Symbol:
    gate = op.gate
    count = len(gate.controls) if gate.base is not None and gate.base.wires else 0
    inner = gate.base if count and gate.base is not None else gate
    kind = _KINDS.get(inner.name, "box") if TABLE.get(inner.name) == inner else "box"
    if not count and kind != "swap":
        kind = "box"
    name = inner.name
    if op.bit is not None:
        name = f"M→{op.bit}"
    elif gate == channel("reset"):
        name = "|0⟩"
    return Symbol(
        column,
        tuple((wire, value == "1") for wire, value in zip(op.wires, gate.controls, strict=False)) if count else (),
        op.wires[count:],
        name,
        label,
        kind,
        _role(op),
        "".join(_conditions(op)),
    )


def _conditions(op: Operation) -> list[str]:
    return [condition_label(op.condition)] if op.condition else []


def _role(op: Operation) -> str:
    if op.bit is not None or op.gate == channel("reset"):
        return "measure"
    if isinstance(op.gate, Channel):
        return "noise"
    if any(isinstance(angle, Expr) for angle in op.angles):
        return "free"
    return "composite" if isinstance(op.gate, Composite) and op.gate.name not in TABLE else "constant"
