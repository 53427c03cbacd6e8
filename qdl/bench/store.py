"""The file of a run: written whole after every row, read again by whoever goes on with it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from qdl.errors import RunFolderError

FILE = "bench.json"


def write(path: Path, content: bytes) -> None:
    """Puts a file in place at once, or not at all: written beside its place, then renamed onto it."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as wrong:
        raise RunFolderError(f"cannot write {path}", got=wrong.strerror or wrong) from None


def save(path: Path, results: dict[str, Any]) -> None:
    """Results as JSON."""
    write(path, json.dumps(results, indent=1).encode())


def load(path: Path) -> dict[str, Any]:
    """The results of a run: its file, or the folder of it.

    Raises
    ------
    RunFolderError
        If there is none, or it is no such file.
    """
    path = path / FILE if path.is_dir() else path
    try:
        results = json.loads(path.read_text())
        results["rows"], results["machine"], results["settings"]
    except FileNotFoundError:
        raise RunFolderError(f"there is no {path}", do="name a file that qdl bench wrote") from None
    except (OSError, ValueError, KeyError, TypeError) as wrong:
        raise RunFolderError(f"{path} holds no benchmark", got=wrong) from None
    found: dict[str, Any] = results
    return found
