"""How exact qdl is, in one command: ``python -m tests.accuracy --circuits 2000``.

Prints the largest error over every gate of Qiskit's standard library that has a matrix, over random circuits against
the oracle, of every gradient method, and the message that each bad input meets. Exits with 1 if anything is beyond its
bound. Circuit k is drawn from seed k, so that every run draws the same ones.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from random import Random

import numpy as np
import torch
from qiskit.circuit.library import get_standard_gate_name_mapping
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

import qdl
from qdl.errors import QdlError
from qdl.ir import Circuit, Param
from tests import bad_input, checks, oracle, peers
from tests.strategies import Case, case

Errors = dict[str, float]
PRECISIONS = {torch.float64: "complex128", torch.float32: "complex64"}
BOUNDS = {f"{kind}, {name}": checks.STATE_ERROR[dtype] for dtype, name in PRECISIONS.items() for kind in checks.KINDS}
BOUNDS |= {name: checks.STATE_ERROR[dtype] for dtype, name in PRECISIONS.items()}
BOUNDS |= checks.GRADIENT_ERROR


def gate_errors(name: str) -> Errors:
    """The error of a gate of Qiskit's standard library on random product states at random angles, per precision."""
    draw = np.random.default_rng(0)
    row = get_standard_gate_name_mapping()[name]
    register = max(1, row.num_qubits)
    x, angles = Param("x", 2 * register), Param("angles", max(1, len(row.params)))
    before = Circuit(register)
    for wire in range(register):
        before.rx(x[wire], wire).rz(x[register + wire], wire)
    ours = {"global_phase": "gphase"}.get(name, name)
    made = before.copy().gate(ours, *[angles[k] for k in range(len(row.params))], *range(row.num_qubits))
    given = {p.name: torch.tensor(draw.uniform(-7, 7, (20, p.size))) for p in made.params}
    errors = {}
    for dtype, label in PRECISIONS.items():
        values = {key: value.to(dtype) for key, value in given.items()}
        starts = oracle.states(before, {"x": values["x"]})
        rows = values.get("angles", torch.zeros(20, 0)).tolist()
        matrices = [peers.flip(type(row)(*numbers).to_matrix()) for numbers in rows]
        matrices = [np.kron(matrix, np.eye(2**register // len(matrix))) for matrix in matrices]
        expected = np.stack([matrix @ psi for matrix, psi in zip(matrices, starts, strict=True)])
        errors[label] = checks.distance(qdl.state(made, values), expected)
    return errors


def drawn(seed: int, widest: int) -> Case:
    """The random case of a seed, its wires going round from 1 to `widest`."""
    draw, wires = Random(seed), seed % widest + 1
    return case(draw, wires, draw.randint(1, 3 + 5 * wires))


def circuit_errors(seed: int) -> Errors:
    """All errors of one random circuit in both precisions."""
    made = drawn(seed, 8)
    found = {label: checks.forward(made, dtype) for dtype, label in PRECISIONS.items()}
    return {f"{kind}, {label}": error for label, errors in found.items() for kind, error in errors.items()}


def gradient_errors(seed: int) -> Errors:
    """The differences between all gradient methods on one random circuit."""
    return checks.gradients(drawn(seed, 4), seed)


def one_thread() -> None:
    torch.set_num_threads(1)


class Report:
    """Runs checks beside each other under one progress bar, prints tables, and counts what was beyond its bound."""

    def __init__(self, console: Console, run: Callable[..., Iterable[Errors]]) -> None:
        self.console, self.run, self.failures = console, run, 0
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=console)

    def measure(
        self, title: str, check: Callable[..., Errors], subjects: Iterable[str | int], every: bool = False
    ) -> None:
        """The largest error of each kind over all subjects, and where it occurred; with `every`, all errors."""
        found: dict[str | int, Errors] = {}
        subjects = list(subjects)
        task = self.progress.add_task(title, total=len(subjects))
        for subject, errors in zip(subjects, self.run(check, subjects), strict=True):
            found[subject] = errors
            self.progress.advance(task)
        table = Table("", "largest error", "at", "bound", "", title=title, title_justify="left")
        for kind in dict.fromkeys(kind for errors in found.values() for kind in errors):
            worst = max(found, key=lambda subject: found[subject].get(kind, 0.0))
            error = found[worst][kind]
            good = error <= BOUNDS[kind]
            self.failures += not good
            verdict = "ok" if good else "[red]beyond[/red]"
            table.add_row(kind, f"{error:.1e}", str(worst), f"{BOUNDS[kind]:.0e}", verdict)
        self.console.print(table)
        if every:
            for subject, errors in found.items():
                line = ", ".join(f"{kind} {error:.1e}" for kind, error in errors.items())
                self.console.print(f"  {subject:<14} {line}", highlight=False)

    def refuse(self) -> None:
        """The message of every bad input."""
        self.console.print("\nBad input")
        for bad in bad_input.TABLE:
            message = self.message(bad)
            self.console.print(f"  {bad.name}: {message}", highlight=False, markup=False, soft_wrap=True)

    def message(self, bad: bad_input.Bad) -> str:
        try:
            bad.call()
        except QdlError as error:
            return str(error)
        except Exception as error:  # what a user must never see
            self.failures += 1
            return f"BARE ERROR {type(error).__name__}: {error}"
        self.failures += 1
        return "NOT REFUSED"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.accuracy", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--circuits", type=int, default=2000, help="random circuits of 1 to 8 wires (default 2000)")
    parser.add_argument("--gradients", type=int, default=200, help="random circuits of 1 to 4 wires (default 200)")
    parser.add_argument("--workers", type=int, default=multiprocessing.cpu_count(), help="processes; 1 is this one")
    chosen = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        run: Callable[..., Iterable[Errors]] = map
        if chosen.workers > 1:
            context = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(chosen.workers, mp_context=context, initializer=one_thread)
            run = partial(stack.enter_context(pool).map, chunksize=4)
        report = Report(Console(), run)
        with report.progress:
            report.measure("Gates of Qiskit's standard library", gate_errors, peers.STANDARD, every=True)
            if chosen.circuits:
                report.measure(
                    "Random circuits against the oracle", circuit_errors, range(chosen.circuits), every=False
                )
            if chosen.gradients:
                report.measure("Gradients against adjoint", gradient_errors, range(chosen.gradients))
    report.refuse()
    report.console.print(f"\n{report.failures or 'nothing'} beyond bounds")
    return int(report.failures > 0)


if __name__ == "__main__":
    sys.exit(main())
