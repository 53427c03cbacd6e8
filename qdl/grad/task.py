"""A task: one part of a plan bound to an engine, a precision and a device. What every gradient method works on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from qdl.engine.matrices import Angles, Builder
from qdl.engine.program import Program, Start, pick, slots
from qdl.engine.stacks import Place
from qdl.engine.state import StateVector
from qdl.ir.gates import Prepare
from qdl.measure import observe
from qdl.plan.fuse import Block
from qdl.plan.part import Part
from qdl.plan.readout import WordsRead


class Task:
    """Builds a part's vectors and matrices from angles, and runs them.

    Parameters
    ----------
    part : Part
    n_shared : int
        How many angles of the plan are shared by the batch.
    engine : StateVector
    dtype : torch.dtype
        The precision of states.
    device : torch.device
    """

    def __init__(
        self, part: Part, n_shared: int, engine: StateVector, dtype: torch.dtype, device: torch.device
    ) -> None:
        self.part, self.engine, self.dtype, self.device = part, engine, dtype, device
        self.idle = not any(block.members for block in part.prologue)  # nothing is encoded: the start is |0...0>
        self.read = observe.bind(part, dtype, device)
        self.vectors = Builder([b for b in part.prologue if not _prepares(b)], n_shared, dtype, device, columns=True)
        self.blocks = Builder(part.blocks, n_shared, dtype, device)
        self._place_factors(part.prologue)
        firsts = [k for k, block in enumerate(part.blocks) if block.sampled]
        spreads = firsts[0] if firsts and not any(b.sampled for b in part.prologue) else None
        places = tuple(self.blocks.places)
        stacks = tuple(table.stack for table in self.blocks.tables)
        self.program = Program(
            part.size,
            part.blocks,
            places,
            self.blocks.constants,
            spreads,
            part.tiled,
            _signs(part),
            stacks,
            n_shared,
            all(block.unitary for block in part.blocks),
            self._functional(),
        )

    def _functional(self) -> Tensor | None:
        """What is read, as rows of linear functions of coordinates; None where states have to be brought to the end."""
        part = self.part
        if not part.mixed or not part.blocks or any(block.sampled for block in part.blocks):
            return None
        nothing = torch.zeros(1, 2**part.size, dtype=self.dtype, device=self.device)
        count = self.read.value(nothing).shape[1]
        if count > MOST_READ:
            return None
        one = torch.eye(count, dtype=self.dtype, device=self.device)
        return self.read.pullback(nothing.expand(count, -1), one)

    def _place_factors(self, prologue: Sequence[Block]) -> None:
        """Where each factor of the initial state lies: in a stack of columns, or as amplitudes in one of its own."""
        built = iter(self.vectors.places)
        constants = iter(self.vectors.constants.values())
        self.prepared = [block for block in prologue if _prepares(block)]
        own = iter(range(len(self.vectors.tables), len(self.vectors.tables) + len(self.prepared)))
        self.factors = [Place(next(own), 0) if _prepares(block) else next(built) for block in prologue]
        self.fixed = {k: next(constants)[None] for k, place in enumerate(self.factors) if place.stack < 0}

    def build(self, shared: Tensor, sampled: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """The prologue's vectors and the varying blocks' matrices, both in stacks.

        Parameters
        ----------
        shared : (n_shared,) real
        sampled : (B, n_sampled) real

        Returns
        -------
        list of Tensor
            (n, 2**k) or (B, n, 2**k) each.
        list of Tensor
            (n, D, D) or (B, n, D, D) each.
        """
        angles = Angles(shared, sampled)
        vectors = self.vectors(angles)
        for block in self.prepared:
            amplitudes = angles.take(list(block.members[0].angles), block.sampled)
            vectors.append(self.engine.prepared(_normalised(amplitudes.unsqueeze(-2))))
        return vectors, self.blocks(angles)

    def start(self, vectors: Sequence[Tensor]) -> Start:
        """The initial product state."""

        def make() -> Tensor:
            if self.idle:
                return self.engine.ground(self.part.size, self.dtype, self.device)
            return self.engine.init(self.part, self.columns(vectors))

        return Start(make, tuple(vectors), self.dtype, self.device, self.idle, fresh=len(self.factors) > 1)

    def columns(self, vectors: Sequence[Tensor]) -> list[Tensor]:
        """The factors of the initial state, (S or 1, 2**k) each."""
        unbound = [(v if v.dim() == 3 else v[None]).unbind(-2) for v in vectors]
        return pick(self.factors, self.fixed, unbound)

    def start_gradients(self, vectors: Sequence[Tensor], lam: Tensor) -> list[Tensor]:
        """What arrives at the initial state, handed to the stacks of its factors."""
        found = self.engine.init_gradients(self.part, self.columns(vectors), lam)
        stacked = [torch.stack([found[k] for k in held], -2) for held in slots(self.factors)]
        return [g.view(v.shape) for g, v in zip(stacked, vectors, strict=True)]

    def evolve(self, vectors: Sequence[Tensor], stacks: Sequence[Tensor]) -> Tensor:
        """The final state, (S, 2**n)."""
        return self.engine.run(self.program, self.start(vectors), stacks)[0]

    def observe(self, vectors: Sequence[Tensor], stacks: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """What is read, (S, m), and the final state, (S, 2**n)."""
        psi, value = self.engine.run(self.program, self.start(vectors), stacks)
        return self.read.value(psi) if value is None else value, psi


def _prepares(block: Block) -> bool:
    return bool(block.members) and isinstance(block.members[0].operation.gate, Prepare)


def _normalised(amplitudes: Tensor) -> Tensor:
    """Real amplitudes (*batch, 2**k) of norm 1."""
    rows = amplitudes / amplitudes.detach().abs().amax(-1, keepdim=True)  # or squares of small amplitudes vanish
    return rows / torch.linalg.vector_norm(rows, dim=-1, keepdim=True)


def _signs(part: Part) -> tuple[tuple[int, ...], ...]:
    """The positions of each word's Z's, if what is read are a few words of Z's."""
    read = part.read
    if not isinstance(read, WordsRead) or read.matrices or len(read.groups) != 1 or not 0 < read.count <= FEW_WORDS:
        return ()
    group = read.groups[0]
    return () if group.flips else tuple(word.signs for word in sorted(group.words, key=lambda word: word.column))


MOST_READ = 256  # numbers that may be read from many density matrices by bringing them to the start
FEW_WORDS = 32  # a tile kernel reads them one after the other; more are quicker as a matrix product
