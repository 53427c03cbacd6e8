"""QNodes, quantum functions and tapes of PennyLane's as circuits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from qdl.adapters.pennylane.convert.symbols import holds, plain, register, traced
from qdl.adapters.pennylane.convert.to_function import QuantumFunction
from qdl.adapters.pennylane.operations import translate
from qdl.errors import CircuitError, QdlError, UnsupportedError
from qdl.ir import Circuit, Operation
from qdl.ir.channels import channel
from qdl.ir.params import Expr, Param


def from_pennylane(what: Any, *args: Any, wire_order: Iterable[Hashable] | None = None, **kwargs: Any) -> Circuit:
    """A QNode, quantum function or tape as a circuit; see `Circuit.from_pennylane`."""
    import pennylane as qml

    register()
    device = None
    if isinstance(what, QuantumFunction) and wire_order is None:
        wire_order = kwargs.get("wires", range(what.circuit.wires))
    pipeline = None
    if isinstance(getattr(what, "qnode", None), qml.QNode):  # a layer of qml.qnn
        what = what.qnode
    if isinstance(what, qml.QNode):
        pipeline = what.compile_pipeline if hasattr(what, "compile_pipeline") else what.transform_program
        device, what = what.device, what.func
    if isinstance(what, qml.tape.QuantumScript):
        if args or kwargs:
            raise CircuitError("a tape takes no arguments", got=f"{len(args) + len(kwargs)} of them")
        tape = what
    elif isinstance(what, qml.operation.Operator):
        tape = qml.tape.QuantumScript([what])
    elif callable(what):
        tape = _traced(what, args, kwargs)
    else:
        expected = "a QNode, a quantum function, a tape or an operator of PennyLane's"
        raise CircuitError("this cannot be read", got=type(what).__name__, expected=expected)
    if pipeline:
        tape = _transformed(tape, pipeline)
    labels = labels_in_order(tape.wires, device, wire_order)
    circuit = Circuit(max(1, len(labels)))
    return circuit._add(*_operations(tape, {label: k for k, label in enumerate(labels)}))


def _traced(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The tape of a quantum function at some arguments, Params among them as symbols."""
    import pennylane as qml

    if isinstance(function, QuantumFunction):  # it says itself what it takes
        rest = function.params[len(args) :]
        kwargs = {**{p.name: p for p in rest if p.name not in kwargs}, **kwargs}

    def follow(single: bool) -> Any:
        with qml.queuing.AnnotatedQueue() as queue:
            function(*(traced(a, single) for a in args), **traced(kwargs, single))
        return qml.tape.QuantumScript.from_queue(queue)

    if not holds(args) and not holds(kwargs):
        return follow(True)
    try:
        return follow(True)
    except Exception as error:
        if any(isinstance(a, Param) and a.size == 1 for a in (*args, *kwargs.values())):
            with suppress(Exception):
                return follow(False)  # a vector of one entry where a number would not do
        if isinstance(error, QdlError):
            raise
        raise _untraceable("the quantum function", error) from error


def _transformed(tape: Any, pipeline: Any) -> Any:
    """The tape as a QNode's transforms leave it."""
    try:
        tapes, _ = pipeline([tape])
    except QdlError:
        raise
    except Exception as error:
        raise _untraceable("the QNode's transforms", error) from error
    if len(tapes) != 1:
        raise CircuitError(
            "the QNode's transforms make several tapes of one", got=len(tapes), do="convert the function, qnode.func"
        )
    return tapes[0]


def _untraceable(what: str, error: Exception) -> CircuitError:
    return CircuitError(
        f"{what} cannot be followed with Params for arguments",
        got=f"{type(error).__name__}: {error}"[:300],
        do="pass numbers for those that are no angles, and use qml.math or NumPy for functions of them",
    )


def labels_in_order(wires: Iterable[Any], device: Any, wire_order: Iterable[Hashable] | None) -> list[Hashable]:
    """The wires' labels in the order of qdl's wires; refused where none is given and labels have none of their own."""
    used = list(wires)
    if wire_order is not None:
        labels: list[Hashable] = [wire_order] if isinstance(wire_order, str) else list(wire_order)
        if len(set(labels)) != len(labels):
            raise CircuitError("the order of the wires names one twice", got=labels)
    elif device is not None and device.wires is not None:
        labels = list(device.wires)
    elif all(isinstance(label, (int, np.integer)) and not isinstance(label, bool) and label >= 0 for label in used):
        return list(range(max(used, default=-1) + 1))
    elif len(used) == 1:
        return used
    else:
        raise CircuitError(
            "the labels of the wires have no order of their own",
            got=used,
            do="pass wire_order=",
        )
    missing = [label for label in used if label not in labels]
    if missing:
        raise CircuitError("the order of the wires lacks some", got=f"{labels} without {missing}", expected=used)
    return labels


def _operations(tape: Any, wires: Mapping[Hashable, int]) -> list[Operation]:
    """The tape's operations, measurements in the middle under their names."""
    names = _names(tape)
    read = _read(tape)
    found: list[Operation] = []
    for op in tape.operations:
        if (op.batch_size or 1) > 1:
            got = f"{op.name} with {op.batch_size} samples"
            remedy = "pass a Param in its place, and the batch as its value"
            raise CircuitError("a circuit holds no batch", got=got, do=remedy)
        if op.name == "MidMeasureMP" and op.reset and op.postselect is None and op.meas_uid not in read:
            found.append(Operation(channel("reset"), (), tuple(wires[label] for label in op.wires)))
            continue
        try:
            found += [_plain(inner) for inner in translate(op, wires, bits=names)]
        except QdlError:
            raise
        except Exception as error:
            raise UnsupportedError(
                f"the operator {op.name!r} cannot be translated", got=f"{type(error).__name__}: {error}"[:200]
            ) from error
    return found


def _plain(op: Operation) -> Operation:
    """The operation without symbols."""
    if not any(isinstance(angle, Expr) for angle in op.angles):
        return op
    return Operation(op.gate, tuple(map(plain, op.angles)), op.wires, op.condition, op.bit)


def _read(tape: Any) -> Counter[str]:
    """How often each measurement in the middle is asked for: by conditions, and by what is measured at the end."""
    values = [op.meas_val for op in tape.operations if op.name.startswith("Conditional(")]
    for mp in tape.measurements:
        if mp.mv is not None:
            values += mp.mv if isinstance(mp.mv, (list, tuple)) else [mp.mv]
    return Counter(m.meas_uid for v in values for m in v.measurements)


def _names(tape: Any) -> dict[str, str]:
    """A bit's name for each measurement in the middle: the one that `to_pennylane` gave it, else m0, m1, ...

    A name is used again, as a bit is measured again, once nobody asks for what it held before.
    """
    left = _read(tape)
    owner: dict[str, str] = {}
    found: dict[str, str] = {}
    for op in tape.operations:
        if op.name.startswith("Conditional("):
            left.subtract(m.meas_uid for m in op.meas_val.measurements)
        elif op.name == "MidMeasureMP":
            stem = str(op.meas_uid).partition(":")[0] if ":" in str(op.meas_uid) else ""
            name = stem if stem.isidentifier() else _fresh("m", found)
            if name in owner and left[owner[name]] > 0:
                name = _fresh(f"{name}_", found)
            found[op.meas_uid], owner[name] = name, op.meas_uid
    return found


def _fresh(stem: str, found: Mapping[str, str]) -> str:
    k = sum(name.startswith(stem) for name in found.values())
    while f"{stem}{k}" in found.values():
        k += 1
    return f"{stem}{k}"
