"""What a state is: vectors and density matrices told apart, checked, reduced to some of their wires.

A batch of pure states has the shape (*batch, 2**n), one of density matrices (*batch, 2**n, 2**n). Only a square is
open to doubt, and it is read as a matrix unless `pure=True` says that it is 2**n vectors. A wrong guess cannot
pass the checks: sum_ij |rho_ij|^2 is the purity of a density matrix, at most 1, and the number of vectors, at least 2,
in a square of normalised vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index
from typing import NamedTuple, NoReturn

import numpy as np
import torch
from torch import Tensor

from qdl.errors import CircuitError, ValuesError
from qdl.physics.matrices.spectral import Spectrum, decompose, tracked

REAL = {torch.float32: torch.float32, torch.complex64: torch.float32}
REAL |= {torch.float64: torch.float64, torch.complex128: torch.float64}
WIDE = {torch.float32: torch.float64, torch.complex64: torch.complex128}

Wires = int | Iterable[int]


class State(NamedTuple):
    """A batch of states, checked.

    Parameters
    ----------
    tensor : Tensor, shape (*batch, 2**wires) or (*batch, 2**wires, 2**wires)
    wires : int
    pure : bool
        Whether it holds vectors.
    """

    tensor: Tensor
    wires: int
    pure: bool

    @property
    def batch(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape[: -1 if self.pure else -2])

    @property
    def dtype(self) -> torch.dtype:
        """The real type of its precision."""
        return REAL[self.tensor.dtype]

    def expand(self, batch: Sequence[int]) -> State:
        return self._replace(tensor=self.tensor.expand(*batch, *self.tensor.shape[len(self.batch) :]))

    def matrix(self) -> Tensor:
        """The density matrix, shape (*batch, 2**wires, 2**wires)."""
        return self.tensor.unsqueeze(-1) * self.tensor.unsqueeze(-2).conj() if self.pure else self.tensor


def read(name: str, state: Tensor, pure: bool | None = None, validate: bool = True) -> State:
    """Tell vectors from matrices and refuse what is neither.

    Parameters
    ----------
    name : str
        What error messages call it.
    state : Tensor, shape (*batch, 2**n) or (*batch, 2**n, 2**n)
    pure : bool, optional
        True for vectors, False for matrices; left out, a square in the last two axes is a matrix.
    validate : bool
        Whether numbers are checked too, on the CPU at once, on CUDA by asynchronous asserts, not under `torch.func`.

    Raises
    ------
    ValuesError
        For what is no tensor of floats, has no size 2**n, or (with `validate`) is no state within
        sqrt(eps): 1.5e-8 in double and 3.5e-4 in single precision.
    """
    if not isinstance(state, Tensor) or state.dtype not in REAL:
        got = state.dtype if isinstance(state, Tensor) else type(state).__name__
        raise ValuesError(
            f"{name} is no state", got=got, expected="a complex or real floating tensor", do="use torch.as_tensor"
        )
    shape = tuple(state.shape)
    square = len(shape) >= 2 and shape[-1] == shape[-2]
    size = shape[-1] if shape else 0
    if size < 2 or size & (size - 1) or (pure is False and not square):
        forms = {None: "(*batch, 2**n) or (*batch, 2**n, 2**n)", True: "(*batch, 2**n)", False: "(*batch, 2**n, 2**n)"}
        raise ValuesError(f"{name} has the wrong shape for a state", got=shape, expected=f"{forms[pure]} with n >= 1")
    made = State(state, size.bit_length() - 1, not square if pure is None else pure)
    if validate and state.numel() and state.device.type != "meta" and not torch._C._are_functorch_transforms_active():
        (_check_vector if made.pure else _check_matrix)(name, made)
    return made


def _check_vector(name: str, state: State) -> None:
    excess = squares(state.tensor.detach()).sum(-1) - 1
    _demand(name, state, excess, excess.abs() <= _tolerance(state), "vectors of norm 1", "a squared norm off by")


def _check_matrix(name: str, state: State) -> None:
    rho, tolerance = state.tensor.detach(), _tolerance(state)
    skew = squares(rho - rho.mH).amax((-2, -1)).sqrt()
    _demand(name, state, skew, skew <= tolerance, "a Hermitian matrix", "an element and its mirror image apart by")
    excess = rho.diagonal(dim1=-2, dim2=-1).real.sum(-1) - 1
    _demand(name, state, excess, excess.abs() <= tolerance, "trace 1", "a trace off by")
    # All eigenvalues are above -tolerance where rho + tolerance has a Cholesky factor, at a tenth of the price.
    lifted = rho + tolerance * torch.eye(rho.shape[-1], dtype=rho.dtype, device=rho.device)
    good = torch.linalg.cholesky_ex(lifted).info == 0
    lowest = excess if rho.device.type == "cuda" or bool(good.all()) else torch.linalg.eigvalsh(rho)[..., 0]
    _demand(name, state, lowest, good, "no negative eigenvalue", "an eigenvalue of")


def squares(tensor: Tensor) -> Tensor:
    """|x|^2 of each element, without the square root that torch takes for complex ones."""
    if not tensor.is_complex():
        return tensor.square()
    return torch.view_as_real(tensor.resolve_conj()).square().sum(-1)


def _tolerance(state: State) -> float:
    return float(torch.finfo(state.dtype).eps) ** 0.5


def _demand(name: str, state: State, found: Tensor, good: Tensor, expected: str, what: str) -> None:
    """Refuse a state where `good` is False, and show the worst of what was found."""
    if good.device.type == "cuda":
        torch._assert_async(good.all(), f"{name} is no state: expected {expected}")
    elif not bool(good.all()):
        wrong = found[~good]
        worst = float(wrong[wrong.abs().nan_to_num(torch.inf).argmax()])
        raise ValuesError(f"{name} is no state", got=f"{what} {worst:.3g}", expected=expected, do=_remedy(state))


def _remedy(state: State) -> str:
    norms = squares(state.tensor.detach()).sum(-1)
    if not state.pure and bool(((norms - 1).abs() <= _tolerance(state)).all()):
        return f"pass pure=True if these are {norms.shape[-1]} state vectors, one a row"
    return "divide it by its norm" if state.pure else "pass validate=False to take it as it is"


def pair(rho: State, sigma: State) -> tuple[State, State]:
    """Two states broadcast to one batch, both complex if one is.

    Raises
    ------
    ValuesError
        For different numbers of wires, precisions or devices, and batches that do not broadcast.
    """
    for what, a, b in (
        ("wires", rho.wires, sigma.wires),
        ("precision", rho.dtype, sigma.dtype),
        ("device", rho.tensor.device, sigma.tensor.device),
    ):
        if a != b:
            raise ValuesError(f"two states that differ in {what}", got=f"{a} and {b}", expected="the same")
    try:
        batch = np.broadcast_shapes(rho.batch, sigma.batch)
    except ValueError:
        raise ValuesError(
            "two states whose batches do not broadcast",
            got=f"{rho.batch} and {sigma.batch}",
            do="make the leading dimensions fit",
        ) from None
    dtype = torch.promote_types(rho.tensor.dtype, sigma.tensor.dtype)
    first, second = (s._replace(tensor=s.tensor.to(dtype)).expand(batch) for s in (rho, sigma))
    return first, second


def some(wires: Wires | None, total: int) -> list[int]:
    """The wires chosen, or all of them where none are."""
    return list(range(total)) if wires is None else chosen(wires, total)


def chosen(wires: Wires, total: int, name: str = "wires") -> list[int]:
    """Wires as a list.

    Raises
    ------
    CircuitError
        For wires that are out of range, repeated, none at all, or no integers.
    """

    def refuse(problem: str) -> NoReturn:
        raise CircuitError(problem, got=f"{name}={wires!r}", expected=f"distinct wires of 0 ... {total - 1}")

    try:
        found = [index(w) for w in (wires if isinstance(wires, Iterable) else [wires])]
    except TypeError:
        refuse("wires that are no integers")
    if not found:
        refuse("no wire named")
    if not all(0 <= w < total for w in found):
        refuse("wire out of range")
    if len(set(found)) < len(found):
        refuse("wire named twice")
    return found


def reduced(state: State, keep: Sequence[int]) -> Tensor:
    """The density matrix of some wires, in the order given: shape (*batch, 2**k, 2**k)."""
    if state.pure:
        amplitudes = folded(state, keep)
        return amplitudes @ amplitudes.mH
    if list(keep) == list(range(state.wires)):
        return state.tensor
    n, first = state.wires, len(state.batch)
    order = [*keep, *others(keep, n)]
    axes = [*range(first), *(first + w for w in order), *(first + n + w for w in order)]
    kept, lost = 1 << len(keep), 1 << (n - len(keep))
    split = state.tensor.reshape(*state.batch, *[2] * (2 * n)).permute(axes)
    return split.reshape(*state.batch, kept, lost, kept, lost).diagonal(dim1=-3, dim2=-1).sum(-1)


def folded(state: State, keep: Sequence[int]) -> Tensor:
    """A vector as the matrix M with psi = sum_ab M_ab |a>|b>, a of the wires kept: shape (*batch, 2**k, 2**(n - k))."""
    first = len(state.batch)
    axes = [*range(first), *(first + w for w in [*keep, *others(keep, state.wires)])]
    split = state.tensor.reshape(*state.batch, *[2] * state.wires).permute(axes)
    return split.reshape(*state.batch, 1 << len(keep), 1 << (state.wires - len(keep)))


def others(wires: Sequence[int], total: int) -> list[int]:
    return [w for w in range(total) if w not in wires]


def resolution(dtype: torch.dtype, size: int) -> float:
    """How far the eigenvalues of a matrix are known: by its own precision, and by that of the decomposition."""
    return max(4 * torch.finfo(REAL[dtype]).eps, size * torch.finfo(torch.float64).eps)


def hermitian(matrix: Tensor, needed: bool = False) -> Spectrum:
    """The spectrum of a matrix's Hermitian part. Always in double precision, whose rounding single precision hides."""
    wide = matrix.to(WIDE.get(matrix.dtype, matrix.dtype))
    return decompose((wide + wide.mH) / 2, resolution(matrix.dtype, matrix.shape[-1]), needed)


def spectrum(state: State, keep: Sequence[int]) -> Spectrum:
    """The spectrum of some wires' density matrix; a vector's up to zeros, and as cheap as that of the other wires.

    The eigenvalues of M M* are the squared singular values s of M, which are known to the same *absolute* error, that
    is s^2 to the square of it.
    """
    if not state.pure:
        return hermitian(reduced(state, keep))
    amplitudes = folded(state, keep).to(WIDE.get(state.tensor.dtype, state.tensor.dtype))
    if amplitudes.shape[-2] > amplitudes.shape[-1]:
        amplitudes = amplitudes.mT
    known, gram = resolution(state.tensor.dtype, amplitudes.shape[-2]), amplitudes @ amplitudes.mH
    if not tracked(amplitudes):
        return Spectrum(gram, torch.linalg.svdvals(amplitudes).square(), None, known**2)
    vectors, s, _ = torch.linalg.svd(amplitudes.detach(), full_matrices=False)
    return Spectrum(gram, s.square(), vectors, known**2)
