"""OpenQASM that is not read: one error each, naming line and construct, quickly."""

from __future__ import annotations

import time
from contextlib import suppress
from random import Random

import pytest

from qdl.errors import QasmError
from qdl.ir.qasm import from_qasm
from qdl.ir.qasm.text import MAX_TEXT

HEAD = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[3] q;\n'

FAULTS = {
    # what is not supported, by name
    "for int i in [0:2] { x q[i]; }": "'for'",
    "while (true) { x q; }": "'while'",
    "def f(qubit a) { x a; }": "'def'",
    "let a = q[0:1];": "'let'",
    "delay[10ns] q;": "'delay'",
    "box { x q; }": "'box'",
    "extern f(float) -> float;": "'extern'",
    "end;": "'end'",
    "float f = 1;": "'float f'",
    "output float f;": "declaration of 'f'.*input float",
    "input int n;": "declaration of 'n'.*input float",
    "#pragma foo\n": "'pragma'",
    "@foo\nx q;": "@foo",
    'defcalgrammar "openpulse";': "'defcalgrammar'",
    'include "other.inc";': "cannot include 'other.inc': expected 'stdgates.inc'",
    "const bool b = true;": "type of the constant 'b'",
    "pow(0.5) @ x q;": "exponent of pow must be an integer",
    "rx(5 % 3) q;": "operator '%'",
    "rx(~1) q;": "operator '~'",
    "rx(ceiling(1.5)) q;": "function 'ceiling'",
    "rx(float(1)) q;": "Cast",
    "rx(true) q;": "BooleanLiteral",
    # malformed text
    "x q[0]": "missing ';'",
    "x q[0;": "no viable alternative",
    "x q; }": "extraneous input '}'",
    "rx(1..2) q;": "no viable alternative",
    "gate g a { x a": "<EOF>",
    "x q; \x00": "token recognition error",
    "/* x": "comment is not closed",
    "opaque foo a;": "extraneous input 'a'",
    "OPENQASM 3.0;": "on top",
    f"rx({'9' * 5000}) q;": "malformed statement",
    # names, counts, indices
    "foo q;": "unknown gate 'foo'",
    "CNOT q[0], q[1];": "unknown gate 'CNOT'",
    "rxx(0.1) q[0], q[1];": "unknown gate 'rxx'; did you mean",
    "rx q;": "wrong number of angles for gate 'rx': got 0, expected 1",
    "rx(1, 2) q;": "wrong number of angles for gate 'rx': got 2, expected 1",
    "x q[0], q[1];": "wrong number of qubits for gate 'x': got 2, expected 1",
    "ctrl @ x q[0];": "wrong number of qubits for gate 'x': got 1, expected 2",
    "gphase(1) q;": "wrong number of qubits for gate 'gphase'",
    "x q[3];": "index out of range for 'q': got 3, expected 0 to 2",
    "x q[-4];": "index out of range for 'q': got -4",
    "x q[0:3];": "range leaves its register: got 3",
    "x q[5:1];": "range leaves its register: got 5",
    "x q[0:0:2];": "step of a range must not be zero",
    "x q[2:0];": "slice of 'q' is empty",
    "x q[0][1];": "cannot be indexed so",
    "x q[0.5];": "an index must be an integer",
    "qubit r; x r[0];": "'r' cannot be indexed so",
    "x r;": "unknown qubit or register 'r'",
    "x $0;": "unknown qubit or register '\\$0'",
    "barrier r;": "unknown qubit or register 'r'",
    "cx q[1], q[1];": "different qubits",
    "cx q, q;": "different qubits",
    "cx q, q[0:1];": "registers of different sizes",
    "qubit[2] q;": "'q' is taken on line 3",
    "qubit pi;": "'pi' is taken by OpenQASM",
    "gate h a { x a; }": "'h' is taken on line 2",
    "gate U(a, b, c) q { x q; }": "'U' is taken by OpenQASM",
    "gate g a, a { x a; }": "'a' is taken in gate 'g'",
    "gate g(pi) a { rx(pi) a; }": "'pi' is taken in gate 'g'",
    "gate g a { x b; }": "unknown qubit 'b'",
    "gate g a { x a[0]; }": "no index",
    "gate g a, b { cx a, a; }": "different qubits: got a, a",
    "gate g a { g a; }": "unknown gate 'g'",
    "gate g a { delay[1ns] a; }": "only gates may stand in the definition of gate 'g'",
    "input float t; gate g a { rx(t) a; }": "unknown name 't'",
    "input float t; input float t_0;": "'t' and 't_0' would both be inputs of Param 't'",
    "input float t; input float t;": "'t' is taken on line 4",
    "input float t; const float c = 2*t;": "the constant 'c' must be a constant",
    "input float t; qubit[t] r;": "must be a constant",
    # numbers
    "rx(y) q;": "unknown name 'y'",
    "rx(q) q;": "unknown name 'q'",
    "rx(1/2) q;": "division of integers.*write 1.0/2",
    "rx(1/0) q;": "no finite real value",
    "rx(sqrt(-1)) q;": "no finite real value",
    "rx((-8)**0.5) q;": "no finite real value",
    "rx(sin(1, 2)) q;": "wrong number of arguments for 'sin'",
    "rx(1e999) q;": "must be finite",
    "gate g(a) p { rx(1/a) p; } g(0) q;": "no finite real value",
    "qubit[0] r;": "size of 'r' is out of range",
    "const int n = 1.5;": "'n' must be an integer",
    # sizes
    "rx(10**10**10) q;": "no finite real value",
    "rx(2**100000) q;": "no finite real value",
    "qubit[1000000] r;": "size of 'r' is out of range: got 1000000",
    "qubit[10**30] r;": "must be an integer",
    "ctrl(40) @ x q;": "wrong number of controls: got 40",
    "ctrl(0) @ x q;": "wrong number of controls: got 0",
    "pow(10000000) @ x q;": "the power is too large",
    "pow(100000) @ pow(100000) @ h q;": "the power is too large",
}


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:40])
def test_a_fault_is_named_with_its_line(text: str) -> None:
    with pytest.raises(QasmError, match=f"^OpenQASM line 4: .*(?:{FAULTS[text]})"):
        from_qasm(HEAD + text)


