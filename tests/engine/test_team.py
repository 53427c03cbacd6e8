"""The tile kernels on OpenMP's team: right however few threads it brings, and whoever calls at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


BESIDE_ANOTHER = """
import ctypes, os, shutil, sys
from pathlib import Path

import torch
import qdl

torch.set_num_threads(2)
own = next((line.split()[-1] for line in open("/proc/self/maps") if "libgomp" in line), None)
if own is None:
    sys.exit(77)
shutil.copy(own, Path(sys.argv[1]) / "libgomp-another.so")
ctypes.CDLL(str(Path(sys.argv[1]) / "libgomp-another.so"))

def threads():
    return len(os.listdir("/proc/self/task"))

torch.rand(4_000_000).sin()
before = threads()
x = qdl.Param("x", 10)
circuit = qdl.Circuit(10)
for i in range(30):
    circuit.ry(x[i % 10], i % 10).cz(i % 10, (i + 1) % 10)
values = torch.rand(64, 10, requires_grad=True)
qdl.expval(circuit, qdl.Z(0), {"x": values}, strategy="tiles").sum().backward()
assert threads() == before, f"{threads() - before} more threads than torch's"
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts the threads that Linux lists")
def test_no_second_team_spins_beside_torchs_where_another_package_brings_an_openmp(tmp_path: Path) -> None:
    # scikit-learn's copy of OpenMP, once taken for torch's, made a small step six times slower.
    ran = subprocess.run(
        [sys.executable, "-c", BESIDE_ANOTHER, str(tmp_path)], capture_output=True, text=True, check=False
    )
    if ran.returncode == 77:
        pytest.skip("torch computes with another OpenMP than GNU's")
    assert ran.returncode == 0, ran.stderr
