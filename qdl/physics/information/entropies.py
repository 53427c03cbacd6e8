"""How much is not known: von Neumann and Renyi entropies, and the mutual information of two sets of wires."""

from __future__ import annotations

from math import inf, log
from numbers import Real

import torch
from torch import Tensor

from qdl.errors import CircuitError, ValuesError
from qdl.physics.information.density import Wires, chosen, read, some, spectrum
from qdl.physics.matrices.spectral import Scalar, Spectrum, trace_of


def entropy(
    rho: Tensor,
    wires: Wires | None = None,
    *,
    base: float | None = None,
    pure: bool | None = None,
    validate: bool = True,
) -> Tensor:
    """The von Neumann entropy -tr(rho log rho) of some wires, or of all.

    Parameters
    ----------
    rho, wires, pure, validate
        As for `partial_trace`; wires left out are all of them.
    base : float, optional
        Of the logarithm: 2 gives bits, the default e.

    Returns
    -------
    Tensor, shape (*batch,), real
        Between 0 and k log 2.

    Raises
    ------
    ValuesError
        For what is no state, and a base that is none.
    CircuitError
        As for `partial_trace`.

    Notes
    -----
    The gradient -(log rho + 1) is infinite towards a direction in which rho has the eigenvalue zero. There the
    logarithm is taken of the smallest eigenvalue that the precision can tell from zero (9e-16 of a small double matrix,
    5e-7 of a single one): finite, of the right sign, and exact for changes that keep the rank, such as those of
    a vector, to which the entropy of its wires is differentiable everywhere.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import entropy
    >>> entropy(torch.tensor([0.5, 0.0, 0.0, 0.5]).sqrt(), [0], base=2)
    tensor(1.)
    """
    state, unit = read("rho", rho, pure, validate), unit_of(base)
    return (_entropy(spectrum(state, some(wires, state.wires))) / unit).to(state.dtype)


def renyi_entropy(
    rho: Tensor,
    alpha: float,
    wires: Wires | None = None,
    *,
    base: float | None = None,
    pure: bool | None = None,
    validate: bool = True,
) -> Tensor:
    """The Renyi entropy log(tr rho^alpha) / (1 - alpha) of some wires, or of all.

    Parameters
    ----------
    rho, wires, base, pure, validate
        As for `entropy`.
    alpha : float
        At least 0. 0 gives the logarithm of the rank, 1 the von Neumann entropy, ``float("inf")`` minus the logarithm
        of the largest eigenvalue.

    Returns
    -------
    Tensor, shape (*batch,), real
        Between 0 and k log 2.

    Raises
    ------
    ValuesError
        As for `entropy`, and for a negative alpha.
    CircuitError
        As for `partial_trace`.

    Notes
    -----
    For alpha below 1 the slope at the eigenvalue zero is infinite: eigenvalues that the precision cannot tell from zero
    are left out, of the value and of the gradient, which is then that of changes that keep the rank. At alpha = 0 the
    gradient is zero. At alpha = inf an m-fold largest eigenvalue has a kink; what is returned is the mean over its
    eigenvectors.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import renyi_entropy
    >>> renyi_entropy(torch.diag(torch.tensor([0.75, 0.25])), 2)
    tensor(0.4700)
    """
    state, unit = read("rho", rho, pure, validate), unit_of(base)
    if not isinstance(alpha, Real) or not alpha >= 0:
        raise ValuesError("no order of a Renyi entropy", got=f"alpha={alpha!r}", expected="a number of at least 0")
    return (_renyi(spectrum(state, some(wires, state.wires)), float(alpha)) / unit).to(state.dtype)


