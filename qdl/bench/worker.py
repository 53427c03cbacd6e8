"""A contestant's process: ``python -P worker.py peers/NAME.py``, in the contestant's own environment.

It needs Python and numpy, and nothing of qdl. Requests and answers are lines of JSON on stdin and stdout, arrays are
.npz files. The adapter, a file that knows one simulator, defines a class ``Peer``:

``Peer(job)``
    builds what a job (see `describe.job`) asks for; setting threads and precision is its business.
``prepare(values)``
    turns a dict of numpy arrays (the job's Params, and ``weights`` of the outputs) into the simulator's own;
    not timed.
``step(prepared)``
    the work, until its result is there: values and the gradients of sum(weights * values), or values alone, or the
    full state. A job with trajectories draws new ones from ``values["seed"]``.
    It is a dict of tensors or arrays: ``values`` and ``d NAME``, or ``state``.
``arrays(result)`` (optional)
    makes that dict, of numpy arrays, of what ``step`` gives; not timed.
``PACKAGES`` (of the file)
    names of distributions whose versions are reported.
``precision`` (optional)
    what it computes in, "complex64" unless said.
``loops`` (optional)
    True if it knows one circuit at a time: the job then has no batch, and this file goes through the samples.
"""

from __future__ import annotations

import json
import os
import resource
import runpy
import sys
import time
import traceback
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

TOO_LONG = 60.0  # seconds that a step may take
LOOK = 2.0  # seconds after which a loop over samples says how long it will be
LARGE = 2**16  # amplitudes of which a check looks at no more


def draw(job: dict[str, Any], seed: int) -> dict[str, np.ndarray]:
    """The values of every Param, and the weights of the outputs, of one step."""
    rng, kind = np.random.default_rng(seed), np.float32 if job["precision"] == "single" else np.float64
    values = {}
    for name, about in job["values"].items():
        numbers = rng.uniform(about["low"], about["high"], about["shape"]).astype(np.float32)
        values[name] = np.maximum(numbers, about.get("clip", about["low"])).astype(kind)
    values["weights"] = rng.uniform(-1, 1, job["outputs"]).astype(np.float32).astype(kind)
    return reseed(job, values, rng)


def reseed(job: dict[str, Any], values: dict[str, np.ndarray], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The values with another seed, where there is anything to draw; neighbouring steps have seeds far apart."""
    return {**values, "seed": np.array(rng.integers(2**31))} if job["trajectories"] else values


def arrays(peer: Any, result: Any) -> dict[str, Any]:
    """What a step has found as arrays, by the peer's own `arrays` where its results are of another kind."""
    if hasattr(peer, "arrays"):
        return dict(peer.arrays(result))
    return {name: np.asarray(one.detach() if hasattr(one, "detach") else one) for name, one in result.items()}


class Loop:
    """One circuit after the other, for simulators that know no batch."""

    def __init__(self, peer: Any, job: dict[str, Any]) -> None:
        self.peer, self.batch = peer, job["batch"]
        self.sampled = [name for name, about in job["values"].items() if about["sampled"]] + ["weights"]

    def prepare(self, values: dict[str, np.ndarray]) -> list[Any]:
        return [
            self.peer.prepare({k: v[i] if k in self.sampled else v for k, v in values.items()})
            for i in range(self.batch)
        ]

    def step(self, prepared: list[Any]) -> dict[str, np.ndarray]:
        start, done = time.perf_counter(), []
        for i, one in enumerate(prepared):
            done.append(arrays(self.peer, self.peer.step(one)))
            taken = time.perf_counter() - start
            whole = taken / (i + 1) * self.batch
            if taken > LOOK and whole > TOO_LONG:
                raise TooSlow(f"about {whole:.0f} s a step, from {i + 1} of {self.batch} samples")
        gathered = {name: np.array([one[name] for one in done]) for name in done[0]}
        each = {"values", *(f"d {name}" for name in self.sampled)}
        return {name: array if name in each else array.sum(0) for name, array in gathered.items()}


class TooSlow(Exception):
    """A step would take longer than it may."""


class Session:
    """What the requests speak to."""

    def __init__(self, adapter: dict[str, Any]) -> None:
        self.adapter = adapter

    def setup(self, job: dict[str, Any]) -> dict[str, Any]:
        """Everything that is done once, the first call with its compilation included."""
        start = time.perf_counter()
        loops = getattr(self.adapter["Peer"], "loops", False) and job["batch"] is not None
        self.job = job
        peer = self.adapter["Peer"]({**job, "batch": None} if loops else job)
        self.peer = Loop(peer, job) if loops else peer
        self.peer.step(self.peer.prepare(draw(job, 0)))
        return {"seconds": time.perf_counter() - start, "precision": getattr(peer, "precision", "complex64")}

    def check(self, seed: int, file: str) -> dict[str, Any]:
        """The result of one step, in a file; of a large state some amplitudes and the norm."""
        found = arrays(self.peer, self.peer.step(self.peer.prepare(draw(self.job, seed))))
        state = found.get("state")
        if state is not None and state.size > LARGE:
            places = np.random.default_rng(seed).choice(state.size, LARGE, replace=False)
            norm = sum(np.sum(np.square(part), dtype=np.float64) for part in (state.real, state.imag))
            found = {"state": state[places], "norm": np.array([norm])}
        np.savez(file, **found)
        return {"arrays": sorted(found)}

    def repeat(self, seed: int, runs: int, most: int, seconds: float, file: str) -> dict[str, Any]:
        """The values of runs of one step, each with trajectories of its own, in a file: (runs, *outputs).

        So many runs as a time allows, at least `runs` and `most` at most.
        """
        values, rng = draw(self.job, seed), np.random.default_rng((seed, 1))
        found: list[np.ndarray] = []
        end = time.monotonic() + seconds
        while len(found) < runs or (len(found) < most and time.monotonic() < end):
            prepared = self.peer.prepare(reseed(self.job, values, rng))
            found.append(arrays(self.peer, self.peer.step(prepared))["values"])
        np.savez(file, values=np.array(found))
        return {"runs": len(found)}

    def time(self, seed: int, steps: int) -> dict[str, Any]:
        """Seconds of each of some steps, every one with new values."""
        seconds = []
        for step in range(steps):
            prepared = self.peer.prepare(draw(self.job, seed + step))
            start = time.perf_counter()
            result = self.peer.step(prepared)
            seconds.append(time.perf_counter() - start)
            del result
        return {"seconds": seconds}

    def memory(self) -> dict[str, Any]:
        """The process's largest resident size so far, in bytes."""
        try:  # getrusage would count what the runner held when it started this process
            lines = Path("/proc/self/status").read_text().splitlines()
            return {"bytes": next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))}
        except (OSError, StopIteration):
            unit = 1 if sys.platform == "darwin" else 1024
            return {"bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}

    def versions(self) -> dict[str, Any]:
        found = {"python": sys.version.split()[0]}
        for name in self.adapter["PACKAGES"]:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                found[name] = "unknown"
        return {"versions": found}


def main() -> None:
    """Answers requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a simulator prints is no answer
    session: Session | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            session = session or Session(runpy.run_path(sys.argv[1]))
            answer = getattr(session, request.pop("do"))(**request)
        except TooSlow as slow:
            answer = {"slow": str(slow)}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
