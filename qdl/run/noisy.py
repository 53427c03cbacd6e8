"""A noise model on a circuit: what is inserted, and what is left for the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qdl.errors import UnsupportedError
from qdl.ir import Circuit, NoiseModel
from qdl.ir.channels import Limit, Measure
from qdl.ir.noise.readout import Readout
from qdl.ir.params import Angle, Expr, apply


def noisy(circuit: Circuit, noise: NoiseModel) -> tuple[Circuit, list[Readout]]:
    """The circuit with a model's channels in it, and the readout errors of its wires.

    What a measurement writes to a bit is wrong from then on, also for conditions; what is read at the end is turned by
    the readout errors when it is read.
    """
    rules = list(noise.confusion(range(circuit.wires)))
    local = {rule.wires[0]: rule for rule in rules if len(rule.wires) == 1}
    joint = {wire for rule in rules if len(rule.wires) > 1 for wire in rule.wires}
    out = Circuit(circuit.wires)
    for op in noise.apply(circuit).operations:
        if isinstance(op.gate, Measure):
            (wire,) = op.wires
            if wire in joint:
                raise UnsupportedError(
                    "a joint readout error says nothing about one wire measured in the middle",
                    got=op,
                    do="read the wires at the end, or give each wire a readout error of its own",
                )
            if wire in local:
                (_, flip0), (flip1, _) = local[wire].matrix
                op = replace(op, gate=Measure(noisy=True), angles=(flip0, flip1))
        out._add(op)
    return out, rules


def readout_only(noise: NoiseModel | None, wire: int) -> tuple[float, float]:
    """P(1|0) and P(0|1) of a wire, for what is computed without a circuit; a model that says more is refused."""
    if noise is None:
        return 0.0, 0.0
    if not isinstance(noise, NoiseModel):
        raise UnsupportedError("noise must be a qdl.NoiseModel or None", got=type(noise).__name__)
    if noise.insertions.all or noise.turns.all or noise.constants:
        raise UnsupportedError(
            "the closed form knows no noise but readout errors", got=noise, do="choose engine='density'"
        )
    rules = noise.confusion([wire])
    if not rules:
        return 0.0, 0.0
    if len(rules[0].wires) > 1 or any(isinstance(entry, Expr) for row in rules[0].matrix for entry in row):
        raise UnsupportedError(
            "the closed form needs plain readout errors, wire by wire", got=rules[0], do="choose engine='density'"
        )
    (_, flip0), (flip1, _) = rules[0].matrix
    return flip0, flip1  # type: ignore[return-value]


def limits_of(rules: Sequence[Readout]) -> list[tuple[str, Limit]]:
    """What readout errors with Params are checked for once these have values: rows are probabilities."""
    found = []
    for rule in rules:
        for row in rule.matrix:
            total: Angle = 0.0
            for entry in row:
                total = apply("add", total, entry)
                found.append(Limit(entry, "not probabilities", "numbers from 0 to 1"))
            missing = apply("add", 1.0, apply("mul", -1.0, total))
            for value in (missing, apply("mul", -1.0, missing)):
                found.append(Limit(value, "a row that does not sum to 1", "rows that sum to 1: true, then read"))
    return [("readout", limit) for limit in found]
