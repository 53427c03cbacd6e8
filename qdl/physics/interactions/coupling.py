"""How strong a detector should couple: too weak drowns in shot noise, too strong bends the convolution.

The linear readout of PHYSICS.md A3a is E sin(gW)/g = E[W] - g^2 E[W^3]/6 + O(g^4), read with S shots of a two-valued
outcome, whose variance is at most 1/(g^2 S). With c = E[W^3]/6 one output's mean square error is

    MSE(g) = g^4 c^2 + 1/(g^2 S),        smallest at        g* = (2 c^2 S)^(-1/6).

That is the optimum of one output's error, not of a network's accuracy. (Marked *ours* in PHYSICS.md.)

The linear readouts of the other interactions have errors c g^p and variances v/(g^2 S) too, which
`weak_coupling_optimum` takes::

    interaction    c                  p    v
    detector       E[W^3]/6           2    1
    exchange       |w|^2 (w.x)/6      2    1/4      (homodyne detection of the detector mode)
    displaced      E[W^2]/(2 b0)      1    1/4      (counting next to a strong oscillator b0)
"""

from __future__ import annotations

from torch import Tensor

from qdl.errors import ValuesError


def third_moment(x: Tensor, weight: Tensor) -> Tensor:
    """E[W^3] of W = sum_i w_i sign(x_i) n_i, n_i excited with probability |x_i| independently of the others.

    Parameters
    ----------
    x : Tensor, shape (*batch, size)
        Signed excitation probabilities in [-1, 1].
    weight : Tensor, shape (*batch, size)
        Any units; batch dimensions broadcast.

    Returns
    -------
    Tensor, shape (*batch,)
        In the cube of the weight's units.

    Notes
    -----
    The cumulants of independent numbers add: k1 = sum w p, k2 = sum w^2 p (1 - p), k3 = sum w^3 p (1 - p)(1 - 2 p),
    and E[W^3] = k3 + 3 k2 k1 + k1^3.

    Examples
    --------
    >>> import torch
    >>> third_moment(torch.tensor([1.0, 1.0]), torch.tensor([2.0, -1.0]))
    tensor(1.)
    """
    p, w = x.abs(), weight * x.sign()
    k1 = (w * p).sum(-1)
    k2 = (w**2 * p * (1 - p)).sum(-1)
    k3 = (w**3 * p * (1 - p) * (1 - 2 * p)).sum(-1)
    return k3 + 3 * k2 * k1 + k1**3


def weak_coupling_error(x: Tensor, weight: Tensor, coupling: float, scale: float | Tensor = 1.0) -> Tensor:
    """The linear readout minus the classical w.x, to leading order: -m g^2 E[W^3]/6.

    Parameters
    ----------
    x, weight : Tensor, shape (*batch, size)
        As for `third_moment`; x already divided by the sample's scale.
    coupling : float
        g, in radians per unit of weight.
    scale : float or Tensor, shape (*batch,)
        The m = max(1, max|x|) that the sample was divided by.

    Returns
    -------
    Tensor, shape (*batch,)
        The next term is of order g^4.

    Examples
    --------
    >>> import torch
    >>> weak_coupling_error(torch.tensor([1.0]), torch.tensor([6.0]), 0.1)
    tensor(-0.3600)
    """
    return -scale * coupling**2 * third_moment(x, weight) / 6


def mean_square_error(moments: Tensor, coupling: float, shots: int) -> float:
    """Predicted mean square error of single outputs, averaged over them: g^4 c^2 + 1/(g^2 S).

    Parameters
    ----------
    moments : Tensor, any shape
        E[W^3] of each output (`third_moment`).
    coupling : float
        g, in radians per unit of weight.
    shots : int
        S, for each output.

    Examples
    --------
    >>> import torch
    >>> round(mean_square_error(torch.tensor([6.0]), 0.1, 1000), 4)
    0.1001
    """
    return coupling**4 * float((moments / 6).square().mean()) + 1 / (coupling**2 * shots)


def optimum_coupling(moments: Tensor, shots: int) -> float:
    """The coupling g* = (2 c^2 S)^(-1/6) at which `mean_square_error` is smallest, with the mean of c^2.

    Parameters
    ----------
    moments : Tensor, any shape
        E[W^3] of each output (`third_moment`), not all zero.
    shots : int
        S, for each output.

    Returns
    -------
    float
        Radians per unit of weight. The optimum of a single output's error, not of a network's accuracy.

    Raises
    ------
    ValuesError
        If every moment vanishes: then no coupling is too strong to leading order.

    Examples
    --------
    >>> import torch
    >>> round(optimum_coupling(torch.tensor([1.6875]), 1000), 2)
    0.43
    """
    return weak_coupling_optimum(moments / 6, shots)


def weak_coupling_optimum(error: Tensor, shots: int, order: int = 2, variance: float = 1.0) -> float:
    """The coupling g* = (p c^2 S/v)^(-1/(2p + 2)) at which g^{2p} c^2 + v/(g^2 S) is smallest, with the mean of c^2.

    Parameters
    ----------
    error : Tensor, any shape
        c of each output, not all zero: the linear readout is w.x + c g^p + ...
    shots : int
        S, for each output.
    order : int
        p.
    variance : float
        v: one shot's variance is v/g^2.

    Returns
    -------
    float
        The optimum of a single output's error, not of a network's accuracy.

    Raises
    ------
    ValuesError
        If every error vanishes: then no coupling is too strong to leading order.

    Examples
    --------
    >>> import torch
    >>> round(weak_coupling_optimum(torch.tensor([0.5]), 1000, order=1, variance=0.25), 3)
    0.178
    """
    c2 = float(error.square().mean())
    if not c2 > 0:
        raise ValuesError("no optimum coupling", got="leading errors that are all zero", expected="a nonzero one")
    return float((order * c2 * shots / variance) ** (-1 / (2 * order + 2)))
