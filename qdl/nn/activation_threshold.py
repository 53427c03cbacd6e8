"""A threshold that is made of measurements: the repeat-until-success neuron."""

from __future__ import annotations

from contextlib import ExitStack
from math import pi
from typing import Any

from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.ir import Circuit, N, Param
from qdl.ir.bits import Condition, condition
from qdl.ir.params import Angle
from qdl.nn.arguments import require_real
from qdl.nn.forms import TwoForms
from qdl.nn.precision import outside_autocast, require_precision
from qdl.physics.threshold import attempted, threshold_excitation

MOST_ROUNDS = 8


class RepeatUntilSuccess(TwoForms, nn.Module):
    """A smooth step: the probability that the neuron of Cao, Guerreschi and Aspuru-Guzik is excited.

    With phi = offset + x the target is turned by RY(2 q), q = arctan(tan^{2^rounds} phi), and the output is sin^2 q: a
    step at phi = pi/4 that every round makes twice as steep, flat at phi = 0 and pi/2, repeating with the period pi.
    The circuit tries until an ancilla is found in 0: RY(2 phi), a controlled -iY on the target, RY(-2 phi), a
    measurement; a failure, RY(-pi/2) on the target, is undone and the ancilla reset. In a second round the ancilla is
    turned by such a neuron itself. (PHYSICS.md A8; finite attempts: ours)

    Parameters
    ----------
    rounds : int
        k, 0 to 8; 0 is sin^2 phi.
    attempts : int, optional
        How often every neuron, also one inside another, tries at most; whoever has not succeeded then leaves its target
        as it was. None is for ever, which no circuit runs.
    offset : float
        In radians; pi/4 puts the step at x = 0.
    **options
        ``engine`` (``"closed"`` unless said; with shots or noise ``"state"``), and the options of `qdl.compile`.

    Raises
    ------
    ValuesError, UnsupportedError
        For rounds or attempts that make no sense, and for a circuit without a number of attempts.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([-0.4, 0.0, 0.4])
    >>> RepeatUntilSuccess(rounds=1)(x)
    tensor([0.0264, 0.5000, 0.9736])
    >>> RepeatUntilSuccess(rounds=1, attempts=8, engine="state")(x)
    tensor([0.0264, 0.4980, 0.9735])
    """

    _observables = N(0)

    def __init__(self, rounds: int = 1, attempts: int | None = None, offset: float = pi / 4, **options: Any) -> None:
        super().__init__()
        if isinstance(rounds, bool) or not isinstance(rounds, int) or not 0 <= rounds <= MOST_ROUNDS:
            raise ValuesError("the rounds make no sense", got=repr(rounds), expected=f"an integer, 0 to {MOST_ROUNDS}")
        if attempts is not None and (isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1):
            raise ValuesError("the attempts make no sense", got=repr(attempts), expected="a positive integer or None")
        self.rounds, self.attempts, self.offset = rounds, attempts, require_real("offset", offset)
        self._choose(options)

    @property
    def circuit(self) -> Circuit:
        """The neuron, its angle being the Param ``phi``."""
        if self.attempts is None and self.rounds:
            raise UnsupportedError("no circuit tries for ever", got="attempts=None", do="say how many it makes")
        return threshold_circuit(self.rounds, self.attempts or 1)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same, in [0, 1]."""
        require_precision(x, self)
        phi = x + self.offset
        if self._compiled is not None:
            return self._run({"phi": phi[..., None]})
        step = threshold_excitation(phi, self.rounds)
        return step if self.attempts is None else attempted(phi, self.rounds, self.attempts) * step

    def extra_repr(self) -> str:
        return f"rounds={self.rounds}, attempts={self.attempts}, offset={self.offset:g}, engine={self.engine}"


def threshold_circuit(rounds: int, attempts: int) -> Circuit:
    """The neuron as a circuit with measurements, feedback and resets; its Param is ``phi``, its target wire 0.

    Wire k is the ancilla of the k-th neuron, each turning the ancilla of the one before.

    Examples
    --------
    >>> threshold_circuit(1, 2)
    <Circuit: 2 wires, 14 gates, Params phi[1]>
    """
    circuit = Circuit(rounds + 1)
    _turn(circuit, Param("phi", 1)[0], rounds, 0, attempts, 1, "n")
    return circuit


def _turn(
    circuit: Circuit, phi: Angle, rounds: int, target: int, attempts: int, sign: int, name: str, *asked: Condition
) -> list[Condition]:
    """Turn the target by RY(2 sign q) where all of `asked` hold; returns what holds if that has been done."""

    def only(*more: Condition) -> ExitStack:
        stack = ExitStack()
        for each in (*asked, *more):
            stack.enter_context(circuit.if_(each))
        return stack

    if not rounds:
        with only():
            circuit.ry(2 * sign * phi, target)
        return []
    ancilla, done = target + 1, [f"{name}{attempt}" for attempt in range(attempts)]
    inside = (circuit, phi, rounds - 1, ancilla, attempts)
    for attempt in range(attempts):
        # A bit is 1 if its attempt succeeded, and 0 if it did not or was not made.
        todo = [condition(done[:attempt], 0)] if attempt else []
        forth = _turn(*inside, 1, f"{done[attempt]}p", *asked, *todo)
        with only(*todo, *forth):
            circuit.cry(sign * pi, ancilla, target)
        back = _turn(*inside, -1, f"{done[attempt]}m", *asked, *todo, *forth)
        if back:  # where it was not turned back, a 1 means that the target was turned by RY(sign pi)
            with only(*todo, *forth, back[0].otherwise()):
                circuit.cry(-sign * pi, ancilla, target)
        with only(*todo, *forth, *back):
            circuit.x(ancilla).measure(ancilla, done[attempt])
        with only(*todo, *forth, *back, condition(done[attempt], 0)):
            circuit.ry(sign * pi / 2, target)
        circuit.reset(ancilla)
    return [condition(done, 0).otherwise()]
