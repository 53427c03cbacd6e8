"""Functions of the eigenvalues of a Hermitian matrix, with derivatives that degenerate spectra do not spoil.

With A = U diag(p) U*, a function f of real numbers gives f(A) = U diag(f(p)) U* and the trace t(A) = sum_i f(p_i).
Their derivatives along a Hermitian change dA are (Daleckii and Krein 1965; Bhatia, Matrix Analysis, theorem V.3.3)

    dt    = Re tr(f'(A) dA),
    df(A) = U (D o (U* dA U)) U*,    D_ij = (f(p_i) - f(p_j)) / (p_i - p_j),  f'(p_i) where p_i = p_j,

o being the product entry by entry. No eigenvector is differentiated, so that nothing is divided by the distance of two
eigenvalues, and the gradient of a trace is again a function of A: that is how second derivatives are taken. The map
dA -> df(A) is its own adjoint. Third derivatives are refused.

Every function here takes the eigenvalues and eigenvectors as given constants, and A only as what derivatives flow to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.errors import UnsupportedError

# Of two nearby eigenvalues the quotient loses eps/r, the slope between them r^2/24, r being their relative distance.
NEARBY = 6e-6


@dataclass(frozen=True)
class Scalar:
    """A function of real numbers and its first two derivatives; the last may be left out for `matrix_of`.

    They are given eigenvalues of shape (*batch, size), or (*batch, size, size), and answer in the same shape.
    """

    value: Callable[[Tensor], Tensor]
    slope: Callable[[Tensor], Tensor]
    curve: Callable[[Tensor], Tensor] | None = None

    @property
    def derivative(self) -> Scalar:
        assert self.curve is not None
        return Scalar(self.slope, self.curve)


class Spectrum(NamedTuple):
    """A Hermitian matrix with its eigenvalues and eigenvectors.

    Parameters
    ----------
    matrix : Tensor, shape (*batch, size, size)
        Double precision; the only one that carries derivatives.
    values : Tensor, shape (*batch, size)
    vectors : Tensor, shape (*batch, size, size)
        In columns; left out where no derivative can ask for them.
    resolution : float
        Eigenvalues below it are not told from zero.
    """

    matrix: Tensor
    values: Tensor
    vectors: Tensor | None
    resolution: float


def decompose(matrix: Tensor, resolution: float, needed: bool = False) -> Spectrum:
    """The spectrum of a Hermitian matrix of double precision; without eigenvectors where they are not `needed`."""
    if not (needed or tracked(matrix)):
        return Spectrum(matrix, torch.linalg.eigvalsh(matrix.detach()), None, resolution)
    values, vectors = torch.linalg.eigh(matrix.detach())
    return Spectrum(matrix, values, vectors, resolution)


def tracked(tensor: Tensor) -> bool:
    """Whether derivatives may be asked for: in reverse mode, in forward mode, or by `torch.func`."""
    forward = torch.autograd.forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()
    return forward or (tensor.requires_grad and torch.is_grad_enabled())


def trace_of(spectrum: Spectrum, f: Scalar) -> Tensor:
    """The sum of f over the eigenvalues, shape (*batch,), real.

    Examples
    --------
    >>> import torch
    >>> A = torch.eye(2, dtype=torch.float64, requires_grad=True)
    >>> cube = Scalar(lambda p: p**3, lambda p: 3 * p**2, lambda p: 6 * p)
    >>> torch.autograd.grad(trace_of(decompose(A, 0.0), cube), A)[0]
    tensor([[3., 0.],
            [0., 3.]], dtype=torch.float64)
    """
    if spectrum.vectors is None:
        return f.value(spectrum.values).sum(-1)
    return _Trace.apply(spectrum.matrix, spectrum.values, spectrum.vectors, f)


def matrix_of(spectrum: Spectrum, f: Scalar) -> Tensor:
    """The matrix U diag(f(p)) U*, shape (*batch, size, size)."""
    return _Matrix.apply(spectrum.matrix, spectrum.values, spectrum.vectors, f)


def rotated(vectors: Tensor, inner: Tensor) -> Tensor:
    return vectors @ inner @ vectors.mH


def divided_differences(p: Tensor, f: Scalar) -> Tensor:
    """The matrix D above, shape (*batch, size, size)."""
    x, y = p.unsqueeze(-1), p.unsqueeze(-2)
    near = (x - y).abs() <= NEARBY * (x.abs() + y.abs())
    rise = f.value(p).unsqueeze(-1) - f.value(p).unsqueeze(-2)
    return torch.where(near, f.slope((x + y) / 2), rise / torch.where(near, 1, x - y))


def pairing(gradient: Tensor, change: Tensor) -> Tensor:
    """Re tr(G* dA), shape (*batch,)."""
    return (gradient.conj() * change).sum((-2, -1)).real


def refuse_nested_forward_mode() -> None:
    """torch runs the `jvp` of a function of ours with forward mode switched off: an outer one would find zeros."""
    levels = torch._C._functorch.get_interpreter_stack() or []
    if sum(level.key() == torch._C._functorch.TransformType.Jvp for level in levels) > 1:
        raise UnsupportedError(
            "forward mode inside forward mode through the eigenvalues of a density matrix",
            expected="at most one of the nested derivatives in forward mode",
            do="use torch.func.hessian, or jacrev for one of them",
        )


class _Spectral(torch.autograd.Function):
    """What the three have in common: derivatives flow to the first inputs, the spectrum is constant."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, ctx.f = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)


class _Trace(_Spectral):
    @staticmethod
    def forward(matrix: Tensor, p: Tensor, vectors: Tensor, f: Scalar) -> Tensor:
        return f.value(p).sum(-1)

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        gradient = _Matrix.apply(*ctx.saved_tensors, ctx.f.derivative)
        return cotangent[..., None, None] * gradient, None, None, None

    @staticmethod
    def jvp(ctx: Any, change: Tensor, *_: Any) -> Tensor:
        refuse_nested_forward_mode()
        return pairing(_Matrix.apply(*ctx.saved_tensors, ctx.f.derivative), change)


class _Matrix(_Spectral):
    @staticmethod
    def forward(matrix: Tensor, p: Tensor, vectors: Tensor, f: Scalar) -> Tensor:
        return (vectors * f.value(p).unsqueeze(-2)) @ vectors.mH

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        return _Change.apply(cotangent, *ctx.saved_tensors, ctx.f), None, None, None

    @staticmethod
    def jvp(ctx: Any, change: Tensor, *_: Any) -> Tensor:
        refuse_nested_forward_mode()
        return _Change.apply(change, *ctx.saved_tensors, ctx.f)


class _Change(_Spectral):
    """The map dA -> df(A), linear in its first input."""

    @staticmethod
    def forward(change: Tensor, matrix: Tensor, p: Tensor, vectors: Tensor, f: Scalar) -> Tensor:
        return rotated(vectors, divided_differences(p, f) * rotated(vectors.mH, change))

    @staticmethod
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor | None, ...]:
        if ctx.needs_input_grad[1]:
            raise _third_derivative()
        _, *spectrum = ctx.saved_tensors
        return _Change.apply(cotangent, *spectrum, ctx.f), None, None, None, None

    @staticmethod
    def jvp(ctx: Any, change: Tensor | None, along: Tensor | None, *_: Any) -> Tensor:
        raise _third_derivative()


def _third_derivative() -> UnsupportedError:
    return UnsupportedError(
        "third derivative of a function of a density matrix's eigenvalues",
        expected="first and second derivatives",
        do="take finite differences of the second",
    )
