"""The runner among contestants that misbehave: the others get their times all the same, and nobody wrong is best."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from qdl.bench import pair, store, table
from qdl.bench.contestant import Contestant
from qdl.bench.peers import Peer
from qdl.bench.rows import ROWS
from qdl.errors import RunFolderError
from tests.bench.fakes import ROW, adapter, record, runner

pytestmark = pytest.mark.usefixtures("speeds")


def test_the_best_is_the_fastest_that_is_right(tmp_path: Path) -> None:
    peers = {
        "slow": adapter(tmp_path, "slow", "time.sleep(0.5)"),
        "middle": adapter(tmp_path, "middle", "time.sleep(0.1)"),
        "wrong": adapter(tmp_path, "wrong", wrong=1e-2),
        "almost": adapter(tmp_path, "almost", "time.sleep(0.3)", wrong=1e-6),
    }
    found = record(tmp_path, peers)
    assert found["best"] == "middle"
    assert found["ratio"] > 1.5
    assert found["spread"][0] <= found["ratio"] <= found["spread"][1]
    assert found["met"] is True
    assert not found["peers"]["wrong"]["right"]
    assert found["peers"]["almost"]["right"]
    assert found["peers"]["slow"]["ratio"] > found["ratio"]
    assert found["peers"]["slow"]["bytes"] > 1e6
    assert found["peers"]["slow"]["versions"]["no-such-package"] == "unknown"


def test_a_missed_goal_is_missed(tmp_path: Path) -> None:
    run = runner(tmp_path, {}, replace(ROW, peers=("peer",), goal=1e6))
    run.peers = {"peer": adapter(tmp_path, "peer", "time.sleep(0.05)")}
    found = run.run()["rows"][ROW.name]
    assert found["met"] is False
    assert found["ratio"] > 0


def test_qdl_must_be_right_itself(tmp_path: Path) -> None:
    ours = adapter(tmp_path, "wrong", "pass", start="self.job['precision'] == 'double' or setattr(self, 'w', 1)")
    text = Path(ours.adapter).read_text().replace("+ 0", "+ getattr(self, 'w', 0)")
    Path(ours.adapter).write_text(text)
    run = runner(tmp_path, {"peer": adapter(tmp_path, "peer", "time.sleep(1e-3)")})
    run.qdl = ours
    found = run.run()["rows"][ROW.name]
    assert not found["qdl"]["right"]
    assert found["met"] is False
    assert "ratio" not in found
    assert "wrong" in " ".join(table.cells(ROW.name, found))


def test_a_step_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "STEP", 3.0)
    late = "self.n = getattr(self, 'n', 0) + 1; time.sleep(100 if self.n > 2 else 0)"
    found = record(tmp_path, {"slow": adapter(tmp_path, "slow", late)})
    assert found["peers"]["slow"]["did not finish"] == "over 3 s a step"
    assert found["best"] is None
    assert found["met"] is None


def test_a_first_call_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = {"slow": adapter(tmp_path, "slow", start="time.sleep(100)")}
    run = runner(tmp_path, slow)
    began = pair.start
    limits = {True: pair.SETUP, False: 2.0}

    def start(one: Contestant, job: dict[str, object]) -> dict[str, object]:
        monkeypatch.setattr(pair, "SETUP", limits["ours.py" in str(one.adapter)])
        return began(one, job)

    monkeypatch.setattr(pair, "start", start)
    found = run.run()["rows"][ROW.name]["peers"]["slow"]
    assert found == {"did not finish": "over 2 s for set-up and the first call"}


def test_a_loop_over_samples_is_not_waited_for(tmp_path: Path) -> None:
    row = replace(ROW, batch=64, peers=("loop",))
    results = runner(tmp_path, {"loop": adapter(tmp_path, "loop", "time.sleep(1.1)", loops=True)}, row).run()
    message = results["rows"][ROW.name]["peers"]["loop"]["did not finish"]
    assert re.fullmatch(r"about \d\d+ s a step, from \d of 64 samples", message)


def test_a_loop_gives_what_a_batch_gives(tmp_path: Path) -> None:
    row = replace(ROW, batch=3, peers=("loop",))
    peer = adapter(tmp_path, "loop", "time.sleep(1e-3)", loops=True)
    text = Path(peer.adapter).read_text().replace('values["theta"]}', 'values["theta"] / 3}')
    Path(peer.adapter).write_text(text)  # the sum over three samples is what the fake qdl says
    found = runner(tmp_path, {"loop": peer}, row).run()["rows"][ROW.name]["peers"]["loop"]
    assert found["right"], found["errors"]


def test_memory_has_an_end(tmp_path: Path) -> None:
    hungry = "self.a = np.ones(80_000_000); time.sleep(20)"
    found = record(tmp_path, {"hungry": adapter(tmp_path, "hungry", start=hungry)}, memory=2**29)
    assert found["peers"]["hungry"]["did not finish"].startswith("out of memory: more than")


def test_a_crash_shows_its_last_words(tmp_path: Path) -> None:
    dying = "sys.stderr.write('the matrix is gone'); sys.stderr.flush(); os._exit(3)"
    found = record(tmp_path, {"dead": adapter(tmp_path, "dead", dying), "alive": adapter(tmp_path, "alive")})
    assert found["peers"]["dead"]["did not finish"] == "ended with code 3: the matrix is gone"
    assert found["best"] == "alive"


def test_an_error_shows_itself(tmp_path: Path) -> None:
    found = record(tmp_path, {"dead": adapter(tmp_path, "dead", "raise ValueError('no such gate')")})
    assert found["peers"]["dead"] == {"did not finish": "ValueError: no such gate"}


def test_what_a_simulator_prints_is_no_answer(tmp_path: Path) -> None:
    found = record(tmp_path, {"loud": adapter(tmp_path, "loud", "print('{}', flush=True); os.system('echo {}')")})
    assert found["best"] == "loud"


def test_a_peer_that_is_not_installed_blocks_nothing(tmp_path: Path) -> None:
    peers = {"absent": Peer("absent.py", "absent"), "here": adapter(tmp_path, "here")}
    found = record(tmp_path, peers, environments=tmp_path)
    assert found["peers"]["absent"] == {"not installed": str(tmp_path / "absent.log")}
    assert found["best"] == "here"


def test_cold_rows_time_whole_processes(tmp_path: Path) -> None:
    row = replace(ROW, cold=True, peers=("late",))
    ours = "os.listdir(os.environ['XDG_CACHE_HOME']) and sys.exit('the cache is not empty')"
    run = runner(tmp_path, {"late": adapter(tmp_path, "late", start="time.sleep(0.7)")}, row, quick=True)
    run.qdl = adapter(tmp_path, "fresh", start=f"'XDG_CACHE_HOME' in os.environ and {ours}")
    found = run.run()["rows"][ROW.name]
    late = found["peers"]["late"]
    assert late["seconds"] > late["qdl seconds"] + 0.4
    assert found["ratio"] > 1


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    chosen = [replace(ROW, name=name, peers=("peer",)) for name in ("first", "second", "third")]
    peers = {"peer": adapter(tmp_path, "peer")}

    def stop(line: str) -> None:
        if line.startswith("second"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner(tmp_path, peers, *chosen, say=stop).run()
    before = store.load(tmp_path / "run")
    assert list(before["rows"]) == ["first"]
    after = runner(tmp_path, peers, *chosen).run()
    assert list(after["rows"]) == ["first", "second", "third"]
    assert after["rows"]["first"] == before["rows"]["first"]
    assert store.load(tmp_path / "run") == json.loads(json.dumps(after))
    with pytest.raises(RunFolderError, match="other settings"):
        runner(tmp_path, peers, *chosen, threads=1).run()


def test_every_row_has_known_peers_and_the_quick_table_is_smaller() -> None:
    from qdl.bench.command import choose
    from qdl.bench.peers import PEERS

    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {name for row in ROWS for name in row.peers} <= set(PEERS)
    assert {row.name for row in choose((), True)} < {row.name for row in choose((), False)}
