"""How far a run has come, in one file and one journal, so that it can go on after a crash as if there had been none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from qdl.errors import RunFolderError
from qdl.train.files import read_tensors, write_tensors


@dataclass
class Progress:
    """How far a run has come.

    Parameters
    ----------
    config : str
        Fingerprint of the configuration that it belongs to.
    records : list of dict
        One per finished fit, in order.
    written : int
        Bytes of metrics.jsonl that belong to what is finished.
    epochs, seconds : int, float
        Finished epochs of the fit under way, and the time they took.
    tensors : dict
        Weights and optimiser state of the fit under way.
    points : list of list of float
        The accuracies measured after the last fit, one point of the survey after the other.
    """

    config: str
    records: list[dict[str, Any]] = field(default_factory=list)
    written: int = 0
    epochs: int = 0
    seconds: float = 0.0
    tensors: dict[str, Tensor] = field(default_factory=dict)
    points: list[list[float]] = field(default_factory=list)

    def next(self, record: dict[str, Any]) -> None:
        """The fit under way is finished."""
        self.records.append(record)
        self.epochs, self.seconds, self.tensors = 0, 0.0, {}

    def write(self, path: Path) -> None:
        facts = asdict(self)
        tensors = facts.pop("tensors")
        write_tensors(path, tensors, facts)

    @classmethod
    def read(cls, path: Path, config: str) -> Progress:
        """The progress kept at `path`; that of a run that has not begun, where there is none.

        Raises
        ------
        RunFolderError
            If it is damaged or belongs to another configuration.
        """
        if not path.exists():
            return cls(config)
        tensors, facts = read_tensors(path)
        try:
            progress = cls(**facts, tensors=tensors)
        except TypeError as wrong:
            raise RunFolderError(f"{path} is no checkpoint of this version of qdl", got=wrong) from None
        if progress.config != config:
            raise RunFolderError(
                f"{path} belongs to another configuration",
                do="undo the changes to config.toml, or start a new run",
            )
        return progress


def pack(model: nn.Module, optimizer: Optimizer) -> dict[str, Tensor]:
    """Everything that a fit has learnt, by name."""
    state = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    for index, moments in optimizer.state_dict()["state"].items():
        state |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
    # Copies: the next step writes into the originals.
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def unpack(tensors: Mapping[str, Tensor], model: nn.Module, optimizer: Optimizer) -> None:
    """The inverse of `pack`."""
    weights: dict[str, Tensor] = {}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "model":
            weights[rest] = tensor
        else:
            index, _, moment = rest.partition(".")
            moments.setdefault(int(index), {})[moment] = tensor
    model.load_state_dict(weights)
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})


class Journal:
    """metrics.jsonl: lines are only ever appended; those after the last checkpoint are forgotten on resume."""

    def __init__(self, path: Path, written: int) -> None:
        self.path = path
        size = path.stat().st_size if path.exists() else 0
        if size < written:
            raise RunFolderError(f"{path} is damaged", got=f"{size} bytes", expected=f"at least {written}")
        if size > written:
            os.truncate(path, written)
        self.written = written

    @classmethod
    def of_whole_lines(cls, path: Path) -> Journal:
        """One that no checkpoint goes with: a last line that a crash cut off is forgotten."""
        return cls(path, path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0)

    def append(self, lines: Iterable[Mapping[str, Any]]) -> None:
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        try:
            with self.path.open("ab") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as wrong:
            raise RunFolderError(f"cannot write {self.path}", got=wrong.strerror or wrong) from None
        self.written += len(content)


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Every line of metrics.jsonl; a last line that a crash cut off is left out.

    Raises
    ------
    RunFolderError
        If the file is missing or another line is damaged.
    """
    try:
        *lines, _cut_off = path.read_bytes().split(b"\n")
    except OSError:
        raise RunFolderError(f"{path} is missing") from None
    try:
        return [json.loads(line) for line in lines]
    except ValueError:
        raise RunFolderError(f"{path} is damaged", got="a line that is no JSON") from None
