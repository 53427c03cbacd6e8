"""Several answers made one: the mixed state of an ensemble, and the product of experts.

A system that is in state rho_k with probability p_k is in the mixed state rho = sum p_k rho_k, and whatever is
measured, tr(rho O) = sum p_k tr(rho_k O): a mixture of states is the average of probabilities. The weighted average of
log-probabilities, normalised, is another model, the product of experts prod q_k^p_k / Z (Hinton 2002).
"""

from __future__ import annotations

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.physics.information.density import read


def mixed_state(weights: Tensor, states: Tensor, *, pure: bool | None = None, validate: bool = True) -> Tensor:
    """The density matrix sum_k p_k rho_k.

    Parameters
    ----------
    weights : Tensor, shape (members,)
        Probabilities p.
    states : Tensor, shape (members, *batch, 2**n) for vectors, (members, *batch, 2**n, 2**n) for density matrices
    pure : bool, optional
        True: vectors. False: matrices. Left out: what is square in the last two axes is a matrix.
    validate : bool
        Whether it is checked that all are states.

    Returns
    -------
    Tensor, shape (*batch, 2**n, 2**n)
        In the type of the states.

    Raises
    ------
    ValuesError
        For what is no state, and where there is not one weight for each.

    Examples
    --------
    >>> mixed_state(torch.tensor([0.75, 0.25]), torch.eye(2), pure=True)
    tensor([[0.7500, 0.0000],
            [0.0000, 0.2500]])
    """
    found = read("states", states, pure, validate)
    if weights.shape != states.shape[:1]:
        expected = f"one for each of {states.shape[0]} states"
        raise ValuesError("the weights do not fit the states", got=tuple(weights.shape), expected=expected)
    return torch.tensordot(weights.to(states.dtype), found.matrix(), 1)


def product_of_experts(weights: Tensor, log_probabilities: Tensor, dim: int = -1) -> Tensor:
    """prod_k q_k^p_k / Z.

    Parameters
    ----------
    weights : Tensor, shape (members,)
        Exponents p.
    log_probabilities : Tensor, shape (members, *shape)
        log q_k, up to a constant for each distribution.
    dim : int
        The axis of `shape` over which a distribution sums to 1.

    Returns
    -------
    Tensor, shape (*shape,)

    Examples
    --------
    >>> q = torch.tensor([[0.5, 0.5], [0.9, 0.1]])
    >>> product_of_experts(torch.tensor([0.5, 0.5]), q.log())
    tensor([0.7500, 0.2500])
    """
    return torch.tensordot(weights, log_probabilities, 1).softmax(dim)
