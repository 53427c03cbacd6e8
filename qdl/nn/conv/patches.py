"""From images to columns of patches and back, with torch's rules for padding, stride and dilation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from qdl.errors import LayerError


@dataclass(frozen=True)
class Windows:
    """Where a kernel looks at an image.

    Parameters
    ----------
    kernel, stride : tuple of int
    padding : tuple of int or str
    dilation : tuple of int
    groups : int
    mode : str
        How the image is padded: "zeros", "reflect", "replicate" or "circular".
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...] | str
    dilation: tuple[int, ...]
    groups: int
    mode: str

    @property
    def sides(self) -> list[tuple[int, int]]:
        """What is added before and behind each spatial axis; "same" puts the odd element at the end."""
        if not isinstance(self.padding, str):
            return [(width, width) for width in self.padding]
        totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel, strict=True)]
        return [(total // 2, total - total // 2) if self.padding == "same" else (0, 0) for total in totals]

    def pad(self, x: Tensor) -> Tensor:
        """Pads the spatial axes as torch's convolutions do."""
        flat = [width for side in reversed(self.sides) for width in side]
        if not any(flat):
            return x
        self.require_padding(x.shape[2:])
        most = {"reflect": -1, "circular": 0}.get(self.mode)
        if most is not None and any(max(side) > n + most for side, n in zip(self.sides, x.shape[2:], strict=True)):
            raise LayerError(
                f"{self.mode} padding goes beyond the image",
                got=f"{self.sides} for a size of {tuple(x.shape[2:])}",
                expected=f"at most {tuple(n + most for n in x.shape[2:])}",
            )
        return F.pad(x, flat, mode="constant" if self.mode == "zeros" else self.mode)

    def require_padding(self, size: Sequence[int]) -> None:
        """Refuses to pad an image of this size with more than there is of it."""
        most = {"reflect": -1, "circular": 0}.get(self.mode)
        if most is not None and any(max(side) > n + most for side, n in zip(self.sides, size, strict=True)):
            raise LayerError(
                f"{self.mode} padding goes beyond the image",
                got=f"{self.sides} for a size of {tuple(size)}",
                expected=f"at most {tuple(n + most for n in size)}",
            )

    def positions(self, size: Sequence[int]) -> list[int]:
        """How many positions the kernel takes along each padded spatial axis."""
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel, strict=True)]
        if any(r > s for r, s in zip(reach, size, strict=True)):
            raise LayerError(
                "the kernel does not fit into the padded input",
                got=f"a padded size of {tuple(size)}",
                expected=f"at least {tuple(reach)}",
                do="pad more or use a smaller kernel or dilation",
            )
        return [(s - r) // step + 1 for s, r, step in zip(size, reach, self.stride, strict=True)]

    def convolve(self, x: Tensor, weight: Tensor) -> Tensor:
        """Torch's own convolution of a padded image, (batch, channels, *size) with a weight of torch's shape."""
        self.positions(x.shape[2:])
        convolve = {3: F.conv1d, 4: F.conv2d, 5: F.conv3d}[x.dim()]
        return convolve(x, weight, None, self.stride, 0, self.dilation, self.groups)

    def answers(self, x: Tensor, respond: Callable[[Tensor], Tensor]) -> Tensor:
        """The image made of what every patch is answered.

        Parameters
        ----------
        x : Tensor, shape (batch, channels, *size)
            Padded.
        respond : callable
            From patches as columns, (groups, channels / groups * kernel, batch * positions), to (groups, outputs,
            batch * positions). Elements are ordered as in a flattened ``weight[output]``: channel first, then the
            kernel in C order.

        Returns
        -------
        Tensor, shape (batch, groups * outputs, *positions)
            Contiguous.
        """
        out = self.positions(x.shape[2:])
        answer = respond(self._columns(x, out))
        return answer.flatten(0, 1).unflatten(1, (len(x), *out)).transpose(0, 1).contiguous()

    def _columns(self, x: Tensor, out: Sequence[int]) -> Tensor:
        x = x.transpose(0, 1)
        shifted = []
        for offsets in product(*map(range, self.kernel)):
            axes = zip(offsets, self.dilation, self.stride, out, strict=True)
            slices = tuple(slice(o * d, o * d + s * (n - 1) + 1, s) for o, d, s, n in axes)
            shifted.append(x[(slice(None), slice(None), *slices)])
        channels, batch = x.shape[:2]
        size = channels // self.groups * len(shifted)
        return torch.stack(shifted, 1).reshape(self.groups, size, batch * torch.Size(out).numel())
