"""Installs the peers, each into an environment of its own: ``python -m qdl.bench.install [FOLDER]``.

The versions are pinned in ``peers/NAME.txt``. One that fails is reported with its log and holds up nobody.
PIP_FLAGS is handed to pip (an index with CPU-only builds of PyTorch, say).
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from qdl.bench.peers import PEERS
from qdl.bench.runner import ADAPTERS, ENVIRONMENTS

DONE = ".installed"


def install(name: str, folder: Path) -> str | None:
    """One environment; None, or what to look at if it failed. Done already, it is left alone."""
    requirements, place, log = ADAPTERS / f"{name}.txt", folder / name, folder / f"{name}.log"
    stamp = place / DONE
    if stamp.exists() and stamp.read_text() == requirements.read_text():
        return None
    flags = shlex.split(os.environ.get("PIP_FLAGS", ""))
    steps = (
        [sys.executable, "-m", "venv", str(place)],
        [str(place / "bin" / "python"), "-m", "pip", "install", *flags, "-r", str(requirements)],
    )
    with log.open("w") as file:
        for step in steps:
            if subprocess.run(step, stdout=file, stderr=subprocess.STDOUT, check=False).returncode:
                return f"{name} could not be installed, see {log}"
    stamp.write_text(requirements.read_text())
    return None


def main(folder: Path = ENVIRONMENTS) -> None:
    """All environments, two at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted({peer.environment for peer in PEERS.values() if peer.environment})
    with ThreadPoolExecutor(2) as pool:
        for name, fault in zip(names, pool.map(lambda name: install(name, folder), names), strict=True):
            sys.stdout.write(f"{fault or f'{name}: installed'}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
