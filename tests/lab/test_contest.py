"""The runner: fair, and able to go on."""

from __future__ import annotations

import json
from math import inf

import pytest
from torch import nn

from qdl.errors import RunFolderError, ValuesError
from qdl.lab import contest
from qdl.lab.contest import JOURNAL, Budget, Fit, run
from qdl.lab.pairs import PAIRS, Pair
from qdl.lab.tasks import open_task

TINY = Budget(steps=3, batch=16, rates=(0.01, 0.1), seeds=(0,), search_seeds=(1000, 1001))
ONE = {"layers": ["ThermalPool"], "tasks": ["iris"], "budget": TINY}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    run(folder, **ONE)
    return (folder / JOURNAL).read_text()


def test_every_fit_is_in_the_journal(whole):
    budget, *fits = map(json.loads, whole.splitlines())
    assert budget["steps"] == 3
    assert [(fit["side"], fit["stage"], fit["seed"]) for fit in fits] == [
        (side, stage, seed)
        for side in ("quantum", "twin")
        for stage, seed in (*[("search", 1000), ("search", 1001)] * 2, ("test", 0))
    ]
    for fit in fits:
        assert fit["parameters"] == fits[0]["parameters"]
        assert 0 <= fit["accuracy"] <= 1
        assert fit["loss"] > 0
    for *search, test in (fits[:5], fits[5:]):
        merits = {}
        for rate in TINY.rates:
            pair = [fit for fit in search if fit["rate"] == rate]
            merits[rate] = sum(fit["accuracy"] for fit in pair), -sum(fit["loss"] for fit in pair)
        assert test["rate"] == max(merits, key=merits.get)


@pytest.mark.parametrize("after", [1, 4, 5, 7])
def test_a_killed_contest_goes_on_to_the_same_journal(tmp_path, whole, after):
    path, lines = tmp_path / JOURNAL, whole.splitlines(keepends=True)
    path.write_text("".join(lines[: 1 + after]) + '{"layer": "Therm')  # as a power cut leaves it
    told = []
    run(tmp_path, **ONE, told=lambda entry, done, total: told.append((entry.side, done, total)))
    assert path.read_text() == whole
    assert told == [("quantum", 5, 10), ("twin", 10, 10)][after // 5 :]


def test_what_is_finished_is_kept_when_a_contest_is_stopped(tmp_path, whole):
    def stopped(entry, done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, **ONE, told=stopped)
    assert (tmp_path / JOURNAL).read_text().splitlines() == whole.splitlines()[:6]


def test_two_jobs_write_the_journal_of_one(tmp_path, whole):
    run(tmp_path, **ONE, jobs=2)
    assert (tmp_path / JOURNAL).read_text() == whole


def test_a_contest_killed_before_its_first_line_was_whole_begins_anew(tmp_path, whole):
    (tmp_path / JOURNAL).write_text(whole[:9])
    run(tmp_path, **ONE)
    assert (tmp_path / JOURNAL).read_text() == whole


def test_a_finished_contest_trains_nothing(tmp_path, whole, monkeypatch):
    (tmp_path / JOURNAL).write_text(whole)
    monkeypatch.setattr(contest, "_train", None)
    assert len(run(tmp_path, **ONE)) == 10


def test_a_layer_that_refuses_has_lost_and_stops_nobody(monkeypatch):
    class Refuses(nn.Module):
        def forward(self, x):
            if self.training:
                raise ValuesError("the weights are not finite")
            return x

    monkeypatch.setitem(PAIRS, "refuses", Pair("dense", lambda shape: Refuses(), lambda shape, wanted: Refuses(), ""))
    record = contest._train(Fit("refuses", "iris", "quantum", "test", 0.1, 0), open_task("iris"), TINY)
    assert (record["accuracy"], record["failed"]) == (0, "the weights are not finite")
    assert record["loss"] == inf


def test_steps_take_every_input_once_an_epoch():
    batches = list(contest._batches(10, Budget(steps=5, batch=4), 0))
    assert [len(batch) for batch in batches] == [4, 4, 2, 4, 4]
    assert sorted(place for batch in batches[:3] for place in batch.tolist()) == list(range(10))
    other = list(contest._batches(10, Budget(steps=5, batch=4), 1))
    assert batches[0].tolist() not in (other[0].tolist(), batches[3].tolist())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layers": ["Quantum"]}, "no layer of this name: got Quantum, expected QuantumConv, detector"),
        ({"tasks": ["mnist"]}, "no task of this name: got mnist, expected digits, iris"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_written(tmp_path, wrong, message):
    with pytest.raises(ValuesError, match=message):
        run(tmp_path / "new", **{**ONE, **wrong})
    assert not (tmp_path / "new").exists()


def test_another_budget_is_refused(tmp_path, whole):
    (tmp_path / JOURNAL).write_text(whole)
    with pytest.raises(RunFolderError, match="another budget"):
        run(tmp_path, ["ThermalPool"], ["iris"], Budget())
