"""The kinds of requests: words of operators, probabilities, samples, amplitudes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.engine import kernels
from qdl.engine.angles import Evaluator
from qdl.engine.remote import Setting
from qdl.engine.values import COMPLEX, Values
from qdl.errors import CircuitError, UnsupportedError
from qdl.grad.batched import Point
from qdl.grad.execute import Bound, Executor, MakePlan, read_exactly
from qdl.ir import Circuit, Observable, Operation
from qdl.ir.maps import as_map, basis
from qdl.ir.noise.readout import Readout
from qdl.ir.observables import Word
from qdl.ir.params import Expr, apply
from qdl.measure import merge, shots
from qdl.measure.confusion import Confused, as_read
from qdl.measure.seeds import uniform
from qdl.plan.unravel import HIDDEN
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
        self.settings = shots.settings(self.words) if options.shots is not None else []
        self.shots_of = [1] * len(self.settings)
        self.ahead: Executor | None = None
        if options.shots is not None and self.draws is None:
            sizes = [0.0] * len(self.words)
            for column, (_, _, c) in zip(self.words_of, terms, strict=True):
                sizes[column] += 1.0 if isinstance(c, Expr) else abs(c)
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
        values, factor = self.drawn(values, start, seed)
        read = self._words(values, start, seed)
        return read if factor is None else read * factor[:, None]

    def average(self, out: Tensor, values: Values) -> Tensor:
        return self._sums(self._controlled(out).mean(1), values)

    def _controlled(self, out: Tensor) -> Tensor:
        """The words of each trajectory, (S, T, n_words), freed of what their norms vary (`qdl.engine.trajectory`)."""
        if out.shape[-1] == len(self.words):
            return out
        read, norms = out.chunk(2, -1)
        half = out.shape[1] // 2
        if not half:
            return read
        means = [t.detach() for t in (read[:, half:].mean(1), norms[:, half:].mean(1))]
        others = [t.detach() for t in (read[:, :half].mean(1), norms[:, :half].mean(1))]
        first, second = (torch.where(n > 0, f / n.clamp(min=1e-3), 0) for f, n in (means, others))
        turned = [first[:, None].expand(-1, half, -1), second[:, None].expand(-1, out.shape[1] - half, -1)]
        return read - torch.cat(turned, 1) * (norms - 1)

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
            if reader.rules:
                bits = torch.stack(
                    [read_wrongly(reader, at, values, seed, (first + i, k, 1)) for i, at in enumerate(bits)]
                )
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
        if reader.rules:
            numbers = uniform(seed, (run, k, 1), start, rows, self.shots_of[k], len(reader.rules), shared.device)
            bits = reader.flip(bits[..., [wires.index(int(w)) for w in reader.names]], values, numbers)
            wires = [int(w) for w in reader.names]
        return shots.outcomes(self.settings[k], bits, wires, values.dtype)

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
            full = read.new_zeros(rows, count, len(self.words))
            full[..., list(setting.columns)] = read
            total += self._sums(full, values).var(1) / count
        return total

    def average(self, out: Tensor, values: Values) -> Tensor:
        each = self._sums(self._controlled(out), values)
        return torch.cat([each.mean(1), each.detach().var(1) / each.shape[1]], -1)

    def finish(self, out: Tensor) -> Estimate:
        value, square = out[..., : self.count], out[..., self.count :].detach()
        error = square.clamp(min=0).sqrt()
        return Estimate(value[..., 0], error[..., 0]) if self.single else Estimate(value, error)


class Probs(Compiled):
    """Probabilities of bit strings on some wires."""

    def __init__(self, circuit: Circuit, wires: Sequence[int | str], options: Options) -> None:
        # A bit may be read from the wire that it was measured on, but not beside it.
        both = [w for w in wires if not isinstance(w, str)] if any(isinstance(w, str) for w in wires) else ()
        super().__init__(circuit, options, coherent=both)
        self.names = tuple(wires)
        self.reader = Confused(self.rules, self.names)
        left = self.reader.names
        if self.draws is not None:  # bits are drawn with the trajectories; only wires are left to read
            left = tuple(name for name in left if not isinstance(name, str))
        if self.distant is not None:
            self.asked = [Setting(self.reader.names, options.shots or 0)]
            engine, asked, names = self.engine, self.asked, self.reader.names
            self.distant.refuse_early(lambda p: engine.samples(p, asked) if options.shots else engine.probs(p, names))
            return
        self.wires = self.lowered.places(left)
        self.executor = self.make_executor(methodcaller("probs", self.wires))

    def executors(self) -> list[Executor]:
        return [] if self.distant is not None else [self.executor]

    def result_entries(self) -> float:
        return 2.0 ** len(self.wires)

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.draws is None:
            return self.read(values, start, seed)
        values, factor = self.drawn(values, start, seed)
        out = self.read(values, start, seed)
        return out if factor is None else out * factor[:, None]

    def with_bits(self, out: Tensor, values: Values) -> Tensor:
        """Probabilities of wires, (R, 2**k), as those of all names: what a trajectory measured is certain."""
        names = self.reader.names
        bits = [name for name in names if isinstance(name, str)]
        if not bits or self.draws is None:
            return out
        out = out.expand(values.samples, -1)
        measured = values.tensors[HIDDEN][:, self.lowered.places(bits)].long()
        joint = out.new_zeros(len(out), 2 ** len(bits), out.shape[1])
        joint[torch.arange(len(out), device=out.device), shots.index_of(measured)] = out
        order = [*bits, *(name for name in names if not isinstance(name, str))]
        positions = tuple(order.index(name) for name in names)
        return kernels.to_front(joint.flatten(1), positions, len(order))[:, :, 0]

    def read(self, values: Values, start: int, seed: int) -> Tensor:
        """Probabilities, or how often each bit string was drawn, (R, 2**k)."""
        if self.distant is not None:
            if self.options.shots is None:
                return self.reader.probabilities(self.distant.probs(values, self.reader.names), values)
            return self.distant.differentiate(values, partial(self._fetched_shares, values, seed))
        if self.options.shots is None:
            out = torch.ones(1, 1, dtype=values.dtype, device=values.device)
            if self.wires:
                out = self.executor.run(values, self.method, partial(merge.probs, wires=self.wires))
            return self.reader.probabilities(self.with_bits(out, values), values)
        bound = self.executor.bind(values)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            return self._shares(self.draw(bound, shared, sampled, values, start, seed, run), values.dtype)

        shared, sampled = bound.angles(values)
        return self.method.values(evaluate, bound.sited, shared, sampled)  # type: ignore[arg-type,call-arg]

    def _shares(self, bits: Tensor, dtype: torch.dtype) -> Tensor:
        """How often each bit string is among shots (rows, shots, n): shares (rows, 2**n)."""
        index = shots.index_of(bits)
        out = torch.zeros(len(index), 2 ** len(self.names), dtype=dtype, device=bits.device)
        return out.scatter_add(1, index, torch.ones(index.shape, dtype=dtype, device=bits.device)) / index.shape[1]

    def _fetched_shares(self, values: Values, seed: int, points: Sequence[Point], first: int) -> Tensor:
        return torch.stack([self._shares(bits, values.dtype) for bits in self.fetched(values, seed, points, first)])

    def fetched(self, values: Values, seed: int, points: Sequence[Point], first: int) -> list[Tensor]:
        """A remote engine's shots at each point, (S, shots, n), read with their errors."""
        assert self.distant is not None
        (found,) = self.distant.samples(values, self.asked, points, seed, first)
        if not self.reader.rules:
            return list(found)
        return [read_wrongly(self.reader, bits, values, seed, (first + i, 1)) for i, bits in enumerate(found)]

    def draw(
        self, bound: Bound, shared: Tensor, sampled: Tensor, values: Values, start: int, seed: int, run: int
    ) -> Tensor:
        """Bit strings (rows, shots, n), columns in the order of the names, read with their errors."""
        rows, device = max(1, values.samples), shared.device
        columns: list[Tensor] = []
        if self.wires:
            numbers = uniform(seed, (run, 0), start, rows, self.each, len(bound.tasks), device)
            bits, found = shots.draw(bound.plan, read_exactly(bound, shared, sampled), rows, numbers)
            columns = list(bits[..., [found.index(w) for w in self.wires]].unbind(-1))
        if self.draws is not None:
            drawn, measured = iter(columns), values.tensors[HIDDEN]
            columns = [
                measured[:, self.lowered.bits[name], None].to(torch.int8) if isinstance(name, str) else next(drawn)
                for name in self.reader.names
            ]
        bits = torch.stack(columns, -1)
        if not self.reader.rules:
            return bits
        numbers = uniform(seed, (run, 1), start, rows, self.each, len(self.reader.rules), device)
        return self.reader.flip(bits, values, numbers)


