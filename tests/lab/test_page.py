"""The page says who leads, and by how much, from a journal made by hand."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from qdl.cli import app
from qdl.lab.contest import JOURNAL, Budget
from qdl.lab.page import write
from qdl.lab.standings import overall, standings

ACCURACY = {  # layer, task: quantum, twin; a value per seed
    ("QuantumPool", "iris"): ([0.7, 0.7, 0.8], [0.9, 0.9, 0.9]),
    ("QuantumPool", "wine"): ([0.9, 0.9, 0.9], [0.9, 0.9, 0.9]),
    ("ThermalPool", "iris"): ([0.9, 0.8, 1.0], [0.8, 0.8, 0.8]),
    ("BlockSpin", "iris"): ([0.8, 0.9, 1.0], [0.7, 0.9, 1.0]),
}


def record(layer, task, side, seed, accuracy, stage="test"):
    rate = 0.03 if side == "quantum" else 0.1
    where = {"layer": layer, "task": task, "side": side, "stage": stage, "rate": rate, "seed": seed}
    return {**where, "parameters": 46, "accuracy": accuracy, "loss": 0.5}


@pytest.fixture
def records():
    made = [
        record(layer, task, side, seed, accuracy)
        for (layer, task), both in ACCURACY.items()
        for side, accuracies in zip(("quantum", "twin"), both, strict=True)
        for seed, accuracy in enumerate(accuracies)
    ]
    made.append(record("BlockSpin", "wine", "quantum", 0, 1.0))  # its twin is not there yet
    made.append(record("BlockSpin", "iris", "quantum", 1000, 1.0, "search"))
    return made[::-1]


def test_layers_are_sorted_by_their_lead(records):
    found = standings(records)
    assert [(one.layer, one.task) for one in found] == [
        ("ThermalPool", "iris"), ("BlockSpin", "iris"), ("QuantumPool", "wine"), ("QuantumPool", "iris"),
    ]  # fmt: skip
    assert [one.lead for one in found] == pytest.approx([0.1, 0.1 / 3, 0, -0.5 / 3])
    assert [one.error for one in found] == pytest.approx([0.1 / 3**0.5, 0.1 / 3, 0, 0.1 / 3])
    assert [one.layer for one in overall(found)] == ["ThermalPool", "BlockSpin", "QuantumPool"]
    worst = overall(found)[-1]
    assert (worst.lead, worst.error) == pytest.approx((-0.5 / 6, 0.1 / 3 / 2))


def test_the_page_tells_wins_and_losses(tmp_path, records):
    write(tmp_path / "sub" / "layers.md", records, Budget(seeds=(0, 1, 2)))
    page = (tmp_path / "sub" / "layers.md").read_text()
    assert "![leads of the layers](layers.png)" in page
    assert (tmp_path / "sub" / "layers.png").read_bytes().startswith(b"\x89PNG")
    iris = page[page.index("## iris") : page.index("## wine")].splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in iris if line.startswith("|")][2:]
    assert [row[0] for row in rows] == ["ThermalPool", "BlockSpin", "QuantumPool"]
    thermal, block, quantum = rows
    assert thermal[1:] == [
        "46", "0.900 ± 0.100", "0.800 ± 0.000", "+0.100 ± 0.058", "ahead, beyond 1 s.e.", "0.03 / 0.1"
    ]  # fmt: skip
    assert block[5].startswith(("level", "ahead, beyond 1"))
    assert quantum[4:6] == ["-0.167 ± 0.033", "behind, beyond 2 s.e."]
    assert "Of 4 comparisons" in page
    assert "behind, beyond 2 s.e.: 1" in page


def test_the_page_tells_what_failed(tmp_path, records):
    records[-1] |= {"failed": "the weights are not finite", "accuracy": 0.0}
    write(tmp_path / "layers.md", records, Budget(seeds=(0, 1, 2)))
    assert "count as accuracy 0: 1." in (tmp_path / "layers.md").read_text()


def test_a_page_of_nothing_says_so(tmp_path):
    write(tmp_path / "layers.md", [], Budget())
    assert "No layer has finished yet" in (tmp_path / "layers.md").read_text()


def test_one_seed_has_no_verdict(tmp_path, records):
    write(tmp_path / "layers.md", [one for one in records if one["seed"] == 0], Budget(seeds=(0,)))
    assert "one seed only" in (tmp_path / "layers.md").read_text()


def test_the_command_writes_the_page_of_a_finished_run(tmp_path):
    budget = Budget(seeds=(0,))
    fits = [
        record("ThermalPool", "iris", side, seed, 0.5, stage) | {"rate": rate}
        for side in ("quantum", "twin")
        for stage, rate, seed in [
            *(("search", rate, seed) for rate in budget.rates for seed in budget.search_seeds),
            ("test", budget.rates[0], 0),
        ]
    ]
    journal = "".join(json.dumps(line) + "\n" for line in (asdict(budget), *fits))
    (tmp_path / JOURNAL).write_text(journal)
    page = tmp_path / "page.md"
    asked = ["--out", str(tmp_path), "--layer", "ThermalPool", "--task", "iris", "--seeds", "1", "--page", str(page)]
    result = CliRunner().invoke(app, ["lab", "layers", *asked])
    assert result.exit_code == 0, result.output
    assert (tmp_path / JOURNAL).read_text() == journal
    assert "| ThermalPool | 46 | 0.500 | 0.500 |" in page.read_text()


def test_the_command_refuses_unknown_names_in_one_line(tmp_path):
    result = CliRunner().invoke(app, ["lab", "layers", "--out", str(tmp_path / "run"), "--layer", "Nothing"])
    assert result.exit_code == 2
    assert "no layer of this name: got Nothing" in result.output
    assert not (tmp_path / "run").exists()
