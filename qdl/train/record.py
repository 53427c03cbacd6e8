"""A finished run's search and outcome as a page of Markdown: ``python -m qdl.train.record RUN > docs/search.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from qdl.train import folder as place
from qdl.train.report import search_rows, summary

HEAD = """# How the default network was chosen

Every network and learning rate below was trained on the training images of {data} for {epochs} epochs, with the seeds
{seeds}, and judged by validation images alone: mean accuracy ± standard deviation. The quantum
model chooses the network; the others follow it, and choose their own learning rate. The test images were opened after
that, once. `qdl train --config docs/search.toml --out RUN` and `python -m qdl.train.record RUN` make this page.
"""
SEARCHED = ("model", "network", "learning rate", "parameters", "validation accuracy", "loss (nat)", "")
TESTED = ("model", "test accuracy", "test loss (nat)", "parameters", "learning rate")


def page(folder: Path) -> str:
    """The page of a run folder.

    Raises
    ------
    RunFolderError
        If the run is not finished.
    """
    config, results = place.read_config(folder), place.read_results(folder)
    head = HEAD.format(
        seeds=", ".join(map(str, config.search.seeds)), epochs=config.training.epochs, data=config.data.name
    )
    tried = _table(SEARCHED, search_rows(config, results))
    seeds = f"\n## On the test images, {len(config.training.seeds)} seeds\n\n"
    return f"{head}\n{tried}{seeds}{_table(TESTED, (row[: len(TESTED)] for row in summary(results)))}"


def _table(names: tuple[str, ...], rows: Iterable[Iterable[str]]) -> str:
    lines = [names, ("---",) * len(names), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(page(Path(sys.argv[1])))
