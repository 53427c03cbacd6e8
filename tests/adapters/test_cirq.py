"""Cirq's circuits and qdl's: through OpenQASM, and as objects with symbols, in both directions."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from qdl.errors import CircuitError, QdlError, UnsupportedError
from qdl.ir import TABLE, Circuit, Param, X, Z, sin
from qdl.ir.bits import Condition
from qdl.ir.qasm import from_qasm, to_qasm
from tests.round_trips import ROWS, bound, drawn, same, seeds, sizes

cirq = pytest.importorskip("cirq")
pytest.importorskip("ply")
import sympy  # noqa: E402
from cirq.contrib.qasm_import import circuit_from_qasm  # noqa: E402

from qdl.adapters.cirq import from_cirq, to_cirq  # noqa: E402
from qdl.adapters.cirq.symbols import symbol  # noqa: E402

x, theta, t = Param("x", 3), Param("theta", 4), Param("t")


def like_up_to_phase(found: np.ndarray, expected: np.ndarray, tolerance: float) -> None:
    overlap = np.vdot(found, expected)
    same(found * overlap / abs(overlap), expected, tolerance)


def unitary(theirs: Any, values: dict[str, list[float]] | None = None, params: Any = ()) -> np.ndarray:
    """The unitary of a Cirq circuit on all its qubits, its symbols bound."""
    numbers = {symbol(param, index): values[param.name][index] for param in params for index in range(param.size)}
    return cirq.resolve_parameters(theirs, numbers).unitary(qubit_order=sorted(theirs.all_qubits()))


# Circuits through OpenQASM.


def read_by_cirq(seed: int) -> None:
    c = bound(*drawn(seed, 12))
    if any(op.gate.name in ("cu", "cu3") for op in c.operations):
        return  # Cirq takes the remainder of their first angle by 2 pi, which is another gate
    try:
        text = to_qasm(c, 2)
    except QdlError:  # version 2 has no global phase, and few controls
        return
    theirs = circuit_from_qasm(text)
    qubits = [cirq.NamedQubit(f"q_{wire}") for wire in range(4)]
    # Cirq reads sx, u and others up to a global phase.
    like_up_to_phase(cirq.Circuit(cirq.I.on_each(*qubits), theirs).unitary(qubit_order=qubits), c.matrix(), 1e-7)


@seeds(15, slow=500)
def test_what_is_written_in_version_2_is_read_by_cirq(some: range) -> None:
    for seed in some:
        read_by_cirq(seed)


PLAIN = "x y z h s sdg t tdg sx rx ry rz p u1 u2 u3 cx cy cz ch swap ccx cswap cp crx cry crz".split()  # noqa: SIM905


@pytest.mark.parametrize("name", [name for name in PLAIN if name in TABLE])
def test_what_is_written_in_version_3_without_modifiers_is_read_by_cirq(name: str) -> None:
    row = TABLE[name]
    c = Circuit(4).h(0).t(3).gate(row, *np.linspace(0.3, 1.7, len(row.angles)), *range(row.wires, 0, -1))
    qubits = [cirq.NamedQubit(f"q_{wire}") for wire in range(4)]
    theirs = cirq.Circuit(cirq.I.on_each(*qubits), circuit_from_qasm(to_qasm(c)))
    like_up_to_phase(theirs.unitary(qubit_order=qubits), c.matrix(), 1e-7)


def random_cirq(seed: int, symbols: list[Any]) -> Any:
    """A circuit of Cirq's on an asymmetric choice of qubits, with numbers and symbols for exponents."""
    draw = Random(seed)
    qubits = cirq.LineQubit.range(4)
    made = cirq.Circuit(cirq.I.on_each(*qubits))
    for _ in range(12):
        chosen = draw.choice(list(FAMILIES.values()))
        plain = draw.choice([1, 0.5, draw.uniform(-2, 2)])
        exponent = draw.choice([plain, *(draw.uniform(-2, 2) * one + draw.choice([0, 0.25]) for one in symbols)])
        gate = chosen(exponent)
        made.append(gate.on(*draw.sample(qubits, cirq.num_qubits(gate))))
    return made


