"""Measurement, reset and conditions in written OpenQASM: read back by qdl, by Qiskit, and by Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from qiskit import qasm2, qasm3

from qdl.errors import QasmError
from qdl.ir import Circuit, Param
from qdl.ir.bits import Condition
from qdl.ir.qasm import from_qasm, to_qasm
from tests import noisy_oracle
from tests.ir.feedback import aer, asked, compare, declared, random, rows, when


@pytest.mark.parametrize("seed", range(40))
def test_random_circuits_read_back(seed: int) -> None:
    c = random(seed, 25)
    text = to_qasm(c)
    assert from_qasm(text) == c
    assert to_qasm(from_qasm(text)) == text


@pytest.mark.parametrize("seed", range(8))
def test_what_is_written_is_read_by_qiskit(seed: int) -> None:
    c = random(seed, 20)
    values = {param.name: np.random.default_rng(seed).uniform(-2, 2, param.size).tolist() for param in c.params}
    bound = Circuit(4).append(c, range(4), values) if values else c
    text = to_qasm(bound)
    compare(bound, aer(qasm3.loads(text), seed), declared(text))


def body(circuit: Circuit, version: int = 3) -> str:
    """What is written after the declarations."""
    lines = to_qasm(circuit, version).splitlines()
    start = max(k for k, line in enumerate(lines) if re.match(r"(qubit|bit|qreg|creg)\b", line))
    return "\n".join(lines[start + 1 :])


def test_neighbours_share_a_block_and_opposites_an_else() -> None:
    c = Circuit(3).measure([0, 1], ["a", "b"])
    with c.if_("a"):
        c.x(0).y(1)
    with c.if_(("a", "b"), "10"):
        c.z(2)
    with c.if_("a", 0):
        c.reset(2)
    c.h(0)
    with c.if_("b"):
        c.measure(2, "b")
    with c.if_("b"):  # measured anew: a block of its own
        c.x(0)
    with c.if_("b", 0):
        c.x(1)
    expected = """\
