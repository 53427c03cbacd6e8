"""The rules of a noise model: which gates, where, and what then happens.

A place is the wires of a gate in the gate's order: (0, 1) is not (1, 0). Rules that name places replace, at these
places, rules that name none; what is left applies in the order in which it was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

from qdl.errors import CircuitError
from qdl.ir.channels import CHANNELS, Channel, Measure, channel
from qdl.ir.channels.rows import MOST_WIRES
from qdl.ir.circuit import Circuit
from qdl.ir.gates import TABLE, Gate, Prepare, Step
from qdl.ir.gates import gate as table_row
from qdl.ir.observables import check_wire
from qdl.ir.params import Angle, apply

Place = tuple[int, ...]
# What a rule may name beside the rows of the gate table, and on how many wires it acts (None: any).
SPECIAL: dict[str, int | None] = {"measure": 1, "reset": 1, "delay": 1, "prepare": None}
WIDTHS: dict[str, int | None] = {**SPECIAL, "unitary": None, **{name: row.wires for name, row in TABLE.items()}}


class Effect(Protocol):
    def fits(self, width: int) -> bool:
        """Whether a gate on so many wires can have it."""


@dataclass(frozen=True)
class Insertion:
    """A channel or a coherent error beside a gate.

    Attributes
    ----------
    row : Gate or str
        The channel or gate; the name of a channel that takes as many wires as there are.
    strengths : tuple of number or expression
    on : tuple of int, "each" or None
        Positions among the gate's wires; each of them; all together.
    """

    row: Gate | str
    strengths: tuple[Angle, ...]
    on: tuple[int, ...] | str | None = None

    @property
    def width(self) -> int | None:
        """On how many wires it acts; None if that follows from the gate."""
        if isinstance(self.row, Gate):
            return self.row.wires
        return len(self.on) if isinstance(self.on, tuple) else 1 if self.on == "each" else None

    def fits(self, width: int) -> bool:
        if isinstance(self.on, tuple):
            return max(self.on) < width
        if self.on == "each":
            return width > 0
        return width == self.row.wires if isinstance(self.row, Gate) else 1 <= width <= MOST_WIRES

    def steps(self, place: Place) -> list[Step]:
        """What is put beside a gate at that place."""
        each = [(w,) for w in place] if self.on == "each" else [place]
        where = [tuple(place[k] for k in self.on)] if isinstance(self.on, tuple) else each
        row = self.row
        return [(row if isinstance(row, Gate) else channel(row, len(w)), self.strengths, w) for w in where]


@dataclass(frozen=True)
class Turn:
    """An angle that is turned too far: angle -> (1 + relative) angle + absolute."""

    relative: Angle
    absolute: Angle
    angle: int

    def fits(self, width: int) -> bool:
        return True

    def turned(self, angles: tuple[Angle, ...]) -> tuple[Angle, ...]:
        more = apply("mul", apply("add", 1.0, self.relative), angles[self.angle])
        return (*angles[: self.angle], apply("add", more, self.absolute), *angles[self.angle + 1 :])


E = TypeVar("E", bound=Effect)


class Rules(Generic[E]):
    """Effects by gate name and place, in the order of their making."""

    def __init__(self) -> None:
        self.all: list[tuple[frozenset[str] | None, frozenset[Place] | None, E]] = []
        self.named: set[str] = set()
        self.general: list[E] = []  # of all gates
        self._found: dict[tuple[str | None, Place | None], list[tuple[int, E]]] = {}

    def add(self, gates: Iterable[str] | None, places: Iterable[Place] | None, effect: E) -> None:
        """Add a rule; None stands for all gates, and for all places."""
        names = None if gates is None else frozenset(gates)
        where = None if places is None else frozenset(places)
        for name in names or (None,):
            for place in where or (None,):
                self._found.setdefault((name, place), []).append((len(self.all), effect))
        self.all.append((names, where, effect))
        self.named |= names or set()
        self.general += [effect] if names is None else []

    def knows(self, name: str, width: int) -> bool:
        """Whether a rule speaks of such a gate, be it at another place."""
        return name in self.named or (name not in SPECIAL and any(effect.fits(width) for effect in self.general))

    def at(self, name: str, width: int, place: Place | None) -> list[E]:
        """What holds for a gate at a place; at None, what holds where no rule names the place."""
        names = (name,) if name in SPECIAL else (name, None)
        for where in (place, None):
            found = [pair for key in names for pair in self._found.get((key, where), ())]
            fitting = [effect for _, effect in sorted(found, key=itemgetter(0)) if effect.fits(width)]
            if fitting:
                return fitting
        return []

    def effects(self, name: str) -> list[E]:
        """All effects for a gate of that name, wherever."""
        general = () if name in SPECIAL else self.general
        return [*(effect for names, _, effect in self.all if names and name in names), *general]

    def places(self, name: str) -> set[Place]:
        """The places that rules for a gate name."""
        return {place for key, place in self._found if key in (name, None) and place is not None}


def insertion(kind: str | Gate, strengths: tuple[Any, ...], on: Any) -> Insertion:
    """A channel of the table, a gate as a coherent error, or a channel or gate that was made; checked."""
    positions = _positions(on)
    if isinstance(kind, (Measure, Prepare)):
        raise CircuitError("an error is a channel or a gate", got=kind.name)
    width = kind.wires if isinstance(kind, Gate) else _width(kind, strengths)
    some = width or (len(positions) if isinstance(positions, tuple) else 1)
    circuit = Circuit(some)
    if isinstance(kind, Gate) and not isinstance(kind, Channel):
        op = circuit.gate(kind, *strengths, *range(some)).operations[0]
    else:
        op = circuit.channel(kind, *strengths, wires=range(some)).operations[0]
    if positions == "each" and width not in (None, 1):
        raise CircuitError(f"{op.gate.name!r} cannot act on each wire", got=f"{width} wires", expected="1")
    if isinstance(positions, tuple) and width not in (None, len(positions)):
        raise CircuitError(f"{op.gate.name!r} does not fit on={on!r}", got=len(positions), expected=f"{width} wires")
    return Insertion(kind if width is None else op.gate, op.angles, positions)


def _width(name: Any, strengths: tuple[Any, ...]) -> int | None:
    """On how many wires a row of that name acts; None if on as many as there are."""
    if isinstance(name, str) and name in TABLE:
        return TABLE[name].wires
    wires, named, *_ = CHANNELS.get(name, (1, ())) if isinstance(name, str) else (1, ())
    if wires is not None or named is not None:
        return wires
    entries = sum(len(s) if hasattr(s, "__len__") else 1 for s in strengths)
    return next((k for k in range(1, MOST_WIRES + 1) if 4**k - 1 == entries), 1)


def _positions(on: Any) -> tuple[int, ...] | str | None:
    if on is None or (isinstance(on, str) and on == "each"):
        return on
    found = (on,) if isinstance(on, int) else on
    if isinstance(found, str) or not isinstance(found, Iterable):
        raise CircuitError("on says which of the gate's wires", got=repr(on), expected="None, 'each' or positions")
    positions = tuple(map(check_wire, found))
    if not positions or len(set(positions)) != len(positions):
        raise CircuitError("on needs different positions among the gate's wires", got=repr(on))
    return positions


def named(gates: Any) -> dict[str, int | None]:
    """Names of gates with their numbers of wires; a Gate stands for its name, whether or not the table has it."""
    listed = [gates] if isinstance(gates, (str, Gate)) else list(gates)
    if not listed:
        raise CircuitError("a rule needs the names of gates", got=repr(gates), do="leave gates out for all")
    found: dict[str, int | None] = {}
    for one in listed:
        if isinstance(one, Gate):
            found[one.name] = one.wires
        else:
            found[one] = WIDTHS[one] if isinstance(one, str) and one in WIDTHS else table_row(one).wires
    return found


def places_of(wires: Any) -> list[Place] | None:
    """Places as a user gives them: a wire, the wires of one place, or several places."""
    if wires is None:
        return None
    listed = list(wires) if isinstance(wires, Iterable) and not isinstance(wires, str) else [wires]
    one = not any(isinstance(entry, Iterable) for entry in listed)
    found = [tuple(map(check_wire, place)) for place in ([listed] if one else listed)]
    for place in found:
        if not place or len(set(place)) != len(place):
            raise CircuitError("a place needs different wires", got=place)
    return found


def fitting(effect: Insertion, gates: dict[str, int | None] | None, places: list[Place] | None) -> None:
    """Refuse an insertion that fits a gate or a place that is named with it badly."""
    for name, width in (gates or {}).items():
        if width is not None and not effect.fits(width):
            raise _misfit(effect, f"gate {name!r}", width)
        refuse_misplaced(name, width, places)
    for place in places or ():
        if not effect.fits(len(place)):
            raise _misfit(effect, f"place {place}", len(place))


def _misfit(effect: Insertion, where: str, width: int) -> CircuitError:
    name = effect.row if isinstance(effect.row, str) else effect.row.name
    acts = f"{effect.width or f'1 to {MOST_WIRES}'} wires" if effect.on in (None, "each") else f"on={effect.on}"
    remedy = "on='each' acts on each wire, on=0 on the first" if effect.on is None and effect.width == 1 else None
    return CircuitError(f"{name!r} does not fit {where}", got=f"{acts} for {width}", do=remedy)


def refuse_misplaced(name: str, width: int | None, places: list[Place] | None) -> None:
    """Refuse places that a gate of that width does not fit."""
    for place in places or ():
        if width not in (None, len(place)):
            several = ", ".join(f"({w},)" for w in place)
            remedy = f"for several places, pass wires=[{several}]" if width == 1 else None
            raise CircuitError(f"gate {name!r} does not fit the place", got=place, expected=f"{width} wires", do=remedy)


def turns(
    gates: Any, relative: Angle, absolute: Angle, angle: str | None, places: list[Place] | None
) -> Iterator[tuple[str, Turn]]:
    """The turn of each gate that is named; `angle` is asked for where a gate has several."""
    rows = {g.name: g for g in ([gates] if isinstance(gates, (str, Gate)) else gates) if isinstance(g, Gate)}
    for name, width in named(gates).items():
        row = rows.get(name) or TABLE.get(name)
        if row is None or not row.angles:
            raise CircuitError(f"gate {name!r} has no angle", do="add a gate as an error: add('rx', 0.02, gates=...)")
        if angle not in row.angles and (angle is not None or len(row.angles) > 1):
            got, expected = f"angle={angle!r}", f"one of {', '.join(row.angles)}"
            raise CircuitError(f"say which angle of gate {name!r}", got=got, expected=expected)
        refuse_misplaced(name, width, places)
        yield name, Turn(relative, absolute, 0 if angle is None else row.angles.index(angle))


def wires_of(wires: Any) -> list[int]:
    """Different wires, one or several."""
    listed = list(wires) if isinstance(wires, Iterable) and not isinstance(wires, str) else [wires]
    found = [check_wire(w) for w in listed]
    if not found or len(set(found)) != len(found):
        raise CircuitError("different wires are needed", got=repr(wires))
    return found
