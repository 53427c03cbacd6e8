"""The backend: circuits in, counts and memory out, for everything in Qiskit that takes a backend."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from numbers import Integral
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np
import torch
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.result import Result
from qiskit.transpiler import Target

from qdl.adapters.qiskit import samples, settings
from qdl.adapters.qiskit.settings import Runner, Settings
from qdl.adapters.qiskit.target import target
from qdl.adapters.qiskit.translate import Template, translated
from qdl.engine.remote import Real
from qdl.errors import CircuitError, UnsupportedError, ValuesError
from qdl.ir import NoiseModel

if TYPE_CHECKING:
    from qiskit.circuit import Parameter

VERSION = "1"


class QdlJob(JobV1):
    """A run of the backend, in a thread of its own."""

    def __init__(self, backend: QdlBackend, function: Callable[[str], Result]) -> None:
        super().__init__(backend, str(uuid4()))
        self._function = function
        self._future: Future[Result] | None = None

    def submit(self) -> None:
        """Start; the backend has done so already."""
        if self._future is None:
            executor = ThreadPoolExecutor(max_workers=1)
            self._future = executor.submit(self._function, self.job_id())
            executor.shutdown(wait=False)

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the result, at most `timeout` seconds."""
        return self._running().result(timeout)

    def status(self) -> JobStatus:
        """How far it is."""
        future = self._running()
        if future.running():
            return JobStatus.RUNNING
        if future.cancelled():
            return JobStatus.CANCELLED
        if not future.done():
            return JobStatus.QUEUED
        return JobStatus.ERROR if future.exception() else JobStatus.DONE

    def cancel(self) -> bool:
        """Cancel it, if it has not begun."""
        return self._running().cancel()

    def _running(self) -> Future[Result]:
        self.submit()
        assert self._future is not None
        return self._future


class QdlBackend(Runner, BackendV2):
    """qdl as a backend of Qiskit's.

    Parameters
    ----------
    engine : str or engine object, optional
        Where circuits are run: `qdl.run.Options`. By default ``"state"``; with noise, or measurements in the middle,
        what has the least to carry.
    device : torch.device or str, optional
    noise : NoiseModel, optional
    dtype : torch.dtype
        The precision of numbers.
    **fields
        Defaults of the options of `run`.

    Examples
    --------
    >>> from qiskit import QuantumCircuit, transpile
    >>> circuit = QuantumCircuit(2, 2)
    >>> _ = circuit.x(0), circuit.measure([0, 1], [0, 1])
    >>> backend = QdlBackend()
    >>> backend.run(transpile(circuit, backend), shots=10).result().get_counts()
    {'01': 10}
    """

    def __init__(
        self,
        *,
        engine: Any = None,
        device: Any = None,
        noise: NoiseModel | None = None,
        dtype: torch.dtype = torch.float64,
        **fields: Any,
    ) -> None:
        Runner.__init__(self, Settings(engine, device, noise, dtype))
        BackendV2.__init__(self, name="qdl", description="qdl's simulators", backend_version=VERSION, **fields)
        self._target = target()

    @property
    def target(self) -> Target:
        """What it takes as it is."""
        return self._target

    @property
    def max_circuits(self) -> None:
        """Circuits of one run: any number."""
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024, memory=False, seed_simulator=None)

    def run(
        self,
        run_input: QuantumCircuit | Sequence[QuantumCircuit],
        parameter_binds: Sequence[Mapping[Parameter, Any]] | None = None,
        **options: Any,
    ) -> QdlJob:
        """Draw shots of circuits; what is wrong with a circuit is raised here.

        Parameters
        ----------
        run_input : QuantumCircuit or sequence of QuantumCircuit
        parameter_binds : sequence of dict, optional
            One for each circuit: Parameter to a number or to numbers, each set of which is an experiment of its own.
        **options
            ``shots`` (1024), ``memory`` (False), ``seed_simulator`` (None: torch's default generator).

        Returns
        -------
        QdlJob
            Its result has the counts of each experiment, and with ``memory`` the outcome of each shot.
        """
        chosen = _options({**self.options, **options})
        circuits = [run_input] if isinstance(run_input, QuantumCircuit) else list(run_input)
        experiments = [one for found in _bound(circuits, parameter_binds) for one in found]
        tasks = self._tasks(experiments, chosen.shots)
        random = settings.generator(chosen.seed_simulator)
        job = QdlJob(self, partial(self._result, experiments, tasks, chosen, random))
        job.submit()
        return job

    def _tasks(self, experiments: Sequence[_Experiment], shots: int) -> list[_Task]:
        """Experiments of one template, which run together: planned, not yet run."""
        groups: dict[Template, list[int]] = {}
        for number, experiment in enumerate(experiments):
            groups.setdefault(experiment.template, []).append(number)
        return [
            _Task(
                numbers,
                np.stack([experiments[k].row for k in numbers]),
                samples.sampler(template, shots, self.settings, self._plans),
            )
            for template, numbers in groups.items()
        ]

    def _result(
        self,
        experiments: Sequence[_Experiment],
        tasks: Sequence[_Task],
        chosen: _Chosen,
        random: np.random.Generator,
        job_id: str,
    ) -> Result:
        start = time.perf_counter()
        found: dict[int, dict[str, Any]] = {}
        for task in tasks:
            for rows, drawn in task.sampler.draw(task.rows, random):
                for number, outcomes in zip(task.numbers[rows], drawn.packed(task.sampler.template.bits), strict=True):
                    found[number] = _data(outcomes, chosen.memory)
        results = [_entry(experiment, found[k], chosen) for k, experiment in enumerate(experiments)]
        about = {"backend_name": self.name, "backend_version": self.backend_version, "job_id": job_id}
        taken = time.perf_counter() - start
        return Result.from_dict(
            {**about, "results": results, "status": "COMPLETED", "success": True, "time_taken": taken}
        )