a = measure q[0];
b = measure q[1];
if (a) {
  x q[0];
  y q[1];
  if (!b) {
    z q[2];
  }
} else {
  reset q[2];
}
h q[0];
if (b) {
  b = measure q[2];
}
if (b) {
  x q[0];
} else {
  x q[1];
}"""
    assert body(c) == expected
    assert from_qasm(to_qasm(c)) == c


def test_a_third_branch_is_a_block_of_its_own() -> None:
    c = Circuit(1).measure(0, "a")
    for value in (1, 0, 1, 0):
        when(c, "a", value, lambda c: c.x(0))
    assert body(c).count("else") == 2
    assert from_qasm(to_qasm(c)) == c


@pytest.mark.parametrize(
    ("bits", "accepted", "expected"),
    [
        ("a", {1}, "if (a) {"),
        ("a", {0}, "if (!a) {"),
        ("a b", {2}, "if (a) {\n  if (!b) {"),
        ("c_1 c_0", {2}, "if (c == 2) {"),
        ("c_0 c_1", {2}, "if (c[0]) {\n  if (!c[1]) {"),
        ("a c_1 c_0 b", {5}, "if (!a) {\n  if (c == 2) {\n    if (b) {"),
        ("c_1 c_0", {1, 2}, "if (c == 1 || c == 2) {"),
        ("c_1 c_0", {0, 1, 3}, "if (c != 2) {"),
        ("c_1 c_0", {0, 1, 2}, "if (c < 3) {"),
        ("c_1 c_0", {1, 2, 3}, "if (c >= 1) {"),
        ("a b", {1, 2}, "if (a != b) {"),
        ("a b", {0, 3}, "if (a == b) {"),
        ("a b", {1, 2, 3}, "if (a || b) {"),
        ("a b", {0, 1, 2}, "if (!a || !b) {"),
        ("a b c_0", {1, 2, 4, 7}, "if (a != (b != c[0])) {"),
        ("a b c_0", {3, 5, 6, 7}, "if ((a && (b || c[0])) || (!a && b && c[0])) {"),
        ("a b", {0, 1, 2, 3}, "x q[0];"),
    ],
)
def test_conditions_are_written_in_their_simplest_true_form(bits: str, accepted: set[int], expected: str) -> None:
    c = Circuit(1).measure([0], ["a"]).measure([0], ["b"]).measure([0], ["c_0"]).measure([0], ["c_1"])
    when(c, Condition(tuple(bits.split()), frozenset(accepted)), 1, lambda c: c.x(0))
    assert body(c).partition("c[1] = measure q[0];\n")[2].startswith(expected)
    assert asked(from_qasm(to_qasm(c)), c.bits) == asked(c, c.bits)


@pytest.mark.parametrize("seed", range(60))
def test_every_condition_reads_back_to_what_it_says(seed: int) -> None:
    draw = Random(seed)
    names = draw.sample(["a", "b", "c_0", "c_1", "c_2", "m", "z_7"], 7)
    c = Circuit(1)
    for name in names:
        c.measure(0, name)
    chosen = draw.sample(names, draw.randint(1, 6))
    size = 2 ** len(chosen)
    found = Condition(tuple(chosen), frozenset(draw.sample(range(size), draw.randint(1, size))))
    when(c, found, 1, lambda c: c.x(0))
    text = to_qasm(c)
    again = from_qasm(text)
    assert asked(again, names) == asked(c, names)
    assert asked(from_qasm(to_qasm(again)), names) == asked(c, names)
    conditions = re.findall(r"if \((.*)\) \{", text)
    assert [all(python(one, row) for one in conditions) for row in rows(names)] == asked(c, names)


def python(text: str, row: dict[str, int]) -> bool:
    """A written condition as Python understands it."""
    plain = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    registers = {"c": [row.get(f"c_{k}", 0) for k in range(3)]}
    whole = sum(bit << k for k, bit in enumerate(registers["c"]))
    plain = re.sub(r"\bc(?!\[)\b", str(whole), plain)
    return bool(eval(plain, {"__builtins__": {}}, {**row, **registers}))


def test_a_condition_of_twelve_bits_reads_back() -> None:
    names = [f"b{k}x" for k in range(12)]
    c = Circuit(1)
    for name in names:
        c.measure(0, name)
    accepted = frozenset(Random(5).sample(range(4096), 2000))
    when(c, Condition(tuple(names), accepted), 1, lambda c: c.x(0))
    again = from_qasm(to_qasm(c))
    (found,) = [op.condition for op in again.operations if op.condition]
    assert asked(again, names) == asked(c, names)
    assert set(found.bits) == set(names)


NAMES = [
    (["c_0", "c_1"], ["bit[2] c;"]),
    (["c_1", "c_0"], ["bit[2] c;"]),
    (["c_1"], ["bit c_1;"]),
    (["c_0", "c"], ["bit c_0;", "bit c;"]),
    (["m", "m_00"], ["bit m;", "bit m_00;"]),
    (["q_0", "q"], ["bit q_0;", "bit q;"]),
    (["q_0", "q_1"], ["bit[2] q;"]),
    (["x_0"], ["bit x_0;"]),  # x is a gate
    (["if_0", "_", "β_0"], ["bit if_0;", "bit _;", "bit[1] β;"]),
    (["t_0", "t"], ["bit t_0_v1;", "bit t_v1;"]),  # t_0 is an input, t a gate
    (["measure", "measure_v1"], ["bit measure_v2;", "bit measure_v1;"]),
]


@pytest.mark.parametrize(("bits", "expected"), NAMES, ids=str)
def test_names_of_bits(bits: list[str], expected: list[str]) -> None:
    c = Circuit(1).rx(Param("t"), 0)
    for bit in bits:
        c.measure(0, bit)
    text = to_qasm(c)
    assert [line for line in text.splitlines() if line.startswith("bit")] == expected
    assert qasm3.loads(text).num_clbits == len(bits)
    again = from_qasm(text)
    if "_v" not in "".join(expected):
        assert again == c
    assert len(again.bits) == len(bits)


def test_version_2_compares_registers_with_numbers() -> None:
    c = Circuit(2).measure([0, 1], ["c_0", "c_1"]).measure(0, "m")
    when(c, "m", 1, lambda c: c.reset(1))
    when(c, ("c_0", "c_1"), "10", lambda c: c.ry(0.3, 0))
    when(c, "c_0", 1, lambda c: c.cx(0, 1))
    when(c, ("c_0", "c_1"), "01", lambda c: c.measure(1, "c_0"))
    expected = """\
