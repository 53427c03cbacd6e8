"""The machine profile: what was measured of a machine, kept on disk between processes.

A profile is a JSON file. The measured one lies in the user's cache folder, one file for each processor, PyTorch and
llvmlite; what cannot be read or written there is no error, only measured again. One that the environment variable
QDL_MACHINE names is the user's word, and must be right.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from qdl.engine.tiles import installed
from qdl.errors import ValuesError
from qdl.plan.cost import MACHINE, Machine

VERSION = 1  # of what is measured and how
LENGTHS = {"products": (len(MACHINE.products),), "acts": (0, 3), "backs": (0, 3)}
FIGURES = [field.name for field in fields(Machine) if field.name != "threads"]


@cache
def key() -> dict[str, Any]:
    """What a measured profile is valid for. The figures are those of one thread, so threads are no part of it."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "llvmlite": version("llvmlite") if installed() else None,
        "profile": VERSION,
    }


def _processor() -> str:
    with suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return platform.processor() or platform.machine()


def path() -> Path | None:
    """Where this machine's profile lies, or None where there is no place for it."""
    try:
        from platformdirs import user_cache_path
    except ModuleNotFoundError:
        return None
    digest = hashlib.sha256(json.dumps(key(), sort_keys=True).encode()).hexdigest()[:16]
    return user_cache_path("qdl", appauthor=False) / f"machine-{digest}.json"


def load(file: Path | None) -> Machine | None:
    """The measured profile, if there is one that can be read."""
    if file is None:
        return None
    try:
        return parse(json.loads(file.read_text()))
    except (OSError, ValueError):  # nobody's fault; ValuesError and JSON's own are ValueErrors
        return None


def save(machine: Machine, file: Path | None) -> None:
    """Keep a profile, whole or not at all."""
    if file is None:
        return
    text = json.dumps({"machine": key(), "figures": as_figures(machine)}, indent=1) + "\n"
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=file.name, dir=file.parent)
        try:
            with os.fdopen(handle, "w") as stream:
                stream.write(text)
            os.replace(name, file)
        except OSError:
            os.unlink(name)
            raise


def override(name: str) -> Machine:
    """The profile in the file that QDL_MACHINE names."""
    try:
        return parse(json.loads(Path(name).expanduser().read_text()))
    except ValuesError:
        raise
    except (OSError, ValueError) as error:
        raise ValuesError(
            "QDL_MACHINE names no machine profile",
            got=f"{name!r} ({type(error).__name__}: {error})",
            expected="a JSON file",
            do="copy the one that `qdl doctor` names and edit it, or unset QDL_MACHINE",
        ) from None


def as_figures(machine: Machine) -> dict[str, Any]:
    """The figures of one thread, by name."""
    return {name: figure for name, figure in asdict(machine).items() if name in FIGURES}


def parse(found: Any) -> Machine:
    """The machine that a profile's content describes."""
    figures = found.get("figures") if isinstance(found, Mapping) else None
    if not isinstance(figures, Mapping) or sorted(figures) != sorted(FIGURES):
        got = sorted(figures) if isinstance(figures, Mapping) else type(figures).__name__
        raise ValuesError("a machine profile has other figures", got=got, expected=sorted(FIGURES))
    return Machine(**{name: _figure(name, value) for name, value in figures.items()})


def _figure(name: str, value: Any) -> Any:
    many = value if isinstance(value, list) else [value]
    good = all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) and v > 0 for v in many)
    lengths = LENGTHS.get(name)
    if not good or isinstance(value, list) != (lengths is not None) or (lengths and len(many) not in lengths):
        expected = f"{' or '.join(map(str, lengths))} positive numbers" if lengths else "a positive number"
        raise ValuesError(f"a machine profile has a wrong figure {name!r}", got=repr(value), expected=expected)
    return tuple(map(float, value)) if lengths else float(value)