class _Chosen(NamedTuple):
    """The options of a run."""

    shots: int
    memory: bool
    seed_simulator: Any


def _options(given: Mapping[str, Any]) -> _Chosen:
    unknown = sorted(set(given) - set(_Chosen._fields))
    if unknown:
        do = "say on which engine and with which noise where the backend is made: QdlBackend(engine=, noise=)"
        raise UnsupportedError("unknown options of a run", got=unknown, expected=_Chosen._fields, do=do)
    chosen = _Chosen(**given)
    if not isinstance(chosen.shots, Integral) or isinstance(chosen.shots, bool) or chosen.shots <= 0:
        raise ValuesError("shots must be a positive integer", got=repr(chosen.shots))
    if not isinstance(chosen.memory, bool):
        raise ValuesError("memory must be True or False", got=repr(chosen.memory))
    settings.check_seed(chosen.seed_simulator)
    return chosen._replace(shots=int(chosen.shots))


class _Experiment(NamedTuple):
    """A circuit with numbers for all it takes."""

    circuit: QuantumCircuit
    template: Template
    row: Real


class _Task(NamedTuple):
    """Experiments that run together."""

    numbers: list[int]
    rows: Real
    sampler: samples.Sampler


def _bound(
    circuits: Sequence[QuantumCircuit], binds: Sequence[Mapping[Parameter, Any]] | None
) -> Iterator[list[_Experiment]]:
    """The experiments that each circuit is."""
    if binds is not None and len(binds) != len(circuits):
        raise ValuesError("parameter_binds needs a dict for each circuit", got=len(binds), expected=len(circuits))
    for k, circuit in enumerate(circuits):
        if not isinstance(circuit, QuantumCircuit):
            raise CircuitError("the backend runs circuits", got=type(circuit).__name__, expected="QuantumCircuit")
        rows = _rows(circuit, {} if binds is None else binds[k])
        found = translated(circuit)
        yield [_Experiment(circuit, found.template, row) for row in found.rows(rows)]


def _rows(circuit: QuantumCircuit, bind: Mapping[Parameter, Any]) -> Real:
    """The numbers of a circuit's Parameters, (n_rows, n_parameters)."""
    missing = [p.name for p in circuit.parameters if p not in bind]
    surplus = [str(p) for p in bind if p not in circuit.parameters]
    if missing or surplus:
        raise ValuesError(
            f"the Parameters of circuit {circuit.name!r} are not bound" if missing else "surplus Parameters",
            got=f"no values for {missing}" if missing else surplus,
            do="assign_parameters, or pass parameter_binds",
        )
    if not bind:
        return np.zeros((1, 0))
    columns = [np.atleast_1d(np.asarray(bind[p], dtype=float)) for p in circuit.parameters]
    if any(column.ndim > 1 for column in columns) or len({len(column) for column in columns}) > 1:
        shapes = [column.shape for column in columns]
        raise ValuesError("Parameters need equally many numbers each", got=shapes, expected="lists of one length")
    return np.stack(columns, axis=1)


def _data(outcomes: samples.Bytes, memory: bool) -> dict[str, Any]:
    """Counts, and with `memory` all outcomes in order, as hexadecimal numbers, from bytes (shots, n_bytes)."""
    distinct, which, counts = np.unique(outcomes, axis=0, return_inverse=True, return_counts=True)
    names = [hex(int.from_bytes(row.tobytes(), "big")) for row in distinct]
    data: dict[str, Any] = {"counts": dict(zip(names, counts.tolist(), strict=True))}
    if memory:
        data["memory"] = [names[k] for k in which.reshape(-1).tolist()]
    return data


def _entry(experiment: _Experiment, data: dict[str, Any], chosen: _Chosen) -> dict[str, Any]:
    """An experiment's part of the result."""
    circuit = experiment.circuit
    header = {
        "name": circuit.name,
        "n_qubits": circuit.num_qubits,
        "memory_slots": circuit.num_clbits,
        "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        "qreg_sizes": [[register.name, register.size] for register in circuit.qregs],
        "clbit_labels": [[register.name, k] for register in circuit.cregs for k in range(register.size)],
        "qubit_labels": [[register.name, k] for register in circuit.qregs for k in range(register.size)],
        "global_phase": float(circuit.global_phase) if not circuit.parameters else 0.0,
        "metadata": circuit.metadata or {},
    }
    about = {"shots": chosen.shots, "seed_simulator": chosen.seed_simulator, "status": "DONE", "success": True}
    return {"name": circuit.name, **about, "header": header, "data": data if circuit.num_clbits else {}}
