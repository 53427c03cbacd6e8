"""qdl's operations as PennyLane's operators: the table of `operations.rows` read backwards, and what it lacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from qdl.adapters.pennylane.convert.values import alike
from qdl.adapters.pennylane.operations.rows import GENERATED, SAME
from qdl.engine.rotations import Constant, recipe
from qdl.errors import UnsupportedError
from qdl.ir import Operation
from qdl.ir.channels import Channel, Measure
from qdl.ir.gates import TABLE, Composite, Exponential, Fixed, Gate, Prepare, Rotor, pauli_rotation
from qdl.ir.params import Expr

NAMED = {row: name for name, row in SAME.items()} | {"u": "U3", "id": "Identity"}
UNDOES = {"sdg": "S", "tdg": "T", "sxdg": "SX"}
EXCITATIONS = {row: name for name, row in GENERATED.items()}
CHANNELS = {
    "bit_flip": "BitFlip",
    "phase_flip": "PhaseFlip",
    "amplitude_damping": "AmplitudeDamping",
    "generalized_amplitude_damping": "GeneralizedAmplitudeDamping",
    "phase_damping": "PhaseDamping",
    "reset_error": "ResetError",
}


def expanded(op: Operation) -> list[Operation]:
    """An operation as some that `operators` takes: composite ones that PennyLane lacks as their steps."""
    if not isinstance(op.gate, Composite) or _class(op.gate) or (op.gate.base is not None and _class(op.gate.base)):
        return [op]
    constant = not any(isinstance(angle, Expr) for angle in op.angles)
    if _pauli_letters(op.gate) or (constant and op.gate.wires <= 2):
        return [op]
    steps = op.gate.steps(op.angles, op.wires)
    return [inner for step in steps for inner in expanded(Operation(*step, condition=op.condition))]


def operators(gate: Gate, angles: Sequence[Any], wires: Sequence[Any]) -> list[Any]:
    """A gate or channel as PennyLane's operators, first one first, its global phase included.

    Parameters
    ----------
    gate : Gate
        Out of `expanded`.
    angles : sequence
        Numbers or, where there is a batch, arrays (batch,) of any library.
    wires : sequence of wire labels

    Examples
    --------
    >>> operators(TABLE["sdg"], (), ["a"]), operators(TABLE["cry"], (0.1,), [1, 0])
    ([Adjoint(S('a'))], [CRY(0.1, wires=[1, 0]))])
    """
    from pennylane.queuing import QueuingManager

    angles = alike(angles)
    with QueuingManager.stop_recording():
        if gate.base is None or _class(gate):
            return _plain(gate, angles, list(wires))
        count = len(gate.controls)
        above, values = list(wires[:count]), [int(value) for value in gate.controls]
        plain = _plain(gate.base, angles, list(wires[count:]))
        framed = _turned(gate.base)  # the first and the last, its frame, need no controls
        found = []
        for k, op in enumerate(plain):
            found += [op] if framed and k in (0, len(plain) - 1) else under(op, above, values)
        return found


def under(op: Any, above: Sequence[Any], values: Sequence[int]) -> list[Any]:
    """An operator where some wires hold some values; a phase is one of the last of these wires."""
    from pennylane import PhaseShift, X, ctrl

    if op.name != "GlobalPhase":
        return [ctrl(op, list(above), control_values=list(values))]
    *others, last = above
    phase = PhaseShift(-op.data[0], wires=last)
    found = [ctrl(phase, others, control_values=list(values[:-1])) if others else phase]
    return found if values[-1] else [X(last), *found, X(last)]


def _plain(gate: Gate, angles: Sequence[Any], wires: list[Any]) -> list[Any]:
    import pennylane as qml

    name = _class(gate)
    if name:
        return [getattr(qml, name)(*angles, wires=wires)]
    if gate.name in UNDOES and TABLE[gate.name] == gate:
        return [qml.adjoint(getattr(qml, UNDOES[gate.name])(wires=wires))]
    if isinstance(gate, Channel):
        return [_channel(gate, angles, wires)]
    if gate == TABLE["gphase"]:
        return [qml.GlobalPhase(-angles[0], wires=wires)]
    letters = _pauli_letters(gate)
    if letters:
        return [qml.PauliRot(angles[0], letters, wires=wires)]
    if isinstance(gate, Rotor):
        from qdl.adapters.pennylane.convert.own import RV

        return [RV(*angles, wires=wires)]
    if isinstance(gate, Exponential):
        return _exponential(gate, angles[0], wires)
    if isinstance(gate, (Prepare, Measure)):
        raise UnsupportedError(f"{gate.name!r} is no operator of PennyLane's")
    return [qml.QubitUnitary(gate.matrix(*map(float, angles)).copy(), wires=wires)]


@lru_cache(maxsize=1024)
def _class(gate: Gate) -> str | None:
    """The name of PennyLane's class with the same angles and wires."""
    if gate.name in NAMED and TABLE.get(gate.name) == gate:
        return NAMED[gate.name]
    if gate.name in EXCITATIONS and isinstance(gate, Exponential):
        import pennylane as qml

        wires = range(gate.wires)
        generator = getattr(qml, EXCITATIONS[gate.name])(0.0, wires=wires).generator().matrix(wire_order=wires)
        return EXCITATIONS[gate.name] if np.allclose(-np.asarray(generator), gate.generator, 0, 1e-14) else None
    return None


