"""OpenQASM that nobody would write: mutated programs and random bytes give a circuit or a QdlError, soon."""

from __future__ import annotations

import re
import time
from random import Random

import pytest

from qdl.errors import QdlError
from qdl.ir.qasm import from_qasm, to_qasm

SEEDS = [
    """OPENQASM 3.0;
include "stdgates.inc";
input float[64] a_0; input angle a_1; input array[float[64], 3] th;
const float c = pi/2; const int n = 3;
gate g(t, s) x, y { ctrl @ rx(t*s) x, y; inv @ s x; gphase(t); }
qubit[3] q; bit[3] m;
g(2*a_0 - sin(a_1), c) q[0], q[1];
negctrl(2) @ pow(2) @ y q[0], q[1], q[2];
cx q[0:1], q[1:2];
""",
    """include "stdgates.inc";
qubit[4] q; bit[2] c; bit d; int k = 2; float f = 0.5; array[int[8], 2, 2] t = {{1, 2}, {3, 4}};
def sub(qubit a, qubit[2] b, int r, float x) -> bit {
  for int i in [0:r] { rx(x/(i + 1)) a; } cx a, b[1]; return measure a; }
let e = q[1:2] ++ q[0];
d = sub(q[0], e[0:1], 1 + k, f*2);
for uint i in {0, 2} { if (i == 2) continue; ry(t[1][i] + i**2) q[i]; t[0, 1] += 1; }
while (k > 0) { h e; k -= 1; }
if (d && !c[0]) { x q[3]; } else { pow(0.5) @ swap q[0], q[1]; }
""",
    """OPENQASM 2.0;
include "qelib1.inc";
qreg q[3]; creg c[3]; creg d[1];
gate foo(a, b) x, y { U(a, b/2, -a^2) x; CX x, y; barrier x, y; rz(sin(a)*ln(2)) y; }
opaque bar(a) x;
foo(pi/3, 2^-1) q[0], q[2]; cu3(0.1, 0.2, 0.3) q[1], q[0]; ccx q[0], q[1], q[2]; u2(0, pi) q;
measure q -> c; if (c==5) x q[0]; reset q[1]; if(d==0) measure q[0] -> d[0];
""",
    """OPENQASM 3;
include "stdgates.inc";
qubit[3] q; bit[3] c; bool b; uint[4] w = 5; duration z = 10ns;
c = measure q; b = c[0] ^ c[1] == true;
switch (c) { case 0, 3 { x q[0]; } case 5 { reset q[1]; } default { y q[2]; } }
if (b || uint[2](c) > 1) { delay[2*z + 1us] q; box { z q[0]; } }
@note ignore ; me
rx(w << 1 | 3 & 6 ^ w % 3) q[popcount(w) - 1]; end;
""",
    """OPENQASM 3.0;
input float alpha; bit[2] b;
#pragma braket verbatim
box{ h $0; }
cnot $0, $1; xy(0.4) $1, $2; cphaseshift01(2*alpha) $0, $1; inv @ pow(0.5) @ ctrl(2) @ x $1, $2, $0;
#pragma braket unitary([[0, 1.0], [1.0im, 0]]) $1
b[0] = measure $0; gpi(0.1) $0; U(alpha, tau, euler) $2;
""",
]

_WORDS = """
OPENQASM 2.0 3.0 include "qelib1.inc" "stdgates.inc" def gate opaque qubit qreg bit creg input output const int
uint float angle bool array duration stretch let for in while if else switch case default break continue return
end box delay barrier measure reset ctrl @ negctrl(2) @ inv @ pow(-1) @ pow(0.5) @ pow(1e9) @ gphase U CX h cx
rx(pi) u3(1,2,3) ccx pi tau euler sin( mod( popcount( sizeof( int( bit[2]( true false "01" 0x1F 0b11 1e308 1e-320
99999999999999999999 -1 0 1 2 3 10ns 1dt 2im ** ++ += == != <= && || ! ~ << >> -> [0:1] [-1] [{0,1}] [0:0] { } (
) [ ] ; , : . = # @x #pragma $0 $99999 // /* */ " ' \\ \x00 \x7f é \u03c0 \U0001d70f \xb2 \u202e \ud7ff
"""
WORDS = _WORDS.split()


