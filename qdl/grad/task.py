"""A task: one part of a plan bound to an engine, a precision and a device. What every gradient method works on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine.matrices import StackTables
from qdl.engine.state import StateVector
from qdl.measure import observe
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
        self.columns = [StackTables(stack, dtype, device) for stack in part.columns]
        self.stacks = [StackTables(stack, dtype, device) for stack in part.stacks]
        self.read = observe.bind(part.read, self.wires, dtype, device)
        self.constant_vectors = {
            k: torch.as_tensor(p.constant, dtype=dtype, device=device)[None]
            for k, p in enumerate(part.prologue)
            if p.constant is not None
        }
        self.constant_blocks = {
            k: torch.as_tensor(b.constant, dtype=dtype, device=device)
            for k, b in enumerate(part.blocks)
            if b.constant is not None
        }
        self.varying = [k for k, block in enumerate(part.blocks) if block.varies]
        firsts = [k for k, block in enumerate(part.blocks) if block.sampled]
        # The block that turns one shared state into one per sample, if there is one.
        self.spreads = firsts[0] if firsts and not any(p.sampled for p in part.prologue) else None

    def build(self, shared: Tensor, sampled: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The prologue's vectors, (1 or B, 2**k), and the varying blocks' matrices, (D, D) or (B, D, D).

        Parameters
        ----------
        shared : (n_shared,) real
        sampled : (B, n_sampled) real
        """
        both = _joined(shared, sampled) if any(s.sampled for s in (*self.part.columns, *self.part.stacks)) else shared
        columns = [table(both if table.stack.sampled else shared) for table in self.columns]
        stacks = [table(both if table.stack.sampled else shared) for table in self.stacks]
        vectors = []
        for k, product in enumerate(self.part.prologue):
            if k in self.constant_vectors:
                vectors.append(self.constant_vectors[k])
            elif product.amplitudes:
                source = _joined(shared, sampled) if product.sampled else shared
                vectors.append(_prepared(source[..., list(product.amplitudes)], self.dtype))
            else:
                column = columns[product.stack][..., product.slot, :]
                vectors.append(column if column.dim() == 2 else column[None])
        blocks = [self.part.blocks[k] for k in self.varying]
        return vectors, [stacks[block.stack][..., block.slot, :, :] for block in blocks]

    def matrices(self, varying: Sequence[Tensor]) -> list[Tensor]:
        """All blocks' matrices in order, the constant ones included."""
        out = dict(self.constant_blocks)
        out.update(zip(self.varying, varying, strict=True))
        return [out[k] for k in range(len(self.part.blocks))]

    def evolve(self, vectors: Sequence[Tensor], varying: Sequence[Tensor]) -> Tensor:
        """The final state, (S, 2**n)."""
        psi = self.engine.init(self.part, vectors)
        for block, matrix in zip(self.part.blocks, self.matrices(varying), strict=True):
            psi = self.engine.apply(psi, block, matrix, self.wires)
        return psi


def _joined(shared: Tensor, sampled: Tensor) -> Tensor:
    return torch.cat([shared.expand(sampled.shape[0], -1), sampled], -1)


def _prepared(amplitudes: Tensor, dtype: torch.dtype) -> Tensor:
    """Real amplitudes as normalised state vectors, (1 or B, 2**k)."""
    rows = amplitudes if amplitudes.dim() == 2 else amplitudes[None]
    rows = rows / rows.detach().abs().amax(-1, keepdim=True)  # so that squares of small amplitudes do not vanish
    return (rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True)).to(dtype)