def mutual_information(
    rho: Tensor,
    wires_a: Wires,
    wires_b: Wires,
    *,
    base: float | None = None,
    pure: bool | None = None,
    validate: bool = True,
) -> Tensor:
    """The mutual information S(A) + S(B) - S(AB) of two sets of wires.

    Parameters
    ----------
    rho, base, pure, validate
        As for `entropy`.
    wires_a, wires_b : int or sequence of int
        Without a common wire; together they need not be all.

    Returns
    -------
    Tensor, shape (*batch,), real
        Between 0 and twice the entropy of the smaller side.

    Raises
    ------
    ValuesError
        As for `entropy`.
    CircuitError
        As for `partial_trace`, and for sets that overlap.

    Notes
    -----
    Derivatives as for `entropy`, whose three terms may each be large at a zero eigenvalue.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information import mutual_information
    >>> mutual_information(torch.tensor([0.5, 0.0, 0.0, 0.5]).sqrt(), 0, 1, base=2)
    tensor(2.)
    """
    state, unit = read("rho", rho, pure, validate), unit_of(base)
    a, b = chosen(wires_a, state.wires, "wires_a"), chosen(wires_b, state.wires, "wires_b")
    if set(a) & set(b):
        raise CircuitError(
            "two sets of wires that overlap", got=f"wires_a={a}, wires_b={b}", expected="no wire in both"
        )
    parts = [_entropy(spectrum(state, keep)) for keep in (a, b, [*a, *b])]
    return ((parts[0] + parts[1] - parts[2]) / unit).to(state.dtype)


def unit_of(base: float | None) -> float:
    """What natural logarithms are divided by."""
    if base is None:
        return 1.0
    if not isinstance(base, Real) or not base > 0 or base in (1, inf):
        raise ValuesError("no base of a logarithm", got=f"base={base!r}", expected="a positive number other than 1")
    return log(base)


def _entropy(found: Spectrum) -> Tensor:
    least = found.resolution

    def slope(p: Tensor) -> Tensor:
        return -p.clamp(min=least).log() - 1

    def curve(p: Tensor) -> Tensor:
        return torch.where(p > least, -1 / p.clamp(min=least), 0)

    return trace_of(found, Scalar(lambda p: torch.special.entr(p.clamp(min=0)), slope, curve))


def _renyi(found: Spectrum, alpha: float) -> Tensor:
    least = found.resolution
    if alpha == 1:
        return _entropy(found)
    if alpha == 0:
        return trace_of(found, Scalar(lambda p: (p > least).to(p.dtype), torch.zeros_like, torch.zeros_like)).log()
    if alpha == inf:
        return -trace_of(found, _largest(least)).log()
    if alpha <= 2:
        return torch.log1p(trace_of(found, _excess(alpha, least))) / (1 - alpha)
    # Powers of p / max(p) neither overflow nor vanish, however large alpha is.
    unit = found.values.detach().amax(-1)
    scaled = Spectrum(found.matrix / unit[..., None, None], found.values / unit[..., None], found.vectors, least)
    return (alpha * unit.log() + trace_of(scaled, _power(alpha)).log()) / (1 - alpha)


def _power(alpha: float) -> Scalar:
    """p^alpha for alpha > 2."""
    return Scalar(
        lambda p: p.clamp(min=0) ** alpha,
        lambda p: alpha * p.clamp(min=0) ** (alpha - 1),
        lambda p: alpha * (alpha - 1) * p.clamp(min=0) ** (alpha - 2),
    )


def _excess(alpha: float, least: float) -> Scalar:
    """p^alpha - p for 0 < alpha <= 2: its trace is tr rho^alpha - 1, without the cancellation near alpha = 1."""
    x = alpha - 1

    def gain(p: Tensor) -> Tensor:
        return torch.expm1(x * p.clamp(min=least).log())

    return Scalar(
        lambda p: torch.where(p > least, p * gain(p), 0),
        lambda p: torch.where(p > least, alpha * gain(p) + x, -1),
        lambda p: torch.where(p > least, alpha * x * p.clamp(min=least) ** (x - 1), 0),
    )


def _largest(least: float) -> Scalar:
    """The largest eigenvalue: each of those that share the place has an equal share of it."""

    def share(p: Tensor) -> Tensor:
        top = (p >= p.amax(-1, keepdim=True) - least).to(p.dtype)
        return top / top.sum(-1, keepdim=True)

    return Scalar(lambda p: p * share(p), share, torch.zeros_like)
