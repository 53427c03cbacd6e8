"""Measurement and feedback in OpenQASM that is not read: one error each, naming line and construct, quickly."""

from __future__ import annotations

import time
from contextlib import suppress
from random import Random

import pytest

from qdl.errors import QasmError
from qdl.ir.qasm import from_qasm
from tests.ir.feedback import HEAD

FAULTS = {
    "if (c) x q;": "a register of 3 bits is neither true nor false; compare the register",
    "if (!c) x q;": "neither true nor false",
    "if (c == 1 && c) x q;": "neither true nor false",
    "if (e) x q;": "unknown bit or variable 'e'",
    "if (e[0]) x q;": "unknown bit or register 'e'",
    "if (c[3]) x q;": "index out of range for 'c': got 3",
    "if (d[0]) x q;": "'d' cannot be indexed so",
    "if (q[0]) x q;": "unknown bit or register 'q'",
    "c = measure q[0:1];": "a bit for each qubit: got 2 qubits, 3 bits",
    "d = measure q;": "a bit for each qubit: got 3 qubits, 1 bits",
    "e = measure q;": "unknown bit or register 'e'",
    "t = measure q[0];": "unknown bit or register 't'",
    "c = measure c;": "unknown qubit or register 'c'",
    "reset c;": "unknown qubit or register 'c'",
    "bit[2] c;": "'c' is taken on line 4",
    "bit c_1;": "both be called 'c_1'",
    "bit[0] e;": "size of 'e' is out of range: got 0",
    "bit[1000000] e;": "size of 'e' is out of range",
    "bit[2] e = 4;": "does not fit: got 4, expected 2 bits",
    "bit e = c[0];": "must be a constant",
    "c[0] = d;": "assignment to the bits of 'c' is not supported",
    "d = 1;": "assignment to the bits of 'd' is not supported",
    "d ^= 1;": "assignment to the bits of 'd'",
    "int n = 1; n += 1.5;": "must be an integer",
    "f = 1;": "the assignment f = ... is not supported",
    "float f = d;": "a real number cannot depend on measured bits",
    "int n = 1; if (d) { n = 2; } rx(n) q;": "what 'n' holds here is no number",
    "if (d) { end; }": "'end' is not supported where it depends on measured bits",
    "for int i in [0:1] { if (d) { break; } }": "'break' is not supported where it depends on measured bits",
    "def f(bit b) -> int { if (b) { return 1; } return 2; } int n = f(d);": "'return' is not supported",
    "def f(bit b, qubit a) { b = measure a; } f(d, q[0]);": "the bits of 'b' were handed over to be read",
    "def f(qubit a) -> bit { bit b = measure a; return b; } d = f(q[0]);": "assignment to the bits of 'd'",
    "array[int, 2] a = {1, 2}; a[0] = c;": "cannot depend on measured bits",
    "if (c + 1 == 2) x q;": "arithmetic on bits is not supported",
    "if (-c == 2) x q;": "arithmetic on bits is not supported",
    "if (c == -1) x q;": "bits are never negative: got -1",
    "if (c == 1.5) x q;": "must be an integer: got 1.5",
    "if (c == t) x q;": "must be a constant",
    "if (popcount(c) == 1) x q;": "FunctionCall is not supported in a condition",
    "if (float(c) == 1) x q;": "type 'float' is not supported beside bits",
    "if (int[3](c) == 1) x q;": "could be negative here; use uint",
    "if (c % 2 == 1) x q;": "operator '%'",
    "if (d << 1) x q;": "operator '<<'",
    "if (~1 == 1) x q;": "complement of a number has no width",
    "rx(c[0]) q;": "IndexExpression is not supported in an expression",
    "rx(d) q;": "unknown name 'd'",
    "bit[13] e; qubit[13] r; e = measure r; if (e == 1) x q;": "too many bits: expected at most 12",
    "if (d) { qubit r; }": "qubit declarations must be global",
    "if (d) { gate g a { x a; } }": "gate definitions must be global",
    "while (d) { d = measure q[0]; }": "'while' is not supported where it depends on measured bits",
    "if (d) { def f(qubit a) { } }": "'def' cannot stand inside|must be global",
    "if (d) { input float s; }": "'input' (cannot stand inside|declarations must be global)",
    "if (d) { h a; }": "unknown qubit or register 'a'",
    "if (false) { h a; }": "unknown qubit or register 'a'",
    "if (d) x q; else { y r; }": "unknown qubit or register 'r'",
    "if (!d) { d = measure q[0]; x q[1]; }": "the bit 'd', on which the block depends, is measured inside it",
    "if (d) { d = measure q[0]; } else { x q[1]; }": "the bit 'd', on which the block depends",
    "if (!d) { d = measure q[1]; if (d) { x q[2]; } }": "the bit 'd', on which the block depends",
    "if (c == 1) { c = measure q; }": "the bit 'c_0', on which the block depends",
    "bool b = !d; d = measure q[0]; if (b) x q;": "what 'b' holds is gone: got d is measured again",
    "bool b; if (b) x q;": "what 'b' holds here cannot be said",
    "bool b = d; if (c[0]) { b = c[1]; } if (b) x q;": "what 'b' holds here cannot be said",
    "bit e = 1; if (d) { e = measure q[0]; }": "the bit 'e' is 1 where it is not measured",
    "switch (d) { case t { x q; } }": "must be a constant",
    "if (d) { x q; } else": "missing|no viable|<EOF>",
    "else { x q; }": "extraneous input 'else'|no viable|mismatched",
    "if d { x q; }": "missing|no viable|mismatched",
}


