"""Logarithms of what may be zero, and how far one state or distribution is from another: the relative entropy.

With S(p) = -sum p log p the cross-entropy is H(p, q) = -sum p log q = S(p) + D(p||q), D(p||q) = sum p (log p - log q)
being the relative entropy; of density matrices S(rho||sigma) = tr rho (log rho - log sigma). Both are infinite where
sigma says never and rho does not. What is trained needs a finite value with a slope towards the support instead, so the
logarithm can be continued below the smallest number of interest by its tangent there: then it is concave still, once
continuously differentiable, and the same above.
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.physics.information.density import REAL, hermitian, pair, read, resolution
from qdl.physics.information.distances import Pure
from qdl.physics.information.entropies import entropy, unit_of
from qdl.physics.matrices.spectral import Scalar, matrix_of, pairing


def tangent_log(p: Tensor, least: float | None = None) -> Tensor:
    """log p, continued below `least` by its tangent: log(least) + p/least - 1.

    Parameters
    ----------
    p : Tensor
        Real, of any shape; also zero and negative.
    least : float, optional
        At most the spacing of the numbers around 1 if left out, 2e-16 in double and 1e-7 in single precision.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information.relative import tangent_log
    >>> tangent_log(torch.tensor([1.0, 0.01, 0.0]), 0.01)
    tensor([ 0.0000, -4.6052, -5.6052])
    """
    least = torch.finfo(p.dtype).eps if least is None else least
    return torch.where(p >= least, p.clamp(min=least).log(), log(least) - 1 + p / least)


def relative_entropy(
    rho: Tensor,
    sigma: Tensor,
    *,
    least: float | None = None,
    base: float | None = None,
    pure: Pure = None,
    validate: bool = True,
) -> Tensor:
    """The quantum relative entropy S(rho||sigma) = tr rho (log rho - log sigma) (Umegaki 1962).

    Parameters
    ----------
    rho, sigma, pure, validate
        As for `qdl.physics.information.fidelity`.
    least : float, optional
        Eigenvalues of sigma below it count by the tangent of the logarithm (`tangent_log`): the result is finite. Left
        out, it is infinite where rho has more weight outside sigma's support than the precision can tell from zero.
    base : float, optional
        Of the logarithm: 2 gives bits, the default e.

    Returns
    -------
    Tensor, shape (*batch,), real
        Not negative but for rounding, zero for equal states.

    Raises
    ------
    ValuesError
        For what is no state, two states that do not fit each other, and a `least` that is not positive.

    Notes
    -----
    First derivatives are right at degenerate spectra too, second ones with respect to rho; those that involve sigma
    are refused. At a zero eigenvalue of rho the slope is that of `entropy`.

    Examples
    --------
    >>> import torch
    >>> from qdl.physics.information.relative import relative_entropy
    >>> rho, sigma = torch.diag(torch.tensor([1.0, 0.0])), torch.eye(2) / 2
    >>> relative_entropy(rho, sigma, base=2), relative_entropy(sigma, rho)
    (tensor(1.), tensor(inf))
    """
    if least is not None and not least > 0:
        raise ValuesError("no smallest eigenvalue", got=f"least={least!r}", expected="a positive number")
    first, second = pure if isinstance(pure, tuple) else (pure, pure)
    a, b = pair(read("rho", rho, first, validate), read("sigma", sigma, second, validate))
    unit = unit_of(base)
    known = resolution(b.tensor.dtype, 2**b.wires)
    found = hermitian(b.matrix(), needed=True)
    state = a.matrix().to(found.matrix.dtype)
    crossed = -pairing(state, matrix_of(found, logarithm(known if least is None else least)))
    if least is None:
        outside = pairing(state.detach(), matrix_of(found._replace(matrix=found.matrix.detach()), below(known)))
        crossed = torch.where(outside > state.shape[-1] * known, torch.inf, crossed)
    own = entropy(a.tensor, pure=a.pure, validate=False)
    return ((crossed - own) / unit).to(REAL[b.tensor.dtype])


def logarithm(least: float) -> Scalar:
    """`tangent_log` of eigenvalues."""
    return Scalar(lambda p: tangent_log(p, least), lambda p: 1 / p.clamp(min=least))


def below(least: float) -> Scalar:
    """The projector on what is not told from zero."""
    return Scalar(lambda p: (p <= least).to(p.dtype), torch.zeros_like)
