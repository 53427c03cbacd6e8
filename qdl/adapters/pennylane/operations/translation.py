"""PennyLane's operators as qdl's operations.

An operator is looked up by its name in the tables of `rows` and `leaves`; what stands for other operators (controls,
adjoints, powers, products, conditions) by its kind; whatever is left by its decomposition, at last by its matrix.
PennyLane is hardly imported here, as an operator brings all that is asked of it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qdl.adapters.pennylane.operations.leaves import (
    LEAVES,
    MATRIX_WIRES,
    Handler,
    Places,
    by_matrix,
    generated,
    holds,
    pauli_turn,
    row,
)
from qdl.adapters.pennylane.operations.rows import CHANNELS, GENERATED, NOTHING, SAME, SEQUENCES
from qdl.adapters.pennylane.operations.values import array, number, plain, symbolic
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Operation
from qdl.ir.channels import Channel, Measure, channel
from qdl.ir.gates import MAX_CONTROLLED, TABLE, Composite, Exponential, Gate, Prepare, controlled
from qdl.ir.params import Expr, Param, as_angle

EXPONENT_WIRES = 6  # of a sum whose words do not commute, in an exponent
NARROW = {"QubitUnitary": MATRIX_WIRES, "DiagonalQubitUnitary": MATRIX_WIRES, "PCPhase": MATRIX_WIRES, "PauliError": 4}


def translate(
    op: Any,
    wire_map: Mapping[Hashable, int],
    angles: Sequence[Any] | None = None,
    bits: dict[str, str] | None = None,
) -> list[Operation]:
    """A PennyLane operator as qdl's operations, the global phase included.

    Parameters
    ----------
    op : pennylane.operation.Operator
    wire_map : mapping
        Wire labels to qdl's wires.
    angles : sequence, optional
        What stands for ``op.data``: numbers, Params of size 1 or expressions; for the amplitudes of a state preparation
        a sequence of them. ``op.data`` by default, whose entries may be such expressions too.
    bits : dict, optional
        The names of bits by ``meas_uid`` of mid-circuit measurements; new ones, ``m0``, ``m1``, ..., are added. Without
        it bits are named after their measurements.

    Raises
    ------
    CircuitError
        For wires outside the map, tensors with gradients (put a Param there), postselection, and angles that are no
        numbers.
    UnsupportedError
        For an operator with neither a row, nor a decomposition, nor a matrix on at most 10 wires.

    Examples
    --------
    >>> import pennylane as qml
    >>> translate(qml.ctrl(qml.RX(0.3, "b"), "a", control_values=[0]), {"a": 0, "b": 1})
    [c_rx_0(0.3) 0, 1]
    """
    return _translate(op, tuple(op.data) if angles is None else tuple(angles), Places(wire_map, bits))


def native(op: Any) -> bool:
    """Whether an operator is translated as it stands, without its decomposition.

    Examples
    --------
    >>> import pennylane as qml
    >>> native(qml.RX(0.3, 0)), native(qml.QFT([0, 1]))
    (True, False)
    """
    name = op.name
    if any(name in table for table in (SAME, SEQUENCES, GENERATED, NOTHING, CHANNELS)):
        return True
    if name in LEAVES:
        return len(op.wires) <= NARROW.get(name, len(op.wires))
    kind = _kind(op)
    if kind == "Controlled":
        return _is_gate(op.base) and native(op.base) and (len(op.wires) <= MAX_CONTROLLED)
    if kind == "Adjoint":
        return _is_gate(op.base) and native(op.base)
    if kind == "Pow":
        return _is_gate(op.base) and native(op.base) and _whole(op.z) is not None
    if kind == "Conditional":
        return native(op.base)
    if kind == "Prod":
        return all(native(inner) for inner in op.operands)
    return False


def _is_gate(op: Any) -> bool:
    return op.name not in CHANNELS and op.name not in _NO_GATES


_NO_GATES = {
    *("MidMeasureMP", "Conditional", "QubitChannel", "PauliError", "Noise", "QubitDensityMatrix"),
    *("StatePrep", "AmplitudeEmbedding", "BasisState", "BasisEmbedding"),
}


def _kind(op: Any) -> str | None:
    """The first of an operator's classes that is translated by what it stands for."""
    return next((cls.__name__ for cls in type(op).__mro__ if cls.__name__ in _KINDS), None)


