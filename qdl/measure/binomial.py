"""Finite statistics of outcomes that a closed form gives one by one."""

from __future__ import annotations

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.measure.seeds import Seed, base_seed, generator


def binomial(p: Tensor, shots: int, seed: Seed = None, run: int = 0, flips: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    """The share of `shots` in which a two-valued outcome came up, drawn independently for every element.

    Parameters
    ----------
    p : Tensor, any shape
        The outcome's probability; rounding beyond [0, 1] is cut off. Gradients do not pass.
    shots : int
        How often each element is measured.
    seed : int, torch.Generator or None
        None follows torch's default generator.
    run : int
        Different runs of one seed are independent.
    flips : tuple of float
        The readout error: how likely the outcome is read though it did not come up, and missed though it did.

    Returns
    -------
    Tensor, same shape and precision
        k/S with k of the binomial distribution: mean p, variance p (1 - p)/S, p being what is read.

    Raises
    ------
    ValuesError
        If `shots` is no positive integer.

    Examples
    --------
    >>> binomial(torch.tensor([0.0, 1.0]), shots=10)
    tensor([0., 1.])
    """
    if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
        raise ValuesError("shots must be a positive integer", got=repr(shots))
    if p.is_meta:
        return torch.empty_like(p)
    source = generator(base_seed(seed), run, device=p.device)
    # float32 cannot count beyond 2**24.
    chances = p.detach().double().clamp(0, 1)
    chances = flips[0] + (1 - flips[0] - flips[1]) * chances
    counts = torch.binomial(torch.full_like(chances, shots), chances, generator=source)
    return (counts / shots).to(p.dtype)
