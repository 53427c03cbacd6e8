"""A row, written down so that a process without qdl can compute it: plain JSON."""

from __future__ import annotations

from math import pi
from typing import Any

from qdl.bench.rows import Row
from qdl.errors import QdlError
from qdl.ir import Circuit
from qdl.ir.params import Angle, evaluate, params_of

GATES = {"rx", "ry", "rz", "h", "x", "cx", "crx", "crz", "cp", "swap"}  # what every peer knows
CHANNELS = {"depolarizing", "amplitude_damping"}  # what those know that know noise, on one wire


def job(row: Row, precision: str = "single", threads: int = 2) -> dict[str, Any]:
    """What a contestant is told.

    Returns
    -------
    dict
        ``ask``, ``batch``, ``precision`` ("single" or "double"), ``threads``; ``engine``: "state", "density" or
        "trajectory", and the number of ``trajectories`` to average over, if any; ``values``: name to the shape and the
        range of uniform numbers, per sample when ``sampled``; ``outputs``: the shape of the values; of circuits also
        ``wires``, ``gates`` (name, wires, angles; an angle is a number or [Param, index, scale, offset]) and ``read``,
        the wires whose Z is read. Channels stand among the gates, with their strengths for angles: ``depolarizing``, X,
        Y and Z each with a third of its probability, and ``amplitude_damping``, a decay to |0> with its probability.
    """
    common = {
        "ask": row.ask, "batch": row.batch, "precision": precision, "threads": threads, "engine": row.engine,
        "trajectories": row.trajectories,
    }  # fmt: skip
    if row.build is None:
        return {**common, **_layer(**row.sizes)}
    circuit = row.build(**row.sizes)
    read = [] if row.ask == "state" else [*range(circuit.wires)][0 if row.read == "all" else -1 :]
    values = {}
    for param in circuit.params:
        sampled = param.name == "x" and row.batch is not None
        shape = [row.batch, param.size] if sampled else [param.size]
        values[param.name] = {"shape": shape, "low": -pi, "high": pi, "sampled": sampled}
    outputs = [len(read)] if row.batch is None else [row.batch, len(read)]
    return {
        **common, "values": values, "outputs": outputs, "wires": circuit.wires, "gates": gates(circuit), "read": read,
    }  # fmt: skip


def gates(circuit: Circuit) -> list[list[Any]]:
    """The operations, composite gates expanded."""
    found = []
    for op in circuit.elementary():
        if op.gate.name not in GATES and (op.gate.name not in CHANNELS or len(op.wires) > 1):
            raise QdlError("a gate that not every peer knows", got=op, expected=", ".join(sorted(GATES | CHANNELS)))
        found.append([op.gate.name, [*op.wires], [angle(a) for a in op.angles]])
    return found


def angle(expression: Angle) -> float | list[Any]:
    """A number, or [Param, index, scale, offset] of an affine function of one entry."""
    if isinstance(expression, (int, float)):
        return float(expression)
    entries = set(_entries(expression))
    if len(entries) == 1:
        ((name, index),) = entries
        param = next(params_of([expression]))
        at = [evaluate(expression, {name: [float(t)] * param.size}) for t in (0, 1, 2)]
        if abs(at[0] - 2 * at[1] + at[2]) < 1e-12:
            return [name, index, at[1] - at[0], at[0]]
    raise QdlError("an angle that is no affine function of one Param's entry", got=expression)


def _entries(expression: Any) -> list[tuple[str, int]]:
    if isinstance(expression, (int, float)):
        return []
    if expression.op == "entry":
        return [(expression.args[0].name, expression.args[1])]
    return [entry for argument in expression.args for entry in _entries(argument)]


def _layer(images: int, size: int, inputs: int, outputs: int, kernel: int) -> dict[str, Any]:
    """A convolution with g = 1 and |g w| up to 1; x is what a ReLU leaves, half of it zero."""
    return {
        "values": {
            "x": {"shape": [images, inputs, size, size], "low": -1, "high": 1, "clip": 0, "sampled": False},
            "weight": {"shape": [outputs, inputs, kernel, kernel], "low": -1, "high": 1, "sampled": False},
            "bias": {"shape": [outputs], "low": -1, "high": 1, "sampled": False},
        },
        "outputs": [images, outputs, size, size],
        "padding": kernel // 2,
    }
