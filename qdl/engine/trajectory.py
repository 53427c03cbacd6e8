"""Monte-Carlo wave functions: what is random in a circuit is drawn, trajectory by trajectory.

At a channel with the ways sqrt(w_k) K_k, a trajectory in the state psi takes way k with probability q_k and goes on as
K_k psi. With the factor w_k/q_k, q detached from every gradient,

    E[ (w_k/q_k) <K_k psi|O|K_k psi> ] = sum_k w_k <K_k psi|O|K_k psi>,

and so for the derivative of both sides: values and gradients are unbiased whatever the law q is, as long as q_k > 0
where w_k, or its derivative, is not 0. Normalising a branch by its own norm instead is biased in its gradient. The law
is q_k = w_k |K_k psi|^2, which makes every factor times norm 1; where a gradient of w_k is wanted, a way that is all
but impossible gets a small share, so that its derivative is seen too. (ours)

Where every way is a unitary the law does not depend on the state, and all draws are made at once. So they are for weak
noise of other kinds, with the law of the maximally mixed state, q_k = w_k tr(K_k^+ K_k)/d: norms then differ from 1 by
what the state differs from it, and a spread of exp(V) - 1 comes in with V <= sum over channels of
max_x sum_k q_k (<x|K_k^+ K_k|x> w_k/q_k)^2 - 1, V <= `MOST_SPREAD`. Since norms are 1 on average, F - c (N - 1) is as
unbiased as F for any c that these trajectories have not chosen: each half of them takes the ratio of means of the other
half. (ours; importance sampling with a control variate) Else the circuit is run once without gradients, up to the last
draw, and the state is read wherever one is due (`qdl.engine.walk`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import torch
from torch import Tensor

from qdl.engine.angles import Evaluator
from qdl.engine.state import StateVector
from qdl.engine.values import COMPLEX, Values
from qdl.engine.walk import Law, Stage, Walk, choose, height, make_stages, pick, spread
from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.plan.unravel import Event, Unravelled, unravel

COUNT = 1000
MOST_SPREAD = 2.0
SHARE = 0.5  # how many draws of a trajectory, on average, go to ways that are all but impossible
NEAR_BYTES = 2**20  # of the states that are run together where draws depend on them


class Trajectory(StateVector):
    """State vectors of single trajectories; ``"trajectory:5000"`` averages over so many, 1000 by default."""

    name = "trajectory"

    def __init__(self, argument: str = "") -> None:
        if argument and not (argument.isdecimal() and int(argument) > 0):
            raise UnsupportedError(
                "engine 'trajectory' takes a number of trajectories",
                got=f"'trajectory:{argument}'",
                expected="such as 'trajectory:1000'",
            )
        self.count = int(argument or COUNT)

    def lower(self, circuit: Circuit, coherent: Sequence[int] = ()) -> Unravelled:
        return unravel(circuit)


@dataclass(frozen=True)
class Drawn:
    """What some trajectories drew: the hidden Param's values (R, n), and each event's factor (R, n_events), or None.

    Of what is read, those factors count whose events are simulated with it: the rest is 1 on average, but so is its
    derivative only together with that of a state's norm.
    """

    hidden: Tensor
    factors: Tensor | None


class Draws:
    """Draws for the trajectories of a circuit.

    Parameters
    ----------
    lowered : Unravelled
    """

    def __init__(self, lowered: Unravelled) -> None:
        self.lowered, self.events = lowered, lowered.events
        self.weights = Evaluator([k.weight for event in self.events for k in event.kraus])
        self.starts = [0, *accumulate(len(event.kraus) for event in self.events)]
        self.blind = all(event.blind and not event.waits for event in self.events)
        self.guess = None if self.blind else Guess.of(self.events)
        self._stages: dict[object, list[Stage]] = {}

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_stages": {}}

    @property
    def width(self) -> int:
        """Uniform numbers for a trajectory."""
        return max(1, len(self.events))

    @torch.no_grad()
    def at_once(self, values: Values) -> bool:
        """Whether all draws can be made at once: no law depends on a state, or only weakly."""
        if self.guess is None or values.device.type == "meta":
            return self.blind
        return bool(self.guess.spread(values, self.weights(values)).max() <= MOST_SPREAD)

    def __call__(self, values: Values, uniform: Tensor, at_once: bool) -> Drawn:
        """Draw for the trajectories of `values`, (R,), from uniform numbers (R, n_events)."""
        rows = values.samples
        weights = self.weights(values)
        weights = weights.expand(rows, -1) if weights.dim() == 1 else weights
        steers = weights.requires_grad and torch.is_grad_enabled()
        with torch.no_grad():
            draw = self._at_once if at_once else self._along
            law, hidden = draw(values, weights.detach(), uniform, steers)
        if not steers:
            return Drawn(hidden, None)
        taken = weights.gather(1, law.column) * law.scale
        return Drawn(hidden, torch.where(law.acts, taken, 1))

    def _at_once(self, values: Values, weights: Tensor, uniform: Tensor, steers: bool) -> tuple[Law, Tensor]:
        """All draws at once, events of as many ways together."""
        rows, law = values.samples, Law.empty(values.samples, len(self.events), values)
        assert self.lowered.hidden is not None
        hidden = torch.zeros(rows, self.lowered.hidden.size, dtype=values.dtype, device=values.device)
        norms = torch.ones_like(weights) if self.guess is None else self.guess.norms(values).expand_as(weights)
        groups: dict[int, list[int]] = {}
        for number, event in enumerate(self.events):
            groups.setdefault(len(event.kraus), []).append(number)
        for count, members in groups.items():
            columns = torch.tensor([[self.starts[e] + k for k in range(count)] for e in members], device=values.device)
            first = torch.tensor([self.events[e].first for e in members], device=values.device)
            norm = norms[:, columns]
            chances = spread(weights[:, columns] * norm, SHARE / len(self.events) if steers else 0.0)
            way = choose(chances, uniform[:, members])
            norm = pick(norm, way)
            hidden.scatter_(1, first + way, height(norm))
            law.note(members, columns[:, 0] + way, norm / pick(chances, way))
        return law, hidden

    def _along(self, values: Values, weights: Tensor, uniform: Tensor, steers: bool) -> tuple[Law, Tensor]:
        """Draws one after the other, the states being run along, a few trajectories at a time."""
        key = (values.sampled, values.dtype, values.device)
        if key not in self._stages:
            with torch.inference_mode(False), torch._C._DisableFuncTorch():
                self._stages[key] = make_stages(self.lowered, values)
        stages = self._stages[key]
        size = max((2 ** len(stage.register) for stage in stages), default=1)
        step = max(1, NEAR_BYTES // (COMPLEX[values.dtype].itemsize * size))
        share = SHARE / len(self.events) if steers else 0.0
        pieces = []
        for start in range(0, values.samples, step):
            stop = min(start + step, values.samples)
            walk = Walk(self.lowered, values.rows(start, stop), weights[start:stop], uniform[start:stop], share)
            pieces.append(walk.run(stages, self.starts))
        laws, hidden = zip(*pieces, strict=True)
        columns = zip(*((law.column, law.scale, law.acts) for law in laws), strict=True)
        return Law(*map(torch.cat, columns)), torch.cat(hidden)


class Guess:
    """The law of the maximally mixed state, for channels whose K^+ K are diagonal; see above.

    Parameters
    ----------
    events : sequence of Event
    """

    def __init__(self, events: Sequence[Event]) -> None:
        ways = [way for event in events for way in event.kraus]
        terms = [(k, term) for k, way in enumerate(ways) for term in way.terms]
        self.count, self.events = len(ways), len(events)
        self.amplitudes = Evaluator([amplitude for _, (amplitude, _) in terms])
        self.way = torch.tensor([k for k, _ in terms])
        self.event = torch.tensor([e for e, event in enumerate(events) for _ in event.kraus])
        widest = max(len(matrix) for _, (_, matrix) in terms)
        squares = [(matrix.conj().T @ matrix).diagonal().real for _, (_, matrix) in terms]
        # Every state of fewer wires several times over, so that all have as many.
        self.squares = torch.tensor(np.stack([np.repeat(square, widest // len(square)) for square in squares]))

    @staticmethod
    def of(events: Sequence[Event]) -> Guess | None:
        """The guess for some events; None if it cannot be made."""
        for event in events:
            if event.waits:
                return None
            for way in event.kraus:
                for j, (_, a) in enumerate(way.terms):
                    for k, (_, b) in enumerate(way.terms):
                        product = a.conj().T @ b
                        off = product if j != k else product - np.diag(np.diag(product))
                        if np.abs(off).max() > 1e-12:
                            return None
        return Guess(events)

    def _by_way(self, values: Values) -> Tensor:
        """<x|K^+ K|x> of each way and basis state, (..., n_ways, D)."""
        squares = self.squares.to(values.device, values.dtype)
        weighed = self.amplitudes(values).square().unsqueeze(-1) * squares
        out = weighed.new_zeros(*weighed.shape[:-2], self.count, weighed.shape[-1])
        return out.index_add(-2, self.way.to(values.device), weighed)

    def norms(self, values: Values) -> Tensor:
        """tr(K^+ K)/d of each way, (n_ways,) or (R, n_ways)."""
        return self._by_way(values).mean(-1)

    def spread(self, values: Values, weights: Tensor) -> Tensor:
        """The bound V on the logarithm of the mean square norm."""
        found = self._by_way(values)
        mean = found.mean(-1, keepdim=True)
        parts = torch.where(mean > 0, weights.unsqueeze(-1) * found**2 / mean, 0)
        out = parts.new_zeros(*parts.shape[:-2], self.events, parts.shape[-1])
        return (out.index_add(-2, self.event.to(values.device), parts) - 1).amax(-1).clamp(min=0).sum(-1)
