"""Remote engines: circuits are handed over once, values many times, and what comes back are arrays of numbers.

A remote engine (a simulator of someone else's, a device) sees neither tensors nor gradients. It is given a `Program`
and what is to be read, refuses there what it cannot do, and returns a `Prepared` whose `run` takes the angles of all
samples, and of all shifted circuits that a gradient needs, as the rows of one matrix: one submission, whatever the
number of rows. Derivatives are taken by the caller, from values alone (qdl.grad.batched).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from qdl.ir import Operation
from qdl.ir.observables import Word
from qdl.ir.params import Expr
from qdl.plan.angles import AngleTable, angle_table

Real = NDArray[np.float64]
Bits = NDArray[np.int8]
Read = TypeVar("Read", covariant=True)


@dataclass(frozen=True)
class Program:
    """A circuit without values.

    Attributes
    ----------
    operations : tuple of Operation
        With the bits that they write and their conditions; composite ones only if small and without parameters.
    wires : int
    columns : dict
        For each operation whose angles vary from row to row, by its number: the columns of all its angles.
    dtype : torch.dtype
        float32 or float64: the precision that is asked for.
    """

    operations: tuple[Operation, ...]
    wires: int
    columns: Mapping[int, tuple[int, ...]]
    dtype: torch.dtype = torch.float64

    @property
    def sited(self) -> list[tuple[Operation, tuple[int, ...]]]:
        """The operations that vary, and the columns of their angles."""
        return [(self.operations[index], columns) for index, columns in self.columns.items()]


@dataclass(frozen=True)
class Setting:
    """One way to measure the final state.

    Attributes
    ----------
    names : tuple of int and str
        What is read, wires and bits, in the order of the columns.
    shots : int
    turns : tuple of Operation
        What is done before wires are measured: operations with plain angles.
    """

    names: tuple[int | str, ...]
    shots: int
    turns: tuple[Operation, ...] = ()


class Prepared(Protocol[Read]):
    """A program and what is read of it, ready for values."""

    def run(self, angles: Real, seed: int = 0, path: tuple[int, ...] = ()) -> Read:
        """What is read at each row of angles, by one submission.

        Parameters
        ----------
        angles : (rows, n_angles) float64
        seed : int
        path : tuple of int
            Tells apart the runs that share a seed.
        """


class Remote(Protocol):
    """An engine that takes circuits and values. What it cannot do is refused here, before anything is sent."""

    def expvals(self, program: Program, words: Sequence[Word]) -> Prepared[Real]:
        """Exact expectation values of words, (rows, n_words)."""

    def probs(self, program: Program, names: Sequence[int | str]) -> Prepared[Real]:
        """Exact probabilities of the joint values of wires and bits, (rows, 2**n), the first most significant."""

    def samples(self, program: Program, settings: Sequence[Setting]) -> Prepared[list[Bits]]:
        """Outcomes of each setting, (rows, shots, n_names)."""


def program(
    operations: Sequence[Operation],
    wires: int,
    sampled: frozenset[str] = frozenset(),
    dtype: torch.dtype = torch.float64,
) -> tuple[Program, AngleTable]:
    """A program and its angles: its columns are the table's, those shared by the batch first.

    Parameters
    ----------
    operations : sequence of Operation
    wires : int
    sampled : frozenset of str
        Names of the Params whose values are per sample.
    dtype : torch.dtype

    Examples
    --------
    >>> from qdl.ir import Circuit, Param
    >>> x = Param("x", 2)
    >>> circuit = Circuit(2).rx(x[1], 0).cx(0, 1).rzz(x[0], 0, 1)
    >>> made, table = program(circuit.operations, 2)
    >>> made.columns, [str(angle) for angle in table.angles]
    ({0: (0,), 2: (1,)}, ['x[1]', 'x[0]'])
    """
    kept = tuple(inner for op in operations for inner in ([op] if _is_matrix(op) else op.elementary()))
    table, columns = angle_table(kept, sampled)
    return Program(kept, wires, columns, dtype), table


def _is_matrix(op: Operation) -> bool:
    """Whether a gate is as well one matrix: the steps of ECR, a Clifford gate, are none."""
    return 0 < op.gate.wires <= 2 and not any(isinstance(angle, Expr) for angle in op.angles)
