"""The detector as a circuit, for every engine that runs circuits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import pi
from typing import Any

import torch
from torch import Tensor

from qdl.ir import Circuit, Param, Z, arcsin, cell, sqrt
from qdl.nn.conv.responses import brackets
from qdl.nn.once import FirstOrder, once
from qdl.nn.seeds import derived, fixed
from qdl.run import compile as plan


def detector_circuit(size: int, coupling: float, biased: bool = False) -> Circuit:
    """One patch and one output of PHYSICS.md A3a; -<Z> of the last wire is E sin(gW + b).

    Parameters
    ----------
    size : int
        Elements of the patch: wires 0 to size - 1. The detector is the last wire.
    coupling : float
        g, in radians per unit of weight.
    biased : bool
        Whether the detector is turned by a Param ``bias`` beforehand.

    Returns
    -------
    Circuit
        With the Params ``x`` (size probabilities), ``weight`` (size; the element's sign belongs to it) and ``bias``.
        The interaction exp(-i g/2 w n (x) Y) is the cell ``detector``.

    Examples
    --------
    >>> detector_circuit(2, 0.5)
    <Circuit: 3 wires, 5 gates, Params x[2], weight[2]>
    """
    x, weight = Param("x", size), Param("weight", size)
    circuit = Circuit(size + 1)
    for i in range(size):
        circuit.ry(2 * arcsin(sqrt(x[i])), i)
    circuit.ry(pi / 2 + Param("bias", 1)[0] if biased else pi / 2, size)
    interaction = cell("detector")
    for i in range(size):
        circuit.append(interaction, (i, size), [coupling * weight[i]])
    return circuit


class CircuitResponse:
    """The detector's answer by running its circuit; see `qdl.nn.conv.responses.Response`.

    The angle 2 arcsin sqrt x has an infinite derivative at 0 and 1, where the answer has none: the answer is linear in
    x on either side of 0. So the inputs' gradient is taken between the ends of that line, with 2 more runs per element,
    and is exact, also with shots.
    """

    def __init__(self, size: int, coupling: float, biased: bool, options: Mapping[str, Any]) -> None:
        self.shots, self.seed = options.get("shots"), options.get("seed")
        self.circuit = detector_circuit(size, coupling, biased)
        self.compiled = plan(self.circuit, -1.0 * Z(size), **options)

    def __call__(self, x: Tensor, weight: Tensor, coupling: float, offset: Tensor | None) -> Tensor:
        seed = None if self.shots is None else fixed(self.seed)
        answer = self.evaluate(x.detach(), weight, offset, seed)

        def again(moved: Tensor) -> Tensor:
            return self.evaluate(moved, weight.detach(), None if offset is None else offset.detach(), derived(seed, 1))

        through: Tensor = _LinearInputs.apply(x, answer, again)
        return through

    def evaluate(self, x: Tensor, weight: Tensor, offset: Tensor | None, seed: int | None) -> Tensor:
        """E sin(gW + b) for x (*moves, G, K, N): (*moves, G, O, N)."""
        signed = x.mT.unsqueeze(-3)
        # An earlier layer's rounding may leave a probability just above 1.
        values = {"x": signed.abs().clamp(max=1), "weight": weight[:, :, None] * signed.sign()}
        if offset is not None:
            values["bias"] = offset[:, :, None, None]
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
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, Tensor, None]:
        if not ctx.needs_input_grad[0]:
            return None, cotangent, None
        (x,) = ctx.saved_tensors
        with torch.no_grad():
            high, low, step = (
                torch.stack(ends) for ends in zip(*(brackets(x, k) for k in range(x.shape[1])), strict=True)
            )
            one, other = ctx.again(torch.stack((high, low)))
            slopes = (cotangent * (one - other)).sum(2) / step
        return once([slopes.transpose(0, 1)], (cotangent, x))[0], cotangent, None
