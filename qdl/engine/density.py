"""The density-matrix engine: real coordinates of Hermitian matrices (qdl.ir.maps) under real maps.

A state of n wires and m measured bits is a tensor (S, 2**(2n + m)), real (inside, see `qdl.engine.columns`). A
channel cannot be undone, so the reverse sweep is that of `qdl.engine.retrace`.

What is read is linear in the coordinates. Where all blocks are shared by the batch and fewer numbers are read than
there are samples, these linear functions are brought back through the blocks once, by transposed matrices, and meet the
states at the start: a noisy convolution costs one small matrix product for all patches.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine import columns, kernels
from qdl.engine.program import Program, Pull, Start
from qdl.engine.retrace import Steps, retrace
from qdl.engine.state import StateVector
from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.ir.maps import basis
from qdl.plan.lower import Lowered, density
from qdl.plan.part import Part


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
        states = start()
        if self._reads_first(program, len(states)):
            return states, states @ self._functional(program, stacks).mT
        rho = columns.States(states, last=False)
        for block, matrix in zip(program.blocks, program.matrices(stacks), strict=True):
            rho = columns.apply(rho, matrix, block.positions, program.wires)
        return rho.data.mT if rho.last else rho.data, None

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
        steps: Steps[columns.States] = columns
        if self._reads_first(program, len(psi)):
            assert program.functional is not None
            turned = [stack.mT for stack in stacks]
            read, slope = (columns.States(t, last=False) for t in (program.functional, pull.cotangent.mT @ psi))
            found = retrace(steps, program.backwards, read, slope, turned, wanted, False)
            back = pull.cotangent @ self._functional(program, stacks) if through else None
            return [None if g is None else g.mT for g in found[0]], back
        lam, rho = (columns.States(states, last=False) for states in (pull(), start()))
        swept = retrace(steps, program, rho, lam, stacks, wanted, through)
        started = swept[1]
        return swept[0], None if started is None else started.data.mT if started.last else started.data

    def _reads_first(self, program: Program, samples: int) -> bool:
        """Whether what is read is brought to the start, rather than many states to the end (Heisenberg's picture)."""
        return program.functional is not None and len(program.functional) < samples

    def _functional(self, program: Program, stacks: Sequence[Tensor]) -> Tensor:
        """What is read of the states in front of all blocks, (m, 2**n)."""
        assert program.functional is not None
        back = program.backwards
        read = columns.States(program.functional, last=False)
        for block, matrix in zip(back.blocks, back.matrices([stack.mT for stack in stacks]), strict=True):
            read = columns.apply(read, matrix, block.positions, program.wires)
        return read.rows
