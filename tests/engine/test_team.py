"""The tile kernels on OpenMP's team: right however few threads it brings, and whoever calls at the same time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("llvmlite", reason="the tile kernels are compiled by llvmlite")

TRAIN = """
import torch, qdl
torch.set_num_threads(2)
x = qdl.Param("x", 6)
circuit = qdl.Circuit(6)
for i in range(6):
    circuit.ry(x[i], i).rx(0.3 + i, i)
for i in range(6):
    circuit.cz(i, (i + 1) % 6).ry(0.5 + i, i)
for batch in (64, 3):
    found = []
    for strategy in ("tiles", "windows"):
        values = torch.linspace(-3, 3, 6 * batch, dtype=torch.float64).reshape(batch, 6).requires_grad_()
        read = qdl.expval(circuit, [qdl.Z(i) for i in range(6)], {"x": values}, strategy=strategy)
        found.append((read, torch.autograd.grad(read.square().sum(), values)[0]))
    for one, other in zip(*found):
        assert torch.allclose(one, other, atol=1e-12), "tiles are off"
"""


@pytest.mark.parametrize(
    "setting", ["OMP_THREAD_LIMIT=1", "OMP_DYNAMIC=true", "OMP_MAX_ACTIVE_LEVELS=0", "OMP_THREAD_LIMIT=2"]
)
def test_a_team_smaller_than_asked_for_leaves_no_work_undone(setting: str) -> None:
    name, _, value = setting.partition("=")
    ran = subprocess.run(
        [sys.executable, "-c", TRAIN], env={**os.environ, name: value}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
