"""Circuits on a remote engine, by hand: what the door does, and what the tests compare with the references.

The class at the end holds what every library's engines must do: it says which they are, and gets the battery.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import qdl
from qdl.engine import remote
from qdl.engine.angles import Evaluator
from qdl.engine.remote import Program, Real, Setting
from qdl.engine.values import bind
from qdl.grad.batched import Point, differentiate, rows
from qdl.ir import TABLE, Circuit, Observable, Operation, Param, X, Y, Z
from qdl.ir.channels import Measure
from tests import noisy_oracle, oracle
from tests.checks import distance
from tests.strategies import case

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


def scrambled(wires: int, seed: int) -> Circuit:
    """A circuit on whose state no two wires and no two bases are alike."""
    numbers = np.random.default_rng(seed)
    circuit = Circuit(wires)
    for w in range(wires):
        circuit.ry(float(numbers.uniform(0.3, 2.8)), w).rz(float(numbers.uniform(0.3, 2.8)), w)
    for w in range(wires - 1):
        circuit.cx(w, w + 1).rx(float(numbers.uniform(0.3, 2.8)), w)
    return circuit


def probabilities(circuit: Circuit, names: Iterable[int | str], each: Sequence[dict[str, Any]]) -> Any:
    """Those of the joint values of wires and bits at every sample, by the reference."""
    return np.array([noisy_oracle.probs(circuit, one, list(names)) for one in each])


def noisy_measure(circuit: Circuit, wire: int, bit: str, *flips: Any) -> Circuit:
    """Add a measurement that is written wrongly."""
    return circuit._add(Operation(Measure(noisy=True), flips, (wire,), bit=bit))


def frequencies(bits: Any) -> Any:
    """How often each bit string was drawn, (rows, 2**n), from (rows, shots, n)."""
    index = bits.astype(int) @ (1 << np.arange(bits.shape[-1])[::-1])
    return np.array([np.bincount(row, minlength=2 ** bits.shape[-1]) / bits.shape[1] for row in index])


def outliers(found: Any, expected: Any, shots: int) -> int:
    """How many frequencies lie beyond 4 sigma of the probabilities."""
    assert found.shape == expected.shape
    sigma = np.sqrt(np.maximum(expected * (1 - expected), 1 / shots) / shots)
    return int((np.abs(found - expected) > 4 * sigma).sum())


def check_gradients(
    engine: Any, circuit: Circuit, words: Any, observables: Any, values: Any, own: str, sent: list[Any] | None = None
) -> None:
    """Values and gradients with random cotangents, frozen values, and a second backward; `sent` has a line a job."""
    if not circuit.params:
        return
    before, rows = len(sent or ()), list[int]()
    leaves = {name: value.clone().requires_grad_() for name, value in values.items()}
    out = words_with_gradients(engine, circuit, words, leaves, rows)
    assert sent is None or len(sent) == before + 1
    g = torch.randn(out.shape, generator=torch.Generator().manual_seed(0), dtype=out.dtype)
    found = torch.autograd.grad(out, list(leaves.values()), g, retain_graph=True, allow_unused=True)
    assert sent is None or len(sent) == before + len(rows) <= before + 2
    again = torch.autograd.grad(out, list(leaves.values()), g, allow_unused=True)
    expected = qdl.expval(circuit, observables, leaves, engine=own)
    wanted = torch.autograd.grad(expected.reshape(-1, len(words)), list(leaves.values()), g.reshape(-1, len(words)))
    scale = max([1.0, *(float(w.abs().max()) for w in wanted)])
    assert distance(out.detach(), expected.detach().reshape(out.shape)) <= 1e-8
    for one, two, right in zip(found, again, wanted, strict=True):
        assert distance(torch.zeros_like(right) if one is None else one, right) <= 1e-8 * scale
        assert one is None or torch.equal(one, two)


def watched(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """The first argument of every call of a method, from now on."""
    sent: list[Any] = []
    real = getattr(owner, name)

    def counted(self: Any, first: Any, *args: Any, **options: Any) -> Any:
        sent.append(first)
        return real(self, first, *args, **options)

    monkeypatch.setattr(owner, name, counted)
    return sent


def forbidden(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Every call from now on is a failure."""

    def refuse(*args: Any, **options: Any) -> Any:
        raise AssertionError(f"{name} was called")

    monkeypatch.setattr(owner, name, refuse)


