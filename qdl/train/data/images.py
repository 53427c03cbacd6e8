"""Images with their classes, and what a run makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.errors import DataError


class Images(NamedTuple):
    """Images (N, C, H, W) in [0, 1], float32, with their classes (N,)."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device | str) -> Images:
        return Images(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """`count` training images as a function of (seed, epoch); validation and test images that never change."""

    count: int
    training: Callable[[int, int], Images]
    validation: Images
    test: Images
    classes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, channels, height, width = self.validation.images.shape
        return channels, height, width


def generator(*key: Any) -> torch.Generator:
    """A CPU generator seeded by the whole key.

    Examples
    --------
    >>> torch.rand(1, generator=generator("order", 0, 1)) == torch.rand(1, generator=generator("order", 0, 1))
    tensor([True])
    """
    return torch.Generator().manual_seed(int.from_bytes(sha256(repr(key).encode()).digest()[:7]))


def check(images: Tensor, labels: Tensor) -> Images:
    """Images (N, H, W) or (N, C, H, W) and labels (N,) as they may be learnt from.

    Raises
    ------
    DataError
        If there are none, if their numbers differ, or if a pixel lies outside [0, 1].
    """
    if len(images) == 0:
        raise DataError("the data set is empty", got="0 images", expected="at least one")
    if len(images) != len(labels):
        raise DataError("images and labels do not belong together", got=f"{len(images)} images, {len(labels)} labels")
    if not bool(((images >= 0) & (images <= 1)).all()):
        raise DataError("pixels out of range", expected="finite numbers in [0, 1]", do="divide by the largest pixel")
    return Images(images[:, None] if images.dim() == 3 else images, labels)