FAMILIES: dict[str, Callable[[Any], Any]] = {
    **{name: lambda e, name=name: getattr(cirq, name) ** e for name in "X Y Z H CX CZ SWAP ISWAP XX YY ZZ CCX".split()},  # noqa: SIM905
    "CCZ": lambda e: cirq.CCZ**e,
    "rx": lambda e: cirq.rx(e),
    "ry": lambda e: cirq.ry(e),
    "rz": lambda e: cirq.rz(e),
    "a shifted X": lambda e: cirq.XPowGate(exponent=e, global_shift=0.3),
    "a shifted H": lambda e: cirq.HPowGate(exponent=e, global_shift=0.3),
    "a shifted CZ": lambda e: cirq.CZPowGate(exponent=e, global_shift=0.3),
    "PhasedX": lambda e: cirq.PhasedXPowGate(phase_exponent=e, exponent=0.3),
    "a shifted PhasedX": lambda e: cirq.PhasedXPowGate(phase_exponent=0.2, exponent=e, global_shift=0.7),
    "PhasedXZ": lambda e: cirq.PhasedXZGate(x_exponent=e, z_exponent=0.2 * e, axis_phase_exponent=0.3),
    "FSim": lambda e: cirq.FSimGate(e, 0.4),
    "FSim's other angle": lambda e: cirq.FSimGate(0.3, 2 * e),
    "PhasedISwap": lambda e: cirq.PhasedISwapPowGate(exponent=e, phase_exponent=0.2),
    "givens": lambda e: cirq.givens(e),
    "a control on 0": lambda e: cirq.ControlledGate(cirq.Y**e, control_values=[0]),
    "two controls": lambda e: cirq.ControlledGate(cirq.PhasedXPowGate(phase_exponent=e), 2, control_values=[1, 0]),
    "a diagonal": lambda e: cirq.TwoQubitDiagonalGate([e, 0.1, 0.2, 2 * e]),
}
OTHERS = {
    "CSWAP": lambda: cirq.CSWAP,
    "a Fourier transform": lambda: cirq.QuantumFourierTransformGate(3),
    "a diagonal": lambda: cirq.DiagonalGate([0.1, 0.2, 0.3, 0.4]),
    "a matrix": lambda: cirq.MatrixGate(cirq.testing.random_unitary(4, random_state=5)),
    "identities": lambda: cirq.IdentityGate(2),
    "controls of which one must hold": lambda: cirq.ControlledGate(cirq.X, control_values=cirq.SumOfProducts([[0, 1]])),
    "Paulis": lambda: cirq.DensePauliString("XYZ", coefficient=-1),
    "a phasor": lambda: cirq.PauliStringPhasorGate(cirq.DensePauliString("XYZ"), exponent_neg=0.3),
}


@pytest.mark.parametrize("version", ["2.0", "3.0"])
@pytest.mark.parametrize("seed", range(8))
def test_what_cirq_writes_is_read(seed: int, version: str) -> None:
    theirs = random_cirq(seed, [])
    found = from_qasm(theirs.to_qasm(precision=15, version=version))
    like_up_to_phase(found.matrix(), unitary(theirs), 1e-7)  # Cirq decomposes into gates to eight digits


def test_bits_that_cirq_writes_are_read() -> None:
    a, b = cirq.LineQubit.range(2)
    theirs = cirq.Circuit(cirq.X(a) ** 0.3, cirq.measure(a, key="m"), cirq.X(b).with_classical_controls("m"))
    for version in ("2.0", "3.0"):
        found = from_qasm(theirs.to_qasm(version=version))
        assert [op.gate.name for op in found.operations] == ["rx", "measure", "x"]
        assert found.operations[2].condition is not None


# Circuits as objects.


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_cirqs(name: str) -> None:
    row = TABLE[name]
    numbers = np.random.default_rng(3).uniform(-3, 3, len(row.angles)).tolist()
    c = Circuit(6).h(0).t(5).gate(row, *numbers, *range(row.wires, 0, -1))
    same(unitary(to_cirq(c)), c.matrix())
    angles = [2 * theta[k] - 0.5 for k in range(len(row.angles))]
    symbolic = Circuit(6).h(0).gate(row, *angles, *range(row.wires, 0, -1))
    values = {"theta": [0.3, -0.8, 1.9, 2.2]}
    theirs = to_cirq(symbolic)
    same(unitary(theirs, values, symbolic.params), symbolic.matrix(values))
    again = from_cirq(theirs)
    assert again.params == symbolic.params
    same(again.matrix(values), symbolic.matrix(values))


def there_and_back(seed: int) -> None:
    c, values = drawn(seed, 12)
    theirs = to_cirq(c)
    same(unitary(theirs, values, c.params), c.matrix(values))
    again = from_cirq(theirs)
    # SymPy takes a symbol away where it cancels.
    assert sizes(again).items() <= sizes(c).items()
    assert {symbol(param, index) for param in c.params for index in range(param.size)} >= cirq.parameter_names(theirs)
    same(again.matrix(values), c.matrix(values))


