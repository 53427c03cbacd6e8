"""Jobs of Aer: circuits and numbers in, saved values and outcomes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from qdl.errors import UnsupportedError

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

STRIDE = 2113  # what Aer adds to a job's seed from one experiment to the next


@dataclass(frozen=True)
class Job:
    """What is sent at once.

    Attributes
    ----------
    circuits : list of QuantumCircuit
    binds : list of dict, or None
        For each circuit, a Parameter to its numbers, row by row; None if there are no Parameters.
    shots, seed : int
    """

    circuits: list[QuantumCircuit]
    binds: list[dict[Any, list[float]]] | None
    shots: int
    seed: int = 0

    @property
    def experiments(self) -> int:
        """How many results are to come."""
        if self.binds is None:
            return len(self.circuits)
        return sum(len(next(iter(numbers.values()))) for numbers in self.binds)


def execute(job: Job, method: str, dtype: torch.dtype) -> list[Any]:
    """Run a job; the data of its experiments, circuit by circuit and row by row."""
    from qiskit_aer import AerSimulator

    threads = torch.get_num_threads()
    simulator = AerSimulator(
        method=method,
        precision="single" if dtype == torch.float32 else "double",
        max_parallel_threads=threads,
        max_parallel_experiments=threads,
        enable_truncation=False,  # it mixes up the wires of expectation values (Aer 0.18)
        **({"fusion_threshold": 5} if method == "density_matrix" else {}),  # wires; below, fusing takes longer
    )
    options = {"shots": job.shots, "seed_simulator": job.seed, "memory": True}
    result = simulator.run(job.circuits, parameter_binds=job.binds, **options).result()
    failed = [found.status for found in result.results if not found.success]
    if not result.success or failed or len(result.results) != job.experiments:
        got = str((failed or [result.status])[0])[:300]
        raise UnsupportedError("Aer could not run the job", got=got, do="use another method, or engine='density'")
    return [found.data for found in result.results]
