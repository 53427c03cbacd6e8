"""Tapes whose mid-circuit measurements are too many to be deferred: each shot is a trajectory of qdl's."""

from __future__ import annotations

from collections.abc import Hashable
from copy import copy
from typing import Any

import numpy as np
from pennylane.exceptions import DeviceError
from pennylane.ops import MeasurementValue, MidMeasure
from pennylane.transforms import convert_to_numpy_parameters
from pennylane.wires import Wires

from qdl.adapters.pennylane.device.run import Setup, wires_of
from qdl.adapters.pennylane.operations import translate
from qdl.adapters.pennylane.operations.leaves import Places, measured
from qdl.ir import Circuit
from qdl.run import sample

DEEP = 20  # wires, beyond which measurements are not deferred


def deep(tape: Any) -> bool:
    """Whether a tape measures within, which only those do whose measurements are not deferred."""
    return any(isinstance(op, MidMeasure) for op in tape.operations)


def trajectories(tape: Any, setup: Setup, rng: np.random.Generator, postselect: str | None) -> Any:
    """The results of such a tape, in the nesting that PennyLane expects of a device."""
    (plain,), _ = convert_to_numpy_parameters(tape)
    if postselect == "fill-shots" and any(getattr(op, "postselect", None) is not None for op in tape.operations):
        raise DeviceError("postselect_mode='fill-shots' needs deferred measurements, of which there are too many here")
    drawn = [_Deep(plain, setup, rng).results(count) for count in tape.shots]
    return tuple(drawn) if tape.shots.has_partitioned_shots else drawn[0]


class _Deep:
    """One tape: its circuit, its bits, and how its measurements are read."""

    def __init__(self, tape: Any, setup: Setup, rng: np.random.Generator) -> None:
        self.tape, self.setup, self.rng = tape, setup, rng
        self.wires: dict[Hashable, int] = wires_of(tape, setup.wires)
        self.bits: dict[str, str] = {}
        self.kept: dict[str, int] = {}
        self.circuit = Circuit(max(1, len(self.wires)))
        places = Places(self.wires, self.bits)
        for op in tape.operations:
            if isinstance(op, MidMeasure):
                self._add(measured(op, places))
                if op.postselect is not None:
                    self.kept[places.bit(op)] = op.postselect
            else:
                self._add(translate(op, self.wires, bits=self.bits))

    def _add(self, steps: Any, circuit: Circuit | None = None) -> None:
        found = self.circuit if circuit is None else circuit
        for step in steps:
            if step.bit is not None:
                found.measure(step.wires, step.bit)
            elif step.condition is not None:
                with found.if_(step.condition):
                    found.gate(step.gate, *step.angles, *step.wires)
            else:
                found.gate(step.gate, *step.angles, *step.wires)

    def results(self, shots: int) -> Any:
        """The result of each measurement; those that need no turn of the basis are read from the same shots."""
        straight: Any = None
        found = []
        for mp in self.tape.measurements:
            turned = mp.obs is not None
            if not turned and straight is None:
                straight = self._samples(shots, ())
            found.append(self._term(mp, shots) if turned else self._processed(mp, straight))
        return found[0] if len(found) == 1 else tuple(found)

    def _term(self, mp: Any, shots: int) -> Any:
        """One observable; a sum of several term by term."""
        operands = mp.obs.terms() if mp.obs.name in ("LinearCombination", "Sum", "SProd") else None
        if operands is not None and type(mp).__name__ == "ExpectationMP" and len(operands[1]) > 1:
            return sum(c * self._term(type(mp)(obs=o), shots) for c, o in zip(*operands, strict=True))
        return self._processed(mp, self._samples(shots, mp.diagonalizing_gates()))

    def _samples(self, shots: int, turns: Any) -> Any:
        """Bits and wires of the shots that postselection keeps, (kept, bits + wires)."""
        circuit = self.circuit.copy()
        for gate in turns:
            self._add(translate(gate, self.wires), circuit)
        names = list(self.bits.values())
        drawn = sample(
            circuit,
            shots=shots,
            wires=[*names, *self.wires.values()],
            engine="trajectory",
            seed=int(self.rng.integers(2**31 - 1)),
            device=self.setup.device,
        )
        rows = drawn.cpu().numpy().astype(np.int64)
        for bit, value in self.kept.items():
            rows = rows[rows[:, names.index(bit)] == value]
        return rows

    def _processed(self, mp: Any, rows: Any) -> Any:
        """PennyLane's rule on samples, bits being wires of their own."""
        count = len(self.bits)
        order = range(count + len(self.wires))
        if mp.mv is not None:
            mp = copy(mp)
            mp.mv = [self._value(v) for v in mp.mv] if isinstance(mp.mv, (list, tuple)) else self._value(mp.mv)
        elif mp.obs is None and not mp.wires:
            mp = copy(mp)
            mp._wires = Wires(order[count:])
        else:
            mp = mp.map_wires({label: count + wire for label, wire in self.wires.items()})
        return mp.process_samples(rows, wire_order=Wires(order))

    def _value(self, value: Any) -> Any:
        places = [list(self.bits).index(str(m.meas_uid)) for m in value.measurements]
        return MeasurementValue([MidMeasure(Wires([k])) for k in places], value.processing_fn)
