"""The run folder: what lies where, and how it is opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdl.errors import RunFolderError
from qdl.train.config import Config, ConfigError, Network, read_toml
from qdl.train.files import PART, read_tensors, write_whole

if TYPE_CHECKING:
    from torch import nn

CONFIG, METRICS, CHECKPOINT = "config.toml", "metrics.jsonl", "checkpoint.safetensors"
DATA = "data.json"  # of own images alone
MODEL, RESULTS, REPORT = "model.safetensors", "results.json", "report.html"
_AGAIN = "delete it and have it made again with: qdl train --resume {}"


def create(config: Config, path: str | Path) -> Path:
    """Makes the folder of a new run, its configuration inside, and with own images the record of what they are.

    Raises
    ------
    DataError
        If own images are malformed; then no folder is made.
    RunFolderError
        If there is something already, or nothing can be written there.
    """
    folder = Path(path)
    record = _images(config) if config.data.path else None
    unfinished = (CONFIG + PART, DATA, DATA + PART) if not (folder / CONFIG).exists() else ()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        content = [entry.name for entry in folder.iterdir() if entry.name not in unfinished]
    except OSError as wrong:
        raise RunFolderError(f"cannot make the run folder {folder}", got=wrong.strerror or wrong) from None
    if content:
        raise RunFolderError(
            f"{folder} is not empty", do=f"choose another folder, or go on with: qdl train --resume {folder}"
        )
    if record is not None:
        write_whole(folder / DATA, json.dumps(record).encode())
    write_whole(folder / CONFIG, config.to_toml().encode())
    return folder


def _images(config: Config) -> dict[str, Any]:
    """The record of own images, which every network of the configuration can take."""
    from qdl.train.data import describe
    from qdl.train.models import build

    record = describe(config.data)
    for network in config.candidates:
        build("twin", network, tuple(record["shape"]), len(record["classes"]), 0)
    return record


def read_config(folder: Path) -> Config:
    """The configuration of a run.

    Raises
    ------
    RunFolderError
        If the folder is missing, holds no run, or its configuration is damaged.
    """
    if not folder.is_dir():
        raise RunFolderError(f"there is no run folder {folder}", do="make one with: qdl train --out FOLDER")
    if not (folder / CONFIG).exists():
        raise RunFolderError(f"{folder} holds no run", expected=CONFIG, do="make one with: qdl train --out FOLDER")
    try:
        tables = read_toml(folder / CONFIG)
        config = Config.read(tables)
    except ConfigError as wrong:
        raise RunFolderError(f"{folder / CONFIG} is damaged", got=wrong) from None
    # The last key that is written: a file cut off before it can still be good TOML, with defaults for the rest.
    if "threads" not in tables.get("machine", {}):
        raise RunFolderError(f"{folder / CONFIG} is damaged", got="no machine.threads, its last line")
    return config


def fingerprint(config: Config) -> str:
    """Of everything that decides what is computed; not of where."""
    return sha256(config.model_dump_json(exclude={"machine": True, "data": {"path"}}).encode()).hexdigest()


def read_results(folder: Path) -> dict[str, Any]:
    """results.json of a finished run.

    Raises
    ------
    RunFolderError
        If the run is not finished or the file is damaged.
    """
    try:
        results = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunFolderError(f"{folder} is not finished", do=f"finish it with: qdl train --resume {folder}") from None
    except (OSError, ValueError) as wrong:
        raise RunFolderError(f"{folder / RESULTS} is damaged", got=wrong, do=_AGAIN.format(folder)) from None
    if not isinstance(results, dict) or not {"fits", "rates", "network", "evaluation", "machine"} <= results.keys():
        raise RunFolderError(f"{folder / RESULTS} is damaged", got="missing tables", do=_AGAIN.format(folder))
    return results


def weights_path(folder: Path, model: str, seed: int) -> Path:
    return folder / "models" / f"{model}-{seed}.safetensors"


def load(folder: str | Path, model: str = "quantum", seed: int | None = None) -> nn.Module:
    """A trained model of a run, rebuilt from its configuration and its weights.

    Parameters
    ----------
    folder : path
        The run folder.
    model : str
        "quantum", "twin", "head" or "frozen".
    seed : int, optional
        One of the run's seeds; the first one if left out.

    Returns
    -------
    torch.nn.Module
        On the CPU, in evaluation mode, exact, at the coupling of training. Takes images (batch, channels, height,
        width) in [0, 1] and returns logits (batch, classes).

    Raises
    ------
    RunFolderError
        If the folder or a file in it is missing, damaged or of another run. Nothing is unpickled.

    Examples
    --------
    >>> load("no/such/run")
    Traceback (most recent call last):
    ...
    qdl.errors.RunFolderError: there is no run folder no/such/run; make one with: qdl train --out FOLDER
    """
    folder = Path(folder)
    config = read_config(folder)
    path = folder / MODEL
    if model != "quantum" or seed is not None:
        path = weights_path(folder, model, config.training.seeds[0] if seed is None else seed)
    if not path.exists():
        do = f"finish the run with: qdl train --resume {folder}, or choose a model and a seed that it has"
        raise RunFolderError(f"{path} is missing", do=do)
    return rebuild(path, model, config)


def rebuild(
    path: Path, name: str, config: Config, coupling: float | None = None, shots: int | None = None, draw: int = 0
) -> nn.Module:
    """The model whose weights lie at `path`, at its coupling or another, exact or with shots (see `models.build`)."""
    from qdl.train.models import build

    weights, facts = read_tensors(path)
    try:
        network = next(each for each in config.candidates if each == Network(**facts["network"]))
        if coupling is not None:
            network = network.model_copy(update={"coupling": coupling})
        model = build(name, network, tuple(facts["shape"]), facts["classes"], 0, shots=shots, draw=draw)
        model.load_state_dict(weights)
    except (KeyError, RuntimeError, StopIteration, ValueError):
        got = "other weights than the configuration describes"
        raise RunFolderError(f"{path} does not belong to this run", got=got, do="restore it from a copy") from None
    return model.eval()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the folder for this process; the system lets go of it however the process ends."""
    if os.name != "posix":
        yield
        return
    import fcntl

    try:
        file = (folder / ".lock").open("w")
    except OSError as wrong:
        raise RunFolderError(f"cannot write into {folder}", got=wrong.strerror or wrong) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunFolderError(f"another process is at work in {folder}", do="wait for it or stop it") from None
        yield
