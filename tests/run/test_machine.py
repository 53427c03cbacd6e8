"""The machine profile: measured once when it is worth while, kept, and never in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import qdl
from qdl.engine import calibrate, profile
from qdl.engine import machine as machines
from qdl.errors import ValuesError
from qdl.ir import Circuit, Param, Z
from qdl.plan.cost import MACHINE, TILES, Machine

CPU = torch.device("cpu")
OWN = replace(TILES, call=3e-6, near=7e10)
theta = Param("theta", 2)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Machine]]:
    """A cache folder of one's own; calibrations are written down in a list, and are quick."""
    calls: list[Machine] = []
    monkeypatch.delenv("QDL_CALIBRATE", raising=False)
    monkeypatch.delenv("QDL_MACHINE", raising=False)
    monkeypatch.setattr(machines, "_KNOWN", {})
    monkeypatch.setattr(profile, "path", lambda: tmp_path / "cache" / "machine.json")
    monkeypatch.setattr(calibrate, "measure", lambda: calls.append(OWN) or OWN)
    yield calls
    machines._override.cache_clear()


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a new process knows."""
    monkeypatch.setattr(machines, "_KNOWN", {})


def test_small_work_measures_nothing(measured: list[Machine]) -> None:
    qdl.expval(Circuit(2).ry(theta[0], 0).cx(0, 1), Z(1), {"theta": torch.ones(2)})
    assert machines.machine(CPU) == replace(TILES, threads=torch.get_num_threads())
    assert not measured


def test_large_work_measures_once_for_all_processes(
    measured: list[Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Circuit(16)
    for layer in range(120):
        for wire in range(15):
            made.ry(theta[layer % 2], wire).cx(wire, wire + 1)
    asked = qdl.compile(made, Z(15))
    plan = asked.executors()[0].plan(frozenset(), 1, CPU)
    assert plan.seconds > machines.WORTH
    assert len(measured) == 1
    forget(monkeypatch)
    assert machines.machine(CPU) == replace(OWN, threads=torch.get_num_threads())
    assert len(measured) == 1
    assert [f.name for f in (tmp_path / "cache").iterdir()] == ["machine.json"], "something was left beside it"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"figures": {}}', '{"figures": {"call": -1}}', "\x00\xff", '{"figures": 3}']
)
def test_a_damaged_profile_is_measured_anew(
    measured: list[Machine], monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    file = profile.path()
    assert file is not None
    file.parent.mkdir()
    file.write_bytes(content.encode("latin-1"))
    assert not machines.find().measured
    assert machines.find(1.0).figures == OWN
    forget(monkeypatch)
    assert machines.find().figures == OWN, "it was not mended"


def test_a_cache_that_cannot_be_written_is_no_error(measured: list[Machine], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    found = machines.find(1.0)
    assert found.figures == OWN
    assert found.source == "measured, not kept"
    assert machines.find(1.0).figures == OWN
    assert len(measured) == 1, "measured once a process at least"


def test_a_machine_without_platformdirs_measures_for_itself(
    measured: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "path", lambda: None)
    assert machines.find(1.0).figures == OWN
    assert machines.find(1.0).figures == OWN
    assert len(measured) == 1


def test_no_calibration_on_request(measured: list[Machine], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QDL_CALIBRATE", "0")
    assert machines.find(1e9).figures == TILES
    assert not measured


def test_kernels_that_are_not_installed_are_not_planned_with(
    measured: list[Machine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machines, "installed", lambda: False)
    assert machines.machine(CPU) == replace(MACHINE, threads=torch.get_num_threads())


class TestOverride:
    def write(self, path: Path, **changes: Any) -> Path:
        figures = {**profile.as_figures(OWN), **changes}
        path.write_text(json.dumps({"figures": figures}))
        return path

    def test_the_file_that_is_named_counts(
        self, measured: list[Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        named = self.write(tmp_path / "mine.json", far=1e9)
        monkeypatch.setenv("QDL_MACHINE", str(named))
        found = machines.find(1e9)
        assert found.figures == replace(OWN, far=1e9)
        assert str(named) in found.source
        assert not measured

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"call": 0}, "wrong figure 'call'.*got 0.*positive"),
            ({"call": "fast"}, "wrong figure 'call'"),
            ({"call": float("nan")}, "wrong figure 'call'"),
            ({"call": True}, "wrong figure 'call'"),
            ({"products": [1.0]}, "wrong figure 'products'.*8 positive numbers"),
            ({"products": 1.0}, "wrong figure 'products'"),
            ({"acts": [1.0, 2.0]}, "wrong figure 'acts'.*0 or 3 positive numbers"),
            ({"flops": 1.0}, "other figures.*flops"),
        ],
    )
    def test_a_wrong_file_is_one_clear_error(
        self,
        measured: list[Machine],
        monkeypatch: pytest.MonkeyPatch,
        tmp_path: Path,
        changes: dict[str, Any],
        message: str,
    ) -> None:
        monkeypatch.setenv("QDL_MACHINE", str(self.write(tmp_path / "mine.json", **changes)))
        with pytest.raises(ValuesError, match=message):
            qdl.expval(Circuit(1).ry(0.2, 0), Z(0))

    @pytest.mark.parametrize("content", [None, "", "call = 3"])
    def test_no_profile_is_one_clear_error(
        self, measured: list[Machine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
    ) -> None:
        named = tmp_path / "mine.json"
        if content is not None:
            named.write_text(content)
        monkeypatch.setenv("QDL_MACHINE", str(named))
        with pytest.raises(ValuesError, match=r"QDL_MACHINE names no machine profile: got .*mine\.json.*qdl doctor"):
            qdl.expval(Circuit(1).ry(0.3, 0), Z(0))


def test_what_is_measured_is_a_profile(tmp_path: Path) -> None:
    threads, mode = torch.get_num_threads(), torch.random.get_rng_state()
    with torch.inference_mode():
        found = calibrate.measure()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), mode)
    profile.save(found, tmp_path / "deep" / "machine.json")
    assert profile.load(tmp_path / "deep" / "machine.json") == found
    # Wide products are done at more flops than narrow ones, and the cache is quicker than the memory: on any machine.
    assert found.products[5] > 2 * found.products[0]
    assert found.near > found.fresh
    assert 1e-8 < found.call < 1e-3


def test_a_profile_lies_in_the_users_cache() -> None:
    file = profile.path()
    assert file is not None
    assert file.parent.name == "qdl"
    assert file.name.startswith("machine-")


def test_a_kept_profile_cannot_be_half_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(profile.os, "replace", full)
    profile.save(OWN, tmp_path / "machine.json")
    assert list(tmp_path.iterdir()) == []
