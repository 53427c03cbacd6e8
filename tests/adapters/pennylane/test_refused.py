"""What PennyLane and qdl cannot say to each other is refused with one clear error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch

from qdl.errors import CircuitError, QdlError, UnsupportedError, ValuesError
from qdl.ir import Circuit, Operation, Param
from qdl.ir.channels import Measure
from tests.adapters.pennylane.functions import layer


def asked(function: Any, *args: Any, **kwargs: Any) -> Any:
    return lambda: Circuit.from_pennylane(function, *args, **kwargs)


def noisy_reading() -> Circuit:
    return Circuit(1)._add(Operation(Measure(noisy=True), (0.1, 0.2), (0,), bit="m"))


def conditional_measurement() -> Circuit:
    circuit = Circuit(2).measure(0, "m")
    with circuit.if_("m"):
        circuit.measure(1, "n")
    return circuit


T = Param("t")


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (
            asked(lambda: (qml.X("a"), qml.Z("b"))),
            CircuitError,
            r"no order of their own: got \['a', 'b'\]; pass wire_ord",
        ),
        (asked(lambda: qml.CNOT([0, -1])), CircuitError, "no order of their own"),
        (asked(lambda: qml.CNOT([0, 1]), wire_order=[0, 0]), CircuitError, "names one twice"),
        (asked(lambda: qml.CNOT([0, 1]), wire_order=[0, 2]), CircuitError, "lacks some"),
        (asked(lambda: qml.RX(np.ones(3), 0)), CircuitError, "no batch: got RX with 3 samples"),
        (asked(lambda x: qml.RX(x, 0), torch.ones((), requires_grad=True)), CircuitError, "tensor with a gradient"),
        (asked(lambda x: qml.RX(x, 0) if x > 0 else None, T), CircuitError, "a comparison is needed.*got t"),
        (asked(lambda x: qml.RX(0.1, wires=int(x)), T), CircuitError, "a number is needed"),
        (asked(lambda x: qml.RX(torch.sin(x), 0), T), CircuitError, "cannot be followed with Params.*TypeError"),
        (asked(lambda x: qml.QubitUnitary(np.array([[np.cos(x), 0], [0, 1]]), 0), T), CircuitError, "number is needed"),
        (asked(lambda: qml.measure(0, postselect=1)), CircuitError, "postselect=1"),
        (asked(lambda: qml.Displacement(0.1, 0.2, wires=0)), UnsupportedError, "'Displacement' cannot be translated"),
        (asked(lambda: (qml.X(0), qml.StatePrep([1, 0], wires=0))), CircuitError, "prepare needs fresh wires"),
        (asked(qml.tape.QuantumScript([qml.X(0)]), 3), CircuitError, "a tape takes no arguments"),
        (asked(3), CircuitError, "cannot be read: got int"),
        (noisy_reading().to_pennylane, UnsupportedError, "no readout error of a measurement inside a circuit"),
        (conditional_measurement().to_pennylane, UnsupportedError, "measurement depend on a measured bit"),
        (Circuit(1).rx(Param("wires")[0], 0).to_pennylane, CircuitError, "hides the wires"),
    ],
)
def test_refused_when_a_circuit_is_converted(ask: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        ask()


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        ((), {}, CircuitError, r"no value for some Params: got none for \['x', 'theta'\], expected \(x, theta\)"),
        (([1, 2], [1, 2, 3], 4), {}, CircuitError, "too many values: got 3"),
        (([1, 2],), {"x": [1, 2], "theta": [1, 2, 3]}, CircuitError, r"\['x'\] have two values"),
        (([1, 2],), {"phi": 3}, CircuitError, r"there are no Params \['phi'\]"),
        (
            ([1, 2], [1, 2]),
            {},
            ValuesError,
            r"'theta' does not fit: got shape \(2,\), expected shape \(3,\) or \(batch, 3",
        ),
        (([1, 2], 0.3), {}, ValuesError, "'theta' does not fit"),
        (([1, 2], "abc"), {}, ValuesError, "'theta' does not fit"),
        ((np.ones((2, 2, 2)), [1, 2, 3]), {}, ValuesError, "broadcasts one dimension"),
        ((np.ones((4, 2)), np.ones((5, 3))), {}, ValuesError, "batches .* do not fit each other: got x: 4, theta: 5"),
        (([1, 2], [1, 2, 3]), {"wires": [0, 1]}, CircuitError, "the wires do not fit"),
        (([1, 2], [1, 2, 3]), {"wires": [0, 1, 1]}, CircuitError, "3 different labels"),
    ],
)
def test_refused_when_a_function_is_called(args: Any, kwargs: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message), qml.queuing.AnnotatedQueue():
        layer()[0].to_pennylane()(*args, **kwargs)


def test_a_call_without_a_qnode_is_refused() -> None:
    with pytest.raises(CircuitError, match="call it inside a QNode"):
        Circuit(1).x(0).to_pennylane()()


def test_a_batch_of_one_is_a_number() -> None:
    assert Circuit.from_pennylane(lambda: qml.RX(np.array([0.3]), wires=0)) == Circuit(1).rx(0.3, 0)


def test_batches_of_strengths_are_refused() -> None:
    function = Circuit(1).channel("bit_flip", Param("p")[0], wires=0).to_pennylane()
    with pytest.raises(UnsupportedError, match="no batch of strengths"), qml.queuing.AnnotatedQueue():
        function(np.array([0.1, 0.2]))
