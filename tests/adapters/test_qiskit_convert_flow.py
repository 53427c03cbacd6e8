"""Conditions, switches, loops, variables and classical expressions of Qiskit are read as circuits written by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter
from qiskit.circuit.classical import expr, types

import qdl
from qdl.errors import QdlError
from tests.adapters.qiskit_branches import distribution

A, F = ClassicalRegister(2, "a"), ClassicalRegister(1, "f")


def theirs() -> QuantumCircuit:
    """Three qubits, three bits measured of the first two."""
    circuit = QuantumCircuit(QuantumRegister(3, "q"), A, F)
    circuit.ry(0.7, 0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], A)
    return circuit


def ours() -> qdl.Circuit:
    return qdl.Circuit(3).ry(0.7, 0).cx(0, 1).measure([0, 1], ["a_0", "a_1"])


def check(circuit: QuantumCircuit, *branches: tuple[set[str], Callable[[qdl.Circuit], object]]) -> None:
    """The circuit reads as ours followed by branches: for which values of a_1 a_0 what happens."""
    read, expected = qdl.Circuit.from_qiskit(circuit), ours()
    for accepted, happens in branches:
        rest = sorted(int(value, 2) for value in accepted)
        found = qdl.ir.bits.Condition(("a_1", "a_0"), frozenset(rest))
        with expected.if_(found):
            happens(expected)
    assert [(op.gate, op.angles, op.wires) for op in read.operations] == [
        (op.gate, op.angles, op.wires) for op in expected.operations
    ]
    for got, want in zip(read.operations, expected.operations, strict=True):
        for number in range(4):
            values = {"a_1": number >> 1, "a_0": number & 1}
            assert (got.condition is None or got.condition.holds(values)) == (
                want.condition is None or want.condition.holds(values)
            ), f"{got} at {values}"


def test_else_and_registers() -> None:
    circuit = theirs()
    with circuit.if_test((A, 2)) as otherwise:
        circuit.x(2)
    with otherwise:
        circuit.ry(0.5, 2)
    with circuit.if_test((A[1], 0)):
        circuit.h(0)
    check(
        circuit,
        ({"10"}, lambda c: c.x(2)),
        ({"00", "01", "11"}, lambda c: c.ry(0.5, 2)),
        ({"00", "01"}, lambda c: c.h(0)),
    )


def test_blocks_inside_blocks() -> None:
    circuit = theirs()
    with circuit.if_test((A[0], 1)):
        with circuit.if_test((A[1], 0)) as otherwise:
            circuit.x(2)
        with otherwise:
            circuit.h(2)
        circuit.z(2)
    check(
        circuit,
        ({"01"}, lambda c: c.x(2)),
        ({"11"}, lambda c: c.h(2)),
        ({"01", "11"}, lambda c: c.z(2)),
    )


def test_switches_take_the_first_case_that_fits() -> None:
    circuit = theirs()
    with circuit.switch(A) as case:
        with case(0):
            circuit.x(2)
        with case(1, 3):
            circuit.ry(0.3, 2)
        with case(case.DEFAULT):
            circuit.z(2)
    check(
        circuit,
        ({"00"}, lambda c: c.x(2)),
        ({"01", "11"}, lambda c: c.ry(0.3, 2)),
        ({"10"}, lambda c: c.z(2)),
    )


def test_loops_are_unrolled() -> None:
    circuit = theirs()
    with circuit.for_loop(range(1, 6, 2)) as k, circuit.for_loop((0, 2)) as j:
        circuit.rx(k * 0.3 + j, 2)
    with circuit.for_loop(range(2)), circuit.if_test((A[1], 1)):
        circuit.h(2)
    read = qdl.Circuit.from_qiskit(circuit)
    angles = [op.angles[0] for op in read.operations if op.gate.name == "rx"]
    assert angles == pytest.approx([0.3, 2.3, 0.9, 2.9, 1.5, 3.5])
    assert [repr(op) for op in read.operations[-2:]] == ["if (a_1) in {1}: h 2"] * 2


def test_loops_keep_symbols() -> None:
    theta = Parameter("theta")
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(3)) as k:
        circuit.rx(k * theta, 0)
    read = qdl.Circuit.from_qiskit(circuit)
    assert [op.angles[0].evaluate({"theta": [0.5]}) for op in read.operations] == [0.0, 0.5, 1.0]


UINT = types.Uint(2)
EXPRESSIONS = {
    "not": (lambda: expr.logic_not(A[0]), {"00", "10"}),
    "and": (lambda: expr.logic_and(A[0], A[1]), {"11"}),
    "or": (lambda: expr.logic_or(A[0], expr.equal(A, 2)), {"01", "10", "11"}),
    "xor of bits": (lambda: expr.bit_xor(A[0], A[1]), {"01", "10"}),
    "complement": (lambda: expr.equal(expr.bit_not(A), 1), {"10"}),
    "less": (lambda: expr.less(A, 2), {"00", "01"}),
    "greater or equal": (lambda: expr.greater_equal(A, 2), {"10", "11"}),
    "not equal": (lambda: expr.not_equal(expr.bit_and(A, 2), 2), {"00", "01"}),
    "index": (lambda: expr.index(A, 1), {"10", "11"}),
    "shift out of a width": (lambda: expr.equal(expr.shift_left(A, 1), 2), {"01", "11"}),
    "shift right": (lambda: expr.equal(expr.shift_right(A, 1), 1), {"10", "11"}),
    "sum that wraps": (lambda: expr.equal(expr.add(A, expr.lift(3, UINT)), 0), {"01"}),
    "difference that wraps": (lambda: expr.equal(expr.sub(expr.lift(0, UINT), A), 3), {"01"}),
    "product": (lambda: expr.equal(expr.mul(A, expr.lift(2, UINT)), 2), {"01", "11"}),
    "cast": (lambda: expr.cast(A, types.Bool()), {"01", "10", "11"}),
    "bit that nothing measures": (lambda: expr.logic_or(A[0], F[0]), {"01", "11"}),
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_classical_expression_is_read(name: str) -> None:
    make, accepted = EXPRESSIONS[name]
    circuit = theirs()
    with circuit.if_test(make()):
        circuit.x(2)
    check(circuit, (accepted, lambda c: c.x(2)))


def test_variables_keep_what_was_stored_and_are_changed_in_branches() -> None:
    circuit = theirs()
    flipped = circuit.add_var("flipped", expr.bit_not(A))
    with circuit.if_test(expr.greater(flipped, 2)):  # a is 00
        circuit.store(flipped, expr.lift(1, UINT))
    with circuit.if_test(expr.equal(flipped, 1)):  # a was 10, or 00
        circuit.x(2)
    check(circuit, ({"10", "00"}, lambda c: c.x(2)))


def test_boxes_and_instructions_with_measurements_are_opened() -> None:
    inner = QuantumCircuit(2, 1)
    inner.h(1)
    inner.measure(1, 0)
    circuit = QuantumCircuit(3, 2)
    with circuit.box():
        circuit.x(0)
    circuit.append(inner.to_instruction(), [2, 0], [1])
    read = qdl.Circuit.from_qiskit(circuit)
    assert [repr(op) for op in read.operations] == ["x 0", "h 0", "measure 0 -> c_1"]


def test_a_branch_may_measure_what_decides_at_its_end() -> None:
    circuit = QuantumCircuit(2, 1)
    circuit.ry(0.7, 0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.ry(0.4, 1)
        circuit.measure(1, 0)
    with otherwise:
        circuit.x(1)
    read = qdl.Circuit.from_qiskit(circuit)
    assert [repr(op) for op in read.operations[2:]] == [
        "if (c) in {0}: x 1",
        "if (c) in {1}: ry(0.4) 1",
        "if (c) in {1}: measure 1 -> c",
    ]


def test_registers_that_overlap_are_one_set_of_bits() -> None:
    low = ClassicalRegister(2, "low")
    circuit = QuantumCircuit(QuantumRegister(2), low, ClassicalRegister(name="both", bits=[*low, Clbit()]))
    circuit.h(0)
    circuit.measure([0, 1], [2, 0])
    with circuit.if_test((circuit.cregs[1], 4)):
        circuit.x(1)
    read = qdl.Circuit.from_qiskit(circuit)
    assert read.bits == ("both_2", "low_0")
    condition = read.operations[-1].condition
    assert condition is not None
    assert condition.holds({"both_2": 1, "low_0": 0})
    assert not condition.holds({"both_2": 1, "low_0": 1})


@pytest.mark.parametrize("seed", range(5))
def test_feedback_gives_the_same_there_and_back(seed: int) -> None:
    """Written for Qiskit, and carried out there branch by branch."""
    made = qdl.Circuit(3)
    for wire in range(3):
        made.ry(0.5 + 0.3 * seed + 0.4 * wire, wire)
    made.cx(0, 2).measure([0, 2], ["c_1", "m"])
    with made.if_(("m",), seed % 2):
        made.ry(0.9, 1).cx(1, 0)
    with made.if_(("c_1", "m"), "10"):
        made.x(1)
    made.measure(1, "c_0")
    written = made.to_qiskit()
    names = ["c_0", "c_1", "m"]
    order = [name for register in written.cregs for name in (["m"] if register.name == "m" else ["c_0", "c_1"])]
    expected = qdl.probs(made, wires=names).reshape(2, 2, 2)
    for condition in (i.operation for i in written.data if i.name == "if_else"):
        assert condition.blocks[0].num_qubits < 3, "a branch of more qubits than it touches"
    found = distribution(written)
    for bits, p in found.items():
        values = dict(zip(order, bits, strict=True))
        assert p == pytest.approx(float(expected[tuple(values[name] for name in names)]), abs=1e-6)
    assert qdl.Circuit.from_qiskit(written) == made


def _given() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    flag = circuit.add_input("flag", types.Bool())
    with circuit.if_test(flag):
        circuit.x(0)
    return circuit


def _broken() -> QuantumCircuit:
    circuit = theirs()
    with circuit.for_loop(range(3)):
        circuit.x(2)
        with circuit.if_test((A[0], 1)):
            circuit.break_loop()
    return circuit


def _stored() -> QuantumCircuit:
    circuit = theirs()
    circuit.store(A[0], True)
    return circuit


def _gone() -> QuantumCircuit:
    circuit = theirs()
    flag = circuit.add_var("flag", A[0])
    circuit.measure(2, A[0])
    with circuit.if_test(flag):
        circuit.x(2)
    return circuit


def _long() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    with circuit.for_loop(range(10**9)):
        circuit.x(0)
    return circuit


REFUSED = {
    "input": (_given, "from outside"),
    "break": (_broken, "'break_loop'"),
    "store into a bit": (_stored, "an assignment to measured bits"),
    "overwritten": (_gone, "a_0 is measured again"),
    "long loop": (_long, "too long"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_followed_is_refused(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises(QdlError, match=message):
        qdl.Circuit.from_qiskit(make())
