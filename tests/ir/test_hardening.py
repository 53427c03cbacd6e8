"""What must hold when a description is misused, copied, or sent to another process."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from qdl.errors import CircuitError
from qdl.ir import TABLE, Circuit, Hermitian, Param, X, Y, Z, arcsin, exp, log, sin, sqrt
from qdl.ir.gates import Composite, Fixed, Prepare, controlled, gate, pauli_rotation, unitary
from qdl.ir.params import MAX_DEPTH, evaluate, template

x, c = Param("x", 3), Param("c")


# --- arithmetic


@pytest.mark.parametrize(
    "operation",
    [
        lambda p: p - x[0],
        lambda p: x[0] - p,
        lambda p: -p,
        lambda p: +p,
        lambda p: 2 * p,
        lambda p: p * 2 - 1,
        lambda p: 1 - p,
        lambda p: p / 4 + 2 / p,
        lambda p: p**2 + 2**p,
        lambda p: np.float64(2) * p,
        lambda p: np.float32(2) + p,
        lambda p: p * p,
        lambda p: sin(p),
    ],
)
def test_a_param_of_size_1_computes_as_its_entry(operation: Callable[[Any], Any]) -> None:
    assert operation(c) == operation(c[0])


@pytest.mark.parametrize(
    "operation", [lambda p: -p, lambda p: 2 * p, lambda p: p - 1, lambda p: np.float64(2) * p, lambda p: p * X(0), sin]
)
def test_a_longer_param_is_refused_in_arithmetic(operation: Callable[[Any], Any]) -> None:
    with pytest.raises(CircuitError, match=r"'x' is a vector.*use an entry, x\[0\]"):
        operation(x)


def test_a_difference_is_the_sum_with_the_negative() -> None:
    values = {"x": [0.3, -0.7, 1.1]}
    assert evaluate(x[0] - 2 * x[1] - (1 - x[2]), values) == pytest.approx(0.3 + 1.4 - (1 - 1.1))
    assert x[0] - (-x[1]) == x[0] + x[1]
    negative = -x[0]
    assert -negative == x[0]


@pytest.mark.parametrize("angle", [x[0], c, 2 * x[1] - 1], ids=str)
def test_an_angle_scales_and_shifts_an_observable_from_either_side(angle: Any) -> None:
    assert angle * X(0) == X(0) * angle
    assert angle + X(0) == X(0) + angle
    assert angle - X(0) == -(X(0) - angle)


@pytest.mark.parametrize(
    "operation",
    [
        lambda: x[0] - "a",
        lambda: "a" - x[0],
        lambda: x[0] + None,
        lambda: x[0] * [1.0],
        lambda: x[0] * True,
        lambda: x[0] ** X(0),
        lambda: x[0] / X(0),
        lambda: x[0] * torch.tensor(2.0),
        lambda: torch.tensor(2.0) * c,
    ],
)
def test_what_is_no_angle_is_refused_in_arithmetic(operation: Callable[[], Any]) -> None:
    with pytest.raises(CircuitError, match="must be a real number or an expression"):
        operation()


@pytest.mark.parametrize(
    "operation",
    [
        lambda: log(0.0),
        lambda: sqrt(-1),
        lambda: arcsin(2),
        lambda: exp(1000),
        lambda: x[0] / 0,
        lambda: 1e200 * (1e200 * x[0]),
        lambda: 1e308 + (1e308 + x[0]),
        lambda: x[0] / 1e-320,
        lambda: log(x[0]).evaluate({"x": [-1, 0, 0]}),
        lambda: (x[0] ** 0.5).evaluate({"x": [-1, 0, 0]}),
        lambda: (1 / x[0]).evaluate({"x": [0, 0, 0]}),
        lambda: Circuit(1).append(Circuit(1).rx(1 / c[0], 0), 0, [0.0]),
        lambda: Circuit(1).append(Circuit(1).rx(c[0] ** -1, 0), 0, [0.0]),
    ],
)
def test_what_has_no_finite_real_value_is_refused(operation: Callable[[], Any]) -> None:
    with pytest.raises(CircuitError, match="has no finite real value"):
        operation()


def test_the_message_names_what_is_divided_by_zero() -> None:
    with pytest.raises(CircuitError, match=r"\(2\*x\[0\] - 1\) / 0 has no finite real value"):
        (2 * x[0] - 1) / 0
    with pytest.raises(CircuitError, match=r"^1 / 0 has no finite real value"):
        (1 / x[0]).evaluate({"x": [0, 0, 0]})


def test_an_integer_beyond_every_float_is_refused() -> None:
    with pytest.raises(CircuitError, match="must be finite"):
        Circuit(1).rx(10**400, 0)


@pytest.mark.parametrize(
    "value", [[1.0], [0, float("nan"), 0], "abc", None, [[1.0, 2.0]] * 3, 1.0, {"a": 1}, [1, "a", 2]], ids=str
)
def test_values_that_do_not_fit_an_expression_are_refused(value: Any) -> None:
    with pytest.raises(CircuitError, match="the value of Param 'x' does not fit"):
        (2 * x[1]).evaluate({"x": value})
    with pytest.raises(CircuitError, match="no value for Param 'x'"):
        (2 * x[1]).evaluate({"y": value})


def test_a_param_of_size_1_takes_a_bare_number() -> None:
    assert (2 * c).evaluate({"c": 0.5}) == (2 * c).evaluate({"c": torch.tensor(0.5)}) == 1.0


def test_the_deepest_expression_still_works_and_a_deeper_one_is_refused() -> None:
    def nested(depth: int) -> Any:
        out = x[0]
        for _ in range(depth - 1):
            out = sin(out)
        return out

    deepest = nested(MAX_DEPTH)
    assert pickle.loads(pickle.dumps(deepest)) == copy.deepcopy(deepest) == deepest.replace(lambda p, i: p[i])
    assert 0 < deepest.evaluate({"x": [1, 0, 0]}) < 0.2
    assert str(deepest).count("sin") == len(str(template(deepest).tree).split("sin")) - 1 == MAX_DEPTH - 1
    with pytest.raises(CircuitError, match="nested too deeply"):
        sin(deepest)


# --- identity: equal things are equal after a copy, a pickle, and in another process

RUNTIME_GATES = {
    "unitary": unitary(np.diag([1, 1j])),
    "controlled": controlled(TABLE["ry"], "10"),
    "controlled composite": controlled(TABLE["iswap"], "0"),
    "controlled rotor": controlled(TABLE["rv"], "1"),
    "Pauli rotation": pauli_rotation("XYZ"),
    "Pauli ladder": pauli_rotation("XYZIX"),
    "controlled ladder": controlled(pauli_rotation("XYZIX"), "01"),
    "own sequence": Composite("mine", 2, ("a", "b"), lambda a, b: [("rx", (a - b,), (0,)), ("cx", (), (0, 1))]),
    "preparation": Prepare(1),
}


def everything() -> Circuit:
    """A circuit with every row of the table and every kind of gate made at run time."""
    out = Circuit(8).prepare([x[0], c[0]], 7)
    for row in [*TABLE.values(), *(g for g in RUNTIME_GATES.values() if not isinstance(g, Prepare))]:
        out.gate(row, *(sin(k * x[1]) - c for k, _ in enumerate(row.angles, 2)), *range(row.wires))
    return out.evolve(X(0) @ Y(1) + Z(0), x[2])


@pytest.mark.parametrize("name", TABLE)
def test_a_row_travels_by_name(name: str) -> None:
    assert pickle.loads(pickle.dumps(TABLE[name])) is copy.deepcopy(TABLE[name]) is copy.copy(TABLE[name]) is gate(name)


@pytest.mark.parametrize("made", RUNTIME_GATES.values(), ids=RUNTIME_GATES)
def test_a_gate_made_at_run_time_survives_a_pickle(made: Any) -> None:
    hash(made)
    again = pickle.loads(pickle.dumps(made))
    assert again is not made
    assert again == made == copy.deepcopy(made)
    assert hash(again) == hash(made)
    if not isinstance(made, Prepare):
        angles = [0.3, -0.7, 1.1][: len(made.angles)]
        np.testing.assert_array_equal(again.matrix(*angles), made.matrix(*angles))


def test_gates_are_equal_only_if_they_do_the_same() -> None:
    def own(sign: float, wires: tuple[int, int] = (0, 1)) -> Composite:
        return Composite("mine", 2, ("a",), lambda a: [("rx", (sign * a,), (0,)), ("cx", (), wires)])

    assert own(2) == own(2)
    assert own(2) != own(-2)
    assert own(2) != own(2, (1, 0))
    assert controlled(own(2), "1") == controlled(own(2), "1")
    assert controlled(own(2), "1") != controlled(own(3), "1")
    assert controlled(TABLE["ry"], "10") != controlled(TABLE["ry"], "01")
    assert pauli_rotation("XYZIX") != pauli_rotation("XYZXI")
    assert unitary(np.diag([1, 1j])) != unitary(np.diag([1, -1j]))
    assert controlled(unitary(np.diag([1, 1j])), "1") != controlled(unitary(np.diag([1, -1j])), "1")
    assert TABLE["cx"] != controlled(TABLE["x"], "0")
    assert controlled(TABLE["x"], "10", "mine") != controlled(TABLE["x"], "01", "mine")
    assert controlled(TABLE["x"], "10", "mine") != controlled(TABLE["y"], "10", "mine")


def test_a_composite_keeps_no_reference_to_the_code_that_made_it() -> None:
    sign = [1.0]
    made = Composite("mine", 1, ("a",), lambda a: [("rx", (sign[0] * a,), (0,))])
    before = made.matrix(0.3)
    sign[0] = -1.0
    np.testing.assert_array_equal(made.matrix(0.3), before)


def test_a_circuit_with_everything_survives_copies_and_pickles() -> None:
    circuit = everything()
    key = circuit.key
    for again in (circuit.copy(), copy.copy(circuit), copy.deepcopy(circuit), pickle.loads(pickle.dumps(circuit))):
        assert again == circuit
        assert {key: "cached"}[again.key] == "cached"
        again.x(0)
        assert again != circuit
        assert len(again) == len(circuit) + 1


RECIPE = """
from qdl.ir import TABLE, Circuit, Param, X, Y, Z, sin
from qdl.ir.gates import Composite, controlled, pauli_rotation
x = Param("x", 3)
made = Composite("mine", 1, ("a",), lambda a: [("rx", (sin(a) - 1,), (0,)), ("u", (a, 0, a), (0,))])
circuit = Circuit(7).rx(sin(x[0]) * 2, 0).u(x[1], x[2], 0.5, 1).cu3(0.1, 0.2, x[0], 0, 1).gate(made, x[0], 2)
circuit.gate(controlled(TABLE["iswap"], "01"), 0, 1, 2, 3).gate(controlled(made, "1"), x[1], 0, 1)
circuit.gate(pauli_rotation("XYZIX"), x[2], *range(5)).unitary([[0, 1j], [1, 0]], 6).evolve(X(0) + Z(0), x[0])
key = circuit.key, x[0] * X(0) + 0.5 * Y(1)
"""


def test_what_was_pickled_in_another_process_equals_what_is_made_here() -> None:
    here: dict[str, Any] = {}
    exec(RECIPE, here)
    script = RECIPE + "import pickle, sys; hash(key); sys.stdout.buffer.write(pickle.dumps((circuit, key)))"
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        sent = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True).stdout
        circuit, key = pickle.loads(sent)
        assert circuit == here["circuit"]
        assert {here["key"]: "cached"}[key] == "cached"


# --- matrices


@pytest.mark.parametrize(
    "matrix",
    [[[1, 2], [3]], "abc", None, [[1, float("nan")], [0, 1]], [["a", "b"], ["c", "d"]], [[10**400, 0], [0, 1]]],
    ids=["ragged", "text", "None", "NaN", "letters", "beyond floats"],
)
@pytest.mark.parametrize("taker", [unitary, lambda m: Circuit(2).unitary(m, 0), lambda m: Hermitian(m, 0)])
def test_what_is_no_matrix_of_numbers_is_refused(taker: Callable[[Any], Any], matrix: Any) -> None:
    with pytest.raises(CircuitError, match="matrix"):
        taker(matrix)


@pytest.mark.parametrize("taker", [lambda m: Circuit(1).unitary(m, 0), lambda m: Hermitian(m, 0)])
def test_a_matrix_with_a_gradient_is_refused(taker: Callable[[Any], Any]) -> None:
    with pytest.raises(CircuitError, match=r"constant.*a gate with a Param"):
        taker(torch.eye(2, requires_grad=True))
    taker(torch.eye(2))


def test_a_unitary_without_wires_is_refused() -> None:
    with pytest.raises(CircuitError, match="gphase"):
        Circuit(1).unitary([[1j]])


@pytest.mark.parametrize("seed", range(5))
def test_a_unitary_in_float32_is_made_unitary_to_rounding(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    exact = np.linalg.qr(numbers.normal(size=(8, 8)) + 1j * numbers.normal(size=(8, 8)))[0]
    taken = unitary(exact.astype(np.complex64)).matrix()
    assert abs(taken @ taken.conj().T - np.eye(8)).max() < 1e-14
    assert abs(taken - exact).max() < 1e-6
    np.testing.assert_array_equal(unitary(np.eye(8)[::-1]).matrix(), np.eye(8)[::-1])


# --- observables


@pytest.mark.parametrize(
    "operation",
    [
        lambda: X(0) / 0,
        lambda: X(0) / "a",
        lambda: X(0) * complex("nan"),
        lambda: X(0) * complex("inf"),
        lambda: X(0) * float("nan"),
        lambda: X(0) * 1e300 * 1e300,
        lambda: 1e300 * X(0) @ (1e300 * Z(1)),
        lambda: X(0) + None,
        lambda: x[0] * X(0) * 1j,
        lambda: x[0] * X(0) + 1j * X(0),
        lambda: np.array([1.0, 2.0]) * X(0),
        lambda: X(0) @ 2,
        lambda: X(3).matrix(2),
        lambda: Hermitian([[1.0]], ()),
    ],
)
def test_observables_refuse_what_makes_no_sense(operation: Callable[[], Any]) -> None:
    with pytest.raises(CircuitError):
        operation()


def test_observables_take_numpy_numbers() -> None:
    assert np.float64(2) * X(0) == X(0) * np.float32(2) == 2 * X(0)
    assert np.complex64(1j) * X(0) == X(0) * 1j


def test_a_matrix_on_listed_wires_is_the_whole_matrix_with_the_wires_in_that_order() -> None:
    observable = 0.5 * X(0) @ Y(2) - Z(1)
    listed = observable.matrix((2, 0, 1)).reshape((2,) * 6)
    np.testing.assert_array_equal(listed.transpose(1, 2, 0, 4, 5, 3).reshape(8, 8), observable.matrix(3))


@pytest.mark.parametrize(
    "observable",
    [
        0.5 * X(0) + Y(0) - 2 * Z(1) @ X(2) + 0.25,
        x[0] * X(0) + x[1] * Y(0) + x[2] * Z(0) @ Z(1) + c * Z(1) - 1,
        X(0) * x[0] + Y(0),
        Hermitian([[1, 2j], [-2j, 3]], 0) - 0.3 * X(1),
        x[0] * Hermitian([[1, 2j], [-2j, 3]], 1) @ Z(2) - X(0) * x[1] + c * Y(1),
        Hermitian([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 2, 1j], [0, 0, -1j, 0]], (2, 0)) * c + Z(0) @ Z(2) + X(1),
        1e6 * Hermitian([[0.1, 0.2 + 0.3j], [0.2 - 0.3j, 0.7]], 0) @ Hermitian([[0.3, 0.1], [0.1, 0.9]], 2) + Y(0),
        X(0) - X(0),
    ],
    ids=str,
)
def test_a_square_is_the_square_of_the_matrix(observable: Any) -> None:
    values = {"x": [0.3, -0.7, 1.1], "c": 0.4}
    matrix = observable.matrix(3, values)
    np.testing.assert_allclose(observable.squared().matrix(3, values), matrix @ matrix, rtol=1e-12, atol=1e-12)


def test_a_square_of_many_terms_with_params_stays_flat() -> None:
    weights = Param("w", 200)
    squared = sum(weights[i] * Z(i) for i in range(200)).squared()
    assert len(squared.terms) == 1 + 200 * 199 // 2
    assert evaluate(squared.terms[()], {"w": [0.1] * 200}) == pytest.approx(2.0)


def test_a_hermitian_on_high_wires_is_squared() -> None:
    squared = (Hermitian([[1, 2j], [-2j, 3]], 40) @ Z(50)).squared()
    np.testing.assert_allclose(squared.matrix((40, 50)), np.kron([[5, 8j], [-8j, 13]], np.eye(2)), atol=1e-12)
    with pytest.raises(CircuitError, match="at most 10"):
        (Hermitian(np.diag(np.arange(64.0)), range(6)) + Hermitian(np.eye(64), range(5, 11))).squared()


# --- circuits


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda q: q.evolve(3, 0.1), "takes an observable"),
        (lambda q: q.evolve(None, 0.1), "takes an observable"),
        (lambda q: q.evolve(Z(0), "a"), "real number"),
        (lambda q: q.append("su4", (0, 1)), "qdl.cell"),
        (lambda q: q.append(None, (0, 1)), "takes a circuit"),
        (lambda q: q.append(Circuit(1).rx(c, 0), 0, {5: 1.0, "a": 2.0}), "not those given"),
        (lambda q: q.append(Circuit(1).rx(c, 0), 0, "c"), "no sequence"),
        (lambda q: q.append(Circuit(1).rx(c, 0), 0, np.ones((1, 1))), "no sequence"),
        (lambda q: q.gate(5, 0), "unknown gate 5"),
        (lambda q: q.gate(None, 0), "unknown gate None"),
        (lambda q: q.gate([], 0), r"unknown gate \[\]"),
        (lambda q: q.gate("x", 0, controls=[1], values=0), "control values"),
        (lambda q: q.gate("x", 0, controls=[1], values="01"), "control values"),
        (lambda q: q.gate("x", 0, controls=[1], values="2"), "control values"),
        (lambda q: q.gate("x", 0, values="1"), "control values"),
        (lambda q: q.gate("x", 0, controls=0), "different wires"),
        (lambda q: q.prepare(None, 0), "no sequence"),
        (lambda q: q.prepare([], ()), "2\\*\\*k amplitudes"),
        (lambda q: q.prepare([0, 0.0], 0), "positive norm"),
        (lambda q: q.prepare([1, 1j], 0), "real number"),
        (lambda q: q.append(Circuit(1).prepare([c[0], 0], 0), 0, [0.0]), "positive norm"),
        (lambda q: q.x(0).gate(Prepare(1), 1, 0, 0), "fresh wires"),
        (lambda q: q.x(0).append(Circuit(1).prepare([1, 0], 0), 0), "fresh wires"),
        (lambda q: q.unitary(np.eye(2), np.array(0.5)), "non-negative integer"),
        (lambda q: Circuit(30).matrix(), "too large"),
    ],
)
def test_circuits_refuse_what_makes_no_sense(call: Callable[[Circuit], Any], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        call(Circuit(3))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("u", "got 3, expected 3 angles (theta, phi, lam) and 1 wire, 4 in all"),
        ("ry", "got 3, expected 1 angle (theta) and 1 wire, 2 in all"),
        ("cx", "got 3, expected 2 wires"),
        ("h", "got 3, expected 1 wire"),
    ],
)
def test_the_message_counts_angles_and_wires(name: str, expected: str) -> None:
    with pytest.raises(CircuitError) as caught:
        getattr(Circuit(3), name)(0, 1, 2)
    assert str(caught.value) == f"wrong number of arguments for gate {name!r}: {expected}"


def test_an_unknown_gate_asked_for_as_a_method_is_a_circuit_error_that_hasattr_understands() -> None:
    assert not hasattr(Circuit(2), "cxx")
    with pytest.raises(CircuitError, match="did you mean") as caught:
        Circuit(2).cxx(0, 1)
    assert type(caught.value).__name__ == "UnknownGateError"


def test_one_control_may_be_a_number() -> None:
    assert Circuit(2).gate("x", 0, controls=1) == Circuit(2).x(0, controls=[1]) == Circuit(2).cx(1, 0)
    assert Circuit(2).gate("x", 1, controls=0) == Circuit(2).cx(0, 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda q: q.evolve(Z(0) + Z(7), 0.1),
        lambda q: q.append(Circuit(1).rx(Param("a"), 0).rx(c, 0), 0, [Param("y")[0], Param("x", 2)[0]]),
        lambda q: q.append(Circuit(2).prepare([1, 0], 1).prepare([1, 0], 0), (0, 1)),
        lambda q: q.gate("u", Param("y")[0], Param("x", 2)[0], 0.0, 0),
    ],
)
def test_a_refused_call_leaves_the_circuit_as_it_was(call: Callable[[Circuit], Any]) -> None:
    circuit = Circuit(3).rx(x[0], 0)
    before = circuit.copy()
    with pytest.raises(CircuitError):
        call(circuit)
    assert circuit == before
    assert circuit.params == before.params


@pytest.mark.parametrize(
    ("amplitudes", "expected"),
    [
        ([3, 4], [0.6, 0.8]),
        ([1e-300, 0], [1, 0]),
        ([5e-324, 5e-324], [0.5**0.5, 0.5**0.5]),
        ([1.5e308, -1.5e308], [0.5**0.5, -(0.5**0.5)]),
    ],
)
def test_plain_amplitudes_are_normalised_at_any_scale(amplitudes: list[float], expected: list[float]) -> None:
    circuit = Circuit(2).prepare(amplitudes, 1)
    np.testing.assert_allclose(circuit.operations[0].angles, expected, rtol=1e-15)
    assert Circuit(2).append(circuit, (0, 1)) == circuit
    assert Circuit(2).append(Circuit(1).prepare(Param("a", 2), 0), 1, amplitudes) == circuit


def test_a_part_with_one_angle_takes_a_bare_number() -> None:
    part = Circuit(1).rx(c, 0)
    assert Circuit(1).append(part, 0, 0.5) == Circuit(1).append(part, 0, {"c": 0.5}) == Circuit(1).rx(0.5, 0)


def test_a_gate_of_the_table_is_not_shadowed_by_a_gate_of_the_same_name() -> None:
    mine = Fixed("x", np.diag([1, -1]))
    again = pickle.loads(pickle.dumps(mine))
    assert again == mine != TABLE["x"]
