"""A compiled request: structure checked and planned when it is made, values checked and run when it is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint

from qdl import registry
from qdl.engine.angles import Evaluator
from qdl.engine.memory import rows_that_fit
from qdl.engine.state import StateVector
from qdl.engine.trajectory import Draws
from qdl.engine.values import COMPLEX, Values, bind, check, real_dtype, repeated
from qdl.errors import CircuitError, UnsupportedError
from qdl.grad.adjoint import Adjoint
from qdl.grad.autograd import Autograd
from qdl.grad.execute import Executor, MakePlan
from qdl.ir import Circuit, Operation, Param
from qdl.ir.channels import Channel, Measure
from qdl.ir.noise.readout import Readout
from qdl.ir.params import Angle, Expr, params_of
from qdl.measure import seeds
from qdl.plan import Plan
from qdl.plan.lower import remote
from qdl.plan.unravel import HIDDEN, Unravelled
from qdl.run.noisy import limits_of, noisy
from qdl.run.options import Options

if TYPE_CHECKING:
    from qdl.run.distant import Distant

LARGE = 22  # index bits of a state below which any machine has the memory
DRAWS = (1 << 20,)  # the path of trajectories' random numbers, beside those of shots
ROUNDING = 1e-6  # by which the strengths of a channel may leave their range


class Compiled:
    """A circuit and what is read of it, planned: call it with values.

    Made by `compile`. Everything that can be wrong with structure is wrong when it is made, not when it is called. It
    can be copied and pickled.

    Attributes
    ----------
    params : tuple of Param
        What must be bound: the circuit's Params and those of the observables' coefficients.
    """

    def __init__(
        self, circuit: Circuit, options: Options, coefficients: Sequence[Angle] = (), coherent: Collection[int] = ()
    ) -> None:
        self.circuit, self.options = circuit.copy(), options
        self.rules: list[Readout] = []
        simulated = self.circuit
        if options.noise is not None:
            simulated, self.rules = noisy(self.circuit, options.noise)
        self.engine = registry.engine(options.engine)
        here = isinstance(self.engine, StateVector)
        if not here and not all(hasattr(self.engine, ask) for ask in ("expvals", "probs", "samples")):
            raise UnsupportedError(
                "unknown kind of engine", got=type(self.engine).__name__, expected="an engine's name"
            )
        self.distant: Distant | None = None
        if here:
            self.method = options.method()
            self.lowered = self.engine.lower(simulated, tuple(coherent))
        else:
            from qdl.run.distant import Distant  # only what goes far away needs it

            name = options.engine if isinstance(options.engine, str) else type(self.engine).__name__
            self.distant = Distant(self.engine, name, simulated, options.grad)
            self.lowered = remote(simulated)
        self.draws = Draws(self.lowered) if isinstance(self.lowered, Unravelled) and self.lowered.events else None
        if self.draws is not None and options.grad in ("spsa", "finite"):
            raise UnsupportedError(
                "differences would move what trajectories have drawn",
                got=f"grad={options.grad!r}",
                do="use grad='auto'",
            )
        asked = [*self.lowered.limits, *limits_of(self.rules)]
        limits = list(dict.fromkeys(found for found in asked if isinstance(found[1].value, Expr)))
        self.limits = (limits, Evaluator([limit.value for _, limit in limits]))
        found: dict[str, Param] = {}
        entries = [entry for rule in self.rules for row in rule.matrix for entry in row]
        for param in (*simulated.params, *params_of([*coefficients, *entries])):
            if found.setdefault(param.name, param) != param:
                raise CircuitError(
                    f"Param {param.name!r} has two sizes", got=param.size, expected=found[param.name].size
                )
        self.params = tuple(found.values())
        self.exact_only = self._exact_only(simulated, entries) if options.shots is not None else frozenset()

    def _exact_only(self, simulated: Circuit, entries: Sequence[Angle]) -> frozenset[str]:
        """Names of Params whose gradients shots cannot give: those of readout errors, and on density matrices those of
        channels, whose shifts would be no channels.
        """
        noisy = [op for op in simulated.operations if isinstance(op.gate, (Channel, Measure))]
        strengths = {param.name for op in noisy for param in params_of(op.angles)}
        if self.distant is not None or not self.engine.mixed:
            strengths = set()
        elif strengths and self.options.grad == "spsa":
            raise UnsupportedError(
                "simultaneous perturbation would move strengths to where there is no channel",
                got=f"the Params {sorted(strengths)}",
                do="use grad='auto', shots=None, or engine='aer'",
            )
        return frozenset(strengths | {param.name for param in params_of(entries)})

    def _refuse_gradients_of_shots(self, values: Values) -> None:
        lost = [name for name in sorted(self.exact_only) if values.tensors[name].requires_grad]
        if lost and torch.is_grad_enabled():
            raise UnsupportedError(
                "shots have no gradient with respect to noise",
                got=f"Params {lost}",
                do="use shots=None, or detach them",
            )

    def __call__(self, values: Mapping[str, Any] | None = None, *, seed: Any = None) -> Tensor:
        """The result at `values`; `seed` goes before the one of the options."""
        if torch.compiler.is_compiling():  # a request is compiled already
            return torch.compiler.disable(Compiled.__call__)(self, values, seed=seed)
        bound = self.bind(values)
        kind = bound.device.type
        if torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind):
            with torch.autocast(kind, enabled=False):  # half precision is no precision for a state
                return self(values, seed=seed)
        if 0 in bound.batch:
            return self._empty(bound)
        self._refuse_gradients_of_shots(bound)
        out = self._chunked(bound, self.options.seed if seed is None else seed)
        if not bound.batch:
            return self.finish(out[0])
        return self.finish(out.expand(bound.samples, *out.shape[1:]).reshape(*bound.batch, *out.shape[1:]))

    def bind(self, values: Mapping[str, Any] | None) -> Values:
        """The values, checked and laid out."""
        o = self.options
        bound = bind(self.params, values, o.dtype, o.device, o.validate)
        limits, evaluator = self.limits
        if limits and bound.validate:
            with torch.no_grad():
                slack = evaluator(bound)
            for k, (name, limit) in enumerate(limits):
                least = 0.0 if limit.strict else -ROUNDING
                check(f"the strengths of {name!r} ({limit.problem})", slack[..., k] > least, limit.expected)
        return bound

    def make_executor(self, make_plan: MakePlan, more: Sequence[Operation] = (), forward: bool = False) -> Executor:
        """An executor of the circuit, with some operations added at its end; `forward` ones give no gradients."""
        lowered = self.lowered
        levels = lowered.levels if self.engine.mixed else None
        choice = self.options.choice()
        if self.draws is not None:
            links = self.links() if not forward else ()
            choice = replace(choice, mix=True, norms=not self.draws.blind, forward=forward, links=links)
        executor = Executor([*lowered.operations, *more], make_plan, self.engine, choice, levels)
        if sum(lowered.levels) > LARGE:  # what no batch makes smaller is refused here, not at the first call
            precision = real_dtype(self.options.dtype) or torch.float32
            device = torch.device(self.options.device or "cpu")
            plan = executor.plan(frozenset(), 1, device)
            self._rows_that_fit([(executor, plan)], 1, precision, device, reverse=False)
        return executor

    def _rows_that_fit(
        self,
        planned: Sequence[tuple[Executor, Plan]],
        samples: int,
        dtype: torch.dtype,
        device: torch.device,
        reverse: bool,
    ) -> int:
        """How many samples of some plans fit into memory at once; refused if not even one does."""
        size = COMPLEX[dtype].itemsize
        per_sample = size * sum(executor.sample_entries(plan, reverse) for executor, plan in planned)
        # A shot is a uniform number and an index for each part, then bits and outcomes: at most 8 of 8 bytes each.
        per_sample += 64 * (self.options.shots or 0) * max((len(plan.parts) for _, plan in planned), default=0)
        if self.draws is not None:  # uniform numbers, laws and what was drawn
            hidden = self.draws.lowered.hidden
            per_sample += 8 * (8 * self.draws.width + 3 * (hidden.size if hidden else 0))
        fixed = size * samples * self.result_entries()
        remedy = "use engine='trajectory'" if self.engine.mixed else "use fewer wires"
        return rows_that_fit(samples, per_sample, fixed, device, self.options.memory_budget, remedy)

    def rows(self, values: Values, start: int, seed: int) -> Tensor:
        """The result for some samples, (S, *shape) with S the samples or 1; `start` is the first one's number."""
        raise NotImplementedError

    def finish(self, out: Tensor) -> Any:
        """The last touch on (*batch, *shape)."""
        return out

    def executors(self) -> list[Executor]:
        """All executors of this request, for estimates and `explain`."""
        raise NotImplementedError

    def result_entries(self) -> float:
        """Complex entries of the result of one sample."""
        return 1.0

    def _chunked(self, values: Values, source: Any) -> Tensor:
        if self.draws is not None:
            return self._averaged(values, source)
        if self.distant is not None:  # one request, however many samples
            return self.rows(values, 0, 0 if self.options.shots is None else seeds.base_seed(source))
        seed = 0 if self.options.shots is None else seeds.base_seed(source)
        samples = values.samples
        planned = [(e, e.plan(values.sampled, samples, values.device)) for e in self.executors()]
        reverse = torch.is_grad_enabled() and any(t.requires_grad for t in values.tensors.values())
        rows = self._rows_that_fit(planned, samples, values.dtype, values.device, reverse)
        if rows >= samples or not values.sampled:
            return self.rows(values, 0, seed)
        pieces = []
        for start in range(0, samples, rows):
            piece = values.rows(start, min(start + rows, samples))
            pieces.append(self._remember(piece, start, seed))
        return torch.cat([p.expand(min(rows, samples - k * rows), *p.shape[1:]) for k, p in enumerate(pieces)])

    def _averaged(self, values: Values, source: Any) -> Tensor:
        """The mean over trajectories: a row for each trajectory of each sample, as many at once as fit."""
        seed, count = seeds.base_seed(source), self.trajectories
        assert self.draws is not None
        if torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0:
            raise UnsupportedError(
                "trajectories have gradients in reverse mode only", do="use torch.autograd, or engine='density'"
            )
        reverse = torch.is_grad_enabled() and any(t.requires_grad for t in values.tensors.values())
        if reverse and self.options.shots is not None and not self.draws.blind:
            raise UnsupportedError(
                "single shots of trajectories have no gradient where the state decides what happens",
                do="use shots=None, the mean over trajectories, or engine='density'",
            )
        # How draws are made is decided for the whole batch, however it is cut.
        many = repeated(values, count, self.guesses and self.draws.at_once(values))
        planned = [(e, e.plan(values.sampled | {HIDDEN}, many.samples, values.device)) for e in self.executors()]
        rows = self._rows_that_fit(planned, many.samples, values.dtype, values.device, reverse)
        pieces = []
        for start in range(0, many.samples, rows):
            piece = many.rows(start, min(start + rows, many.samples))
            out = self._remember(piece, start, seed) if rows < many.samples else self.rows(piece, start, seed)
            pieces.append(out.expand(piece.samples, *out.shape[1:]))
        return self.average(torch.cat(pieces).unflatten(0, (-1, count)), values)

    @property
    def trajectories(self) -> int:
        """Trajectories of each sample: one for each shot where there are shots."""
        return self.options.shots or self.engine.count

    def links(self) -> tuple[tuple[int, ...], ...]:
        """Wires that trajectories keep together where gradients are wanted."""
        assert isinstance(self.lowered, Unravelled)
        return self.lowered.links

    @property
    def guesses(self) -> bool:
        """Whether trajectories may be of another norm than 1, as long as that is right on average."""
        return self.draws is not None and self.draws.blind

    @property
    def each(self) -> int | None:
        """Shots of each row."""
        return self.options.shots if self.draws is None else 1

    def average(self, out: Tensor, values: Values) -> Tensor:
        """What is made of the trajectories' results, (S, T, *shape)."""
        return out.mean(1)

    def drawn(self, values: Values, start: int, seed: int) -> tuple[Values, Tensor | None]:
        """Values with what their trajectories drew, and the factor of each event, (R, n_events), if any differs."""
        assert self.draws is not None
        with torch._C._DisableFuncTorch():  # random numbers know no transforms
            uniform = seeds.uniform(seed, DRAWS, start, values.samples, 1, self.draws.width, values.device)
        found = self.draws(values, uniform[:, 0], values.at_once)
        tensors = {**values.tensors, HIDDEN: found.hidden}
        return Values(tensors, values.batch, values.dtype, values.device, values.validate), found.factors

    def _remember(self, piece: Values, start: int, seed: int) -> Tensor:
        """One piece; where gradients would keep its states alive, it is computed again on the way back."""
        keeps = isinstance(self.method, (Adjoint, Autograd)) and torch.is_grad_enabled()
        if not keeps or torch._C._are_functorch_transforms_active():
            return self.rows(piece, start, seed)
        again = checkpoint(self.rows, piece, start, seed, use_reentrant=False, preserve_rng_state=False)
        assert isinstance(again, Tensor)
        return again

    def _empty(self, values: Values) -> Any:
        """The result for no samples: right in shape, type and gradient (zero)."""
        one = Values(
            {n: v.new_zeros(1, v.shape[1]) if v.dim() == 2 else v for n, v in values.tensors.items()},
            (1,),
            values.dtype,
            values.device,
        )
        with torch.no_grad():
            like = self.finish(self._chunked(one, 0)[0])
        nothing = torch.stack([v.sum() for v in values.tensors.values()]).sum() * 0
        if isinstance(like, tuple):  # an estimate
            return type(like)(*(t.new_zeros(*values.batch, *t.shape) + nothing.to(t.dtype) for t in like))
        return like.new_zeros(*values.batch, *like.shape) + nothing.to(like.dtype)
