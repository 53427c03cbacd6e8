"""What is shown of a run: table, figure, regressions; and what the command line refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from qdl.bench import against, command, figure, install, peers, runner, store, table
from qdl.bench.runner import verdict
from qdl.cli import main
from qdl.errors import RunFolderError
from tests.bench import fakes

OURS = {"set-up": 1.0, "precision": "complex64", "right": True, "bytes": 2**28, "versions": {}}


def timed(seconds: float, ours: float = 0.002, **more: Any) -> dict[str, Any]:
    times = seconds / ours
    return {
        "set-up": 2.0, "precision": "complex64", "right": True, "seconds": seconds, "qdl seconds": ours,
        "ratio": times, "spread": [0.9 * times, 1.2 * times], "rounds": 5, "bytes": 2**27, "versions": {"quick": "1.0"},
        **more,
    }  # fmt: skip


def results(more: dict[str, list[str]] | None = None, **rows: dict[str, Any]) -> dict[str, Any]:
    """A run with these rows, each a mapping of peers; `more` says whom a row's goal is about."""
    more = more or {}
    machine = {
        "processor": "Abacus 9", "cores": 2, "memory": 2**34, "threads": 2, "date": "2030-01-01", "commit": "abcdef",
        "python": "3.12", "torch": "2.13",
    }  # fmt: skip
    made = {}
    for name, found in rows.items():
        record = {
            "title": "its work", "goal": 25, "against": more.get(name, []), "limit": {"seconds": 0.001}, "qdl": OURS,
            "peers": found,
        }  # fmt: skip
        made[name] = {**record, **verdict(record)}
    return {"machine": machine, "settings": {}, "speeds": {}, "rows": made}


RUN = results(
    conv={"quick": timed(0.06), "slow": timed(0.3, precision="complex128"), "false": timed(1e-3, right=False)},
    deep={"slow": timed(0.03, precision="complex128"), "dead": {"did not finish": "over 60 s a step"}},
    none={"absent": {"not installed": ".bench/absent.log"}},
)


def test_the_table_in_markdown() -> None:
    lines = table.markdown(RUN).splitlines()
    assert lines[0].startswith("| row | work | best peer |")
    assert lines[1].count("---") == len(table.COLUMNS)
    assert lines[2] == "| conv | its work | quick | 60.0 ms | 2.00 ms | 30x (27 to 36) | 25x | yes | 2 |"
    assert lines[3] == "| deep | its work | slow (complex128) | 30.0 ms | 2.00 ms | 15x (13.5 to 18) | 25x | no | 2 |"
    assert lines[4].startswith("| none | its work | none finished |")
    text = "\n".join(lines)
    for said in ("false wrong", "dead did not finish (over 60 s a step)", "absent not installed", "first call 2.00 s",
                 "Abacus 9, 2 cores, 16 GiB, 2 threads for everyone", "commit abcdef", "quick 1.0"):  # fmt: skip
        assert said in text


def test_a_busy_machine_is_told() -> None:
    assert "Others" not in table.conditions(RUN)
    busy = deepcopy(RUN)
    busy["rows"]["conv"]["load"] = 5.0
    assert "Others were using the machine (load 5.0)" in table.conditions(busy)


def test_a_goal_may_be_about_some_peers_only() -> None:
    found = {"fast": timed(0.01), "named": timed(0.08)}
    record = results({"deep": ["named"]}, deep=found)["rows"]["deep"]
    assert (record["best"], record["met"], record["goal ratio"]) == ("fast", True, 40)
    assert table.cells("deep", record)[5:8] == ("5x (4.5 to 6)", "25x named, reached 40x", "yes")
    record = results({"deep": ["other"]}, deep=found)["rows"]["deep"]
    assert (record["best"], record["met"]) == ("fast", None)
    assert table.cells("deep", record)[6:8] == ("25x other", "-")


def test_ratios_at_equal_error_bars_say_so() -> None:
    ours = {**OURS, "error bar": 0.01, "error of error bar": 0.0002}
    more = {"error bar": 0.02, "error of error bar": 0.001, "time ratio": 30.0}
    peer = timed(0.06, ratio=120.0, spread=[100.0, 140.0], **more)
    run = results(sampled={"shots": peer}, none={"absent": {"did not finish": "over 60 s a step"}})
    run["rows"]["sampled"]["qdl"] = ours
    assert table.cells("sampled", run["rows"]["sampled"])[3:8] == (
        "60.0 ms", "2.00 ms", "120x (100 to 140) at equal error bar", "25x", "yes",
    )  # fmt: skip
    text = table.markdown(run)
    assert "* sampled: qdl 256 MiB, error bar 0.01 (known to 2%); shots 60.0 ms (120x at equal error bar, " in text
    assert "its own 0.02 (known to 5%), 128 MiB" in text


def test_the_module_prints_the_table(tmp_path: Path) -> None:
    store.save(tmp_path / store.FILE, RUN)
    printed = subprocess.run(
        [sys.executable, "-m", "qdl.bench.table", str(tmp_path)], capture_output=True, text=True, check=True,
        cwd=Path(table.__file__).parents[2],
    )  # fmt: skip
    assert printed.stdout == table.markdown(json.loads(json.dumps(RUN))) + "\n"


