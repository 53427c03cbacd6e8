"""What a plan says of itself: what is done, what it should take and took, and what else was considered."""

from __future__ import annotations

import re

import pytest
import torch

import qdl
from qdl.ir import Circuit, Param, X, Z
from tests.explain_page import DOCS, page

x, w = Param("x", 6), Param("w", 12)


def circuit(wires: int = 6) -> Circuit:
    made = Circuit(wires)
    for wire in range(wires):
        made.ry(x[wire], wire).rz(w[wire], wire)
    for wire in range(wires - 1):
        made.cx(wire, wire + 1).ry(w[wire + 6], wire + 1)
    return made


VALUES = {"x": torch.rand(40, 6), "w": torch.rand(12)}
TIME = r"(\d[\d.e+-]* (?:ms|us)|-)"


def cells(text: str, step: str) -> list[str]:
    """The last two columns of a step's line: predicted and measured."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(step)]
    found = re.search(rf"{TIME}\s+{TIME}$", line)
    assert found, line
    return list(found.groups())


@pytest.mark.parametrize("strategy", ["windows", "tiles"])
def test_totals_are_predicted_and_measured(strategy: str) -> None:
    text = qdl.explain(circuit(), [Z(0), X(5)], VALUES, strategy=strategy)
    for step in ("matrices and values", "all gradients", "together"):
        assert "-" not in cells(text, step)
    assert re.match(rf"{torch.get_num_threads()} threads? on cpu, float32\n", text)
    assert "1 part, batch 40, 17 angles (11 shared)" in text
    assert re.search(r"machine's limits: flops .* at \d+ Gflop/s, bytes .* at \d+ GB/s", text)


def test_each_matrix_product_is_timed() -> None:
    text = qdl.explain(circuit(), Z(5), VALUES, strategy="windows", width=3)
    lines = [line for line in text.splitlines() if line.strip().startswith("block")]
    blocks = int(re.search(r"(\d+) blocks as matrix products", text).group(1))  # type: ignore[union-attr]
    assert len(lines) == blocks > 1
    for line in lines:
        assert re.search(rf"{TIME}\s+(?!-){TIME}$", line)


def test_tiles_show_their_passes() -> None:
    text = qdl.explain(circuit(), Z(5), VALUES, strategy="tiles")
    done = sum(int(n) for n in re.findall(r"pass over tiles of \d+: (\d+) blocks", text))
    assert done == int(re.search(r"(\d+) blocks in tiles", text).group(1)) > 0  # type: ignore[union-attr]


def test_nothing_runs_unless_it_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qdl.run.explained._run", lambda *_: pytest.fail("it ran"))
    text = qdl.explain(circuit(), Z(5), VALUES, measure=False)
    assert cells(text, "together")[1] == "-"


@pytest.mark.chooses
def test_what_was_considered_is_listed_with_the_chosen_one_first() -> None:
    text = qdl.explain(circuit(), Z(5), VALUES, measure=False)
    found = re.findall(rf"considered: (tiles|windows), up to (\d) wires? +(\d+) blocks +{TIME}", text)
    assert {(kind, int(width)) for kind, width, _, _ in found} == {
        *(("windows", k) for k in range(1, 7)),
        ("tiles", 2),
        ("tiles", 3),
    }
    assert found[0][3] == cells(text, "together")[0]


def test_a_batch_in_pieces_is_said_to_be_one() -> None:
    text = qdl.explain(circuit(), Z(5), VALUES, memory_budget=60_000)
    pieces = re.search(r"batch 40 runs in pieces of (\d+)", text)
    assert pieces
    assert f"batch {pieces.group(1)}," in text.split("one\n", 1)[1]


@pytest.mark.chooses
def test_the_page_in_the_docs_is_what_explain_says() -> None:
    def shape(text: str) -> list[list[str]]:
        lines = [re.sub(rf"{TIME}$", "", line.rstrip()) for line in text.splitlines()]
        return [re.sub(r"  measured$", "", line).split() for line in lines]

    assert shape((DOCS / "explain.md").read_text()) == shape(page(measure=False)), "run python -m tests.explain_page"
