"""Each layer against a classical twin of as many parameters, in the same small network, on the same data.

Both may choose their learning rate by validation images or features, from the same list; both get the same number of
steps, batches in the same order, and the same seeds. The test part is looked at once, at the end of a fit whose
learning rate is settled.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import product
from math import inf, isfinite
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from qdl.errors import RunFolderError, ValuesError
from qdl.lab.pairs import PAIRS, network
from qdl.lab.tasks import TASKS, Part, Task, open_task
from qdl.lab.twins import count
from qdl.train.checkpoint import Journal, read_journal
from qdl.train.data import generator
from qdl.train.loop import schedule, threads

JOURNAL = "fits.jsonl"
SIDES = ("quantum", "twin")


@dataclass(frozen=True)
class Budget:
    """What every fit may spend."""

    steps: int = 300
    batch: int = 64
    rates: tuple[float, ...] = (0.03, 0.1, 0.3)
    warmup: float = 0.15
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    search_seeds: tuple[int, ...] = (1000, 1001, 1002)


class Entry(NamedTuple):
    """A network on a task: one side of a layer."""

    layer: str
    task: str
    side: str


class Fit(NamedTuple):
    """One network trained once; `stage` is "search" or "test"."""

    layer: str
    task: str
    side: str
    stage: str
    rate: float
    seed: int


Record = dict[str, Any]
Told = Callable[[Entry, int, int], None]


def run(
    folder: Path, layers: Iterable[str] = (), tasks: Iterable[str] = (), budget: Budget | None = None,
    told: Told | None = None, jobs: int = 1,
) -> list[Record]:  # fmt: skip
    """Every fit that the folder does not hold yet; killed and called again it goes on where it was.

    Parameters
    ----------
    folder : path
        Holds a journal, a line per finished fit.
    layers, tasks : iterable of str
        Names of `PAIRS` and `TASKS`; all where left out.
    told : callable, optional
        Called with every entry whose fits are finished, how many fits are done, and how many there are.
    jobs : int
        How many entries are trained side by side, each on one thread, so that the records are the same for any number.

    Returns
    -------
    list of dict
        A record per fit: its fields, "parameters", "accuracy" and "loss" (of the validation part in a search, else of
        the test part).

    Raises
    ------
    ValuesError
        If a name is unknown.
    RunFolderError
        If the folder holds fits of another budget, or its journal is damaged.
    """
    from joblib import Parallel, delayed

    budget = budget or Budget()
    layers, tasks = tuple(layers) or tuple(PAIRS), tuple(tasks) or tuple(TASKS)
    for kind, asked, known in (("layer", layers, PAIRS), ("task", tasks, TASKS)):
        for name in asked:
            if name not in known:
                raise ValuesError(f"no {kind} of this name", got=name, expected=", ".join(known))
    journal, records = _begin(folder, budget)
    entries = [Entry(*names) for names in product(layers, tasks, SIDES)]
    held: dict[Entry, list[Record]] = {entry: [] for entry in entries}
    for record in records:
        held.setdefault(Entry(record["layer"], record["task"], record["side"]), []).append(record)
    each = len(budget.rates) * len(budget.search_seeds) + len(budget.seeds)
    missing = [entry for entry in entries if len(held[entry]) < each]
    done = each * (len(entries) - len(missing))
    finished = Parallel(jobs, return_as="generator")(delayed(_enter)(entry, budget, held[entry]) for entry in missing)
    for entry, made in zip(missing, finished, strict=True):
        journal.append(made)
        records += made
        done += each
        if told:
            told(entry, done, each * len(entries))
    return records


def _begin(folder: Path, budget: Budget) -> tuple[Journal, list[Record]]:
    folder.mkdir(parents=True, exist_ok=True)
    head = json.loads(json.dumps(asdict(budget)))
    journal = Journal.of_whole_lines(folder / JOURNAL)
    if not journal.written:
        journal.append([head])
    first, *records = read_journal(journal.path)
    if first != head:
        raise RunFolderError(f"{folder} holds fits of another budget", got=first, do="choose another folder")
    return journal, records


def _enter(entry: Entry, budget: Budget, held: list[Record]) -> list[Record]:
    """The records of an entry that are not held yet."""
    done = {Fit(*(record[name] for name in Fit._fields)) for record in held}
    records = list(held)
    with threads(1):
        for fit in _fits(entry, budget, records):
            if fit not in done:
                records.append(fit._asdict() | _train(fit, open_task(entry.task), budget))
    return records[len(held) :]


def _fits(entry: Entry, budget: Budget, records: list[Record]) -> Iterator[Fit]:
    """The search over learning rates, and then, with the best of them, the seeds."""
    for rate, seed in product(budget.rates, budget.search_seeds):
        yield Fit(*entry, "search", rate, seed)
    tried = [record for record in records if record["stage"] == "search"]
    best = max(budget.rates, key=lambda rate: _merit(record for record in tried if record["rate"] == rate))
    for seed in budget.seeds:
        yield Fit(*entry, "test", best, seed)


def _merit(records: Iterable[Record]) -> tuple[float, float]:
    """Mean accuracy; among equals, minus the mean loss."""
    accuracies, losses = zip(*((record["accuracy"], record["loss"]) for record in records), strict=True)
    return fmean(accuracies), -fmean(losses)


def _train(fit: Fit, task: Task, budget: Budget) -> Record:
    """A layer that refuses what training made of its weights or inputs has lost: nothing is right, as "failed" says."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(fit.seed)
        model = network(fit.layer, task, fit.side)
        try:
            _learn(model, task.training, fit, budget)
            accuracy, cost = _score(model, task.validation if fit.stage == "search" else task.test)
        except ValuesError as refusal:
            return {"parameters": count(model), "accuracy": 0.0, "loss": inf, "failed": str(refusal)}
    return {"parameters": count(model), "accuracy": accuracy, "loss": cost}


def _learn(model: nn.Module, part: Part, fit: Fit, budget: Budget) -> None:
    optimizer = torch.optim.Adam(model.parameters(), lr=fit.rate)
    for step, batch in enumerate(_batches(len(part.labels), budget, fit.seed)):
        optimizer.param_groups[0]["lr"] = fit.rate * schedule((step + 0.5) / budget.steps, budget.warmup)
        loss = cross_entropy(model(part.inputs[batch]), part.labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def _batches(size: int, budget: Budget, seed: int) -> Iterator[Tensor]:
    """Places of as many batches as there are steps, epoch after epoch in a new order."""
    left = budget.steps
    for epoch in range(left):
        order = torch.randperm(size, generator=generator("contest", seed, epoch))
        batches = order.split(budget.batch)[:left]
        yield from batches
        left -= len(batches)


@torch.no_grad()
def _score(model: nn.Module, part: Part) -> tuple[float, float]:
    logits = model.eval()(part.inputs)
    loss = cross_entropy(logits, part.labels).item()
    return (logits.argmax(1) == part.labels).float().mean().item(), loss if isfinite(loss) else inf
