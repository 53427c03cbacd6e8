"""Tapes carried out: those of one structure share a compiled program and run as one batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.adapters.pennylane.device.form import Form, Key, form_of
from qdl.adapters.pennylane.device.reading import STATE, Program, Reading, reading_of
from qdl.adapters.pennylane.device.slots import Kind, Slots, kind_of, vectors

PROGRAMS = 512  # kept compiled
_programs: OrderedDict[Key, Program] = OrderedDict()


@dataclass(frozen=True)
class Setup:
    """How a device computes.

    Attributes
    ----------
    wires : tuple or None
        The device's labels.
    engine : str
    dtype : torch.dtype or None
    device : torch.device, str or None
    """

    wires: tuple[Hashable, ...] | None
    engine: str
    dtype: torch.dtype | None
    device: Any

    @property
    def mixed(self) -> bool:
        """Whether states are density matrices."""
        return self.engine == "density"


@dataclass
class Task:
    """A tape made ready: its structure, what is read, its numbers."""

    tape: Any
    form: Form
    readings: tuple[Reading, ...]
    wires: dict[Hashable, int]
    kind: Kind
    values: dict[str, Tensor]
    key: Key

    @property
    def origin(self) -> torch.device:
        """Where the tensors of the tape are, and its results belong."""
        return self.kind.origin

    @property
    def batch(self) -> int | None:
        """The batch size."""
        return self.form.slots.batch

    def program(self, setup: Setup) -> Program:
        """The compiled program of this structure."""
        full = (self.key, setup, self.kind.dtype)
        found = _programs.get(full)
        if found is None:
            options = {"engine": setup.engine, "device": setup.device, "dtype": self.kind.dtype, "validate": False}
            asked = self.tape.measurements if self.readings != (STATE,) else [None]
            found = Program(self.form, self.readings, asked, self.wires, options, setup.mixed)
            _programs[full] = found
            if len(_programs) > PROGRAMS:
                _programs.popitem(last=False)
        else:
            _programs.move_to_end(full)
        return found


def task_of(tape: Any, setup: Setup) -> Task:
    """A tape analysed; with shots only its state is read."""
    slots = Slots()
    form = form_of(tape.operations, slots)
    wires = wires_of(tape, setup.wires)
    if tape.shots:
        readings: tuple[Reading, ...] = (STATE,)
    else:
        readings = tuple(reading_of(mp, slots, form.projected) for mp in tape.measurements)
    given = slots.everything()
    if STATE in readings:
        given = [*given, *(d for mp in tape.measurements if mp.obs is not None for d in mp.obs.data)]
    kind = kind_of(given, setup.dtype, setup.device)
    key = (form.key, tuple(slots.flags), readings, tuple(wires), form.projected)
    return Task(tape, form, readings, wires, kind, vectors(slots, kind), key)


def wires_of(tape: Any, labels: tuple[Hashable, ...] | None) -> dict[Hashable, int]:
    """Labels to wires: the device's order; without one the order of first use, but that of numbers from 0 to n - 1."""
    if labels is not None:
        found = {label: k for k, label in enumerate(labels)}
        for op in tape.operations:  # deferred measurements may take more
            for label in op.wires.labels:
                found.setdefault(label, len(found))
        return found
    worked = dict.fromkeys(label for op in tape.operations for label in op.wires.labels)
    every = dict.fromkeys([*worked, *(label for mp in tape.measurements for label in mp.wires.labels)])
    if all(type(label) is int for label in every):
        rest = set(every) - set(worked)
        if set(worked) == set(range(len(worked))) and rest == set(range(len(worked), len(every))):
            return {label: label for label in sorted(every)}
    return {label: k for k, label in enumerate(every)}


def run(tapes: Sequence[Any], setup: Setup) -> list[tuple[Task, list[Any]]]:
    """Each exact tape's task and results, one for each measurement, as tensors."""
    tasks = [task_of(tape, setup) for tape in tapes]
    out: list[Any] = [None] * len(tasks)
    for members in _groups(tasks):
        program = tasks[members[0]].program(setup)
        found = program(_joined([tasks[i] for i in members]))
        for place, i in enumerate(members):
            own = found if len(members) == 1 else {key: read[place] for key, read in found.items()}
            out[i] = (tasks[i], program.results(own, tasks[i].tape.measurements))
    return out


@dataclass
class Final:
    """A final state, normalised, (*batch, 2**n) or (*batch, 2**n, 2**n); its wires; how likely it was kept."""

    state: Any
    wires: dict[Hashable, int]
    kept: float


def states(tapes: Sequence[Any], setup: Setup) -> list[Final]:
    """Each tape's final state, as numpy."""
    tasks = [task_of(tape, setup) for tape in tapes]
    out: list[Any] = [None] * len(tasks)
    for members in _groups(tasks):
        program, values = tasks[members[0]].program(setup), _joined([tasks[i] for i in members])
        with torch.no_grad():
            read = program.read("state", values).cpu().numpy()
        for place, i in enumerate(members):
            own = read if len(members) == 1 else read[place]
            own, kept = _kept(own, setup.mixed) if program.projected else (own, 1.0)
            out[i] = Final(own, tasks[i].wires, kept)
    return out


def _kept(state: Any, mixed: bool) -> tuple[Any, float]:
    """A state normalised, and its trace or squared norm before; NaN where nothing is left."""
    share = float(np.trace(state).real if mixed else np.vdot(state, state).real)
    if share < 1e-15:
        return np.full_like(state, np.nan), 0.0
    return state / (share if mixed else np.sqrt(share)), share


def _groups(tasks: Sequence[Task]) -> list[list[int]]:
    """Tasks that can share a run."""
    found: dict[Any, list[int]] = {}
    for i, task in enumerate(tasks):
        found.setdefault((task.key, task.kind, task.batch), []).append(i)
    return list(found.values())


def _joined(tasks: Sequence[Task]) -> Mapping[str, Tensor]:
    """The values of tasks of one structure, tasks in front: (T, ...)."""
    if len(tasks) == 1:
        return tasks[0].values
    found = {name: torch.stack([task.values[name] for task in tasks]) for name in tasks[0].values}
    if tasks[0].batch is not None and "shared" in found:
        found["shared"] = found["shared"].unsqueeze(1)
    return found


def as_numpy(result: Any) -> Any:
    """A result as numpy has it: scalars without dimensions."""
    if isinstance(result, Tensor):
        return result.detach().resolve_conj().cpu().numpy()[()]
    if isinstance(result, (tuple, list)):
        return type(result)(map(as_numpy, result))
    return result
