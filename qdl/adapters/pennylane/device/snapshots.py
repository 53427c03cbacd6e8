"""Snapshots: what is measured within a tape while PennyLane's debugger looks on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pennylane.measurements import StateMP
from pennylane.tape import QuantumScript

from qdl.adapters.pennylane.device.run import wires_of


def take(tape: Any, labels: tuple[Any, ...] | None, debugger: Any, execute: Callable[[Sequence[Any]], Any]) -> None:
    """Measure at every snapshot of a tape, and hand what was found to the debugger."""
    every = list(wires_of(tape, labels))
    for k, op in enumerate(tape.operations):
        if op.name != "Snapshot":
            continue
        asked, shots = op.hyperparameters["measurement"], op.hyperparameters["shots"]
        if isinstance(asked, StateMP) and not asked.wires:
            asked = StateMP(wires=every)
        exact = isinstance(asked, StateMP)
        counted = None if exact else tape.shots if isinstance(shots, str) else shots
        (found,) = execute([QuantumScript(tape.operations[:k], [asked], shots=counted)])
        known = debugger.snapshots
        if op.tag is None:
            known[len(known)] = found
        elif op.tag in known:
            known[op.tag] = [*known[op.tag], found] if isinstance(known[op.tag], list) else [known[op.tag], found]
        else:
            known[op.tag] = found
