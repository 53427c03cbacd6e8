"""Measurement, reset and conditions in OpenQASM: what is read, against Aer and the reference of branches."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from qiskit import QuantumCircuit, qasm3
from qiskit.circuit.classical import expr

from qdl.ir import Circuit, Param
from qdl.ir.bits import Condition
from qdl.ir.qasm import from_qasm
from tests.ir.feedback import HEAD, OLD, aer, asked, compare, declared, when


def read(text: str) -> Circuit:
    return from_qasm(HEAD + text)


def measured(wires: int, count: int) -> Circuit:
    """A circuit whose first wires are measured into c_0, c_1, ..."""
    return Circuit(wires).measure(range(count), [f"c_{wire}" for wire in range(count)])


READ = {
    "c = measure q;": measured(3, 3),
    "measure q -> c;": measured(3, 3),
    "c[0:1] = measure q[1:2];": Circuit(3).measure([1, 2], ["c_0", "c_1"]),
    "c[2] = measure q[0]; d = measure q[1];": Circuit(3).measure([0, 1], ["c_2", "d"]),
    "bit e = measure q[1];": Circuit(3).measure(1, "e"),
    "bit[3] e = measure q;": Circuit(3).measure([0, 1, 2], ["e_0", "e_1", "e_2"]),
    "bit[1] e = measure q[1];": Circuit(3).measure(1, "e_0"),
    "measure q[1]; measure q[1];": Circuit(3).measure(1, "m1").measure(1, "m1"),
    "measure q[1]; bit m1 = measure q[0];": Circuit(3).measure(1, "m1_v1").measure(0, "m1"),
    "reset q;": Circuit(3).reset(0, 1, 2),
    "reset q[2]; reset q[0:1];": Circuit(3).reset(2, 0, 1),
    "d = measure q[0]; if (d) x q[1];": when(Circuit(3).measure(0, "d"), "d", 1, lambda c: c.x(1)),
    "d = measure q[0]; if (d) { } else { x q[1]; }": when(Circuit(3).measure(0, "d"), "d", 0, lambda c: c.x(1)),
    "d = measure q[0]; if (!d) reset q[0:1];": when(Circuit(3).measure(0, "d"), "d", 0, lambda c: c.reset(0, 1)),
    "d = measure q[0]; if (d) d = measure q[1];": when(Circuit(3).measure(0, "d"), "d", 1, lambda c: c.measure(1, "d")),
    "d = measure q[0]; if (d) { barrier q; h q; }": when(
        Circuit(3).measure(0, "d"), "d", 1, lambda c: c.h(0).h(1).h(2)
    ),
    "c = measure q; if (c == 4) x q[0];": when(measured(3, 3), ("c_2", "c_1", "c_0"), "100", lambda c: c.x(0)),
    "c = measure q; if (c[2]) { if (!c[0]) x q[0]; }": when(measured(3, 3), ("c_2", "c_0"), "10", lambda c: c.x(0)),
    "c = measure q; if (c[0] || true) x q[0];": measured(3, 3).x(0),
    "c = measure q; if (c[0] && false) { x q[0]; d = measure q[0]; }": measured(3, 3),
    "if (1 < 2) x q[0]; else y q[0];": Circuit(3).x(0),
    "const uint k = 3; c = measure q; if (c == 2*k - 1) x q[0];": when(
        measured(3, 3), ("c_2", "c_1", "c_0"), 5, lambda c: c.x(0)
    ),
    "input float t; d = measure q[0]; if (d) rx(2*t) q[1];": when(
        Circuit(3).measure(0, "d"), "d", 1, lambda c: c.rx(2 * Param("t")[0], 1)
    ),
    "gate g(a) p { rx(a) p; h p; } d = measure q[0]; if (d) ctrl @ g(0.3) q[1], q[2];": when(
        Circuit(3).measure(0, "d"),
        "d",
        1,
        lambda c: c.append(read("qubit[2] q; ctrl @ rx(0.3) q[0], q[1]; ch q[0], q[1];"), [1, 2]),
    ),
}


@pytest.mark.parametrize("text", READ, ids=lambda text: text[:60])
def test_statements_become_operations(text: str) -> None:
    found = read(f"qubit[3] q; bit[3] c; bit d; {text}")
    assert found.elementary() == READ[text].elementary()


def test_bits_that_are_never_measured_are_none_of_the_circuits() -> None:
    assert read("qubit q; bit[3] c; bit d; c[1] = measure q;").bits == ("c_1",)


CONDITIONS: dict[str, Callable[[int, int], Any]] = {
    "c == 2": lambda c, d: c == 2,
    "c != 2": lambda c, d: c != 2,
    "c < 3": lambda c, d: c < 3,
    "c <= 3": lambda c, d: c <= 3,
    "5 < c": lambda c, d: c > 5,
    "c >= 6": lambda c, d: c >= 6,
    "c < 100": lambda c, d: True,
    'c == "011"': lambda c, d: c == 3,
    "c == 0b101": lambda c, d: c == 5,
    "c[0:1] == 2": lambda c, d: c % 4 == 2,
    "c[2:-1:1] == 1": lambda c, d: (c >> 2 & 1) + 2 * (c >> 1 & 1) == 1,
    "c[{0, 2}] == 1": lambda c, d: c & 5 == 1,
    "c[-1]": lambda c, d: c >= 4,
    "c[1] == 1": lambda c, d: c >> 1 & 1,
    "c[1] == true": lambda c, d: c >> 1 & 1,
    "false != c[1]": lambda c, d: c >> 1 & 1,
    "c[1] == 0": lambda c, d: not c >> 1 & 1,
    "!c[1]": lambda c, d: not c >> 1 & 1,
    "~c[1]": lambda c, d: not c >> 1 & 1,
    "c[0] && d || !c[2]": lambda c, d: (c & 1 and d) or c < 4,
    "!(c[0] || d)": lambda c, d: not (c & 1 or d),
    "c[0] ^ c[1] ^ d": lambda c, d: (c ^ c >> 1 ^ d) & 1,
    "(c[0] ^ c[1]) == true": lambda c, d: (c ^ c >> 1) & 1,
    "c[0] != d": lambda c, d: c & 1 != d,
    "c[0] & c[1] | d": lambda c, d: (c & c >> 1 | d) & 1,
    "(c & 5) == 4": lambda c, d: c & 5 == 4,
    "(c | 1) < 4": lambda c, d: (c | 1) < 4,
    '~c == "101"': lambda c, d: c == 2,
    "(c ^ 7) > c": lambda c, d: (c ^ 7) > c,
    "c << 1 == 2": lambda c, d: (c << 1) % 8 == 2,
    "c >> 1 == 3": lambda c, d: c >> 1 == 3,
    "bool(c)": lambda c, d: c,
    "bool(d) && bool(c[2])": lambda c, d: d and c >= 4,
    "uint[2](c) == 1": lambda c, d: c % 4 == 1,
    "uint[8](c) == 7": lambda c, d: c == 7,
    "int(c) > 5": lambda c, d: c > 5,
    "bit[2](c) == 3": lambda c, d: c % 4 == 3,
    "c > d": lambda c, d: c > d,
    "k == 2 && v": lambda c, d: c == 2 and not d,
    "!v": lambda c, d: d,
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions_hold_where_their_expressions_do(text: str) -> None:
    before = "qubit[4] q; bit[3] c; bit d; c = measure q[0:2]; d = measure q[3]; bool v = !d; int k; k = c;"
    found = asked(read(f"{before} y q; if ({text}) x q[0];"), ["c_2", "c_1", "c_0", "d"])
    assert found == [bool(CONDITIONS[text](c, d)) for c in range(8) for d in (0, 1)]


def test_a_condition_names_only_the_bits_that_matter() -> None:
    found = read("qubit[3] q; bit[3] c; c = measure q; if (c >= 6 || c[0] && !c[0]) x q[0];").operations[-1].condition
    assert found == Condition(("c_2", "c_1"), frozenset({3}))


def test_a_switch_decides_once_and_among_all_its_cases() -> None:
    text = """
    qubit[2] q; qubit t; bit[2] c; c = measure q; int which; which = c;
    switch (which) { case 0 { rx(0.1) t; } case 1, 2 { rx(0.2) t; } default { rx(0.4) t; c[0] = measure t; } }
    """
    found = [(op.gate.name, op.angles, op.condition) for op in read(text).operations[2:]]
    conditions = [Condition(("c_1", "c_0"), frozenset(values)) for values in ({0}, {1, 2}, {3})]
    assert found[:3] == [("rx", (angle,), asked) for angle, asked in zip((0.1, 0.2, 0.4), conditions, strict=True)]
    assert found[3] == ("measure", (), conditions[2])


def test_bits_of_version_2_begin_with_zero() -> None:
    text = f"{OLD} qreg q[2]; creg c[2]; measure q[0] -> c[1]; if(c==2) x q[1]; if(c==1) y q[1]; if(c==0) z q[1];"
    expected = when(Circuit(2).measure(0, "c_1"), "c_1", 1, lambda c: c.x(1))
    assert from_qasm(text) == when(expected, "c_1", 0, lambda c: c.z(1))
    assert from_qasm(f"{OLD} qreg q[1]; creg c[2]; if(c==0) x q[0]; if(c==1) y q[0];") == Circuit(1).x(0)


def test_bits_begin_with_what_they_are_given_or_zero() -> None:
    found = read('qubit q; bit[2] c; bit[2] e = "10"; c[1] = measure q; if (c == 2) x q; if (e == 2) y q;')
    assert found == when(Circuit(1).measure(0, "c_1"), "c_1", 1, lambda c: c.x(0)).y(0)


def test_an_outcome_of_a_block_counts_as_zero_without_the_block() -> None:
    text = "qubit[3] q; bit a; bit b = 0; h q; a = measure q[0]; if (a) b = measure q[1]; if (b) x q[2];"
    assert read(text).operations[-1].condition == Condition(("b",), frozenset({1}))


SPREAD = "h q[0]; ry(0.7) q[1]; ry(1.1) q[2]; cx q[1], q[2]; "
PROGRAMS = {
    "teleportation": "bit[2] m; bit o; u3(0.4, 0.3, 0.2) q[0]; h q[1]; cx q[1], q[2]; cx q[0], q[1]; h q[0];"
    "m[0] = measure q[0]; m[1] = measure q[1]; if (m[1]) x q[2]; if (m[0]) z q[2]; u3(-0.4, -0.2, -0.3) q[2];"
    "o = measure q[2];",
    "registers": "bit[3] c; bit[3] e; c = measure q; if (c == 5) { ry(0.9) q[0]; }"
    "else { ry(0.4) q[1]; cx q[1], q[2]; } e = measure q;",
    "reuse": "bit[3] c; bit d; c[0] = measure q[0]; reset q[0]; h q[0];"
    "if (c[0]) { ry(0.3) q[0]; if (!c[1]) reset q[1]; } d = measure q[0]; c[1] = measure q[1];"
    "if (c == 1) { x q[2]; } c[2] = measure q[2];",
    "measured in a block": "bit a; bit b; bit o; a = measure q[0]; if (a) { b = measure q[1]; h q[1]; }"
    "if (b) { x q[2]; } else { ry(0.5) q[2]; } o = measure q[2];",
    "overwritten": "bit a; bit o; a = measure q[0]; h q[0]; if (a == true) { ry(0.8) q[1]; a = measure q[1]; }"
    "if (!a) x q[2]; o = measure q[2];",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_have_aers_distribution(name: str) -> None:
    text = f"{HEAD}qubit[3] q;\n{SPREAD}{PROGRAMS[name]}"
    compare(from_qasm(text), aer(qasm3.loads(text), seed=11), declared(text))


def qiskit_program(seed: int) -> QuantumCircuit:
    """A random circuit with everything that Qiskit can say about bits and qdl can read."""
    draw = Random(seed)
    made = QuantumCircuit(4, 3)
    c, register = made.clbits, made.cregs[0]
    for wire in range(4):
        made.ry(draw.uniform(0.4, 2.6), wire)

    def turn() -> None:
        made.ry(draw.uniform(-2, 2), draw.randrange(4))
        made.cx(*draw.sample(range(4), 2))

    asked: list[Callable[[], Any]] = [
        lambda: expr.logic_and(c[0], expr.logic_not(c[1])),
        lambda: expr.logic_or(c[2], expr.bit_xor(c[0], c[1])),
        lambda: expr.less(register, draw.randint(1, 7)),
        lambda: expr.greater_equal(register, draw.randint(1, 7)),
        lambda: expr.equal(expr.bit_and(register, 6), draw.choice([0, 2, 4])),
        lambda: expr.not_equal(expr.bit_not(register), draw.randint(0, 7)),
        lambda: expr.greater(expr.bit_or(register, 1), 5),
        lambda: (register, draw.randint(0, 7)),
        lambda: (c[draw.randrange(3)], draw.randint(0, 1)),
    ]
    made.measure(0, 0)
    for _ in range(6):
        made.measure(draw.randrange(4), draw.randrange(3))
        kind = draw.randint(0, 4)
        if kind == 0:
            with made.switch(register) as case:
                with case(draw.randint(0, 3)):
                    turn()
                with case(4, 5):
                    turn()
                if draw.randint(0, 1):
                    with case(case.DEFAULT):
                        turn()
        elif kind == 1:
            made.reset(draw.randrange(4))
        else:
            with made.if_test(draw.choice(asked)()) as otherwise:
                turn()
                if draw.randint(0, 1):
                    with made.if_test(draw.choice(asked)()):
                        turn()
            with otherwise:
                turn()
    made.measure([0, 1, 2], [0, 1, 2])
    return made


@pytest.mark.parametrize("seed", range(12))
def test_what_qiskit_writes_is_read(seed: int) -> None:
    made = qiskit_program(seed)
    compare(from_qasm(qasm3.dumps(made)), aer(made, seed), ["c_0", "c_1", "c_2"])