class RemoteConformance:
    """Subclass, name engines and make them.

    Attributes
    ----------
    exact : mapping
        The engines that know probabilities and expectation values, and the error of each.
    sampling : sequence
        The engines that are asked for shots.
    precise : str
        An engine that computes in single precision too.
    """

    exact: Mapping[str, float]
    sampling: Sequence[str]
    precise: str

    def engine(self, name: str) -> Any:
        raise NotImplementedError

    @pytest.mark.parametrize("wires", range(1, 5))
    def test_pure_circuits_are_those_of_the_oracle(self, wires: int) -> None:
        for seed in range(6):
            draw = Random(10 * wires + seed)
            found = case(draw, wires, draw.randint(1, 3 + 5 * wires))
            made, angles, each = laid_out(found.circuit, found.own())
            names = draw.sample(range(wires), draw.randint(1, wires))
            p = np.array([oracle.probs(oracle.state(found.circuit, one), names) for one in each])
            mean, _, norm = oracle.moments(found.circuit, found.observables, found.all())
            mean, norm = (a.reshape(-1, len(found.observables)) for a in (mean, np.maximum(norm, 1)))
            for name, bound in self.exact.items():
                engine = self.engine(name)
                assert distance(engine.probs(made, names).run(angles), p) <= bound, (name, seed)
                read = expval(engine, found.circuit, found.observables, found.all())
                assert distance(read / norm, mean / norm) <= bound, (name, seed)

    @pytest.mark.parametrize("controls", ["", "0", "10"])
    @pytest.mark.parametrize("name", TABLE)
    def test_every_row_of_the_gate_table_varying_and_constant(self, name: str, controls: str) -> None:
        self.check_row(name, controls)

    def check_row(self, name: str, controls: str, engines: Iterable[str] = ()) -> None:
        """A row of the table, controlled, on all engines unless some are named."""
        row = TABLE[name]
        wires = max(2, row.wires + len(controls))
        where = [int(w) for w in np.random.default_rng(0).permutation(wires)[: row.wires + len(controls)]]
        x = Param("x", max(1, len(row.angles)))
        numbers = np.random.default_rng(1).uniform(-3, 3, (2, x.size))
        for angles, values in ((list(x), {"x": numbers}), (numbers[0].tolist(), {})):
            circuit = scrambled(wires, 2)
            chosen = angles[: len(row.angles)]
            circuit.gate(name, *chosen, *where[len(controls) :], controls=where[: len(controls)], values=controls)
            for w in range(wires):
                circuit.ry(0.4 + w, w)
            made, rows, each = laid_out(circuit, values if circuit.params else {})
            expected = np.array([oracle.probs(oracle.state(circuit, one), range(wires)) for one in each])
            for one in engines or self.exact:
                assert distance(self.engine(one).probs(made, range(wires)).run(rows), expected) <= self.exact[one], one

    def test_precision_is_the_one_asked_for(self) -> None:
        x = Param("x", 1)
        circuit = scrambled(4, 1).rx(x[0], 0)
        found = {}
        for dtype in (torch.float32, torch.float64):
            made, rows, _ = laid_out(circuit, {"x": [0.3]}, dtype)
            found[dtype] = self.engine(self.precise).expvals(made, list((X(0) @ Y(2)).terms)).run(rows)
        assert 0 < distance(found[torch.float32], found[torch.float64]) <= 1e-5

    def test_settings_have_their_own_bases_and_shots(self) -> None:
        x = Param("x", 1)
        circuit = scrambled(3, 7).ry(x[0], 0)
        values = {"x": [[0.2], [1.4]]}
        made, rows, each = laid_out(circuit, values)
        turn = (Operation(TABLE["sdg"], (), (2,)), Operation(TABLE["h"], (), (2,)))
        settings = [Setting((0, 2), 5000), Setting((2,), 3000, turn), Setting((1,), 5000)]
        expected = np.array([oracle.expval(circuit, [Z(0) @ Z(2), Y(2), Z(1)], one) for one in each])
        for name in self.sampling:
            found = self.engine(name).samples(made, settings).run(rows, seed=4)
            assert [bits.shape for bits in found] == [(2, 5000, 2), (2, 3000, 1), (2, 5000, 1)]
            for k, bits in enumerate(found):
                assert bits.dtype == np.int8
                mean = (1.0 - 2 * bits).prod(-1).mean(-1)
                sigma = np.sqrt((1 - expected[:, k] ** 2) / bits.shape[1])
                assert np.all(np.abs(mean - expected[:, k]) <= 4 * sigma), name
