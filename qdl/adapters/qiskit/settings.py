"""What primitives and the backend share: on which engine, with which noise, at which precision; and plans, kept."""

from __future__ import annotations

import numbers
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, TypeVar

import numpy as np
import torch

from qdl import registry
from qdl.adapters.qiskit.translate import engine_for
from qdl.engine.remote import Real
from qdl.errors import ValuesError
from qdl.ir import Circuit, NoiseModel
from qdl.measure import seeds
from qdl.run import Compiled, Options

Made = TypeVar("Made")

KEPT = 128  # plans of one primitive
RUNNING = RLock()  # jobs have threads of their own; plans do not expect company


@dataclass(frozen=True)
class Settings:
    """How circuits are run.

    Attributes
    ----------
    engine : str, engine object or None
        None stands for the engine with the least to carry: see `engine_for`.
    device : torch.device, str or None
    noise : NoiseModel or None
    dtype : torch.dtype
    """

    engine: Any = None
    device: Any = None
    noise: NoiseModel | None = None
    dtype: torch.dtype = torch.float64

    def __post_init__(self) -> None:
        engine = "state" if self.engine is None else self.engine
        if isinstance(engine, str):
            registry.engine(engine)
        Options.make({"engine": engine, "device": self.device, "noise": self.noise, "dtype": self.dtype})

    def options(self, circuit: Circuit, shots: int | None, engine: str | None = None) -> Options:
        """The options of a request for a circuit, on an engine if it is known."""
        engine = engine or self.engine
        engine = engine_for(circuit, self.noise, shots) if engine is None else engine
        chosen = {"engine": engine, "device": self.device, "noise": self.noise, "dtype": self.dtype, "shots": shots}
        return Options.make(chosen)


@dataclass
class Plans:
    """The latest requests, planned once each."""

    kept: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What was made for a key, or is made now."""
        with RUNNING:
            if key in self.kept:
                self.kept.move_to_end(key)
            else:
                self.kept[key] = make()
                while len(self.kept) > KEPT:
                    self.kept.popitem(last=False)
            found: Made = self.kept[key]
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {"kept": OrderedDict()}


class Runner:
    """What runs circuits as its settings say, each planned once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._plans = Plans()


class Primitive(Runner):
    """What has random numbers of its own, too."""

    def __init__(self, settings: Settings, seed: Any) -> None:
        check_seed(seed)
        super().__init__(settings)
        self._seed = seed

    @property
    def seed(self) -> Any:
        """Where shots come from."""
        return self._seed


def called(compiled: Compiled, values: Mapping[str, Real], seed: int) -> Any:
    """A request at values, without a graph."""
    with RUNNING, torch.no_grad():
        return compiled({name: torch.from_numpy(v) for name, v in values.items()}, seed=seed)


def generator(seed: Any) -> np.random.Generator:
    """Where the random numbers of one run come from: a number is the same for each run, a generator and None go on."""
    return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seeds.base_seed(seed) % 2**128)


def check_seed(seed: Any) -> None:
    """Refuse what is no seed."""
    number = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
    if seed is not None and not number and not isinstance(seed, (np.random.Generator, torch.Generator)):
        raise ValuesError("no seed", got=repr(seed), expected="an integer, a generator of numpy or torch, or None")
