"""What is planned: nothing outside the cone, apart what does not touch, few blocks, and the same results always."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given

import qdl
from qdl.errors import MemoryBudgetError
from qdl.ir import Circuit, Hermitian, Observable, Param, X, Y, Z
from qdl.plan import Plan, Planner
from tests import checks, oracle
from tests.checks import distance
from tests.strategies import Case, cases
from tests.test_random_circuits import drawn

x, theta = Param("x", 4), Param("theta", 8)


def plan(made: Circuit, *observables: Observable, batch: int = 1, sampled: str = "x") -> Plan:
    words = [word for observable in observables for word in observable.terms]
    return Planner(made.elementary(), frozenset(sampled), batch).words(words)


def wires(planned: Plan) -> list[set[int]]:
    return [set(part.wires) for part in planned.parts]


class TestCone:
    MADE = Circuit(5).h(0).ry(theta[0], 1).cx(0, 1).cx(3, 4).rz(theta[1], 1).cx(1, 2).x(0)

    def test_what_cannot_be_seen_is_not_simulated(self) -> None:
        assert wires(plan(self.MADE, X(0))) == [{0, 1}]
        assert wires(plan(self.MADE, X(2))) == [{0, 1, 2}]
        assert wires(plan(self.MADE, X(4))) == [{3, 4}]

    def test_what_does_not_touch_is_simulated_apart(self) -> None:
        assert sorted(wires(plan(self.MADE, Z(2) @ X(4))), key=min) == [{0, 1, 2}, {3, 4}]
        assert wires(plan(self.MADE, Hermitian(np.eye(4), (2, 4)))) == [{0, 1, 2, 3, 4}]

    @pytest.mark.parametrize("reverse", [False, True])
    def test_words_of_one_support_may_fall_apart_differently(self, reverse: bool) -> None:
        matrix = np.diag([1.0, 2, 3, 4]) + np.eye(4)[::-1] * 0.5
        observables = [Z(0) @ Z(1), Hermitian(matrix, (0, 1)), Hermitian(matrix, (1, 0)), X(0) @ Y(1), Z(1)]
        observables = observables[::-1] if reverse else observables
        made = Circuit(2).ry(0.3, 0).rx(0.4, 1)
        found = qdl.expval(made, observables, dtype=torch.float64)
        assert distance(found, oracle.expval(made, observables, {})) < 1e-14

    @pytest.mark.parametrize("seed", range(20))
    def test_local_readers_of_a_wide_circuit_see_what_the_oracle_sees(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        made = Circuit(9)
        for _ in range(14):
            a, b = (int(w) for w in draw.permutation(9)[:2])
            made.ry(float(draw.normal()), a).rxx(float(draw.normal()), a, b)
        letters = [X, Y, Z]
        observables = [
            letters[draw.integers(3)](int(w)) @ letters[draw.integers(3)](int(v))
            for w, v in (draw.permutation(9)[:2] for _ in range(6))
        ]
        found = qdl.expval(made, observables, dtype=torch.float64)
        assert distance(found, oracle.expval(made, observables, {})) < 1e-12
        for chosen in ([4], [8, 1], [0, 5, 2]):
            expected = oracle.probs(oracle.states(made, {}), chosen)
            assert distance(qdl.probs(made, {}, chosen, dtype=torch.float64), expected) < 1e-12


class TestBlocks:
    def test_shared_gates_of_few_wires_are_one_block(self) -> None:
        made = Circuit(4)
        for wire in range(4):
            made.ry(x[wire], wire)
        for layer in range(5):
            for wire in range(4):
                made.rz(theta[layer], wire).cx(wire, (wire + 1) % 4)
        (part,) = plan(made, *map(X, range(4)), batch=1000).parts
        assert len(part.blocks) == 1
        assert [b.sampled for b in part.prologue] == [True] * 4

    def test_gates_are_fused_on_many_wires(self) -> None:
        made = Circuit(12)
        for layer in range(4):
            for wire in range(12):
                made.ry(theta[layer], wire).rz(theta[layer + 4], wire)
            for wire in range(11):
                made.cx(wire, wire + 1)
        (part,) = plan(made, Z(11)).parts
        assert len(part.blocks) < len(made.operations) / 5

    @pytest.mark.parametrize("width", [1, 2, 3, 5, 8])
    @pytest.mark.parametrize("wires", [3, 6])
    def test_no_width_changes_a_result(self, width: int, wires: int) -> None:
        @drawn(12)
        @given(cases(wires))
        def check(case: Case) -> None:
            forced = qdl.expval(case.circuit, case.observables, case.all(), width=width, dtype=torch.float64)
            mean, _, norm = oracle.moments(case.circuit, case.observables, case.all())
            assert distance(forced / norm, mean / norm) < 1e-12
            expected = checks.gradient(checks.requests(case, "autograd")["expval"], case.values)
            found = checks.gradient(
                lambda v: qdl.expval(case.circuit, case.observables, v, width=width, dtype=torch.float64), case.values
            )
            assert checks.relative(found, expected) < 1e-10

        check()

    def test_a_plan_serves_every_batch_size(self) -> None:
        made = Circuit(3).ry(theta[0], 0).rx(x[0], 0).cx(0, 1).rzz(x[1] * theta[1], 1, 2).ry(x[2], 2).cx(2, 0)
        compiled = qdl.compile(made, [Z(0), X(1), Y(2)])
        draw = np.random.default_rng(0)
        for batch in ((), (1,), (2,), (33,), (3, 3)):
            given = {"x": draw.normal(size=(*batch, 4)), "theta": draw.normal(size=8)}
            expected = oracle.expval(made, [Z(0), X(1), Y(2)], given)
            as_tensors = {name: torch.tensor(value) for name, value in given.items()}
            assert distance(compiled(as_tensors), expected) < 1e-13


@pytest.mark.parametrize(("wires", "read"), product([33, 39, 200], ["words", "probs", "state"]))
def test_a_plan_beyond_any_memory_is_refused_at_once(wires: int, read: str) -> None:
    made = Circuit(wires).h(0)
    for wire in range(wires - 1):
        made.cx(wire, wire + 1).ry(theta[0], wire)
    asked = {
        "words": lambda: qdl.expval(made, Z(wires - 1), {"theta": torch.ones(8)}, memory_budget=2**30),
        "probs": lambda: qdl.probs(made, {"theta": torch.ones(8)}, [wires - 1], memory_budget=2**30),
        "state": lambda: qdl.state(made, {"theta": torch.ones(8)}, memory_budget=2**30),
    }
    with pytest.raises(MemoryBudgetError):
        asked[read]()
