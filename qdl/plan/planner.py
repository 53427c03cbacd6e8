"""The planner: from operations and what is read to parts, each a prologue, a list of blocks and a readout.

A plan depends on the circuit, on what is read, on which Params are per sample, and on the rough size of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any

from qdl.errors import MemoryBudgetError
from qdl.ir import Operation
from qdl.ir.gates import PAULI, Exponential, Fixed, kron
from qdl.ir.observables import Word, word_wires
from qdl.plan import cost
from qdl.plan.absorb import absorb
from qdl.plan.angles import angle_table
from qdl.plan.cone import Region, components, cone, factor_words
from qdl.plan.fuse import CONSTANT, SAMPLED, SHARED, Block, Placed, fuse, split_encoders, split_prologue
from qdl.plan.part import Considered, Part, Plan
from qdl.plan.readout import Read, StateRead, read_coordinate_words, read_coordinates, read_probs, read_words
from qdl.plan.tiles import alive, passes

WIDEST = 8
SAMPLED_WIDTH = 2
WIDEST_MAP = 6  # index bits of a block of maps: three wires
OWN_MAP = 4  # the same of one per sample
TILE_WIDEST = 3  # wires of a block that the tile kernels take
TILE_WIDTHS = (2, 3)
LIMIT_WIRES = 40
WINDOWS, TILES = STRATEGIES = ("windows", "tiles")


@dataclass(frozen=True)
class Choice:
    """What the cost model may choose from.

    Attributes
    ----------
    strategy : str or None
        ``"windows"`` (matrix products on views of the state) or ``"tiles"`` (compiled kernels), forced.
    width : int or None
        Width of shared blocks, forced.
    mix : bool
        Whether shared gates may join blocks that are per sample: where these are everywhere, as in trajectories.
    norms : bool
        Whether the norm of the state that a word is read from is wanted beside it; that state is then one part.
    forward : bool
        Whether gradients are not wanted, so that nothing has to be undone.
    links : tuple of tuples of int
        Wires that share their fate, where norms are wanted with gradients: a condition's and those of what it asks for.
    """

    strategy: str | None = None
    width: int | None = None
    mix: bool = False
    norms: bool = False
    forward: bool = False
    links: tuple[tuple[int, ...], ...] = ()


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
    choice : Choice
        What the cost model may choose from.
    machine : cost.Machine
        What it reckons with.
    levels : sequence of int, optional
        Index bits of each wire, where states are density matrices.
    """

    def __init__(
        self,
        operations: Sequence[Operation],
        sampled: frozenset[str],
        batch: int,
        choice: Choice | None = None,
        machine: cost.Machine = cost.MACHINE,
        levels: Sequence[int] | None = None,
    ) -> None:
        self.operations, self.sampled, self.batch = tuple(operations), sampled, max(1, batch)
        self.levels = None if levels is None else tuple(levels)
        self.choice, self.machine = choice or Choice(), machine
        self.table, self.index = angle_table(self.operations, sampled)

    def words(self, words: Sequence[Word]) -> Plan:
        """Expectation values of words."""
        real = list(dict.fromkeys(w for w in words if w))
        if self.choice.norms and not self.choice.forward:
            regions, factors = self._uncut(real)
        else:
            regions, factors = factor_words(*absorb(self.operations, real), whole=self.choice.norms)
        parts: list[Part] = []
        columns: dict[Word, int] = {}
        norms: dict[int, int] = {}  # the column of each column's norm
        total = 0
        for region in regions:
            unique = list(dict.fromkeys(region.words))
            for word in unique:
                columns.setdefault(word, total + unique.index(word))
            if self.choice.norms:
                norms.update({total + k: total + len(unique) for k in range(len(unique))})
                unique.append(())
            total += len(unique)
            read = read_words if self.levels is None else read_coordinate_words
            parts.append(self._part(region, partial(read, unique)))
        lookup = dict(zip(real, factors, strict=True))
        found = tuple(tuple(columns[f] for f in lookup[w]) if w else () for w in words)
        of_norms = tuple(tuple(norms[c] for c in word) for word in found) if norms else ()
        return Plan(self.table, tuple(parts), found, of_norms)

    def _uncut(self, words: Sequence[Word]) -> tuple[list[Region], list[list[Word]]]:
        """Regions for words without causal cones: how likely something was is in the norm of the state that it left,
        and so its gradient, even if the word cannot see it.
        """
        found: dict[frozenset[int], Region] = {}
        for word in words:
            own = word_wires(word)
            touched = [region for region in self._linked(own) if not region.wires.isdisjoint(own)]
            wires = frozenset().union(*(region.wires for region in touched))
            operations = frozenset().union(*(region.operations for region in touched))
            found.setdefault(wires, Region(wires, operations)).words.append(word)
        return list(found.values()), [[word] for word in words]

    def _linked(self, wires: Iterable[int]) -> list[Region]:
        """The connected regions of all operations, and of some wires."""
        placed = [i for i, op in enumerate(self.operations) if op.wires]
        active = {w for i in placed for w in self.operations[i].wires}.union(wires, *self.choice.links)
        return components(self.operations, placed, active, self.choice.links)

    def coordinates(self, wires: Sequence[int]) -> Plan:
        """Coordinates of the reduced density matrix on `wires`; otherwise as `probs`."""
        return self.probs(wires, read_coordinates)

    def probs(self, wires: Sequence[int], read: Any = read_probs) -> Plan:
        """Probabilities on `wires`, one part per connected region; each part reads its own wires, ascending."""
        if self.choice.norms:  # what was drawn elsewhere is part of a trajectory, whose norm is 1 with all of it only
            regions = self._linked(wires)
        else:
            kept, active = cone(self.operations, wires)
            regions = components(self.operations, kept, active)
        wanted = [region for region in regions if not region.wires.isdisjoint(wires)]
        return Plan(self.table, tuple(self._part(r, partial(read, r.wires.intersection(wires))) for r in wanted))

    def state(self, wires: int) -> Plan:
        """The amplitudes of all wires, one part per connected region, each with its wires ascending."""
        # A global phase has no wires; it is put on wire 0, where it is the same phase for both basis states.
        grounded = [op if op.wires else _grounded(op) for op in self.operations]
        planner = Planner(grounded, self.sampled, self.batch, self.choice, self.machine)
        regions = components(grounded, range(len(grounded)), range(wires))
        return Plan(
            planner.table, tuple(planner._part(region, lambda _: StateRead(), ordered=True) for region in regions)
        )

    def _part(self, region: Region, read: Callable[[dict[int, int]], Read], ordered: bool = False) -> Part:
        """The plan of one region; `read` makes the readout once it is known where each wire lies in the state."""
        operations = sorted(region.operations)
        found: list[_Steps] = []
        for wires in self._orders(region, operations, ordered):
            place = {wire: i for i, wire in enumerate(wires)}
            levels = tuple(1 if self.levels is None else self.levels[w] for w in wires)
            ends = dict(zip(wires, accumulate(levels), strict=True))
            bits = {w: tuple(range(ends[w] - n, ends[w])) for w, n in zip(wires, levels, strict=True)}
            found += self._steps([self._place(i, bits) for i in operations], tuple(wires), read(place), levels)
        best = min(found, key=lambda steps: (not steps.fits, steps.seconds.total))
        used = frozenset(a for i in operations for a in self.index.get(i, ()))
        considered = tuple(Considered(s.tiled, s.width, len(s.blocks), s.seconds.total) for s in found)
        return Part(
            best.wires,
            best.prologue,
            best.blocks,
            best.read,
            used,
            best.seconds,
            best.tiled,
            considered,
            self.machine.threads,
            best.alive,
            best.levels,
        )

    def _place(self, index: int, bits: dict[int, tuple[int, ...]]) -> Placed:
        op, angles = self.operations[index], self.index.get(index, ())
        kind = (SAMPLED if any(a >= self.table.shared for a in angles) else SHARED) if angles else CONSTANT
        return Placed(op, tuple(p for w in op.wires for p in bits[w]), kind, angles)

    def _orders(self, region: Region, operations: Sequence[int], ordered: bool) -> Iterable[list[int]]:
        """Wire orders to try: ascending, and one that keeps interacting wires close."""
        mixed = self.levels is not None
        size = sum(self.levels[w] for w in region.wires) if self.levels is not None else len(region.wires)
        if size > LIMIT_WIRES:
            kind = "density matrix" if mixed else "state"
            remedy = "read observables with a smaller causal cone, or " + (
                "use engine='trajectory', which needs a state vector only" if mixed else "cut the circuit"
            )
            raise MemoryBudgetError(
                f"the {kind} is too large to simulate",
                got=f"{len(region.wires)} connected wires, {2.0**size * (4 if mixed else 8):.3g} bytes in complex64",
                expected=f"at most {LIMIT_WIRES // 2 if mixed else LIMIT_WIRES} wires on any machine",
                do=remedy,
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

    def _steps(
        self, placed: Sequence[Placed], wires: tuple[int, ...], read: Read, levels: tuple[int, ...]
    ) -> list[_Steps]:
        """All ways to carry out the operations that may be chosen from."""
        if self.levels is not None:
            return self._maps(placed, wires, read, levels)
        undone = self.choice.forward or all(getattr(item.operation.gate, "unitary", True) for item in placed)
        tiled = self._tiled(placed, wires, read) if undone and self.choice.strategy != WINDOWS else []
        return tiled if tiled and self.choice.strategy == TILES else tiled + self._windows(placed, wires, read)

    def _windows(self, placed: Sequence[Placed], wires: tuple[int, ...], read: Read) -> list[_Steps]:
        """Blocks of neighbouring wires, after a product state."""
        chains, rest = split_prologue(placed)
        prologue, count = _prologue(chains, len(wires)), len(wires)
        out = []
        for width in [self.choice.width] if self.choice.width else range(1, min(count, WIDEST) + 1):
            blocks = fuse(rest, width, min(width, SAMPLED_WIDTH), mix=self.choice.mix or count <= SAMPLED_WIDTH)
            seconds = cost.window_seconds(prologue, blocks, read, count, self.batch, self.machine)
            fits = cost.build_entries(blocks, 1) <= cost.BUILD_LIMIT
            out.append(_Steps(wires, prologue, tuple(blocks), read, seconds, False, width, fits, (), (1,) * count))
        return out

    def _maps(
        self, placed: Sequence[Placed], wires: tuple[int, ...], read: Read, levels: tuple[int, ...]
    ) -> list[_Steps]:
        """Blocks of real maps on the coordinates of density matrices; widths count index bits, two for a wire."""
        chains, rest = split_prologue(placed)
        count = sum(levels)
        prologue = _prologue(chains, count)
        out = []
        for width in [2 * self.choice.width] if self.choice.width else range(2, min(max(count, 2), WIDEST_MAP) + 1, 2):
            blocks = fuse(rest, width, min(width, OWN_MAP), mix=count <= OWN_MAP)
            seconds = cost.window_seconds(prologue, blocks, read, count, self.batch, self.machine, real=True)
            fits = cost.build_entries(blocks, 1) <= cost.BUILD_LIMIT
            out.append(_Steps(wires, prologue, tuple(blocks), read, seconds, False, width, fits, (), levels))
        return out

    def _tiled(self, placed: Sequence[Placed], wires: tuple[int, ...], read: Read) -> list[_Steps]:
        """Narrow blocks for the tile kernels, encoders among them; nothing where they cannot be used."""
        if not self.machine.acts:
            return []
        chains, rest = split_prologue(placed, encoders=False)
        prologue, count = _prologue(chains, len(wires)), len(wires)
        grows = not chains and self.batch >= cost.FEW_SAMPLES and cost.FEWEST <= count <= cost.LANE_WIRES
        encoders, rest = split_encoders(rest) if grows else ([], rest)
        out = []
        for width in [min(self.choice.width, TILE_WIDEST)] if self.choice.width else TILE_WIDTHS:
            own = min(width, SAMPLED_WIDTH)
            blocks = encoders + fuse(rest, width, own, mix=self.choice.mix, neighbours=False)
            if not blocks or any(not 0 < len(block.positions) <= TILE_WIDEST for block in blocks):
                return []
            widest = max(len(block.positions) for block in blocks)
            if self.choice.strategy is None and count < cost.fewest_wires(self.batch, widest):
                continue
            positions = [b.positions for b in blocks]
            walks = passes(positions, count) if count > cost.TILE_BITS else 1
            there = alive(positions, count) if encoders else ()
            seconds = cost.tile_seconds(prologue, blocks, read, count, self.batch, self.machine, walks, there)
            out.append(_Steps(wires, prologue, tuple(blocks), read, seconds, True, width, True, there, (1,) * count))
        return out


@dataclass(frozen=True)
class _Steps:
    """One way to carry out a part."""

    wires: tuple[int, ...]
    prologue: tuple[Block, ...]
    blocks: tuple[Block, ...]
    read: Read
    seconds: cost.Seconds
    tiled: bool
    width: int
    fits: bool = True
    alive: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()


def _grounded(op: Operation) -> Operation:
    if isinstance(op.gate, Exponential):
        return Operation(Exponential("gphase", kron(op.gate.generator, PAULI["I"]), "gamma"), op.angles, (0,))
    return Operation(Fixed("phase", kron(op.gate.matrix(), PAULI["I"])), (), (0,))


def _prologue(chains: Sequence[Sequence[Placed]], wires: int) -> tuple[Block, ...]:
    """The factors of the initial product state, in the order of their first positions; idle positions are |0>."""
    factors = [Block(chain[0].positions, tuple(chain)) for chain in chains]
    covered = {p for factor in factors for p in factor.positions}
    factors += [Block((p,)) for p in range(wires) if p not in covered]
    return tuple(sorted(factors, key=lambda factor: factor.positions[0]))
