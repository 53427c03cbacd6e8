"""What a run is made of: pydantic models that refuse what they do not know, and the TOML they are kept in."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qdl.errors import QdlError

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Model = Literal["quantum", "twin", "head", "frozen"]


class ConfigError(QdlError, ValueError):
    """A setting of a run that is unknown, missing or out of range; the message names it."""


class Table(BaseModel):
    """One table of config.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Table):
    name: Literal["digits-canvas", "digits", "images"] = Field(default="digits-canvas", description="images: your own")
    path: str = Field(default="", description="of your own images: a folder of class folders, an .npz, IDX files")
    noise: float = Field(default=0.2, ge=0, le=1, description="the canvas's background is uniform between 0 and this")
    placements: Count = Field(default=4, description="fixed positions of every validation and test digit on the canvas")
    limit: int = Field(default=0, ge=0, description="training images used; 0: all")

    @model_validator(mode="after")
    def _path_of_images(self) -> Self:
        if (self.name == "images") != bool(self.path):
            raise ValueError("path belongs to the data set 'images', and that needs one")
        return self

    @property
    def title(self) -> str:
        """The name, or that of the user's own file or folder."""
        return Path(self.path).stem or self.name


class Network(Table):
    """Convolutions, each normalised and rectified; the maximum over all positions; a linear head."""

    channels: tuple[Count, ...] = Field(default=(8, 12, 16), min_length=1, description="outputs of each convolution")
    kernels: tuple[Count, ...] = (3, 3, 3)
    strides: tuple[Count, ...] = (1, 2, 1)
    paddings: tuple[Annotated[int, Field(ge=0)], ...] = (1, 1, 0)
    norm: bool = Field(default=True, description="each convolution's output in units of its fluctuation")
    coupling: Positive = Field(default=0.4, description="g, in training and in exact evaluation")

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        sizes = {name: len(getattr(self, name)) for name in ("channels", "kernels", "strides", "paddings")}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"every convolution needs one of each, got {sizes}")
        return self

    def __str__(self) -> str:
        each = zip(self.channels, self.kernels, self.strides, self.paddings, strict=True)
        shown = ", ".join(f"{c} of {k}x{k}" + f" by {s}" * (s > 1) + f" pad {p}" * (p > 0) for c, k, s, p in each)
        return f"{shown}; {'normalised' if self.norm else 'plain'}; g = {self.coupling:g}"


class Rates(Table):
    """Peak learning rates: what the search of docs/search.md found on digits-canvas."""

    quantum: Positive = 0.02
    twin: Positive = 0.02
    head: Positive = 0.01
    frozen: Positive = 0.08


class Training(Table):
    models: tuple[Model, ...] = ("quantum", "twin", "head", "frozen")
    seeds: tuple[Seed, ...] = Field(default=(0,), min_length=1, description="one fit of every model per seed")
    epochs: Count = 30
    batch: Count = 32
    warmup: float = Field(default=0.15, ge=0, lt=1, description="part of the steps in which the learning rate rises")
    rates: Rates = Rates()

    @model_validator(mode="after")
    def _quantum_once(self) -> Self:
        if "quantum" not in self.models:
            raise ValueError("models must contain 'quantum': the run's model is that one")
        if len(set(self.models)) < len(self.models) or len(set(self.seeds)) < len(self.seeds):
            raise ValueError("models and seeds must each be named once")
        return self


class Search(Table):
    rates: tuple[Positive, ...] = Field(
        default=(), description="peak learning rates to try for every model; empty: no search"
    )
    seeds: tuple[Seed, ...] = Field(
        default=(1000, 1001, 1002), min_length=1, description="kept apart from the seeds of training"
    )
    networks: tuple[Network, ...] = Field(
        default=(), description="to choose from by the quantum model's accuracy; empty: the one above"
    )


class Evaluation(Table):
    couplings: tuple[Positive, ...] = Field(
        default=(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8),
        min_length=1,
        description="g at evaluation",
    )
    floor: Positive = Field(default=0.3, description="the smallest g that may be chosen for a number of shots")
    shots: tuple[Count, ...] = Field(default=(100, 1000), description="shots per output value")
    draws: Count = Field(default=2, description="repetitions of a noisy evaluation")

    @model_validator(mode="after")
    def _choice(self) -> Self:
        if max(self.couplings) < self.floor:
            raise ValueError(f"no coupling reaches the floor {self.floor:g}")
        return self


class Machine(Table):
    device: str = Field(default="auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$", description="auto: a GPU if there is one")
    threads: Count = Field(default=1, description="of the CPU; these networks are too small to gain from more")


class Config(Table):
    """Everything that decides how a run ends.

    Examples
    --------
    >>> Config.read({"training": {"epochs": 3}}).training.epochs
    3
    >>> Config.read({"epochs": 3})
    Traceback (most recent call last):
    ...
    qdl.train.config.ConfigError: the configuration makes no sense: epochs: Extra inputs are not permitted (got 3)
    """

    format: Literal[2] = 2
    data: Data = Data()
    network: Network = Network()
    training: Training = Training()
    search: Search = Search()
    evaluation: Evaluation = Evaluation()
    machine: Machine = Field(default_factory=Machine)

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> Config:
        """The configuration behind nested tables; what is left out has its default."""
        try:
            return cls.model_validate(values)
        except ValidationError as wrong:
            faults = [f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})" for e in wrong.errors()]
            raise ConfigError("the configuration makes no sense: " + "; ".join(faults)) from None

    @property
    def candidates(self) -> tuple[Network, ...]:
        """The networks that a search chooses from; without one, the only one."""
        return self.search.networks or (self.network,)

    def to_toml(self) -> str:
        return "\n".join(_lines(self, ()))


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, or one error that names it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as wrong:
        raise ConfigError(f"cannot read the configuration {path}", got=wrong, expected="a TOML file") from None


def _lines(table: BaseModel, name: tuple[str, ...]) -> list[str]:
    """Numbers, strings, booleans and lists of them are written alike in JSON and TOML."""
    lines: list[str] = []
    inner: list[str] = []
    for key, field in type(table).model_fields.items():
        value, path = getattr(table, key), (*name, key)
        if isinstance(value, BaseModel):
            inner += ["", f"[{'.'.join(path)}]", *_lines(value, path)]
        elif value and isinstance(value, tuple) and isinstance(value[0], BaseModel):
            for each in value:
                inner += ["", f"[[{'.'.join(path)}]]", *_lines(each, path)]
        else:
            comment = f"  # {field.description}" if field.description else ""
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}{comment}")
    return lines + inner
