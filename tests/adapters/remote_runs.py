"""Circuits on a remote engine, by hand: what the door does, and what the tests compare with the references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from qdl.engine import remote
from qdl.engine.angles import Evaluator
from qdl.engine.remote import Program, Real
from qdl.engine.values import bind
from qdl.grad.batched import Point, differentiate, rows
from qdl.ir import Circuit, Observable
from tests import oracle

Samples = list[dict[str, Any]]


def laid_out(
    circuit: Circuit, values: Mapping[str, Any], dtype: torch.dtype = torch.float64
) -> tuple[Program, Real, Samples]:
    """A circuit as a program, the angles of every sample by the oracle's walk, and every sample's values."""
    _, each = oracle.samples(values)
    made, table = remote.program(circuit.operations, circuit.wires, dtype=dtype)
    angles = [[oracle.number(angle, one) for angle in table.angles] for one in each]
    return made, np.array(angles, dtype=float).reshape(len(each), len(table.angles)), each


def expval(engine: Any, circuit: Circuit, observables: Sequence[Observable], values: Mapping[str, Any]) -> Real:
    """Expectation values of observables at every sample, (samples, observables)."""
    made, angles, each = laid_out(circuit, values)
    words = list(dict.fromkeys(word for o in observables for word in o.terms))
    read = engine.expvals(made, words).run(angles)
    out = np.zeros((len(each), len(observables)))
    for i, one in enumerate(each):
        for k, o in enumerate(observables):
            for word, c in o.terms.items():
                weight = c if isinstance(c, (int, float, complex)) else oracle.number(c, one)
                out[i, k] += complex(weight).real * read[i, words.index(word)]
    return out


def words_with_gradients(
    engine: Any, circuit: Circuit, words: Sequence[Any], values: Mapping[str, Tensor], calls: list[int] | None = None
) -> Tensor:
    """Values of words, (S, n_words), differentiable; `calls` is told how many rows each request has."""
    bound = bind(circuit.params, values)
    made, table = remote.program(circuit.operations, circuit.wires, bound.sampled, bound.dtype)
    prepared = engine.expvals(made, words)
    shared, sampled = Evaluator(table.angles[: table.shared])(bound), Evaluator(table.angles[table.shared :])(bound)
    if sampled.dim() == 1:
        sampled = sampled.expand(max(1, bound.samples), -1)

    def evaluate(points: Sequence[Point], first: int) -> Tensor:
        matrix = rows(points).detach().double().numpy()
        if calls is not None:
            calls.append(len(matrix))
        read = torch.from_numpy(prepared.run(matrix, path=(first,)))
        return read.unflatten(0, (len(points), -1)).to(bound.dtype)

    return differentiate(evaluate, made.sited, shared, sampled)
