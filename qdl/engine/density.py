"""The density-matrix engine: real coordinates of Hermitian matrices (qdl.ir.maps) under real maps.

A state of n wires and m measured bits is a tensor (S, 2**(2n + m)), real; inside it lies with its samples last. A
channel cannot be undone, so the reverse sweep runs forward once more, from states kept on the way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine import columns, kernels
from qdl.engine.program import Program, Pull, Start
from qdl.engine.state import StateVector
from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.ir.maps import basis
from qdl.plan.lower import Lowered, density
from qdl.plan.part import Part, kept


class Density(StateVector):
    """Density matrices as their real coordinates."""

    name = "density"
    mixed = True

    def __init__(self, argument: str = "") -> None:
        if argument:
            raise UnsupportedError("engine 'density' takes no argument", got=f"'density:{argument}'")

    def precision(self, real: torch.dtype) -> torch.dtype:
        return real

    def lower(self, circuit: Circuit, coherent: Sequence[int] = ()) -> Lowered:
        return density(circuit)

    def prepared(self, amplitudes: Tensor) -> Tensor:
        """The coordinates of a pure state's density matrix, (*batch, 4**k), from its real amplitudes (*batch, 2**k)."""
        wires = amplitudes.shape[-1].bit_length() - 1
        turned = torch.as_tensor(basis(wires).real, dtype=amplitudes.dtype, device=amplitudes.device)
        return (amplitudes[..., :, None] * amplitudes[..., None, :]).flatten(-2) @ turned

    def init(self, part: Part, vectors: Sequence[Tensor]) -> Tensor:
        rho = kernels.products([vector.mT.contiguous() for vector in vectors])[0]
        order = tuple(p for product in part.prologue for p in product.positions)
        return rho.mT if kernels.contiguous(order) else kernels.from_front(rho.mT[:, :, None], order, len(order))

    def run(self, program: Program, start: Start, stacks: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        rho = start().mT.contiguous()
        for block, matrix in zip(program.blocks, program.matrices(stacks), strict=True):
            rho = columns.apply(rho, matrix, block.positions, program.wires)
        return rho.mT, None

    def sweep(
        self,
        program: Program,
        start: Start,
        psi: Tensor,
        pull: Pull,
        stacks: Sequence[Tensor],
        wanted: Sequence[bool],
        through: bool,
    ) -> tuple[list[Tensor | None], Tensor | None]:
        """The gradient brought back through all blocks, as `StateVector.sweep`, though channels cannot be undone.

        States behind every s-th block are kept on a second run forward, and those between them made again from there
        when the sweep comes by: about 2 sqrt(K) states of K for one more run; small ones are kept all.
        """
        blocks, matrices, wires = program.blocks, program.matrices(stacks), program.wires
        needed = {k for held, want in zip(program.slots, wanted, strict=True) if want for k in held}
        first = min(needed, default=len(blocks))
        last = 0 if through else first
        lam = pull().mT.contiguous()
        count = len(blocks)
        step = 1 if kept(count, wires) >= count else max(1, math.isqrt(count))
        marks = self._marks(program, start, matrices, step, last, max(needed, default=-1))
        inside: dict[int, Tensor] = {}
        crossed: dict[int, Tensor] = {}
        for k in range(count - 1, last - 1, -1):
            if k in needed:
                if k not in inside:
                    inside = self._between(program, matrices, marks, k, step)
                block = blocks[k]
                crossed[k] = columns.cross(lam, inside.pop(k), block.positions, wires, block.sampled)
            if k > last or through:
                lam = columns.apply(lam, matrices[k].mT, blocks[k].positions, wires)
                lam = lam.sum(1, keepdim=True) if program.spreads == k else lam
        gradients = [
            torch.stack([crossed[k] for k in held], -3) if want else None
            for held, want in zip(program.slots, wanted, strict=True)
        ]
        return gradients, lam.mT if through else None

    def _marks(
        self, program: Program, start: Start, matrices: Sequence[Tensor], step: int, first: int, last: int
    ) -> dict[int, Tensor]:
        """The states before blocks 0, s, 2s, ... as far as they are needed."""
        marks: dict[int, Tensor] = {}
        if last < 0:
            return marks
        rho = start().mT.contiguous()
        for k in range(last + 1):
            if k % step == 0 and k + step > first:
                marks[k] = rho
            if k < last:
                rho = columns.apply(rho, matrices[k], program.blocks[k].positions, program.wires)
        return marks

    def _between(
        self, program: Program, matrices: Sequence[Tensor], marks: dict[int, Tensor], last: int, step: int
    ) -> dict[int, Tensor]:
        """The states before the blocks from the latest mark up to `last`."""
        begin = last - last % step
        inside = {begin: marks.pop(begin)}
        for k in range(begin, last):
            inside[k + 1] = columns.apply(inside[k], matrices[k], program.blocks[k].positions, program.wires)
        return inside
