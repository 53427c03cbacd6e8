"""What a contest looks like in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdl.lab.contest import Entry

if TYPE_CHECKING:
    from rich.console import Console


class Bar:
    """One progress bar over all fits."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def entry(self, entry: Entry, done: int, total: int) -> None:
        """The fits of an entry are finished."""
        self._bar.update(self._task, completed=done, total=total, description=", ".join(entry))
