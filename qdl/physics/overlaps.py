"""The perceptron of overlaps: |i.w|^2 / m^2 for vectors of phases (PHYSICS.md A8).

A register of n qubits holds m = 2^n phases as sum_j e^{i a_j}|j> / sqrt(m). Its overlap with another such state is the
neuron's activation. Signs are the phases 0 and pi; i and -i cannot be told apart, as no global phase can.

Source: Tacchino et al., arXiv:1811.02266 (abstract; formula from memory), for signs. Continuous phases of inputs:
Mangini et al., arXiv:2007.14288 (abstract); of weights too: *ours* here.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def overlap(x: Tensor, weight: Tensor) -> Tensor:
    """|sum_j e^{i (x_j - w_j)}|^2 / m^2 for every row of weights.

    Parameters
    ----------
    x : Tensor, shape (*batch, m)
        Phases in radians.
    weight : Tensor, shape (out, m)
        Phases in radians.

    Returns
    -------
    Tensor, shape (*batch, out)
        In [0, 1].

    Examples
    --------
    >>> import torch
    >>> x = torch.pi * torch.tensor([0.0, 1.0, 1.0, 0.0])  # the signs + - - +
    >>> overlap(x, torch.stack([x, x + torch.pi, torch.zeros(4)]))
    tensor([1.0000, 1.0000, 0.0000])
    """
    cosine, sine, real, imaginary = x.cos(), x.sin(), weight.cos(), weight.sin()
    along = F.linear(cosine, real) + F.linear(sine, imaginary)
    across = F.linear(sine, real) - F.linear(cosine, imaginary)
    return (along.square() + across.square()) / x.shape[-1] ** 2


def subset_phases(n: int) -> list[list[tuple[int, int]]]:
    """How m = 2^n phases a_j on a diagonal become phases of multiply controlled gates, one for each set of qubits.

    a_j = sum of b_S over the sets S of qubits that are 1 in j, so b_S = sum over T within S of (-1)^{|S| - |T|} a_T
    (Moebius inversion). Signs give CZ, CCZ, ...: a hypergraph state.

    Returns
    -------
    list of list of (index, sign)
        For every set S, numbered by its bits, the terms of b_S.

    Examples
    --------
    >>> subset_phases(1)
    [[(0, 1)], [(0, -1), (1, 1)]]
    """
    terms = [[t for t in range(2**n) if t & ~s == 0] for s in range(2**n)]
    return [[(t, (-1) ** (s ^ t).bit_count()) for t in within] for s, within in enumerate(terms)]
