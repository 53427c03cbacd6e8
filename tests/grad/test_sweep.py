"""The reverse sweep: block by block it must come back to where the circuit began."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given

import qdl
from qdl.ir import Circuit, Z
from tests.checks import distance
from tests.strategies import Case, cases
from tests.test_random_circuits import drawn


@pytest.mark.parametrize("wires", [1, 2, 4, 7])
@pytest.mark.parametrize("width", [None, 1, 3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_the_sweep_restores_the_initial_state(wires: int, width: int | None, dtype: torch.dtype) -> None:
    swept = 0

    @drawn(8)
    @given(cases(wires))
    def check(case: Case) -> None:
        nonlocal swept
        compiled = qdl.compile(case.circuit, case.observables, width=width)
        values = compiled.bind(case.all(dtype))
        for executor in compiled.executors():
            bound = executor.bind(values)
            for task in bound.tasks:
                vectors, stacks = task.build(*bound.angles(values))
                start, program = task.start(vectors)(), task.program
                psi = task.evolve(vectors, stacks)
                for block, matrix in reversed(list(zip(program.blocks, program.matrices(stacks), strict=True))):
                    psi = task.engine.undo(psi, block, matrix, program.wires)
                    swept += 1
                assert distance(psi, start.expand_as(psi)) < (1e-13 if dtype == torch.float64 else 5e-6)

    check()
    assert swept, "nothing was swept"


def test_a_long_circuit_loses_no_precision_on_the_way_back() -> None:
    theta = qdl.Param("theta", 600)
    made, angles = Circuit(4), iter(theta)
    for k in range(200):
        made.rx(next(angles), k % 4).ry(next(angles), (k + 1) % 4).rzz(next(angles), k % 4, (k + 2) % 4)
    start = torch.linspace(-3, 3, 600)
    found, expected = start.clone().requires_grad_(), start.double().requires_grad_()
    qdl.expval(made, Z(0), {"theta": found}, width=2).backward()
    qdl.expval(made, Z(0), {"theta": expected}, grad="autograd").backward()
    assert distance(found.grad, expected.grad) < 2e-5
