"""The state-vector engine: pure functions on a batch of states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.program import Program, Pull, Start
from qdl.engine.retrace import retrace
from qdl.engine.values import COMPLEX
from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.plan.fuse import Block
from qdl.plan.lower import Lowered, amplitudes
from qdl.plan.part import Part

if TYPE_CHECKING:
    from qdl.engine.tiles.sources import FromAngles
    from qdl.engine.tiles.twin import Twin


class StateVector:
    """States as tensors (S, 2**n), complex; S is 1 as long as nothing per sample has acted."""

    name = "state"
    mixed = False  # whether states are density matrices

    def __init__(self, argument: str = "") -> None:
        if argument:
            raise UnsupportedError("engine 'state' takes no argument", got=f"'state:{argument}'", expected="'state'")

    def precision(self, real: torch.dtype) -> torch.dtype:
        """The type of the states' entries."""
        return COMPLEX[real]

    def lower(self, circuit: Circuit, coherent: Sequence[int] = ()) -> Lowered:
        """What the engine simulates for a circuit, of whose wires `coherent` are read in other bases than Z."""
        return amplitudes(circuit, coherent)

    def prepared(self, amplitudes: Tensor) -> Tensor:
        """The state of wires prepared in real amplitudes, (*batch, 2**k), normalised."""
        return amplitudes.to(COMPLEX[amplitudes.dtype])

    def ground(self, wires: int, dtype: torch.dtype, device: torch.device) -> Tensor:
        """|0...0>, (1, 2**n)."""
        psi = torch.zeros(1, 2**wires, dtype=dtype, device=device)
        psi[0, 0] = 1
        return psi

    def init(self, part: Part, vectors: Sequence[Tensor]) -> Tensor:
        """The product of the prologue's vectors, (S or 1, 2**k) each, in the order of the part's wires."""
        psi = kernels.products([vector.mT.contiguous() for vector in vectors])[0].mT.contiguous()
        order = tuple(p for product in part.prologue for p in product.positions)
        return psi if kernels.contiguous(order) else kernels.from_front(psi[:, :, None], order, len(order))

    def init_gradients(self, part: Part, vectors: Sequence[Tensor], lam: Tensor) -> list[Tensor]:
        """What arrives at the start, handed to the vectors: each one's gradient, given that of their product.

        With o_k = v_k (x) o_{k+1}: dv_k = sum_p lam[:, p] conj(o_{k+1}[p]), and lam goes on as conj(v_k) . lam.
        """
        order = tuple(p for product in part.prologue for p in product.positions)
        if not kernels.contiguous(order):
            lam = kernels.to_front(lam, order, len(order))[:, :, 0]
        columns = [vector.mT.contiguous() for vector in vectors]
        lam = lam.mT.contiguous().conj().resolve_conj()  # so that the steps below need no conjugates
        gradients: list[Tensor] = []
        for column, rest in zip(columns, kernels.products(columns[1:]), strict=False):
            lam = lam.view(column.shape[0], -1, lam.shape[-1])
            gradients.append((lam * rest).sum(1).mT.conj().resolve_conj())
            lam = (column.unsqueeze(1) * lam).sum(0)
        gradients.append(lam.mT.conj().resolve_conj())
        return [g if g.shape == v.shape else g.sum(0, keepdim=True) for g, v in zip(gradients, vectors, strict=True)]

    def run(self, program: Program, start: Start, stacks: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """The state behind all blocks, (S, 2**n), and the values of the program's words, (S, W), if they came for free.

        Parameters
        ----------
        program : Program
        start : Start
        stacks : sequence of Tensor
            The varying blocks' matrices, (n_blocks, D, D) or (B, n_blocks, D, D) each.
        """
        if program.tiled and plain(start.device, *start.tensors, *stacks):
            twin = _twin(program)
            found = twin.run(start, twin.from_stacks(program, stacks, start.dtype))
            if found is not None:
                return found
        psi = start()
        for block, matrix in zip(program.blocks, program.matrices(stacks), strict=True):
            psi = self.apply(psi, block, matrix, program.wires)
        return psi, None

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
        """The state and the gradient with respect to it, brought back through all blocks, here unitary ones.

        With psi_k = M_k psi_{k-1}: lam_{k-1} = M_k^+ lam_k, dL/dM_k = lam_k psi_{k-1}^+, psi_{k-1} = M_k^+ psi_k.

        Parameters
        ----------
        program : Program
        start : Start
        psi : (S, 2**n) complex
            The state behind all blocks; it is not changed.
        pull : Pull
            The gradient with respect to it.
        stacks : sequence of Tensor
            As in `run`.
        wanted : sequence of bool
            For each stack, whether its gradient is wanted.
        through : bool
            Whether the gradient with respect to the state before all blocks is wanted.

        Returns
        -------
        list of (Tensor or None)
            For each stack its gradient, of the same shape, if wanted.
        Tensor or None
            The gradient with respect to the state before all blocks, if wanted.
        """
        if program.tiled and plain(psi.device, psi, pull.cotangent, *stacks):
            twin = _twin(program)
            source = twin.from_stacks(program, stacks, psi.dtype)
            swept = twin.sweep(psi, pull, source, (any(wanted), any(wanted)), through, start.idle)
            if swept is not None:
                return source.gradients(swept.shared, swept.grouped, wanted), swept.start
        lam = pull()
        if not program.unitary:
            return retrace(kernels, program, start(), lam, stacks, wanted, through)
        blocks, matrices, wires = program.blocks, program.matrices(stacks), program.wires
        needed = {k for held, want in zip(program.slots, wanted, strict=True) if want for k in held}
        crossed: dict[int, Tensor] = {}
        first = min(needed, default=len(blocks))  # no block before this one needs the state
        last = 0 if through else first
        for k in range(len(blocks) - 1, last - 1, -1):
            block, matrix = blocks[k], matrices[k]
            spreads = program.spreads == k  # one shared state became one per sample here; any sample leads back to it
            if k < first:
                pass
            elif k == 0:
                psi = start()
            elif spreads:
                psi = self.undo(psi[:1], block, matrix[:1], wires)
            else:
                psi = self.undo(psi, block, matrix, wires)
            if k in needed:
                crossed[k] = self.cross(lam, psi, block, wires)
            if k > last or through:
                lam = self.undo(lam, block, matrix, wires)
                lam = lam.sum(0, keepdim=True) if spreads else lam
        gradients = [
            torch.stack([crossed[k] for k in held], -3) if want else None
            for held, want in zip(program.slots, wanted, strict=True)
        ]
        return gradients, lam if through else None

    def run_from_angles(
        self, program: Program, start: Start, shared: Tensor, sampled: Tensor
    ) -> tuple[Tensor, Tensor | None, FromAngles] | None:
        """`run`, with the matrices built by the engine itself; None where it cannot.

        Parameters
        ----------
        program : Program
        start : Start
            Is |0...0>.
        shared : (n_shared,) real
        sampled : (B, n_sampled) real

        Returns
        -------
        Tensor, Tensor or None
            The state behind all blocks and the values of the words, as `run` gives them.
        FromAngles
            What `sweep_to_angles` needs.
        """
        if not (program.tiled and start.idle and plain(start.device, shared, sampled)):
            return None
        twin = _twin(program)
        source = twin.from_angles(program, shared, sampled, start.dtype)
        if source is None:
            return None
        found = twin.run(start, source)
        return None if found is None else (*found, source)

    def sweep_to_angles(
        self,
        program: Program,
        psi: Tensor,
        pull: Pull,
        angles: tuple[Tensor, Tensor],
        kept: tuple[Tensor | None, Tensor | None],
        wanted: tuple[bool, bool],
    ) -> tuple[Tensor, Tensor | None]:
        """The gradients of the shared angles and of those per sample, after `run_from_angles` at the same angles.

        Parameters
        ----------
        kept : (Tensor or None, Tensor or None)
            What the source that `run_from_angles` gave kept.
        wanted : (bool, bool)
            Which gradients are wanted; the other is anything.
        """
        twin = _twin(program)
        source = twin.from_angles(program, *angles, psi.dtype, kept)
        assert source is not None
        swept = twin.sweep(psi, pull, source, wanted, through=False, idle=True)
        assert swept is not None
        return source.gradients(swept.shared, swept.grouped)

    def apply(self, psi: Tensor, block: Block, matrix: Tensor, wires: int) -> Tensor:
        """The state behind a block."""
        return kernels.apply(psi, matrix, block.positions, wires)

    def undo(self, psi: Tensor, block: Block, matrix: Tensor, wires: int) -> Tensor:
        """The state before a block, from the one behind it: the block's conjugate transpose, it being unitary."""
        return kernels.apply(psi, matrix.mH, block.positions, wires)

    def cross(self, lam: Tensor, psi: Tensor, block: Block, wires: int) -> Tensor:
        """The gradient of a block's matrix from the gradient behind it and the state before it."""
        return kernels.cross(lam, psi, block.positions, wires, block.sampled)

    def inner(self, bra: Tensor, ket: Tensor) -> Tensor:
        """<bra|ket> of each sample, (S,)."""
        return (bra.conj() * ket).sum(-1)

    def marginal(self, psi: Tensor, positions: tuple[int, ...], wires: int) -> Tensor:
        """Probabilities of the bit strings on `positions`, (S, 2**k), most significant first."""
        return kernels.marginal(psi, positions, wires)


def _twin(program: Program) -> Twin:
    """The program for the tile kernels."""
    if program not in _TWINS:
        from qdl.engine.tiles.twin import Twin

        _TWINS[program] = Twin(program)
    return _TWINS[program]


_TWINS: WeakKeyDictionary[Program, Twin] = WeakKeyDictionary()


def plain(device: torch.device, *tensors: Tensor) -> bool:
    """Whether compiled kernels may compute with these: on the CPU, with no graph recorded and no transform active."""
    if torch._C._are_functorch_transforms_active():
        return False
    recorded = torch.is_grad_enabled() and any(t.requires_grad for t in tensors)
    return device.type == "cpu" and not recorded
