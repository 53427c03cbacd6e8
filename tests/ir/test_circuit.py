"""Building circuits: parts and their parameters, inverses, graphs."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from qdl.errors import CircuitError
from qdl.ir import Circuit, Param
from tests.strategies import case

x, theta = Param("x", 2), Param("theta", 3)


def part() -> Circuit:
    return Circuit(2).ry(x[0], 0).crx(2 * theta[1], 0, 1).rz(x[1] - theta[0], 1).p(theta[2], 0)


def test_params_stand_in_order_of_first_use() -> None:
    assert part().params == (x, theta)
    assert Circuit(2).append(part(), (1, 0), {"theta": theta, "x": x}).params == (x, theta)


@pytest.mark.parametrize(
    "params",
    [
        [0.1, 0.2, 0.3, 0.4, 0.5],
        np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
        {"theta": [0.3, 0.4, 0.5], "x": np.array([0.1, 0.2])},
    ],
    ids=["list", "array", "dict"],
)
def test_a_part_takes_its_entries_in_its_own_order_or_by_name(params: object) -> None:
    found = Circuit(3).append(part(), (2, 0), params).matrix()
    plain = Circuit(3).ry(0.1, 2).crx(0.8, 2, 0).rz(0.2 - 0.3, 0).p(0.5, 2)
    np.testing.assert_allclose(found, plain.matrix(), rtol=0, atol=1e-14)


def test_a_part_takes_expressions() -> None:
    w = Param("w", 5)
    c = Circuit(2).append(part(), (0, 1), [w[0], 1 + w[1], w[2] * w[3], w[3], 0.5])
    assert c == Circuit(2).ry(w[0], 0).crx(2 * w[3], 0, 1).rz(1 + w[1] - w[2] * w[3], 1).p(0.5, 0)


def test_a_part_without_parameters_gets_fresh_ones() -> None:
    c = Circuit(2).append(part(), (0, 1)).append(part(), (1, 0)).append(part(), (0, 1), name="mine")
    assert [(p.name, p.size) for p in c.params] == [("x_0", 5), ("x_1", 5), ("mine", 5)]


@pytest.mark.parametrize("seed", range(10))
def test_a_circuit_times_its_inverse_is_one(seed: int) -> None:
    from random import Random

    draw = Random(seed)
    made = case(draw, 4, 12, batches=[()], prepared=False)
    values = {name: value.numpy() for name, value in made.own().items()}
    found = made.circuit.inverse().matrix(values) @ made.circuit.matrix(values)
    np.testing.assert_allclose(found, np.eye(16), rtol=0, atol=1e-12)


def test_a_copy_grows_on_its_own() -> None:
    c = Circuit(2).h(0)
    copy = c.copy().x(1)
    assert (len(c), len(copy)) == (1, 2)
    assert c != copy
    assert c == Circuit(2).h(0)


def test_the_graph_has_an_edge_for_every_wire_that_leads_on() -> None:
    graph = Circuit(3).h(0).cx(0, 1).cx(1, 2).x(0).graph()
    assert nx.is_directed_acyclic_graph(graph)
    assert sorted(graph.edges(data="wire")) == [(0, 1, 0), (1, 2, 1), (1, 3, 0)]
    assert [graph.nodes[n]["operation"].gate.name for n in graph] == ["h", "cx", "cx", "x"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Circuit(0), "positive number of wires"),
        (lambda: Circuit(2.0), "positive number of wires"),
        (lambda: Circuit(2).x(2), "wire out of range for 'x': got 2, expected 0 to 1"),
        (lambda: Circuit(2).x(-1), "non-negative integer"),
        (lambda: Circuit(2).cx(1, 1), "different wires"),
        (lambda: Circuit(2).rx(0), "wrong number of arguments for gate 'rx': got 1, expected 1 angle"),
        (lambda: Circuit(2).rx(float("nan"), 0), "finite"),
        (lambda: Circuit(2).rx(1j, 0), "real number"),
        (lambda: Circuit(2).rx(theta, 0), "'theta' is a vector"),
        (lambda: Circuit(2).rx(Param("x", 3)[0], 0).rx(x[0], 1), "'x' already has another size"),
        (lambda: Circuit(2).unitary([[1, 1], [0, 1]], 0), "not unitary"),
        (lambda: Circuit(2).unitary(np.eye(3), 0), "square of size 2"),
        (lambda: Circuit(2).unitary(np.eye(2), 0, 1), "wrong number of arguments"),
        (lambda: Circuit(3).append(part(), 0), "does not fit the wires"),
        (lambda: Circuit(3).append(part(), (0, 3)), "out of range"),
        (lambda: Circuit(3).append(part(), (0, 1), [1.0]), "wrong number of parameters"),
        (lambda: Circuit(3).append(part(), (0, 1), {"x": [1, 2]}), "not those given"),
        (lambda: Circuit(3).append(part(), (0, 1), {"x": [1], "theta": theta}), "wrong size"),
        (lambda: Circuit(2).x(0).prepare([1, 0], 0), "fresh wires"),
        (lambda: Circuit(1).prepare([1, 0], 0).inverse(), "no inverse"),
    ],
)
def test_nonsense_is_refused_when_it_is_written(call: object, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        call()  # type: ignore[operator]
