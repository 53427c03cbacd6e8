"""Noise models from Aer's and to Aer's, readout errors included.

Aer's rules are ours: by name and by the exact tuple of qubits, a rule for qubits replacing the one for all. What
differs is the order of joint readout errors (Qiskit's first qubit is the least significant), and that Aer applies a
joint error only where one instruction measures exactly these qubits in this order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from qdl.adapters.qiskit.aer_errors import as_error, as_row, of_error
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir.channels.rows import MOST_WIRES
from qdl.ir.gates import TABLE, Exponential, Fixed, Gate, Step
from qdl.ir.noise import NoiseModel
from qdl.ir.noise.rules import WIDTHS, Place, wires_of

QISKIT = {"c3x": "mcx", "c4x": "mcx"}  # what Qiskit calls otherwise than we do
OURS = {("mcx", 4): "c3x", ("mcx", 5): "c4x"}
MOST_GENERAL = 3  # wires of a gate that a rule for all gates is written for


def leave_out(what: Sequence[str], strict: bool, problem: str) -> None:
    """Refuse, or warn of, what cannot be carried."""
    if what and strict:
        raise UnsupportedError(problem, got="; ".join(what), do="strict=False leaves it out")
    if what:
        warnings.warn(f"{problem}, left out: {'; '.join(what)}", UserWarning, stacklevel=4)


def named_gate(name: str, width: int) -> str | Gate:
    """A gate of that name; one that no table has is made, so that rules can name it."""
    name = OURS.get((name, width), name)
    return name if WIDTHS.get(name, 0) in (None, width) else Fixed(name, np.eye(2**width, dtype=complex))


def turned(matrix: Any, wires: int) -> Any:
    """A joint readout error with the order of its wires reversed."""
    order = list(range(wires))[::-1]
    tensor = np.asarray(matrix, dtype=float).reshape((2,) * (2 * wires))
    return tensor.transpose([*order, *(wires + k for k in order)]).reshape(2**wires, 2**wires)


def from_aer(model: Any, *, strict: bool = True) -> NoiseModel:
    """The same noise as a `qiskit_aer.noise.NoiseModel`.

    Parameters
    ----------
    model : qiskit_aer.noise.NoiseModel
    strict : bool
        Whether to refuse what cannot be carried: errors of more than 4 qubits, joint readout errors that share qubits
        with others, noise passes other than the relaxation of delays. Otherwise it is left out with a warning.

    Returns
    -------
    NoiseModel
        Delays relax as they do in Aer; decay during gates is part of their errors.

    Examples
    --------
    >>> from qiskit_aer import noise
    >>> model = noise.NoiseModel()
    >>> model.add_all_qubit_quantum_error(noise.depolarizing_error(0.04, 1), ["x"])
    >>> model.add_readout_error([[0.9, 0.1], [0.2, 0.8]], [0])
    >>> found = from_aer(model)
    >>> from qdl.ir import Circuit
    >>> found.apply(Circuit(1).x(0)).operations
    (x 0, depolarizing(0.03) 0)
    >>> found.confusion(0)
    (Readout(wires=(0,), matrix=((0.9, 0.1), (0.2, 0.8))),)
    """
    from qiskit_aer.noise import NoiseModel as AerModel

    if not isinstance(model, AerModel):
        raise CircuitError("not a noise model of Aer", got=type(model).__name__)
    noise, left = NoiseModel(), list[str]()
    errors = [(name, None, error) for name, error in model._default_quantum_errors.items()]
    for name, places in model._local_quantum_errors.items():
        errors += [(name, place, error) for place, error in places.items()]
    for name, place, error in errors:
        if error.num_qubits > MOST_WIRES:
            left.append(f"the error of {name!r} on {error.num_qubits} qubits")
            continue
        row, strengths = as_row(of_error(error))
        noise.add(row, *strengths, gates=named_gate(name, error.num_qubits), wires=place)
    left += [*_take_readout(noise, model), *_take_delays(noise, model)]
    leave_out(left, strict, "qdl's noise model cannot hold everything of Aer's")
    return noise


def _take_readout(noise: NoiseModel, model: Any) -> Iterator[str]:
    if model._default_readout_error is not None:
        noise.readout(model._default_readout_error.probabilities)
    for place, error in sorted(model._local_readout_errors.items(), key=lambda item: len(item[0])):
        try:
            noise.readout(turned(error.probabilities, len(place)), wires=place)
        except CircuitError as problem:
            yield f"the readout error of qubits {list(place)} ({problem})"


def _take_delays(noise: NoiseModel, model: Any) -> Iterator[str]:
    from qiskit.circuit import Delay
    from qiskit_aer.noise import RelaxationNoisePass

    for found in model._custom_noise_passes:
        if type(found) is not RelaxationNoisePass or found._ops != (Delay,) or noise.constants:
            yield f"the noise pass {type(found).__name__}"
            continue
        for wire, (t1, t2, excited) in enumerate(zip(found._t1s, found._t2s, found._p1s, strict=True)):
            relax(noise, wire, t1, t2, excited)


def relax(noise: NoiseModel, wire: int, t1: float | None, t2: float | None, excited: float) -> None:
    """Time constants of a wire, of which None and infinity mean no decay; a T2 above 2 T1 counts as 2 T1."""
    first = None if t1 is None or np.isinf(t1) else float(t1)
    second = None if t2 is None or np.isinf(t2) else float(t2)
    if first is not None:
        second = 2 * first if second is None else min(second, 2 * first)
    if second is not None:
        noise.relax(first, second, wires=wire, excited=0.0 if first is None else float(excited))


def to_aer(noise: NoiseModel, wires: Any, *, strict: bool = True, dt: float | None = None) -> Any:
    """The same noise as a `qiskit_aer.noise.NoiseModel`.

    Parameters
    ----------
    noise : NoiseModel
        Without Params (see `NoiseModel.bind`).
    wires : int or sequence of int
        The qubits, or their number; rules for other places are not needed.
    strict : bool
        Whether to refuse what Aer's model cannot hold: decay of waiting wires, turns in proportion to an angle.
        Otherwise it is left out with a warning.
    dt : float, optional
        The duration in seconds of one step of the device's clock, for delays in such steps.

    Returns
    -------
    qiskit_aer.noise.NoiseModel
        Rules for all gates become rules for the rows of the gate table on up to 3 wires, and for unitaries on one and
        two qubits. Sequences are not looked into, and circuits are not translated: Aer takes names as they are.

    Examples
    --------
    >>> noise = NoiseModel().add("bit_flip", 0.1, gates="x").readout([[0.9, 0.1], [0.2, 0.8]], wires=1)
    >>> sorted(to_aer(noise, 2).noise_instructions)
    ['measure', 'x']
    """
    from qiskit_aer.noise import NoiseModel as AerModel

    if noise.params:
        names = ", ".join(param.name for param in noise.params)
        raise CircuitError("Aer's noise has no Params", got=names, do="give them values first: noise.bind({...})")
    whole = isinstance(wires, int) and not isinstance(wires, bool)
    qubits = tuple(range(wires) if whole and wires > 0 else wires_of(wires))
    writer = _Writer(noise, qubits)
    made = writer.run(AerModel(basis_gates=None if noise.gates is None else sorted(noise.gates)))
    left = ["decay of waiting wires"] if noise.idle else []
    leave_out([*left, *writer.left], strict, "Aer's noise model cannot hold everything of qdl's")
    _give_readout(made, noise, qubits)
    _give_delays(made, noise, qubits, dt)
    return made


class _Writer:
    """The rules of a model, one gate after the other."""

    def __init__(self, noise: NoiseModel, qubits: tuple[int, ...]) -> None:
        self.noise, self.qubits = noise, qubits
        self.left: list[str] = []
        self.errors: dict[Any, Any] = {}

    def run(self, made: Any) -> Any:
        named = self.noise.insertions.named | self.noise.turns.named | {name for name, _ in self.noise.durations}
        rows = {name for name, row in TABLE.items() if row.wires <= MOST_GENERAL}
        everywhere = rows | {"unitary"} if self.noise.insertions.general else set()
        for name in sorted(named | everywhere):
            for width in self.widths(name):
                self.gate(made, name, width)
        return made

    def widths(self, name: str) -> list[int]:
        """On how many wires a gate of that name can act."""
        fixed = WIDTHS.get(name)
        if fixed is not None:
            return [fixed] if fixed else []
        widths = {len(place) for place in self.places(name)}
        effects = self.noise.insertions.effects(name)
        return sorted(widths | {w for effect in effects for w in ((1, 2) if effect.width is None else (effect.width,))})

    def places(self, name: str) -> set[Place]:
        durations = {place for key, place in self.noise.durations if key == name and place is not None}
        return self.noise.insertions.places(name) | self.noise.turns.places(name) | durations

    def gate(self, made: Any, name: str, width: int) -> None:
        everywhere = self.steps(name, width, None)
        places = {place for place in self.places(name) if len(place) == width and set(place) <= set(self.qubits)}
        fixed = WIDTHS.get(name, width) is not None  # else gates of different widths have the name
        decays = any(wire is not None for wire in self.noise.constants) and (name, None) in self.noise.durations
        if decays or not fixed:
            places |= set(permutations(self.qubits, width))
        labels = [name, QISKIT[name]] if name in QISKIT else [name]
        if everywhere and fixed:
            self.put(made, labels, None, everywhere, width)
        for place in sorted(places):
            here = self.steps(name, width, place)
            if here != everywhere or (here and not fixed):
                self.put(made, labels, place, here, width)

    def put(self, made: Any, labels: list[str], place: Place | None, steps: list[Step], width: int) -> None:
        """Write an error, past Aer's own methods where these would drop it as too weak."""
        known = (width, tuple(steps))
        error = self.errors.get(known) or self.errors.setdefault(known, as_error(steps, width))
        for label in labels:
            local = made._local_quantum_errors.setdefault(label, {}) if place else {}
            if place is None and label in made._default_quantum_errors:
                self.left.append(f"a second error for every {label!r}")
            elif error.ideal():
                made._noise_instructions.add(label)
                table, key = (local, place) if place else (made._default_quantum_errors, label)
                table[key] = error
            elif place is None:
                made.add_all_qubit_quantum_error(error, label, warnings=False)
            else:
                made.add_quantum_error(error, label, place, warnings=False)

    def steps(self, name: str, width: int, place: Place | None) -> list[Step]:
        """What is done beside a gate, on positions among its wires; for no place in particular at None."""
        positions = tuple(range(width))
        found: list[Step] = []
        for turn in self.noise.turns.at(name, width, place):
            row = TABLE.get(name)
            if turn.relative != 0.0 or not isinstance(row, Exponential):
                self.left.append(f"the turn of {name!r}")
            else:  # exp(-i(t + a)G) is exp(-iaG) after exp(-itG)
                found.append((row, (turn.absolute,), positions))
        for effect in self.noise.insertions.at(name, width, place):
            found += effect.steps(positions)
        if name == "measure":
            return found
        duration = self.noise.durations.get((name, place), self.noise.durations.get((name, None)))
        return [*found, *self.noise.decay(place or [None] * width, duration)]


