"""From images to columns of patches and back, with torch's rules for padding, stride and dilation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from qdl.errors import ValuesError


def pad(x: Tensor, padding: Sequence[int] | str, kernel: Sequence[int], dilation: Sequence[int], mode: str) -> Tensor:
    """Pads the spatial axes as torch's convolutions do; "same" puts the odd element at the end."""
    if padding == "valid":
        return x
    if isinstance(padding, str):
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        sides = [(total // 2, total - total // 2) for total in totals]
    else:
        sides = [(width, width) for width in padding]
    flat = [width for side in reversed(sides) for width in side]
    if not any(flat):
        return x
    return F.pad(x, flat, mode="constant" if mode == "zeros" else mode)


def positions(size: Sequence[int], kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """How many positions the kernel takes along each padded spatial axis."""
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any(r > s for r, s in zip(reach, size, strict=True)):
        raise ValuesError(
            "the kernel does not fit into the padded input",
            got=f"a padded size of {tuple(size)}",
            expected=f"at least {tuple(reach)}",
            do="pad more or use a smaller kernel or dilation",
        )
    return [(s - r) // step + 1 for s, r, step in zip(size, reach, stride, strict=True)]


def columns(
    x: Tensor, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], groups: int
) -> tuple[Tensor, list[int]]:
    """Every patch as a column: (batch, channels, *size) -> (groups, channels / groups * kernel, batch * positions).

    Elements are ordered as in a flattened ``weight[output]``: channel first, then the kernel in C order.
    """
    out = positions(x.shape[2:], kernel, stride, dilation)
    x = x.transpose(0, 1)
    shifted = []
    for offsets in product(*map(range, kernel)):
        axes = zip(offsets, dilation, stride, out, strict=True)
        slices = tuple(slice(o * d, o * d + s * (n - 1) + 1, s) for o, d, s, n in axes)
        shifted.append(x[(slice(None), slice(None), *slices)])
    channels, batch = x.shape[:2]
    size = channels // groups * len(shifted)
    return torch.stack(shifted, 1).reshape(groups, size, batch * torch.Size(out).numel()), out


def fold(columns: Tensor, batch: int, out: Sequence[int]) -> Tensor:
    """(groups, outputs, batch * positions) -> (batch, groups * outputs, *positions), contiguous."""
    return columns.flatten(0, 1).unflatten(1, (batch, *out)).transpose(0, 1).contiguous()
