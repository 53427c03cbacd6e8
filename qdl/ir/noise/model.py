"""The noise model: rules by gate, place and time, and what is read wrongly. A description; it simulates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qdl import registry
from qdl.errors import CircuitError
from qdl.ir.channels import kraus_channel
from qdl.ir.circuit import Circuit
from qdl.ir.gates import Gate
from qdl.ir.noise.book import Book
from qdl.ir.noise.insert import Insert
from qdl.ir.noise.native import Native
from qdl.ir.noise.readout import Readout, after, confusion, refuse_overlap
from qdl.ir.noise.rules import Place, fitting, insertion, named, places_of, refuse_misplaced, turns, wires_of
from qdl.ir.noise.times import Relaxation, durations
from qdl.ir.params import as_angle, evaluate


class NoiseModel(Book):
    """What goes wrong on a device: errors of gates, decay while they take their time, readout errors.

    Strengths are numbers or expressions of Params, whose values come with those of the circuit: noise can be trained,
    batched and given per sample. Rules say on which gates and at which places (the wires of a gate, in its order: a
    rule for (0, 1) says nothing about (1, 0)) they hold. As in Aer a rule that names a place replaces, at this place,
    the rules of its kind that name none; rules for the same gate and place apply one after the other, in the order in
    which they were added. There are three kinds: coherent turns (`over_rotation`), errors (`add`), and decay
    (`relax`). They act in this order, behind the gate; before it where it is a measurement.

    A gate is first looked up as the user wrote it. Where no rule names it, and it is a sequence of other gates, these
    are looked up in its place. A gate under a condition has its noise under the same condition.

    Examples
    --------
    >>> noise = NoiseModel().add("depolarizing", 0.01, gates="cx").readout([[0.98, 0.02], [0.05, 0.95]])
    >>> noise.apply(Circuit(2).h(0).cx(0, 1)).operations
    (h 0, cx 0, 1, depolarizing(0.01) 0, 1)
    >>> from qdl.ir.params import Param
    >>> strength = NoiseModel().add("amplitude_damping", Param("gamma"), on="each")
    >>> strength.params
    (Param(name='gamma', size=1),)
    >>> strength.apply(Circuit(2).cx(0, 1)).operations
    (cx 0, 1, amplitude_damping(gamma[0]) 0, amplitude_damping(gamma[0]) 1)
    """

    def add(
        self, channel: str | Gate, *strengths: Any, gates: Any = None, wires: Any = None, on: Any = None
    ) -> NoiseModel:
        """Add an error of gates.

        Parameters
        ----------
        channel : str or Gate
            A row of the channel table; a gate of the gate table for a coherent error, as in
            ``add("rx", 0.02, gates="sx")``; or a channel or gate that was made.
        *strengths : numbers, expressions, or sequences of them
            In the row's order.
        gates : str, Gate or sequence of them, optional
            Names of the gate table, ``"measure"``, ``"reset"``, ``"delay"``, ``"prepare"`` or ``"unitary"``; a Gate
            stands for its name. By default all gates of fitting width, measurements and the like not among them.
        wires : int, sequence of int, or sequence of such sequences, optional
            A place, or several: the wires of the gate, in its order. By default all.
        on : "each", int or sequence of int, optional
            On each of the gate's wires, or on these positions among them; by default on all together.
            ``"depolarizing"`` takes as many wires as there are, up to 4.

        Examples
        --------
        >>> noise = NoiseModel().add("bit_flip", 0.1, gates="x").add("bit_flip", 0.2, gates="x", wires=1)
        >>> noise.apply(Circuit(2).x(0).x(1)).operations
        (x 0, bit_flip(0.1) 0, x 1, bit_flip(0.2) 1)
        """
        effect = insertion(channel, strengths, on)
        names, places = None if gates is None else named(gates), places_of(wires)
        fitting(effect, names, places)
        self.insertions.add(names, places, effect)
        return self._changed()

    def add_kraus(self, matrices: Sequence[Any], gates: Any = None, wires: Any = None, on: Any = None) -> NoiseModel:
        """Add the channel rho -> sum_k K_k rho K_k^+ of given Kraus operators, (2**k, 2**k) each, as an error.

        Examples
        --------
        >>> noise = NoiseModel().add_kraus([[[1, 0], [0, 0.6]], [[0, 0.8], [0, 0]]], gates="cx", on=1)
        >>> noise.apply(Circuit(2).cx(0, 1)).operations
        (cx 0, 1, kraus 1)
        """
        return self.add(kraus_channel(matrices), gates=gates, wires=wires, on=on)

    def over_rotation(
        self, gates: Any, relative: Any = 0.0, absolute: Any = 0.0, wires: Any = None, angle: str | None = None
    ) -> NoiseModel:
        """Turn an angle of gates too far: angle -> (1 + relative) angle + absolute.

        Parameters
        ----------
        gates : str, Gate or sequence of them
            Gates with angles. For those without, add a gate as an error: ``add("rx", 0.02, gates="sx")``.
        relative, absolute : number or expression
        wires : as in `add`
        angle : str, optional
            The name of the angle, where a gate has several.

        Examples
        --------
        >>> NoiseModel().over_rotation("rx", relative=0.5, absolute=0.1).apply(Circuit(1).rx(2.0, 0)).operations
        (rx(3.1) 0,)
        """
        places = places_of(wires)
        for name, turn in turns(gates, as_angle(relative), as_angle(absolute), angle, places):
            self.turns.add([name], places, turn)
        return self._changed()

    def relax(
        self,
        t1: Any = None,
        t2: Any = None,
        times: Any = None,
        wires: Any = None,
        excited: Any = 0.0,
        idle: bool = False,
    ) -> NoiseModel:
        """Let wires decay while gates take their time.

        Parameters
        ----------
        t1, t2 : number or expression, optional
            Time constants of populations and of coherence, T2 <= 2 T1; without T1 populations stay, without T2 it is
            2 T1.
        times : dict, optional
            Durations by gate name, or by (name, wires) where they depend on the place; in the unit of T1 and T2.
            They hold for the whole model; a measurement's own decay is left to its readout error.
        wires : int or sequence of int, optional
            Each of these wires; by default those for which nothing else is said.
        excited : number or expression
            The population of |1> that they relax to.
        idle : bool
            Whether wires decay while they wait for others too: every operation starts as soon as its wires and bits
            are ready, the circuit ends when the last wire is ready, and every gate needs a duration.

        Examples
        --------
        >>> noise = NoiseModel().relax(t1=100.0, t2=80.0, times={"x": 1.0})
        >>> noise.apply(Circuit(1).x(0).z(0)).operations
        (x 0, thermal_relaxation(100.0, 80.0, 1.0, 0.0) 0, z 0)
        """
        if t1 is None and t2 is None and times is None and not idle:
            raise CircuitError("nothing is said about decay", do="give t1, t2 or times")
        fresh = {} if times is None else durations(times, self.durations)
        if t1 is not None or t2 is not None:
            made = Relaxation.make(t1, t2, excited)
            where = [None] if wires is None else wires_of(wires)
            taken = [wire for wire in where if wire in self.constants]
            if taken:
                got = "every wire" if taken == [None] else f"wires {taken}"
                raise CircuitError("these wires have their time constants already", got=got)
            self.constants |= dict.fromkeys(where, made)
        self.durations |= fresh
        self.idle |= idle
        return self._changed()

    def readout(self, matrix: Any, wires: Any = None) -> NoiseModel:
        """Read wires wrongly.

        Parameters
        ----------
        matrix : (2**k, 2**k) numbers or expressions
            P(read | true): rows are what is true, columns what is read; rows sum to 1.
        wires : int or sequence of k ints, optional
            The first is the most significant bit of an index; several are read jointly. By default every wire for
            which nothing else is said. Errors of the same wires come one after the other.

        Examples
        --------
        >>> NoiseModel().readout([[0.98, 0.02], [0.05, 0.95]], wires=0).confusion([0, 1])
        (Readout(wires=(0,), matrix=((0.98, 0.02), (0.05, 0.95))),)
        """
        made, place = confusion(matrix), None if wires is None else tuple(wires_of(wires))
        refuse_overlap(made, place, self.readouts)
        known = self.readouts.get(place)
        self.readouts[place] = made if known is None else after(known, made)
        return self._changed()

    def native(self, gates: Mapping[str, Iterable[Sequence[int]] | None]) -> NoiseModel:
        """Say which gates the device has; `apply` then writes all others in these.

        Parameters
        ----------
        gates : dict
            Name to the places where there is such a gate; None for everywhere.

        Examples
        --------
        >>> noise = NoiseModel().add("bit_flip", 0.1, gates="sx").native({"sx": None, "rz": None, "cx": [(0, 1)]})
        >>> noise.apply(Circuit(1).h(0)).operations
        (rz(1.57...) 0, sx 0, bit_flip(0.1) 0, rz(1.57...) 0)
        """
        found = {name: None if places is None else places_of(places) for name, places in gates.items()}
        for name, width in named(list(found)).items():
            refuse_misplaced(name, width, found[name])
        self.gates = {name: None if places is None else frozenset(places) for name, places in found.items()}
        return self._changed()

    def apply(self, circuit: Circuit) -> Circuit:
        """The noisy circuit: the same operations with channels among them; readout errors are not in it.

        Examples
        --------
        >>> noise = NoiseModel().add("bit_flip", 0.1, gates="measure")
        >>> noise.apply(Circuit(1).h(0).measure(0)).operations
        (h 0, bit_flip(0.1) 0, measure 0 -> m0)
        """
        return Insert(self, self.translate(circuit)).run()

    def translate(self, circuit: Circuit) -> Circuit:
        """The circuit in the gates that the device has (see `native`), up to a global phase; as it is without them."""
        return circuit if self.gates is None else Native(self.gates, self.names).run(circuit)

    def confusion(self, wires: int | Iterable[int]) -> tuple[Readout, ...]:
        """The readout errors that concern these wires, in their order; joint ones with all their wires."""
        found: dict[Place, Readout] = {}
        joint = {wire: place for place in self.readouts if place for wire in place}
        for wire in wires_of(wires):
            place = joint.get(wire)
            if place is not None or None in self.readouts:
                found[place or (wire,)] = Readout(place or (wire,), self.readouts[place])
        return tuple(found.values())

    def bind(self, values: Mapping[str, Sequence[float]]) -> NoiseModel:
        """The same model with plain numbers in place of its Params.

        Examples
        --------
        >>> from qdl.ir.params import Param
        >>> NoiseModel().add("bit_flip", Param("p")).bind({"p": [0.1]}).apply(Circuit(1).x(0)).operations
        (x 0, bit_flip(0.1) 0)
        """
        return self.rebuilt(lambda expression: evaluate(expression, values))

    def copy(self) -> NoiseModel:
        """An independent copy."""
        return self.rebuilt(lambda expression: expression)

    @staticmethod
    def from_backend(backend: Any, **options: Any) -> NoiseModel:
        """The noise of a Qiskit BackendV2 or fake backend: see `qdl.adapters.qiskit.backend_noise.from_backend`."""
        return registry.converter("noise_from_backend")(backend, **options)

    @staticmethod
    def from_aer(model: Any, **options: Any) -> NoiseModel:
        """The same noise as a `qiskit_aer.noise.NoiseModel`: see `qdl.adapters.qiskit.aer_noise.from_aer`."""
        return registry.converter("noise_from_aer")(model, **options)

    def to_aer(self, wires: Any, **options: Any) -> Any:
        """The same noise as a `qiskit_aer.noise.NoiseModel`: see `qdl.adapters.qiskit.aer_noise.to_aer`."""
        return registry.converter("noise_to_aer")(self, wires, **options)

    def __repr__(self) -> str:
        counts = {
            "turns": len(self.turns.all),
            "errors": len(self.insertions.all),
            "time constants": len(self.constants),
            "durations": len(self.durations),
            "readout errors": len(self.readouts),
        }
        return f"<NoiseModel: {', '.join(f'{count} {name}' for name, count in counts.items() if count) or 'no noise'}>"