def test_the_line_is_that_of_the_fault_inside_a_long_statement() -> None:
    with pytest.raises(QasmError, match=r"^OpenQASM line 8: unknown gate 'y2'"):
        from_qasm(HEAD + "\n// a comment\ngate g a {\n  x a;\n  y2 a;\n}")
    with pytest.raises(QasmError, match=r"^OpenQASM line 6: "):
        from_qasm(HEAD + "x q[0];\n/* two\nlines */ x q[7];")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no statement"),
        ("// only a comment", "no statement"),
        ("OPENQASM 3.0;", "no qubit"),
        ("OPENQASM 4.0; qubit q;", "cannot read 'OPENQASM 4.0'"),
        ('OPENQASM 2.0; include "stdgates.inc";', "expected 'qelib1.inc' in version 2"),
        ("OPENQASM 2.0; qreg q[1]; gphase(1);", "unknown gate 'gphase'"),
        ("qubit q; x q;", "unknown gate 'x'.*stdgates.inc"),
        (None, "comes as text: got NoneType"),
        (b"qubit q;", "comes as text: got bytes"),
    ],
)
def test_programs_that_are_none(text: object, message: str) -> None:
    with pytest.raises(QasmError, match=message):
        from_qasm(text)  # type: ignore[arg-type]


def doubling(levels: int, first: str, call: str) -> str:
    """A tower of definitions, each calling the one below twice."""
    tower = "".join(f"gate g{k + 1}(t) a {{ {call.format(k=k)} }}\n" for k in range(levels))
    return f"{HEAD}input float x;\ngate g0(t) a {{ {first} }}\n{tower}g{levels}(x) q[0];"


