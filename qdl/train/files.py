"""Files that a crash cannot spoil: each is written beside its place, synced, and renamed onto it in one step.

Whoever opens such a file finds all of the old one or all of the new one. A checksum over tensors and facts catches
what happens to a file later.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qdl.errors import RunFolderError

if TYPE_CHECKING:
    from torch import Tensor

PART = ".part"


def write_whole(path: Path, content: bytes) -> None:
    """Puts a file in place at once, or not at all."""
    part = path.with_name(path.name + PART)
    try:
        path.parent.mkdir(exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        _sync_folder(path.parent)
    except OSError as wrong:
        raise RunFolderError(f"cannot write {path}", got=wrong.strerror or wrong) from None


def _sync_folder(folder: Path) -> None:
    """Makes the renaming itself last; Windows has no such thing."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Tensors and what there is to say about them (plain JSON) in one safetensors file."""
    from safetensors.torch import save

    mine = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(facts)
    write_whole(path, save(mine, {"facts": text, "sha256": _digest(mine, text)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], Any]:
    """What `write_tensors` wrote.

    Raises
    ------
    RunFolderError
        If the file is missing, cut off, or not what was written.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 - not a dict
            notes = file.metadata() or {}
        facts = json.loads(notes["facts"])
    except FileNotFoundError:
        raise RunFolderError(f"{path} is missing") from None
    except (OSError, SafetensorError, KeyError, ValueError) as wrong:
        raise RunFolderError(f"{path} is damaged", got=wrong, do="restore it from a copy") from None
    if notes.get("sha256") != _digest(tensors, notes["facts"]):
        raise RunFolderError(f"{path} is damaged", got="a wrong checksum", do="restore it from a copy")
    return tensors, facts


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    from safetensors.torch import save

    return sha256(save(tensors) + text.encode()).hexdigest()
