"""Options of the whole suite: ``pytest --strategy tiles --width 2`` runs it with one strategy of the planner forced."""

from __future__ import annotations

import os

import pytest

from qdl.plan import Choice
from qdl.plan.planner import STRATEGIES
from qdl.run.options import Options


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--strategy", choices=STRATEGIES, help="carry out blocks in this way wherever a test asks for none"
    )
    parser.addoption("--circuits", type=int, default=20_000, help="random circuits in the slow set, in hundreds")
    parser.addoption(
        "--width", type=int, help="fuse gates into blocks of this many wires wherever a test asks for none"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Random circuits come in hundreds, so that several processes can share them."""
    if "hundred" in metafunc.fixturenames:
        metafunc.parametrize("hundred", range(metafunc.config.getoption("circuits") // 100))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What tests the choice itself says nothing when it is forced."""
    if config.getoption("strategy") or config.getoption("width"):
        free = [item for item in items if item.get_closest_marker("chooses")]
        config.hook.pytest_deselected(items=free)
        items[:] = [item for item in items if item not in free]


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("QDL_CALIBRATE", "0")  # plans that depend on no machine, and on nobody's cache
    strategy, width = config.getoption("strategy"), config.getoption("width")
    if strategy or width:
        own = Options.choice

        def forced(options: Options) -> Choice:
            asked = own(options)
            return Choice(asked.strategy or strategy, asked.width or width)

        Options.choice = forced  # type: ignore[method-assign]
