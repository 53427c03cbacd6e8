"""What an import costs and what it needs: nothing of qdl may drag in a package, or a second, before it is used."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from time import perf_counter

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

WITHOUT = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)
sys.meta_path.insert(0, Refuse())
import qdl
x, theta = qdl.Param("x", 2), qdl.Param("theta", 2)
c = qdl.Circuit(2).ry(x[0], 0).rx(x[1], 1).rzz(theta[0], 0, 1).crx(theta[1], 0, 1)
import torch
xs = torch.rand(5, 2)
th = torch.rand(2, requires_grad=True)
qdl.expval(c, [qdl.Z(0), qdl.X(1)], {"x": xs, "theta": th}).sum().backward()
assert th.grad.abs().sum() > 0
image = torch.rand(2, 1, 6, 6)
assert qdl.nn.QuantumConv2d(1, 3, 3)(image).shape == (2, 3, 4, 4)
assert c.draw("text")
print("ran")
"""


def python(code: str) -> str:
    """Run code in a fresh interpreter; raise with what it wrote when it fails."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def closure(*names: str) -> set[str]:
    """Packages that installing these brings with it."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = canonicalize_name(todo.pop())
        if name in seen:
            continue
        seen.add(name)
        try:
            needs = [Requirement(text) for text in requires(name) or ()]
        except PackageNotFoundError:
            continue
        todo += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return seen


def test_the_core_runs_with_torch_numpy_and_networkx_alone() -> None:
    welcome = closure("torch", "numpy", "networkx") | {"qdl"}
    homes = packages_distributions()
    blocked = {top for top, names in homes.items() if not welcome & {canonicalize_name(name) for name in names}}
    assert {"pennylane", "qiskit", "matplotlib", "sklearn", "openqasm3", "typer", "pydantic"} <= blocked
    assert python(f"BLOCKED = {blocked!r}\n{WITHOUT}") == "ran\n"


def test_qdl_nn_adds_little_to_torch() -> None:
    code = (
        "import time; a = time.perf_counter(); import torch; b = time.perf_counter(); import qdl.nn;"
        "print((time.perf_counter() - b) / (b - a))"
    )
    # As a share of torch's own time, since a busy machine slows both. One good run in five is proof.
    shares = []
    while len(shares) < 5 and min(shares, default=1.0) >= 0.5:
        shares.append(float(python(code)))
    assert min(shares) < 0.5, f"import qdl.nn took {shares} of the time of import torch"


def test_import_qdl_loads_no_room_and_no_torch() -> None:
    loaded = set(python("import sys, qdl; print(*sys.modules)").split())
    assert "torch" not in loaded
    assert {name for name in loaded if name.startswith("qdl.")} == set()


def test_help_answers_at_once_and_without_torch() -> None:
    code = """
import sys
from qdl.cli import main
sys.argv = ["qdl", "--help"]
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print("torch" in sys.modules)
"""
    times: list[float] = []
    while len(times) < 5 and min(times, default=2.0) >= 1:
        start = perf_counter()
        text = python(code)
        times.append(perf_counter() - start)
        assert text.splitlines()[-1] == "False", "qdl --help imported torch"
        assert all(command in text for command in ("train", "evaluate", "circuits")), text
    assert min(times) < 1, f"qdl --help took {times} s"
