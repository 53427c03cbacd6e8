"""What OpenQASM says and what is read; faults are in test_qasm_refused.py."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Operator

from qdl.ir import TABLE, Circuit, Param, sin
from qdl.ir.gates import controlled
from qdl.ir.qasm import from_qasm
from qdl.ir.qasm.libraries import LIBRARIES, STDGATES, library_gate
from tests import peers

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'


def read(text: str) -> Circuit:
    return from_qasm(HEAD + text)


def angle(text: str, declared: str = "") -> object:
    """The angle that an expression is read as."""
    (op,) = read(f"{declared} qubit q; rx({text}) q;").operations
    return op.angles[0]


def like_qiskit(text: str) -> None:
    """Both readers must see the same unitary."""
    expected = peers.flip(Operator(qasm3.loads(text)).data)
    np.testing.assert_allclose(from_qasm(text).matrix(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(STDGATES))
def test_every_gate_of_stdgates_is_qiskits(name: str) -> None:
    row = TABLE[STDGATES[name]]
    inner = ", ".join(["0.7", "-1.3", "2.1", "0.4"][: len(row.angles)])
    wires = ", ".join(f"q[{wire}]" for wire in range(row.wires, 0, -1))
    like_qiskit(f"{HEAD}qubit[5] q; h q; {name}{f'({inner})' if inner else ''} {wires};")


def test_u_is_the_row_u() -> None:
    like_qiskit(HEAD + "qubit q; U(0.3, 0.5, 0.7) q;")
    assert read("qubit q; U(0.3, 0.5, 0.7) q;") == Circuit(1).u(0.3, 0.5, 0.7, 0)


def test_registers_follow_each_other_in_order_of_declaration() -> None:
    c = read("qubit[2] a; qubit b; qreg c[2]; x a[1]; y b; z c[0]; h c[1];")
    assert c == Circuit(5).x(1).y(2).z(3).h(4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("h q;", Circuit(5).h(0).h(1).h(2)),
        ("cx q, r[0];", Circuit(5).cx(0, 3).cx(1, 3).cx(2, 3)),
        ("cx r, q[0:1];", Circuit(5).cx(3, 0).cx(4, 1)),
        ("ccx q[0], r, q[1:2];", Circuit(5).ccx(0, 3, 1).ccx(0, 4, 2)),
        ("x q[-1];", Circuit(5).x(2)),
        ("x q[0:2:2];", Circuit(5).x(0).x(2)),
        ("x q[2:-1:1];", Circuit(5).x(2).x(1)),
        ("x q[1:-1];", Circuit(5).x(1).x(2)),
        ("x q[:1];", Circuit(5).x(0).x(1)),
        ("x q[{2, 0}];", Circuit(5).x(2).x(0)),
        ("const int k = 1; x q[2*k];", Circuit(5).x(2)),
        ("barrier q; barrier q[0], r; x q[0];", Circuit(5).x(0)),
        ("gphase(0.5);", Circuit(5).gphase(0.5)),
        ("// nothing\n/* at { all\n */ x q[0]; // x q[1];", Circuit(5).x(0)),
    ],
)
def test_broadcasting_slices_and_what_has_no_effect(text: str, expected: Circuit) -> None:
    assert read(f"qubit[3] q; qubit[2] r; {text}") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("pi/2", math.pi / 2),
        ("-3*pi/4", -3 * math.pi / 4),
        ("τ - tau + π + ℇ - euler", math.pi),
        ("2**3**2", 512),
        ("-2**2", -4),
        ("(1 + 2)*3 - 8/4", 7),
        ("7.0/2", 3.5),
        ("2**-1", 0.5),
        ("1e3 + .5", 1000.5),
        ("0x10 + 0b11 + 1_000", 1019),
        ("sin(1)*cos(2) + tan(0.3) - exp(0.1)", math.sin(1) * math.cos(2) + math.tan(0.3) - math.exp(0.1)),
        ("log(2) + ln(3) + sqrt(2)", math.log(6) + math.sqrt(2)),
        ("arcsin(0.1) + arccos(0.2) - arctan(3)", math.asin(0.1) + math.acos(0.2) - math.atan(3)),
        ("10**300*1.0", 1e300),
    ],
)
def test_expressions_have_their_values(text: str, value: float) -> None:
    assert angle(text) == pytest.approx(value, rel=1e-14)


def test_constants() -> None:
    declared = "const float a = pi/2; const int n = 3; const angle[20] b = a*n; const uint[8] k = 2**n;"
    assert angle("b + k", declared) == 3 * math.pi / 2 + 8
    assert read("const int n = 3; qubit[n - 1] q; x q[n - 2];") == Circuit(2).x(1)


def test_inputs_are_params() -> None:
    x, t = Param("x", 3), Param("t")
    declared = "input float[64] x_0; input angle t; input float x_2; input angle[16] x_1;"
    assert angle("2*x_0 - x_1*sin(x_2)/t", declared) == 2 * x[0] - x[1] * sin(x[2]) / t[0]


def test_input_names_become_vectors_only_if_their_numbers_are_complete() -> None:
    assert angle("a_1", "input float a_1; input float a_2;") == Param("a_1")[0]
    assert angle("a_0", "input float a_0;") == Param("a", 1)[0]
    assert angle("a_00", "input float a_00;") == Param("a_00")[0]
    assert angle("a_b_1", "input float a_b_0; input float a_b_1;") == Param("a_b", 2)[1]
    assert angle("θ_1", "input float θ_1; input float θ_0;") == Param("θ", 2)[1]


def test_an_input_may_have_the_name_of_a_gate() -> None:
    assert read("input float t; qubit q; t q; rx(t) q;") == Circuit(1).t(0).rx(Param("t"), 0)


def test_an_input_that_nothing_uses_is_no_param() -> None:
    assert read("input float a; input float b; qubit q; rx(b) q;").params == (Param("b"),)


@pytest.mark.parametrize(
    "text",
    [
        "ctrl @ ry(0.3) q[2], q[0];",
        "negctrl @ ctrl(2) @ rz(0.4) q[1], q[3], q[0], q[2];",
        "ctrl @ negctrl(2) @ h q[1], q[3], q[0], q[2];",
        "inv @ U(0.1, 0.2, 0.3) q[1];",
        "ctrl @ inv @ U(0.1, 0.2, 0.3) q[1], q[3];",
        "inv @ ctrl @ sx q[1], q[3];",
        "pow(3) @ t q[0]; pow(-2) @ sx q[1]; pow(2) @ inv @ cu(0.1, 0.2, 0.3, 0.4) q[2], q[0];",
        "ctrl @ pow(2) @ rx(0.3) q[0], q[1]; pow(0) @ x q[0];",
        "gate g(a, b) p, q { ctrl @ rx(a) p, q; gphase(a*0.5); inv @ s q; U(a, b, -b) p; } g(0.3, 0.4) q[2], q[0];",
        "gate g(a) p { rx(a) p; gphase(a); } gate f(a) p, q { g(2*a) q; ctrl @ g(a) q, p; }"
        " ctrl @ f(0.3) q[1], q[2], q[0];",
        "gate e p { } e q[0];",
    ],
)
def test_modifiers_and_definitions_are_qiskits(text: str) -> None:
    like_qiskit(f"{HEAD}qubit[4] q; h q; t q[1]; {text}")


def test_a_defined_gate_is_undone_under_every_modifier() -> None:
    defined = "qubit[4] q; gate g(a) p { rx(a) p; t p; } gate f(a) p, q { g(2*a) q; ctrl @ g(a) q, p; inv @ g(a) p; }"
    for modified, wires in {"": 2, "ctrl @ ": 3, "negctrl @ ctrl @ ": 4}.items():
        operands = ", ".join(f"q[{wire}]" for wire in (2, 0, 3, 1)[:wires])
        done = f"{modified}f(0.3) {operands};"
        undone = f"inv @ {done}"
        inside = f"{modified}inv @ f(0.3) {operands};"
        for pair in (done + undone, inside + done, done + done + f"{modified}pow(-2) @ f(0.3) {operands};"):
            np.testing.assert_allclose(read(f"{defined} {pair}").matrix(), np.eye(16), rtol=0, atol=1e-13)


def test_a_controlled_phase_acts_on_its_controls() -> None:
    assert read("qubit[3] q; ctrl(2) @ gphase(0.3) q[0], q[2];").operations[0].wires == (0, 2)
    found = read("qubit[2] q; negctrl @ gphase(0.3) q[1];").matrix()
    np.testing.assert_allclose(np.diag(found), np.exp(0.3j * np.array([1, 0, 1, 0])))


def test_modified_rows_are_rows() -> None:
    text = "qubit[3] q; ctrl @ x q[0], q[1]; ctrl(2) @ z q[0], q[1], q[2]; inv @ s q[0]; inv @ ctrl @ sx q[2], q[0];"
    gates = [op.gate for op in read(text).operations]
    assert gates == [TABLE["cx"], TABLE["ccz"], TABLE["sdg"], controlled(TABLE["sxdg"], "1")]


def test_a_definition_that_is_a_row_becomes_the_row() -> None:
    text = "gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; } qubit[2] q; rzz(0.3) q[0], q[1];"
    assert read(text) == Circuit(2).rzz(0.3, 0, 1)


@pytest.mark.parametrize(
    "body",
    ["cx a, b; p(t) b; cx a, b;", "cx a, b; rz(-t) b; cx a, b;", "cx b, a; rz(t) a; cx b, a; x a;", "rz(1/t) a;"],
    ids=["another phase", "another sign", "another unitary", "undefined somewhere"],
)
def test_a_definition_that_is_not_the_row_of_its_name_stays_itself(body: str) -> None:
    c = read(f"gate rzz(t) a, b {{ {body} }} qubit[2] q; rzz(0.3) q[0], q[1];")
    assert c.operations[0].gate != TABLE["rzz"]
    like_qiskit(f"{HEAD}gate rzz(t) a, b {{ {body.replace('1/t', 't')} }} qubit[2] q; h q; rzz(0.3) q[0], q[1];")


def test_a_wrong_definition_does_not_take_the_rows_unitary() -> None:
    like_qiskit(HEAD + "gate rxx(t) a, b { rz(t) a; ry(t) b; } qubit[2] q; rxx(0.3) q[0], q[1];")


def test_definitions_may_use_constants_and_names_of_their_own() -> None:
    text = "const float a = 0.5; qubit q; gate g(b) q { rx(a*b) q; } gate f(a) x { g(a) x; } f(3) q;"
    np.testing.assert_allclose(read(text).matrix(), Circuit(1).rx(1.5, 0).matrix(), atol=1e-15)


def test_symbols_reach_through_definitions() -> None:
    x = Param("x", 2)
    text = "input float x_0; input float x_1; gate g(a, b) q { rx(a*b) q; } qubit q; g(2*x_0, x_1 - 1) q;"
    (op,) = read(text).elementary()
    assert op.angles == (2 * x[0] * (x[1] - 1),)


def test_the_same_text_gives_the_same_circuit() -> None:
    text = "gate g(a) p { rx(a) p; } gate f(a) p, q { g(2*a) q; ctrl @ g(a) q, p; } qubit[2] q; f(0.3) q[0], q[1];"
    assert read(text) == read(text)
    assert read(text).key == read(text).key


def test_version_2_is_read_with_its_own_library() -> None:
    text = """
    OPENQASM 2.0; include "qelib1.inc"; qreg q[4];
    gate foo(a) b { rx(-a^2/4) b; }
    foo(3/2) q[0]; CX q[0], q[1]; U(0.1, 0.2, 0.3) q[2]; rzz(pi/3) q[0], q[3]; barrier q; rc3x q[0], q[1], q[2], q[3];
    """
    gates = [(op.gate.name, op.angles) for op in from_qasm(text).operations]
    assert gates[0] == ("foo", (1.5,))
    assert gates[1:] == [("cx", ()), ("u", (0.1, 0.2, 0.3)), ("rzz", (math.pi / 3,)), ("rcccx", ())]
    assert from_qasm(text).elementary()[0].angles == (-(1.5**2) / 4,)


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_name_gates(library: str) -> None:
    assert all(library_gate(found).gate.wires > 0 for found in LIBRARIES[library].values())


def test_no_version_means_version_3() -> None:
    assert from_qasm("qubit q; U(0, 0, 0.5) q;") == Circuit(1).u(0, 0, 0.5, 0)
