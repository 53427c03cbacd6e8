"""Pieces of a batch, budgets, and what is refused before anything is allocated."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import qdl
from qdl.errors import MemoryBudgetError
from qdl.ir import Circuit, Param, X, Z
from tests.checks import distance
from tests.run.common import OBSERVABLES, circuit, gradients, leaves, theta, values


class TestChunks:
    @pytest.mark.parametrize("budget", [40_000, 80_000, 300_000])
    @pytest.mark.parametrize("method", ["adjoint", "autograd", "shift"])
    def test_pieces_give_the_same_values_and_gradients(self, budget: int, method: str) -> None:
        whole, cut = leaves(values(37)), leaves(values(37))
        expected = qdl.expval(circuit(), OBSERVABLES, whole, grad=method)
        found = qdl.expval(circuit(), OBSERVABLES, cut, grad=method, memory_budget=budget)
        assert distance(found.detach(), expected.detach()) < 1e-12
        assert distance(gradients(found, cut), gradients(expected, whole)) < 1e-11

    def test_pieces_are_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        compiled = qdl.compile(circuit(), Z(0), memory_budget=7_000)
        sizes: list[int] = []
        inner = compiled.rows
        monkeypatch.setattr(compiled, "rows", lambda v, start, seed: sizes.append(v.samples) or inner(v, start, seed))
        compiled(values(37))
        assert len(sizes) > 1
        assert sum(sizes) == 37

    def test_a_second_backward_through_pieces_is_right(self) -> None:
        given = leaves(values(20))
        out = qdl.expval(circuit(), OBSERVABLES, given, memory_budget=40_000).sum()
        first, second = (torch.autograd.grad(out, list(given.values()), retain_graph=True) for _ in range(2))
        for one, other in zip(first, second, strict=True):
            assert torch.equal(one, other)

    def test_states_and_probabilities_in_pieces(self) -> None:
        given = values(5, 9)
        for ask in (qdl.state, qdl.probs, partial(qdl.probs, wires=[1])):
            assert distance(ask(circuit(), given, memory_budget=20_000), ask(circuit(), given)) < 1e-14


class TestMemory:
    def chain(self, wires: int) -> Circuit:
        made = Circuit(wires).h(0)
        for wire in range(wires - 1):
            made.cx(wire, wire + 1).ry(theta[0], wire + 1)
        return made

    @pytest.mark.parametrize("wires", [32, 38, 60])
    def test_what_cannot_fit_is_refused_with_the_numbers(self, wires: int) -> None:
        given = {"theta": torch.ones(3)}
        requests = [
            lambda: qdl.expval(self.chain(wires), Z(wires - 1), given, memory_budget=2**32),
            lambda: qdl.state(self.chain(wires), given, memory_budget=2**32),
            lambda: qdl.probs(self.chain(wires), given, memory_budget=2**32),
            lambda: qdl.sample(self.chain(wires), given, memory_budget=2**32),
            lambda: qdl.probs(Circuit(wires).h(0), memory_budget=2**32),
            lambda: qdl.density(Circuit(wires // 2 + 2).h(0), memory_budget=2**32),
        ]
        for request in requests:
            with pytest.raises(MemoryBudgetError, match=r"got .*\d.*expected at most .*\d"):
                request()

    def test_unconnected_wires_cost_nothing(self) -> None:
        made = Circuit(60)
        for wire in range(60):
            made.ry(theta[wire % 3], wire)
        given = {"theta": torch.tensor([0.1, 0.2, 0.3], dtype=torch.float64)}
        found = qdl.expval(made, Z(7) @ Z(59), given, memory_budget=2**20).item()
        assert found == pytest.approx(math.cos(0.2) * math.cos(0.3))
        assert qdl.sample(made, given, shots=3, memory_budget=2**20).shape == (3, 60)

    @pytest.mark.parametrize("strategy", ["windows", "tiles"])
    @pytest.mark.parametrize("megabytes", [10, 40, 4000])
    def test_a_budget_holds_forth_and_back(self, megabytes: int, strategy: str) -> None:
        x = Param("x", 11)
        made = Circuit(11)
        for wire in range(11):
            made.ry(x[wire], wire).cx(wire, (wire + 1) % 11).rx(x[wire], wire)
        given = torch.rand(1000, 11, requires_grad=True)
        with Live() as live:
            options = {"memory_budget": megabytes * 2**20, "strategy": strategy}
            out = qdl.expval(made, [Z(wire) for wire in range(11)], {"x": given}, **options)
            out.sum().backward()
        # 1,000 states of 11 wires are 16 MB; a reverse sweep holds at least two.
        assert live.most <= min(megabytes, 200) * 2**20
        assert megabytes < 100 or live.most > 30 * 2**20, "the measure sees too little"

    @pytest.mark.parametrize("ask", [partial(qdl.expval, observables=[Z(0), X(1)]), qdl.probs, qdl.sample])
    def test_a_budget_holds_with_shots(self, ask: Callable[..., Tensor]) -> None:
        x = Param("x", 2)
        made = Circuit(2).ry(x[0], 0).rx(x[1], 1).cx(0, 1)
        with Live() as live:
            ask(made, values={"x": torch.rand(500, 2)}, shots=2000, seed=1, memory_budget=10 * 2**20)
        assert live.most <= 10 * 2**20


class Live(TorchDispatchMode):
    """Counts the bytes of all tensors that are alive; `most` is the largest number there was."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                if storage._cdata not in self.sizes:
                    self.sizes[storage._cdata] = storage.nbytes()
                    weakref.finalize(storage, self.sizes.pop, storage._cdata, None)
        self.most = max(self.most, sum(self.sizes.values()))
        return out
