"""Tilings: a cell laid on many wires, along a named pattern or the edges of a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from numbers import Integral
from typing import TYPE_CHECKING, Any

from qdl.errors import CircuitError
from qdl.ir.circuit import Circuit
from qdl.ir.library import cell as load
from qdl.ir.params import Expr, Param

if TYPE_CHECKING:
    import networkx as nx

Places = Sequence[tuple[int, ...]]


def _chain(n: int, k: int) -> Places:
    return [tuple(range(start, start + k)) for start in range(n - k + 1)]


def _ring(n: int, k: int) -> Places:
    # Around n = k wires there is one way, not k of them.
    return [tuple((start + step) % n for step in range(k)) for start in range(n if n > k else 1)]


def _brick(n: int, k: int) -> Places:
    rows = (0, k // 2) if k > 1 else (0,)
    return [tuple(range(start, start + k)) for first in rows for start in range(first, n - k + 1, k)]


def _ladder(n: int, k: int) -> Places:
    return [(i, i + 1) for i in range(0, n - 1, 2)] + [(i, i + 2) for i in range(n - 2)]


def _tree(n: int, k: int) -> Places:
    steps = [1 << level for level in range(n.bit_length()) if 1 << level < n]
    return [(i, i + step) for step in steps for i in range(0, n - step, 2 * step)]


def _all(n: int, k: int) -> Places:
    return list(combinations(range(n), k))


PATTERNS: dict[str, Callable[[int, int], Places]] = {
    "chain": _chain,
    "ring": _ring,
    "ladder": _ladder,
    "brick": _brick,
    "tree": _tree,
    "all": _all,
}
_KNOWN = f"{', '.join(PATTERNS)} or a networkx graph"
_PAIRS_ONLY = ("ladder", "tree")
_SHARES = ("none", "layer", "all")


def tile(
    cell: str | Circuit,
    wires: int,
    pattern: str | nx.Graph = "ring",
    layers: int = 1,
    share: str = "none",
    name: str = "theta",
) -> Circuit:
    """Lay a cell on many wires.

    All angles form one Param in C order (layer, edge, angle), edges in the order in which the cell is placed.

    Parameters
    ----------
    cell : str or Circuit
        A cell's name or path, or a circuit. On k wires; k = 2 for ``ladder``, ``tree`` and graphs.
    wires : int
        n, the wires of the result, at least k.
    pattern : str or networkx graph
        * ``"chain"``: (0, 1), (1, 2), ..., for any k the windows of k consecutive wires;
        * ``"ring"``: the chain closed around the end;
        * ``"brick"``: (0, 1), (2, 3), ..., then (1, 2), (3, 4), ...; for any k the second row starts at k // 2;
        * ``"ladder"``: two rails of the even and of the odd wires; first the rungs (0, 1), (2, 3), ..., then the rails
          (0, 2), (1, 3), (2, 4), ...;
        * ``"tree"``: neighbours (0, 1), (2, 3), ..., then the first wires of the pairs (0, 2), (4, 6), ..., and so on:
          what is known ends on wire 0;
        * ``"all"``: every choice of k wires in ascending order;
        * a graph whose nodes are wires: its edges, in its own order and direction.
    layers : int
        How often the pattern is repeated, at least 1.
    share : str
        ``"none"``: every placing has angles of its own; ``"layer"``: all places of a layer have the same angles;
        ``"all"``: there is one set of angles.
    name : str
        The Param's name; its size is layers * edges * angles, layers * angles, or angles. A cell without angles
        brings no Param.

    Returns
    -------
    Circuit

    Raises
    ------
    CircuitError
        If the cell, the wires or an option do not fit.

    Examples
    --------
    >>> tile("su4", wires=4, pattern="ring", layers=2)
    <Circuit: 4 wires, 80 gates, Params theta[120]>
    >>> tile("xy", wires=5, pattern="brick", share="layer").params
    (Param(name='theta', size=1),)
    """
    part = cell if isinstance(cell, Circuit) else load(cell)
    count = _positive(wires, "the number of wires to tile")
    depth = _positive(layers, "the number of layers")
    if share not in _SHARES:
        raise CircuitError("unknown way to share angles", got=repr(share), expected=" or ".join(map(repr, _SHARES)))
    places = _places(part.wires, count, pattern)
    angles = sum(param.size for param in part.params)
    counted = {"none": depth * len(places), "layer": depth, "all": 1}[share]
    theta = list(Param(name, counted * angles)) if angles else []
    out = Circuit(count)
    for layer in range(depth):
        for edge, where in enumerate(places):
            turn = {"none": layer * len(places) + edge, "layer": layer, "all": 0}[share]
            entries: list[Expr] = theta[turn * angles : (turn + 1) * angles]
            out.append(part, where, entries if angles else None)
    return out


def _places(k: int, n: int, pattern: Any) -> Places:
    if k > n:
        raise CircuitError("the cell does not fit", got=f"a cell of {k} wires", expected=f"at most {n}")
    if isinstance(pattern, str):
        if pattern not in PATTERNS:
            raise CircuitError("unknown pattern", got=repr(pattern), expected=_KNOWN)
        if k != 2 and pattern in _PAIRS_ONLY:
            do = "use chain, ring, brick or all"
            raise CircuitError(f"the pattern {pattern!r} takes cells of 2 wires", got=f"{k} wires", do=do)
        return PATTERNS[pattern](n, k)
    if not hasattr(pattern, "edges") or not hasattr(pattern, "nodes"):
        raise CircuitError("unknown pattern", got=type(pattern).__name__, expected=_KNOWN)
    if k != 2:
        raise CircuitError("a graph takes cells of 2 wires", got=f"{k} wires", do="use chain, ring, brick or all")
    for node in pattern.nodes:
        if isinstance(node, bool) or not isinstance(node, Integral) or not 0 <= int(node) < n:
            raise CircuitError("the nodes of the graph must be wires", got=repr(node), expected=f"0 to {n - 1}")
    edges = [(int(edge[0]), int(edge[1])) for edge in pattern.edges]
    for a, b in edges:
        if a == b:
            raise CircuitError("an edge of the graph joins a wire with itself", got=(a, b))
    if not edges:
        raise CircuitError("the graph has no edges", do="add some, or use a named pattern")
    return edges


def _positive(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < 1:
        raise CircuitError(f"{what} must be a positive integer", got=repr(value))
    return int(value)
