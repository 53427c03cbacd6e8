from __future__ import annotations

import pytest

from qdl.bench import limit
from tests.bench.fakes import SPEEDS


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's speeds, without measuring them."""
    monkeypatch.setattr(limit, "speeds", lambda threads: SPEEDS)
