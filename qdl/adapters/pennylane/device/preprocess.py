"""Tapes made ready for a device.

Everything is checked in one cheap pass, and only what needs it goes through PennyLane's own transforms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from pennylane import math
from pennylane.devices.preprocess import (
    decompose,
    device_resolve_dynamic_wires,
    no_sampling,
    validate_device_wires,
    validate_measurements,
)
from pennylane.measurements import ClassicalShadowMP, SampleMeasurement, ShadowExpvalMP, StateMeasurement
from pennylane.ops import Conditional, MidMeasure, PauliRot, QubitUnitary
from pennylane.ops.op_math import CompositeOp, SymbolicOp
from pennylane.tape import QuantumScript
from pennylane.transforms import broadcast_expand, defer_measurements
from pennylane.transforms.core import CompilePipeline, transform

from qdl.adapters.pennylane.device.deep import DEEP
from qdl.adapters.pennylane.device.form import MAP_WIRES, PLAIN, varying_matrix
from qdl.adapters.pennylane.operations import native
from qdl.adapters.pennylane.operations.rows import CHANNELS, NOTHING
from qdl.adapters.pennylane.operations.values import varies

STATES = {"StatePrep", "AmplitudeEmbedding", "BasisState", "BasisEmbedding", "QubitDensityMatrix"}
NOISE = {*CHANNELS, "QubitChannel", "PauliError", "QubitDensityMatrix"}
MIXED_WIRES = 5  # of a gate on density matrices
Post = Callable[[Sequence[Any]], Any]


def first(results: Sequence[Any]) -> Any:
    """The result of a single tape."""
    return results[0]


def accepted(mixed: bool, op: Any) -> bool:
    """Whether an operator runs as it stands."""
    name = op.name
    if name in PLAIN:
        return (mixed or name not in CHANNELS) and (not mixed or len(op.wires) <= MIXED_WIRES or name == "Identity")
    if name in STATES or name == "MidMeasureMP":
        return False
    if name == "Projector" or name in NOTHING:
        return True
    if name in NOISE and not mixed:
        return False
    if mixed and (len(op.wires) > MIXED_WIRES and name != "PauliRot"):
        return False
    if varying_matrix(op):
        return not mixed and len(op.wires) <= MAP_WIRES
    if getattr(op, "base", None) is not None and any(varies(d) and len(d.shape) > 1 for d in op.data):
        return False
    return native(op)


def opened(op: Any) -> list[Any]:
    """What an operator that does not run as it stands is made of."""
    if op.name in ("Exp", "Evolution"):
        turns = _turns(op)
        if turns is not None:
            return turns
    elif op.has_decomposition:
        return list(op.decomposition())
    if op.has_matrix:
        return [QubitUnitary(op.matrix(), op.wires, unitary_check=False)]
    return list(op.decomposition())


def _turns(op: Any) -> list[Any] | None:
    """exp(c H) of commuting Pauli words as a rotation for each."""
    sentence = op.base.pauli_rep
    if sentence is None or any(not a.commutes_with(b) for a in sentence for b in sentence):
        return None
    if op.name == "Evolution":
        angle = op.data[0]
    elif math.is_abstract(op.data[0]) or not math.allclose(math.real(op.data[0]), 0):
        return None
    else:
        angle = -math.imag(op.data[0])
    return [
        PauliRot(2 * math.real(c) * angle, "".join(word[w] for w in op.wires), op.wires) for word, c in sentence.items()
    ]


def sampled_observable(obs: Any) -> bool:
    """Whether an observable can be measured with shots."""
    if isinstance(obs, CompositeOp):
        return all(map(sampled_observable, obs.operands))
    return sampled_observable(obs.base) if isinstance(obs, SymbolicOp) else bool(obs.has_diagonalizing_gates)


def exact_observable(obs: Any, expectation: bool = False) -> bool:
    """Whether an observable can be measured exactly."""
    if isinstance(obs, CompositeOp):
        return all(exact_observable(o, expectation) for o in obs.operands)
    if isinstance(obs, SymbolicOp):
        return exact_observable(obs.base, expectation)
    if expectation and obs.name in ("SparseHamiltonian", "Hermitian"):
        return True
    return bool(obs.has_diagonalizing_gates)


def sampled_measurement(mp: Any) -> bool:
    """Whether a measurement is made with shots."""
    known = isinstance(mp, (SampleMeasurement, ClassicalShadowMP, ShadowExpvalMP))
    return known and (mp.obs is None or sampled_observable(mp.obs))


def exact_measurement(mp: Any) -> bool:
    """Whether a measurement is made without shots."""
    expectation = type(mp).__name__ == "ExpectationMP"
    return isinstance(mp, StateMeasurement) and (mp.obs is None or exact_observable(mp.obs, expectation))


class Preparation:
    """How tapes are made ready for one device and configuration.

    Parameters
    ----------
    name : str
        The device's, for messages.
    wires : pennylane.wires.Wires or None
    mixed : bool
        Whether the device's states are density matrices.
    deferred : bool
        Whether measurements are deferred before wires are checked: the wires they take must be the device's.
    exact : str or None
        What asks for exact results, for messages: such a configuration refuses shots.
    """

    def __init__(self, name: str, wires: Any, mixed: bool, deferred: bool, exact: str | None) -> None:
        self.name, self.wires, self.mixed = name, wires, mixed
        self.labels = None if wires is None else set(wires.labels)
        self.accepted = partial(accepted, mixed)
        self.pipeline = CompilePipeline()
        add = self.pipeline.add_transform
        if deferred:
            add(defer_measurements, allow_postselect=True)
        add(decompose, stopping_condition=self._stays, decomposer=opened, device_wires=wires, name=name)
        add(device_resolve_dynamic_wires, wires=wires, allow_resets=not deferred)
        add(validate_device_wires, wires, name=name)
        add(
            validate_measurements,
            analytic_measurements=exact_measurement,
            sample_measurements=sampled_measurement,
            name=name,
        )
        if exact is not None:
            add(no_sampling, name=exact)
        self.second = CompilePipeline()
        self.second.add_transform(defer_measurements, allow_postselect=True)
        self.second.add_transform(decompose, stopping_condition=self._stays, decomposer=opened, name=name)
        self.native = CompilePipeline()
        self.native.add_transform(broadcast_expand)
        self.native.add_transform(decompose, stopping_condition=self._native, decomposer=opened, name=name)
        self.exact = exact

    def _native(self, op: Any) -> bool:
        return isinstance(op, MidMeasure) or (native(op.base) if isinstance(op, Conditional) else self._stays(op))

    def _stays(self, op: Any) -> bool:
        if isinstance(op, (MidMeasure, Conditional)):
            return True
        if op.name in ("Allocate", "Deallocate"):
            return True
        return self.accepted(op)

    def __call__(self, tape: QuantumScript) -> tuple[Sequence[QuantumScript], Post]:
        """Tapes that the device runs, and what makes one result of theirs."""
        if self._ready(tape):
            return (tape,), first
        tapes, post = self.pipeline((tape,))
        if all(not any(isinstance(op, (MidMeasure, Conditional)) for op in t.operations) for t in tapes):
            return tapes, lambda results: post(results)[0]
        if all(tape.shots and _wide(tape) for tape in tapes):
            more, last = self.native(tapes)
        else:
            more, last = self.second(tapes)
        return more, lambda results: post(last(results))[0]

    def _ready(self, tape: QuantumScript) -> bool:
        """Whether nothing is left to do for a tape, which is the rule."""
        operators = tape.operations
        start = 1 if operators and operators[0].name in STATES and (self.mixed or operators[0].name not in NOISE) else 0
        if not all(map(self.accepted, operators[start:] if start else operators)):
            return False
        known = sampled_measurement if tape.shots else exact_measurement
        if tape.shots and self.exact is not None:
            return False
        for mp in tape.measurements:
            if mp.mv is not None or not known(mp) or (self.labels is not None and mp.obs is None and not mp.wires):
                return False
        if self.labels is not None:
            return all(map(self.labels.issuperset, (thing.wires.labels for thing in tape)))
        return not any(math.is_abstract(w) for thing in tape for w in thing.wires.labels)


def _wide(tape: QuantumScript) -> bool:
    """Whether deferring a tape's measurements would take too many wires."""
    return len(tape.wires) + sum(isinstance(op, MidMeasure) for op in tape.operations) > DEEP


@transform
def prepare(tape: QuantumScript, preparation: Preparation) -> tuple[Sequence[QuantumScript], Post]:
    """A tape made ready by a `Preparation`."""
    return preparation(tape)
