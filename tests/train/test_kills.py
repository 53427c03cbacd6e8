"""Processes killed in earnest: whatever was being done, the resumed run ends in the same weights."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import pytest

from tests.train.runs import assert_each_step_once, assert_same_outcome, config, finished, lines

KILLED: dict[str, dict[str, Any]] = {
    "data": {"limit": 128, "placements": 1},
    "training": {"epochs": 6, "seeds": [0], "models": ["quantum", "head"]},
    "evaluation": {"couplings": [0.3, 0.5], "shots": [100]},
}
PER_EPOCH = 4


def start(*words: object) -> subprocess.Popen[str]:
    # A process in the background of a shell may have been told to ignore Ctrl-C, and hands that on to its children.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from qdl.cli import main; main()"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen([sys.executable, "-c", code, "train", *map(str, words)], **pipes)  # type: ignore[call-overload]


def wait(process: subprocess.Popen[str]) -> None:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out


def kill_when(process: subprocess.Popen[str], now: Callable[[], bool], how: int = signal.SIGKILL) -> bool:
    """Sends a signal as soon as `now` holds; False if the process ended before."""
    while not now():
        if process.poll() is not None:
            process.communicate()
            return False
        sleep(0.0002)
    os.kill(process.pid, how)
    process.communicate()
    return True


class Case:
    """A configuration, and the folder of the run that nobody disturbed."""

    def __init__(self, home: Path) -> None:
        self.home, self.file, self.straight = home, home / "killed.toml", home / "straight"
        self.file.write_text(config(**KILLED).to_toml())
        finished(self.straight, **KILLED)

    def begin(self, name: str) -> tuple[Path, subprocess.Popen[str]]:
        folder = self.home / name
        return folder, start("--config", self.file, "--out", folder)

    def resume(self, folder: Path) -> None:
        """Goes on (or begins again where nothing had begun) and compares the end with the undisturbed run's."""
        before = lines_that_are_whole(folder)
        begun = (folder / "config.toml").exists()
        wait(start("--resume", folder) if begun else start("--config", self.file, "--out", folder))
        assert_same_outcome(self.straight, folder)
        assert_each_step_once(folder, epochs=KILLED["training"]["epochs"], per_epoch=PER_EPOCH)
        # An epoch's line holds the time it took, so one that was done again is another line.
        after = lines(folder)
        again = [line for line in before if line["kind"] == "epoch" and line not in after]
        assert len(again) <= 1, "more than one checkpoint interval was repeated"


def lines_that_are_whole(folder: Path) -> list[dict[str, Any]]:
    from qdl.train.checkpoint import read_journal

    path = folder / "metrics.jsonl"
    return read_journal(path) if path.exists() else []


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(tmp_path_factory.mktemp("killed"))


def test_killed_while_a_checkpoint_is_written(case: Case) -> None:
    folder, process = case.begin("checkpoint")
    part = folder / "checkpoint.safetensors.part"
    assert kill_when(process, lambda: part.exists() and len(lines_that_are_whole(folder)) > PER_EPOCH)
    case.resume(folder)


@pytest.mark.slow
def test_ctrl_c_in_the_middle(case: Case) -> None:
    folder, process = case.begin("interrupted")
    assert kill_when(process, lambda: len(lines_that_are_whole(folder)) > 3 * PER_EPOCH, signal.SIGINT)
    assert process.returncode == 130
    case.resume(folder)


@pytest.fixture(scope="module")
def seconds(case: Case) -> float:
    """How long a process takes that nobody disturbs."""
    began = perf_counter()
    folder, process = case.begin("undisturbed")
    wait(process)
    assert_same_outcome(case.straight, folder)
    return perf_counter() - began


@pytest.mark.slow
def test_killed_while_the_report_is_written(case: Case) -> None:
    for number in range(3):
        folder, process = case.begin(f"report-{number}")
        assert kill_when(process, (folder / "report.html.part").exists)
        assert not (folder / "report.html").exists() or (folder / "report.html").stat().st_size > 10_000
        case.resume(folder)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_killed_at_a_random_moment_and_once_more_after_that(case: Case, seconds: float, number: int) -> None:
    chance = random.Random(number)
    folder, process = case.begin(f"random-{number}")
    for _ in range(2):
        end = perf_counter() + chance.uniform(0, seconds)
        if not kill_when(process, lambda end=end: perf_counter() > end) or not (folder / "config.toml").exists():
            break
        process = start("--resume", folder)
    if process.stdout and not process.stdout.closed:  # it ended by itself, or has just gone on
        process.kill()
        process.communicate()
    case.resume(folder)
