"""The restricted Boltzmann machine as a module."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from qdl.nn.arguments import require_count, require_known
from qdl.nn.boltzmann.inputs import generator_of, require_states
from qdl.nn.precision import outside_autocast, require_known_precision
from qdl.physics.thermal.annealing import annealed_log_partition
from qdl.physics.thermal.restricted import Restricted
from qdl.physics.thermal.units import UNITS
from qdl.run import Estimate


class RBM(nn.Module):
    """The restricted Boltzmann machine: a layer of units in thermal equilibrium with its input.

    P(v, h) = e^{-E}/Z, E = -b.v - c.h - h.Wv: PHYSICS.md A9, which the seed theory calls the macroscopic picture of a
    network; the formulas are those of Smolensky 1986 and Hinton 2002. ``forward`` is ``sigmoid(linear(v))``, or for
    spins ``tanh(linear(v))``: what a unit is on average, the input being held.

    Parameters
    ----------
    visible, hidden : int
        Units on either side.
    values : str
        ``"binary"``, units in {0, 1}, or ``"spin"``, units in {-1, 1}. `converted` goes from one to the other.
    chains : int
        Persistent Markov chains that the module keeps for `persistent_contrastive_divergence`.
    device, dtype
        Of the parameters; torch.float32 or float64.

    Attributes
    ----------
    weight : Parameter, shape (hidden, visible)
    visible_bias, hidden_bias : Parameter, shapes (visible,) and (hidden,)
    chains : buffer, shape (chains, visible)
        Part of the state_dict, so that training goes on where it stopped.

    Raises
    ------
    QdlError
        When the module is made, for arguments that make no sense; later, for inputs of the wrong shape or precision
        and for numbers beyond the units' values. Between them they are means: F and the fields are linear in them.

    Notes
    -----
    Wherever `seed` is asked for, an integer fixes the draw, a torch.Generator is drawn from, and None is torch's own.

    Examples
    --------
    >>> rbm, data = RBM(6, 4), (torch.rand(100, 6) < 0.3).float()
    >>> optimizer = torch.optim.SGD(rbm.parameters(), lr=0.1)
    >>> rbm.contrastive_divergence(data, steps=1).backward()
    >>> optimizer.step()
    >>> rbm(data).shape, rbm.log_likelihood(data).shape
    (torch.Size([100, 4]), torch.Size([100]))
    """

    chains: Tensor

    def __init__(
        self,
        visible: int,
        hidden: int,
        *,
        values: str = "binary",
        chains: int = 100,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_known("values", values, tuple(UNITS))
        require_known_precision(dtype)
        self.visible, self.hidden = require_count("visible", visible), require_count("hidden", hidden)
        self.values = values
        made = {"device": device, "dtype": dtype}
        self.weight = nn.Parameter(torch.empty(hidden, visible, **made))
        self.visible_bias = nn.Parameter(torch.empty(visible, **made))
        self.hidden_bias = nn.Parameter(torch.empty(hidden, **made))
        self.register_buffer("chains", torch.empty(require_count("chains", chains), visible, **made))
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Couplings normal with deviation 0.01 (Hinton 2010), biases zero, chains at infinite temperature."""
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.visible_bias)
        nn.init.zeros_(self.hidden_bias)
        self.chains.copy_(UNITS[self.values].draw(torch.zeros_like(self.chains)))

    @property
    def law(self) -> Restricted:
        """The parameters with all formulas."""
        return Restricted(self.weight, self.visible_bias, self.hidden_bias, UNITS[self.values])

    @outside_autocast
    def forward(self, v: Tensor) -> Tensor:
        """Means of the hidden units, (*batch, visible) -> (*batch, hidden): probabilities, or magnetisations of spins.

        P(h = 1) of a spin is (1 + magnetisation)/2, that is sigmoid(2 field).
        """
        self._require(v)
        return self.law.units.mean(self.law.hidden_field(v))

    @outside_autocast
    def visible_mean(self, h: Tensor) -> Tensor:
        """Means of the visible units, (*batch, hidden) -> (*batch, visible)."""
        require_states(h, self.hidden, self.law.units, self)
        return self.law.units.mean(self.law.visible_field(h))

    @outside_autocast
    def energy(self, v: Tensor, h: Tensor) -> Tensor:
        """E(v, h), shape (*batch,)."""
        self._require(v)
        require_states(h, self.hidden, self.law.units, self)
        return self.law.energy(v, h)

    @outside_autocast
    def free_energy(self, v: Tensor) -> Tensor:
        """F(v) = -ln sum_h e^{-E(v, h)}, (*batch, visible) -> (*batch,)."""
        self._require(v)
        return self.law.free_energy(v)

    def log_partition(self) -> Tensor:
        """ln Z by enumeration of the smaller side, at most 20 units; differentiable."""
        return self.law.log_partition()

    @outside_autocast
    def log_likelihood(self, v: Tensor) -> Tensor:
        """ln P(v) = -F(v) - ln Z, exact, (*batch, visible) -> (*batch,); its negative mean is a loss."""
        self._require(v, exact=True)
        return -self.law.free_energy(v) - self.law.log_partition()

    @outside_autocast
    def pseudo_log_likelihood(self, v: Tensor) -> Tensor:
        """sum_i ln P(v_i | all others), exact for any size, (*batch, visible) -> (*batch,) (Besag 1975)."""
        self._require(v, exact=True)
        return self.law.pseudo_log_likelihood(v)

    def annealed_log_partition(
        self, *, chains: int = 1000, steps: int = 1000, data: Tensor | None = None, seed: Any = None
    ) -> Estimate:
        """ln Z by annealed importance sampling, with its standard error, for machines of any size.

        Parameters
        ----------
        chains, steps : int
            The error falls like 1/sqrt(chains * steps) once it is small; above 0.3 it is not to be trusted.
        data : Tensor, shape (samples, visible), optional
            What the machine was trained on: the annealing then starts at its means, not at the visible biases.
        seed : int, torch.Generator or None

        Returns
        -------
        Estimate
            ``value`` and ``error``, in nats.
        """
        start = None
        if data is not None:
            self._require(data)
            units = self.law.units
            share = 1 / (len(data) + 2)  # one sample of either value, which keeps the fields finite
            mean = (data.mean(0) - (units.low + units.high) / 2) * (1 - 2 * share) + (units.low + units.high) / 2
            start = units.field(mean)
        generator = generator_of(seed, self.weight.device)
        chains, steps = require_count("chains", chains, 2), require_count("steps", steps)
        return Estimate(*annealed_log_partition(self.law, chains, steps, generator, start))

    def gibbs(self, v: Tensor, steps: int = 1, *, seed: Any = None) -> Tensor:
        """Block Gibbs sampling from given states, (*batch, visible) -> the same; every row is a chain of its own."""
        return self._walk(v, require_count("steps", steps, 0), generator_of(seed, v.device))

    def sample(self, count: int, steps: int = 1000, *, seed: Any = None) -> Tensor:
        """Visible states after so many Gibbs steps from infinite temperature, (count, visible).

        At strong coupling chains stay in the basin that they fall into, however many steps they are given.
        """
        generator = generator_of(seed, self.weight.device)
        hot = self.law.units.draw(self.weight.new_zeros(require_count("count", count, 0), self.visible), generator)
        return self.gibbs(hot, steps, seed=generator)

    def reconstruct(self, v: Tensor, *, mean_field: bool = False, seed: Any = None) -> Tensor:
        """Means of the visible units given hidden units that answer v, (*batch, visible) -> the same.

        The hidden units are drawn; with `mean_field` their means stand in, which is differentiable and another law:
        repeated, it flows elsewhere (PHYSICS.md A27).
        """
        return self._reconstruction(v, mean_field, seed)

    @outside_autocast
    def _reconstruction(self, v: Tensor, mean_field: bool, seed: Any) -> Tensor:
        self._require(v)
        units, field = self.law.units, self.law.hidden_field(v)
        h = units.mean(field) if mean_field else units.draw(field, generator_of(seed, v.device))
        return units.mean(self.law.visible_field(h))

    def contrastive_divergence(self, v: Tensor, steps: int = 1, *, seed: Any = None) -> Tensor:
        """A loss whose gradient is the CD-k estimate of that of -mean ln P(v) (Hinton 2002).

        mean F(v) - mean F(v'), v' after `steps` Gibbs steps from v and held constant. Its value is no likelihood, and
        its gradient is biased towards chains that do not move; the bias falls with `steps`.
        """
        return self._contrast(v, v, require_count("steps", steps), seed)[0]

    def persistent_contrastive_divergence(self, v: Tensor, steps: int = 1, *, seed: Any = None) -> Tensor:
        """The same loss with v' from chains that are never restarted (Tieleman 2008); moves the buffer ``chains``.

        Unbiased once the chains are in equilibrium, which small learning rates keep them near.
        """
        loss, chains = self._contrast(v, self.chains, require_count("steps", steps), seed)
        self.chains.copy_(chains)
        return loss

    def _contrast(self, v: Tensor, start: Tensor, steps: int, seed: Any) -> tuple[Tensor, Tensor]:
        chain = self._walk(start, steps, generator_of(seed, v.device))
        return self.free_energy(v).mean() - self.free_energy(chain).mean(), chain

    @torch.no_grad()
    @outside_autocast
    def _walk(self, v: Tensor, steps: int, generator: torch.Generator | None) -> Tensor:
        self._require(v)
        return self.law.gibbs(v, steps, generator)

    def converted(self, values: str) -> Self:
        """A new machine of the same law in the other alphabet, v = (1 + s)/2; chains too.

        ln Z differs by the constant that the energies do: ``rbm.law.converted(values)`` tells it.
        """
        require_known("values", values, tuple(UNITS))
        law, _ = self.law.converted(values)
        made = type(self)(
            self.visible,
            self.hidden,
            values=values,
            chains=len(self.chains),
            device=self.weight.device,
            dtype=self.weight.dtype,
        )
        old, new = self.law.units, law.units
        with torch.no_grad():
            for name in ("weight", "visible_bias", "hidden_bias"):
                made.get_parameter(name).copy_(getattr(law, name))
            made.chains.copy_(new.low + (self.chains - old.low) * (new.step / old.step))
        return made.train(self.training)

    def _require(self, v: Tensor, exact: bool = False) -> None:
        require_states(v, self.visible, self.law.units, self, exact)

    def extra_repr(self) -> str:
        return f"visible={self.visible}, hidden={self.hidden}, values={self.values}, chains={len(self.chains)}"
