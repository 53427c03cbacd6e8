"""The circuits with classical feed-forward of MQT Bench 2.3, written anew, run in three ways.

MQT Bench (https://github.com/munich-quantum-toolkit/bench) has five such families: iterative phase estimation, the
dynamic quantum Fourier transform, GHZ states in constant depth, and the codes of Steane and of Shor; and one with
resets but no condition, after Bernstein and Vazirani. The texts are made here, statement by statement like theirs: all
34 that Qiskit writes of them, from 2 to 17 qubits, with phases or faults put in front of some, read as equal circuits.
What they must give follows from what they are for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import qdl

SHOTS = 2000
SINGLE = math.sin(0.35) ** 2  # of ry(0.7)
X_PART, Z_PART = math.sin(0.2) ** 2, math.sin(0.45) ** 2  # of rx(0.4), then rz(-0.9)


class Case(NamedTuple):
    """A program, its bits, and probabilities of all their values, the first bit most significant."""

    text: str
    bits: list[str]
    expected: Any


def case(lines: Sequence[str], registers: dict[str, int], expected: Any) -> Case:
    """A case; its bits are those of the registers, each with its last bit first."""
    bits = [f"{name}_{k}" for name, size in registers.items() for k in reversed(range(size))]
    declared = [f"bit[{size}] {name};" for name, size in registers.items()]
    text = "\n".join(["OPENQASM 3.0;", 'include "stdgates.inc";', *declared, *lines])
    return Case(text, bits, expected if isinstance(expected, np.ndarray) else table(expected, len(bits)))


def table(probabilities: dict[str, float], bits: int) -> Any:
    out = np.zeros(2**bits)
    for digits, probability in probabilities.items():
        out[int(digits.replace(" ", ""), 2)] = probability
    return out


def peak(size: int, turns: float) -> Any:
    """What phase estimation with `size` values finds: |sum_x e^{2 pi i x (turns - y/size)} / size|^2 at each y."""
    x, y = np.arange(size)[:, None], np.arange(size)
    return np.abs(np.exp(2j * np.pi * x * (turns - y / size)).mean(0)) ** 2


def phase_estimation(rounds: int, turns: float) -> Case:
    """The eigenvalue e^{2 pi i turns} of a phase gate, digit after digit on one qubit, the last one first."""
    lines = ["qubit[1] q;", "qubit[1] psi;", "x psi[0];"]
    for k in reversed(range(rounds)):
        lines += ["h q[0];", f"cp({2**k * turns % 1 * math.tau}) psi[0], q[0];"]
        lines += [f"if (c[{j}]) {{ rz({-math.tau / 2 ** (j - k + 1)}) q[0]; }}" for j in range(k + 1, rounds)]
        lines += ["h q[0];", f"c[{k}] = measure q[0];", f"if (c[{k}]) {{ x q[0]; }}"]
    found = case(lines, {"c": rounds}, peak(2**rounds, turns))
    return found._replace(bits=found.bits[::-1])  # the first digit is in c[0]


def fourier(wires: int, turns: float | None = None) -> Case:
    """The transform followed by measurement, qubit after qubit; of |0...0>, or of phases -2 pi x turns in front."""
    lines = [f"qubit[{wires}] q;"]
    if turns is not None:
        lines += [f"h q[{k}]; p({-(2**k) * turns * math.tau}) q[{k}];" for k in range(wires)]
    for k in range(wires):
        wire = wires - 1 - k
        lines += [f"if (meas[{j}]) {{ p({math.pi / 2 ** (k - j)}) q[{wire}]; }}" for j in range(k)]
        lines += [f"h q[{wire}];", f"meas[{k}] = measure q[{wire}];"]
    return case(lines, {"meas": wires}, np.full(2**wires, 2.0**-wires) if turns is None else peak(2**wires, turns))


def ghz(wires: int) -> Case:
    """Neighbours are entangled by measured parities between them; what they say is corrected by sums of outcomes."""
    pairs, between = range(0, wires, 2), range(1, wires, 2)
    name = "mid_measurement"
    lines = [f"qubit[{wires}] q;", *(f"h q[{k}];" for k in pairs)]
    lines += [f"cx q[{k - 1}], q[{k}]; cx q[{k + 1}], q[{k}];" for k in between if k + 1 < wires]
    for bit, wire in enumerate(between):
        lines += [f"{name}[{bit}] = measure q[{wire}];", f"if ({name}[{bit}]) {{ x q[{wire}]; }}"]
    for wire in pairs[1:]:
        parity = " ^ ".join(f"{name}[{bit}]" for bit in range(wire // 2))
        lines.append(f"if ({f'({parity})' if wire > 2 else parity} == true) {{ x q[{wire}]; }}")
    lines += [f"cx q[{k - 1}], q[{k}];" for k in between]
    lines += [f"final_measurement[{k}] = measure q[{k}];" for k in range(wires)]
    random = (wires - 1) // 2  # outcomes; with an even number of wires the last one is certain
    expected = {
        f"{digit * wires} {middle:0{wires // 2}b}": 2.0 ** -(random + 1)
        for digit in "01"
        for middle in range(2**random)
    }
    return case(lines, {"final_measurement": wires, name: wires // 2}, expected)


def hidden_string(size: int) -> Case:
    """The string ...1010 of a function, one digit after the other on one qubit, which is reset in between."""
    lines = [f"qubit[{size + 1}] q;", "x q[0];"]
    for k in range(size):
        query = ["cz q[1], q[0];"] if k % 2 else []
        lines += ["h q[1];", *query, "h q[1];", f"c[{k}] = measure q[1];"]
        lines += ["reset q[1];"] if k < size - 1 else []
    return case(lines, {"c": size}, {"".join("01"[k % 2] for k in reversed(range(size))): 1.0})


Fault = tuple[str, int]  # "", "x", "y", "z" or "r", which is rx(0.4), then rz(-0.9); the data qubit


def fault_lines(fault: Fault) -> list[str]:
    kind, wire = fault
    gates = {"": [], "r": ["rx(0.4)", "rz(-0.9)"]}.get(kind, [kind])
    return [f"{gate} q0[{wire}];" for gate in gates]


def corrected(fault: Fault, flip: str, phase: str) -> dict[str, float]:
    """Any fault of one qubit is the product of an X part and a Z part; the encoded qubit is as it was before."""
    found = {}
    flipped = {"x": 1.0, "y": 1.0, "r": X_PART}.get(fault[0], 0.0)
    turned = {"z": 1.0, "y": 1.0, "r": Z_PART}.get(fault[0], 0.0)
    for first, p in ((flip, flipped), ("0" * len(flip), 1 - flipped)):
        for second, q in ((phase, turned), ("0" * len(phase), 1 - turned)):
            found |= {f"{first} {second} {digit}": p * q * r for digit, r in (("0", 1 - SINGLE), ("1", SINGLE))}
    return found


def cx(pairs: str, first: str = "q0", second: str = "q0") -> list[str]:
    return [f"cx {first}[{pair[0]}], {second}[{pair[1]}];" for pair in pairs.split()]


def steane(fault: Fault) -> Case:
    """The code on seven qubits: parity k asks the qubits whose number, counted from 1, has binary digit k."""
    asked = [[wire for wire in range(7) if wire + 1 >> k & 1] for k in range(3)]
    every = "barrier q0, bfs0, pfs0;"
    lines = ["qubit[7] q0;", "qubit[3] bfs0;", "qubit[3] pfs0;", "ry(0.7) q0[0];", "h q0[4]; h q0[5]; h q0[6];"]
    lines += [*cx("01 02 63 61 60 53 52 50 43 42 41"), every, *fault_lines(fault)]
    lines += [f"cx q0[{wire}], bfs0[{k}];" for k in range(3) for wire in asked[k]]
    lines += ["h pfs0;", *(f"cx pfs0[{k}], q0[{wire}];" for k in range(3) for wire in asked[k]), "h pfs0;", every]
    lines += ["bfsm0 = measure bfs0;", "pfsm0 = measure pfs0;"]
    lines += [
        f"if ({name} == {k + 1}) {{ {g} q0[{k}]; }}" for name, g in (("bfsm0", "x"), ("pfsm0", "z")) for k in range(7)
    ]
    lines += [every, *cx("41 42 43 50 52 53 60 61 63 02 01"), "h q0[6]; h q0[5]; h q0[4];", "m0[0] = measure q0[0];"]
    syndrome = f"{fault[1] + 1:03b}"
    return case(lines, {"bfsm0": 3, "pfsm0": 3, "m0": 1}, corrected(fault, syndrome, syndrome))


def shor(fault: Fault) -> Case:
    """The code on nine qubits: two parities in each block of three, and two between the signs of blocks."""
    encode, spread = cx("03 06"), cx("01 02 34 35 67 68")
    flips = cx("00 11 20 21 32 43 52 53 64 75 84 85", "q0", "bs0")
    signs = cx("00 01 02 13 14 15 06 16 07 17 08 18", "ps0", "q0")
    block, place = divmod(fault[1], 3)
    lines = ["qubit[9] q0;", "qubit[6] bs0;", "qubit[2] ps0;", "ry(0.7) q0[0];"]
    lines += [*encode, "h q0[0]; h q0[3]; h q0[6];", *spread, *fault_lines(fault)]
    lines += [*flips, "h ps0;", *signs, "h ps0;", "bsm0 = measure bs0;"]
    lines += [f"if (bsm0 == {k % 3 + 1 << k // 3 * 2}) {{ x q0[{k}]; }}" for k in range(9)]
    lines += ["psm0 = measure ps0;", *(f"if (psm0 == {k + 1}) {{ z q0[{3 * k}]; }}" for k in range(3))]
    lines += [*spread, "h q0[0]; h q0[3]; h q0[6];", *encode, "m0[0] = measure q0[0];"]
    expected = corrected(fault, f"{place + 1 << 2 * block:06b}", f"{block + 1:02b}")
    return case(lines, {"bsm0": 6, "psm0": 2, "m0": 1}, expected)


SMALL = {
    **{
        f"iqpe {n} {turns}": phase_estimation(n, turns) for n, turns in ((1, 0.5), (3, 0.125), (4, 9 / 16), (5, 9 / 32))
    },
    **{f"iqpe inexact {n}": phase_estimation(n, turns) for n, turns in ((2, 0.1), (3, 3 / 16), (5, 1 / 64))},
    **{f"qft {n}": fourier(n) for n in (2, 3, 5)},
    **{f"qft {n} of {k}": fourier(n, k / 2**n) for n, k in ((3, 5), (4, 11), (5, 19), (3, 2.3), (4, 6.8))},
    **{f"ghz {n}": ghz(n) for n in range(2, 7)},
    **{f"hidden string {n}": hidden_string(n) for n in range(2, 6)},
}
FAULTS: list[Fault] = [("", 0), ("x", 0), ("y", 2), ("z", 5), ("r", 4), ("r", 6)]
CODES = {f"steane {kind}{wire}": steane((kind, wire)) for kind, wire in FAULTS}
CODES |= {f"shor {kind}{wire}": shor((kind, wire)) for kind, wire in [*FAULTS, ("y", 8)]}
ALL = {**SMALL, **CODES, "ghz 7": ghz(7)}


def probs(found: Case, engine: str, **options: Any) -> Any:
    circuit = qdl.Circuit.from_qasm(found.text)
    return qdl.probs(circuit, wires=found.bits, engine=engine, dtype=torch.float64, **options).numpy()


@pytest.mark.parametrize("name", ALL)
def test_deferred_measurements_give_the_right_distribution(name: str) -> None:
    np.testing.assert_allclose(probs(ALL[name], "state"), ALL[name].expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", SMALL)
def test_branches_give_the_right_distribution(name: str) -> None:
    np.testing.assert_allclose(probs(SMALL[name], "density"), SMALL[name].expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", [*SMALL, "steane y2", "steane r4", "ghz 7"])
def test_sampled_outcomes_give_the_right_distribution(name: str) -> None:
    expected = ALL[name].expected
    shots = SHOTS if name in SMALL else SHOTS // 10
    found = probs(ALL[name], "trajectory", shots=shots, seed=list(ALL).index(name))
    sigma = np.sqrt(np.clip(expected * (1 - expected), 0, 1) / shots)
    assert (np.abs(found - expected) <= 4 * sigma + 1e-9).all()


@pytest.mark.parametrize("name", ALL)
def test_what_is_written_of_them_gives_the_same(name: str) -> None:
    circuit = qdl.Circuit.from_qasm(ALL[name].text)
    assert qdl.Circuit.from_qasm(circuit.to_qasm()) == circuit
