"""Where everything of a drawing lies: gates become symbols in columns."""

from __future__ import annotations

from dataclasses import dataclass

from qdl.ir.circuit import Circuit, Operation
from qdl.ir.draw.labels import angles_label
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
        ``"constant"``, ``"free"`` (some angle depends on a Param) or ``"composite"``.
    """

    column: int
    controls: tuple[tuple[int, bool], ...]
    targets: tuple[int, ...]
    name: str
    angles: str
    kind: str
    role: str

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
    """Place every operation in the first column in which all wires that it covers are free."""
    free = [0] * circuit.wires
    columns: list[list[Symbol]] = []
    phases = []
    for op in circuit.operations:
        if not op.wires:
            phases.append(angles_label(op.angles, pretty))
            continue
        covered = range(min(op.wires), max(op.wires) + 1)
        column = max(free[wire] for wire in covered)
        for wire in covered:
            free[wire] = column + 1
        if column == len(columns):
            columns.append([])
        columns[column].append(_symbol(op, column, angles_label(op.angles, pretty) if angles else ""))
    return Layout(circuit.wires, columns, phases)


def _symbol(op: Operation, column: int, label: str) -> Symbol:
    gate = op.gate
    count = len(gate.controls) if gate.base is not None and gate.base.wires else 0
    inner = gate.base if count and gate.base is not None else gate
    kind = _KINDS.get(inner.name, "box") if TABLE.get(inner.name) == inner else "box"
    if not count and kind != "swap":
        kind = "box"
    role = "composite" if isinstance(gate, Composite) and gate.name not in TABLE else "constant"
    return Symbol(
        column,
        tuple((wire, value == "1") for wire, value in zip(op.wires, gate.controls, strict=False)) if count else (),
        op.wires[count:],
        inner.name,
        label,
        kind,
        "free" if any(isinstance(angle, Expr) for angle in op.angles) else role,
    )
