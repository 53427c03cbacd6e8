"""Tiles: how a list of blocks is carried out piece by piece on a state that stays near the core.

The amplitudes of all samples are one array; the bits of an amplitude's number in it are the state's wires (bit 0 being
the last position) and above them the samples. A *pass* walks over the array once. It takes a tile at a time, some rows
of neighbouring amplitudes, and does everything to it that touches the tile's bits only. The lowest bits number the
lanes of a vector; a block acts on bits that number rows, so a lane bit that it needs is exchanged for a row bit first
(`Swap`). Choosing what to exchange is what a cache does with pages: give up what is needed last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NEVER = 1 << 60


@dataclass(frozen=True)
class Act:
    """Block number `block` acts on row bits, in the order of its positions."""

    block: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Swap:
    """Exchange lane bit lanes[j] for row bit rows[j]."""

    lanes: tuple[int, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Grow:
    """A new highest row bit, in the state that block number `block` makes of |0>, or in |0> itself."""

    block: int | None


Step = Act | Swap | Grow


@dataclass(frozen=True)
class Pass:
    """One walk over the array.

    Attributes
    ----------
    sources, targets : tuple of int
        Which bit of the array each row bit stands for, when a tile is read and when it is written.
    steps : tuple of Act, Swap and Grow
    blocks_end : int
        How many steps there are up to the last block.
    rows, lanes : tuple of int
        Which bit of the array each row bit and each lane bit stands for after these steps.
    """

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    steps: tuple[Step, ...]
    blocks_end: int
    rows: tuple[int, ...]
    lanes: tuple[int, ...]


def schedule(
    blocks: Sequence[tuple[int, ...]], bits: int, lanes: int, rows: int, spare: Sequence[int] = (), lift: bool = False
) -> list[Pass]:
    """Passes that carry out blocks in an order that respects which of them touch.

    Parameters
    ----------
    blocks : sequence of tuples
        The bits of the array that each block acts on, most significant of its matrix's index first.
    bits : int
        How many bits the blocks may act on: the state's wires.
    lanes : int
        How many of the lowest bits number lanes.
    rows : int
        How many row bits a tile may have.
    spare : sequence of int
        Bits above the wires (those of samples) that every tile takes in.
    lift : bool
        Whether the spare bits are to number the lanes while blocks act.
    """
    left = list(range(len(blocks)))
    passes = []
    while left:
        chosen: set[int] = set(spare)
        blocked: set[int] = set()
        taken, later = [], []
        for index in left:
            needs = set(blocks[index])
            more = {b for b in needs if b >= lanes} - chosen
            if needs & blocked or len(chosen) + len(more) > rows:
                blocked |= needs
                later.append(index)
            else:
                chosen |= more
                taken.append(index)
            if len(blocked) >= bits:
                position = left.index(index)
                later += left[position + 1 :]
                break
        if not taken:
            raise ValueError(f"a tile of {rows} row bits is too small for a block on {len(blocks[left[0]])} wires")
        chosen.update([b for b in range(lanes, bits) if b not in chosen][: rows - len(chosen)])
        passes.append(_Tile(chosen, lanes, [blocks[i] for i in taken], taken).finish(spare if lift else ()))
        left = later
    return passes


def passes(positions: Sequence[tuple[int, ...]], wires: int, rows: int = 11) -> int:
    """How many walks over one state of `wires` wires in single precision carry out blocks on these positions."""
    return len(schedule([tuple(wires - 1 - p for p in block) for block in positions], wires, 4, min(rows, wires - 4)))


def growth(blocks: Sequence[tuple[int, ...]], bits: int) -> list[tuple[int | None, tuple[int, ...]]]:
    """An order in which |0...0> grows bit by bit: each block is carried out while as few bits as possible are there.

    Returns
    -------
    list of (block, new bits)
        A block on one bit that is new makes that bit's state; with None come bits in |0>.
    """
    makers: dict[int, int] = {}  # of each bit: the first block, if it is on this bit alone
    met: set[int] = set()
    for index, block in enumerate(blocks):
        if len(block) == 1 and block[0] not in met:
            makers[block[0]] = index
        met.update(block)
    taken = set(makers.values())
    left = [index for index in range(len(blocks)) if index not in taken]
    order: list[tuple[int | None, tuple[int, ...]]] = []
    alive: set[int] = set()

    def wake(wanted: Iterable[int]) -> None:
        for bit in wanted:
            if bit not in alive:
                order.append((makers.get(bit), (bit,)))
                alive.add(bit)

    while left:
        blocked: set[int] = set()
        best = left[0]
        for index in left:
            block = blocks[index]
            if blocked.isdisjoint(block):
                if len(set(block) - alive) < len(set(blocks[best]) - alive):
                    best = index
                if alive.issuperset(blocks[best]):
                    break
            blocked.update(block)
            if len(blocked) >= bits:
                break
        wake(blocks[best])
        order.append((best, ()))
        left.remove(best)
    wake(range(bits))
    return order


def alive(blocks: Sequence[tuple[int, ...]], bits: int) -> tuple[int, ...]:
    """How many bits are there behind each block when |0...0> grows."""
    count, found = 0, {}
    for block, new in growth(blocks, bits):
        count += len(new)
        if block is not None:
            found[block] = count
    return tuple(found[block] for block in range(len(blocks)))


def grown(blocks: Sequence[tuple[int, ...]], bits: int, lanes: int, samples: Sequence[int]) -> Pass:
    """One pass in which |0...0> grows; the bits `samples`, above the wires, number the lanes."""
    tile = _Tile([*range(lanes, bits), *samples], lanes, blocks, range(len(blocks)))
    tile.rows, tile.lanes = [], list(samples)
    for block, new in growth(blocks, bits):
        if new:
            tile.rows += new
            tile.steps.append(Grow(block))
        elif block is not None:
            tile.steps.append(Act(block, tuple(tile.rows.index(b) for b in blocks[block])))
    return tile.close()


class _Tile:
    """A tile of a pass while its steps are being written."""

    def __init__(
        self, chosen: Iterable[int], lanes: int, blocks: Sequence[tuple[int, ...]], names: Sequence[int]
    ) -> None:
        self.sources = tuple(sorted(chosen))
        self.rows = list(self.sources)  # the bit of the array that each row bit stands for now
        self.lanes = list(range(lanes))
        self.steps: list[Step] = []
        self.blocks, self.names = blocks, names
        self.uses: dict[int, list[int]] = {}
        for time in range(len(blocks) - 1, -1, -1):
            for bit in blocks[time]:
                self.uses.setdefault(bit, []).append(time)

    def finish(self, lift: Sequence[int]) -> Pass:
        if lift:
            self._exchange(range(len(self.lanes)), lift)
        for time, (block, name) in enumerate(zip(self.blocks, self.names, strict=True)):
            self._bring(block)
            self.steps.append(Act(name, tuple(self.rows.index(b) for b in block)))
            for bit in block:
                while self.uses[bit] and self.uses[bit][-1] <= time:
                    self.uses[bit].pop()
        return self.close()

    def close(self) -> Pass:
        """The pass, once all blocks are done."""
        end, rows, lanes = len(self.steps), tuple(self.rows), tuple(self.lanes)
        self._restore()
        return Pass(self.sources, tuple(self.rows), tuple(self.steps), end, rows, lanes)

    def _bring(self, block: tuple[int, ...]) -> None:
        """Exchange lane bits until all of a block's bits number rows."""
        needed = [b for b in block if b in self.lanes]
        if not needed:
            return
        width = len(self.lanes)
        victims = sorted((b for b in self.rows if b not in block), key=lambda b: (-self._next(b), -b))
        if self.lanes == list(range(width)):
            outside = [b for b in victims if b >= width][:width]
            if len(outside) == width:
                self._exchange(range(width), outside)
                return
        for bit in needed:
            self._exchange([self.lanes.index(bit)], [victims.pop(0)])

    def _restore(self) -> None:
        """Bring the lowest bits back into the lanes they are read and written in."""
        width = len(self.lanes)
        if self.lanes == list(range(width)):
            return
        if all(b in self.rows for b in range(width)):
            self._exchange(range(width), range(width))
            return
        for lane in range(width):
            if self.lanes[lane] == lane:
                continue
            if lane in self.lanes:
                self._exchange([self.lanes.index(lane)], [max(self.rows)])
            self._exchange([lane], [lane])

    def _exchange(self, lanes: Iterable[int], bits: Iterable[int]) -> None:
        """Exchange lanes for the row bits that stand for the given bits of the array."""
        pairs = [(lane, self.rows.index(bit)) for lane, bit in zip(lanes, bits, strict=True)]
        for lane, row in pairs:
            self.lanes[lane], self.rows[row] = self.rows[row], self.lanes[lane]
        self.steps.append(Swap(tuple(lane for lane, _ in pairs), tuple(row for _, row in pairs)))

    def _next(self, bit: int) -> int:
        uses = self.uses.get(bit)
        return uses[-1] if uses else NEVER
