"""Runs: operations of a block that follow each other on the same few of its positions.

Multiplied among themselves first, they cost as many wires less; a noisy gate of two wires has some twenty such factors
on one wire each. It is done where a linear map is among them: what has been drawn for a trajectory, or a channel.
"""

from __future__ import annotations

from collections.abc import Sequence

from qdl.ir.maps import Map
from qdl.plan.fuse import Block, Placed

Run = tuple[Placed, ...]


def runs_of(block: Block) -> list[Run]:
    """The members of a block in an order that does the same, each in a tuple; those of a run share one."""
    if not block.sampled:
        return [(member,) for member in block.members]
    out: list[Run] = []
    going: dict[tuple[int, ...], list[Placed]] = {}
    for member in block.members:
        for positions in [p for p in going if p != member.positions and set(p) & set(member.positions)]:
            out += _finished(going.pop(positions))
        if len(member.positions) < len(block.positions):
            going.setdefault(member.positions, []).append(member)
        else:
            out.append((member,))
    for members in going.values():
        out += _finished(members)
    return out


def inner_blocks(blocks: Sequence[Block]) -> list[Block]:
    """Each run of some blocks as a block of its own."""
    return [Block(run[0].positions, run) for block in blocks for run in runs_of(block) if len(run) > 1]


def _finished(members: Sequence[Placed]) -> list[Run]:
    run = Block(members[0].positions, tuple(members))
    linear = any(isinstance(m.operation.gate, Map) and m.operation.gate.kind == "linear" for m in run.varying)
    return [tuple(members)] if run.sampled and linear and len(run.varying) > 1 else [(m,) for m in members]
