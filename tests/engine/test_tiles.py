"""The tile kernels against their readable twin, on random blocks: forwards, backwards, and all gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.program import Program, Pull, Start
from qdl.engine.stacks import Place
from qdl.engine.state import plain
from qdl.plan.fuse import SAMPLED, SHARED, Block, Placed
from qdl.plan.tiles import Act, Pass, Swap, schedule

pytest.importorskip("llvmlite", reason="the tile kernels are compiled by llvmlite")
from qdl.engine.tiles.layout import lay_out
from qdl.engine.tiles.twin import Twin

BOUND = {torch.complex64: 2e-5, torch.complex128: 1e-12}
ALIKE = [(1, 14), (1, 9), (3, 12), (16, 5), (100, 3), (333, 2), (40, 7)]  # samples and wires
PER_SAMPLE = [(3, 12), (16, 5), (17, 4), (40, 7), (64, 9), (5, 8), (1, 10)]


def random(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(*shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed)).to(dtype)


def made(
    samples: int, wires: int, per_sample: bool, dtype: torch.dtype, seed: int, count: int = 12
) -> tuple[Program, list[Tensor]]:
    """A program of random blocks on one to three wires in any order, some constant, and its stacks."""
    rng = np.random.default_rng(seed)
    blocks, places, stacks, constants = [], [], {}, {}
    spreads = None
    for k in range(count):
        positions = tuple(int(p) for p in rng.permutation(wires)[: rng.integers(1, min(wires, 3) + 1)])
        sampled = per_sample and bool(rng.random() < 0.5)
        shape = (samples,) if sampled else ()
        matrix = torch.linalg.qr(
            random(*shape, 2 ** len(positions), 2 ** len(positions), dtype=torch.complex128, seed=seed + k)
        )[0].to(dtype)
        if rng.random() < 0.3 and not sampled:
            constants[k] = matrix
            places.append(Place(constant=matrix.numpy()))
        else:
            stack = list(stacks).index(key) if (key := (len(positions), sampled)) in stacks else len(stacks)
            stacks.setdefault(key, []).append(matrix)
            places.append(Place(stack, len(stacks[key]) - 1))
        if sampled and spreads is None:
            spreads = k
        blocks.append(Block(positions, (Placed(None, positions, SAMPLED if sampled else SHARED),)))  # type: ignore[arg-type]
    program = Program(wires, tuple(blocks), tuple(places), constants, spreads)
    return program, [torch.stack(held, -3) for held in stacks.values()]


def by_hand(program: Program, psi: Tensor, lam: Tensor, stacks: list[Tensor]) -> tuple[Tensor, list[Tensor], Tensor]:
    """The state behind all blocks, the gradients of the stacks, and the gradient at the start, block by block."""
    matrices = program.matrices(stacks)
    states = [psi]
    for block, matrix in zip(program.blocks, matrices, strict=True):
        states.append(kernels.apply(states[-1], matrix, block.positions, program.wires))
    crossed = {}
    for k in range(len(matrices) - 1, -1, -1):
        block, matrix = program.blocks[k], matrices[k]
        before = states[k].expand(len(lam), -1)
        crossed[k] = kernels.cross(lam, before, block.positions, program.wires, block.sampled)
        lam = kernels.apply(lam, matrix.mH, block.positions, program.wires)
        if len(states[k]) < len(lam):
            lam = lam.sum(0, keepdim=True)
    return states[-1], [torch.stack([crossed[k] for k in held], -3) for held in program.slots], lam


def given(psi: Tensor) -> Start:
    """A start that is given as a state, and must not be changed."""
    return Start(lambda: psi, (psi,), psi.dtype, psi.device, idle=False, fresh=False)


def far(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max().clamp(min=1))


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("per_sample", [False, True])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", range(7))
def test_the_twins_agree(case: int, seed: int, per_sample: bool, threads: int, dtype: torch.dtype) -> None:
    samples, wires = (PER_SAMPLE if per_sample else ALIKE)[case]
    program, stacks = made(samples, wires, per_sample, dtype, 10 * seed)
    rows = 1 if program.spreads is not None else samples
    psi, lam = random(rows, 2**wires, dtype=dtype, seed=1), random(samples, 2**wires, dtype=dtype, seed=2)
    before = psi.clone(), lam.clone()
    kept, used = torch.get_num_threads(), 0
    torch.set_num_threads(threads)
    try:
        twin = Twin(program)
        source = twin.from_stacks(program, stacks, psi.dtype)
        ran = twin.run(given(psi), source)
        assert ran is not None
        found = ran[0]
        end, gradients, start = by_hand(program, psi, lam, stacks)
        swept = twin.sweep(found, Pull(lam, lambda: lam), source, (True, True), through=True)
        assert swept is not None
        of_stacks = source.gradients(swept.shared, swept.grouped, [True] * len(stacks))
    finally:
        torch.set_num_threads(kept)
    for lent, kept_before in zip((psi, lam), before, strict=True):
        assert torch.equal(lent, kept_before), "what was lent has been spoilt"
    assert far(found, end) < BOUND[dtype]
    assert swept.start is not None
    assert far(swept.start, start) < BOUND[dtype]
    for one, other in zip(of_stacks, gradients, strict=True):
        assert one is not None
        assert one.shape == other.shape
        assert far(one, other) < BOUND[dtype]
        used += 1
    assert used == len(stacks)


@pytest.mark.parametrize("dtype", BOUND)
@pytest.mark.parametrize("case", [(1, 10), (3, 12), (17, 12), (40, 9), (16, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_frozen_leaves_other_gradients_as_they_are(
    case: tuple[int, int], seed: int, dtype: torch.dtype
) -> None:
    samples, wires = case
    program, stacks = made(samples, wires, True, dtype, 10 * seed, count=60)
    lam = random(samples, 2**wires, dtype=dtype, seed=2)
    twin = Twin(program)
    source = twin.from_stacks(program, stacks, dtype)
    kinds = ((True, True), (False, True), (True, False))
    whole, frozen, given = (twin.sweep(lam, Pull(lam, lambda: lam), source, wanted, True) for wanted in kinds)
    assert whole is not None
    assert frozen is not None
    assert given is not None
    assert frozen.shared is None
    assert given.grouped is None
    pairs = ((whole.grouped, frozen.grouped), (whole.start, frozen.start), (whole.start, given.start))
    for one, other in (*pairs, (whole.shared, given.shared)):
        assert one is not None
        assert other is not None
        assert far(one, other) < BOUND[dtype]


def test_gradients_that_nobody_wants_are_not_given() -> None:
    program, stacks = made(40, 7, True, torch.complex64, 3)
    psi = random(1, 2**7, dtype=torch.complex64, seed=1)
    twin = Twin(program)
    source = twin.from_stacks(program, stacks, psi.dtype)
    ran = twin.run(given(psi), source)
    assert ran is not None
    end = ran[0]
    swept = twin.sweep(end, Pull(end, lambda: end), source, (True, True), through=False)
    assert swept is not None
    assert swept.start is None
    found = source.gradients(swept.shared, swept.grouped, [k == 0 for k in range(len(stacks))])
    assert [g is not None for g in found] == [k == 0 for k in range(len(stacks))]


def test_layouts_do_not_pile_up() -> None:
    program, stacks = made(40, 7, False, torch.complex64, 3)
    twin = Twin(program)
    for samples in range(40, 80):
        psi = random(samples, 2**7, dtype=torch.complex64, seed=1)
        assert twin.run(given(psi), twin.from_stacks(program, stacks, psi.dtype)) is not None
    assert len(twin._segments) < 20


def test_what_the_kernels_cannot_do_is_left_to_the_twin() -> None:
    assert lay_out([(0, 1, 2, 3)], False, 12, 1, 16, 2) is None, "a block of four wires"
    assert lay_out([(0, 1)], False, 3, 1, 16, 2) is None, "a state smaller than a tile"
    tensor = torch.zeros(2, requires_grad=True)
    cpu = torch.device("cpu")
    assert not plain(cpu, tensor)
    assert not plain(torch.device("meta"))
    with torch.no_grad():
        assert plain(cpu, tensor)


@pytest.mark.parametrize("seed", range(20))
def test_a_schedule_does_every_block_once_in_an_order_that_respects_what_touches(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits, lanes = int(rng.integers(4, 18)), int(rng.integers(3, 5))
    blocks = [tuple(int(b) for b in rng.permutation(bits)[: rng.integers(1, 4)]) for _ in range(40)]
    spare = range(bits, bits + 4) if bits < 8 else ()
    passes = schedule(blocks, bits, lanes, max(4, min(9, bits - lanes + len(spare))), spare)
    done: list[int] = []
    for walk in passes:
        assert len(walk.sources) <= 9
        done += follow(walk, blocks, lanes)
    assert sorted(done) == list(range(len(blocks)))
    for later in range(len(blocks)):
        for earlier in range(later):
            if set(blocks[earlier]) & set(blocks[later]):
                assert done.index(earlier) < done.index(later)


def follow(walk: Pass, blocks: list[tuple[int, ...]], lanes: int) -> list[int]:
    """The blocks that a pass does, after checking that each acts on its own bits and that lanes end as they began."""
    rows, columns, done = list(walk.sources), list(range(lanes)), []
    for step in walk.steps:
        if isinstance(step, Swap):
            for lane, row in zip(step.lanes, step.rows, strict=True):
                rows[row], columns[lane] = columns[lane], rows[row]
        else:
            assert isinstance(step, Act)
            assert tuple(rows[r] for r in step.rows) == blocks[step.block]
            done.append(step.block)
    assert columns == list(range(lanes))
    assert tuple(rows) == walk.targets
    return done
