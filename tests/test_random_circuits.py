"""Random circuits against the oracle, PennyLane and Qiskit, and all gradient methods against each other.

Each test runs once for every number of wires: `make test` draws 38 circuits for each of 1 to 8 wires, 304 together, and
the slow set 20,000, circuit k from seed k (fewer with `pytest --circuits`). Each circuit is carried out in a way of its
own, drawn from all that the planner can choose. hypothesis draws the same circuits every time.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qdl
from qdl.ir import TABLE, Circuit
from tests import checks, oracle, peers
from tests.strategies import BATCHES, Case, case, cases

WIRES = range(1, 9)
# What the planner may choose, by itself and forced. More samples than a vector has lanes are a case of their own.
WAYS: list[dict[str, Any]] = [{}, {"strategy": "windows"}, {"strategy": "tiles"}]
WAYS += [{"strategy": "windows", "width": k} for k in (1, 2, 3, 5, 8)] + [
    {"strategy": "tiles", "width": k} for k in (1, 2, 3)
]


def shapes(wires: int, tiled: bool = False) -> list[tuple[int, ...]]:
    """Shapes of batches to draw from; large ones where the oracle, which takes sample by sample, is quick."""
    large = [(17,), (5, 4), (9,)] if 4 <= wires <= 5 else []
    return [*BATCHES, *large * (8 if tiled else 1)] if wires < 8 else [(), (), (3,), (2, 2)]


# What the kernels of tiles take: one wider gate and a part is carried out in windows.
NARROW = [name for name, row in TABLE.items() if row.wires <= 2]
SEEDS = st.integers(0, 2**31)


def drawn(count: int) -> Callable[[Any], Any]:
    """Draw that many examples, the same ones every time, however long one takes."""
    return settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )


def check_forward(wires: int, count: int) -> None:
    @drawn(count)
    @given(cases(wires, batches=shapes(wires)), st.sampled_from(WAYS))
    def check(found: Case, way: dict[str, Any]) -> None:
        bound_errors(found, way)

    check()


def bound_errors(found: Case, way: dict[str, Any]) -> None:
    for dtype, bound in checks.STATE_ERROR.items():
        errors = checks.forward(found, dtype, **way)
        assert max(errors.values()) <= bound, f"{errors} in {dtype}, {way}"


def check_gradients(wires: int, count: int) -> None:
    @drawn(count)
    @given(cases(wires), SEEDS)
    def check(found: Case, seed: int) -> None:
        for method, error in checks.gradients(found, seed).items():
            assert error <= checks.GRADIENT_ERROR[method], f"{method} is off by {error}"

    check()


@pytest.mark.parametrize("wires", WIRES)
def test_results_are_those_of_the_oracle(wires: int) -> None:
    check_forward(wires, 38 if wires < 7 else 12)


@pytest.mark.slow
def test_many_results_are_those_of_the_oracle(hundred: int) -> None:
    for seed in range(100 * hundred, 100 * hundred + 100):
        draw = Random(seed)
        way = draw.choice(WAYS)
        tiled = way.get("strategy") == "tiles"
        wires = draw.choice((4, 4, 5, 5, 8, 9) if tiled else (1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 8))
        gates = draw.choice(((), NARROW, NARROW)) if tiled else ()
        try:
            bound_errors(case(draw, wires, draw.randint(1, 3 + 5 * wires), gates, shapes(wires, tiled)), way)
        except Exception as error:
            error.add_note(f"circuit of seed {seed}, {way}")
            raise


@pytest.mark.parametrize("wires", range(1, 5))
def test_all_gradients_agree(wires: int) -> None:
    check_gradients(wires, 10)


@pytest.mark.slow
@pytest.mark.parametrize("wires", range(1, 7))
def test_many_gradients_agree(wires: int) -> None:
    check_gradients(wires, 50)


@pytest.mark.parametrize("wires", range(1, 6))
def test_states_are_those_of_qiskit(wires: int) -> None:
    gates = [name for name in TABLE if name in peers.QISKIT]
    assert set(TABLE) == set(gates), "a row of the table that Qiskit does not know"

    @drawn(8)
    @given(cases(wires, prepared=False))
    def check(case: Case) -> None:
        found = qdl.state(case.circuit, case.own(), dtype=torch.float64)
        batch, each = oracle.samples(case.own())
        for index, one in zip(np.ndindex(*batch), each, strict=True):
            assert checks.distance(found[index], peers.qiskit_state(case.circuit, one)) <= 1e-10
        assert checks.distance(case.circuit.matrix(each[0]), peers.qiskit_matrix(case.circuit, each[0])) <= 1e-10

    check()


@pytest.mark.parametrize("wires", range(1, 6))
def test_results_are_those_of_pennylane(wires: int) -> None:
    @drawn(8)
    @given(cases(wires, gates=list(peers.PENNYLANE)))
    def check(case: Case) -> None:
        states = qdl.state(case.circuit, case.own(), dtype=torch.float64)
        found = qdl.expval(case.circuit, case.observables, case.all(), dtype=torch.float64)
        batch, each = oracle.samples(case.all())
        states = states.broadcast_to(*batch, states.shape[-1])  # a coefficient may have a batch that the state lacks
        for index, one in zip(np.ndindex(*batch), each, strict=True):
            state, expectations = peers.pennylane(case.circuit, case.observables, one)
            assert checks.distance(states[index], state) <= 1e-10
            assert checks.distance(found[index], expectations) <= 1e-9

    check()


@pytest.mark.parametrize("wires", range(1, 6))
def test_what_is_written_as_qasm_is_read_again(wires: int) -> None:
    @drawn(8)
    @given(cases(wires, gates=[name for name in TABLE if name != "rv"]))
    def check(case: Case) -> None:
        _, each = oracle.samples(case.own())
        read = Circuit.from_qasm(case.circuit.to_qasm())
        for one in each[:1]:
            assert checks.distance(oracle.state(read, one), oracle.state(case.circuit, one)) <= 1e-12

    check()
