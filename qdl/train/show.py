"""What a run looks like in a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from qdl.train.loop import Watcher
from qdl.train.report import shot_rows, summary
from qdl.train.settling import Fit


class Bar(Watcher):
    """A progress bar per fit, and a line that stays when the fit is over."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, TextColumn("{task.fields[seen]}"), console=console, transient=True)
        self._title = ""

    def __enter__(self) -> Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def begin(self, fit: Fit, done: int, total: int) -> None:
        tried = f", learning rate {fit.rate:g}, network {fit.network + 1}" if fit.stage == "search" else ""
        self._title = f"{fit.model}, seed {fit.seed}{tried}"
        self._task = self._bar.add_task(self._title, completed=done, total=total, seen="")
        self._accuracy = ""

    def step(self, loss: float) -> None:
        self._bar.update(self._task, advance=1, seen=f"loss {loss:.3f}{self._accuracy}")

    def epoch(self, accuracy: float) -> None:
        self._accuracy = f", validation accuracy {accuracy:.3f}"

    def end(self, record: dict[str, Any]) -> None:
        self._bar.remove_task(self._task)
        tested = f", test {record['accuracy']:.3f}" if "accuracy" in record else ""
        seen = f"validation accuracy {record['validation_accuracy']:.3f}{tested}, {record['seconds']:.1f} s"
        self._bar.console.print(f"{self._title}: {seen}", highlight=False)

    def note(self, text: str) -> None:
        self._bar.console.print(text, highlight=False)


def tables(results: dict[str, Any]) -> list[Table]:
    """The models of a run beside each other; its quantum model with shots."""
    models = Table("model", "test accuracy", "test loss (nat)", "parameters", "learning rate", "seconds")
    for row in summary(results):
        models.add_row(*row)
    shots = Table("shots per output", "coupling", "test accuracy", "test loss (nat)")
    for cells in shot_rows(results["evaluation"]):
        shots.add_row(*cells)
    return [models, shots]
