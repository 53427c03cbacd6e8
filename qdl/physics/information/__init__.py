"""What states know of themselves and of each other: entropies, purity, negativity, partial traces, distances.

All of them take batches of vectors (*batch, 2**n) or of density matrices (*batch, 2**n, 2**n), and are differentiable
twice, degenerate spectra included (`qdl.physics.matrices.spectral`). Wire 0 is the most significant bit of an index.
What some wires of a vector know is taken from the smaller of the two sides, without the whole density matrix.
"""

from __future__ import annotations

from torch import Tensor

from qdl.physics.information.density import Wires, chosen, folded, read, reduced, some, squares
from qdl.physics.information.distances import fidelity, trace_distance
from qdl.physics.information.entanglement import log_negativity, negativity
from qdl.physics.information.entropies import entropy, mutual_information, renyi_entropy

__all__ = [
    "entropy",
    "fidelity",
    "log_negativity",
    "mutual_information",
    "negativity",
    "partial_trace",
    "purity",
    "renyi_entropy",
    "trace_distance",
]


def partial_trace(rho: Tensor, wires: Wires, *, pure: bool | None = None, validate: bool = True) -> Tensor:
    """The density matrix of some wires, the others traced out.

    Parameters
    ----------
    rho : Tensor, shape (*batch, 2**n) for vectors, (*batch, 2**n, 2**n) for density matrices
    wires : int or sequence of int
        The wires to *keep* (Qiskit's function of this name is told those to lose); their order is that of the result.
    pure : bool, optional
        True: vectors. False: matrices. Left out: what is square in the last two axes is a matrix.
    validate : bool
        Whether it is checked that rho is a state, within sqrt(eps).

    Returns
    -------
    Tensor, shape (*batch, 2**k, 2**k)
        In the type of rho.

    Raises
    ------
    ValuesError
        For what is no state.
    CircuitError
        For wires that are out of range, repeated or none at all.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import partial_trace
    >>> partial_trace(torch.tensor([0.5, 0.0, 0.0, 0.5]).sqrt(), 1)
    tensor([[0.5000, 0.0000],
            [0.0000, 0.5000]])
    """
    state = read("rho", rho, pure, validate)
    return reduced(state, chosen(wires, state.wires))


def purity(rho: Tensor, wires: Wires | None = None, *, pure: bool | None = None, validate: bool = True) -> Tensor:
    """The purity tr rho^2 of some wires, or of all.

    Parameters
    ----------
    rho, wires, pure, validate
        As for `partial_trace`; wires left out are all of them.

    Returns
    -------
    Tensor, shape (*batch,), real
        Between 2**-k and 1.

    Raises
    ------
    ValuesError, CircuitError
        As for `partial_trace`.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import purity
    >>> purity(torch.diag(torch.tensor([0.75, 0.25])))
    tensor(0.6250)
    """
    state = read("rho", rho, pure, validate)
    keep = some(wires, state.wires)
    if state.pure and 2 * len(keep) > state.wires:
        amplitudes = folded(state, keep)
        matrix = amplitudes.mH @ amplitudes  # of the other wires, with the same purity
    else:
        matrix = reduced(state, keep)
    return squares(matrix).sum((-2, -1))