@pytest.mark.parametrize("name", ["bench", "bench noise", "bench drop_in"])
def test_the_readme_holds_the_tables_of_the_runs_in_the_docs(name: str) -> None:
    folder = Path("docs", *name.split())
    root = Path(table.__file__).parents[2]
    run = store.load(root / folder)
    text = (root / "README.md").read_text(encoding="utf-8")
    found = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip()
    assert found == table.markdown(run, brief=True), f"put `python -m qdl.bench.table {folder} --brief` in its place"
    assert (root / folder / command.TABLE).read_text(encoding="utf-8") == table.markdown(run)


def test_a_brief_table_leaves_out_everybody() -> None:
    brief = table.markdown(RUN, brief=True)
    assert "Everybody" not in brief
    assert brief.splitlines()[:5] == table.markdown(RUN).splitlines()[:5]


def test_the_figure_and_table_are_kept(tmp_path: Path) -> None:
    command.keep(tmp_path, RUN)
    assert (tmp_path / command.FIGURE).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / command.TABLE).read_text() == table.markdown(RUN)
    assert len(figure.png(results())) > 1000


def test_regressions_are_told_by_the_same_peer() -> None:
    now = deepcopy(RUN)
    assert against.regressions(now, RUN) == []
    now["rows"]["conv"]["peers"]["quick"]["ratio"] *= 0.91
    assert against.regressions(now, RUN) == []
    now["rows"]["conv"]["peers"]["quick"]["ratio"] *= 0.91
    (line,) = against.regressions(now, RUN)
    assert line == "conv: 24.8 times quick, 30 before (-17%)"
    now["rows"]["deep"]["peers"]["slow"] = {"did not finish": "over 60 s a step"}
    assert len(against.regressions(now, RUN)) == 2
    now["rows"]["deep"]["qdl"] = {**OURS, "right": False}
    assert "no ratio to slow any more, 15 before" in against.regressions(now, RUN)[1]
    del now["rows"]["deep"], now["rows"]["conv"]
    assert against.regressions(now, RUN) == []


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["qdl", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        assert isinstance(end.value.code, int)
        return (end.value.code, *capsys.readouterr())

    return call


def test_the_command(cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, speeds: None) -> None:
    contestants = {
        name: fakes.adapter(tmp_path, name, f"time.sleep({seconds})")
        for name, seconds in (("lightning.qubit", 0.02), ("default.qubit", 0.03))
    }
    monkeypatch.setattr(command, "PEERS", contestants)
    ours = fakes.adapter(tmp_path, "ours", "time.sleep(0.01)")
    monkeypatch.setattr(command, "Runner", partial(runner.Runner, peers=contestants, qdl=ours))
    words = ("bench", "--row", "small", "--quick", "--peer", "lightning.qubit", "--peer", "default.qubit")
    code, out, _ = cli(*words, "--out", "run")
    assert code == 0
    assert "small: lightning.qubit:" in out
    assert "yes" in out
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"bench.json", "bench.png", "bench.md"}

    old = store.load(tmp_path / "run")
    old["rows"]["small"]["ratio"] *= 2
    store.save(tmp_path / "better.json", old)
    code, out, _ = cli(*words, "--out", "run", "--against", "better.json")
    assert code == 1
    assert "small: done before" in out
    assert "regression: small:" in out
    assert cli(*words, "--out", "run", "--against", "run")[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--row", "conv-5"], "unknown row: got 'conv-5', expected conv-4"),
        (["--peer", "qulax"], "unknown peer: got 'qulax', expected tensorcircuit"),
        (["--against", "nowhere.json"], "there is no nowhere.json"),
        (["--threads", "0"], "threads must be positive: got 0"),
    ],
)
def test_a_wrong_request_is_one_line(cli: Callable[..., Any], words: list[str], says: str, tmp_path: Path) -> None:
    code, _, error = cli("bench", *words)
    assert code == 2
    assert says in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_benchmark_is_refused(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"rows": {}, "machine": {}}'):
        (tmp_path / "bench.json").write_text(text)
        with pytest.raises(RunFolderError, match="holds no benchmark"):
            store.load(tmp_path)


@pytest.mark.slow
def test_a_peer_that_cannot_be_installed_leaves_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lists, folder = tmp_path / "lists", tmp_path / "environments"
    lists.mkdir()
    (lists / "good.txt").write_text("")
    (lists / "bad.txt").write_text(f"nothing @ file://{tmp_path}/nowhere\n")
    monkeypatch.setattr(install, "ADAPTERS", lists)
    monkeypatch.setattr(install, "PEERS", {name: peers.Peer("", name) for name in ("good", "bad", "")})
    install.main(folder)
    out = capsys.readouterr().out.splitlines()
    assert out == [f"bad could not be installed, see {folder / 'bad.log'}", "good: installed"]
    assert "nowhere" in (folder / "bad.log").read_text()
    assert (folder / "good" / "bin" / "python").exists()
    stamp = (folder / "good" / install.DONE).stat().st_mtime_ns
    assert install.install("good", folder) is None
    assert (folder / "good" / install.DONE).stat().st_mtime_ns == stamp
