"""What depends on time: decay of wires while gates take their time, and the schedule that says who waits for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qdl.errors import CircuitError
from qdl.ir.channels import Channel, channel
from qdl.ir.circuit import Operation
from qdl.ir.gates import Step
from qdl.ir.noise.rules import Place, named, places_of, refuse_misplaced
from qdl.ir.params import Angle, Expr, apply, as_angle, exp

DELAY = channel("delay")


@dataclass(frozen=True)
class Relaxation:
    """The time constants of a wire; None where it does not decay.

    Populations relax towards `excited` with T1, coherence decays with T2.
    """

    t1: Angle | None
    t2: Angle | None
    excited: Angle

    @staticmethod
    def make(t1: Any, t2: Any, excited: Any) -> Relaxation:
        first, second = (None if t is None else as_angle(t) for t in (t1, t2))
        for name, value in (("T1", first), ("T2", second)):
            if isinstance(value, float) and value <= 0:
                raise CircuitError(f"{name} must be positive", got=value, do=f"leave {name} out where nothing decays")
        made = Relaxation(first, second, as_angle(excited))
        if first is not None:
            gate, strengths, _ = made.steps(0, 0.0)[0]
            assert isinstance(gate, Channel)
            gate.refuse_bad(strengths)
        elif made.excited != 0.0:
            raise CircuitError("an excited population is reached with T1", got=f"excited={excited}", do="give t1")
        return made

    def steps(self, wire: int, time: Angle) -> list[Step]:
        """What happens to a wire in a time."""
        if self.t1 is not None:
            t2 = apply("mul", 2.0, self.t1) if self.t2 is None else self.t2
            return [(channel("thermal_relaxation"), (self.t1, t2, time, self.excited), (wire,))]
        if self.t2 is None:
            return []
        # phase damping leaves sqrt(1 - gamma) of the coherence, which is to be exp(-t/T2)
        left = exp(apply("mul", -2.0, apply("div", time, self.t2)))
        return [(channel("phase_damping"), (apply("add", 1.0, apply("mul", -1.0, left)),), (wire,))]


def duration(gate: str, value: Any) -> Angle:
    """A duration that is not negative."""
    time = as_angle(value)
    if not isinstance(time, Expr) and time < 0:
        raise CircuitError("a duration is negative", got=f"{value} for {gate!r}")
    return time


def durations(times: Any, known: Mapping[tuple[str, Place | None], Angle]) -> dict[tuple[str, Place | None], Angle]:
    """Durations by gate and place from a dict whose keys are names, or names with the wires of a place.

    A model has one duration for a gate and a place; what contradicts those known is refused.
    """
    if not isinstance(times, Mapping):
        raise CircuitError("times is a dict", got=type(times).__name__, expected="{'sx': 35e-9, ('cx', (0, 1)): 3e-7}")
    found: dict[tuple[str, Place | None], Angle] = {}
    for key, value in times.items():
        if isinstance(key, tuple) and len(key) != 2:
            raise CircuitError("a duration belongs to a gate, or to a gate and its wires", got=repr(key))
        gate, wires = key if isinstance(key, tuple) else (key, None)
        ((name, width),) = named(gate).items()
        time, places = duration(name, value), places_of(wires)
        if name == "delay":
            raise CircuitError("a delay carries its own time", got=f"{key!r}: {value}", do="leave it out")
        refuse_misplaced(name, width, places)
        found |= dict.fromkeys([(name, place) for place in places or (None,)], time)
    for one, time in found.items():
        if known.get(one, time) != time:
            remedy = f"name the place: times={{({one[0]!r}, wires): ...}}"
            raise CircuitError(f"{one[0]!r} has a duration already", got=time, expected=known[one], do=remedy)
    return found


class Clock:
    """When each wire is free and each bit known, every operation starting as soon as it can.

    Parameters
    ----------
    wires : int
    """

    def __init__(self, wires: int) -> None:
        self.free = [0.0] * wires
        self.known: dict[str, float] = {}

    def run(self, op: Operation, duration: Angle) -> list[tuple[int, float]]:
        """Carry an operation out; which wires waited for it, and how long."""
        if isinstance(duration, Expr):
            raise CircuitError("a schedule needs durations that are numbers", got=f"{duration} for {op}")
        bits = op.condition.bits if op.condition else ()
        start = max([self.free[w] for w in op.wires] + [self.known[bit] for bit in bits], default=0.0)
        waited = self._until(start, op.wires)
        for wire in op.wires:
            self.free[wire] = start + duration
        if op.bit is not None:
            self.known[op.bit] = start + duration
        return waited

    def end(self) -> list[tuple[int, float]]:
        """Which wires wait for the last one, and how long."""
        return self._until(max(self.free), range(len(self.free)))

    def _until(self, start: float, wires: Iterable[int]) -> list[tuple[int, float]]:
        # sums of times differ by rounding
        return [(w, start - self.free[w]) for w in wires if start - self.free[w] > 1e-12 * start]
