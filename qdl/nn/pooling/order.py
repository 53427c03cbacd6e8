"""Which wires meet and which are pooled, layer by layer, until one is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Pairs = list[tuple[int, int]]


def tree(wires: Sequence[int]) -> list[Pairs]:
    """Pairs (source, sink) of neighbours, level by level, until the first wire is left; an odd one waits.

    Examples
    --------
    >>> tree(range(5))
    [[(1, 0), (3, 2)], [(2, 0)], [(4, 0)]]
    """
    levels = []
    while len(wires) > 1:
        levels.append(_into_first(wires))
        wires = wires[::2]
    return levels


def hur_layers(wires: int) -> list[tuple[Pairs, Pairs]]:
    """Where Hur, Kim and Park put interactions and pools (source, sink), layer by layer.

    Interactions: around the end first, then even pairs, then odd ones. Pools: into the first of a pair, but into the
    second in the last layer. (Wires as in the authors' repository takh04/QCNN, for 8; other numbers ours.)

    Examples
    --------
    >>> hur_layers(8)[1:]
    [([(0, 6), (0, 2), (4, 6), (2, 4)], [(2, 0), (6, 4)]), ([(0, 4)], [(0, 4)])]
    """
    out, active = [], list(range(wires))
    while len(active) > 1:
        around = [(active[0], active[-1])] if len(active) > 2 else []
        pairs = around + _brick(active)
        if len(active) == 2:
            out.append((pairs, [(active[0], active[1])]))
            break
        out.append((pairs, _into_first(active)))
        active = active[::2]
    return out


def brick_layers(wires: int) -> list[tuple[Pairs, Pairs]]:
    """Even pairs, then odd ones, nothing around the end; pools into the first of a pair, so that wire 0 is left.

    Examples
    --------
    >>> brick_layers(4)
    [([(0, 1), (2, 3), (1, 2)], [(1, 0), (3, 2)]), ([(0, 2)], [(2, 0)])]
    """
    out, active = [], list(range(wires))
    while len(active) > 1:
        out.append((_brick(active), _into_first(active)))
        active = active[::2]
    return out


def _brick(active: Sequence[int]) -> Pairs:
    even, odd = zip(active[::2], active[1::2], strict=False), zip(active[1::2], active[2::2], strict=False)
    return [*even, *odd]


def _into_first(active: Sequence[int]) -> Pairs:
    return list(zip(active[1::2], active[::2], strict=False))


ORDERS: dict[str, Callable[[int], list[tuple[Pairs, Pairs]]]] = {"hur": hur_layers, "brick": brick_layers}
