"""Normalisation as physics: total probability, a zero point and a unit of fluctuation, a partition function."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.activation import Thermal
from qdl.nn.arguments import require_known
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.nn.scale import require_finite
from qdl.physics.encodings.angles import amplitudes
from qdl.physics.fluctuations import fluctuation_moments, standardised

READOUTS = ("amplitude", "probability")


class _QuantumNorm(_BatchNorm):
    """What all dimensions share; torch's class keeps parameters and running statistics."""

    _axes: tuple[int, ...]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for tensor in (self.weight, self.running_mean):
            require_known_precision(None if tensor is None else tensor.dtype)
        if self.num_features < 1 or self.eps < 0:
            raise ValuesError("the normalisation makes no sense", got=f"{self.num_features} features, eps={self.eps}")

    @property
    def zero_point(self) -> Tensor | None:
        """The mean <n> that is taken away in evaluation."""
        return self.running_mean

    @property
    def fluctuation(self) -> Tensor | None:
        """The unit Delta n = sqrt(<n^2> - <n>^2 + eps) of evaluation."""
        return None if self.running_var is None else (self.running_var + self.eps).sqrt()

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(batch, features, *size) -> the same."""
        self._check(x)
        if self.training or self.running_mean is None or self.running_var is None:
            mean, variance = fluctuation_moments(x)
            if self.training and self.track_running_stats:
                self._remember(mean.detach(), variance.detach(), x.numel() // self.num_features)
        else:
            mean, variance = self.running_mean, self.running_var
        return standardised(x, mean, variance, self.eps, self.weight, self.bias)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        if any(torch._C._functorch.is_functorch_wrapped_tensor(moment) for moment in (mean, variance)):
            raise UnsupportedError(
                "running statistics do not change inside torch.func",
                do="call eval(), or use track_running_stats=False",
            )
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        self.num_batches_tracked.add_(1)
        weight = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), weight)
        # As torch: what is remembered estimates the ensemble's fluctuation, what is divided by is this batch's own.
        self.running_var.lerp_((variance * count / (count - 1)).to(self.running_var.dtype), weight)

    def _check(self, x: Tensor) -> None:
        if x.dim() not in self._axes:
            expected = " or ".join(map(str, self._axes)) + " axes, the first being the batch"
            raise ValuesError(f"wrong number of axes for {type(self).__name__}", got=tuple(x.shape), expected=expected)
        if x.shape[1] != self.num_features:
            raise ValuesError(f"wrong number of features in shape {tuple(x.shape)}", expected=self.num_features)
        require_precision(x, self)
        alone = x.numel() == self.num_features
        if alone and (self.training or self.running_mean is None):
            raise ValuesError("one value has no fluctuation", got=tuple(x.shape), do="use a larger batch, or eval()")


class QuantumNorm1d(_QuantumNorm):
    """`torch.nn.BatchNorm1d` of (batch, features) or (batch, features, length) read as physics; see `QuantumNorm2d`.

    Examples
    --------
    >>> QuantumNorm1d(4)(torch.rand(8, 4)).shape
    torch.Size([8, 4])
    """

    _axes = (2, 3)


class QuantumNorm2d(_QuantumNorm):
    """`torch.nn.BatchNorm2d` read as physics: z = (n - <n>) / Delta n, per channel.

    n is what a measurement of a channel finds, <n> its zero point, Delta n its fluctuation, the unit in which z is
    given (PHYSICS.md A6: ours). The ensemble is the batch with all its places in training; in evaluation it is what
    training has seen. Values, running statistics, names and the state_dict are those of torch's layer; unlike it,
    this one is made of differentiable tensor operations and has derivatives of every order.

    Parameters
    ----------
    num_features, eps, momentum, affine, track_running_stats, device, dtype
        As in `torch.nn.BatchNorm2d`.

    Attributes
    ----------
    zero_point, fluctuation : Tensor
        What evaluation subtracts and divides by.

    Raises
    ------
    QdlError
        For an input that does not fit, or a batch of one value in training; inside `torch.func` in training while
        running statistics are tracked.

    Examples
    --------
    >>> norm = QuantumNorm2d(3)
    >>> z = norm(5 + 2 * torch.randn(16, 3, 8, 8))
    >>> bool(z.mean().abs() < 1e-5), bool((z.std() - 1).abs() < 1e-3)
    (True, True)
    """

    _axes = (4,)


class QuantumNorm3d(_QuantumNorm):
    """`torch.nn.BatchNorm3d` of (batch, features, depth, height, width) read as physics; see `QuantumNorm2d`.

    Examples
    --------
    >>> QuantumNorm3d(2)(torch.rand(3, 2, 4, 4, 4)).shape
    torch.Size([3, 2, 4, 4, 4])
    """

    _axes = (5,)


class BornNorm(nn.Module):
    """The total probability set to 1: psi = x / |x| along an axis, or the probabilities psi^2 (Born's rule).

    Parameters
    ----------
    dim : int
    readout : {"amplitude", "probability"}

    Notes
    -----
    Zero has no direction: it becomes the first basis state, with the gradient zero.

    Examples
    --------
    >>> BornNorm()(torch.tensor([3.0, 4.0])), BornNorm(readout="probability")(torch.tensor([3.0, 4.0]))
    (tensor([0.6000, 0.8000]), tensor([0.3600, 0.6400]))
    """

    def __init__(self, dim: int = -1, readout: str = "amplitude") -> None:
        super().__init__()
        require_known("readout of a wave function", readout, READOUTS)
        self.dim, self.readout = whole(dim), readout

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same."""
        require_axis(x, self.dim)
        require_precision(x, self)
        require_finite(x.detach().abs().sum())
        moved = x.movedim(self.dim, -1)
        state = amplitudes(moved)[0][..., : moved.shape[-1]].movedim(-1, self.dim)
        return state if self.readout == "amplitude" else state.square()

    def extra_repr(self) -> str:
        return f"dim={self.dim}, readout={self.readout}"


class Gibbs(Thermal):
    """The softmax e^{x/T} / Z: occupations of levels of energy -x in equilibrium, Z being the partition function.

    At T = 0 the lowest levels share the probability evenly. (PHYSICS.md A6: ours)

    Parameters
    ----------
    dim : int
    temperature : float
        T >= 0, in the units of x.
    trainable : bool
        Whether T is trained, by its logarithm.
    device, dtype
        Of the parameter.

    Examples
    --------
    >>> x = torch.tensor([1.0, 2.0, 2.0])
    >>> Gibbs()(x), Gibbs(temperature=0.0)(x)
    (tensor([0.1554, 0.4223, 0.4223]), tensor([0.0000, 0.5000, 0.5000]))
    """

    def __init__(
        self,
        dim: int = -1,
        temperature: float = 1.0,
        *,
        trainable: bool = False,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(temperature, trainable=trainable, device=device, dtype=dtype)
        self.dim = whole(dim)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """Any shape -> the same, adding up to 1 along the axis."""
        require_axis(x, self.dim)
        require_precision(x, self)
        temperature = self.temperature
        if isinstance(temperature, Tensor) or temperature > 0:
            return (x / temperature).softmax(self.dim)
        require_finite(x.detach().abs().sum())
        lowest = (x == x.amax(self.dim, keepdim=True)).to(x.dtype)
        return lowest / lowest.sum(self.dim, keepdim=True)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, {super().extra_repr()}"


def whole(dim: int) -> int:
    """An axis, or a clear refusal."""
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise ValuesError("no axis", got=repr(dim), expected="an integer")
    return dim


def require_axis(x: Tensor, dim: int) -> None:
    """Refuses an input without the axis, or with nothing along it."""
    if not -x.dim() <= dim < x.dim() or not x.shape[dim]:
        raise ValuesError("nothing to normalise along this axis", got=f"dim={dim} of shape {tuple(x.shape)}")