measure q[0] -> c[0];
measure q[1] -> c[1];
measure q[0] -> m[0];
if(m==1) reset q[1];
if(c==1) ry(0.3) q[0];
if(c==1) cx q[0], q[1];
if(c==3) cx q[0], q[1];
if(c==2) measure q[1] -> c[0];"""
    assert body(c, 2) == expected
    assert [line for line in to_qasm(c, 2).splitlines() if line.startswith("creg")] == ["creg c[2];", "creg m[1];"]


def registers(seed: int) -> Circuit:
    """A random circuit of numbers with one register of bits."""
    draw = Random(seed)
    c = Circuit(3).h(0).ry(0.8, 1).cx(1, 2).measure([0, 1, 2], ["c_0", "c_1", "c_2"])
    kinds: list[Callable[[Circuit], Any]] = [
        lambda c: c.ry(draw.uniform(-2, 2), draw.randrange(3)),
        lambda c: c.cu(*(draw.uniform(-2, 2) for _ in range(4)), *draw.sample(range(3), 2)),
        lambda c: c.cswap(*draw.sample(range(3), 3)),
        lambda c: c.reset(draw.randrange(3)),
    ]
    for _ in range(15):
        asked_for = draw.sample(c.bits, draw.randint(1, 3))
        when(c, asked_for, draw.randrange(2 ** len(asked_for)), draw.choice(kinds))
        if draw.randint(0, 1):
            c.measure(draw.randrange(3), draw.choice(c.bits))
    return c


@pytest.mark.parametrize("seed", range(6))
def test_version_2_is_read_by_qiskit_and_back(seed: int) -> None:
    c = registers(seed)
    text = to_qasm(c, 2)
    compare(c, aer(qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS), seed), declared(text))
    assert from_qasm(text).bits == c.bits
    np.testing.assert_allclose(
        noisy_oracle.probs(from_qasm(text), {}, c.bits), noisy_oracle.probs(c, {}, c.bits), rtol=0, atol=1e-12
    )


def test_a_gate_of_several_lines_stays_under_its_condition() -> None:
    c = when(Circuit(1).measure(0, "a"), "a", 1, lambda c: c.unitary(np.diag([1j, 1]), 0).rv(0.1, 0.2, 0.3, 0))
    again = from_qasm(to_qasm(c))
    assert len(again) > 3
    assert all(op.condition == Condition(("a",), frozenset({1})) for op in again.operations[1:])


NOISE = [
    ("depolarizing", (0.1,)),
    ("thermal_relaxation", (1.0, 1.0, 0.1, 0.0)),
    ("reset_error", (0.1, 0.1)),
    ("amplitude_damping", (Param("g"),)),
]


@pytest.mark.parametrize(("name", "strengths"), NOISE)
def test_noise_is_refused_by_name(name: str, strengths: Any) -> None:
    c = Circuit(1).x(0).channel(name, *strengths, wires=0)
    for version in (2, 3)[name == "amplitude_damping" :]:
        with pytest.raises(QasmError, match=f"no words for noise: got the channel '{name}'"):
            to_qasm(c, version)


def test_kraus_operators_are_refused() -> None:
    with pytest.raises(QasmError, match="the channel 'kraus'"):
        to_qasm(Circuit(1).kraus([[[1, 0], [0, 0.6]], [[0, 0.8], [0, 0]]], 0))


def test_what_version_2_cannot_compare_is_refused() -> None:
    two = when(Circuit(1).measure(0, "a").measure(0, "b"), ("a", "b"), 3, lambda c: c.x(0))
    with pytest.raises(QasmError, match="one register at a time: got the bits a, b.*c_0, c_1"):
        to_qasm(two, 2)
    wide = Circuit(1)
    for k in range(8):
        wide.measure(0, f"c_{k}")
    with pytest.raises(QasmError, match="one number at a time: got 128 values of 'c' for 'x'"):
        to_qasm(when(wide.copy(), "c_0", 1, lambda c: c.x(0)), 2)
    both = when(Circuit(1).measure(0, "c_0").measure(0, "c_1"), "c_0", 1, lambda c: c.measure(0, "c_1"))
    with pytest.raises(QasmError, match="one number at a time: got 2 values of 'c' for 'measure'"):
        to_qasm(both, 2)


@pytest.mark.parametrize(("bit", "version"), [("a·b", 3), ("A", 2), ("_a", 2), ("β", 2)])
def test_bits_without_a_name_are_refused(bit: str, version: int) -> None:
    with pytest.raises(QasmError, match=f"the bit '{bit}' has no name in OpenQASM {version}"):
        to_qasm(Circuit(1).measure(0, bit), version)
