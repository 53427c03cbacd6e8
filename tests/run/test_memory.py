"""Pieces of a batch, budgets, and what is refused before anything is allocated."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from functools import partial

import pytest
import torch

import qdl
from qdl.errors import MemoryBudgetError
from qdl.ir import Circuit, Z
from tests.checks import distance
from tests.run.common import OBSERVABLES, circuit, gradients, leaves, theta, values


class TestChunks:
    @pytest.mark.parametrize("budget", [4_000, 7_000, 30_000])
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
        out = qdl.expval(circuit(), OBSERVABLES, given, memory_budget=5_000).sum()
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

    def test_a_budget_holds(self) -> None:
        code = """
import resource, torch, qdl
torch.set_num_threads(1)
x = qdl.Param("x", 12)
c = qdl.Circuit(12)
for layer in range(1):
    for w in range(12):
        c.ry(x[w], w)
        c.cx(w, (w + 1) % 12)
def ask(samples, **options):
    v = torch.rand(samples, 12, requires_grad=True)
    qdl.expval(c, [qdl.Z(w) for w in range(12)], {"x": v}, **options).sum().backward()
ask(64, memory_budget=4 * 2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
ask(1000, memory_budget=40 * 2**20)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
        # glibc keeps freed blocks below a growing size for itself; with a fixed size only what lives is measured.
        environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr
        # 1,000 states of 12 wires are 33 MB, and a reverse sweep holds several copies.
        assert int(done.stdout) < 60, f"{done.stdout} MB for a budget of 40 MB"
