"""Thermal states: rho = e^{-bH}/Z, what they know and what is read from them.

Marked *ours* in PHYSICS.md (A10, A12) where it says that the H of a neuron's interaction is the H of this state; the
formulas themselves are textbook statistical mechanics,

    ln Z = ln tr e^{-bH},    F = -ln(Z)/b,    d ln Z = -tr(rho d(bH)).

H is a dense Hermitian matrix, real or complex. All is differentiable in H and b to every order, degenerate spectra
included (`qdl.physics.matrices.exponential`), and computed in double precision. Energies are counted from the lowest,
so that no temperature is too low.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Observable
from qdl.physics.information.density import REAL, WIDE, squares
from qdl.physics.matrices.exponential import exponential
from qdl.physics.matrices.spectral import tracked


def operator(
    observable: Observable,
    wires: int,
    values: Mapping[str, Any] | None = None,
    *,
    dtype: torch.dtype = torch.float64,
    device: Any = None,
) -> Tensor:
    """The matrix of an observable, real where it can be.

    Parameters
    ----------
    observable : Observable
    wires : int
        Wire 0 is the most significant bit of an index.
    values : dict, optional
        Numbers for the Params among its coefficients.
    dtype : torch.dtype
        torch.float32 or float64: its precision.

    Returns
    -------
    Tensor, shape (2**wires, 2**wires)

    Examples
    --------
    >>> from qdl.ir import X, Z
    >>> operator(Z(0) - 0.5 * X(0), 1)
    tensor([[ 1.0000, -0.5000],
            [-0.5000, -1.0000]], dtype=torch.float64)
    """
    found = torch.as_tensor(observable.matrix(wires, values), device=device)
    return found.to(dtype.to_complex()) if bool((found.imag != 0).any()) else found.real.to(dtype)


def log_partition(hamiltonian: Tensor, beta: float | Tensor = 1.0, *, validate: bool = True) -> Tensor:
    """ln Z = ln tr e^{-bH}.

    Parameters
    ----------
    hamiltonian : Tensor, shape (*batch, size, size)
        Hermitian.
    beta : float or Tensor, shape (*batch,)
        The inverse temperature, in the inverse of H's units; finite.
    validate : bool
        Whether it is checked that H is Hermitian, within sqrt(eps) of its largest entry.

    Returns
    -------
    Tensor, shape (*batch,), real

    Raises
    ------
    ValuesError
        For what is no Hermitian matrix, and for an infinite beta.

    Examples
    --------
    >>> log_partition(torch.diag(torch.tensor([0.0, 0.0, 1000.0])), 2.0)
    tensor(0.6931)
    """
    weight = _weight(hamiltonian, beta, validate)
    if tracked(weight):
        values, vectors = torch.linalg.eigh(weight.detach())
        found = _LogTrace.apply(weight, values, vectors)
    else:
        found = torch.linalg.eigvalsh(weight).logsumexp(-1)
    return found.to(REAL[hamiltonian.dtype])


def free_energy(hamiltonian: Tensor, beta: float | Tensor = 1.0, *, validate: bool = True) -> Tensor:
    """F = -ln(Z)/b, the least value that <H> - S/b takes on any state; as `log_partition`, beta not zero.

    Examples
    --------
    >>> free_energy(torch.diag(torch.tensor([-1.0, 1.0])), 50.0)
    tensor(-1.)
    """
    inverse = torch.as_tensor(beta, dtype=REAL.get(hamiltonian.dtype), device=hamiltonian.device)
    _refuse(inverse.detach() != 0, "no free energy at infinite temperature", "beta=0", "a beta other than 0", validate)
    return -log_partition(hamiltonian, beta, validate=validate) / inverse


def gibbs_state(hamiltonian: Tensor, beta: float | Tensor = 1.0, *, validate: bool = True) -> Tensor:
    """rho = e^{-bH}/Z; as `log_partition`.

    Returns
    -------
    Tensor, shape (*batch, size, size)
        In the type of H.

    Examples
    --------
    >>> gibbs_state(torch.tensor([[0.0, 1.0], [1.0, 0.0]]), 0.5)
    tensor([[ 0.5000, -0.2311],
            [-0.2311,  0.5000]])
    """
    weight = _weight(hamiltonian, beta, validate)
    return _normalised(weight, *torch.linalg.eigh(weight.detach())).to(hamiltonian.dtype)


def _normalised(weight: Tensor, values: Tensor, vectors: Tensor) -> Tensor:
    """e^M / tr e^M from M's spectrum; the largest eigenvalue is a constant that cancels."""
    top = values.detach().amax(-1, keepdim=True)
    lowered = weight - top.unsqueeze(-1) * torch.eye(weight.shape[-1], dtype=weight.dtype, device=weight.device)
    found = exponential(lowered, values - top, vectors)
    return found / found.diagonal(dim1=-2, dim2=-1).sum(-1)[..., None, None]


class _LogTrace(torch.autograd.Function):
    """ln tr e^M; its gradient is the Gibbs state, which has derivatives of its own."""

    generate_vmap_rule = True

    @staticmethod
    def forward(weight: Tensor, values: Tensor, vectors: Tensor) -> Tensor:
        return values.logsumexp(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        return cotangent[..., None, None] * _normalised(*ctx.saved_tensors), None, None

    @staticmethod
    def jvp(ctx: Any, change: Tensor, *_: Any) -> Tensor:
        return (_normalised(*ctx.saved_tensors).conj() * change).sum((-2, -1)).real


def _weight(hamiltonian: Tensor, beta: float | Tensor, validate: bool) -> Tensor:
    """-bH in double precision, exactly Hermitian."""
    if not isinstance(hamiltonian, Tensor) or hamiltonian.dtype not in REAL:
        got = hamiltonian.dtype if isinstance(hamiltonian, Tensor) else type(hamiltonian).__name__
        raise ValuesError("no Hamiltonian", got=got, expected="a real or complex floating tensor")
    shape = tuple(hamiltonian.shape)
    if len(shape) < 2 or shape[-1] != shape[-2] or not shape[-1]:
        raise ValuesError("a Hamiltonian that is no matrix", got=shape, expected="shape (*batch, size, size)")
    wide = hamiltonian.to(WIDE.get(hamiltonian.dtype, hamiltonian.dtype))
    inverse = torch.as_tensor(beta, dtype=REAL[wide.dtype], device=wide.device)
    plain = wide.detach()
    size = squares(plain).amax((-2, -1)) if plain.numel() else plain.new_zeros(shape[:-2], dtype=REAL[wide.dtype])
    skew = squares(plain - plain.mH).amax((-2, -1)) if plain.numel() else size
    limit = torch.finfo(REAL[hamiltonian.dtype]).eps * size
    _refuse(skew <= limit, "the Hamiltonian is not Hermitian", None, "H equal to its adjoint, and finite", validate)
    _refuse(inverse.detach().isfinite(), "no inverse temperature", f"beta={beta}", "a finite number", validate)
    return -inverse[..., None, None] * (wide + wide.mH) / 2


def _refuse(good: Tensor, problem: str, got: str | None, expected: str, validate: bool) -> None:
    if not validate or good.is_meta or torch._C._are_functorch_transforms_active():
        return
    if good.device.type == "cuda":
        torch._assert_async(good.all(), f"{problem}: expected {expected}")
    elif not bool(good.all()):
        raise ValuesError(problem, got=got, expected=expected)
