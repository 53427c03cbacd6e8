"""The door: one function per thing a user asks for.

Every function takes a circuit, what to read, values for the Params, and the same keyword options. It builds a
`Compiled`, keeps it, and calls it. Shapes follow numpy: a value of shape (size,) is shared by the batch, (*batch, size)
is per sample, and batch dimensions broadcast.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from qdl import registry
from qdl.engine import kernels
from qdl.engine import values as engine_values
from qdl.engine.angles import Evaluator
from qdl.engine.memory import rows_that_fit
from qdl.engine.state import StateVector
from qdl.engine.values import COMPLEX, Values
from qdl.errors import CircuitError, UnsupportedError, ValuesError
from qdl.grad.adjoint import Adjoint
from qdl.grad.autograd import Autograd
from qdl.grad.execute import Executor, Method, read_exactly
from qdl.ir import Circuit, Observable, Param
from qdl.ir.observables import Word
from qdl.ir.params import Angle, params_of
from qdl.measure import merge, seeds
from qdl.measure import shots as measured
from qdl.plan.explain import describe

__all__ = ["Compiled", "compile", "counts", "density", "expval", "explain", "probs", "sample", "state", "var"]


@dataclass(frozen=True)
class Options:
    """The keyword options of every function.

    Attributes
    ----------
    engine : str or engine object
        ``"state"``.
    grad : str
        ``"auto"`` (adjoint; with shots, shift), ``"adjoint"``, ``"autograd"``, ``"shift"``, ``"finite"``.
    shots : int or None
        How often each measurement setting is read; None is exact.
    noise : None
        Noise models come with an engine that can carry them.
    seed : int, torch.Generator or None
        Where shots come from. An integer gives the same shots each time; None follows torch's default generator.
    device : torch.device, str or None
        Where to compute; None follows the values.
    dtype : torch.dtype or None
        Real or complex, names the precision; None follows the values.
    validate : bool
        Whether values are checked for NaN and infinity.
    memory_budget : int or None
        Bytes a run may use; a batch that needs more runs in pieces. None is most of what is free.
    width : int or None
        Forces the width of blocks (the cost model decides otherwise); for experiments and tests.
    """

    engine: Any = "state"
    grad: str = "auto"
    shots: int | None = None
    noise: None = None
    seed: Any = None
    device: Any = None
    dtype: torch.dtype | None = None
    validate: bool = True
    memory_budget: int | None = None
    width: int | None = None

    @staticmethod
    def make(given: Mapping[str, Any]) -> Options:
        """Options from keywords, checked."""
        unknown = sorted(set(given) - set(Options.__dataclass_fields__))
        if unknown:
            known = sorted(Options.__dataclass_fields__)
            raise UnsupportedError("unknown options", got=unknown, expected=known, do="check the spelling")
        options = Options(**given)
        if options.noise is not None:
            raise UnsupportedError("engine 'state' simulates pure states", got=f"noise={options.noise!r}", do="leave noise out")
        if options.shots is not None and not (
            isinstance(options.shots, int) and not isinstance(options.shots, bool) and options.shots > 0
        ):
            raise ValuesError("shots must be a positive integer or None", got=repr(options.shots))
        if options.shots is not None and options.grad in ("adjoint", "autograd"):
            raise UnsupportedError(
                f"grad={options.grad!r} is exact and does not see shots", do="use grad='auto' or 'shift', or shots=None"
            )
        engine_values.real_dtype(options.dtype)
        return options

    def method(self) -> Method:
        """The gradient method."""
        name = ("adjoint" if self.shots is None else "shift") if self.grad == "auto" else self.grad
        return registry.gradient(name)


class Compiled:
    """A circuit and what is read of it, planned: call it with values.

    Made by `compile`. Everything that can be wrong with structure is wrong when it is made, not when it is called. It
    can be copied and pickled.

    Attributes
    ----------
    params : tuple of Param
        What must be bound: the circuit's Params and those of the observables' coefficients.
    """

    def __init__(self, circuit: Circuit, options: Options, coefficients: Sequence[Angle] = ()) -> None:
        if not isinstance(circuit, Circuit):
            raise CircuitError("the first argument must be a qdl.Circuit", got=type(circuit).__name__)
        self.circuit, self.options = circuit.copy(), options
        self.engine = registry.engine(options.engine) if isinstance(options.engine, str) else options.engine
        if not isinstance(self.engine, StateVector):
            raise UnsupportedError("unknown kind of engine", got=type(self.engine).__name__, expected="an engine's name")
        self.method = options.method()
        self.operations = self.circuit.elementary()
        found: dict[str, Param] = {}
        for param in (*circuit.params, *params_of(coefficients)):
            if found.setdefault(param.name, param) != param:
                raise CircuitError(
                    f"Param {param.name!r} has two sizes", got=param.size, expected=found[param.name].size
                )
        self.params = tuple(found.values())

    def __call__(self, values: Mapping[str, Any] | None = None, *, seed: Any = None) -> Tensor:
        """The result at `values`; `seed` goes before the one of the options."""
        bound = self.bind(values)
        if 0 in bound.batch:
            return self._empty(bound)
        out = self._chunked(bound, self.options.seed if seed is None else seed)
        if not bound.batch:
            return self.finish(out[0])
        return self.finish(out.expand(bound.samples, *out.shape[1:]).reshape(*bound.batch, *out.shape[1:]))

    def bind(self, values: Mapping[str, Any] | None) -> Values:
        """The values, checked and laid out."""
        o = self.options
        return engine_values.bind(self.params, values, o.dtype, o.device, o.validate)

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        """The result for some samples, (S, *shape) with S the samples or 1; `start` is the first one's number."""
        raise NotImplementedError

    def finish(self, out: Tensor) -> Tensor:
        """The last touch on (*batch, *shape)."""
        return out

    def executors(self) -> list[Executor]:
        """All executors of this request, for estimates and `explain`."""
        raise NotImplementedError

    def result_entries(self) -> float:
        """Complex entries of the result of one sample."""
        return 1.0

    def _chunked(self, values: Values, source: Any) -> Tensor:
        seed = 0 if self.options.shots is None else seeds.base_seed(source)
        samples = values.samples
        size = torch.empty(0, dtype=COMPLEX[values.dtype]).element_size()
        plans = [executor.plan(values.sampled, samples) for executor in self.executors()]
        per_sample = size * sum(part.sample_entries() for plan in plans for part in plan.parts)
        fixed = size * samples * self.result_entries()
        rows = rows_that_fit(samples, per_sample, fixed, values.device, self.options.memory_budget)
        if rows >= samples or not values.sampled:
            return self.rows(values, 0, seed)
        pieces = []
        for start in range(0, samples, rows):
            piece = values.rows(start, min(start + rows, samples))
            pieces.append(self._remember(piece, start, seed))
        return torch.cat([p.expand(min(rows, samples - k * rows), *p.shape[1:]) for k, p in enumerate(pieces)])

    def _remember(self, piece: Values, start: int, seed: int) -> Tensor:
        """One piece; where gradients would keep its states alive, it is computed again on the way back."""
        keeps = isinstance(self.method, (Adjoint, Autograd)) and torch.is_grad_enabled()
        if not keeps or torch._C._are_functorch_transforms_active():
            return self.rows(piece, start, seed)
        again = checkpoint(self.rows, piece, start, seed, use_reentrant=False, preserve_rng_state=False)
        assert isinstance(again, Tensor)
        return again

    def _empty(self, values: Values) -> Tensor:
        """The result for no samples: right in shape, type and gradient (zero)."""
        one = Values(
            {n: v.new_zeros(1, v.shape[1]) if v.dim() == 2 else v for n, v in values.tensors.items()},
            (1,),
            values.dtype,
            values.device,
        )
        with torch.no_grad():
            like = self.finish(self.rows(one, 0, 0)[0])
        nothing = torch.stack([v.sum() for v in values.tensors.values()]).sum() * 0
        return like.new_zeros(*values.batch, *like.shape) + nothing.to(like.dtype)


