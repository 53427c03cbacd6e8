"""Quantum convolutions with the signature and the behaviour of torch's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn import patches
from qdl.nn.detector import Detector


class _QuantumConv(nn.Module):
    """What the three dimensions share; the class beside it in the bases is torch's, which checks and holds the sizes."""

    _dimension: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] | str = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        interaction: Any = "detector",
        coupling: float = 0.5,
        readout: str | None = None,
        encoding: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )  # type: ignore[call-arg]
        if self.weight.dtype not in (torch.float32, torch.float64):
            raise ValuesError("unknown precision", got=dtype, expected="torch.float32 or torch.float64")
        if interaction != "detector":
            raise UnsupportedError("unknown interaction", got=repr(interaction), expected="'detector'")
        if options:
            raise UnsupportedError("unknown options", got=", ".join(options))
        self.interaction = interaction
        self._filter = Detector(float(coupling), readout or "linear", encoding or "signed")

    @property
    def coupling(self) -> float:
        """The angle g in radians per unit of weight; not in the state_dict, and free to be set between passes."""
        return self._filter.coupling

    @coupling.setter
    def coupling(self, value: float) -> None:
        self._filter = replace(self._filter, coupling=float(value))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, in_channels, *size) or (in_channels, *size) -> the same with out_channels and torch's output size."""
        device = x.device.type
        if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
            with torch.autocast(device, enabled=False):
                return self._convolve(x.to(self.weight.dtype))
        return self._convolve(x)

    def _convolve(self, x: Tensor) -> Tensor:
        self._check(x)
        if x.dim() == self._dimension + 1:
            return self._convolve(x[None])[0]
        encoded, m = self._filter.encode(x)
        padded = patches.pad(encoded, self.padding, self.kernel_size, self.dilation, self.padding_mode)
        columns, out = patches.columns(padded, self.kernel_size, self.stride, self.dilation, self.groups)
        answer = self._filter.answer(columns, self.weight, self.bias)
        return self._filter.read(patches.fold(answer, x.shape[0], out), m, self.bias)

    def _check(self, x: Tensor) -> None:
        n = self._dimension
        if x.dim() not in (n + 1, n + 2):
            raise ValuesError(
                f"wrong number of axes for {type(self).__name__}",
                got=f"shape {tuple(x.shape)}",
                expected=f"{n + 2} axes (batch, channels, size) or {n + 1} without a batch",
            )
        if x.shape[-n - 1] != self.in_channels:
            raise ValuesError(
                f"wrong number of channels for {type(self).__name__}",
                got=f"{x.shape[-n - 1]} in shape {tuple(x.shape)}",
                expected=str(self.in_channels),
            )
        if x.dtype != self.weight.dtype:
            raise ValuesError(
                "the input's precision is not the layer's",
                got=x.dtype,
                expected=self.weight.dtype,
                do="convert the input with .to(dtype) or the layer with .float() or .double()",
            )

    def extra_repr(self) -> str:
        f = self._filter
        mine = f"interaction={self.interaction}, coupling={f.coupling:g}, readout={f.readout}, encoding={f.encoding}"
        return f"{super().extra_repr()}, {mine}"

    @classmethod
    def _from_conv(cls, conv: Any, coupling: float, options: dict[str, Any]) -> Self:
        layer = cls(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size,
            conv.stride,
            conv.padding,
            conv.dilation,
            conv.groups,
            conv.bias is not None,
            conv.padding_mode,
            conv.weight.device,
            conv.weight.dtype,
            coupling=coupling,
            **options,
        )
        layer.load_state_dict(conv.state_dict())
        return layer.train(conv.training)


class QuantumConv1d(_QuantumConv, nn.Conv1d):
    """`torch.nn.Conv1d` made of quantum neurons; see `QuantumConv2d`."""

    _dimension = 1

    @classmethod
    def from_conv1d(cls, conv: nn.Conv1d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained `torch.nn.Conv1d`, quantised; see `QuantumConv2d.from_conv2d`."""
        return cls._from_conv(conv, coupling, options)


class QuantumConv2d(_QuantumConv, nn.Conv2d):
    """`torch.nn.Conv2d` made of quantum neurons."""

    _dimension = 2

    @classmethod
    def from_conv2d(cls, conv: nn.Conv2d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained classical layer, quantised."""
        return cls._from_conv(conv, coupling, options)


class QuantumConv3d(_QuantumConv, nn.Conv3d):
    """`torch.nn.Conv3d` made of quantum neurons; see `QuantumConv2d`."""

    _dimension = 3

    @classmethod
    def from_conv3d(cls, conv: nn.Conv3d, coupling: float = 0.05, **options: Any) -> Self:
        """A trained `torch.nn.Conv3d`, quantised; see `QuantumConv2d.from_conv2d`."""
        return cls._from_conv(conv, coupling, options)
