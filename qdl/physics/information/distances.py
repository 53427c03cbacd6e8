"""How alike two states are: fidelity and trace distance.

With A = sqrt(rho), B = sqrt(sigma) and the singular value decomposition A B = W S V*, the root fidelity is the trace
norm |A B|_1 = sum S (Uhlmann 1976). As d tr sqrt(X) = tr(X^(-1/2) dX)/2, X being B rho B or A sigma A, its gradients
are

    d|A B|_1/d rho = B V S^(-1) V* B / 2,      d|A B|_1/d sigma = A W S^(-1) W* A / 2,

singular values that are zero left out. Written so, the gradient with respect to rho holds for changes that leave rho's
support as long as they stay in that of sigma. Both middle factors are diagonal blocks of 1/|H|, where

    H = [[0, A B], [B A, 0]]       has the eigenvalues +-S and the eigenvectors (w, +-v)/sqrt(2).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.physics.information.density import State, hermitian, pair, read, resolution, squares
from qdl.physics.matrices.spectral import (
    Scalar,
    Spectrum,
    matrix_of,
    pairing,
    refuse_nested_forward_mode,
    trace_of,
    tracked,
)

Pure = bool | None | tuple[bool | None, bool | None]


def fidelity(rho: Tensor, sigma: Tensor, *, pure: Pure = None, validate: bool = True) -> Tensor:
    """The fidelity (tr sqrt(sqrt(rho) sigma sqrt(rho)))^2, which is |<a|b>|^2 of two vectors.

    Parameters
    ----------
    rho, sigma : Tensor, shape (*batch, 2**n) for vectors, (*batch, 2**n, 2**n) for density matrices
        One may hold vectors and the other matrices; batches broadcast.
    pure : bool or pair of bool, optional
        True: vectors. False: matrices. Left out: what is square in the last two axes is a matrix.
    validate : bool
        Whether it is checked that both are states, within sqrt(eps).

    Returns
    -------
    Tensor, shape (*batch,), real
        In [0, 1] up to rounding, in the precision of the states.

    Raises
    ------
    ValuesError
        For what is no state, and for two states that do not fit each other.

    Notes
    -----
    Where one state is a vector the fidelity is linear in the other, and all derivatives are exact. For two matrices
    first and second derivatives are right wherever they exist, at equal states and degenerate spectra too. At a zero
    eigenvalue the fidelity can have a kink, or an infinite slope into the states of higher rank; what is returned then
    is the derivative along changes that keep the rank. That is zero where the supports are orthogonal and the
    fidelity is 0.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import fidelity
    >>> plus, mixed = torch.tensor([0.5, 0.5]).sqrt(), torch.eye(2) / 2
    >>> fidelity(plus, mixed)
    tensor(0.5000)
    """
    a, b = pair(*_both(rho, sigma, pure, validate))
    if a.pure and b.pure:
        return squares((a.tensor.conj() * b.tensor).sum(-1))
    if a.pure or b.pure:
        vector, matrix = (a, b) if a.pure else (b, a)
        image = (matrix.tensor @ vector.tensor.unsqueeze(-1)).squeeze(-1)
        return (vector.tensor.conj() * image).sum(-1).real
    return _root_fidelity(hermitian(a.tensor, True), hermitian(b.tensor, True)).square().to(a.dtype)


def trace_distance(rho: Tensor, sigma: Tensor, *, pure: Pure = None, validate: bool = True) -> Tensor:
    """Half the trace norm of rho - sigma: by how much a measurement's probabilities can differ at most.

    Parameters
    ----------
    rho, sigma, pure, validate
        As for `fidelity`.

    Returns
    -------
    Tensor, shape (*batch,), real
        In [0, 1] up to rounding.

    Raises
    ------
    ValuesError
        As for `fidelity`.

    Notes
    -----
    The absolute value of an eigenvalue of rho - sigma has a kink at zero, and gets there the mean of both sides, which
    is zero: so the gradient at equal states is zero. Where no eigenvalue crosses zero, first and second derivatives
    are right.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import trace_distance
    >>> trace_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.6, 0.8]))
    tensor(0.8000)
    """
    a, b = pair(*_both(rho, sigma, pure, validate))
    if a.pure and b.pure:
        return _distance_of_vectors(a.tensor, b.tensor)
    difference = hermitian(a.matrix() - b.matrix())
    return (trace_of(difference, absolute(difference.resolution)) / 2).to(a.dtype)


def _both(rho: Tensor, sigma: Tensor, pure: Pure, validate: bool) -> tuple[State, State]:
    first, second = pure if isinstance(pure, tuple) else (pure, pure)
    return read("rho", rho, first, validate), read("sigma", sigma, second, validate)


def _distance_of_vectors(a: Tensor, b: Tensor) -> Tensor:
    """sqrt(1 - |<a|b>|^2) without the cancellation: the length of b's part across a.

    Whatever the norms, |a><a| - |b><b| has the eigenvalues e +- t, 2 e = |a|^2 - |b|^2, t^2 = e^2 + |a|^2 |across|^2.
    """
    size = squares(a).sum(-1, keepdim=True)
    across = b - a * (a.conj() * b).sum(-1, keepdim=True) / size
    excess = (size - squares(b).sum(-1, keepdim=True)) / 2
    found = torch.cat([size.sqrt() * across, excess.to(a.dtype)], -1)
    # At equal states the slope is zero, not that of what rounding leaves.
    equal = torch.linalg.vector_norm(found.detach(), dim=-1, keepdim=True) <= resolution(a.dtype, 2)
    return torch.linalg.vector_norm(torch.where(equal, found.detach(), found), dim=-1)


def absolute(least: float) -> Scalar:
    """|x|, of slope zero within `least` of zero."""
    return Scalar(torch.abs, lambda x: x.sign() * (x.abs() > least), torch.zeros_like)


def square_root(least: float) -> Scalar:
    """The square root of what is above `least`, zero below."""

    def power(p: Tensor, exponent: float) -> Tensor:
        return torch.where(p > least, p.clamp(min=least) ** exponent, 0)

    return Scalar(lambda p: power(p, 0.5), lambda p: power(p, -0.5) / 2, lambda p: -power(p, -1.5) / 4)


def inverse_absolute(least: float) -> Scalar:
    """1/|x| beyond `least`, zero below."""

    def value(x: Tensor) -> Tensor:
        return torch.where(x.abs() > least, 1 / x.abs().clamp(min=least), 0)

    return Scalar(value, lambda x: -value(x).square() * x.sign())


def _root_fidelity(rho: Spectrum, sigma: Spectrum) -> Tensor:
    root = square_root(rho.resolution)
    a, b = (matrix_of(s._replace(matrix=s.matrix.detach()), root) for s in (rho, sigma))
    if not (tracked(rho.matrix) or tracked(sigma.matrix)):
        return torch.linalg.svdvals(a @ b).sum(-1)
    w, s, v = torch.linalg.svd(a @ b)
    return _RootFidelity.apply(rho.matrix, sigma.matrix, *rho[1:3], *sigma[1:3], w, s, v.mH, rho.resolution)


class _RootFidelity(torch.autograd.Function):
    """The sum of the singular values of A B; of the inputs only the first two carry derivatives."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rho: Tensor, sigma: Tensor, *rest: Any) -> Tensor:
        return rest[-3].sum(-1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, ctx.resolution = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        wanted = ctx.needs_input_grad[:2]
        found = zip(wanted, _gradients(ctx.saved_tensors, ctx.resolution), strict=True)
        return *(cotangent[..., None, None] * g if w else None for w, g in found), *[None] * 8

    @staticmethod
    def jvp(ctx: Any, *changes: Any) -> Tensor:
        refuse_nested_forward_mode()
        gradients = _gradients(ctx.saved_tensors, ctx.resolution)
        along = [pairing(g, d) for g, d in zip(gradients, changes, strict=False) if d is not None]
        return torch.stack(along).sum(0)


def _gradients(tensors: tuple[Tensor, ...], resolution: float) -> tuple[Tensor, Tensor]:
    """With respect to rho and sigma, as functions of them that have derivatives themselves."""
    rho, sigma, p, u, q, t, w, s, v = tensors
    root = square_root(resolution)
    a, b = matrix_of(Spectrum(rho, p, u, resolution), root), matrix_of(Spectrum(sigma, q, t, resolution), root)
    c, size = a @ b, s.shape[-1]
    zero = torch.zeros_like(c)
    h = torch.cat([torch.cat([zero, c], -1), torch.cat([c.mH, zero], -1)], -2)
    vectors = torch.cat([torch.cat([w, w], -1), torch.cat([v, -v], -1)], -2) / 2**0.5
    noise = 2 * size * torch.finfo(s.dtype).eps
    inverse = matrix_of(Spectrum(h, torch.cat([s, -s], -1), vectors, noise), inverse_absolute(noise))
    return b @ inverse[..., size:, size:] @ b / 2, a @ inverse[..., :size, :size] @ a / 2
