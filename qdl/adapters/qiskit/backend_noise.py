"""The noise that a Qiskit backend reports: errors of gates, decay, durations, readout.

A backend reports for each gate an error, 1 - (average fidelity), and a duration. Decay during the duration explains a
part of the error; a depolarising channel in front of it takes the rest. For d = 2**n levels and decay with
r = 1 - exp(-t/T1), e = exp(-t/T2) on each wire, the fidelity of decay alone is

    F = (d prod (2 - r + 2 e)/4 + 1)/(d + 1),

and (1 - p) rho + p 1/d in front of it has (1 - p) F + p/d, since decay keeps the trace. That is 1 - error for
p = d (error - (1 - F))/(d F - 1). (average fidelities as in Nielsen, quant-ph/0205035; Aer computes the same)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from qdl.adapters.qiskit.aer_noise import leave_out, named_gate, relax
from qdl.errors import CircuitError
from qdl.ir.channels.rows import MOST_WIRES
from qdl.ir.gates import TABLE
from qdl.ir.noise import NoiseModel

KELVIN_PER_HERTZ = 6.62607015e-34 / 1.380649e-23  # h / k_B, exact by the SI's definition


def from_backend(
    backend: Any,
    *,
    strict: bool = True,
    temperature: float = 0.0,
    readout: str = "properties",
    native: bool = True,
    idle: bool = False,
) -> NoiseModel:
    """The noise of a Qiskit backend; wire k is its qubit k, times are in seconds.

    Parameters
    ----------
    backend : qiskit.providers.BackendV2
        A device, or a fake one.
    strict : bool
        Whether to refuse what cannot be carried: errors that are no numbers or negative, errors of resets, errors on
        more than 4 qubits, durations without time constants. Otherwise it is left out with a warning.
    temperature : float
        In millikelvin; sets the population of |1> that qubits of known frequency relax to.
    readout : str
        ``"properties"``: both directions of the readout error, where the backend reports them in ``properties()``;
        ``"target"``: their mean, as Aer reads it from a BackendV2.
    native : bool
        Whether circuits are written in the device's gates before noise is put in (`NoiseModel.native`). Without, gates
        that the device lacks have no noise, as in Aer.
    idle : bool
        Whether wires decay while they wait for others too.

    Returns
    -------
    NoiseModel
        What a backend does not report is not there; a measured T2 above 2 T1 counts as 2 T1. Instructions that no
        circuit of qdl can hold are passed over.

    Examples
    --------
    >>> from qiskit.providers.fake_provider import GenericBackendV2
    >>> noise = from_backend(GenericBackendV2(3, seed=1))
    >>> from qdl.ir import Circuit
    >>> [op.gate.name for op in noise.apply(Circuit(3).cx(0, 1)).operations]
    ['cx', 'depolarizing', 'thermal_relaxation', 'thermal_relaxation']
    """
    from qiskit.providers import BackendV2

    if not isinstance(backend, BackendV2):
        raise CircuitError("not a backend of Qiskit", got=type(backend).__name__, expected="a BackendV2")
    if readout not in ("properties", "target"):
        raise CircuitError("unknown source of readout errors", got=repr(readout), expected="'properties' or 'target'")
    reader = _Reader(backend.target, temperature)
    noise = reader.run()
    found = _properties(backend) if readout == "properties" else {}
    for (wire,), error in reader.readout.items():
        up, down = found.get(wire, (error, error))  # P(1|0), P(0|1)
        noise.readout([[1 - up, up], [down, 1 - down]], wires=wire)
    if native:
        noise.native(reader.native())
    if idle:
        noise.relax(idle=True)
    leave_out(reader.left, strict, "qdl's noise model cannot hold everything that the backend reports")
    return noise


def population(frequency: float | None, temperature: float) -> float:
    """The share of |1> at a temperature in millikelvin, 1/(1 + exp(h f / k_B T)); a negative one inverts it."""
    if frequency is None or math.isinf(frequency) or temperature == 0:
        return 0.0
    ratio = KELVIN_PER_HERTZ * frequency / (1e-3 * temperature)
    return 1 / (1 + math.exp(ratio)) if ratio < 700 else 0.0


class _Reader:
    """One target, instruction by instruction."""

    def __init__(self, target: Any, temperature: float) -> None:
        self.target, self.temperature = target, temperature
        self.noise = NoiseModel()
        self.left: list[str] = []
        self.times: dict[Any, float] = {}
        self.readout: dict[tuple[int, ...], float] = {}

    def run(self) -> NoiseModel:
        for wire, found in enumerate(self.target.qubit_properties or ()):
            if found is not None:
                relax(self.noise, wire, found.t1, found.t2, population(found.frequency, self.temperature))
        for name, operation, place, found in self.instructions():
            if found is not None:
                self.instruction(name, operation, place, found)
        if self.times:
            self.noise.relax(times=self.times)
        return self.noise

    def instructions(self) -> Iterator[tuple[str, Any, tuple[int, ...] | None, Any]]:
        from qiskit.circuit import Delay, Gate, Measure, Reset

        for name in self.target.operation_names:
            operation = self.target.operation_from_name(name)
            if isinstance(operation, (Gate, Measure, Reset, Delay)):  # control flow is no instruction but a type
                for place, found in (self.target[name] or {None: None}).items():
                    yield name, operation, place, found

    def instruction(self, name: str, operation: Any, place: tuple[int, ...] | None, found: Any) -> None:
        from qiskit.circuit import Delay, Gate, Measure

        error, width = found.error, operation.num_qubits
        what = f"{name!r} on {place}"
        if error is not None and not error >= 0:
            self.left.append(f"the error {error} of {what}")
            error = None
        if isinstance(operation, Measure):
            if error is not None and place is not None:
                self.readout[place] = error
        elif error and not isinstance(operation, Gate):
            self.left.append(f"the error {error} of {what}")
        if found.duration and not self.target.qubit_properties:
            self.left.append(f"the duration of {what}, which has no T1 and T2")
        elif found.duration and isinstance(operation, Delay):
            self.fixed_delay(place, found.duration)
        elif found.duration is not None:
            self.times[named_gate(name, width), place] = found.duration
        if error and isinstance(operation, Gate):
            self.error(name, width, place, error, found.duration or 0.0)

    def fixed_delay(self, place: tuple[int, ...] | None, duration: float) -> None:
        """What every delay adds to the decay of its own time."""
        for wire in place or ():
            one = self.noise.constants.get(wire)
            for row, strengths, _ in one.steps(wire, duration) if one else ():
                self.noise.add(row, *strengths, gates="delay", wires=wire)

    def error(self, name: str, width: int, place: tuple[int, ...] | None, error: float, duration: float) -> None:
        """The depolarising channel that is left of a gate's error."""
        if width > MOST_WIRES:
            self.left.append(f"the error of {name!r} on {width} qubits")
            return
        d, fidelity = 2**width, self.fidelity(width, place, duration)
        if error <= 1 - fidelity:
            return
        if d * fidelity <= 1:
            self.left.append(f"the error {error} of {name!r} on {place}, which decays completely")
            return
        # p is the share of 1/d, of which one part in 4**n is no error
        errors = 4**width - 1
        rest = min(error, d / (d + 1)) - (1 - fidelity)
        p = min(d * rest / (d * fidelity - 1), 4**width / errors)
        self.noise.add("depolarizing", min(1.0, p * errors / 4**width), gates=named_gate(name, width), wires=place)

    def fidelity(self, width: int, place: tuple[int, ...] | None, duration: float) -> float:
        """The average fidelity of decay alone."""
        product = 1.0
        for wire in place or ():
            one = self.noise.constants.get(wire)
            if one is not None:
                stays = 1.0 if one.t1 is None else math.exp(-duration / float(one.t1))
                coherent = 1.0 if one.t2 is None else math.exp(-duration / float(one.t2))
                product *= (1 + stays + 2 * coherent) / 4
        d = 2**width
        return (d * product + 1) / (d + 1)

    def native(self) -> dict[str, Any]:
        """The gates of the device that qdl has, with their places."""
        found: dict[str, Any] = {}
        for name, _, place, _ in self.instructions():
            if name in TABLE:
                known = found.setdefault(name, [])
                found[name] = None if place is None or known is None else [*known, place]
        return found


def _properties(backend: Any) -> dict[int, tuple[float, float]]:
    """P(1|0) and P(0|1) of qubits, where a backend reports them."""
    properties = getattr(backend, "properties", None)
    reported = properties() if callable(properties) else None
    found: dict[int, tuple[float, float]] = {}
    for wire, entries in enumerate(getattr(reported, "qubits", ())):
        values = {entry.name: entry.value for entry in entries}
        if {"prob_meas1_prep0", "prob_meas0_prep1"} <= set(values):
            found[wire] = values["prob_meas1_prep0"], values["prob_meas0_prep1"]
    return found
