"""How entangled some wires are with all others: the negativity and its logarithm.

The partial transpose of a product state is a state again; negative eigenvalues are a sign of entanglement (Peres 1996).
"""

from __future__ import annotations

import torch
from torch import Tensor

from qdl.physics.information.density import State, Wires, chosen, hermitian, read, spectrum
from qdl.physics.information.distances import square_root
from qdl.physics.information.entropies import unit_of
from qdl.physics.matrices.spectral import Scalar, trace_of


def negativity(rho: Tensor, wires: Wires, *, pure: bool | None = None, validate: bool = True) -> Tensor:
    """The negativity of some wires with all others: minus the sum of the partial transpose's negative eigenvalues.

    Parameters
    ----------
    rho, pure, validate
        As for `partial_trace`.
    wires : int or sequence of int
        One of the two sides; the negativity of the other is the same.

    Returns
    -------
    Tensor, shape (*batch,), real
        Zero where the two sides are not entangled, 1/2 of a Bell pair (Vidal and Werner 2002, equation 4).

    Raises
    ------
    ValuesError, CircuitError
        As for `partial_trace`.

    Notes
    -----
    An eigenvalue of the partial transpose that is zero counts as not negative: its kink has the slope zero, and so has
    a Schmidt coefficient of a vector that is zero. Elsewhere first and second derivatives are right.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import negativity
    >>> negativity(torch.tensor([0.5, 0.0, 0.0, 0.5]).sqrt(), 0)
    tensor(0.5000)
    """
    state = read("rho", rho, pure, validate)
    return _negativity(state, chosen(wires, state.wires)).to(state.dtype)


def log_negativity(
    rho: Tensor, wires: Wires, *, base: float | None = None, pure: bool | None = None, validate: bool = True
) -> Tensor:
    """The logarithmic negativity log(2 N + 1), N the `negativity` of some wires with all others.

    Parameters
    ----------
    rho, wires, pure, validate
        As for `negativity`.
    base : float, optional
        Of the logarithm: 2 gives ebits, the default e.

    Returns
    -------
    Tensor, shape (*batch,), real

    Raises
    ------
    ValuesError
        As for `entropy`.
    CircuitError
        As for `partial_trace`.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import log_negativity
    >>> log_negativity(torch.tensor([0.5, 0.0, 0.0, 0.5]).sqrt(), 0, base=2)
    tensor(1.)
    """
    state, unit = read("rho", rho, pure, validate), unit_of(base)
    return (torch.log1p(2 * _negativity(state, chosen(wires, state.wires))) / unit).to(state.dtype)


def _negativity(state: State, wires: list[int]) -> Tensor:
    if state.pure:
        # The partial transpose of sum_i s_i |ii> has the eigenvalues s_i^2 and +-s_i s_j.
        schmidt = spectrum(state, wires)
        total = trace_of(schmidt, square_root(schmidt.resolution))
        return (total.square() - schmidt.matrix.diagonal(dim1=-2, dim2=-1).sum(-1).real) / 2
    transposed = hermitian(_partial_transpose(state, wires))
    least = transposed.resolution
    negative = Scalar(lambda x: -x.clamp(max=0), lambda x: -(x < -least).to(x.dtype), torch.zeros_like)
    return trace_of(transposed, negative)


def _partial_transpose(state: State, wires: list[int]) -> Tensor:
    n, first = state.wires, len(state.batch)
    rows, columns = [first + w for w in range(n)], [first + n + w for w in range(n)]
    for w in wires:
        rows[w], columns[w] = columns[w], rows[w]
    split = state.tensor.reshape(*state.batch, *[2] * (2 * n)).permute([*range(first), *rows, *columns])
    return split.reshape(state.tensor.shape)
