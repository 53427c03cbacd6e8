"""The windows of a pool, by the rules of torch's `MaxPool` for stride, padding, dilation and ceil_mode."""

from __future__ import annotations

from itertools import product
from math import prod
from numbers import Integral
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from qdl.errors import ValuesError
from qdl.nn.precision import require_precision

Size = int | tuple[int, ...]


class Pool(nn.Module):
    """What all pools share: torch's arguments, checked, and the windows of an input.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, ceil_mode
        As in `torch.nn.MaxPool2d`; the stride is the kernel's size unless said.
    """

    _dimension: int

    def __init__(self, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size, ceil_mode: bool) -> None:
        super().__init__()
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode
        self._kernel = self._sizes("kernel_size", kernel_size)
        self._stride = self._sizes("stride", self.stride)
        self._padding = self._sizes("padding", padding, least=0)
        self._dilation = self._sizes("dilation", dilation)
        self._reach = [d * (k - 1) + 1 for d, k in zip(self._dilation, self._kernel, strict=True)]
        if any(2 * p > reach for p, reach in zip(self._padding, self._reach, strict=True)):
            raise ValuesError(
                "the padding is wider than half the window", got=padding, expected=[r // 2 for r in self._reach]
            )

    def _sizes(self, name: str, value: Any, least: int = 1) -> tuple[int, ...]:
        n = self._dimension
        each = tuple(value) if isinstance(value, tuple | list) else (value,) * n
        whole = all(isinstance(size, Integral) and not isinstance(size, bool) for size in each)
        if len(each) != n or not whole or min(each) < least:
            raise ValuesError(f"{name} makes no sense", got=value, expected=f"{n} integers, at least {least}")
        return tuple(map(int, each))

    @property
    def places(self) -> int:
        """Elements of a window."""
        return prod(self._kernel)

    def _margins(self, size: torch.Size) -> list[tuple[int, int]]:
        """What is added before and behind every axis so that windows end where it ends; negative where it is cut."""
        out = []
        for length, reach, stride, pad in zip(size, self._reach, self._stride, self._padding, strict=True):
            room = length + 2 * pad - reach
            steps = -(-room // stride) if self.ceil_mode else room // stride
            # A window that begins in the padding behind the input is left out.
            steps -= self.ceil_mode and steps * stride >= length + pad
            if steps < 0:
                raise ValuesError(
                    "the window does not fit into the padded input",
                    got=f"an input of size {tuple(size)}",
                    expected=f"with its padding at least {tuple(self._reach)}",
                )
            out.append((pad, steps * stride + reach - length - pad))
        return out

    def windows(self, x: Tensor) -> Tensor:
        """(*lead, *size) -> (places, *lead, *positions), each window in C order, zero where nothing is."""
        n = self._dimension
        if x.dim() not in (n + 1, n + 2):
            expected = f"{n + 2} axes (batch, channels, size), or {n + 1} without a batch"
            raise ValuesError(
                f"wrong number of axes for {type(self).__name__}", got=f"shape {tuple(x.shape)}", expected=expected
            )
        require_precision(x, self)
        return self._gather(x)

    def held(self, x: Tensor) -> Tensor | None:
        """(places, 1, ..., *positions): which places of the windows lie inside the input; None if all do."""
        size = x.shape[-self._dimension :]
        if all(width <= 0 for margin in self._margins(size) for width in margin):
            return None
        held = self._gather(torch.ones(size, dtype=torch.bool, device="cpu"))
        if not held.any(0).all():
            raise ValuesError(
                "a window holds nothing but padding", got=f"an input of size {tuple(size)}", do="pad less"
            )
        return held.to(x.device).unflatten(0, (-1, *(1,) * (x.dim() - self._dimension)))

    def _gather(self, x: Tensor) -> Tensor:
        lead = x.dim() - self._dimension
        margins = self._margins(x.shape[lead:])
        flat = [width for margin in reversed(margins) for width in margin]
        x = F.pad(x, flat) if any(flat) else x
        # Cut to where windows end, the last one begins `reach` before.
        begins = [size - reach + 1 for size, reach in zip(x.shape[lead:], self._reach, strict=True)]
        shifted = []
        for offsets in product(*map(range, self._kernel)):
            axes = zip(offsets, self._dilation, self._stride, begins, strict=True)
            slices = tuple(slice(o * d, o * d + begin, s) for o, d, s, begin in axes)
            shifted.append(x[(slice(None),) * lead + slices])
        return torch.stack(shifted)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )
