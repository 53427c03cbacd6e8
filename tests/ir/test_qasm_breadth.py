"""OpenQASM in breadth: loops, subroutines, arrays, aliases, powers, old names; what Qiskit reads, it reads alike."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit import qasm2, qasm3
from qiskit.quantum_info import Operator

from qdl.errors import QasmError
from qdl.ir import Circuit, Param
from qdl.ir.channels import channel
from qdl.ir.qasm import from_qasm, to_qasm
from qdl.ir.qasm.libraries import QELIB1, library_gate
from tests import peers

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
OLD = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
th = Param("th", 3)


def read(text: str) -> Circuit:
    return from_qasm(HEAD + text)


def same(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


QUBITS = "qubit[4] q; "
SAME = {
    "for int i in [0:3] { rx(i*0.5) q[i]; }": Circuit(4).rx(0.0, 0).rx(0.5, 1).rx(1.0, 2).rx(1.5, 3),
    "for uint i in {3, 1} { h q[i]; if (i == 3) x q[0]; }": Circuit(4).h(3).x(0).h(1),
    "for int i in [3:-1:0] { if (i == 2) continue; if (i == 0) break; x q[i]; }": Circuit(4).x(3).x(1),
    "for int i in [0:1] for int j in [i + 1:2] cx q[i], q[j];": Circuit(4).cx(0, 1).cx(0, 2).cx(1, 2),
    "for int i in [5:1] { x q[0]; } y q[1];": Circuit(4).y(1),
    "array[float[64], 2] v = {0.1, 0.2}; for float t in v { ry(t) q[0]; }": Circuit(4).ry(0.1, 0).ry(0.2, 0),
    "int n = 2; while (n > 0) { x q[n]; n -= 1; }": Circuit(4).x(2).x(1),
    "int n = 7; n /= 2; n **= 2; n %= 5; n <<= 1; rx(n) q[0];": Circuit(4).rx(8.0, 0),
    "let a = q[{3, 0}] ++ q[1]; h a; cx a[0], a[2]; let b = a[1:2]; x b[1];": Circuit(4).h(3).h(0).h(1).cx(3, 1).x(1),
    "array[int, 2, 2] m = {{1, 2}, {3, 4}}; m[1, 0] = 7; rx(m[1][0] + m[0, 1]) q[0];": Circuit(4).rx(9.0, 0),
    "array[int, 2, 3] m = {{1, 2, 3}, {4, 5, 6}}; rx(sizeof(m) + 10*sizeof(m, 1)) q[0];": Circuit(4).rx(32.0, 0),
    "def f(qubit a, qubit[2] b, float t) { rx(t) a; cx a, b[1]; } f(q[2], q[0:1], 0.7);": Circuit(4)
    .rx(0.7, 2)
    .cx(2, 1),
    "def sum(int n) -> int { int k = 0; for int i in [1:n] { k += i; if (k > 4) return k; } return 2*k; }"
    "rx(sum(2)) q[0]; rx(sum(5)) q[1];": Circuit(4).rx(6.0, 0).rx(6.0, 1),
    "def m(qubit a) -> bit { h a; return measure a; } bit c = m(q[0]); bit[2] d; d[1] = m(q[1]);": Circuit(4)
    .h(0)
    .measure(0, "c")
    .h(1)
    .measure(1, "d_1"),
    "def p3(qubit a) { x a; } def both(qubit a, qubit b) { p3(a); p3(b); } both(q[3], q[1]);": Circuit(4).x(3).x(1),
    "{ int k = 3; x q[k]; } int k = 1; x q[k];": Circuit(4).x(3).x(1),
    "int k = 1; if (true) { int k = 2; x q[k]; k = 3; } x q[k];": Circuit(4).x(2).x(1),
    "int k = 1; if (false) { k = 2; x q[0]; } else { k = 3; } x q[k];": Circuit(4).x(3),
    "int[8] k = 5/2; rx(k) q[0]; float f = int(3.9)/2.0; rx(f) q[0];": Circuit(4).rx(2.0, 0).rx(1.5, 0),
    "rx(1 ^ 3) q[0]; rx(5 % 3 + (1 << 3) + popcount(7) + mod(7, 4)) q[0];": Circuit(4).rx(2.0, 0).rx(16.0, 0),
    "rx(ceiling(1.2) + floor(-0.5) + 2**3) q[0];": Circuit(4).rx(9.0, 0),
    "bool b = 3 > 2 && !(1 == 2); if (b) x q[0]; const bool c = false; if (c || b) y q[0];": Circuit(4).x(0).y(0),
    "int n = 5; if (n[0]) x q[0]; if (n[1]) y q[0];": Circuit(4).x(0),
    "input array[float[64], 3] th; for int i in [0:2] { rx(2*th[i]) q[i]; }": (
        Circuit(4).rx(2 * th[0], 0).rx(2 * th[1], 1).rx(2 * th[2], 2)
    ),
    "input float th_0; input float th_1; input float th_2; float g = th_0*th_2; rx(g + th_1) q[0];": Circuit(4).rx(
        th[0] * th[2] + th[1], 0
    ),
    "output bit[2] c; output float r; c = measure q[0:1]; end; nonsense": Circuit(4).measure([0, 1], ["c_0", "c_1"]),
    "box { x q[0]; } nop q; barrier; barrier q, q[1];": Circuit(4).x(0),
    "\n@note; what } ever {\nx q[0];\n@other\n": Circuit(4).x(0),
    "let c = q; bit[3] m; let n = m[1:2]; n[0] = measure c[2];": Circuit(4).measure(2, "m_1"),
}


@pytest.mark.parametrize("text", SAME, ids=lambda text: text[:50])
def test_programs_are_written_out(text: str) -> None:
    assert read(QUBITS + text).elementary() == SAME[text].elementary()


def test_physical_qubits_are_wires() -> None:
    c = read("h $2; cx $2, $0; bit b = measure $0;")
    assert c == Circuit(3).h(2).cx(2, 0).measure(0, "b")


@pytest.mark.parametrize("seconds", [5e-324, 3.3e-9, 1e-8, 0.1, 1e300])
def test_any_delay_reads_back(seconds: float) -> None:
    written = Circuit(1).channel("delay", seconds, wires=0).to_qasm()
    assert Circuit.from_qasm(written).operations[0].angles == (seconds,)


def test_delays_are_kept_in_seconds() -> None:
    c = read(
        "qubit[2] q; duration d = 10ns; delay[2*d + 1us] q[1]; delay[3ms] q; const duration e = 1s; delay[e] q[0];"
    )
    assert [op.gate for op in c.operations] == [channel("delay")] * 4
    assert [op.wires for op in c.operations] == [(1,), (0,), (1,), (0,)]
    np.testing.assert_allclose([op.angles[0] for op in c.operations], [1.02e-6, 3e-3, 3e-3, 1.0])
    assert from_qasm(to_qasm(c)) == c
    odd = Circuit(1).channel("delay", 1 / 3e7, wires=0).channel("delay", 1e-300, wires=0).channel("delay", 0, wires=0)
    assert from_qasm(to_qasm(odd)) == odd
    with pytest.raises(QasmError, match="the channel 'delay'"):
        to_qasm(odd, 2)


def test_local_bits_are_new_in_every_round() -> None:
    c = read("qubit[3] q; for int i in [0:1] { bit b = measure q[i]; if (b) x q[2]; }")
    assert c.bits == ("b", "b_v1")
    assert [op.condition.bits for op in c.operations if op.condition] == [("b",), ("b_v1",)]


def test_what_a_subroutine_returns_may_be_asked() -> None:
    c = read("qubit[2] q; def f(qubit a) -> bit { return measure a; } int k = f(q[0]); if (k == 1) x q[1];")
    assert [op.gate.name for op in c.operations] == ["measure", "x"]
    assert c.operations[1].condition is not None
    assert c.operations[1].condition.bits == c.bits


POWERS = {
    "pow(0.5) @ x q;": np.array([[1 + 1j, 1 - 1j], [1 - 1j, 1 + 1j]]) / 2,
    "pow(-0.5) @ x q;": np.array([[1 - 1j, 1 + 1j], [1 + 1j, 1 - 1j]]) / 2,
    "pow(1/4.0) @ z q;": np.diag([1, np.exp(0.25j * np.pi)]),
    "pow(2.0) @ s q;": np.diag([1, -1]),
    "pow(0.5) @ p(3*pi/2) q;": np.diag([1, np.exp(-0.25j * np.pi)]),  # 3 pi/2 is -pi/2
    "pow(0.5) @ gphase(pi/2); id q;": np.exp(0.25j * np.pi) * np.eye(2),
    "pow(0.5) @ pow(3) @ t q;": np.diag([1, np.exp(0.375j * np.pi)]),
    "pow(1000) @ rx(0.001) q;": Circuit(1).rx(1.0, 0).matrix(),
    "pow(1001) @ h q;": Circuit(1).h(0).matrix(),
    "pow(-1001) @ sx q;": Circuit(1).sxdg(0).matrix(),
}


@pytest.mark.parametrize("text", POWERS)
def test_powers_are_principal(text: str) -> None:
    same(read(f"qubit q; {text}").matrix(), POWERS[text])


@pytest.mark.parametrize("gate", ["ctrl @ x", "swap", "cu(0.1, 0.2, 0.3, 0.4)", "negctrl @ ry(0.7)", "g(0.3)"])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_fractional_powers_multiply_to_the_gate(gate: str, count: int) -> None:
    defined = "gate g(a) x, y { h x; crx(a) x, y; t y; } qubit[3] q; "
    part = read(f"{defined} {f'pow(1.0/{count}) @ {gate} q[2], q[0];' * count}")
    same(part.matrix(), read(f"{defined} {gate} q[2], q[0];").matrix())


def test_a_power_of_a_definition_is_repeated() -> None:
    text = "gate g(a) x, y { h x; crx(a) x, y; t y; } qubit[2] q; {} @ g(0.3) q[1], q[0];"
    many = read(text.replace("{}", "pow(100)").replace("{ h", "{ h", 1))
    same(many.matrix(), np.linalg.matrix_power(read(text.replace("{} @", "")).matrix(), 100))
    same(from_qasm(to_qasm(many)).matrix(), many.matrix())


QISKITS = [  # what its importer takes of all that, in the subset of gates
    "let a = q[0:1] ++ q[3:3]; h a; cx a[2], a[0];",
    "let a = q[{3, 1}]; rx(0.3) a[0]; cx a[1], a[0];",
    "gate g(a, b) x, y { ctrl @ rx(a) x, y; negctrl @ rz(b/2) y, x; gphase(a*0.5); } inv @ g(0.3, 0.4) q[3], q[1];",
    "ctrl @ pow(2) @ rx(0.4) q[2], q[1]; pow(-1) @ s q[3]; inv @ ctrl(2) @ h q[3], q[0], q[1];",
    "u1(0.1) q[0]; u2(0.2, 0.3) q[1]; u3(0.4, 0.5, 0.6) q[2]; U(0.1, 0.2, 0.3) q[3]; cphase(0.7) q[3], q[1];",
    "h q; barrier q; phase(0.3) q[1:2]; CX q[3], q[0]; id q;",
]


@pytest.mark.parametrize("text", QISKITS)
def test_qiskit_reads_the_same(text: str) -> None:
    text = f"{HEAD}{QUBITS}h q[2]; t q[2]; {text}"
    same(from_qasm(text).matrix(), peers.flip(Operator(qasm3.loads(text)).data))


@pytest.mark.parametrize("name", sorted(QELIB1))
def test_every_gate_of_qelib1_is_qiskits(name: str) -> None:
    gate = library_gate(QELIB1[name]).gate
    inner = ", ".join(["1", "-1.3", "2.1", "0.4"][: len(gate.angles)])
    wires = ", ".join(f"q[{wire}]" for wire in range(gate.wires, 0, -1))
    text = f"{OLD}qreg q[6]; h q; t q[1]; {name}{f'({inner})' if inner else ''} {wires};"
    theirs = qasm2.loads(
        text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS, include_path=qasm2.LEGACY_INCLUDE_PATH
    )
    same(from_qasm(text).matrix(), peers.flip(Operator(theirs).data))


OLDS = [
    "rx(-2^2) q[0]; rx(2^-1) q[1]; rx(2^3^2/100) q[2]; rx(1/2) q[3]; ry(sin(pi/3)^2) q[0]; rz(ln(3) - exp(1)) q[1];",
    "gate foo(a, b) x, y { u3(a, b/2, -a^2) x; cx x, y; barrier x, y; rz(cos(a)*sqrt(b)) y; } foo(0.3, 2) q[3], q[1];",
    "gate a x { h x; } gate b x, y { a x; a y; cz x, y; } gate c(t) x, y, z { b z, x; u1(t/2) y; b y, z; }"
    " c(0.7) q[3], q[0], q[2];",
    "qreg r[4]; cx q, r; h r[1]; cz q[2], r; u2(0, pi) r;",
    "U(0.1, 0.2, 0.3) q[1]; CX q[1], q[3]; u(0.4, 0.5, 0.6) q[0]; rzz(0.3) q[3], q[0]; rxx(0.4) q[1], q[2];",
]


@pytest.mark.parametrize("text", OLDS)
def test_version_2_is_qiskits(text: str) -> None:
    text = f"{OLD}qreg q[4]; h q[2]; t q[2]; {text}"
    theirs = qasm2.loads(
        text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS, include_path=qasm2.LEGACY_INCLUDE_PATH
    )
    same(from_qasm(text).matrix(), peers.flip(Operator(theirs).data))


@pytest.mark.parametrize("line", ["OPENQASM 3.0;", "OPENQASM 3;", "OPENQASM 3.1;", "", "// no version\n"])
def test_versions(line: str) -> None:
    assert from_qasm(f'{line} include "stdgates.inc"; qubit q; x q;') == Circuit(1).x(0)
    assert from_qasm("OPENQASM 2; include 'qelib1.inc'; qreg q[1]; x q[0];") == Circuit(1).x(0)


def test_version_3_may_include_the_old_library_too() -> None:
    text = 'OPENQASM 3; include "qelib1.inc"; include "stdgates.inc"; qubit[2] q; u0(1) q[0]; rzz(0.3) q[0], q[1];'
    assert [op.gate.name for op in from_qasm(text).elementary()] == ["rzz"]


def test_brakets_matrices_are_read() -> None:
    text = "OPENQASM 3.0;\nqubit[2] q;\n#pragma braket unitary([[0, 1.0im], [-1im, 0]]) q[1]\n#pragma braket verbatim\n"
    same(from_qasm(text + "box{ h q[0]; }\n").matrix(), np.kron(Circuit(1).h(0).matrix(), [[0, 1j], [-1j, 0]]))
    assert math.isclose(abs(np.linalg.det(from_qasm(text).matrix())), 1)


def test_a_delay_leaves_the_unitary_as_it_is() -> None:
    c = read("qubit[2] q; h q[0]; delay[10ns] q; cx q[0], q[1];")
    same(c.matrix(), Circuit(2).h(0).cx(0, 1).matrix())
