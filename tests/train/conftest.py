from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.runs import finished


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small run; tests that change it take a copy."""
    return finished(tmp_path_factory.mktemp("runs") / "done")