def _translate(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    name = op.name
    if name in SAME:
        return [Operation(TABLE[SAME[name]], plain(angles), places.of(op.wires))]
    if name in SEQUENCES:
        where = places.of(op.wires)
        return [
            Operation(row(step), tuple(map(as_angle, inner)), tuple(where[k] for k in wires))
            for step, inner, wires in SEQUENCES[name](*plain(angles))
        ]
    if name in GENERATED:
        kind: Any = type(op)
        gate = generated(kind, len(op.wires), GENERATED[name])
        return [Operation(gate, plain(angles), places.of(op.wires))]
    if name in CHANNELS:
        known, order = CHANNELS[name]
        found = channel(known)
        strengths = tuple(map(as_angle, order(*plain(angles))))
        found.refuse_bad(strengths)
        return [Operation(found, strengths, places.of(op.wires))]
    if name in NOTHING:
        return []
    if name in LEAVES and len(op.wires) <= NARROW.get(name, len(op.wires)):
        return LEAVES[name](op, angles, places)
    return _KINDS.get(_kind(op) or "", _decomposed)(op, angles, places)


def _conditional(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    found = holds(op.meas_val, places)
    inner = _translate(op.base, angles, places)
    return [replace(o, condition=found if o.condition is None else found & o.condition) for o in inner]


def _controlled(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    above, values = places.of(op.control_wires), "".join(str(int(v)) for v in op.control_values)
    steps = _unitaries(op, _translate(op.base, angles, places))
    if any(step.gate.wires + len(above) > MAX_CONTROLLED and not _splits(step.gate) for step in steps):
        return _decomposed(op, angles, places)
    return [Operation(controlled(s.gate, values), s.angles, (*above, *s.wires)) if above else s for s in steps]


def _splits(gate: Gate) -> bool:
    return isinstance(gate, Composite)


def _adjoint(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    return _undone(_unitaries(op, _translate(op.base, angles, places)))


def _undone(steps: Sequence[Operation]) -> list[Operation]:
    return [Operation(*found) for step in reversed(steps) for found in step.gate.inverse(step.angles, step.wires)]


def _unitaries(op: Any, steps: list[Operation]) -> list[Operation]:
    for step in steps:
        if step.condition is not None or isinstance(step.gate, (Channel, Measure, Prepare)):
            raise CircuitError(f"{op.name!r} acts on what is no unitary", got=step)
    return steps


def _whole(power: Any) -> int | None:
    """A power as an integer, if it is one."""
    if isinstance(power, (Expr, Param)):
        return None
    number = float(power)
    return int(number) if number.is_integer() else None


def _power(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    times = _whole(op.z)
    if times is None and not symbolic(angles) and op.has_matrix and len(op.wires) <= MATRIX_WIRES:
        return by_matrix(op, places)
    steps = _unitaries(op, _translate(op.base, angles, places))
    if times is not None:
        return (steps if times >= 0 else _undone(steps)) * abs(times)
    if len(steps) == 1 and isinstance(steps[0].gate, Exponential):
        return [replace(steps[0], angles=(as_angle(op.z * steps[0].angles[0]),))]
    return _decomposed(op, angles, places)


def _product(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    found: list[list[Operation]] = []
    for operand in op.operands:
        count = len(operand.data)
        found.append(_translate(operand, angles[:count], places))
        angles = angles[count:]
    return [step for steps in reversed(found) for step in steps]


def _evolution(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    """exp(c H): a rotation if H is a Pauli word or all its words commute, else one dense exponential."""
    real = type(op).__name__ == "Evolution"  # exp(-i c H)
    moved = any(a is not b for a, b in zip(angles[1:], op.data[1:], strict=True)) and symbolic(angles[1:])
    if op.hyperparameters.get("num_steps") is not None or moved:
        return _decomposed(op, angles, places)
    where, sentence = places.of(op.wires), op.base.pauli_rep
    if sentence is not None and _commuting(sentence):
        turns = [_turn(angles[0], c, real) for c in sentence.values()]
        words = ["".join(word[w] for w in op.wires) for word in sentence]
        if all(turn is not None for turn in turns):
            return [pauli_turn(word, 2 * turn, where) for word, turn in zip(words, turns, strict=True)]
    angle = _turn(angles[0], 1.0, real)
    if angle is None or len(op.wires) > EXPONENT_WIRES or symbolic(angles[1:]):
        return _decomposed(op, angles, places)
    return [Operation(Exponential("evolution", array(op.base.matrix(op.wires))), (as_angle(angle),), where)]


def _turn(coefficient: Any, factor: Any, real: bool) -> Any:
    """The t for which exp(coefficient factor W), or exp(-i coefficient factor W) if `real`, is exp(-i t W)."""
    if real:
        return number(coefficient) * (factor if isinstance(factor, Expr) else complex(factor).real)
    if isinstance(coefficient, Param) or type(coefficient) is Expr:
        return None
    carried = isinstance(coefficient, Expr) or hasattr(coefficient, "expression")  # a symbol, of convert.symbols
    exponent = factor * (coefficient if carried else complex(coefficient))
    left = np.real(exponent)
    return None if isinstance(left, Expr) or left else -np.imag(exponent)


def _commuting(sentence: Any) -> bool:
    words = list(sentence)
    return all(a.commutes_with(b) for k, a in enumerate(words) for b in words[:k])


def _decomposed(op: Any, angles: tuple[Any, ...], places: Places) -> list[Operation]:
    from pennylane.ops.functions import bind_new_parameters
    from pennylane.queuing import QueuingManager

    with QueuingManager.stop_recording():
        if len(angles) == len(op.data) and any(a is not b for a, b in zip(angles, op.data, strict=True)):
            op = bind_new_parameters(op, angles)
        steps = op.decomposition() if op.has_decomposition else None
    if steps is not None:
        return [found for step in steps for found in _translate(step, tuple(step.data), places)]
    if op.has_matrix and len(op.wires) <= MATRIX_WIRES:
        return by_matrix(op, places)
    raise UnsupportedError(
        f"the operator {op.name!r} cannot be translated",
        got=f"{op!r}"[:80],
        expected=f"a gate, a decomposition, or a matrix on at most {MATRIX_WIRES} wires",
    )


_KINDS: dict[str, Handler] = {
    "Controlled": _controlled,
    "Adjoint": _adjoint,
    "Pow": _power,
    "Prod": _product,
    "Evolution": _evolution,
    "Exp": _evolution,
    "Conditional": _conditional,
}
