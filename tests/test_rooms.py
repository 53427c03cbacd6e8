"""The import law of the house, read off the syntax tree of every file: who may import whom, and what from outside.

A law that nothing can break says nothing: the last tests plant one offence each.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import networkx as nx
import pytest

import qdl

CHECKOUT = Path(__file__).parents[1]
CORE = {"torch", "numpy", "networkx"}

# Room -> rooms it may import, from the top of the house down. Imports are not transitive.
HOUSE = {
    "errors": "",
    "registry": "",
    "ir": "",
    "plan": "ir",
    "engine": "plan",
    "measure": "plan engine",
    "grad": "plan engine measure",
    "physics": "",
    "jobs": "measure",
    "run": "ir plan engine measure grad physics jobs",
    "nn": "run physics",
    "optim": "run grad nn",
    "adapters": "run engine measure physics jobs",
    "train": "nn optim physics run",
    "lab": "train nn physics run",
    "bench": "run nn adapters",
    "cli": "ir plan engine measure grad physics jobs run nn optim adapters train lab bench",
}
ROOMS = list(HOUSE)
FOR_ALL = ("errors", "registry", "ir")  # may be imported from every room below them

# What a room may import from outside at the top of a file, and inside a function; rooms not named: CORE, and anything.
AT_THE_TOP = {
    "": set(),
    "errors": set(),
    "registry": set(),
    "ir": {"numpy", "networkx"},
    "plan": {"networkx"},
    "engine": CORE | {"llvmlite"},  # in engine/tiles, which is imported where there is one
    "train": CORE | {"pydantic", "rich"},  # base classes of the configuration and of what a terminal shows
    # base classes, in modules that nothing imports at its top
    "adapters": CORE | {"pennylane", "qiskit", "qiskit_machine_learning"},
    "cli": {"typer"},  # decorators; torch stays out of `qdl --help`
}
INSIDE = {
    "": set(),
    "errors": set(),
    "registry": set(),
    "ir": {"numpy", "networkx", "openqasm3", "matplotlib"},
    "plan": {"networkx"},
}
# Where the import's name is not the package's.
DISTRIBUTION = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "qiskit_aer": "qiskit-aer",
    "cirq": "cirq-core",
    "braket": "amazon-braket-sdk",
}


class Import(NamedTuple):
    target: str
    line: int
    lazy: bool  # inside a function, or for the type checker only


def sources() -> dict[str, str]:
    """Every module of the package, by dotted name."""
    found = {}
    for path in sorted((CHECKOUT / "qdl").rglob("*.py")):
        parts = path.relative_to(CHECKOUT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text()
    return found


def room(module: str) -> str:
    return (module + "..").split(".")[1]


def is_ours(found: Import) -> bool:
    return found.target.split(".")[0] == "qdl"


def imports(module: str, code: str, known: dict[str, str]) -> Iterator[Import]:
    """All imports of a module, with ``from package import name`` resolved to the submodule where there is one."""

    def walk(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(name.name, node.lineno, lazy) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively; name the room"
            for name in node.names:
                submodule = f"{node.module}.{name.name}"
                yield Import(submodule if submodule in known else str(node.module), node.lineno, lazy)
        inner = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        inner |= isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, lazy or inner)

    return walk(ast.parse(code), False)


def offence_inside(module: str, target: str) -> str | None:
    """What is wrong with an import of one room of the house from another."""
    here, there = room(module), room(target)
    if not there:
        return "imports the package root"
    if there not in HOUSE:
        return f"imports {target}, which is in no room"
    if here == there:
        family = module.split(".")[2:3] != target.split(".")[2:3]
        return f"imports another family, {target}" if here == "adapters" and family else None
    allowed = set(HOUSE[here].split()) | {name for name in FOR_ALL if ROOMS.index(name) < ROOMS.index(here)}
    return None if there in allowed else f"may not import {there}"


def offence_outside(module: str, found: Import) -> str | None:
    """What is wrong with an import from outside the house."""
    name, here = found.target.split(".")[0], room(module)
    if name in sys.stdlib_module_names or name in AT_THE_TOP.get(here, CORE):
        return None
    if not found.lazy:
        return f"imports {name} at the top of the file"
    if here in INSIDE and name not in INSIDE[here]:
        return f"may not import {name}, not even lazily"
    return None


def offences(module: str, code: str, found: list[Import]) -> Iterator[str]:
    """What is wrong in one file."""
    if room(module) not in {"", *HOUSE}:
        yield f"{module} is in no room"
        return
    for one in found:
        offence = offence_inside(module, one.target) if is_ours(one) else offence_outside(module, one)
        if offence:
            yield f"{module}:{one.line} {offence}"
    if module not in ("qdl", "qdl.registry"):
        yield from (f"{module} has its own table row {row!r}" for row in rows(code))
    if module not in ("qdl", "qdl.registry", "qdl.cli"):
        # a package's own face may be lazy, as the root is
        by_name = re.findall(r"(?:import_module|__import__|\bface)\((?!__name__, ).*", code)
        yield from (f"{module} imports by name: {call}" for call in by_name)


def cycles(graph: nx.DiGraph) -> Iterator[str]:
    """The rings of modules that need each other; an import inside a function only hides one."""
    for ring in nx.strongly_connected_components(graph):
        if len(ring) > 1:
            yield "cycle: " + " -> ".join(sorted(ring))


def check(modules: dict[str, str]) -> None:
    """Raise with every offence against the law."""
    found = {module: list(imports(module, code, modules)) for module, code in modules.items()}
    wrong = [offence for module, code in modules.items() for offence in offences(module, code, found[module])]
    inside = [(module, one.target) for module, those in found.items() for one in those if is_ours(one)]
    wrong += cycles(nx.DiGraph(inside))
    assert not wrong, "\n".join(wrong)


def rows(code: str) -> list[str]:
    """The ``module:name`` strings of a file."""
    strings = (node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))
    return [text for text in strings if isinstance(text, str) and re.fullmatch(r"qdl(\.\w+)+:\w+", text)]


def test_every_file_keeps_the_law() -> None:
    check(sources())


def test_every_row_of_the_registry_leads_somewhere() -> None:
    table = rows(sources()["qdl.registry"])
    assert table
    for row in table:
        module, _, name = row.partition(":")
        assert hasattr(import_module(module), name), f"the registry names {row}, which does not exist"


def test_every_public_name_and_room_leads_somewhere() -> None:
    for name in qdl.__all__:
        assert getattr(qdl, name) is not None
    for name in qdl._ROOMS:
        assert getattr(qdl, name).__name__ == f"qdl.{name}"
    with pytest.raises(AttributeError, match="no attribute 'expvl'"):
        _ = qdl.expvl


def test_circuits_hold_data_only() -> None:
    cells = [path for path in (CHECKOUT / "circuits").rglob("*") if path.is_file()]
    assert cells
    assert not [path for path in cells if path.suffix.startswith(".py")]


def test_every_package_that_is_imported_is_declared() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = [name for extra, names in project["optional-dependencies"].items() if extra != "dev" for name in names]
    declared = {re.split(r"[^\w-]", name)[0].replace("-", "_") for name in project["dependencies"] + extras}
    modules = sources()
    for module, code in modules.items():
        if module.startswith("qdl.bench.peers."):  # each runs in an environment of its own, with its simulator
            continue
        for found in imports(module, code, modules):
            name = found.target.split(".")[0]
            if name not in sys.stdlib_module_names | {"qdl"}:
                package = DISTRIBUTION.get(name, name).replace("-", "_")
                assert package in declared, f"{module}:{found.line} imports {name}, which pyproject.toml lacks"


@pytest.mark.parametrize(
    ("module", "code", "message"),
    [
        ("qdl.ir.x", "from qdl.plan import Plan", "may not import plan"),
        ("qdl.ir.x", "def f():\n    from qdl.engine import state", "may not import engine"),
        ("qdl.ir.x", "def f():\n    import torch", "may not import torch, not even lazily"),
        ("qdl.ir.x", "import openqasm3", "imports openqasm3 at the top"),
        ("qdl.plan.x", "import torch", "imports torch at the top"),
        ("qdl.plan.x", "def f():\n    import torch.nn", "may not import torch"),
        ("qdl.grad.x", "import qdl.run", "may not import run"),
        ("qdl.nn.x", "from qdl.engine.state import StateVector", "may not import engine"),
        ("qdl.nn.x", "import qdl", "imports the package root"),
        ("qdl.nn.x", "from qdl import expval", "imports the package root"),
        ("qdl.nn.x", "class A:\n    import sklearn", "imports sklearn at the top"),
        ("qdl.nn.x", "if TYPE_CHECKING:\n    from qdl.train import load", "may not import train"),
        ("qdl.nn.x", "m = importlib.import_module('qdl.train')", "imports by name"),
        ("qdl.nn", 'm = import_module(f"qdl.train.{name}")', "imports by name"),
        ("qdl.nn", '__getattr__, __dir__ = face("qdl.train", _HOME)', "imports by name"),
        ("qdl.nn.x", "ROW = 'qdl.train.run:load'", "its own table row"),
        ("qdl.nn.x", "import qdl.cellar", "in no room"),
        ("qdl.cellar", "", "in no room"),
        ("qdl.errors", "from qdl.ir import Circuit", "may not import ir"),
        ("qdl.adapters.braket.x", "import qdl.adapters.qiskit.aer", "another family"),
        ("qdl.cli", "import torch", "imports torch at the top"),
        ("qdl.nn.x", "from . import z", "imports relatively"),
    ],
)
def test_an_offence_is_found(module: str, code: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check({module: code})


def test_a_cycle_is_found_even_when_it_hides_in_functions() -> None:
    ring = {"qdl.nn.x": "import qdl.nn.y", "qdl.nn.y": "def f():\n    from qdl.nn import x"}
    with pytest.raises(AssertionError, match=r"cycle: qdl.nn.x -> qdl.nn.y"):
        check(ring)
