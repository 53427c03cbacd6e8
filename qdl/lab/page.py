"""The page of a contest: who leads on average and on every task, and a figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from qdl.lab.contest import Budget
from qdl.lab.frames import FRAMES
from qdl.lab.pairs import PAIRS
from qdl.lab.standings import Overall, Standing, overall, standings, verdict
from qdl.lab.tasks import TASKS, open_task
from qdl.train.files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEAD = """# Layers and their classical twins

Every layer stands in a small network, beside a classical twin: the same network with a classical layer of exactly as
many trained numbers in its place. Both sides choose their peak learning rate from {rates} by the
validation part (mean over {searches} seeds of their own), train {steps} steps of {batch} inputs with Adam, and
are tested once for each of {seeds} seeds, which give both sides the same batches and the same initial frame. This page
and its figure are generated, training included, by `qdl lab layers --page {page}`.

Accuracies are means and standard deviations over seeds on the test part. A lead is the quantum side's mean minus its
twin's; its standard error (s.e.) comes from the differences seed by seed. It knows nothing of the split, which is the
same for all: a test part of {least} inputs has steps of {step:.3f} by itself. Among this many comparisons, some leads
beyond 2 s.e. are chance: with nothing between the sides, about one in nine of those on 5 seeds. The networks are small
and briefly trained; what is compared is a layer in this place, not what can be reached on the task.
"""


def write(path: Path, records: Iterable[dict[str, Any]], budget: Budget) -> None:
    """The page, and beside it its figure, of the same name with the suffix .png."""
    records = list(records)
    found = standings(records)
    failed = sum("failed" in record for record in records if record["stage"] == "test")
    path.parent.mkdir(parents=True, exist_ok=True)
    if found:
        figure = BytesIO()
        leads(overall(found)).savefig(figure, format="png", dpi=110, metadata={"Software": None})
        write_whole(path.with_suffix(".png"), figure.getvalue())
    write_whole(path, text(found, budget, path, failed).encode())


def text(found: Sequence[Standing], budget: Budget, path: Path, failed: int) -> str:
    """The page in Markdown; `failed` fits were given up."""
    tasks = [name for name in TASKS if any(one.task == name for one in found)]
    if not found:
        return "# Layers and their classical twins\n\nNo layer has finished yet.\n"
    least = min(len(open_task(name).test.labels) for name in tasks)
    facts = {**asdict(budget), "rates": _list(budget.rates), "seeds": len(budget.seeds)}
    facts["searches"] = len(budget.search_seeds)
    parts = [HEAD.format(**facts, page=path.as_posix(), least=least, step=1 / least), _summary(found, failed)]
    parts += ["## All tasks\n", f"![leads of the layers]({path.with_suffix('.png').name})\n", _overall(found)]
    for name in tasks:
        parts += [f"## {name}\n", _describe(name), _task([one for one in found if one.task == name])]
    return "\n".join(parts)


def _summary(found: Sequence[Standing], failed: int) -> str:
    seen = Counter(verdict(one.lead, one.error) for one in found)
    counted = "; ".join(f"{name}: {seen[name]}" for name in sorted(seen))
    given_up = (
        f"\nFits that ended early, refused by their layer, and count as accuracy 0: {failed}.\n" if failed else ""
    )
    return f"Of {len(found)} comparisons (layer and task), the quantum side is\n{counted}.\n{given_up}"


def _overall(found: Sequence[Standing]) -> str:
    rows = []
    for one in overall(found):
        pair = PAIRS.get(one.layer)
        frame, twin = (FRAMES[pair.frame].words, pair.words) if pair else ("", "")
        ahead = sum(standing.lead > standing.error for standing in one.standings)
        behind = sum(-standing.lead > standing.error for standing in one.standings)
        cells = (one.layer, twin, frame, _gap(one), verdict(one.lead, one.error), f"{ahead} / {behind}")
        rows.append((*cells, str(len(one.standings))))
    heads = ("layer", "twin", "frame", "mean lead", "the quantum side is", "tasks ahead / behind by 1 s.e.", "tasks")
    return _table(heads, rows)


def _task(found: Sequence[Standing]) -> str:
    rows = [
        (one.layer, str(one.parameters), _spread(one.quantum), _spread(one.twin), _gap(one),
         verdict(one.lead, one.error), " / ".join(f"{rate:g}" for rate in one.rates))
        for one in found
    ]  # fmt: skip
    heads = ("layer", "parameters", "quantum", "twin", "lead", "the quantum side is", "learning rates")
    return _table(heads, rows)


def _describe(name: str) -> str:
    task = open_task(name)
    sizes = [len(part.labels) for part in (task.training, task.validation, task.test)]
    shape = " x ".join(map(str, task.shape)) + (" features" if len(task.shape) == 1 else " pixels")
    return f"{task.classes} classes; {shape}; {sizes[0]} to train, {sizes[1]} to validate, {sizes[2]} to test.\n"


def _gap(one: Standing | Overall) -> str:
    return f"{one.lead:+.3f} ± {one.error:.3f}"


def _spread(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f} ± {stdev(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def _list(numbers: Sequence[float]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def leads(found: Sequence[Overall]) -> Figure:
    """The mean lead of every layer with two standard errors, and a faint dot for each task."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 1.2 + 0.26 * len(found)), layout="constrained")
    ax = figure.add_subplot()
    places = range(len(found))
    for place, one in zip(places, found, strict=True):
        ax.plot([each.lead for each in one.standings], [place] * len(one.standings), "o", color="#5b3fd6", alpha=0.25)
    errors = [0.0 if one.error != one.error else 2 * one.error for one in found]
    ax.errorbar([one.lead for one in found], places, xerr=errors, fmt="D", ms=5, color="#5b3fd6", capsize=3)
    ax.axvline(0, color="#888888", lw=1)
    ax.set_yticks(places, [one.layer for one in found])
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("lead in test accuracy over the twin: mean over tasks, 2 s.e.; faint, each task")
    return figure
