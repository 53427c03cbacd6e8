"""Pooling at a temperature: from the average, at infinite temperature, to the maximum, at zero."""

from __future__ import annotations

from math import isfinite, isnan
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.arguments import require_known
from qdl.nn.pooling.windows import Pool, Size
from qdl.nn.precision import outside_autocast, require_known_precision
from qdl.physics.pooling import free_value, thermal_mean

READOUTS = {"mean": thermal_mean, "free": free_value}


class _ThermalPool(Pool):
    beta: nn.Parameter | float
    readout: str
    trainable: bool
    _start: float

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
        *,
        beta: float = 1.0,
        trainable: bool = False,
        readout: str = "mean",
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        require_known("readout of a thermal pool", readout, tuple(READOUTS))
        if isinstance(beta, bool) or not isinstance(beta, Real) or isnan(beta):
            raise ValuesError("the inverse temperature makes no sense", got=repr(beta), expected="a number")
        if readout == "free" and beta == 0:
            raise ValuesError("the free energy diverges at beta = 0", do='use readout="mean", the average')
        if trainable and not isfinite(beta):
            raise UnsupportedError("an infinite beta cannot be trained", got=beta, do="start from a finite one")
        require_known_precision(dtype)
        self.readout, self.trainable, self._start = readout, trainable, float(beta)
        self.beta = self._start
        if trainable:
            self.beta = nn.Parameter(torch.empty((), device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """A trained beta back to where it started."""
        if isinstance(self.beta, nn.Parameter):
            nn.init.constant_(self.beta, self._start)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *size) or (channels, *size) -> the same with the size that `MaxPool` gives."""
        return READOUTS[self.readout](self.windows(x), self.beta, self.held(x), 0)

    def extra_repr(self) -> str:
        trained = ", trainable=True" if self.trainable else ""
        beta = self.beta if isinstance(self.beta, float) else self.beta.item()
        return f"{super().extra_repr()}, beta={beta:g}{trained}, readout={self.readout}"


class ThermalPool1d(_ThermalPool):
    """Thermal pooling of (batch, channels, length); see `ThermalPool2d`.

    Examples
    --------
    >>> ThermalPool1d(2, beta=0.0)(torch.tensor([[1.0, 3.0, 5.0, 5.0]]))
    tensor([[2., 5.]])
    """

    _dimension = 1


class ThermalPool2d(_ThermalPool):
    """Pooling of (batch, channels, height, width) by a thermal average: sum x e^{beta x} / Z over every window.

    A window's values are minus the energies of as many levels, each taken with its Boltzmann weight. beta = 0 is
    `torch.nn.AvgPool2d` (``count_include_pad=False``) and beta = inf is `torch.nn.MaxPool2d`, both exactly; between
    them the result lies below the maximum by at most ln n / beta. Negative beta, a negative temperature, prefers small
    values. (PHYSICS.md A5i: ours)

    Parameters
    ----------
    kernel_size, stride, padding, dilation, ceil_mode
        As in `torch.nn.MaxPool2d`, without ``return_indices``. Padding holds no level and never counts.
    beta : float
        The inverse temperature, in units of 1/x.
    trainable : bool
        Whether ``beta`` is a parameter.
    readout : {"mean", "free"}
        The mean energy, or the free energy ln Z / beta, which lies above the maximum by at most ln n / beta and
        diverges at beta = 0.
    device, dtype
        Of the parameter.

    Raises
    ------
    ValuesError, UnsupportedError
        When the layer is made, for arguments that make no sense; in ``forward``, for an input that does not fit.

    Examples
    --------
    >>> image = torch.tensor([[[0.0, 1.0], [2.0, 5.0]]])
    >>> [ThermalPool2d(2, beta=beta)(image).item() for beta in (0.0, 1.0, float("inf"))]
    [2.0, 4.76..., 5.0]
    """

    _dimension = 2


class ThermalPool3d(_ThermalPool):
    """Thermal pooling of (batch, channels, depth, height, width); see `ThermalPool2d`.

    Examples
    --------
    >>> ThermalPool3d(2)(torch.rand(1, 3, 4, 4, 4)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _dimension = 3
