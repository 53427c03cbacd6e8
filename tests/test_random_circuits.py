"""Random circuits against the oracle, PennyLane and Qiskit, and all gradient methods against each other.

Each test runs once for every number of wires: `make test` draws 38 circuits for each of 1 to 8 wires, 304 together, and
the same test marked `slow` 250 for each, 2,000 together. hypothesis draws the same circuits every time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import qdl
from qdl.ir import TABLE, Circuit
from tests import checks, oracle, peers
from tests.strategies import Case, cases

WIRES = range(1, 9)
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
    @given(cases(wires))
    def check(case: Case) -> None:
        for dtype, bound in checks.STATE_ERROR.items():
            errors = checks.forward(case, dtype)
            assert max(errors.values()) <= bound, f"{errors} in {dtype}"

    check()


def check_gradients(wires: int, count: int) -> None:
    @drawn(count)
    @given(cases(wires), SEEDS)
    def check(case: Case, seed: int) -> None:
        for method, error in checks.gradients(case, seed).items():
            assert error <= checks.GRADIENT_ERROR[method], f"{method} is off by {error}"

    check()


@pytest.mark.parametrize("wires", WIRES)
def test_results_are_those_of_the_oracle(wires: int) -> None:
    check_forward(wires, 38)


@pytest.mark.slow
@pytest.mark.parametrize("wires", WIRES)
def test_many_results_are_those_of_the_oracle(wires: int) -> None:
    check_forward(wires, 250)


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
