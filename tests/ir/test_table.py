"""The gate table in the README is the one that the rows give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import qdl
from qdl.ir import TABLE
from qdl.ir.channels import CHANNELS, channel_table_markdown
from qdl.ir.table import CHANNELS_END, CHANNELS_START, END, START, gate_table_markdown

README = Path(qdl.__file__).parents[1] / "README.md"


def test_the_readme_holds_the_table() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count(START) == text.count(END) == 1
    found = text.split(START)[1].split(END)[0].strip()
    assert found == gate_table_markdown().strip(), "run python -m qdl.ir.table and put its output between the markers"


def test_the_readme_holds_the_channels() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count(CHANNELS_START) == text.count(CHANNELS_END) == 1
    found = text.split(CHANNELS_START)[1].split(CHANNELS_END)[0].strip()
    assert found == channel_table_markdown().strip(), "run python -m qdl.ir.table channels and put it in its place"
    assert [line.split("`")[1] for line in found.splitlines()[2:]] == list(CHANNELS)


def test_every_row_has_a_line() -> None:
    names = [line.split("`")[1] for line in gate_table_markdown().splitlines()[2:]]
    assert names == list(TABLE)


def test_every_line_has_as_many_cells_as_the_head() -> None:
    assert {len(line[2:-2].split(" | ")) for line in gate_table_markdown().splitlines()} == {7}


def test_the_command_prints_it() -> None:
    done = subprocess.run([sys.executable, "-m", "qdl.ir.table"], capture_output=True, text=True, check=True)
    assert done.stdout == gate_table_markdown()
