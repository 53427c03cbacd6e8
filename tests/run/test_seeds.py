"""A seed decides, and nothing else does."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

import qdl
from qdl.ir import Circuit
from tests.run.common import OBSERVABLES, circuit, values, x


class TestSeeds:
    def draws(self, given: dict[str, Tensor], **options: Any) -> list[Tensor]:
        """Everything that depends on shots."""
        options = {"shots": 20, **options}
        found = [ask(circuit(), OBSERVABLES, given, **options) for ask in (qdl.expval, qdl.var)]
        return [*found, qdl.probs(circuit(), given, [2, 0], **options), qdl.sample(circuit(), given, **options)]

    def test_the_same_seed_gives_the_same_result(self) -> None:
        given = values(7)
        for one, other, third in zip(*(self.draws(given, seed=s) for s in (5, 5, 6)), strict=True):
            assert torch.equal(one, other)
            assert not torch.equal(one, third)

    def test_without_a_seed_torch_decides(self) -> None:
        given = values(7)
        torch.manual_seed(3)
        first, second = self.draws(given), self.draws(given)
        torch.manual_seed(3)
        again = self.draws(given)
        for one, other, repeated in zip(first, second, again, strict=True):
            assert not torch.equal(one, other)
            assert torch.equal(one, repeated)

    def test_a_generator_moves_on(self) -> None:
        source = torch.Generator().manual_seed(1)
        one, other = (qdl.sample(circuit(), values(), shots=50, seed=source) for _ in range(2))
        assert not torch.equal(one, other)
        assert torch.equal(one, qdl.sample(circuit(), values(), shots=50, seed=torch.Generator().manual_seed(1)))

    @pytest.mark.parametrize("options", [{"memory_budget": 100_000}, {"memory_budget": 40_000}, {"width": 1}])
    def test_a_seeds_result_depends_on_no_strategy(self, options: dict[str, int]) -> None:
        given = values(150)  # more than any power of two that random numbers may be drawn in
        for whole, cut in zip(self.draws(given, seed=2), self.draws(given, seed=2, **options), strict=True):
            assert torch.equal(whole, cut)

    def test_a_samples_shots_do_not_depend_on_its_neighbours(self) -> None:
        given = values(90)
        whole = qdl.sample(circuit(), given, shots=10, seed=4)
        begun = qdl.sample(circuit(), {**given, "x": given["x"][:70]}, shots=10, seed=4)
        assert torch.equal(whole[:70], begun)

    def test_samples_of_one_batch_are_independent(self) -> None:
        made = Circuit(1).ry(math.pi / 2, 0).rz(x[0], 0).id(0)
        bits = qdl.sample(made, {"x": torch.zeros(100, 2)}, shots=64, seed=0)[..., 0]
        assert len({tuple(row) for row in bits.tolist()}) == 100

    def test_counts_are_the_samples_counted(self) -> None:
        for given in (values(), values(2, 3)):
            bits = qdl.sample(circuit(), given, shots=30, seed=8).reshape(-1, 30, 3)
            tables = qdl.counts(circuit(), given, shots=30, seed=8)
            for rows, table in zip(bits, tables if given["x"].dim() > 1 else [tables], strict=True):
                strings = ["".join(map(str, row)) for row in rows.tolist()]
                assert table == {key: strings.count(key) for key in sorted(set(strings))}
