"""Written OpenQASM: read back by qdl it is the same circuit, read by Qiskit the same unitary."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.quantum_info import Operator
from scipy.linalg import expm

from qdl.errors import QasmError
from qdl.ir import TABLE, Circuit, Param, X, Y, Z, cos, gates, sin
from qdl.ir.gates import Composite, Prepare
from qdl.ir.qasm import from_qasm, to_qasm
from qdl.ir.qasm.inputs import is_entry
from tests import peers
from tests.strategies import case, unitary

ROWS = sorted(TABLE)
WRITTEN = [name for name in ROWS if name != "rv"]  # with free angles
x, theta = Param("x", 3), Param("theta", 4)
LEGACY: dict[str, Any] = {
    "custom_instructions": qasm2.LEGACY_CUSTOM_INSTRUCTIONS,
    "include_path": qasm2.LEGACY_INCLUDE_PATH,
}


def matrix(theirs: QuantumCircuit) -> np.ndarray:
    return peers.flip(Operator(theirs).data)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def placed(name: str, angles: Any, **controls: Any) -> Circuit:
    """The gate on scattered wires in descending order, after gates that make any mix-up of wires visible."""
    row = TABLE[name]
    count = row.wires + len(controls.get("controls", ())) + 1
    return Circuit(count).h(0).t(count - 1).gate(row, *angles, *range(row.wires, 0, -1), **controls)


def some_angles(name: str) -> list[float]:
    return np.random.default_rng(3).uniform(-4, 4, len(TABLE[name].angles)).tolist()


@pytest.mark.parametrize("name", ROWS)
def test_every_row_reads_back(name: str) -> None:
    c = placed(name, some_angles(name))
    text = to_qasm(c)
    same(matrix(qasm3.loads(text)), c.matrix())
    if name == "rv":
        c = from_qasm(text)  # a phase and U
        same(c.matrix(), placed(name, some_angles(name)).matrix())
    assert from_qasm(to_qasm(c)) == c


@pytest.mark.parametrize("name", WRITTEN)
def test_every_row_reads_back_with_inputs(name: str) -> None:
    row, values = TABLE[name], some_angles(name)
    c = placed(name, [2 * theta[k] - 0.5 for k in range(len(row.angles))])
    text = to_qasm(c)
    assert from_qasm(text) == c
    theirs = qasm3.loads(text)
    values = [*values, *[0.0] * 4][:4]
    bound = {param: values[int(param.name.rpartition("_")[2])] for param in theirs.parameters}
    same(matrix(theirs.assign_parameters(bound)), c.matrix({"theta": values}))


@pytest.mark.parametrize("name", [name for name in ROWS if name != "gphase"])
def test_every_row_reads_back_in_version_2(name: str) -> None:
    c = placed(name, some_angles(name))
    text = to_qasm(c, 2)
    for how in ({}, LEGACY):
        same(matrix(qasm2.loads(text, **how)), c.matrix())
    same(from_qasm(text).matrix(), c.matrix())


@pytest.mark.parametrize("values", ["1", "01", "100"])
@pytest.mark.parametrize("name", [name for name in ROWS if TABLE[name].wires <= 2])
def test_every_controlled_row_reads_back(name: str, values: str) -> None:
    row = TABLE[name]
    controls = [0, *range(row.wires + 1, row.wires + len(values))]
    c = placed(name, some_angles(name), controls=controls, values=values)
    text = to_qasm(c)
    again = from_qasm(text)
    if name == "rv":
        same(again.matrix(), c.matrix())
    else:
        assert again == c
    assert from_qasm(to_qasm(again)) == again
    same(matrix(qasm3.loads(text)), c.matrix())


@pytest.mark.parametrize("values", ["1", "01", "100", "1111"])
@pytest.mark.parametrize("name", ["x", "y", "z", "s", "tdg", "sx", "sxdg", "p", "u1", "gphase"])
def test_controlled_phases_and_their_like_are_written_in_version_2(name: str, values: str) -> None:
    row = TABLE[name]
    controls = [0, *range(row.wires + 1, row.wires + len(values))]
    c = placed(name, some_angles(name), controls=controls, values=values)
    same(matrix(qasm2.loads(to_qasm(c, 2))), c.matrix())


@pytest.mark.parametrize("seed", range(30))
def test_random_circuits_read_back(seed: int) -> None:
    draw = Random(seed)
    made = case(draw, 4, 15, gates=WRITTEN, batches=[()], prepared=False)
    c = made.circuit
    text = to_qasm(c)
    assert from_qasm(text) == c
    assert to_qasm(from_qasm(text)) == text
    values = {name: value.tolist() for name, value in made.own().items()}
    bound = Circuit(4).append(c, range(4), values)
    same(matrix(qasm3.loads(to_qasm(bound))), c.matrix(values))


@pytest.mark.parametrize("letters", ["X", "YZ", "ZXY", "XYZX", "YXZZY", "ZZXYXY"])
def test_evolutions_read_back(letters: str) -> None:
    makers = {"X": X, "Y": Y, "Z": Z}
    word = 0.3 * makers[letters[0]](5)
    for wire, letter in enumerate(letters[1:]):
        word = word @ makers[letter](wire)
    c = Circuit(6).h(0).evolve(word, theta[0] * x[1])
    assert from_qasm(to_qasm(c)) == c
    bound = Circuit(6).evolve(word, 0.7)
    same(matrix(qasm3.loads(to_qasm(bound))), expm(-0.7j * word.matrix(6)))
    same(matrix(qasm2.loads(to_qasm(bound, 2))), expm(-0.7j * word.matrix(6)))


@pytest.mark.parametrize("seed", range(10))
def test_one_wire_unitaries_are_written_with_their_phase(seed: int) -> None:
    u = unitary(np.random.default_rng(seed), 2)
    for c in (Circuit(2).unitary(u, 1), Circuit(3).h(0).gate(gates.unitary(u), 1, controls=[2, 0], values="01")):
        same(matrix(qasm3.loads(to_qasm(c))), c.matrix())
        again = from_qasm(to_qasm(c))
        same(again.matrix(), c.matrix())
        assert from_qasm(to_qasm(again)) == again


@pytest.mark.parametrize("u", [np.eye(2), [[0, 1], [1, 0]], [[0, 1j], [-1, 0]], [[1, 0], [0, 1j]], [[-1, 0], [0, -1]]])
def test_unitaries_with_zeros(u: Any) -> None:
    c = Circuit(1).unitary(u, 0)
    same(from_qasm(to_qasm(c)).matrix(), c.matrix())


def test_dense_evolution_on_one_wire_is_written_when_its_time_is_known() -> None:
    c = Circuit(2).evolve(X(1) + Z(1), 0.3)
    same(matrix(qasm3.loads(to_qasm(c))), c.matrix())


def test_defined_gates_keep_their_names() -> None:
    text = "OPENQASM 3.0; gate outer(b, a) p, q { ctrl @ U(a, b, 0.1) q, p; inner(a*b) p; }"
    text = text.replace("gate outer", "gate inner(c) p { U(c, 0, 0) p; gphase(c); } gate outer")
    c = from_qasm(text + " input float t; qubit[2] q; outer(t, 2*t) q[1], q[0];")
    again = from_qasm(to_qasm(c))
    assert again == c
    assert [op.gate.name for op in again.operations] == ["outer"]
    values = {"t": [0.3]}
    same(again.matrix(values), c.matrix(values))


def test_gates_whose_name_is_taken_are_renamed() -> None:
    mine = Composite("h", 1, ("a",), lambda a: [("rx", (a,), (0,))])
    other = Composite("my gate", 1, (), lambda: [("x", (), (0,))])
    c = Circuit(1).h(0).gate(mine, 0.3, 0).gate(other, 0)
    text = to_qasm(c)
    same(matrix(qasm3.loads(text)), c.matrix())
    same(from_qasm(text).matrix(), c.matrix())


PARAMS = [
    [Param("t")],  # a gate's name
    [Param("pi")],
    [Param("gate"), Param("input", 2)],
    [Param("a")],
    [Param("a_0"), Param("a", 2), Param("a_1", 3)],
    [Param("a_00"), Param("a_1")],
    [Param("q"), Param("theta"), Param("q0")],
    [Param("λ", 2), Param("β_0")],
    [Param("_"), Param("__0"), Param("_x", 2)],
    [Param("lambda"), Param("U"), Param("rxx")],
]


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_params_keep_their_names_and_sizes(params: list[Param]) -> None:
    c = Circuit(2)
    for param in params:
        c.rxx(param[param.size - 1], 0, 1).rx(param[0], 1)
    again = from_qasm(to_qasm(c))
    assert again.params == c.params == tuple(params)
    assert again == c
    theirs = qasm3.loads(to_qasm(c))
    assert len(theirs.parameters) == sum(param.size for param in params)


def test_only_an_entry_of_a_vector_reads_as_one() -> None:
    assert [is_entry(name) for name in ("a_0", "a_b_12", "a_01", "a", "_0", "a0")] == [True, True, False] + [False] * 3


@pytest.mark.parametrize("seed", range(5))
def test_numbers_keep_every_digit(seed: int) -> None:
    draw = np.random.default_rng(seed)
    numbers = [*draw.normal(size=20), *(draw.integers(-40, 40, 20) * math.pi / draw.choice([1, 2, 3, 4, 6, 8, 12], 20))]
    numbers += [0.1, -1e-300, 1e300, 5e-324, 2.0**53, -0.0, 1e15, 1e16, math.pi, math.nextafter(math.pi, 4)]
    c = Circuit(1)
    for number in numbers:
        c.rx(float(number), 0).rx(float(number) * x[0] + 1, 0)
    assert from_qasm(to_qasm(c)) == c


def test_short_fractions_of_pi_are_written_as_such() -> None:
    text = to_qasm(Circuit(1).rx(math.pi, 0).rx(-math.pi / 2, 0).rx(3 * math.pi / 4, 0).rx(0.5, 0).rx(2 * math.pi, 0))
    angles = [line[3 : line.index(")")] for line in text.splitlines() if line.startswith("rx")]
    assert angles == ["pi", "-pi/2", "3*pi/4", "0.5", "2*pi"]


@pytest.mark.parametrize(
    "angle",
    [
        x[0] - (x[1] + x[2]),
        x[0] + (x[1] - x[2]),
        1 + (x[1] - x[0]),
        1 + (-x[0] + x[1]),
        1 - x[0] * (2 - x[1]),
        -(x[0] * x[1]),
        (-x[0]) * x[1],
        -(x[0] ** 2),
        (-x[0]) ** 2,
        x[0] ** (x[1] ** 2),
        (x[0] ** x[1]) ** 2,
        2 ** x[0],
        x[0] / (x[1] / x[2]),
        x[0] / x[1] / x[2],
        1 / (x[0] * x[1]),
        math.pi * x[0] - math.pi,
        -0.5 * (x[0] + x[1]) ** -1.5,
        sin(x[0] + 1) * cos(-x[1]) ** 2,
        (x[0] + 1) * (x[1] - 1) - (x[2] - x[0]),
        -(-(x[0] + 1) + x[1]),
    ],
    ids=str,
)
def test_expressions_keep_their_structure(angle: Any) -> None:
    c = Circuit(1).rx(angle, 0)
    assert from_qasm(to_qasm(c)) == c


REFUSED = {
    "dense": (Circuit(2).unitary(np.eye(4), 0, 1), "the gate 'unitary'.*dense matrix on 2 wires"),
    "dense under control": (Circuit(3).gate(gates.unitary(np.eye(4)), 0, 1, controls=[2]), "the gate 'unitary'"),
    "rv": (Circuit(1).rv(x[0], 0.1, 0.2, 0), "the gate 'rv'.*free angles"),
    "rv under control": (Circuit(2).rv(x[0], 0.1, 0.2, 0, controls=[1]), "the gate 'rv'.*free angles"),
    "prepare": (Circuit(1).prepare([1, 0], 0), "cannot prepare"),
    "evolution": (Circuit(2).evolve(X(0) + Z(0) @ Z(1), 0.3), "the gate 'evolution'"),
    "evolution on one wire": (Circuit(1).evolve(X(0) + Z(0), theta[0]), "the gate 'evolution'.*free angles"),
    "inside": (
        Circuit(2).gate(Composite("mine", 2, (), lambda: [(Prepare(1), (1.0, 0.0), (0,))]), 0, 1),
        "cannot prepare",
    ),
    "a name": (Circuit(1).rx(Param("a·b"), 0), "'a·b' has no name in OpenQASM"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_openqasm_cannot_say_is_refused(name: str) -> None:
    c, message = REFUSED[name]
    with pytest.raises(QasmError, match=message):
        to_qasm(c)


@pytest.mark.parametrize(
    ("c", "message"),
    [
        (Circuit(1).rx(theta[0], 0), "has no inputs: got the Params theta"),
        (Circuit(1).gphase(0.3), "has no global phase"),
        (Circuit(1).unitary([[1j, 0], [0, 1j]], 0), "has no global phase"),
        (Circuit(3).ry(0.3, 0, controls=[1, 2]), "OpenQASM 2 has no controls of the gate 'ry'"),
    ],
)
def test_what_version_2_cannot_say_is_refused(c: Circuit, message: str) -> None:
    with pytest.raises(QasmError, match=message):
        to_qasm(c, 2)


@pytest.mark.parametrize("version", [1, 4, "3", None])
def test_other_versions_are_refused(version: Any) -> None:
    with pytest.raises(QasmError, match="no such version"):
        to_qasm(Circuit(1), version)


def test_a_circuit_without_gates() -> None:
    for version in (2, 3):
        assert from_qasm(to_qasm(Circuit(3), version)) == Circuit(3)


def test_the_methods_of_a_circuit() -> None:
    c = Circuit(2).ry(x[0], 1).cx(1, 0)
    assert Circuit.from_qasm(c.to_qasm()) == c
    assert c.to_qasm() == to_qasm(c)
    assert Circuit(1).x(0).to_qasm(version=2).startswith("OPENQASM 2.0;")
