"""The embedded data: the handwritten digits that scikit-learn ships, plain or thrown onto a noisy canvas."""

from __future__ import annotations

from typing import Any

import torch

from qdl.errors import DataError
from qdl.train.config import Data
from qdl.train.data.images import Dataset, Images, check, generator

VALIDATION, TEST = 250, 400
CANVAS = 16


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


def plain(data: Data) -> Dataset:
    """The digits as they are, split once and for all."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    digits = check(torch.from_numpy(raw.images).float() / 16, torch.from_numpy(raw.target).long())
    order = torch.randperm(len(digits.labels), generator=generator("split"))
    test, validation, training = (
        Images(digits.images[part], digits.labels[part])
        for part in order.split([TEST, VALIDATION, len(order) - TEST - VALIDATION])
    )
    return fixed(training, validation, test, tuple(map(str, range(10))), data.limit)


def fixed(training: Images, validation: Images, test: Images, classes: tuple[str, ...], limit: int) -> Dataset:
    """Training images that are the same in every epoch, the first `limit` of them if it is not 0."""
    require_enough(len(training.labels), limit)
    if limit:
        training = Images(training.images[:limit], training.labels[:limit])
    return Dataset(len(training.labels), lambda seed, epoch: training, validation, test, classes)


def require_enough(count: int, limit: int) -> None:
    """Refuses a limit above the number of training images."""
    if limit > count:
        expected = f"at most {count}, or 0 for all"
        raise DataError("data.limit is more than there is", got=limit, expected=expected)


def on_canvas(data: Data) -> Dataset:
    """The digits at random positions, training images at new ones in every epoch."""
    digits = plain(data)

    def thrown(images: Images, *key: Any) -> Images:
        return place(images, CANVAS, data.noise, generator("place", *key))

    def placed(images: Images, part: str) -> Images:
        each = [thrown(images, part, placement) for placement in range(data.placements)]
        return Images(*map(torch.cat, zip(*each, strict=True)))

    return Dataset(
        digits.count,
        lambda seed, epoch: thrown(digits.training(seed, epoch), "training", seed, epoch),
        placed(digits.validation, "validation"),
        placed(digits.test, "test"),
        digits.classes,
    )