class _Words(Compiled):
    """Expectation values or variances of observables."""

    def __init__(self, circuit: Circuit, observables: Any, options: Options, square: bool = False) -> None:
        self.single = isinstance(observables, Observable)
        listed = [observables] if self.single else list(observables)
        _check_observables(listed, circuit)
        if square:
            listed = [*listed, *(o.squared() for o in listed)]
        terms = [(row, word, c) for row, o in enumerate(listed) for word, c in o.real_terms().items()]
        coefficients = [c for _, _, c in terms]
        super().__init__(circuit, options, coefficients)
        self.square, self.count = square, len(listed)
        self.words: list[Word] = list(dict.fromkeys(word for _, word, _ in terms))
        self.rows_of = [row for row, _, _ in terms]
        self.words_of = [self.words.index(word) for _, word, _ in terms]
        self.coefficients = Evaluator(coefficients)
        identity = list(range(self.count))
        self.plain = self.rows_of == self.words_of == identity and all(c == 1.0 for c in coefficients)
        self.settings = measured.settings(self.words) if options.shots is not None else []
        if options.shots is None:
            words = tuple(self.words)
            self.executor = Executor(self.operations, _WordsPlan(words), self.engine, options.width)
        else:
            self.samplers = [
                Executor([*self.operations, *s.operations()], _ProbsPlan(s.wires), self.engine, options.width)
                for s in self.settings
            ]

    def executors(self) -> list[Executor]:
        return [self.executor] if self.options.shots is None else self.samplers

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if not any(self.words):  # nothing but multiples of the identity
            read = torch.ones(1, len(self.words), dtype=values.dtype, device=values.device)
        else:
            read = self._exact(values) if self.options.shots is None else self._estimated(values, start, seed)
        if self.plain:
            return read
        weights = self.coefficients(values)
        products = weights * read[:, self.words_of]
        out = products.new_zeros(products.shape[0], self.count)
        return out.index_add(1, torch.tensor(self.rows_of, dtype=torch.long, device=out.device), products)

    def _exact(self, values: Values) -> Tensor:
        return self.executor.run(values, self.method, merge.words).to(values.dtype)

    def _estimated(self, values: Values, start: int, seed: int) -> Tensor:
        bound = [sampler.bind(values) for sampler in self.samplers]
        rows = max(1, values.samples)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            columns = torch.ones(rows, len(self.words), dtype=values.dtype, device=values.device)
            for k, (setting, b) in enumerate(zip(self.settings, bound, strict=True)):
                uniform = _uniform(seed, (run, k), start, rows, self.options.shots, len(b.tasks), values.device)
                bits, wires = measured.draw(b.plan, read_exactly(b, shared, sampled), rows, uniform)
                read = measured.outcomes(setting, bits, wires, values.dtype)
                columns[:, list(setting.columns)] = read.mean(-2)
            return columns

        shared, sampled = bound[0].angles(values)
        return self.method.values(evaluate, bound[0].sited, shared, sampled)  # type: ignore[union-attr,arg-type,call-arg]

    def finish(self, out: Tensor) -> Tensor:
        if self.square:
            half = self.count // 2
            out = (out[..., half:] - out[..., :half] ** 2).clamp(min=0)
        return out[..., 0] if self.single else out