@lru_cache(maxsize=1024)
def _pauli_letters(gate: Gate) -> str | None:
    """The word of a Pauli rotation."""
    if isinstance(gate, Exponential):
        return gate.pauli
    letters = gate.name[2:].upper()
    if not gate.name.startswith("r_") or set(letters) - set("IXYZ"):
        return None
    return letters if gate == pauli_rotation(letters) else None


def _turned(gate: Gate) -> bool:
    """Whether an exponential is done in the frame of its eigenvectors."""
    if not isinstance(gate, Exponential) or _class(gate) or _pauli_letters(gate):
        return False
    return any(isinstance(step, Constant) for step in recipe(gate).steps)


def _exponential(gate: Exponential, angle: Any, wires: list[Any]) -> list[Any]:
    """Rotations about products of Z's between the eigenvectors, and the phase that they leave out."""
    import pennylane as qml

    made = recipe(gate)
    factors = made.numbers(np.ones((1, 1)))[0]
    found = []
    for step in made.steps:
        where = [wires[w] for w in step.wires]
        if isinstance(step, Constant):
            assert isinstance(step.gate, Fixed)
            found.append(qml.QubitUnitary(step.gate.constant.copy(), wires=where))
        else:
            found.append(qml.PauliRot(float(factors[step.number]) * angle, step.word, wires=where))
    phase = float(np.trace(gate.generator).real) / len(gate.generator)
    if abs(phase) > 1e-15:
        found.insert(len(found) - _turned(gate), qml.GlobalPhase(phase * angle, wires=wires))
    return found


def _channel(gate: Channel, angles: Sequence[Any], wires: list[Any]) -> Any:
    import pennylane as qml

    if gate.name in CHANNELS:
        return getattr(qml, CHANNELS[gate.name])(*angles, wires=wires)
    if gate.name == "depolarizing" and gate.wires == 1:
        return qml.DepolarizingChannel(*angles, wires=wires)
    if gate.name == "bit_phase_flip" and not isinstance(angles[0], Expr):  # which PauliError would compare with 0
        return qml.PauliError("Y", *angles, wires=wires)
    if gate.name == "thermal_relaxation":
        t1, t2, time, excited = angles
        return qml.ThermalRelaxationError(excited, t1, t2, time, wires=wires)
    if gate.name == "kraus":
        return qml.QubitChannel([matrix.copy() for matrix in gate.operators()], wires=wires)
    if gate.name == "reset":
        return qml.ResetError(1.0, 0.0, wires=wires)
    from qdl.adapters.pennylane.convert.own import Noise

    return Noise(*angles, row=gate.name, wires=wires)