class Sample(Probs):
    """Bit strings on wires and bits."""

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.distant is not None:
            return self.fetched(values, seed, [self.distant.point(values)], 0)[0]
        if self.draws is not None:
            values, _ = self.drawn(values, start, seed)
        bound = self.executor.bind(values)
        return self.draw(bound, *bound.angles(values), values, start, seed, 0)

    def average(self, out: Tensor, values: Values) -> Tensor:
        return out[:, :, 0]

    def result_entries(self) -> float:
        return float(self.options.shots or 0) * len(self.names) / 8


class State(Compiled):
    """The amplitudes."""

    def __init__(self, circuit: Circuit, options: Options) -> None:
        super().__init__(circuit, options, coherent=range(circuit.wires))
        if self.distant is not None:
            raise UnsupportedError("a remote engine hands out no states", do="use engine='state' or 'density'")
        if options.shots is not None:
            raise UnsupportedError("amplitudes cannot be sampled", got=f"shots={options.shots}", do="use qdl.sample")
        if options.grad == "shift":
            raise UnsupportedError("amplitudes have no shift rule", do="use grad='adjoint'")
        self.executor = self.make_executor(self.plan())

    def plan(self) -> MakePlan:
        """What is asked of a planner."""
        if self.engine.mixed:
            raise UnsupportedError("a density matrix has no amplitudes", do="read qdl.density, or use engine='state'")
        if self.draws is not None:
            raise UnsupportedError("trajectories end in many states", do="read qdl.density, which is their mean")
        if len(self.lowered.levels) > self.circuit.wires:
            raise UnsupportedError("a circuit that measures or resets leaves no single state", do="read qdl.density")
        return methodcaller("state", self.circuit.wires)

    def executors(self) -> list[Executor]:
        return [self.executor]

    def result_entries(self) -> float:
        return 2.0**self.circuit.wires

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        return self.executor.run(values, self.method, partial(merge.state, wires=self.circuit.wires))