class _Probs(Compiled):
    """Probabilities of bit strings on some wires."""

    def __init__(self, circuit: Circuit, wires: Sequence[int], options: Options) -> None:
        super().__init__(circuit, options)
        self.wires = tuple(wires)
        self.executor = Executor(self.operations, _ProbsPlan(self.wires), self.engine, options.width)

    def executors(self) -> list[Executor]:
        return [self.executor]

    def result_entries(self) -> float:
        return 2.0 ** len(self.wires)

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        if self.options.shots is None:
            return self.executor.run(values, self.method, _MergeProbs(self.wires))
        bound = self.executor.bind(values)
        rows = max(1, values.samples)

        def evaluate(shared: Tensor, sampled: Tensor, run: int) -> Tensor:
            bits = self.draw(bound, shared, sampled, rows, start, seed, run)
            index = torch.zeros(bits.shape[:-1], dtype=torch.long, device=bits.device)
            for column in bits.unbind(-1):
                index = 2 * index + column
            hits = torch.ones(index.shape, dtype=values.dtype, device=values.device)
            out = torch.zeros(rows, 2 ** len(self.wires), dtype=values.dtype, device=values.device)
            return out.scatter_add(1, index, hits) / index.shape[1]

        shared, sampled = bound.angles(values)
        return self.method.values(evaluate, bound.sited, shared, sampled)  # type: ignore[union-attr,arg-type,call-arg]

    def draw(self, bound: Any, shared: Tensor, sampled: Tensor, rows: int, start: int, seed: int, run: int) -> Tensor:
        """Bit strings (rows, shots, n_wires), columns in the order of the wires."""
        uniform = _uniform(seed, (run, 0), start, rows, self.options.shots, len(bound.tasks), shared.device)
        bits, found = measured.draw(bound.plan, read_exactly(bound, shared, sampled), rows, uniform)
        return bits[..., [found.index(w) for w in self.wires]]


