"""Where tilings place a cell, and which angles they give it."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest

from qdl.errors import CircuitError
from qdl.ir import Circuit, Param, cell, tile
from qdl.ir.tiling import PATTERNS

ONE, PAIR, TRIPLE = Circuit(1).x(0), Circuit(2).cx(0, 1), Circuit(3).ccx(0, 1, 2)


def places(part: Circuit, wires: int, pattern: Any) -> list[tuple[int, ...]]:
    return [op.wires for op in tile(part, wires, pattern).operations]


@pytest.mark.parametrize(
    ("part", "wires", "pattern", "expected"),
    [
        (PAIR, 4, "chain", [(0, 1), (1, 2), (2, 3)]),
        (PAIR, 4, "ring", [(0, 1), (1, 2), (2, 3), (3, 0)]),
        (PAIR, 2, "ring", [(0, 1)]),
        (PAIR, 4, "brick", [(0, 1), (2, 3), (1, 2)]),
        (PAIR, 5, "brick", [(0, 1), (2, 3), (1, 2), (3, 4)]),
        (PAIR, 6, "ladder", [(0, 1), (2, 3), (4, 5), (0, 2), (1, 3), (2, 4), (3, 5)]),
        (PAIR, 5, "ladder", [(0, 1), (2, 3), (0, 2), (1, 3), (2, 4)]),
        (PAIR, 8, "tree", [(0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (4, 6), (0, 4)]),
        (PAIR, 6, "tree", [(0, 1), (2, 3), (4, 5), (0, 2), (0, 4)]),
        (PAIR, 3, "all", [(0, 1), (0, 2), (1, 2)]),
        (TRIPLE, 5, "chain", [(0, 1, 2), (1, 2, 3), (2, 3, 4)]),
        (TRIPLE, 4, "ring", [(0, 1, 2), (1, 2, 3), (2, 3, 0), (3, 0, 1)]),
        (TRIPLE, 3, "ring", [(0, 1, 2)]),
        (TRIPLE, 7, "brick", [(0, 1, 2), (3, 4, 5), (1, 2, 3), (4, 5, 6)]),
        (TRIPLE, 4, "all", [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]),
        (ONE, 3, "chain", [(0,), (1,), (2,)]),
        (ONE, 3, "ring", [(0,), (1,), (2,)]),
        (ONE, 3, "brick", [(0,), (1,), (2,)]),
    ],
)
def test_places(part: Circuit, wires: int, pattern: str, expected: list[tuple[int, ...]]) -> None:
    assert places(part, wires, pattern) == expected


@pytest.mark.parametrize("wires", range(2, 12))
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_reaches_every_wire_and_joins_them(pattern: str, wires: int) -> None:
    found = places(PAIR, wires, pattern)
    graph = nx.Graph(found)
    assert set(graph) == set(range(wires))
    assert nx.is_connected(graph)
    assert len({frozenset(pair) for pair in found}) == len(found)


def test_a_tree_ends_on_wire_0() -> None:
    for wires in range(2, 12):
        found = places(PAIR, wires, "tree")
        assert len(found) == wires - 1
        assert 0 in found[-1]


def test_a_graph_gives_its_edges_in_its_own_order_and_direction() -> None:
    edges = [(2, 0), (1, 3), (3, 2)]
    assert places(PAIR, 4, nx.DiGraph(edges)) == edges
    graph = nx.cycle_graph(5)
    assert places(PAIR, 5, graph) == list(graph.edges)
    assert places(PAIR, 7, graph) == list(graph.edges)  # further wires stay idle


def test_angles_stand_in_c_order_layer_edge_angle() -> None:
    part = Circuit(2).rx(Param("a", 2)[1], 0).crz(Param("a", 2)[0], 0, 1)
    theta = Param("theta", 2 * 3 * 2)
    expected = Circuit(3)
    for layer in range(2):
        for edge, (a, b) in enumerate([(0, 1), (1, 2), (2, 0)]):
            start = (layer * 3 + edge) * 2
            expected.rx(theta[start + 1], a).crz(theta[start], a, b)
    assert tile(part, 3, layers=2) == expected
    shared = np.arange(12).reshape(2, 3, 2)
    assert tile(part, 3, layers=2).operations[6].angles[0].evaluate({"theta": shared.ravel()}) == shared[1, 0, 1]


@pytest.mark.parametrize(
    ("share", "size", "turn"),
    [("none", 2 * 3 * 2, lambda l, e: 3 * l + e), ("layer", 2 * 2, lambda l, e: l), ("all", 2, lambda l, e: 0)],
)
def test_sharing(share: str, size: int, turn: Any) -> None:
    part = Circuit(2).rx(Param("a", 2)[0], 0).ry(Param("a", 2)[1], 1)
    c = tile(part, 4, "chain", layers=2, share=share, name="w")
    w = Param("w", size)
    assert c.params == (w,)
    expected = Circuit(4)
    for layer in range(2):
        for edge in range(3):
            k = turn(layer, edge)
            expected.rx(w[2 * k], edge).ry(w[2 * k + 1], edge + 1)
    assert c == expected


def test_a_cell_is_named_by_its_name_or_given_as_a_circuit() -> None:
    assert tile("su4", 3) == tile(cell("su4"), 3)
    assert tile("su4", wires=4, pattern="ring", layers=2).params == (Param("theta", 4 * 2 * 15),)


def test_several_params_of_a_cell_become_one() -> None:
    part = Circuit(2).rx(Param("b"), 0).ry(Param("a", 2)[1], 1)
    theta = Param("theta", 3)
    assert tile(part, 2) == Circuit(2).rx(theta[0], 0).ry(theta[2], 1)


def test_a_cell_without_angles_brings_no_param() -> None:
    assert tile(PAIR, 3, layers=2).params == ()


def test_a_tiled_cell_survives_openqasm() -> None:
    c = tile("heisenberg", 4, "brick", layers=2, share="layer")
    assert Circuit.from_qasm(c.to_qasm()) == c


LOOP, NAMED = nx.Graph([(0, 0)]), nx.Graph([("a", "b")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cell": "su5"}, "unknown cell"),
        ({"wires": 1}, "does not fit: got a cell of 2 wires, expected at most 1"),
        ({"wires": 0}, "positive integer"),
        ({"wires": 2.0}, "positive integer"),
        ({"wires": True}, "positive integer"),
        ({"layers": 0}, "number of layers must be a positive integer"),
        ({"layers": "2"}, "number of layers must be a positive integer"),
        ({"share": "some"}, "unknown way to share angles: got 'some', expected 'none' or 'layer' or 'all'"),
        ({"pattern": "star"}, "unknown pattern: got 'star', expected chain, ring, .* networkx graph"),
        ({"pattern": [(0, 1)]}, "unknown pattern: got list"),
        ({"pattern": None}, "unknown pattern: got NoneType"),
        ({"pattern": nx.path_graph(9)}, "nodes of the graph must be wires: got 4, expected 0 to 3"),
        ({"pattern": NAMED}, "nodes of the graph must be wires: got 'a'"),
        ({"pattern": LOOP}, "joins a wire with itself"),
        ({"pattern": nx.empty_graph(3)}, "no edges"),
        ({"cell": TRIPLE, "pattern": "tree"}, "takes cells of 2 wires: got 3"),
        ({"cell": ONE, "pattern": nx.path_graph(3)}, "takes cells of 2 wires: got 1"),
        ({"name": "not a name"}, "must be an identifier"),
    ],
)
def test_nonsense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        tile(**{"cell": "su4", "wires": 4, **arguments})
