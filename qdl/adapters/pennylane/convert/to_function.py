"""A circuit as a quantum function of PennyLane's."""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from qdl.adapters.pennylane.convert.gates import expanded, operators
from qdl.adapters.pennylane.convert.values import Numbers, alike, entries, named
from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Operation
from qdl.ir.bits import Condition
from qdl.ir.channels import Channel, Measure
from qdl.ir.gates import Prepare


class QuantumFunction:
    """A circuit to be called inside a QNode: what it does is queued, what it measured is returned.

    Parameters
    ----------
    circuit : Circuit

    Attributes
    ----------
    params : tuple of Param
        What it takes, in this order or by name.
    """

    def __init__(self, circuit: Circuit) -> None:
        self.circuit = circuit.copy()
        self.params = self.circuit.params
        self.__name__ = "circuit"
        if any(param.name == "wires" for param in self.params):
            raise CircuitError("a Param called 'wires' hides the wires of a quantum function", do="rename it")
        self._operations = [inner for op in self.circuit.operations for inner in expanded(op)]
        for op in self._operations:
            _refuse(op)

    @property
    def __signature__(self) -> inspect.Signature:
        taken = [inspect.Parameter(p.name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for p in self.params]
        return inspect.Signature([*taken, inspect.Parameter("wires", inspect.Parameter.KEYWORD_ONLY, default=None)])

    def __repr__(self) -> str:
        return f"<quantum function {self.__signature__} of {self.circuit!r}>"

    def __call__(self, *values: Any, wires: Any = None, **by_name: Any) -> dict[str, Any]:
        """Queue the circuit's operations.

        Parameters
        ----------
        *values, **by_name : tensor_like
            One for each Param: (size,), or (batch, size), of any library that PennyLane knows; for size 1 also ().
        wires : sequence, optional
            The labels of wires 0, 1, ...; the numbers themselves by default.

        Returns
        -------
        dict
            The name of each measured bit to its `MeasurementValue`.
        """
        import pennylane as qml

        if not qml.QueuingManager.recording():
            raise CircuitError("a quantum function queues its gates", do="call it inside a QNode")
        labels = self._labels(wires)
        at = Numbers(entries(self.params, named(self.params, values, by_name)))
        start = [op for op in self._operations if isinstance(op.gate, Prepare)]
        if start:
            vectors = [[at(angle) for angle in op.angles] for op in start]
            qml.apply(prepared(vectors, [labels[w] for op in start for w in op.wires]))
        bits: dict[str, Any] = {}
        for op in self._operations:
            if not isinstance(op.gate, Prepare):
                _queue(op, at, labels, bits)
        return bits

    def _labels(self, wires: Any) -> list[Any]:
        if wires is None:
            return list(range(self.circuit.wires))
        labels = [wires] if isinstance(wires, (str, int)) else list(wires)
        if len(labels) != self.circuit.wires or len(set(labels)) != len(labels):
            raise CircuitError("the wires do not fit", got=labels, expected=f"{self.circuit.wires} different labels")
        return labels


def to_pennylane(circuit: Circuit) -> QuantumFunction:
    """A circuit as a quantum function; see `Circuit.to_pennylane`."""
    return QuantumFunction(circuit)


def _refuse(op: Operation) -> None:
    """What PennyLane cannot express, refused by name."""
    if isinstance(op.gate, Measure) and op.angles:
        raise UnsupportedError("PennyLane knows no readout error of a measurement inside a circuit", got=op)
    if op.condition is not None and (isinstance(op.gate, Measure) or op.gate.name == "reset"):
        what = "measurement" if isinstance(op.gate, Measure) else "reset"
        raise UnsupportedError(
            f"PennyLane cannot make a {what} depend on a measured bit", got=op, do=f"make the {what} unconditional"
        )


def _queue(op: Operation, at: Numbers, labels: Sequence[Any], bits: dict[str, Any]) -> None:
    import pennylane as qml

    where = [labels[w] for w in op.wires]
    if isinstance(op.gate, Measure):
        assert op.bit is not None
        bits[op.bit] = measurement(op.bit, where)
    elif op.gate.name == "reset":
        qml.measure(where[0], reset=True)
    else:
        angles = [at(angle) for angle in op.angles]
        if isinstance(op.gate, Channel):
            _refuse_batch(op, angles)
        made = operators(op.gate, angles, where)
        for operator in made:
            if op.condition is None:
                qml.apply(operator)
            else:
                qml.ops.Conditional(value(op.condition, bits), operator)


def measurement(bit: str, wires: Sequence[Any]) -> Any:
    """A mid-circuit measurement whose identifier begins with the bit's name, so that it can be read back."""
    from pennylane.ops import MeasurementValue, MidMeasure

    return MeasurementValue([MidMeasure(wires=wires, meas_uid=f"{bit}:{uuid.uuid4()}")])


def value(condition: Condition, bits: Mapping[str, Any]) -> Any:
    """A condition as a measurement value, true where the bits are what they must be."""
    from pennylane.ops import MeasurementValue

    width = len(condition.bits)

    def holds(*outcomes: Any) -> Any:
        number = sum((outcome + 0) * 2 ** (width - 1 - k) for k, outcome in enumerate(outcomes))
        return reduce(lambda a, b: a | b, (number == good for good in sorted(condition.accepted)), number < 0)

    measured = [bits[bit].measurements[0] for bit in condition.bits]
    return MeasurementValue(measured, holds)


def prepared(vectors: Sequence[Sequence[Any]], wires: Sequence[Any]) -> Any:
    """All preparations, which are on fresh wires, as one at the circuit's beginning: devices take no second one.

    Parameters
    ----------
    vectors : sequence of sequences
        The amplitudes of each, numbers or (batch,).
    wires : sequence of wire labels
        Of all of them.
    """
    import pennylane as qml
    from pennylane.queuing import QueuingManager

    with QueuingManager.stop_recording():
        return qml.StatePrep(reduce(_product, map(_normalised, vectors)), wires=wires)


def _normalised(amplitudes: Sequence[Any]) -> Any:
    """Amplitudes of norm 1, (2**k,) or (batch, 2**k)."""
    from pennylane import math

    full = alike(amplitudes)
    norm = math.sqrt(sum(a * a for a in full))
    return math.stack([a / norm for a in full], axis=-1)


def _product(a: Any, b: Any) -> Any:
    """The Kronecker product of vectors, the first being the most significant."""
    from pennylane import math

    found = a[..., :, None] * b[..., None, :]
    return math.reshape(found, (*math.shape(found)[:-2], -1))


def _refuse_batch(op: Operation, strengths: Sequence[Any]) -> None:
    from pennylane import math

    if any(math.ndim(s) for s in strengths if hasattr(s, "shape")):
        raise UnsupportedError(
            "PennyLane's channels take no batch of strengths", got=op, do="call the QNode once for each strength"
        )
