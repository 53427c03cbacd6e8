"""The quantum pool as a step of a circuit: coherent, or by a measurement in its middle and what follows from it."""

from __future__ import annotations

from typing import Any

from qdl.errors import CircuitError
from qdl.ir import Circuit, Operation, cell
from qdl.ir.bits import condition
from qdl.ir.channels import Channel, Measure
from qdl.ir.gates import Prepare

MODES = ("deferred", "measured")
DIAGONAL = ("id", "z", "s", "sdg", "t", "tdg", "rz", "p", "u1")


def pool_wires(
    circuit: Circuit,
    source: int,
    sink: int,
    pool: str | Circuit = "pool_zx",
    params: Any = None,
    mode: str = "deferred",
    bit: str | None = None,
) -> Circuit:
    """Let one wire tell another how to turn, and read it no more: two wires become one.

    Parameters
    ----------
    circuit : Circuit
        Grows.
    source, sink : int
        The wire that is given up, and the one that is kept.
    pool : str, path or Circuit
        A cell on (source, sink), such as ``"pool_zx"``.
    params : sequence, dict or None
        As for `Circuit.append`.
    mode : {"deferred", "measured"}
        ``"deferred"``: the cell as it is, the source being traced out by not being read. ``"measured"``: the source is
        measured as soon as it only controls, and its outcome decides what is done to the sink. Both leave the same
        sink (PHYSICS.md A5, A16).
    bit : str, optional
        The outcome's name; ``"pool_<source>"`` unless said.

    Returns
    -------
    Circuit
        The circuit itself.

    Raises
    ------
    CircuitError
        For an unknown mode, a cell of another size, or one whose source does not end as a control.

    Examples
    --------
    >>> from qdl.ir import Param
    >>> circuit = pool_wires(Circuit(2).h(0), 0, 1, params=Param("theta", 2), mode="measured")
    >>> circuit.operations[1:]
    (measure 0 -> pool_0, if (pool_0) in {1}: rz(theta[0]) 1, x 0, if (pool_0) in {0}: rx(theta[1]) 1)
    """
    part = pool_cell(pool)
    if mode not in MODES:
        raise CircuitError("unknown mode of a pool", got=repr(mode), expected=" or ".join(map(repr, MODES)))
    if mode == "measured":
        part = measured(part, bit or f"pool_{source}")
    return circuit.append(part, (source, sink), params)


def pool_cell(pool: str | Circuit) -> Circuit:
    """A cell on two wires, by name, path or itself."""
    part = pool.copy() if isinstance(pool, Circuit) else cell(pool)
    if part.wires != 2:
        raise CircuitError("a pool takes two wires, source and sink", got=f"{part.wires} wires")
    for op in part.operations:
        if op.condition is not None or isinstance(op.gate, (Channel, Measure, Prepare)):
            raise CircuitError("a pool is made of gates alone", got=op, do='mode="measured" puts the measurement in')
    return part


def measured(part: Circuit, bit: str) -> Circuit:
    """A cell whose wire 0 is measured as soon as it does nothing but control (the deferred measurement, undone).

    From there on a gate controlled by wire 0 becomes one that depends on the outcome, and X on wire 0 exchanges what
    the outcome means; it is still done, so that the wire ends where it ends in the cell.
    """
    operations = [op for whole in part.operations for op in _opened(whole)]
    first = len(operations)
    while first and _follows(operations[first - 1]):
        first -= 1
    asked = operations[first:]
    if not any(len(op.wires) > 1 for op in asked):
        raise CircuitError(
            "this pool has no measured form",
            got=f"wire 0 does not end as a control in {part!r}",
            do='use mode="deferred", or a pool such as pool_zx',
        )
    flipped, out = 0, Circuit(part.wires)
    for op in operations[:first]:
        out.gate(op.gate, *op.angles, *op.wires)
    out.measure(0, bit)
    for op in asked:
        if op.wires[0] == 0 and len(op.wires) > 1:
            assert op.gate.base is not None
            with out.if_(condition(bit, int(op.gate.controls) ^ flipped)):
                out.gate(op.gate.base, *op.angles, *op.wires[1:])
        else:
            flipped ^= op.wires == (0,) and op.gate.name == "x"
            out.gate(op.gate, *op.angles, *op.wires)
    return out


def _opened(op: Operation) -> list[Operation]:
    """An operation as it is where wire 0 is none of its wires or its control; else its steps, as far as it has some."""
    if _follows(op) or not hasattr(op.gate, "steps"):
        return [op]
    steps = op.gate.steps(op.angles, op.wires)
    return [inner for step in steps for inner in _opened(Operation(*step))]


def _follows(op: Operation) -> bool:
    """Whether an operation can wait for the outcome of wire 0."""
    if 0 not in op.wires:
        return True
    if len(op.wires) == 1:  # diagonal gates turn nothing that is measured
        return op.gate.name in ("x", *DIAGONAL)
    return op.gate.base is not None and op.wires[0] == 0 and len(op.gate.controls) == 1
