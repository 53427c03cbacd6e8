"""What every state engine must do, compared with matrices written out by the oracle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from qdl import registry
from qdl.engine.state import StateVector
from tests import oracle
from tests.checks import distance

WIRES = 4
POSITIONS = [(0,), (2,), (3,), (0, 1), (1, 2), (2, 3), (3, 2), (0, 2), (3, 0), (1, 2, 3), (2, 0, 3), (3, 1, 0, 2)]
SHAPES = [(1, 0), (3, 0), (1, 1), (3, 3), (1, 3)]  # samples of the state, samples of the matrix (0: one for all)
BOUND = {torch.complex64: 1e-5, torch.complex128: 1e-13}


def random(*shape: int, dtype: torch.dtype = torch.complex128, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.complex128, generator=torch.Generator().manual_seed(seed)).to(dtype)


def unitaries(samples: int, size: int, dtype: torch.dtype = torch.complex128) -> Tensor:
    """One unitary matrix for all (samples = 0), or one per sample."""
    made = torch.linalg.qr(random(max(1, samples), size, size, seed=1))[0].to(dtype)
    return made if samples else made[0]


def block(positions: tuple[int, ...], sampled: bool) -> Any:
    return SimpleNamespace(positions=positions, sampled=sampled)


class EngineConformance:
    """Subclass and name an engine: the rest follows."""

    engine: StateVector

    @pytest.mark.parametrize("dtype", BOUND)
    @pytest.mark.parametrize("positions", POSITIONS)
    @pytest.mark.parametrize(("samples", "matrices"), SHAPES)
    def test_a_block_acts_on_its_positions(
        self, positions: tuple, samples: int, matrices: int, dtype: torch.dtype
    ) -> None:
        psi, matrix = random(samples, 2**WIRES, dtype=dtype), unitaries(matrices, 2 ** len(positions), dtype)
        found = self.engine.apply(psi, block(positions, bool(matrices)), matrix, WIRES)
        total = max(samples, matrices)
        assert found.dtype == dtype
        for k, (one, small) in enumerate(
            zip(psi.expand(total, -1), matrix.expand(total, *matrix.shape[-2:]), strict=True)
        ):
            assert distance(found[k], oracle.embed(small.numpy(), positions, WIRES) @ one.numpy()) < BOUND[dtype]

    @pytest.mark.parametrize("positions", POSITIONS)
    @pytest.mark.parametrize(("samples", "matrices"), [(1, 0), (3, 0), (3, 3)])
    def test_undo_undoes(self, positions: tuple, samples: int, matrices: int) -> None:
        psi, matrix = random(samples, 2**WIRES), unitaries(matrices, 2 ** len(positions))
        step = block(positions, bool(matrices))
        forth = self.engine.apply(psi, step, matrix, WIRES)
        assert distance(forth, psi) > 0.1
        assert distance(self.engine.undo(forth, step, matrix, WIRES), psi) < 1e-13

    @pytest.mark.parametrize("positions", POSITIONS)
    @pytest.mark.parametrize(("samples", "matrices"), SHAPES)
    def test_cross_is_the_gradient_of_the_matrix(self, positions: tuple, samples: int, matrices: int) -> None:
        psi, matrix = random(samples, 2**WIRES), unitaries(matrices, 2 ** len(positions)).requires_grad_()
        lam = random(max(samples, matrices), 2**WIRES, seed=2)
        step = block(positions, bool(matrices))
        out = self.engine.apply(psi, step, matrix, WIRES)
        (expected,) = torch.autograd.grad(out, matrix, lam)
        assert distance(self.engine.cross(lam, psi, step, WIRES), expected) < 1e-12

    PROLOGUES = (
        ((0,), (1,), (2,), (3,)),
        ((0, 1), (2,), (3,)),
        ((2, 0), (1,), (3,)),
        ((3, 1, 0, 2),),
        ((1,), (3, 0, 2)),
    )

    def part(self, products: Any) -> Any:
        return SimpleNamespace(
            prologue=tuple(SimpleNamespace(positions=p) for p in products), wires=tuple(range(WIRES))
        )

    @pytest.mark.parametrize("products", PROLOGUES)
    @pytest.mark.parametrize("samples", [(1, 1, 1, 1), (3, 1, 3, 1), (1, 3, 1, 1)])
    def test_the_start_is_a_product(self, products: Any, samples: tuple) -> None:
        vectors = [random(samples[k], 2 ** len(p), seed=k).requires_grad_() for k, p in enumerate(products)]
        psi = self.engine.init(self.part(products), vectors)
        letters = ["".join("abcd"[w] for w in p) for p in products]
        shaped = [v.detach().reshape(-1, *(2,) * len(p)) for v, p in zip(vectors, products, strict=True)]
        total = max(v.shape[0] for v in vectors)
        for k in range(total):
            factors = [v[k if len(v) > 1 else 0].numpy() for v in shaped]
            expected = np.einsum(",".join(letters) + "->abcd", *factors).reshape(-1)
            assert distance(psi[k].detach(), expected) < 1e-13
        lam = random(total, 2**WIRES, seed=9)
        wanted = torch.autograd.grad(psi, vectors, lam)
        for one, other in zip(self.engine.init_gradients(self.part(products), vectors, lam), wanted, strict=True):
            assert distance(one.detach(), other) < 1e-12

    def test_inner_products_and_marginals(self) -> None:
        bra, ket = random(3, 2**WIRES), random(3, 2**WIRES, seed=1)
        for k in range(3):
            assert distance(self.engine.inner(bra, ket)[k], np.vdot(bra[k].numpy(), ket[k].numpy())) < 1e-12
        for positions in POSITIONS:
            expected = oracle.probs(ket.numpy(), positions)
            assert distance(self.engine.marginal(ket, positions, WIRES), expected) < 1e-12


class TestStateVector(EngineConformance):
    engine = StateVector()

    def test_it_is_the_engine_of_that_name(self) -> None:
        assert type(registry.engine("state")) is StateVector