def back_and_there(seed: int) -> None:
    symbols = [sympy.Symbol(name) for name in ("a", "b_0", "b_1")]
    theirs = random_cirq(seed, symbols)
    used = sorted(cirq.parameter_names(theirs))
    numbers = dict(zip(used, Random(seed).choices([0.3, -1.1, 0.77, 2.1], k=len(used)), strict=True))
    expected = cirq.resolve_parameters(theirs, numbers).unitary()
    c = from_cirq(theirs)
    again = to_cirq(c)
    assert sorted(cirq.parameter_names(again)) == used
    same(cirq.resolve_parameters(again, numbers).unitary(), expected)
    values = {param.name: [numbers.get(symbol(param, index), 0.0) for index in range(param.size)] for param in c.params}
    same(c.matrix(values), expected)


@seeds(30, slow=2000)
def test_random_circuits_go_to_cirq_and_back(some: range) -> None:
    for seed in some:
        there_and_back(seed)


@seeds(30, slow=2000)
def test_cirqs_circuits_come_and_go_back(some: range) -> None:
    for seed in some:
        back_and_there(seed)


@pytest.mark.parametrize("exponent", [1, 0.37, -1.3, 2 * sympy.Symbol("t") + 0.1], ids=str)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_cirqs_is_read(name: str, exponent: Any) -> None:
    gate = FAMILIES[name](exponent)
    qubits = cirq.LineQubit.range(4)
    theirs = cirq.Circuit(cirq.I.on_each(*qubits), gate.on(*qubits[3 : 3 - cirq.num_qubits(gate) : -1]))
    found = from_cirq(theirs)
    same(found.matrix({"t": [0.83]}), cirq.resolve_parameters(theirs, {"t": 0.83}).unitary())


@pytest.mark.parametrize("name", OTHERS)
def test_other_gates_of_cirqs_are_read(name: str) -> None:
    gate = OTHERS[name]()
    qubits = cirq.LineQubit.range(4)
    theirs = cirq.Circuit(cirq.I.on_each(*qubits), gate.on(*qubits[3 : 3 - cirq.num_qubits(gate) : -1]))
    same(from_cirq(theirs).matrix(), theirs.unitary())


def test_rows_come_back_as_rows() -> None:
    c = Circuit(3)
    for name in "x y z h s sdg t tdg sx sxdg".split():  # noqa: SIM905
        c.gate(name, 2)
    c.cx(2, 0).cz(0, 1).swap(1, 2).iswap(2, 1).ccx(2, 0, 1).cswap(1, 2, 0).rx(0.3, 0).rz(t, 2)
    again = from_cirq(to_cirq(c))  # Cirq moves every operation as far to the left as it goes
    assert sorted(map(repr, again.operations)) == sorted(map(repr, c.operations))
    same(again.matrix({"t": [0.4]}), c.matrix({"t": [0.4]}))


def test_expressions_and_names_are_kept() -> None:
    c = Circuit(2).rx(2 * x[1] - sin(x[0]) / t[0], 0).rzz(theta[3] ** 2, 1, 0).gphase(t[0]).p(t[0] * 0.5, 1)
    theirs = to_cirq(c)
    assert sorted(cirq.parameter_names(theirs)) == ["t", "theta_3", "x_0", "x_1"]
    again = from_cirq(theirs)
    assert {param.name: param.size for param in again.params} == {"x": 3, "t": 1, "theta": 4}
    values = {"x": [0.3, 0.7, 0.0], "t": [1.3], "theta": [0.0, 0.0, 0.0, 0.9]}
    same(again.matrix(values), c.matrix(values))


def test_symbols_without_tags_are_vectors_if_their_numbers_are_complete() -> None:
    qubit = cirq.LineQubit(0)
    turns = [cirq.rx(sympy.Symbol(name))(qubit) for name in ("a_0", "a_1", "b_1", "c")]
    assert set(from_cirq(cirq.Circuit(turns)).params) == {Param("a", 2), Param("b_1"), Param("c")}


def test_measurements_and_conditions_come_and_go() -> None:
    c = Circuit(3).h(0).measure([0, 1], ["a", "b"]).reset(1)
    with c.if_("a"):
        c.x(2)
    with c.if_(("a", "b"), "10"):
        c.ry(0.3, 0)
    with c.if_(Condition(("a", "b"), frozenset({1, 2}))):
        c.cx(2, 0)
    again = from_cirq(to_cirq(c))

    def shown(circuit: Circuit) -> list[Any]:
        rows = [{"a": a, "b": b} for a in (0, 1) for b in (0, 1)]
        asked = [[op.condition is None or op.condition.holds(row) for row in rows] for op in circuit.operations]
        found = [(op.gate.name, op.wires, op.bit, one) for op, one in zip(circuit.operations, asked, strict=True)]
        return sorted(found, key=repr)

    assert shown(again) == shown(c)  # Cirq moves every operation as far to the left as it goes


