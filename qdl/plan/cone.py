"""Causal cones: which operations and wires can influence what is read, and into which factors that falls apart.

Reading a word of operators on some wires, every operation that does not lie in the backward light cone of these wires
cancels against its inverse. Inside the cone, groups of wires that no operation connects are in a product state, so a
word's expectation value is the product of the values of its factors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qdl.ir import Operation
from qdl.ir.observables import Word, word_wires


@dataclass
class Region:
    """A connected set of wires with the operations on them (indices, ascending), and the words read there."""

    wires: frozenset[int]
    operations: frozenset[int]
    words: list[Word] = field(default_factory=list)

    @property
    def cost(self) -> float:
        """Work of simulating this region, up to a factor: operations times amplitudes."""
        return 2.0 ** len(self.wires) * (len(self.operations) + 4)

    def covers(self, other: Region) -> bool:
        return self.wires >= other.wires and self.operations >= other.operations


def cone(operations: Sequence[Operation], wires: Iterable[int]) -> tuple[frozenset[int], frozenset[int]]:
    """The operations (indices) and wires in the backward light cone of `wires`."""
    active = set(wires)
    kept = set()
    for index in range(len(operations) - 1, -1, -1):
        where = operations[index].wires
        if not active.isdisjoint(where):
            kept.add(index)
            active.update(where)
    return frozenset(kept), frozenset(active)


def components(
    operations: Sequence[Operation],
    kept: Iterable[int],
    wires: Iterable[int],
    links: Iterable[tuple[int, ...]] = (),
) -> list[Region]:
    """The connected regions of the kept operations, in the order of their first wires; idle wires are regions too.

    `links` are wires that belong together for another reason.
    """
    from networkx.utils import UnionFind  # here, because networkx takes longer to import than this room

    sets = UnionFind(wires)
    kept = list(kept)
    for index in kept:
        sets.union(*operations[index].wires)
    for link in links:
        sets.union(*link)
    members: dict[int, set[int]] = {}
    for index in kept:
        members.setdefault(sets[operations[index].wires[0]], set()).add(index)
    groups = [(frozenset(group), sets[next(iter(group))]) for group in sets.to_sets()]
    regions = [Region(group, frozenset(members.get(root, ()))) for group, root in groups]
    return sorted(regions, key=lambda region: min(region.wires))


def factor_words(
    operations: Sequence[Operation], words: Sequence[Word], whole: bool = False
) -> tuple[list[Region], list[list[Word]]]:
    """Regions to simulate with the words to read on each, and for every input word the factors it is the product of.

    With `whole` no word falls apart.
    """
    cache: dict[tuple[tuple[int, ...], ...], list[Region]] = {}
    factors: list[list[Word]] = []
    wanted: dict[Word, Region] = {}
    for word in words:
        parts = []
        support = tuple(atom.wires for atom in word)
        if support not in cache:
            kept, wires = cone(operations, word_wires(word))
            found = _join_atoms(components(operations, kept, wires), word)
            cache[support] = [_union(found)] if whole else found
        for region in cache[support]:
            part = tuple(atom for atom in word if region.wires.issuperset(atom.wires))
            wanted.setdefault(part, region)
            parts.append(part)
        factors.append(parts)
    return merge_regions([Region(r.wires, r.operations, [part]) for part, r in wanted.items()]), factors


def _join_atoms(regions: list[Region], word: Word) -> list[Region]:
    """Regions that one matrix of the word spans belong together."""
    for atom in word:
        touched = [r for r in regions if not r.wires.isdisjoint(atom.wires)]
        if len(touched) > 1:
            regions = [r for r in regions if r not in touched]
            regions.append(_union(touched))
    return regions


def merge_regions(regions: list[Region]) -> list[Region]:
    """Merge regions while simulating their union costs no more than simulating them one by one."""
    merged: list[Region] = []
    for region in sorted(regions, key=lambda r: (min(r.wires), -len(r.wires))):
        for index in range(len(merged) - 1, -1, -1):
            other = merged[index]
            if other.wires.isdisjoint(region.wires):
                continue
            union = _union([other, region])
            if union.cost <= other.cost + region.cost:
                merged[index] = union
                break
        else:
            merged.append(region)
    return merged


def _union(regions: Sequence[Region]) -> Region:
    return Region(
        frozenset().union(*(r.wires for r in regions)),
        frozenset().union(*(r.operations for r in regions)),
        [word for r in regions for word in r.words],
    )
