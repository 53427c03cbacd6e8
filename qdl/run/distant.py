"""A circuit on a remote engine: angles of all samples and all shifts go out in one request, numbers come back.

Such an engine has no states and no adjoints; derivatives are taken from values alone, by the shift rules of gates and
of channels' strengths (`qdl.grad.batched`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.remote import Program, Remote, Setting, program
from qdl.engine.values import Values
from qdl.errors import UnsupportedError
from qdl.grad import batched, finite, strengths
from qdl.grad.batched import EvaluateMany, Point
from qdl.grad.differences import Sited
from qdl.grad.spsa import Spsa
from qdl.ir import Circuit
from qdl.ir.observables import Word

MOVES = {"auto": strengths.moves, "shift": strengths.moves, "finite": finite.moves}


class Distant:
    """A circuit on a remote engine.

    Parameters
    ----------
    engine : Remote
    name : str
        By which messages call it.
    circuit : Circuit
    grad : str
        ``"auto"``, ``"shift"``, ``"finite"`` or ``"spsa"``.
    """

    def __init__(self, engine: Remote, name: str, circuit: Circuit, grad: str) -> None:
        if grad not in (*MOVES, "spsa"):
            raise UnsupportedError(
                f"engine {name!r} gives values only, no states", got=f"grad={grad!r}", do="use grad='auto'"
            )
        self.engine, self.circuit, self.grad = engine, circuit, grad
        self._programs: dict[Any, _Program] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_programs": {}}

    def refuse_early(self, ask: Callable[[Program], Any]) -> None:
        """Let the engine refuse what it cannot do, before there are values."""
        ask(_Program(self.circuit, frozenset(), torch.float64).program)

    def expvals(self, values: Values, words: Sequence[Word]) -> Tensor:
        """Exact expectation values, (S, n_words), differentiable."""
        found = self._program(values)
        prepared = found.prepared(("expvals", tuple(words)), lambda p: self.engine.expvals(p, words))
        return self.differentiate(values, _exact(prepared))

    def probs(self, values: Values, names: Sequence[int | str]) -> Tensor:
        """Exact probabilities of wires and bits, (S, 2**n), differentiable."""
        found = self._program(values)
        prepared = found.prepared(("probs", tuple(names)), lambda p: self.engine.probs(p, names))
        return self.differentiate(values, _exact(prepared))

    def samples(
        self, values: Values, settings: Sequence[Setting], points: Sequence[Point], seed: int, first: int
    ) -> list[Tensor]:
        """Outcomes of each setting at each point, (n_points, S, shots, n_names) int8."""
        found = self._program(values)
        prepared = found.prepared(("samples", tuple(settings)), lambda p: self.engine.samples(p, settings))
        drawn = prepared.run(_numbers(points), seed, (first,))
        return [torch.from_numpy(bits).to(values.device).unflatten(0, (len(points), -1)) for bits in drawn]

    def differentiate(self, values: Values, evaluate: EvaluateMany) -> Tensor:
        """What `evaluate` gives at the angles of some values, with gradients."""
        found = self._program(values)
        shared, sampled = found.angles(values)
        if self.grad == "spsa":
            return Spsa().values(lambda a, b, run: evaluate([(a, b)], run)[0], found.sited, shared, sampled)
        return batched.differentiate(evaluate, found.sited, shared, sampled, MOVES[self.grad])

    def point(self, values: Values) -> Point:
        """The angles of some values."""
        return self._program(values).angles(values)

    def _program(self, values: Values) -> _Program:
        key = (values.sampled, values.dtype)
        if key not in self._programs:
            self._programs[key] = _Program(self.circuit, values.sampled, values.dtype)
        return self._programs[key]


def _numbers(points: Sequence[Point]) -> Any:
    return batched.rows(points).detach().double().cpu().numpy()


def _exact(prepared: Any) -> EvaluateMany:
    def evaluate(points: Sequence[Point], first: int) -> Tensor:
        like = points[0][1]
        found = prepared.run(_numbers(points))
        return torch.from_numpy(found).to(like).unflatten(0, (len(points), -1))

    return evaluate


class _Program:
    """A program for one choice of what is per sample, and what turns values to its angles."""

    def __init__(self, circuit: Circuit, sampled: frozenset[str], dtype: torch.dtype) -> None:
        self.program, table = program(circuit.operations, circuit.wires, sampled, dtype)
        self.shared, self.sampled = Evaluator(table.angles[: table.shared]), Evaluator(table.angles[table.shared :])
        operations = self.program.operations
        self.sited: list[Sited] = [(operations[index], columns) for index, columns in self.program.columns.items()]
        self._prepared: dict[Any, Any] = {}

    def angles(self, values: Values) -> Point:
        """What is shared, (n_shared,), and what is per sample, (S, n_sampled)."""
        shared, sampled = self.shared(values), self.sampled(values)
        return shared, sampled.expand(max(1, values.samples), -1) if sampled.dim() == 1 else sampled

    def prepared(self, key: Any, make: Callable[[Program], Any]) -> Any:
        """What the engine made of the program for one request, made once."""
        if key not in self._prepared:
            self._prepared[key] = make(self.program)
        return self._prepared[key]