class Density(State):
    """The reduced density matrix of some wires."""

    def __init__(self, circuit: Circuit, wires: Sequence[Any], options: Options) -> None:
        self.kept = tuple(wires)
        super().__init__(circuit, options)

    def plan(self) -> MakePlan:
        if self.engine.mixed:
            return methodcaller("coordinates", self.lowered.places(self.kept))
        return methodcaller("state", len(self.lowered.levels))

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        places = self.lowered.places(self.kept)
        if self.engine.mixed:
            return self.executor.run(values, self.method, partial(merge.coordinates, places=places))
        factor = None
        if self.draws is not None:
            values, factor = self.drawn(values, start, seed)
        psi = self.executor.run(values, self.method, partial(merge.state, wires=len(self.lowered.levels)))
        if self.draws is None:
            return psi
        ones = psi.new_ones(len(psi), 1) if factor is None else factor[:, None].to(psi.dtype)
        return torch.cat([psi, ones.expand(len(psi), 1)], 1)

    def average(self, out: Tensor, values: Values) -> Tensor:
        samples, count, size = out.shape
        psi, factor = out.reshape(-1, size).split([size - 1, 1], 1)
        front = kernels.to_front(psi.contiguous(), self.kept, self.circuit.wires)
        both = (t.unflatten(0, (samples, count)).transpose(1, 2).flatten(2) for t in (front * factor[..., None], front))
        weighed, plain = both
        return weighed @ plain.mH / count

    def result_entries(self) -> float:
        states = 0.0 if self.engine.mixed else 2.0 ** len(self.lowered.levels)
        return states + 4.0 ** len(self.kept)

    def finish(self, out: Tensor) -> Tensor:
        if self.draws is not None:
            return out
        size = 2 ** len(self.kept)
        rows = out.reshape(math.prod(out.shape[:-1]), out.shape[-1])
        if self.engine.mixed:
            turned = torch.as_tensor(basis(len(self.kept)), dtype=COMPLEX[out.dtype], device=out.device)
            return (rows.to(turned.dtype) @ turned.mT).reshape(*out.shape[:-1], size, size)
        front = kernels.to_front(rows, self.lowered.places(self.kept), len(self.lowered.levels))
        return (front @ front.mH).reshape(*out.shape[:-1], size, size)


def read_wrongly(reader: Confused, bits: Tensor, values: Values, seed: int, path: tuple[int, ...]) -> Tensor:
    """Bits (S, shots, n) as they are read."""
    rows, count, _ = bits.shape
    return reader.flip(bits, values, uniform(seed, path, 0, rows, count, len(reader.rules), bits.device))


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
