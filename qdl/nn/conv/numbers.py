"""Excitation numbers as a circuit, for every engine that runs circuits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from qdl.ir import Circuit, Observable, Param, arcsin, sqrt
from qdl.nn.conv.drawn import brackets
from qdl.nn.once import FirstOrder, once
from qdl.nn.seeds import derived, fixed
from qdl.run import compile as plan


def encoded(size: int, wires: int) -> Circuit:
    """A circuit whose first `size` wires are excited with the probabilities of a Param ``x``."""
    x, circuit = Param("x", size), Circuit(wires)
    for i in range(size):
        circuit.ry(2 * arcsin(sqrt(x[i])), i)
    return circuit


class NumberCircuit:
    """What a detector answers to numbers n_i, by running its circuit; see `qdl.nn.conv.responses.Response`.

    The angle 2 arcsin sqrt x has an infinite derivative at 0 and 1, where the answer has none: n_i being 0 or 1, the
    answer is linear in x on either side of 0. So the inputs' gradient is taken between the ends of that line, with 2
    more runs per element, and is exact, also with shots.

    Parameters
    ----------
    circuit : Circuit
        With the Params ``x``, ``weight`` and, where it has one, the one called `offset`.
    observable : Observable
    offset : str or None
    options : mapping
        Of `qdl.compile`.
    """

    def __init__(
        self, circuit: Circuit, observable: Observable, offset: str | None, options: Mapping[str, Any]
    ) -> None:
        self.shots, self.seed, self.offset = options.get("shots"), options.get("seed"), offset
        self.compiled = plan(circuit, observable, **options)

    def __call__(self, x: Tensor, weight: Tensor, offset: Tensor | None) -> Tensor:
        seed = None if self.shots is None else fixed(self.seed)
        answer = self.evaluate(x.detach(), weight, offset, seed)

        def again(moved: Tensor) -> Tensor:
            return self.evaluate(moved, weight.detach(), None if offset is None else offset.detach(), derived(seed, 1))

        through: Tensor = _LinearInputs.apply(x, answer, again)
        return through

    def evaluate(self, x: Tensor, weight: Tensor, offset: Tensor | None, seed: int | None) -> Tensor:
        """The answer to x (*moves, G, K, N): (*moves, G, O, N)."""
        signed = x.mT.unsqueeze(-3)
        # An earlier layer's rounding may leave a probability just above 1.
        values = {"x": signed.abs().clamp(max=1), "weight": weight[:, :, None] * signed.sign()}
        if self.offset is not None and offset is not None:
            values[self.offset] = offset[:, :, None, None]
        return self.compiled(values, seed=seed)


class _LinearInputs(FirstOrder):
    """The answer, with the inputs' gradient from runs at the ends of each element's linear piece."""

    @staticmethod
    def forward(x: Tensor, answer: Tensor, again: Callable[[Tensor], Tensor]) -> Tensor:
        return answer.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, _, ctx.again = inputs
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        if not ctx.needs_input_grad[0]:
            return None, cotangent, None
        (x,) = ctx.saved_tensors
        with torch.no_grad():
            high, low, step = (
                torch.stack(ends) for ends in zip(*(brackets(x, k) for k in range(x.shape[1])), strict=True)
            )
            one, other = ctx.again(torch.stack((high, low)))
            slopes = (cotangent * (one - other)).sum(2) / step
        # The circuit has not seen x: what goes on to the weights would be a constant to it in second derivatives.
        return *once([slopes.transpose(0, 1), cotangent], (cotangent, x)), None