TOKEN = re.compile(r"(?P<name>[A-Za-z_]\w*)|(?P<number>\d[\w.]*)|(?P<sign>[-+*/%^&|<>=!~]+)|(?P<bracket>[][(){}])")
_NUMBERS = """
0 1 2 3 4 -1 0.5 1e308 1e-320 2.5e3 9223372036854775807 99999999999999999999 1000000 0x1F 10ns
"""
NUMBERS = _NUMBERS.split()
_SIGNS = """
+ - * / % ** ^ & | && || << >> < <= == != >= > = += -= ~ ! ++ -> @
"""
SIGNS = _SIGNS.split()


def swapped(draw: Random, text: str) -> str:
    """A program with one word, number, operator or bracket replaced by one of its kind."""
    token = draw.choice(list(TOKEN.finditer(text)))
    names = TOKEN.findall(text)
    known = {"name": [name for name, *_ in names if name], "number": NUMBERS, "sign": SIGNS, "bracket": list("()[]{}")}
    new = draw.choice(known[str(token.lastgroup)] if draw.random() < 0.9 else WORDS)
    return text[: token.start()] + new + text[token.end() :]


def scribbled(draw: Random, text: str) -> str:
    """A program with a few characters replaced."""
    start = draw.randrange(len(text) + 1)
    piece = draw.choice([draw.choice(WORDS), draw.choice(WORDS), "", chr(draw.randrange(32, 127))])
    return text[:start] + piece + text[start + draw.choice([0, 0, 1, 1, 2, 5]) :]


def rearranged(draw: Random, text: str) -> str:
    """A program with a line more, a line less, lines of another program, or its lines in another order."""
    lines = text.splitlines(keepends=True)
    kind = draw.randrange(5)
    if kind == 0:
        draw.shuffle(lines)
    elif kind == 1:
        del lines[draw.randrange(len(lines))]
    elif kind == 2:
        return text + draw.choice(SEEDS)
    else:
        source = lines if kind == 3 else draw.choice(SEEDS).splitlines(keepends=True)
        lines.insert(draw.randrange(len(lines) + 1), draw.choice(source))
    return "".join(lines)


def moved(draw: Random, text: str) -> str:
    """A program with a piece of it somewhere else, too."""
    start, end = sorted(draw.randrange(len(text) + 1) for _ in range(2))
    where = draw.randrange(len(text) + 1)
    return text[:where] + text[start : min(end, start + 200)] + text[where:]


def mutated(draw: Random) -> str:
    """A program after one to three changes."""
    text = draw.choice(SEEDS)
    for _ in range(draw.choice([1, 1, 2, 3])):
        text = draw.choice([swapped, swapped, swapped, scribbled, rearranged, moved])(draw, text)
    return text


def noise(draw: Random) -> str:
    """Random words, or random bytes."""
    if draw.random() < 0.5:
        return draw.choice(["", 'include "stdgates.inc";']) + " ".join(draw.choices(WORDS, k=draw.randint(1, 30)))
    raw = bytes(draw.randrange(256) for _ in range(draw.randint(0, 80)))
    return raw.decode(draw.choice(["latin-1", "utf-16"]), "replace")


def accepted(text: str) -> bool:
    """Whether a text is a program; what is neither read nor refused in a few words is an error of the test."""
    try:
        found = from_qasm(text)
        if len(found) < 50:
            to_qasm(found)
    except QdlError as error:
        if len(str(error)) > 1000:
            raise AssertionError(f"{text!r}: {error}") from None
        return False
    except BaseException as error:
        raise AssertionError(f"{type(error).__name__} {error} from {text!r}") from error
    return True


def attack(seed: int, count: int, longest: float) -> int:
    """Read so many texts; how many of them were programs."""
    draw = Random(seed)
    good = 0
    for _ in range(count):
        text = noise(draw) if draw.random() < 0.1 else mutated(draw)
        start = time.process_time()
        good += accepted(text)
        assert time.process_time() - start < longest, text
    return good


def test_seeds_are_programs() -> None:
    for text in SEEDS:
        from_qasm(text)


@pytest.mark.parametrize("seed", range(5))
def test_mutated_programs_are_read_or_refused(seed: int) -> None:
    assert attack(seed, 100, longest=5) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_hundred_thousand_mutated_programs_are_read_or_refused(seed: int) -> None:
    assert attack(seed, 5000, longest=10) > 300
