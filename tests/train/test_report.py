from __future__ import annotations

import base64
import re
from pathlib import Path
from shutil import copytree
from xml.etree import ElementTree

import pytest

from qdl.errors import RunFolderError
from qdl.train import write_report
from qdl.train.report import spread, summary


@pytest.fixture(scope="module")
def page(done: Path) -> str:
    return (done / "report.html").read_text()


def test_the_report_needs_nothing_beside_it(page: str) -> None:
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert len(sources) == 6
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert not re.search(r"url\(|@import|<script|<link", page)


def test_every_picture_is_one(page: str) -> None:
    for picture in re.findall(r"base64,([^\"]*)", page):
        root = ElementTree.fromstring(base64.b64decode(picture))
        assert root.tag.endswith("svg")
        assert len(list(root.iter())) > 20


def test_the_report_says_what_it_must(page: str) -> None:
    for heading in ("coupling and shots", "Learning curves", "Confusion", "circuit", "kernels", "Feature maps"):
        assert re.search(f"<h2>[^<]*{heading}", page), heading
    assert "g* are the optimum of <em>one output's mean" in page
    assert "not of a network's accuracy" in page
    assert "digits-canvas, 2 seeds, 3 epochs" in page
    assert "coupling = 0.5" in page
    assert "$" not in page, "a placeholder was not filled in"


def test_the_table_is_the_mean_over_seeds() -> None:
    fits = [
        {"stage": "train", "model": "quantum", "seed": s, "rate": 0.02, "parameters": 10, "trained_parameters": 4,
         "accuracy": a, "loss": 1.0, "seconds": 2.0}
        for s, a in enumerate((0.9, 0.94))
    ]  # fmt: skip
    searched = {**fits[0], "stage": "search", "accuracy": 0.0}
    (row,) = summary({"fits": [searched, *fits]})
    assert row == ("quantum", "0.920 ± 0.028", "1.000 ± 0.000", "10 (6 frozen)", "0.02", "2.0 ± 0.0")
    assert spread([0.5]) == "0.500"


def test_a_report_is_made_again_from_the_folder_alone(done: Path, tmp_path: Path) -> None:
    folder = copytree(done, tmp_path / "moved")
    (folder / "report.html").unlink()
    assert write_report(folder) == folder / "report.html"
    assert (folder / "report.html").stat().st_size > 10_000


def test_a_report_without_its_journal_is_refused(done: Path, tmp_path: Path) -> None:
    folder = copytree(done, tmp_path / "moved")
    (folder / "metrics.jsonl").unlink()
    with pytest.raises(RunFolderError, match=r"metrics.jsonl is missing"):
        write_report(folder)
