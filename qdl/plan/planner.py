"""The planner: from operations and what is read to parts, each a prologue, a list of blocks and a readout.

A plan depends on the circuit, on what is read, on which Params are per sample, and on the rough size of the batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from qdl.errors import MemoryBudgetError
from qdl.ir import Operation
from qdl.ir.gates import PAULI, Exponential, Fixed, Prepare, kron
from qdl.ir.observables import Word
from qdl.plan import cost
from qdl.plan.angles import angle_table
from qdl.plan.blocks import Link, Stack, chain_of, make_stack, make_stacks
from qdl.plan.cone import Region, components, cone, factor_words
from qdl.plan.fuse import CONSTANT, SAMPLED, SHARED, Placed, Window, split_prologue, windows
from qdl.plan.part import Part, Plan, Product
from qdl.plan.readout import ProbsRead, Read, StateRead, read_words

WIDEST = 8
SAMPLED_WIDTH = 2
LIMIT_WIRES = 40


class Planner:
    """Plans requests on one list of elementary operations.

    Parameters
    ----------
    operations : sequence of Operation
        Without composite gates.
    sampled : frozenset of str
        The names of the Params that are per sample.
    batch : int
        The rough number of samples, for the cost model.
    width : int, optional
        Forces the width of shared blocks instead of asking the cost model.
    """

    def __init__(
        self, operations: Sequence[Operation], sampled: frozenset[str], batch: int, width: int | None = None
    ) -> None:
        self.operations, self.sampled, self.batch, self.width = tuple(operations), sampled, max(1, batch), width
        self.table, self.index = angle_table(self.operations, sampled)

    def words(self, words: Sequence[Word]) -> Plan:
        """Expectation values of words."""
        real = list(dict.fromkeys(w for w in words if w))
        regions, factors = factor_words(self.operations, real)
        parts: list[Part] = []
        columns: dict[Word, int] = {}
        for region in regions:
            unique = list(dict.fromkeys(region.words))
            for word in unique:
                columns.setdefault(word, len(columns))
            parts.append(self._part(region, unique))
        lookup = dict(zip(real, factors, strict=True))
        return Plan(self.table, tuple(parts), tuple(tuple(columns[f] for f in lookup[w]) if w else () for w in words))

    def probs(self, wires: Sequence[int]) -> Plan:
        """Probabilities on `wires`, one part per connected region; each part reads its own wires, ascending."""
        kept, active = cone(self.operations, wires)
        regions = components(self.operations, kept, active)
        wanted = [region for region in regions if not region.wires.isdisjoint(wires)]
        return Plan(self.table, tuple(self._part(r, tuple(sorted(r.wires.intersection(wires)))) for r in wanted))

    def state(self, wires: int) -> Plan:
        """The amplitudes of all wires, one part per connected region, each with its wires ascending."""
        # A global phase has no wires; it is put on wire 0, where it is the same phase for both basis states.
        grounded = [op if op.wires else _grounded(op) for op in self.operations]
        planner = Planner(grounded, self.sampled, self.batch, self.width)
        regions = components(grounded, range(len(grounded)), range(wires))
        return Plan(planner.table, tuple(planner._part(region, None) for region in regions))

    def _part(self, region: Region, wanted: Sequence[Word] | tuple[int, ...] | None) -> Part:
        operations = sorted(region.operations)
        ordered = wanted is None
        best = None
        for wires in self._orders(region, operations, ordered):
            place = {wire: i for i, wire in enumerate(wires)}
            placed = [self._place(i, place) for i in operations]
            chains, rest = split_prologue(placed)
            found, seconds = self._windows(rest, len(wires))
            if best is None or seconds < best[0]:
                best = (seconds, wires, place, chains, found)
        assert best is not None
        seconds, wires, place, chains, found = best
        prologue, columns = _prologue(chains, len(wires))
        blocks, stacks = make_stacks(found)
        read: Read
        if wanted is None:
            read = StateRead()
        elif wanted and isinstance(wanted[0], int):
            read = ProbsRead(tuple(place[w] for w in wanted))  # type: ignore[index]
        else:
            read = read_words(wanted, place, len(wires))  # type: ignore[arg-type]
        used = frozenset(a for i in operations for a in self.index.get(i, ()))
        return Part(tuple(wires), prologue, columns, tuple(blocks), tuple(stacks), read, used, seconds)

    def _place(self, index: int, place: dict[int, int]) -> Placed:
        op, angles = self.operations[index], self.index.get(index, ())
        kind = (SAMPLED if any(a >= self.table.shared for a in angles) else SHARED) if angles else CONSTANT
        return Placed(op, tuple(place[w] for w in op.wires), kind, angles)

    def _orders(self, region: Region, operations: Sequence[int], ordered: bool) -> Iterable[list[int]]:
        """Wire orders to try: ascending, and one that keeps interacting wires close."""
        if len(region.wires) > LIMIT_WIRES:
            raise MemoryBudgetError(
                "the state is too large to simulate",
                got=f"{len(region.wires)} connected wires, {2.0 ** len(region.wires) * 8:.3g} bytes in complex64",
                expected=f"at most {LIMIT_WIRES} wires on any machine",
                do="read observables with a smaller causal cone, or cut the circuit",
            )
        ascending = sorted(region.wires)
        yield ascending
        if ordered or len(ascending) <= WIDEST:
            return
        import networkx as nx

        graph = nx.Graph()
        graph.add_nodes_from(ascending)
        for i in operations:
            where = self.operations[i].wires
            graph.add_edges_from((a, b) for k, a in enumerate(where) for b in where[:k])
        yield list(nx.utils.reverse_cuthill_mckee_ordering(graph))

    def _windows(self, rest: Sequence[Placed], wires: int) -> tuple[list[Window], float]:
        """The cheapest windows over the allowed widths, and their predicted seconds."""
        mix = wires <= SAMPLED_WIDTH
        widths = [self.width] if self.width else range(1, min(wires, WIDEST) + 1)
        best: tuple[list[Window], float] | None = None
        for width in widths:
            found = windows(rest, width, min(width, SAMPLED_WIDTH), mix)
            seconds = cost.total_seconds(found, wires, self.batch)
            fits = cost.build_entries(found, 1) <= cost.BUILD_LIMIT
            if best is None or (fits and seconds < best[1]):
                best = (found, seconds)
        assert best is not None
        return best


def _grounded(op: Operation) -> Operation:
    if isinstance(op.gate, Exponential):
        return Operation(Exponential("gphase", kron(op.gate.generator, PAULI["I"]), "gamma"), op.angles, (0,))
    return Operation(Fixed("phase", kron(op.gate.matrix(), PAULI["I"])), (), (0,))


def _prologue(chains: Sequence[Sequence[Placed]], wires: int) -> tuple[tuple[Product, ...], tuple[Stack, ...]]:
    """The factors of the initial product state, in the order of their first positions, and their column stacks."""
    groups: dict[bool, list[list[Link]]] = {}
    products: dict[int, Product] = {p: Product((p,), constant=np.array([1.0, 0.0])) for p in range(wires)}
    for chain in chains:
        first = chain[0]
        if isinstance(first.operation.gate, Prepare):
            for p in first.positions:
                del products[p]
            sampled = first.kind == SAMPLED
            products[first.positions[0]] = Product(first.positions, amplitudes=first.angles, sampled=sampled)
            continue
        links, constant = chain_of(chain, first.positions)
        if constant is not None:
            products[first.positions[0]] = Product(first.positions, constant=constant[:, 0])
            continue
        sampled = any(member.kind == SAMPLED for member in chain)
        group = groups.setdefault(sampled, [])
        group.append(links)
        products[first.positions[0]] = Product(
            first.positions, stack=list(groups).index(sampled), slot=len(group) - 1, sampled=sampled
        )
    stacks = tuple(make_stack(2, sampled, group, columns=True) for sampled, group in groups.items())
    return tuple(products[p] for p in sorted(products)), stacks
