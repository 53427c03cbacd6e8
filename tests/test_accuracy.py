"""The command that shows how exact qdl is finds nothing beyond its bounds, and says so when there is something."""

from __future__ import annotations

import pytest

from tests import accuracy, bad_input, peers
from tests.bad_input import Bad


def test_nothing_is_beyond_its_bound(capsys: pytest.CaptureFixture[str]) -> None:
    code = accuracy.main(["--circuits", "8", "--gradients", "4", "--workers", "1"])
    text = capsys.readouterr().out
    assert code == 0, text
    assert len(peers.STANDARD) > 45
    for name in (*peers.STANDARD, *(bad.name for bad in bad_input.TABLE)):
        assert f"  {name}" in text, f"{name!r} is not in the report"


def test_what_is_beyond_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(accuracy.BOUNDS, "complex128", 0.0)
    monkeypatch.setattr(bad_input, "TABLE", [Bad("good input", lambda: None, ()), Bad("bare error", lambda: 1 / 0, ())])
    assert accuracy.main(["--circuits", "0", "--gradients", "0", "--workers", "1"]) == 1
    text = capsys.readouterr().out
    assert "beyond" in text
    assert "good input: NOT REFUSED" in text
    assert "bare error: BARE ERROR ZeroDivisionError" in text
    assert "3 beyond bounds" in text
