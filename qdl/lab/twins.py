"""Classical layers with exactly as many parameters as quantum ones."""

from __future__ import annotations

from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn import functional

from qdl.errors import ValuesError


class Counted(nn.Module):
    """An affine map, plus as many tanh units as a number of trained numbers pays for.

    Parameters
    ----------
    inputs, outputs : int
        Features of the input and of the output.
    parameters : int
        How many numbers are trained, at least 1. The affine map comes first; where it needs more than there are, the
        entries left over are zero for good, evenly spread; so are those of the last tanh unit.

    Examples
    --------
    >>> layer = Counted(3, 2, 17)
    >>> sum(p.numel() for p in layer.parameters()), layer(torch.rand(5, 3)).shape
    (17, torch.Size([5, 2]))
    """

    def __init__(self, inputs: int, outputs: int, parameters: int) -> None:
        super().__init__()
        if parameters < 1:
            raise ValuesError("a twin without parameters", got=parameters, expected="at least 1")
        self.inputs, self.outputs = inputs, outputs
        affine, unit = inputs * outputs + outputs, inputs + outputs + 1
        beyond = max(0, parameters - affine)
        self.hidden = -(-beyond // unit)
        self.whole = affine + self.hidden * unit
        kept = torch.cat([_spread(parameters - beyond, affine), affine + _spread(beyond, self.hidden * unit)])
        self.register_buffer("kept", kept)
        self.values = nn.Parameter(torch.empty(parameters))
        nn.init.normal_(self.values, std=1 / sqrt(inputs))

    def forward(self, x: Tensor) -> Tensor:
        """(*batch, inputs) -> (*batch, outputs)."""
        every = self.values.new_zeros(self.whole).index_copy(0, self.get_buffer("kept"), self.values)
        sizes = [self.inputs * self.outputs, self.outputs, self.hidden * (self.inputs + self.outputs + 1)]
        weight, bias, units = every.split(sizes)
        first, shift, second = units.reshape(self.hidden, self.inputs + 1 + self.outputs).split(
            [self.inputs, 1, self.outputs], 1
        )
        seen = torch.tanh(x @ first.T + shift[:, 0])
        return x @ weight.reshape(self.inputs, self.outputs) + bias + seen @ second

    def extra_repr(self) -> str:
        return f"{self.inputs}, {self.outputs}, parameters={len(self.values)}, hidden={self.hidden}"


def _spread(kept: int, whole: int) -> Tensor:
    """Evenly spaced places."""
    return torch.arange(kept) * whole // max(1, kept)


class Windowed(nn.Module):
    """A layer on every window of one channel: a convolution (or, channel by channel, a pool) of any kind.

    Parameters
    ----------
    layer : Module
        (..., numbers in a window) -> (..., outputs).
    window : tuple of int
        Its sizes; windows do not overlap.
    each : bool
        Whether channels are kept apart, the layer having one output.

    Examples
    --------
    >>> Windowed(nn.Linear(4, 3), (2, 2))(torch.rand(5, 1, 6, 6)).shape
    torch.Size([5, 3, 3, 3])
    """

    def __init__(self, layer: nn.Module, window: tuple[int, ...], each: bool = False) -> None:
        super().__init__()
        self.layer, self.window, self.each = layer, window, each

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *sizes) -> (batch, outputs, *windows)."""
        for axis, size in enumerate(self.window, 2):
            x = x.unfold(axis, size, size)
        out: Tensor = self.layer(x.flatten(-len(self.window)))
        return out.squeeze(-1) if self.each else out.squeeze(1).movedim(-1, 1)

    def extra_repr(self) -> str:
        return f"window={self.window}"


class MixedPool(nn.Module):
    """Between the average and the maximum of a window, at a place that is trained (Lee, Gallagher and Tu, 2016)."""

    def __init__(self, dimension: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.average = (functional.avg_pool1d, functional.avg_pool2d)[dimension - 1]
        self.maximum = (functional.max_pool1d, functional.max_pool2d)[dimension - 1]
        self.mix = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *sizes) -> (batch, channels, *windows)."""
        return torch.lerp(self.average(x, self.size), self.maximum(x, self.size), self.mix.sigmoid())


class Moments(nn.Module):
    """Mean and variance of the features: how many, whatever their places."""

    def forward(self, x: Tensor) -> Tensor:
        """(batch, features) -> (batch, 2)."""
        return torch.stack([x.mean(-1), x.var(-1, correction=0)], -1)


def count(layer: nn.Module) -> int:
    """How many numbers are trained.

    Examples
    --------
    >>> count(nn.Linear(3, 2))
    8
    """
    return sum(prod(parameter.shape) for parameter in layer.parameters() if parameter.requires_grad)
