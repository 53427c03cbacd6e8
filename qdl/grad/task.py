"""A task: one part of a plan bound to an engine, a precision and a device. What every gradient method works on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine.matrices import Builder
from qdl.engine.state import StateVector
from qdl.ir.gates import Prepare
from qdl.measure import observe
from qdl.plan.fuse import Block
from qdl.plan.part import Part


class Task:
    """Builds a part's vectors and matrices from angles, and runs them.

    Parameters
    ----------
    part : Part
    engine : StateVector
    dtype : torch.dtype
        The complex precision.
    device : torch.device
    """

    def __init__(self, part: Part, engine: StateVector, dtype: torch.dtype, device: torch.device) -> None:
        self.part, self.engine, self.dtype = part, engine, dtype
        self.wires = len(part.wires)
        self.read = observe.bind(part.read, self.wires, dtype, device)
        self.prepared = {k: b.members[0] for k, b in enumerate(part.prologue) if _prepares(b)}
        factors = [b for b in part.prologue if not _prepares(b)]
        self.vectors = Builder(factors, dtype, device, columns=True)
        self.blocks = Builder(part.blocks, dtype, device)
        self.varying = [k for k, place in enumerate(self.blocks.places) if place.constant is None]
        self.slots = {k: i for i, k in enumerate(self.varying)}
        firsts = [k for k, block in enumerate(part.blocks) if block.sampled]
        # The block that turns one shared state into one per sample, if there is one.
        self.spreads = firsts[0] if firsts and not any(b.sampled for b in part.prologue) else None

    def build(self, shared: Tensor, sampled: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The prologue's vectors, (1 or B, 2**k), and the varying blocks' matrices, (D, D) or (B, D, D).

        Parameters
        ----------
        shared : (n_shared,) real
        sampled : (B, n_sampled) real
        """
        any_sampled = any(b.sampled for b in (*self.part.prologue, *self.part.blocks))
        both = torch.cat([shared.expand(sampled.shape[0], -1), sampled], -1) if any_sampled else shared
        built = iter(self.vectors(shared, both))
        vectors = []
        for k, block in enumerate(self.part.prologue):
            if k in self.prepared:
                source = both if block.sampled else shared
                vectors.append(_prepared(source[..., list(self.prepared[k].angles)], self.dtype))
            else:
                column = next(built)
                vectors.append(column if column.dim() == 2 else column[None])
        matrices = self.blocks(shared, both)
        return vectors, [matrices[k] for k in self.varying]

    def matrices(self, varying: Sequence[Tensor]) -> list[Tensor]:
        """All blocks' matrices in order, the constant ones included."""
        given = iter(varying)
        return [next(given) if k in self.slots else self.blocks.constants[k] for k in range(len(self.part.blocks))]

    def evolve(self, vectors: Sequence[Tensor], varying: Sequence[Tensor]) -> Tensor:
        """The final state, (S, 2**n)."""
        psi = self.engine.init(self.part, vectors)
        for block, matrix in zip(self.part.blocks, self.matrices(varying), strict=True):
            psi = self.engine.apply(psi, block, matrix, self.wires)
        return psi


def _prepares(block: Block) -> bool:
    return bool(block.members) and isinstance(block.members[0].operation.gate, Prepare)


def _prepared(amplitudes: Tensor, dtype: torch.dtype) -> Tensor:
    """Real amplitudes as normalised state vectors, (1 or B, 2**k)."""
    rows = amplitudes if amplitudes.dim() == 2 else amplitudes[None]
    rows = rows / rows.detach().abs().amax(-1, keepdim=True)  # so that squares of small amplitudes do not vanish
    return (rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True)).to(dtype)
