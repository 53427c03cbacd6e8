"""Requests for expectation values: words of operators, exact or from shots, with their errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.remote import Setting
from qdl.engine.values import Values
from qdl.errors import CircuitError
from qdl.grad.batched import Point
from qdl.grad.execute import Bound, Executor, read_exactly
from qdl.ir import Circuit, Observable, Operation
from qdl.ir.maps import as_map
from qdl.ir.noise.readout import Readout
from qdl.ir.observables import Word, word_wires
from qdl.ir.params import Expr, apply
from qdl.measure import merge, shots
from qdl.measure.confusion import Confused, as_read
from qdl.measure.control import controlled
from qdl.measure.seeds import uniform
from qdl.plan.unravel import Unravelled
from qdl.run.compiled import Compiled
from qdl.run.options import Options


class Words(Compiled):
    """Expectation values or variances of observables."""

    def __init__(self, circuit: Circuit, observables: Any, options: Options, square: bool = False) -> None:
        self.single = isinstance(observables, Observable)
        listed = [observables] if self.single else list(observables)
        _check_observables(listed, circuit)
        if square:
            listed = [*listed, *(o.squared() for o in listed)]
        terms = [(row, word, c) for row, o in enumerate(listed) for word, c in o.real_terms().items()]
        coefficients = [c for _, _, c in terms]
        coherent = {w for _, word, _ in terms for atom in word if atom.letter != "Z" for w in atom.wires}
        super().__init__(circuit, options, coefficients, coherent)
        if self.rules and options.shots is None:
            terms = [
                (row, read, apply("mul", c, weight))
                for row, word, c in terms
                for read, weight in as_read(word, self.rules).items()
            ]
            coefficients = [c for _, _, c in terms]
        self.square, self.count = square, len(listed)
        terms = [(row, self.lowered.word(word), c) for row, word, c in terms]
        self.words: list[Word] = list(dict.fromkeys(word for _, word, _ in terms))
        self.rows_of = [row for row, _, _ in terms]
        self.words_of = [self.words.index(word) for _, word, _ in terms]
        self.coefficients = Evaluator(coefficients)
        identity = list(range(self.count))
        self.plain = self.rows_of == self.words_of == identity and all(c == 1.0 for c in coefficients)
        joint = any(len(rule.wires) > 1 for rule in self.rules)  # then it matters how other wires are read
        self.concerned = self._concerned()
        self.settings = shots.settings(self.words, not joint) if options.shots is not None else []
        self.shots_of = [1] * len(self.settings)
        self.ahead: Executor | None = None
        if options.shots is not None and self.draws is None:
            sizes = [[0.0] * len(self.words) for _ in listed]
            for column, (row, _, c) in zip(self.words_of, terms, strict=True):
                sizes[row][column] += 1.0 if isinstance(c, Expr) else abs(c)
            self.shots_of = shots.allocate(self.settings, sizes, options.shots)
        if self.distant is not None:
            self.readers = [Confused(self.rules, setting.wires) for setting in self.settings]
            self.asked = [
                Setting(reader.names, count, tuple(setting.operations()))
                for setting, reader, count in zip(self.settings, self.readers, self.shots_of, strict=True)
            ]
            engine, asked, words = self.engine, self.asked, self.words
            self.distant.refuse_early(lambda p: engine.samples(p, asked) if asked else engine.expvals(p, words))
        elif options.shots is None:
            self.executor = self.make_executor(methodcaller("words", tuple(self.words)))
            if self.draws is not None and not self.draws.blind:  # what cannot be undone need not, without gradients
                self.ahead = self.make_executor(methodcaller("words", tuple(self.words)), forward=True)
        else:
            self.readers = [Confused(self._rules_at(), s.wires) for s in self.settings]
            self.samplers = [
                self.make_executor(methodcaller("probs", reader.names), self.turns(setting))
                for setting, reader in zip(self.settings, self.readers, strict=True)
            ]

    def _concerned(self) -> list[list[int]]:
        """For each word, the events whose factors count for it."""
        if not isinstance(self.lowered, Unravelled):
            return []
        masks = [self.lowered.concerning(word_wires(word)) for word in self.words]
        return [[k for k, concerns in enumerate(mask) if concerns] for mask in masks]

    def turns(self, setting: shots.Setting) -> list[Operation]:
        """What turns a setting's basis to bits, as the engine takes it."""
        operations = setting.operations()
        if not self.engine.mixed:
            return operations
        return [Operation(*as_map(op), op.wires) for op in operations]

    def _rules_at(self) -> list[Readout]:
        """The readout errors of places."""
        return [replace(rule, wires=self.lowered.places(rule.wires)) for rule in self.rules]

    def executors(self) -> list[Executor]:
        if self.distant is not None:
            return []
        return [self.executor] if self.options.shots is None else self.samplers

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.draws is None:
            return self._sums(self._words(values, start, seed), values)
        values, factors = self.drawn(values, start, seed)
        read = self._words(values, start, seed)
        if factors is None:
            return read
        own = torch.stack([factors[:, list(events)].prod(1) for events in self.concerned], 1)
        return read * own.repeat(1, read.shape[1] // own.shape[1])

    def average(self, out: Tensor, values: Values) -> Tensor:
        return self._sums(self._controlled(out).mean(1), values)

    def _controlled(self, out: Tensor) -> Tensor:
        """The words of each trajectory, (S, T, n_words), freed of what their norms vary (`qdl.engine.trajectory`)."""
        if out.shape[-1] == len(self.words):
            return out
        return controlled(*out.chunk(2, -1))

    @property
    def guesses(self) -> bool:
        return self.options.shots is None or super().guesses

    def _words(self, values: Values, start: int, seed: int) -> Tensor:
        """The value of each word, (S, n_words)."""
        if not any(self.words):  # nothing but multiples of the identity
            return torch.ones(1, len(self.words), dtype=values.dtype, device=values.device)
        return self._exact(values) if self.options.shots is None else self._estimated(values, start, seed)

    def _sums(self, read: Tensor, values: Values) -> Tensor:
        """The observables, (S, count) or (S, T, count), from the values of their words."""
        if self.plain:
            return read
        weights = self.coefficients(values)
        if read.dim() == 3 and weights.dim() == 2:
            weights = weights[:, None]
        products = weights * read[..., self.words_of]
        out = products.new_zeros(*products.shape[:-1], self.count)
        return out.index_add(-1, torch.tensor(self.rows_of, dtype=torch.long, device=out.device), products)

    def _exact(self, values: Values) -> Tensor:
        if self.distant is not None:
            return self.distant.expvals(values, self.words)
        executor = self.executor
        if self.ahead is not None and not (
            torch.is_grad_enabled() and any(t.requires_grad for t in values.tensors.values())
        ):
            executor = self.ahead
        return executor.run(values, self.method, merge.words).to(values.dtype)

    def _estimated(self, values: Values, start: int, seed: int) -> Tensor:
        if self.distant is not None:
            return self.distant.differentiate(values, partial(self._fetched_means, values, seed))
        bound = [sampler.bind(values) for sampler in self.samplers]
        rows = max(1, values.samples)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            columns = torch.ones(rows, len(self.words), dtype=values.dtype, device=values.device)
            for k, (setting, b) in enumerate(zip(self.settings, bound, strict=True)):
                read = self._outcomes(k, b, shared, sampled, values, start, seed, run)
                columns[:, list(setting.columns)] = read.mean(-2)
            return columns

        shared, sampled = bound[0].angles(values)
        return self.method.values(evaluate, bound[0].sited, shared, sampled)  # type: ignore[arg-type,call-arg]

    def _fetched_means(self, values: Values, seed: int, points: Sequence[Point], first: int) -> Tensor:
        """The mean of each word at each point, (n_points, S, n_words), from a remote engine's shots."""
        found = self._fetched(values, seed, points, first)
        means = found[0].new_ones(*found[0].shape[:2], len(self.words))
        for setting, read in zip(self.settings, found, strict=True):
            means[..., list(setting.columns)] = read.mean(-2)
        return means

    def _fetched(self, values: Values, seed: int, points: Sequence[Point], first: int) -> list[Tensor]:
        """What each shot of each setting gave for its words, (n_points, S, shots, n)."""
        assert self.distant is not None
        out = []
        for k, bits in enumerate(self.distant.samples(values, self.asked, points, seed, first)):
            reader, setting = self.readers[k], self.settings[k]
            bits = torch.stack([reader.read(at, values, seed, (first + i, k, 1)) for i, at in enumerate(bits)])
            out.append(shots.outcomes(setting, bits, setting.wires, values.dtype))
        return out

    def _outcomes(
        self, k: int, bound: Bound, shared: Tensor, sampled: Tensor, values: Values, start: int, seed: int, run: int
    ) -> Tensor:
        """What each shot of setting `k` gave for its words, (rows, shots, n)."""
        rows = max(1, values.samples)
        numbers = uniform(seed, (run, k), start, rows, self.shots_of[k], len(bound.tasks), shared.device)
        bits, wires = shots.draw(bound.plan, read_exactly(bound, shared, sampled), rows, numbers)
        reader = self.readers[k]
        bits = reader.read(bits[..., [wires.index(int(w)) for w in reader.names]], values, seed, (run, k, 1), start)
        return shots.outcomes(self.settings[k], bits, self.settings[k].wires, values.dtype)

    def finish(self, out: Tensor) -> Any:
        if self.square:
            half = self.count // 2
            out = (out[..., half:] - out[..., :half] ** 2).clamp(min=0)
        return out[..., 0] if self.single else out


class Estimate(NamedTuple):
    """An expectation value and its standard error, of the same shape."""

    value: Tensor
    error: Tensor


class Estimates(Words):
    """Expectation values with their standard errors, from the spread of shots or trajectories."""

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        found = super().rows(values, start, seed)
        if self.draws is not None:
            return found
        square = self._square_errors(values, start, seed)
        rows = max(len(found), len(square))
        return torch.cat([found.expand(rows, -1), square.expand(rows, -1)], -1)

    @torch.no_grad()
    def _square_errors(self, values: Values, start: int, seed: int) -> Tensor:
        """sum over settings of (variance of what a shot adds to the observable)/shots; the shots are the value's."""
        rows = max(1, values.samples)
        total = torch.zeros(rows, self.count, dtype=values.dtype, device=values.device)
        if self.options.shots is None:
            return total
        if self.distant is not None:
            found = [read[0] for read in self._fetched(values, seed, [self.distant.point(values)], 0)]
        else:
            bound = [sampler.bind(values) for sampler in self.samplers]
            found = [self._outcomes(k, b, *b.angles(values), values, start, seed, 0) for k, b in enumerate(bound)]
        for k, (setting, read) in enumerate(zip(self.settings, found, strict=True)):
            count = self.shots_of[k]
            if count == 1:  # says nothing about its spread
                total += self._bounds(setting, values) ** 2
                continue
            full = read.new_zeros(rows, count, len(self.words))
            full[..., list(setting.columns)] = read
            total += self._sums(full, values).var(1) / count
        return total

    def _bounds(self, setting: shots.Setting, values: Values) -> Tensor:
        """How far what one shot of a setting adds to each observable can be from its mean, (S or 1, count)."""
        terms = [k for k, column in enumerate(self.words_of) if column in setting.columns]
        weights = self.coefficients(values)[..., terms].abs()
        weights = weights * weights.new_tensor([shots.largest(self.words[self.words_of[k]]) for k in terms])
        out = weights.new_zeros(*weights.shape[:-1], self.count)
        return out.index_add(-1, torch.tensor([self.rows_of[k] for k in terms], device=out.device), weights)

    def average(self, out: Tensor, values: Values) -> Tensor:
        each = self._sums(self._controlled(out), values)
        return torch.cat([each.mean(1), each.detach().var(1) / each.shape[1]], -1)

    def finish(self, out: Tensor) -> Estimate:
        value, square = out[..., : self.count], out[..., self.count :].detach()
        error = square.clamp(min=0).sqrt()
        return Estimate(value[..., 0], error[..., 0]) if self.single else Estimate(value, error)


def _check_observables(listed: Sequence[Any], circuit: Circuit) -> None:
    if not listed:
        raise CircuitError("no observables", do="pass at least one, such as qdl.Z(0)")
    for observable in listed:
        if observable.wires and max(observable.wires) >= circuit.wires:
            raise CircuitError(
                f"the observable {observable} lies outside the circuit",
                got=f"wire {max(observable.wires)}",
                expected=f"0 to {circuit.wires - 1}",
            )
