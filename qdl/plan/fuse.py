"""Fusion: runs of gates become blocks on few neighbouring wires; encoders become the product state they leave.

A block is applied as one matrix product on a view of the state, so what counts is how many blocks there are and how
wide. An operation may join an earlier block if nothing between them touches its wires, and the block's span stays
within the allowed width. Operations with per-sample angles get blocks of their own, since they make a block's matrix
per sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from qdl.ir import Operation
from qdl.ir.gates import Prepare

CONSTANT, SHARED, SAMPLED = 0, 1, 2


@dataclass(frozen=True)
class Placed:
    """An operation at its positions in the state.

    ``angles`` says where its angles lie in the angle vector (empty if they are numbers), ``kind`` how they vary:
    CONSTANT, SHARED by the batch, or SAMPLED.
    """

    operation: Operation
    positions: tuple[int, ...]
    kind: int
    angles: tuple[int, ...] = ()


@dataclass(frozen=True)
class Block:
    """Operations that act as one matrix on `positions` (ascending), first applied first."""

    positions: tuple[int, ...]
    members: tuple[Placed, ...] = ()

    @property
    def sampled(self) -> bool:
        """Whether there is one matrix per sample."""
        return any(m.kind == SAMPLED for m in self.members)

    @property
    def unitary(self) -> bool:
        """Whether its adjoint undoes it."""
        return all(getattr(m.operation.gate, "unitary", True) for m in self.members)

    @property
    def varying(self) -> tuple[Placed, ...]:
        """The members whose angles are not numbers."""
        return tuple(m for m in self.members if m.kind != CONSTANT)


def split_prologue(placed: Sequence[Placed], encoders: bool = True) -> tuple[list[list[Placed]], list[Placed]]:
    """Split off the operations that leave a product state: preparations, and unless told otherwise encoders.

    A wire's leading one-wire operations up to the last per-sample one belong to the prologue. Shared operations after
    that are left to the blocks, where they cost nothing per sample; if nothing is per sample, all leading ones belong.
    """
    anything_sampled = any(p.kind == SAMPLED for p in placed)
    leading: dict[int, list[int]] = {}
    closed: set[int] = set()
    chains: list[list[Placed]] = []
    taken: set[int] = set()
    for index, item in enumerate(placed):
        if isinstance(item.operation.gate, Prepare):
            chains.append([item])
            taken.add(index)
            closed.update(item.positions)
        elif encoders and len(item.operation.wires) == 1 and item.positions[0] not in closed:
            leading.setdefault(item.positions[0], []).append(index)
        else:
            closed.update(item.positions)
    for indices in leading.values():
        if anything_sampled:
            indices = _to_last_sampled(indices, placed)
        if indices:
            chains.append([placed[i] for i in indices])
            taken.update(indices)
    chains.sort(key=lambda chain: chain[0].positions[0])
    return chains, [item for index, item in enumerate(placed) if index not in taken]


def split_encoders(placed: Sequence[Placed]) -> tuple[list[Block], list[Placed]]:
    """Split off each wire's encoder: its leading one-wire operations that are constant or per sample, up to the last
    per-sample one. In contrast to `split_prologue`, what is shared by the batch ends an encoder.
    """
    leading: dict[int, list[int]] = {}
    closed: set[int] = set()
    for index, item in enumerate(placed):
        if len(item.positions) == 1 and item.kind != SHARED and item.positions[0] not in closed:
            leading.setdefault(item.positions[0], []).append(index)
        else:
            closed.update(item.positions)
    blocks, taken = [], set()
    for position, indices in sorted(leading.items()):
        indices = _to_last_sampled(indices, placed)
        if indices:
            blocks.append(Block((position,), tuple(placed[i] for i in indices)))
            taken.update(indices)
    return blocks, [item for index, item in enumerate(placed) if index not in taken]


def _to_last_sampled(indices: list[int], placed: Sequence[Placed]) -> list[int]:
    last = max((k for k, i in enumerate(indices) if placed[i].kind == SAMPLED), default=-1)
    return indices[: last + 1]


def fuse(
    placed: Sequence[Placed],
    width: int,
    sampled_width: int,
    mix: bool = False,
    reach: int = 64,
    neighbours: bool = True,
) -> list[Block]:
    """Greedy fusion into blocks of at most `width` (shared) or `sampled_width` (per-sample) positions.

    With `mix`, shared operations may join per-sample blocks. Only the latest `reach` blocks are looked at. With
    `neighbours`, a block takes in the positions between its own, so that it is one matrix product on a view.
    """
    windows: list[_Window] = []
    hull = _hull if neighbours else _distinct
    frontier: dict[int, int] = {}
    for item in placed:
        first = max((frontier.get(p, -1) for p in item.positions), default=-1)
        best: tuple[int, int, tuple[int, ...]] | None = None
        for index in range(max(first, len(windows) - reach, 0), len(windows)):
            span = windows[index].joined(item, width, sampled_width, mix, hull)
            if span is not None and (best is None or len(span) - len(windows[index].positions) < best[0]):
                best = (len(span) - len(windows[index].positions), index, span)
        if best is None:
            limit = sampled_width if item.kind == SAMPLED else width
            span = hull(item.positions)
            best = (0, len(windows), span if len(span) <= limit else _distinct(item.positions))
            windows.append(_Window(best[2]))
        _, index, span = best
        windows[index].add(item, span)
        for p in item.positions:
            frontier[p] = index
    return [Block(window.positions, tuple(window.members)) for window in windows]


@dataclass
class _Window:
    """A block being filled."""

    positions: tuple[int, ...]
    members: list[Placed] = field(default_factory=list)
    kinds: set[int] = field(default_factory=set)

    def add(self, item: Placed, span: tuple[int, ...]) -> None:
        self.positions = span
        self.members.append(item)
        self.kinds.add(item.kind)

    def joined(
        self, item: Placed, width: int, sampled_width: int, mix: bool, hull: Callable[[Sequence[int]], tuple[int, ...]]
    ) -> tuple[int, ...] | None:
        """The positions the window would span with this item, or None if they may not be one block."""
        kinds = self.kinds | {item.kind}
        if SAMPLED in kinds and SHARED in kinds and not mix:
            return None
        if set(item.positions) <= set(self.positions):
            fits = SAMPLED not in kinds or len(self.positions) <= max(sampled_width, len(item.positions))
            return self.positions if fits else None
        span = hull((*self.positions, *item.positions))
        return span if len(span) <= (sampled_width if SAMPLED in kinds else width) else None


def _hull(positions: Sequence[int]) -> tuple[int, ...]:
    return tuple(range(min(positions), max(positions) + 1)) if positions else ()


def _distinct(positions: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(set(positions)))
