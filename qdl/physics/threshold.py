"""The repeat-until-success neuron: a threshold made of measurements (PHYSICS.md A8).

An ancilla is turned by RY(2 phi), lets -iY act on the target where it is 1, is turned back and measured. It is found in
0, with probability p = cos^4 phi + sin^4 phi >= 1/2, when the target has been turned by RY(2 q), q = arctan(tan^2 phi);
else the target has been turned by RY(-pi/2), which is undone, and all is repeated. A neuron of k rounds takes one of
k - 1 rounds for the turn of the ancilla, so q_k = arctan(tan^K phi), K = 2^k: a step at pi/4. Its target is excited
with

    sin^2 q_k = sin^{2K} phi / (sin^{2K} phi + cos^{2K} phi) = 1 / (1 + e^{-K ln tan^2 phi}),

a Fermi function of the log-odds at the temperature 1/K (the last form *ours*).

Source: Cao, Guerreschi and Aspuru-Guzik, arXiv:1711.11240 (memory); signs and finite attempts *ours*, checked.
"""

from __future__ import annotations

import torch
from torch import Tensor


def threshold_angle(phi: Tensor, rounds: int) -> Tensor:
    """q_k = arctan(tan^{2^k} phi) in [0, pi/2] (for k = 0 the angle phi itself up to multiples of pi).

    Parameters
    ----------
    phi : Tensor, any shape
        In radians.
    rounds : int
        k >= 0.

    Examples
    --------
    >>> threshold_angle(torch.tensor([0.6, torch.pi / 4, 0.9]), 3) / (torch.pi / 2)
    tensor([0.0305, 0.5000, 0.9007])
    """
    sine, cosine = _scaled(phi.sin(), phi.cos())
    power = 2**rounds
    return torch.atan2(sine**power, cosine**power)


def threshold_excitation(phi: Tensor, rounds: int) -> Tensor:
    """sin^2 q_k, the probability that the target is excited.

    Examples
    --------
    >>> threshold_excitation(torch.tensor([0.0, torch.pi / 4, torch.pi / 2]), 2)
    tensor([0.0000, 0.5000, 1.0000])
    """
    sine, cosine = _scaled(phi.sin().square(), phi.cos().square())
    power = 2**rounds
    return sine**power / (sine**power + cosine**power)


def success_probability(phi: Tensor) -> Tensor:
    """p = cos^4 phi + sin^4 phi of one attempt of the first round, at least 1/2.

    Examples
    --------
    >>> success_probability(torch.tensor([0.0, torch.pi / 4]))
    tensor([1.0000, 0.5000])
    """
    return 1 - (2 * phi).sin().square() / 2


def attempted(phi: Tensor, rounds: int, attempts: int) -> Tensor:
    """The probability a_k that k rounds succeed, if every neuron tries only so often.

    An attempt of k rounds turns its ancilla forth and back by neurons of k - 1 rounds, both of which must succeed:
    a_0 = 1, a_k = 1 - (1 - a_{k-1}^2 p(q_{k-1}))^attempts.

    Examples
    --------
    >>> attempted(torch.tensor(torch.pi / 4), 1, 3)
    tensor(0.8750)
    """
    succeeded = torch.ones_like(phi)
    for k in range(rounds):
        each = succeeded.square() * success_probability(threshold_angle(phi, k))
        succeeded = 1 - (1 - each) ** attempts
    return succeeded


def _scaled(one: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    # What follows depends on the ratio alone: the divisor is a constant for every derivative, and powers do not vanish.
    largest = torch.maximum(one.detach().abs(), other.detach().abs())
    return one / largest, other / largest
