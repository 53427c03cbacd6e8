"""The restricted Boltzmann machine (Smolensky 1986; Hinton 2002), PHYSICS.md A9.

    E(v, h) = -b.v - c.h - h.Wv,    P(v, h) = e^{-E}/Z,
    F(v) = -ln sum_h e^{-E(v, h)} = -b.v - sum_j ln sum_u e^{u (c + Wv)_j},    P(v) = e^{-F(v)}/Z.

Given one side the units of the other are independent, each in a field of its own: `qdl.physics.thermal.units` says
what it then does, for {0, 1} and for {-1, 1}.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.physics.thermal.units import UNITS, Units

LARGEST = 20  # units that are enumerated


class Restricted(NamedTuple):
    """A restricted Boltzmann machine's parameters, and its formulas.

    Attributes
    ----------
    weight : Tensor, shape (hidden, visible)
    visible_bias, hidden_bias : Tensor, shapes (visible,) and (hidden,)
    units : Units
        The alphabet of both sides.
    """

    weight: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor
    units: Units

    def hidden_field(self, v: Tensor) -> Tensor:
        """c + Wv, (*batch, visible) -> (*batch, hidden)."""
        return v @ self.weight.mT + self.hidden_bias

    def visible_field(self, h: Tensor) -> Tensor:
        """b + hW, (*batch, hidden) -> (*batch, visible)."""
        return h @ self.weight + self.visible_bias

    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h), shape (*batch,)."""
        return -(v * self.visible_bias).sum(-1) - (h * self.hidden_field(v)).sum(-1)

    def free_energy(self, v: Tensor) -> Tensor:
        """F(v), (*batch, visible) -> (*batch,)."""
        return -(v * self.visible_bias).sum(-1) - self.units.log_sum(self.hidden_field(v)).sum(-1)

    def transposed(self) -> Restricted:
        """The same law with the two sides exchanged."""
        return Restricted(self.weight.mT, self.hidden_bias, self.visible_bias, self.units)

    def log_partition(self) -> Tensor:
        """ln Z, by the states of the smaller side: at most 20 units.

        Raises
        ------
        UnsupportedError
            Where both sides are larger.
        """
        hidden, visible = self.weight.shape[-2:]
        if min(hidden, visible) > LARGEST:
            raise UnsupportedError(
                "a partition function with too many terms",
                got=f"{visible} visible and {hidden} hidden units",
                expected=f"at most {LARGEST} on one side",
                do="estimate it: annealed_log_partition",
            )
        side = self if visible <= hidden else self.transposed()
        states = self.units.all_states(min(visible, hidden), self.weight)
        return torch.stack([(-side.free_energy(one)).logsumexp(-1) for one in states]).logsumexp(0)

    def pseudo_log_likelihood(self, v: Tensor) -> Tensor:
        """sum_i ln P(v_i | all others), (*batch, visible) -> (*batch,), v of the alphabet (Besag 1975).

        A flip of unit i changes the energy by -b_i d and the fields by W_i d, d = low + high - 2 v_i.
        """
        flip = (self.units.low + self.units.high - 2 * v).unsqueeze(-1)
        field = self.hidden_field(v).unsqueeze(-2)
        flipped = self.units.log_sum(field + flip * self.weight.mT).sum(-1)
        gain = flip.squeeze(-1) * self.visible_bias + flipped - self.units.log_sum(field).sum(-1)
        return torch.nn.functional.logsigmoid(-gain).sum(-1)

    def gibbs(self, v: Tensor, steps: int, generator: torch.Generator | None = None) -> Tensor:
        """Visible states after block Gibbs steps v -> h -> v, of all chains at once: (*batch, visible), detached."""
        for _ in range(steps):
            h = self.units.draw(self.hidden_field(v), generator)
            v = self.units.draw(self.visible_field(h), generator)
        return v

    def converted(self, values: str) -> tuple[Restricted, Tensor]:
        """The same law in the other alphabet, and the constant by which its energies are higher.

        With v = (1 + s)/2 and h = (1 + t)/2,

            b.v + c.h + h.Wv = (b/2 + W^T 1/4).s + (c/2 + W1/4).t + t.(W/4)s + (sum b + sum c)/2 + sum W/4.

        Examples
        --------
        >>> law = Restricted(torch.tensor([[4.0]]), torch.zeros(1), torch.zeros(1), UNITS["binary"])
        >>> spins, above = law.converted("spin")
        >>> spins.weight, spins.visible_bias, above
        (tensor([[1.]]), tensor([1.]), tensor(1.))
        """
        units, (W, b, c) = UNITS[values], self[:3]
        if units == self.units:
            return self, W.new_zeros(W.shape[:-2])
        if units == UNITS["spin"]:
            made = Restricted(W / 4, b / 2 + W.sum(-2) / 4, c / 2 + W.sum(-1) / 4, units)
        else:
            made = Restricted(4 * W, 2 * (b - W.sum(-2)), 2 * (c - W.sum(-1)), units)
        binary = self if units == UNITS["spin"] else made
        above = (binary.visible_bias.sum(-1) + binary.hidden_bias.sum(-1)) / 2 + binary.weight.sum((-2, -1)) / 4
        return made, above if units == UNITS["spin"] else -above