def test_feedback_has_cirqs_distribution() -> None:
    c = Circuit(3).ry(1.1, 0).cx(0, 1).measure(0, "a").ry(0.4, 2)
    with c.if_("a"):
        c.ry(1.2, 2)
    with c.if_("a", 0):
        c.x(1)
    c.measure([1, 2], ["b", "d"])
    outcomes = cirq.Simulator(seed=3).run(to_cirq(c), repetitions=1000)
    found = outcomes.multi_measurement_histogram(keys=["a", "b", "d"])
    one = math.sin(0.55) ** 2
    turned = {0: math.sin(0.2) ** 2, 1: math.sin(0.8) ** 2}
    for a in (0, 1):
        for d in (0, 1):
            expected = (one if a else 1 - one) * (turned[a] if d else 1 - turned[a])
            sigma = math.sqrt(expected * (1 - expected) / 1000)
            assert abs(found.get((a, 1, d), 0) / 1000 - expected) < 4.5 * sigma


def test_keys_of_several_qubits_masks_and_subcircuits_are_read() -> None:
    a, b = cirq.LineQubit.range(2)
    inner = cirq.FrozenCircuit(cirq.X(a) ** 0.3, cirq.CX(a, b))
    theirs = cirq.Circuit(
        cirq.CircuitOperation(inner, repetitions=2).with_qubit_mapping({a: b, b: a}),
        cirq.measure(a, b, key="m", invert_mask=(True, False)),
        cirq.wait(b, nanos=20),
        cirq.X(b).with_classical_controls(sympy.Symbol("m") > 1),
    )
    found = from_cirq(theirs)
    assert [(op.gate.name, op.wires) for op in found.operations[6:]] == [
        *(("x", (0,)), ("measure", (0,)), ("measure", (1,)), ("x", (0,)), ("delay", (1,)), ("x", (1,)))
    ]
    assert [op.wires for op in found.operations[:6] if op.gate.name == "cx"] == [(1, 0), (1, 0)]
    asked = found.operations[-1].condition
    assert asked is not None
    assert asked.holds({"m_0": 1, "m_1": 0})
    assert not asked.holds({"m_0": 0, "m_1": 1})


def test_wires_without_gates_stay() -> None:
    assert len(to_cirq(Circuit(3).x(1)).all_qubits()) == 3
    assert from_cirq(to_cirq(Circuit(3).x(1))).wires == 3


REFUSED = {
    "noise": (Circuit(1).channel("depolarizing", 0.1, wires=0), "the channel 'depolarizing'"),
    "prepare": (Circuit(1).prepare([0.6, 0.8], 0), "no preparations"),
    "rv": (Circuit(1).rv(x[0], 0.1, 0.2, 0), "no gate 'rv' with symbols"),
    "measure": (Circuit(1).measure(0, "m"), "under no condition"),
    "evolution": (Circuit(2).evolve(X(0) + Z(0) @ Z(1), t), "no gate 'evolution' with symbols"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cirq_cannot_say_is_refused(name: str) -> None:
    c, message = REFUSED[name]
    if name == "measure":
        with c.if_("m"):
            c.measure(0, "n")
    with pytest.raises(UnsupportedError, match=message):
        to_cirq(c)


def test_what_qdl_cannot_say_is_refused() -> None:
    qubit = cirq.LineQubit(0)
    with pytest.raises(UnsupportedError, match="cannot read an operation"):
        from_cirq(cirq.Circuit(cirq.depolarize(0.1)(qubit)))
    with pytest.raises(CircuitError, match="circuits of qubits"):
        from_cirq(cirq.Circuit(cirq.IdentityGate(1, (3,))(cirq.LineQid(0, 3))))
    with pytest.raises(CircuitError, match="an identifier: got 'a b'"):
        from_cirq(cirq.Circuit(cirq.rx(sympy.Symbol("a b"))(qubit)))
    with pytest.raises(CircuitError, match="'a' and 'a_0' would both be Param 'a'"):
        from_cirq(cirq.Circuit(cirq.rx(sympy.Symbol("a") + sympy.Symbol("a_0"))(qubit)))
    with pytest.raises(CircuitError, match="a qubit of its own for each wire"):
        to_cirq(Circuit(2), [qubit, qubit])
