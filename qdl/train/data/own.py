"""The user's own images: which reader a path is for, how they are split, and what a run folder keeps of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from qdl.errors import DataError, RunFolderError
from qdl.train.config import Data
from qdl.train.data import folders, idx, npz
from qdl.train.data.digits import fixed, require_enough
from qdl.train.data.images import Dataset, Images, check, generator
from qdl.train.data.parts import FULL, TEST, TRAINING, VALIDATION, WHOLE, Found, Part, require_alike

PARTS = (TRAINING, VALIDATION, TEST)
# Of each class, where the data come without: a fifth is test images, 15 % are validation images.
SHARES = {TEST: 0.2, VALIDATION: 0.15}


class Reader(NamedTuple):
    """A kind of files: what it is called, which paths are of it, how they are read."""

    what: str
    takes: Callable[[Path], bool]
    read: Callable[[Path], Found]


READERS = (
    Reader("an .npz", lambda path: path.suffix.lower() == ".npz" and path.is_file(), npz.read),
    Reader("IDX files", idx.holds, idx.read),
    Reader("a folder with a folder of images for each class", Path.is_dir, folders.read),
)


def read(path: Path) -> Found:
    """What a path holds.

    Raises
    ------
    DataError
        If there is nothing, or nothing that can be learnt from.
    """
    if not path.exists():
        raise DataError(f"there is no data at {path}", expected="; ".join(reader.what for reader in READERS))
    for reader in READERS:
        if reader.takes(path):
            found = reader.read(path)
            require_alike(found)
            return found
    raise DataError(f"{path} is no data that is known", expected="; ".join(reader.what for reader in READERS))


def split(found: Found) -> dict[str, tuple[Part, np.ndarray]]:
    """Which images are for training, validation and test: those said to be, else by chance within each class.

    The same images in the same order are split the same way always.
    """
    given = {part.name: (part, np.arange(len(part.labels))) for part in found.parts}
    rest, _ = given.pop(WHOLE if WHOLE in given else TRAINING)
    shares = {name: share for name, share in SHARES.items() if name not in given}
    chosen: dict[str, list[np.ndarray]] = {name: [] for name in (TRAINING, *shares)}
    for label, name in enumerate(found.classes):
        mine = np.flatnonzero(rest.labels == label)
        if len(mine) <= len(shares):
            expected = f"at least {len(shares) + 1}: one for each of {', '.join(chosen)}"
            raise DataError(f"too few images of class {name}", got=len(mine), expected=expected)
        total, mine = len(mine), mine[_order(len(mine), label)]
        for part, share in shares.items():
            count = max(1, round(share * total))
            chosen[part].append(mine[:count])
            mine = mine[count:]
        chosen[TRAINING].append(mine)
    parts = {name: np.concatenate(places) for name, places in chosen.items()}
    # Shuffled, so that the first of them are a sample of all classes.
    parts[TRAINING] = parts[TRAINING][_order(len(parts[TRAINING]), "all")]
    return {**given, **{name: (rest, places) for name, places in parts.items()}}


def _order(count: int, key: object) -> np.ndarray:
    found: np.ndarray = torch.randperm(count, generator=generator("split", "images", key)).numpy()
    return found


def own(data: Data, record: Path | None = None) -> Dataset:
    """Own images as single-precision numbers in [0, 1]; with a record, those that it is of.

    Raises
    ------
    DataError
        If they are malformed.
    RunFolderError
        If they have changed, or the record is missing or damaged.
    """
    found = read(Path(data.path))
    parts = split(found)
    if record is not None:
        _require_unchanged(data.path, record, _record(found, parts))
    training, validation, test = (_tensors(*parts[name]) for name in PARTS)
    return fixed(training, validation, test, found.classes, data.limit)


def _tensors(part: Part, places: np.ndarray) -> Images:
    images = torch.from_numpy(part.images[places].astype(np.float32))
    return check(images.div_(FULL.get(str(part.images.dtype), 1)), torch.from_numpy(part.labels[places]).long())


def describe(data: Data) -> dict[str, Any]:
    """What a run folder keeps of own images: what they are, and how they are split.

    Raises
    ------
    DataError
        If they are malformed, or fewer than the configuration asks for.
    """
    found = read(Path(data.path))
    parts = split(found)
    require_enough(len(parts[TRAINING][1]), data.limit)
    return _record(found, parts)


def _record(found: Found, parts: dict[str, tuple[Part, np.ndarray]]) -> dict[str, Any]:
    return {
        "fingerprint": found.fingerprint(),
        "classes": list(found.classes),
        "shape": list(found.parts[0].images.shape[1:]),
        "images": {name: [part.places[place] for place in places] for name, (part, places) in sorted(parts.items())},
    }


def _require_unchanged(source: str, path: Path, now: dict[str, Any]) -> None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        before = kept["fingerprint"]
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing", do="restore it from a copy, or start a new run") from None
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise RunFolderError(f"{path} is damaged", got=wrong, do="restore it from a copy") from None
    if now["fingerprint"] != before:
        raise RunFolderError(
            f"the images at {source} have changed since the run began",
            got=f"fingerprint {now['fingerprint'][:12]}",
            expected=str(before)[:12],
            do="restore them, or start a new run",
        )
    if now != kept:
        raise RunFolderError(f"{path} is damaged", got="another split than that of its images")
