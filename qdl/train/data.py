"""The embedded data: the handwritten digits that scikit-learn ships, plain or thrown onto a noisy canvas.

Every random choice is a function of names and numbers (`generator`), never of what was drawn before it: a training
epoch can be made again after a crash without a stored random state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import torch
from torch import Tensor

from qdl.errors import DataError
from qdl.train.config import Data

VALIDATION, TEST = 250, 400
CANVAS = 16


class Images(NamedTuple):
    """Images (N, 1, H, W) in [0, 1], float32, with their classes (N,)."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device | str) -> Images:
        return Images(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Dataset:
    """`count` training images as a function of (seed, epoch); validation and test images that never change."""

    name: str
    count: int
    training: Callable[[int, int], Images]
    validation: Images
    test: Images
    classes: int = 10

    @property
    def size(self) -> int:
        """Height and width of an image, in pixels."""
        return self.validation.images.shape[-1]


def generator(*key: Any) -> torch.Generator:
    """A CPU generator seeded by the whole key.

    Examples
    --------
    >>> torch.rand(1, generator=generator("order", 0, 1)) == torch.rand(1, generator=generator("order", 0, 1))
    tensor([True])
    """
    return torch.Generator().manual_seed(int.from_bytes(sha256(repr(key).encode()).digest()[:7]))


def check(images: Tensor, labels: Tensor) -> Images:
    """Images (N, H, W) and labels (N,) as they may be learnt from.

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
    return Images(images[:, None], labels)


def place(digits: Images, size: int, noise: float, random: torch.Generator) -> Images:
    """Every image added at a random position to a square canvas of uniform noise in [0, noise], cut off at 1.

    Parameters
    ----------
    digits : Images
        Images of shape (N, 1, H, W).
    size : int
        Height and width of the canvas, in pixels.

    Returns
    -------
    Images
        Images of shape (N, 1, size, size).

    Raises
    ------
    DataError
        If there are no images or they are larger than the canvas.
    """
    count, _, height, width = digits.images.shape
    if count == 0 or size < max(height, width):
        got, expected = f"{count} images of {height} x {width} pixels", f"at least one, within {size} x {size}"
        raise DataError("nothing that could be placed", got=got, expected=expected)
    canvas = noise * torch.rand(count, 1, size, size, generator=random)
    top = torch.randint(size - height + 1, (count, 1, 1), generator=random)
    left = torch.randint(size - width + 1, (count, 1, 1), generator=random)
    rows, columns = top + torch.arange(height)[:, None], left + torch.arange(width)
    canvas[torch.arange(count)[:, None, None], 0, rows, columns] += digits.images[:, 0]
    return Images(canvas.clamp_(max=1), digits.labels)


def _digits() -> Images:
    from sklearn.datasets import load_digits

    raw = load_digits()
    return check(torch.from_numpy(raw.images).float() / 16, torch.from_numpy(raw.target).long())


def open_data(data: Data) -> Dataset:
    """The data set of a configuration, split once and for all into training, validation and test images.

    Raises
    ------
    DataError
        If the configuration asks for more training images than there are.
    """
    digits = _digits()
    order = torch.randperm(len(digits.labels), generator=generator("split"))
    test, validation, training = (
        Images(digits.images[part], digits.labels[part])
        for part in order.split([TEST, VALIDATION, len(order) - TEST - VALIDATION])
    )
    if data.limit > len(training.labels):
        expected = f"at most {len(training.labels)}, or 0 for all"
        raise DataError("data.limit is more than there is", got=data.limit, expected=expected)
    if data.limit:
        training = Images(training.images[: data.limit], training.labels[: data.limit])
    count = len(training.labels)
    if data.name == "digits":
        return Dataset(data.name, count, lambda seed, epoch: training, validation, test)

    def thrown(digits: Images, *key: Any) -> Images:
        return place(digits, CANVAS, data.noise, generator("place", *key))

    def fixed(digits: Images, part: str) -> Images:
        each = [thrown(digits, part, placement) for placement in range(data.placements)]
        return Images(*map(torch.cat, zip(*each, strict=True)))

    return Dataset(
        data.name,
        count,
        lambda seed, epoch: thrown(training, "training", seed, epoch),
        fixed(validation, "validation"),
        fixed(test, "test"),
    )
