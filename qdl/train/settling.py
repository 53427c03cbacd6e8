"""What a run trains, in order; and what its search has settled: the network, and each model's learning rate."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from statistics import fmean
from typing import Any, NamedTuple

from qdl.train.config import Config


class Fit(NamedTuple):
    """One model trained once; `stage` is "search" or "train", `network` one of the configuration's candidates."""

    stage: str
    model: str
    seed: int
    rate: float
    network: int


def fits(config: Config, records: list[dict[str, Any]]) -> Iterator[Fit]:
    """Everything to be trained, in order; `records` grows while it is asked, and holds the search when that is over."""
    models, networks = config.training.models, range(len(config.candidates))
    if searches(config):
        for network, rate, seed in product(networks, _rates(config, "quantum"), config.search.seeds):
            yield Fit("search", "quantum", seed, rate, network)
        chosen = settled(config, records, "quantum")[0]
        for model in models:
            for rate, seed in product(_rates(config, model) if model != "quantum" else (), config.search.seeds):
                yield Fit("search", model, seed, rate, chosen)
    for seed, model in product(config.training.seeds, models):
        network, rate = settled(config, records, model)
        yield Fit("train", model, seed, rate, network)


def searches(config: Config) -> bool:
    return bool(config.search.rates or config.search.networks)


def _rates(config: Config, model: str) -> tuple[float, ...]:
    return config.search.rates or (getattr(config.training.rates, model),)


def settled(config: Config, records: list[dict[str, Any]], model: str) -> tuple[int, float]:
    """A model's network and learning rate: those of the best mean accuracy on validation data, or the configured ones.

    The network is chosen by the quantum model alone; the others follow it.
    """
    if not searches(config):
        return 0, _rates(config, model)[0]

    def quality(tried: tuple[int, float]) -> tuple[float, float]:
        mine = [r for r in searched if (r["network"], r["rate"]) == tried]
        return fmean(r["validation_accuracy"] for r in mine), -fmean(r["validation_loss"] for r in mine)

    searched = [r for r in records if (r["stage"], r["model"]) == ("search", model)]
    return max(dict.fromkeys((r["network"], r["rate"]) for r in searched), key=quality)
