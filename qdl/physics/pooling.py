"""Pooling as physics: thermal averages, two qubits made one, blocks of spins (PHYSICS.md A5, marked *ours*).

The thermal pool takes n values x for minus the energies of n levels at inverse temperature b. Its mean is
<x> = sum x e^{bx} / Z, its free value ln Z / b, with Z = sum e^{bx}. From F = U - TS and 0 <= S <= ln n,

    max x - ln n / b <= <x> <= max x <= ln Z / b <= max x + ln n / b       (b > 0).

The quantum pool keeps one of two qubits. With rho = sum s_b t_c sigma_b (x) sigma_c / 4 for a product of two qubits,
s_0 = t_0 = 1, a unitary U and the trace over the first qubit leave the Bloch vector

    r_a = sum_bc M_abc s_b t_c,   M_abc = Tr[(1 (x) sigma_a) U (sigma_b (x) sigma_c) U^+] / 4.
"""

from __future__ import annotations

from math import inf, isinf

import torch
from torch import Tensor

_PAULI = (((1, 0), (0, 1)), ((0, 1), (1, 0)), ((0, -1j), (1j, 0)), ((1, 0), (0, -1)))


def thermal_mean(x: Tensor, beta: Tensor | float, held: Tensor | None = None, dim: int = -1) -> Tensor:
    """The thermal mean sum x e^{beta x} / Z along an axis.

    Parameters
    ----------
    x : Tensor
        n values along the axis.
    beta : float or Tensor of one number
        In units of 1/x. 0 gives the plain mean, infinity the maximum, minus infinity the minimum; both limits are exact
        for numbers, and equal values share their derivative.
    held : Tensor of bool, shape broadcast with x, optional
        Which places hold a level; those that do not are left out.
    dim : int
        The axis.

    Returns
    -------
    Tensor
        Without the axis.

    Examples
    --------
    >>> thermal_mean(torch.tensor([0.0, 1.0, 5.0]), 0.0)
    tensor(2.)
    >>> thermal_mean(torch.tensor([0.0, 1.0, 5.0]), float("inf"))
    tensor(5.)
    """
    if not isinstance(beta, Tensor) and isinf(beta):
        return _extreme(x, held, dim) if beta > 0 else -_extreme(-x, held, dim)
    return (_exponents(x, beta, held, dim).softmax(dim) * x).sum(dim)


def free_value(x: Tensor, beta: Tensor | float, held: Tensor | None = None, dim: int = -1) -> Tensor:
    """ln Z / beta along an axis, minus the free energy: the maximum plus at most ln n / beta.

    Parameters
    ----------
    x, held, dim
        As for `thermal_mean`.
    beta : float or Tensor of one number
        Not 0, where it diverges.

    Examples
    --------
    >>> free_value(torch.tensor([2.0, 2.0]), 1.0) - 2  # ln 2
    tensor(0.6931)
    """
    if not isinstance(beta, Tensor) and isinf(beta):
        return thermal_mean(x, beta, held, dim)
    exponents = _exponents(x, beta, held, dim)
    return _reference(x, dim).squeeze(dim) + exponents.logsumexp(dim) / beta


def _reference(x: Tensor, dim: int) -> Tensor:
    # Energies are counted from one that is a constant, so that only differences of x meet beta.
    return x.detach().amax(dim, keepdim=True)


def _exponents(x: Tensor, beta: Tensor | float, held: Tensor | None, dim: int) -> Tensor:
    exponents = beta * (x - _reference(x, dim))
    return exponents if held is None else exponents.masked_fill(~held, -inf)


def _extreme(x: Tensor, held: Tensor | None, dim: int) -> Tensor:
    return (x if held is None else x.masked_fill(~held, -inf)).amax(dim)


def pool_transfer(unitary: Tensor) -> Tensor:
    """M_abc of a pooling unitary: how the Bloch vectors of source and sink become that of the kept sink.

    Parameters
    ----------
    unitary : Tensor, shape (*batch, 4, 4), complex
        On (source, sink), the source being the more significant.

    Returns
    -------
    Tensor, shape (*batch, 4, 4, 4), real
        Component 0 is the trace: M_0bc = 1 for b = c = 0, else 0.

    Examples
    --------
    >>> transfer = pool_transfer(torch.eye(4, dtype=torch.complex64))  # nothing is done: the sink is kept
    >>> pooled(torch.tensor([1.0, 0, 0, 1]), torch.tensor([1.0, 0.6, 0, 0.8]), transfer)
    tensor([1.0000, 0.6000, 0.0000, 0.8000])
    """
    u = unitary.unflatten(-1, (2, 2)).unflatten(-3, (2, 2))
    sigma = torch.tensor(_PAULI, dtype=unitary.dtype, device=unitary.device)
    return torch.einsum("ayx,...sxpq,bpr,cqz,...syrz->...abc", sigma, u, sigma, sigma, u.conj()).real / 4


def pooled(source: Tensor, sink: Tensor, transfer: Tensor) -> Tensor:
    """r_a = sum_bc M_abc s_b t_c for product states, component 0 being 1.

    Parameters
    ----------
    source, sink : Tensor, shape (4, *batch)
        1, <X>, <Y>, <Z>.
    transfer : Tensor, shape (4, 4, 4)

    Returns
    -------
    Tensor, shape (4, *batch)
    """
    both = (source[:, None] * sink).flatten(0, 1)
    return torch.tensordot(transfer.flatten(1), both, 1)


def bloch(angle: Tensor) -> Tensor:
    """1, <X>, <Y>, <Z> of RY(angle)|0>, shape (4, *batch).

    Examples
    --------
    >>> bloch(torch.tensor(0.0))
    tensor([1., 0., 0., 1.])
    """
    return torch.stack((torch.ones_like(angle), angle.sin(), torch.zeros_like(angle), angle.cos()))


def block_mean(spins: Tensor, temperature: float, dim: int = -1) -> Tensor:
    """The mean block spin tanh(sum s / T) along an axis: majority rule at T = 0, where a tie gives 0.

    The block spin S = +-1 is drawn with P(S|s) proportional to e^{S sum s / T}, the kernel of a real-space
    renormalisation (form as in Kadanoff's and Niemeijer and van Leeuwen's, memory).

    Parameters
    ----------
    spins : Tensor
    temperature : float
        In units of a spin.
    dim : int
        The axis.

    Examples
    --------
    >>> block_mean(torch.tensor([1.0, -1.0, 1.0]), 0.0)
    tensor(1.)
    """
    total = spins.sum(dim)
    return total.sign() if temperature == 0 else (total / temperature).tanh()
