"""A run from its first step to its report. Read `run`, then `learn`.

A run is a list of fits: a model, a seed, a learning rate. After every epoch the journal and then the checkpoint are
written; everything random is a function of (seed, epoch). So a killed run repeats at most one epoch and ends in the
same weights, bit for bit (on the CPU, with the same number of threads).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.optim import Adam

from qdl.errors import ValuesError
from qdl.train import folder as place
from qdl.train.checkpoint import Journal, Progress, pack, unpack
from qdl.train.config import Config
from qdl.train.data import Dataset, generator, open_data
from qdl.train.evaluation import Bench, pick_device, score, survey
from qdl.train.files import read_tensors, write_tensors, write_whole
from qdl.train.models import build, trainable
from qdl.train.report import write_report
from qdl.train.settling import Fit, fits, settled


class Watcher:
    """Is told what happens; this one does nothing with it."""

    def begin(self, fit: Fit, done: int, total: int) -> None:
        """A fit starts, or goes on, with `done` of its `total` steps taken."""

    def step(self, loss: float) -> None:
        """A step was taken."""

    def epoch(self, accuracy: float) -> None:
        """An epoch is over and safe; its accuracy on validation data."""

    def end(self, record: dict[str, Any]) -> None:
        """A fit is over and safe."""

    def note(self, text: str) -> None:
        """Something else is being done."""


@dataclass
class Run:
    """A run that is being carried through."""

    folder: Path
    config: Config
    device: torch.device
    data: Dataset
    progress: Progress
    journal: Journal
    watcher: Watcher

    def save(self) -> None:
        self.progress.written = self.journal.written
        self.progress.write(self.folder / place.CHECKPOINT)


def run(folder: str | Path, watcher: Watcher | None = None) -> dict[str, Any]:
    """Carries a run through from wherever it stands: trains what is left, evaluates, writes weights and report.

    Parameters
    ----------
    folder : path
        What `qdl.train.create` made.
    watcher : Watcher, optional
        Is told about every step.

    Returns
    -------
    dict
        The content of results.json: "fits" (one record each), "rates", "evaluation", "machine".

    Raises
    ------
    RunFolderError
        If the folder is missing, damaged or in use.
    """
    folder = Path(folder)
    config = place.read_config(folder)
    with place.alone(folder), threads(config.machine.threads):
        progress = Progress.read(folder / place.CHECKPOINT, place.fingerprint(config))
        journal = Journal(folder / place.METRICS, progress.written)
        device = pick_device(config.machine.device)
        this = Run(
            folder, config, device, open_data(config.data, folder / place.DATA), progress, journal, watcher or Watcher()
        )
        for fit in islice(fits(config, progress.records), len(progress.records), None):
            close(this, fit, learn(this, fit))
        done = all((folder / name).exists() for name in (place.MODEL, place.RESULTS, place.REPORT))
        return place.read_results(folder) if done else finish(this)


def learn(run: Run, fit: Fit) -> nn.Module:
    """Trains one model, from where its checkpoint stands to its last epoch."""
    training, data, progress = run.config.training, run.data, run.progress
    network = run.config.candidates[fit.network]
    model = build(fit.model, network, data.shape, len(data.classes), fit.seed).to(run.device)
    optimizer = Adam(trainable(model), lr=fit.rate)
    if progress.epochs:
        unpack(progress.tensors, model, optimizer)
    validation = data.validation.to(run.device)
    per_epoch = math.ceil(data.count / training.batch)
    total = training.epochs * per_epoch
    run.watcher.begin(fit, progress.epochs * per_epoch, total)

    for epoch in range(progress.epochs, training.epochs):
        began, losses = perf_counter(), []
        model.train()
        images, labels = data.training(fit.seed, epoch).to(run.device)
        order = torch.randperm(data.count, generator=generator("order", fit.seed, epoch)).to(run.device)
        for step, batch in enumerate(order.split(training.batch), epoch * per_epoch):
            optimizer.param_groups[0]["lr"] = fit.rate * schedule((step + 0.5) / total, training.warmup)
            loss = cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(_finite(loss.item(), fit, step))
            run.watcher.step(losses[-1])
        accuracy, cost = score(model, validation)
        seconds = perf_counter() - began

        key = {**fit._asdict(), "epoch": epoch}
        steps = [{"kind": "step", **key, "step": epoch * per_epoch + i, "loss": loss} for i, loss in enumerate(losses)]
        seen = {"validation_accuracy": accuracy, "validation_loss": cost, "seconds": seconds}
        run.journal.append([*steps, {"kind": "epoch", **key, "loss": fmean(losses), **seen}])
        progress.epochs, progress.seconds = epoch + 1, progress.seconds + seconds
        progress.tensors = pack(model, optimizer)
        run.save()
        run.watcher.epoch(accuracy)
    return model


def schedule(done: float, warmup: float) -> float:
    """The learning rate's share of its peak: up in a straight line, then down half a cosine.

    Examples
    --------
    >>> [round(schedule(done, 0.2), 3) for done in (0.1, 0.2, 0.6, 1.0)]
    [0.5, 1.0, 0.5, 0.0]
    """
    if done < warmup:
        return done / warmup
    return (1 + math.cos(math.pi * (done - warmup) / (1 - warmup))) / 2


def close(run: Run, fit: Fit, model: nn.Module) -> None:
    """Keeps what a fit has led to. The test images are looked at here, and nothing is chosen by them."""
    record = {**fit._asdict(), "seconds": run.progress.seconds}
    record["parameters"] = sum(p.numel() for p in model.parameters())
    record["trained_parameters"] = sum(p.numel() for p in trainable(model))
    record["validation_accuracy"], record["validation_loss"] = score(model, run.data.validation.to(run.device))
    if fit.stage == "train":
        record["accuracy"], record["loss"] = score(model, run.data.test.to(run.device))
        path = place.weights_path(run.folder, fit.model, fit.seed)
        facts: dict[str, Any] = {"shape": run.data.shape, "classes": len(run.data.classes)}
        write_tensors(path, model.state_dict(), facts | {"network": run.config.candidates[fit.network].model_dump()})
    run.progress.next(record)
    run.save()
    run.watcher.end(record)


def finish(run: Run) -> dict[str, Any]:
    """What is made from trained models: the survey over couplings and shots, model.safetensors, results, report."""
    run.watcher.note("evaluating with shots")
    seeds = run.config.training.seeds
    weights, facts = read_tensors(place.weights_path(run.folder, "quantum", seeds[0]))
    write_tensors(run.folder / place.MODEL, weights, facts)
    bench = Bench(run.folder, run.config, run.data, run.device)
    results = {
        "fits": run.progress.records,
        "rates": {model: settled(run.config, run.progress.records, model)[1] for model in run.config.training.models},
        "network": run.config.candidates[settled(run.config, run.progress.records, "quantum")[0]].model_dump(),
        "evaluation": survey(bench, run.progress.points, run.save),
        "machine": {"device": str(run.device), "threads": torch.get_num_threads(), "torch": torch.__version__},
    }
    write_whole(run.folder / place.RESULTS, json.dumps(results, indent=1).encode())
    run.watcher.note("writing the report")
    write_report(run.folder)
    return results


def _finite(loss: float, fit: Fit, step: int) -> float:
    if not math.isfinite(loss):
        got = f"loss {loss} in step {step}"
        raise ValuesError(f"the {fit.model} model diverged", got=got, do="lower its learning rate")
    return loss


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Torch on so many threads, for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
