"""What ``qdl bench`` does: choose the rows, run them, show and keep what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from qdl.bench import against, figure, store, table
from qdl.bench.peers import PEERS
from qdl.bench.rows import ROWS, Row
from qdl.bench.runner import ENVIRONMENTS, Runner
from qdl.errors import ValuesError

FIGURE, TABLE = "bench.png", "bench.md"


def choose(names: Sequence[str], quick: bool) -> list[Row]:
    """The rows of these names, all if there are none; as ``--quick`` runs them."""
    known = {row.name: row for row in ROWS}
    for name in names:
        if name not in known:
            raise ValuesError("unknown row", got=repr(name), expected=", ".join(known))
    rows = [known[name] for name in names] or [row for row in ROWS if row.quick is not None or not quick]
    return [row.smaller() for row in rows] if quick else rows


def bench(
    *,
    rows: Sequence[str] = (),
    peers: Sequence[str] = (),
    quick: bool = False,
    out: Path | None = None,
    before: Path | None = None,
    environments: Path = ENVIRONMENTS,
    threads: int = 2,
) -> bool:
    """Run the table.

    Returns
    -------
    bool
        False if `before` is given and some ratio fell by more than a tenth.
    """
    from rich.console import Console

    chosen, old = choose(rows, quick), store.load(before) if before else None
    for name in peers:
        if name not in PEERS:
            raise ValuesError("unknown peer", got=repr(name), expected=", ".join(PEERS))
    if threads < 1:
        raise ValuesError("the number of threads must be positive", got=threads)
    console = Console(soft_wrap=True, highlight=False)
    folder = out or Path("runs", f"bench-{datetime.now():%Y%m%d-%H%M%S}")
    console.print(f"run folder: {folder}", markup=False)
    with console.status("measuring") as status:

        def say(line: str) -> None:
            status.update(line.split(":")[0])
            console.print(line, markup=False)

        runner = Runner(folder, chosen, quick, environments, threads, tuple(peers), say=say)
        results = runner.run()
    keep(folder, results)
    console.print(rich_table(results))
    console.print(f"go on with: qdl bench --out {folder}; figure: {folder / FIGURE}", markup=False)
    worse = against.regressions(results, old) if old else []
    for line in worse:
        console.print(f"regression: {line}", style="red", markup=False)
    return not worse


def keep(folder: Path, results: dict[str, Any]) -> None:
    """The figure and the table beside the results."""
    store.write(folder / FIGURE, figure.png(results))
    store.write(folder / TABLE, table.markdown(results).encode())


def rich_table(results: dict[str, Any]) -> Any:
    """The table for a terminal; goals that were missed are red."""
    from rich.table import Table

    shown = Table(*(name for name in table.COLUMNS if name != "work"))
    for name, record in results["rows"].items():
        texts = table.cells(name, record)
        style = {True: "green", False: "red", None: "yellow"}[record["met"]]
        shown.add_row(texts[0], *texts[2:], style=style)
    return shown
