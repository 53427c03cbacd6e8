"""The two alphabets of a unit, {0, 1} and {-1, 1}, and all that depends on the choice.

In a field a, which adds the energy -a u, a unit u is in thermal equilibrium with

    alphabet   ln sum_u e^{au}    <u>          P(largest u)
    {0, 1}     ln(1 + e^a)        sigmoid(a)   sigmoid(a)         the Fermi function at energy -a
    {-1, 1}    ln 2 cosh a        tanh(a)      sigmoid(2 a)       the magnetisation of a spin

The factor 2 in the last column is the distance of the two values: 1/(1 + e^{-a(u_1 - u_0)}).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid


@dataclass(frozen=True)
class Units:
    """Two-valued units.

    Attributes
    ----------
    low, high : float
        The two values.
    """

    low: float
    high: float

    @property
    def step(self) -> float:
        return self.high - self.low

    def log_sum(self, field: Tensor) -> Tensor:
        """ln sum_u e^{field u}, for each unit. Exact far out too, where torch's softplus is cut at 20."""
        return self.low * field - logsigmoid(-self.step * field)

    def mean(self, field: Tensor) -> Tensor:
        """<u> of each unit."""
        return self.low + self.step * torch.sigmoid(self.step * field)

    def draw(self, field: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """One value of each unit, in the type of the field; nothing is differentiated."""
        chance = torch.sigmoid(self.step * field.detach())
        random = torch.rand(chance.shape, dtype=chance.dtype, device=chance.device, generator=generator)
        return self.low + self.step * (random < chance).to(chance.dtype)

    def field(self, mean: Tensor) -> Tensor:
        """The field in which a unit has this mean; the inverse of `mean`."""
        return torch.logit((mean - self.low) / self.step) / self.step

    def all_states(self, count: int, like: Tensor, rows: int = 1 << 16) -> Iterator[Tensor]:
        """All 2**count states in pieces of shape (rows, count); the first unit is the most significant bit."""
        places = torch.arange(count - 1, -1, -1, device=like.device)
        for start in range(0, 1 << count, rows):
            numbers = torch.arange(start, min(start + rows, 1 << count), device=like.device)
            yield self.low + self.step * ((numbers.unsqueeze(-1) >> places) & 1).to(like.dtype)


UNITS = {"binary": Units(0.0, 1.0), "spin": Units(-1.0, 1.0)}
