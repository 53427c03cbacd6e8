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
from qdl.train.loop import schedule

JOURNAL = "fits.jsonl"
SIDES = ("quantum", "twin")


@dataclass(frozen=True)
class Budget:
    """What every fit may spend."""

    steps: int = 150
    batch: int = 64
    rates: tuple[float, ...] = (0.03, 0.1, 0.3)
    warmup: float = 0.15
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    search_seeds: tuple[int, ...] = (1000, 1001)


class Fit(NamedTuple):
    """One network trained once; `stage` is "search" or "test"."""

    layer: str
    task: str
    side: str
    stage: str
    rate: float
    seed: int


Told = Callable[[Fit, int, int], None]


def run(
    folder: Path, layers: Iterable[str] = (), tasks: Iterable[str] = (), budget: Budget | None = None,
    told: Told | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Every fit that the folder does not hold yet; killed and called again it goes on where it was.

    Parameters
    ----------
    folder : path
        Holds a journal, a line per finished fit.
    layers, tasks : iterable of str
        Names of `PAIRS` and `TASKS`; all where left out.
    told : callable, optional
        Called before every fit with the fit, how many are done, and how many there are.

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
    budget = budget or Budget()
    layers, tasks = tuple(layers) or tuple(PAIRS), tuple(tasks) or tuple(TASKS)
    for kind, asked, known in (("layer", layers, PAIRS), ("task", tasks, TASKS)):
        for name in asked:
            if name not in known:
                raise ValuesError(f"no {kind} of this name", got=name, expected=", ".join(known))
    journal, records = _begin(folder, budget)
    done = {_key(record) for record in records}
    each = len(budget.rates) * len(budget.search_seeds) + len(budget.seeds)
    total, seen = len(layers) * len(tasks) * len(SIDES) * each, 0
    for layer, name, side in product(layers, tasks, SIDES):
        for fit in _fits(layer, name, side, budget, records):
            if fit not in done:
                if told:
                    told(fit, seen, total)
                records.append(fit._asdict() | _train(fit, open_task(name), budget))
                journal.append(records[-1:])
            seen += 1
    return records


def _begin(folder: Path, budget: Budget) -> tuple[Journal, list[dict[str, Any]]]:
    folder.mkdir(parents=True, exist_ok=True)
    head = json.loads(json.dumps(asdict(budget)))
    journal = Journal.of_whole_lines(folder / JOURNAL)
    if not journal.written:
        journal.append([head])
    first, *records = read_journal(journal.path)
    if first != head:
        raise RunFolderError(f"{folder} holds fits of another budget", got=first, do="choose another folder")
    return journal, records


def _key(record: dict[str, Any]) -> Fit:
    return Fit(*(record[name] for name in Fit._fields))


def _fits(layer: str, task: str, side: str, budget: Budget, records: list[dict[str, Any]]) -> Iterator[Fit]:
    """The search over learning rates, and then, with the best of them, the seeds."""
    for rate, seed in product(budget.rates, budget.search_seeds):
        yield Fit(layer, task, side, "search", rate, seed)
    tried = [
        record
        for record in records
        if (record["layer"], record["task"], record["side"], record["stage"]) == (layer, task, side, "search")
    ]
    best = max(budget.rates, key=lambda rate: _merit(record for record in tried if record["rate"] == rate))
    for seed in budget.seeds:
        yield Fit(layer, task, side, "test", best, seed)


def _merit(records: Iterable[dict[str, Any]]) -> tuple[float, float]:
    """Mean accuracy; among equals, minus the mean loss."""
    accuracies, losses = zip(*((record["accuracy"], record["loss"]) for record in records), strict=True)
    return fmean(accuracies), -fmean(losses)


def _train(fit: Fit, task: Task, budget: Budget) -> dict[str, Any]:
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