class _Sample(_Probs):
    """Bit strings on all wires."""

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        bound = self.executor.bind(values)
        shared, sampled = bound.angles(values)
        return self.draw(bound, shared, sampled, max(1, values.samples), start, seed, 0)

    def result_entries(self) -> float:
        return float(self.options.shots or 0) * len(self.wires) / 8


class _State(Compiled):
    """The amplitudes."""

    def __init__(self, circuit: Circuit, options: Options) -> None:
        super().__init__(circuit, options)
        if options.shots is not None:
            raise UnsupportedError("amplitudes cannot be sampled", got=f"shots={options.shots}", do="use qdl.sample")
        if options.grad == "shift":
            raise UnsupportedError("amplitudes have no shift rule", do="use grad='adjoint'")
        wires = circuit.wires
        self.executor = Executor(self.operations, _StatePlan(wires), self.engine, options.width)

    def executors(self) -> list[Executor]:
        return [self.executor]

    def result_entries(self) -> float:
        return 2.0**self.circuit.wires

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        return self.executor.run(values, self.method, _MergeState(self.circuit.wires))


# Small callables instead of closures, so that everything compiled can be pickled.


@dataclass(frozen=True)
class _WordsPlan:
    words: tuple[Word, ...]

    def __call__(self, planner: Any) -> Any:
        return planner.words(self.words)


@dataclass(frozen=True)
class _ProbsPlan:
    wires: tuple[int, ...]

    def __call__(self, planner: Any) -> Any:
        return planner.probs(self.wires)


@dataclass(frozen=True)
class _StatePlan:
    wires: int

    def __call__(self, planner: Any) -> Any:
        return planner.state(self.wires)


@dataclass(frozen=True)
class _MergeProbs:
    wires: tuple[int, ...]

    def __call__(self, plan: Any, read: Sequence[Tensor]) -> Tensor:
        return merge.probs(plan, read, self.wires)


@dataclass(frozen=True)
class _MergeState:
    wires: int

    def __call__(self, plan: Any, read: Sequence[Tensor]) -> Tensor:
        return merge.state(plan, read, self.wires)


SLAB = 2**16  # about how many random numbers come from one generator, whatever the pieces a batch is run in


