"""The exponential of a Hermitian matrix, with derivatives of every order that degenerate spectra do not spoil.

With M = U diag(p) U*, the change of e^M along a Hermitian dM is Duhamel's integral in the eigenbasis (Daleckii and
Krein 1965),

    int_0^1 e^{sM} dM e^{(1-s)M} ds = U (D o (U* dM U)) U*,    D_ij = (e^{p_i} - e^{p_j}) / (p_i - p_j),

o being the product entry by entry. Written as D = e^{max} (1 - e^{-d})/d, d = |p_i - p_j|, nothing cancels. The second
change, along A and B, is the ordered double integral, which is a block of one larger exponential (Van Loan 1978),

    T(A, B) = block (1, 3) of exp [[M, A, 0], [0, M, B], [0, 0, M]],    d2 = T(A, B) + T(B, A),

and that one torch differentiates itself. Second derivatives are as exact as `torch.matrix_exp`, some 1e-11.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.physics.matrices.spectral import refuse_nested_forward_mode, rotated


def exponential(matrix: Tensor, values: Tensor, vectors: Tensor) -> Tensor:
    """e^M of a Hermitian matrix from its spectrum.

    Parameters
    ----------
    matrix : Tensor, shape (*batch, size, size)
        What derivatives flow to.
    values, vectors : Tensor, shapes (*batch, size) and (*batch, size, size)
        Its eigenvalues and, in columns, eigenvectors: constants.

    Returns
    -------
    Tensor, shape (*batch, size, size)

    Examples
    --------
    >>> M = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.grad(exponential(M, *torch.linalg.eigh(M.detach()))[0, 0], M)[0]
    tensor([[1., 0.],
            [0., 0.]], dtype=torch.float64)
    """
    return _Exponential.apply(matrix, values, vectors)


def divided_differences(p: Tensor) -> Tensor:
    """The matrix D above, shape (*batch, size, size)."""
    x, y = p.unsqueeze(-1), p.unsqueeze(-2)
    apart = (x - y).abs()
    mean = torch.where(apart > 0, -torch.expm1(-apart) / torch.where(apart > 0, apart, 1), 1)
    return torch.maximum(x, y).exp() * mean


def second_change(matrix: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """The second derivative of e^M along two directions, shape (*batch, size, size)."""
    return _ordered(matrix, first, second) + _ordered(matrix, second, first)


def _ordered(matrix: Tensor, first: Tensor, second: Tensor) -> Tensor:
    size, none = matrix.shape[-1], torch.zeros_like(matrix)
    rows = [[matrix, first, none], [none, matrix, second], [none, none, matrix]]
    return torch.matrix_exp(torch.cat([torch.cat(row, -1) for row in rows], -2))[..., :size, -size:]


class _Function(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)


class _Exponential(_Function):
    @staticmethod
    def forward(matrix: Tensor, p: Tensor, vectors: Tensor) -> Tensor:
        return (vectors * p.exp().unsqueeze(-2)) @ vectors.mH

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        return _Change.apply(cotangent, *ctx.saved_tensors), None, None

    @staticmethod
    def jvp(ctx: Any, change: Tensor, *_: Any) -> Tensor:
        refuse_nested_forward_mode()
        return _Change.apply(change, *ctx.saved_tensors)


class _Change(_Function):
    """The map dM -> d(e^M): linear in its first input, and its own adjoint."""

    @staticmethod
    def forward(change: Tensor, matrix: Tensor, p: Tensor, vectors: Tensor) -> Tensor:
        return rotated(vectors, divided_differences(p) * rotated(vectors.mH, change))

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        change, *spectrum = ctx.saved_tensors
        to_change = _Change.apply(cotangent, *spectrum) if ctx.needs_input_grad[0] else None
        # tr(C* d2[B, dM]) = tr(d2[C*, B] dM), the trace being cyclic.
        to_matrix = second_change(spectrum[0], cotangent.mH, change).mH if ctx.needs_input_grad[1] else None
        return to_change, to_matrix, None, None

    @staticmethod
    def jvp(ctx: Any, along: Tensor | None, moved: Tensor | None, *_: Any) -> Tensor:
        refuse_nested_forward_mode()
        change, *spectrum = ctx.saved_tensors
        parts = [_Change.apply(along, *spectrum)] if along is not None else []
        parts += [second_change(spectrum[0], change, moved)] if moved is not None else []
        return torch.stack(parts).sum(0)
