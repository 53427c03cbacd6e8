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
    "while (true) { x q; }": "repeat too much",
    "extern f(float) -> float;": "'extern'",
    "cal { x q; }": "'cal'|malformed",
    "defcal x $0 { }": "'defcal'",
    'defcalgrammar "openpulse";': "'defcalgrammar'",
    "complex[float] z = 1;": "'complex z'",
    "output complex[float] z;": "declaration of 'z'",
    "input int n;": "declaration of 'n'.*input float",
    "input array[int, 3] n;": "declaration of 'n'.*input float",
    "input array[float, 3, 3] n;": "the input 'n' has too many dimensions",
    "input array[float, 3] t; input float t_0;": "another input would be read as Param 't' too|both be inputs of",
    "#pragma foo bar\n": "'pragma' 'foo bar'",
    "#pragma braket noise bit_flip(0.1) q[0]\n": "'pragma' 'braket noise'",
    "#pragma braket unitary([[1, 0], [0]]) q[0]\n": "unitary|matrix",
    "#pragma braket unitary([[1, 0], [0, x]]) q[0]\n": "a matrix holds numbers: got x",
    "#pragma braket unitary([[1, 0], [0, 1]]) q[0:1]\n": "the matrix does not fit its qubits",
    'include "other.inc";': "cannot include 'other.inc': expected 'stdgates.inc'.*no file is ever read",
    'include "/etc/passwd";': "cannot include '/etc/passwd'",
    "const complex z = 1;": "type of the constant 'z'",
    "box[100ns] { x q; }": "a box with a duration",
    # loops
    "for int i in [0:1000000000] { x q; }": "too many rounds: got 1000000001",
    "for int i in [0:99999] { for int j in [0:99999] { } }": "repeat too much",
    "for int i in [0:0:3] { }": "step of a range must not be zero",
    "for int i in [0:] { }": "needs both ends|no viable|extraneous|mismatched",
    "for int i in q { }": "unknown name 'q'",
    "for uint i in [-1:2] { }": "a number of type uint is never negative",
    "for int i in [0:3] { x q[i]; }": "index out of range for 'q': got 3",
    "for int i in [0:1] { qubit r; }": "'qubit' cannot stand inside|must be global",
    "for int i in [0:1] { int k = i; } x q[k];": "unknown name 'k'",
    "break;": "'break' (has nothing around it|statement outside loop)",
    "int n = 1; while (n < 2) { }": "repeat too much",
    # subroutines
    "def f(qubit a) { f(a); } f(q[0]);": "the subroutine 'f' calls itself",
    "def f(qubit a) { x a; } f(q);": "wrong number of qubits for 'a': got 3, expected 1",
    "def f(qubit[2] a) { x a; } f(q[0]);": "wrong number of qubits for 'a': got 1, expected 2",
    "def f(qubit a) { x a; } f(q[0], q[1]);": "wrong number of arguments for 'f': got 2, expected 1",
    "def f(qubit a) { x q; } f(q[0]);": "unknown qubit or register 'q'",
    "int n = 1; def f(qubit a) { rx(n) a; } f(q[0]);": "unknown name 'n'",
    "def f(mutable array[int, 2] n) { } array[int, 2] m = {1, 2}; f(m);": "the array 'n' that a subroutine changes",
    "def f(int n) -> int { return n; } f(0.5);": "must be an integer: got 0.5",
    "def h(qubit a) { }": "'h' is taken on line 2",
    "g(q);": "the function 'g' on its own",
    "1 + 1;": "an expression on its own",
    "return;": "outside subroutine|no viable|'return'",
    # names for parts of registers
    "let a = q[0] ++ q[0:1];": "names a qubit twice",
    "let a = r;": "unknown qubit or register 'r'",
    "let q = q[0:1];": "'q' is taken on line 3",
    # delays
    "delay[10dt] q;": "in units of a device's clock",
    "delay[-1ns] q;": "not negative",
    "delay[10] r;": "unknown qubit or register 'r'",
    "stretch s; delay[s] q;": "unknown name 's'",
    "rx(10ns) q;": "a duration outside a delay",
    # fractional powers
    "input float t; pow(0.5) @ rx(t) q;": "a fractional power of a gate with inputs",
    "input float t; pow(t) @ x q;": "the exponent of pow must be a constant",
    # classical values
    "rx(5 % -3) q;": "operator '%' takes integers that are not negative",
    "rx(1 << 100) q;": "operator '<<' takes another second number",
    "rx(~1) q;": "the complement of a number has no width",
    "rx(int(1e300)*int(1e300)) q;": "must be finite",
    "rx(rotl(1, 2)) q;": "function 'rotl'",
    "rx(mod(1, 0)) q;": "no value here",
    "rx(popcount(-1)) q;": "not negative",
    "rx(true) q;": "BooleanLiteral",
    "array[int, 2] a = {1, 2, 3};": "the array does not have its size: got 3 elements, expected 2",
    "array[int, 2] a = {1, 2}; rx(a[2]) q;": "index out of range for an array: got 2",
    "array[int, 2] a = {1, 2}; rx(a) q;": "an array is no angle",
    "array[int, 2] a; rx(a[0]) q;": "what 'a' holds here is no number|not supported in an expression",
    "array[int, 100000, 100000] a;": "size of 'a' is out of range",
    "array[int, 2] a = {1, 2}; a[0] = 1.5;": "must be an integer",
    "array[int, 2] a = {1, 2}; rx(a + 1) q;": "arithmetic on arrays",
    "int n; rx(n) q;": "what 'n' holds here is no number",
    "const int n = 2; n = 3;": "the assignment n = ... is not supported",
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
    "x $0;": "physical qubits and declared ones cannot meet",
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
def test_a_fault_is_named_with_its_line(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if "while" in text:  # the limit itself is that of the loops in loops, and of hostile text
        monkeypatch.setattr("qdl.ir.qasm.loops.MAX_STATEMENTS", 1000)
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
        ("qubit q; p(1) q;", "unknown gate 'p'.*stdgates.inc"),
        ("OPENQASM 2.0; qreg q[1]; x q[0];", "unknown gate 'x'.*qelib1.inc"),
        ('OPENQASM 2.0; include "qelib1.inc"; qreg q[1];\nopaque foo(a) b;\nfoo(1) q[0];', "line 3: .*'foo' is opaque"),
        ("x $10000;", "the qubit '.10000' is out of range"),
        (f"x ${'9' * 4000};", "is out of range"),
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
    "digits": (HEAD + f"rx({'7' * 40_000}) q;", "malformed"),
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