def _uniform(
    seed: int, path: tuple[int, ...], start: int, rows: int, count: int | None, width: int, device: torch.device
) -> Tensor:
    """Uniform numbers (rows, count, width) for samples start, start + 1, ..., independent of how a batch is cut."""
    if device.type == "meta":
        return torch.empty(rows, count or 0, width, dtype=torch.float64, device=device)
    per_slab = max(1, SLAB // max(1, (count or 0) * width))
    slabs = []
    for slab in range(start // per_slab, (start + rows - 1) // per_slab + 1):
        source = seeds.generator(seed, *path, slab, device=device)
        numbers = torch.rand(per_slab, count or 0, width, generator=source, dtype=torch.float64, device=device)
        slabs.append(numbers[max(start - slab * per_slab, 0) : start + rows - slab * per_slab])
    return torch.cat(slabs)


def _check_observables(listed: Sequence[Any], circuit: Circuit) -> None:
    if not listed:
        raise CircuitError("no observables", do="pass at least one, such as qdl.Z(0)")
    for observable in listed:
        if not isinstance(observable, Observable):
            raise CircuitError("not an observable", got=type(observable).__name__, expected="qdl.Z(0), sums, products")
        if observable.wires and max(observable.wires) >= circuit.wires:
            raise CircuitError(
                f"the observable {observable} lies outside the circuit",
                got=f"wire {max(observable.wires)}",
                expected=f"0 to {circuit.wires - 1}",
            )


_CACHE: OrderedDict[Any, Compiled] = OrderedDict()
_CACHE_SIZE = 256


def _cached(kind: str, circuit: Circuit, key: Any, options: Mapping[str, Any], make: Callable[[Options], Any]) -> Any:
    """The compiled request of this key, made if it is not among the latest. The seed is no part of it."""
    if not isinstance(circuit, Circuit):
        raise CircuitError("the first argument must be a qdl.Circuit", got=type(circuit).__name__)
    try:
        full = (kind, circuit.key, key, tuple(sorted((k, v) for k, v in options.items() if k != "seed")))
        found = _CACHE.get(full)
    except TypeError:  # an option that cannot be hashed: checked and planned anew
        return make(Options.make(options))
    if found is None:
        found = _CACHE[full] = make(replace(Options.make(options), seed=None))
        while len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)
    else:
        _CACHE.move_to_end(full)
    return found


def compile(circuit: Circuit, observables: Any, **options: Any) -> Compiled:
    """Plan expectation values once; the result is called with values.

    Parameters
    ----------
    circuit : Circuit
    observables : Observable or sequence of Observable
    **options
        See `Options`.

    Returns
    -------
    Compiled
        ``compiled(values)`` is `expval` of the same circuit, (*batch, n_observables) or (*batch,).

    Examples
    --------
    >>> import qdl
    >>> x = qdl.Param("x", 1)
    >>> f = qdl.compile(qdl.Circuit(1).rx(x[0], 0), qdl.Z(0))
    >>> f({"x": [0.0]})
    tensor(1.)
    """
    return _Words(circuit, observables, Options.make(options))


def expval(circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """Expectation values <psi|O|psi>.

    Parameters
    ----------
    circuit : Circuit
    observables : Observable or sequence of Observable
    values : dict, optional
        Param name to numbers of shape (size,) or (*batch, size).
    **options
        See `Options`. With ``shots``, estimates: words that commute on every wire are read from the same shots.

    Returns
    -------
    Tensor, (*batch, n_observables) real; (*batch,) for one bare observable

    Examples
    --------
    >>> import qdl
    >>> x = qdl.Param("x", 2)
    >>> c = qdl.Circuit(2).ry(x[0], 0).cx(0, 1).rx(x[1], 1)
    >>> qdl.expval(c, [qdl.Z(0), qdl.Z(1)], {"x": [[0.0, 0.0], [3.141592653589793, 0.0]]})
    tensor([[ 1.,  1.],
            [-1., -1.]])
    """
    found = _cached("expval", circuit, _key(observables), options, lambda o: _Words(circuit, observables, o))
    return found(values, seed=options.get("seed"))


def var(circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """Variances <O^2> - <O>^2; as `expval`.

    Examples
    --------
    >>> import qdl
    >>> qdl.var(qdl.Circuit(1).h(0), qdl.Z(0))
    tensor(1.)
    """
    found = _cached("var", circuit, _key(observables), options, lambda o: _Words(circuit, observables, o, square=True))
    return found(values, seed=options.get("seed"))


def probs(circuit: Circuit, values: Mapping[str, Any] | None = None, wires: Any = None, **options: Any) -> Tensor:
    """Probabilities of bit strings.

    Parameters
    ----------
    wires : sequence of int, optional
        The wires read, the first being the most significant bit; all by default. The others are traced out.

    Returns
    -------
    Tensor, (*batch, 2**len(wires)) real

    Examples
    --------
    >>> import qdl
    >>> qdl.probs(qdl.Circuit(2).x(0), wires=[0])
    tensor([0., 1.])
    """
    chosen = _chosen(wires, circuit)
    return _cached("probs", circuit, chosen, options, lambda o: _Probs(circuit, chosen, o))(
        values, seed=options.get("seed")
    )


def state(circuit: Circuit, values: Mapping[str, Any] | None = None, **options: Any) -> Tensor:
    """The amplitudes, wire 0 being the most significant bit of their index, global phase included.

    Returns
    -------
    Tensor, (*batch, 2**wires) complex

    Examples
    --------
    >>> import qdl
    >>> qdl.state(qdl.Circuit(1).x(0))
    tensor([0.+0.j, 1.+0.j])
    """
    return _cached("state", circuit, None, options, lambda o: _State(circuit, o))(values)


def density(circuit: Circuit, values: Mapping[str, Any] | None = None, wires: Any = None, **options: Any) -> Tensor:
    """The reduced density matrix of some wires, the others traced out.

    Parameters
    ----------
    wires : sequence of int, optional
        The wires kept, the first being the most significant; all by default.

    Returns
    -------
    Tensor, (*batch, 2**k, 2**k) complex

    Examples
    --------
    >>> import qdl
    >>> qdl.density(qdl.Circuit(2).h(0).cx(0, 1), wires=[1]).real
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    chosen = _chosen(wires, circuit)
    amplitudes = state(circuit, values, **options)
    front = kernels.to_front(amplitudes.reshape(-1, 2**circuit.wires), chosen, circuit.wires)
    return (front @ front.mH).reshape(*amplitudes.shape[:-1], 2 ** len(chosen), 2 ** len(chosen))


def sample(circuit: Circuit, values: Mapping[str, Any] | None = None, shots: int = 1000, **options: Any) -> Tensor:
    """Measured bit strings.

    Returns
    -------
    Tensor, (*batch, shots, wires) int8, wire 0 first

    Examples
    --------
    >>> import qdl
    >>> qdl.sample(qdl.Circuit(2).x(0), shots=2, seed=1)
    tensor([[1, 0],
            [1, 0]], dtype=torch.int8)
    """
    if shots is None:
        raise ValuesError("a sample needs a number of shots", got="None", do="pass shots=, or read qdl.probs")
    options = {**options, "shots": shots}
    return _cached("sample", circuit, None, options, lambda o: _Sample(circuit, range(circuit.wires), o))(
        values, seed=options.get("seed")
    )


def counts(circuit: Circuit, values: Mapping[str, Any] | None = None, shots: int = 1000, **options: Any) -> Any:
    """How often each bit string was measured.

    Returns
    -------
    dict, or a flat list of dicts for a batch
        Bit string, wire 0 leftmost, to count, in ascending order of the strings.

    Examples
    --------
    >>> import qdl
    >>> qdl.counts(qdl.Circuit(2).x(1), shots=5, seed=1)
    {'01': 5}
    """
    bits = sample(circuit, values, shots, **options)
    tables = [_count(rows) for rows in bits.reshape(-1, *bits.shape[-2:])]
    return tables[0] if bits.dim() == 2 else tables


def explain(
    circuit: Circuit, observables: Any, values: Mapping[str, Any] | None = None, **options: Any
) -> str:
    """The plan of `expval` at these values, as a table: parts, steps, wires, flops, bytes, predicted time.

    Examples
    --------
    >>> import qdl
    >>> print(qdl.explain(qdl.Circuit(2).h(0).cx(0, 1), qdl.Z(1)).splitlines()[0])
    1 part, batch 1, 0 angles (0 shared)
    """
    compiled = compile(circuit, observables, **options)
    bound = compiled.bind(values)
    texts = [
        describe(executor.plan(bound.sampled, bound.samples), bound.samples) for executor in compiled.executors()
    ]
    return "\n".join(texts)


def _count(rows: Tensor) -> dict[str, int]:
    strings, numbers = torch.unique(rows, dim=0, return_counts=True)
    return {"".join(map(str, s)): n for s, n in zip(strings.tolist(), numbers.tolist(), strict=True)}


def _key(observables: Any) -> Any:
    if isinstance(observables, Observable):
        return observables.key
    try:
        return tuple(o.key for o in observables)
    except (AttributeError, TypeError):
        raise CircuitError(
            "observables must be an Observable or a sequence of them", got=type(observables).__name__
        ) from None


def _chosen(wires: Any, circuit: Any) -> tuple[int, ...]:
    """Checked wires to read; all by default."""
    if not isinstance(circuit, Circuit):
        raise CircuitError("the first argument must be a qdl.Circuit", got=type(circuit).__name__)
    if wires is None:
        return tuple(range(circuit.wires))
    chosen = circuit.check_wires("wires", [wires] if isinstance(wires, int) else wires)
    if not chosen:
        raise CircuitError("no wires to read", do="leave wires out to read all")
    return chosen