def _give_readout(made: Any, noise: NoiseModel, qubits: Sequence[int]) -> None:
    from qiskit_aer.noise import ReadoutError

    for place, matrix in noise.readouts.items():
        if place is None:
            made._default_readout_error = ReadoutError(np.array(matrix))
        elif set(place) <= set(qubits):
            made._local_readout_errors[place] = ReadoutError(turned(matrix, len(place)))
            made._noise_qubits.update(place)
        else:
            continue
        made._noise_instructions.add("measure")


def _give_delays(made: Any, noise: NoiseModel, qubits: Sequence[int], dt: float | None) -> None:
    from qiskit.circuit import Delay
    from qiskit_aer.noise import RelaxationNoisePass

    if not noise.constants:
        return
    times = [[np.inf] * (max(qubits) + 1), [np.inf] * (max(qubits) + 1), [0.0] * (max(qubits) + 1)]
    for wire in qubits:
        one = noise.constants.get(wire, noise.constants.get(None))
        if one is not None:
            t1 = np.inf if one.t1 is None else float(one.t1)
            for column, value in zip(times, (t1, 2 * t1 if one.t2 is None else one.t2, one.excited), strict=True):
                column[wire] = float(value)
    made._custom_noise_passes.append(RelaxationNoisePass(*times[:2], dt, Delay, times[2]))