HOSTILE = {
    "10 MB line": ("x" * 10_000_000, "too long"),
    "long statement": ("a" * 300_000 + ";", "a statement is too long"),
    "open comments": ("/*" * (MAX_TEXT // 2), "comment is not closed"),
    "quotes": ("\"'" * 50_000, "OpenQASM line 1"),
    "open brackets": ("(" * 1_000_000, "nested too deeply"),
    "brackets": (HEAD + f"rx({'(' * 5000}1{')' * 5000}) q;", "nested too deeply"),
    "signs": (HEAD + f"rx({'-' * 5000}1) q;", "nested too deeply"),
    "long sum": (HEAD + f"rx({'1+' * 5000}1) q;", "nested too deeply"),
    "long tower of powers": (HEAD + f"rx({'2**' * 5000}1) q;", "nested too deeply"),
    "many qubits": ("qubit[9999] q;" + "qubit[10] r;", "out of range"),
    "many gates": (doubling(12, "x a;", "g{k}(t) a; g{k}(t) a;") + "qubit[900] r; g12(x) r;", "program is too long"),
    "doubling gates": (doubling(60, "x a;", "g{k}(t) a; g{k}(t) a;"), "grow too large"),
    "doubling gates and their inverses": (doubling(60, "x a;", "inv @ g{k}(t) a; g{k}(t) a;"), "grow too large"),
    "doubling gates with poles": (doubling(60, "rx(1/t) a;", "g{k}(t) a; g{k}(t) a;"), "grow too large"),
    "doubling expressions": (doubling(60, "rx(t) a;", "g{k}(t*t) a;"), "nested too deeply"),
    "deep definitions": (doubling(200, "rx(t) a;", "g{k}(t) a;"), "nested too deeply"),
    "deep expressions": (doubling(120, "rx(t) a;", "g{k}(t + 1) a;"), "nested too deeply"),
    "digits": (HEAD + f"rx({'7' * 100_000}) q;", "malformed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gets_one_clear_error_quickly(name: str) -> None:
    text, message = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(QasmError, match=message):
        from_qasm(text)
    assert time.process_time() - start < 5


def test_what_lies_within_the_limits_is_read() -> None:
    deep = from_qasm(HEAD + f"rx({'(' * 90}1{')' * 90}) q;")
    assert deep.operations[0].angles == (1.0,)
    tower = from_qasm(doubling(16, "rx(t) a;", "g{k}(t) a; g{k}(t) a;"))
    assert len(tower.elementary()) == 2**16
    again = from_qasm(doubling(16, "rx(t) a;", "g{k}(t) a; g{k}(t) a;"))
    assert tower == again


@pytest.mark.parametrize("seed", range(5))
def test_garbled_programs_raise_nothing_else(seed: int) -> None:
    draw = Random(seed)
    good = HEAD + (
        "input float a_0; input float a_1; const float c = pi/2;\n"
        "gate g(t, s) x, y { ctrl @ rx(t*s) x, y; inv @ s x; gphase(t); }\n"
        "g(2*a_0 - sin(a_1), c) q[0], q[1]; negctrl(2) @ pow(2) @ y q[0], q[1], q[2]; cx q[0:1], q[1:2];\n"
    )
    words = ["gate ", "q", "pi", "ctrl @ ", "pow(", "input float ", "1e", "\n", "\u0000", "é"]
    pieces = [*'(){}[];,@"/*+-:=0123456789.', *words]
    for _ in range(40):
        text = good
        for _ in range(draw.randint(1, 4)):
            start = draw.randrange(len(text))
            text = text[:start] + draw.choice([*pieces, ""]) + text[start + draw.randint(0, 3) :]
        with suppress(QasmError):
            from_qasm(text)
