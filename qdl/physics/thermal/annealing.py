"""Annealed importance sampling of a partition function (Neal 2001; Salakhutdinov and Murray 2008).

Between a machine without couplings, whose Z_0 is known, and the one in question stand the laws of free energy

    F_t(v) = -((1 - t) a + t b).v - sum_j ln sum_u e^{u t (c + Wv)_j},        t = 0 ... 1.

A chain starts in the first law and is moved by one Gibbs step at each t. The mean over chains of

    w = prod_k e^{F_k-1(v_k-1) - F_k(v_k-1)}        is exactly Z/Z_0, however few the steps.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from qdl.physics.thermal.restricted import Restricted


@torch.no_grad()
def annealed_log_partition(
    law: Restricted,
    chains: int = 1000,
    steps: int = 1000,
    generator: torch.Generator | None = None,
    start: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """An estimate of ln Z, and its standard error.

    Parameters
    ----------
    law : Restricted
    chains, steps : int
        Independent chains, and laws between the first and the last.
    generator : torch.Generator, optional
    start : Tensor, shape (visible,), optional
        The fields a of the first law; its own visible biases where left out. Those of the data's means spare steps.

    Returns
    -------
    value, error : Tensor, shape ()
        The error is that of the logarithm of a mean, from the spread of the chains. Where the spread is large (an error
        above 0.3, say) chains that are rare carry the mean, both numbers are too small, and steps are missing.
    """
    W, b, c, units = law
    a = b if start is None else start
    v = units.draw(a.expand(chains, -1), generator)
    log_weight = W.new_zeros(chains)
    at = torch.linspace(0, 1, steps + 1, dtype=W.dtype, device=W.device)
    for last, now in pairwise(at):
        field = law.hidden_field(v)
        log_weight += (units.log_sum(now * field) - units.log_sum(last * field)).sum(-1)
        log_weight += (now - last) * (v @ (b - a))
        h = units.draw(now * field, generator)
        v = units.draw((1 - now) * a + now * law.visible_field(h), generator)
    top = log_weight.max()
    weight = (log_weight - top).exp()
    first = units.log_sum(a).sum() + units.log_sum(torch.zeros_like(c)).sum()
    return first + top + weight.mean().log(), weight.std() / weight.mean() / chains**0.5
