"""A contestant's process as the runner sees it: asked, waited for, watched, ended."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from qdl.errors import QdlError

WORKER = Path(__file__).with_name("worker.py")
TAIL = 600  # characters of stderr that a report quotes
LOOK = 0.05  # seconds between two looks at the memory


class DidNotFinish(QdlError):
    """A contestant that was too slow, too large or broke; the message is what the table shows."""


def environment(threads: int) -> dict[str, str]:
    """Every library's way to be told its number of threads."""
    names = ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "QULACS", "BLIS", "VECLIB_MAXIMUM", "RAYON")
    return {
        **os.environ,
        **{f"{name}_NUM_THREADS": str(threads) for name in names},
        "OMP_PROC_BIND": "false",
        "JAX_PLATFORMS": "cpu",
        "CUDA_VISIBLE_DEVICES": "",
    }


class Contestant:
    """One process, one adapter.

    Parameters
    ----------
    python, adapter : path
        The interpreter of the contestant's environment, and the file that knows the simulator.
    threads : int
        The number of cores that it may use, too.
    memory : int
        Bytes of resident memory at which it is ended.
    more : mapping
        Further environment variables.
    """

    def __init__(
        self, python: Path | str, adapter: Path, *, threads: int, memory: int, more: Mapping[str, str] | None = None
    ) -> None:
        self.adapter, self.memory = adapter, memory
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by __exit__
        cores = sorted(os.sched_getaffinity(0))[:threads] if hasattr(os, "sched_setaffinity") else []
        self._process = subprocess.Popen(
            [str(python), "-P", str(WORKER), str(adapter)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**environment(threads), **(more or {})},
        )
        if cores:
            os.sched_setaffinity(self._process.pid, cores)
        self._answers: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def ask(self, do: str, *, limit: float, what: str = "a step", **request: Any) -> dict[str, Any]:
        """The answer to a request; a contestant that does not give one in `limit` seconds is ended."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; its last words are read below
        end = time.monotonic() + limit
        while time.monotonic() < end:
            try:
                line = self._answers.get(timeout=LOOK)
            except Empty:
                if resident(self._process.pid) > self.memory:
                    self.end()
                    raise DidNotFinish(f"out of memory: more than {self.memory / 2**30:.0f} GiB") from None
                continue
            if not line:
                raise DidNotFinish(f"ended with code {self._process.wait()}: {self.tail()}")
            answer: dict[str, Any] = json.loads(line)
            if "slow" in answer:
                raise DidNotFinish(answer["slow"])
            if "error" in answer:
                raise DidNotFinish(answer["error"].splitlines()[0][:300])
            return answer
        self.end()
        raise DidNotFinish(f"over {limit:.0f} s {what}")

    def tail(self) -> str:
        """The end of what it wrote to stderr."""
        self._errors.flush()
        self._errors.seek(0)
        return " ".join(self._errors.read()[-TAIL:].split())

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._errors.close()


def resident(process: int) -> int:
    """Bytes that a process holds in memory; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