@pytest.mark.parametrize("text", FAULTS, ids=lambda text: text[:50])
def test_a_fault_is_named_with_its_line(text: str) -> None:
    head = f"{HEAD}qubit[3] q;\nbit[3] c; bit d; input float t;\nc = measure q; d = measure q[0];\n"
    with pytest.raises(QasmError, match=f"^OpenQASM line 6: .*(?:{FAULTS[text]})"):
        from_qasm(head + text)


def test_the_line_is_that_of_the_statement_inside_the_block() -> None:
    text = f"{HEAD}qubit q;\nbit d = measure q;\nif (d) {{\n  x q;\n}}\nelse\n{{\n  y q;\n  if (d) {{ foo q; }}\n}}"
    with pytest.raises(QasmError, match="^OpenQASM line 11: unknown gate 'foo'"):
        from_qasm(text)


SETUP = f"{HEAD}qubit[12] q; bit[12] c; c = measure q;\n"
HOSTILE = {
    "blocks": (SETUP + "if (c[0]) {" * 80 + "x q;" + "}" * 80, "nested too deeply"),
    "ifs": (SETUP + "if (c[0]) " * 4000 + "x q;", "nested too deeply"),
    "elses": (SETUP + "if (c[0]) x q; else " * 2000 + "x q;", "nested too deeply"),
    "terms": (SETUP + f"if ({' || '.join(['c == 1'] * 4_000)}) x q;", "nested too deeply"),
    "a wide cast": (SETUP + "if (uint[1000000000](c) == 1) x q;", "width of a type is out of range"),
    "a wide shift": (SETUP + "if (c << 1000000000 == 1) x q;", "shift is out of range"),
    "many bits": ("bit[5000] a; bit[5001] b;", "out of range"),
    "wide words": (f"qubit q; bit[9000] a; if ({' || '.join(['a == 1'] * 50)}) U(0, 0, 0) q;", "condition is too long"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_gets_one_clear_error_quickly(name: str) -> None:
    text, message = HOSTILE[name]
    start = time.process_time()
    with pytest.raises(QasmError, match=message):
        from_qasm(text)
    assert time.process_time() - start < 5


@pytest.mark.parametrize("seed", range(5))
def test_garbled_programs_raise_nothing_else(seed: int) -> None:
    draw = Random(seed)
    good = SETUP + (
        "bit d; bool b = c[0] && !c[1]; if (b || c < 3) { d = measure q[0]; reset q[1]; } else if (d) x q[0];\n"
        "switch (c) { case 0, 1 { x q[2]; } default { if (c[3] ^ c[4]) y q[2]; } } b = !d; measure q[0] -> d;\n"
    )
    words = [
        "if (",
        "else ",
        "bit ",
        "measure ",
        "case 1 {",
        " = ",
        "-> ",
        "c[",
        "uint[",
        "\n",
        '"01"',
        "!",
        "&&",
        "<<",
    ]
    pieces = [*'(){}[];,@"/*+-:=0123456789.<>^|&~', *words]
    for _ in range(30):
        text = good
        for _ in range(draw.randint(1, 4)):
            start = draw.randrange(len(SETUP), len(text))
            text = text[:start] + draw.choice([*pieces, ""]) + text[start + draw.randint(0, 3) :]
        with suppress(QasmError):
            from_qasm(text)
