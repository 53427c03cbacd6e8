"""What is read from files: arrays of pixels and labels, with nothing of torch, and what they must satisfy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from qdl.errors import DataError, MemoryBudgetError

TRAINING, VALIDATION, TEST, WHOLE = "training", "validation", "test", "all"
# What each kind of number is divided by; floating numbers must be in [0, 1] already.
FULL = {"bool": 1, "uint8": 255, "uint16": 65535}
FLOATING = ("float16", "float32", "float64")
CLASSES = 10_000  # labels beyond are no numbers of classes


@dataclass(frozen=True)
class Part:
    """Images (N, C, H, W) and labels (N,) of one part, or of all that is still to be split.

    `places` says of each image where it was found.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray
    places: Sequence[str]


@dataclass(frozen=True)
class Found:
    """All parts that a path holds, and the names of the classes."""

    parts: tuple[Part, ...]
    classes: tuple[str, ...]

    def fingerprint(self) -> str:
        """Of everything that training could notice."""
        digest = sha256(repr(self.classes).encode())
        for part in self.parts:
            for array in (part.images, part.labels):
                digest.update(repr((part.name, array.dtype.str, array.shape)).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def pixels_of(array: np.ndarray, where: str) -> np.ndarray:
    """Images as (N, C, H, W), from (N, H, W), (N, H, W, C) or (N, C, H, W) with one or three channels.

    Raises
    ------
    DataError
        For another shape, one that can be read in two ways, and numbers that are no pixels.
    """
    if str(array.dtype) not in (*FULL, *FLOATING):
        expected = "uint8, uint16, bool or floating numbers in [0, 1]"
        raise DataError(f"{where} holds no pixels", got=array.dtype, expected=expected, do="convert it")
    if array.ndim == 3:
        images = array[:, None]
    elif array.ndim == 4 and (array.shape[-1] in (1, 3)) != (array.shape[1] in (1, 3)):
        images = np.moveaxis(array, -1, 1) if array.shape[-1] in (1, 3) else array
    else:
        raise DataError(
            f"{where} has no shape of images",
            got=array.shape,
            expected="(N, H, W), or with 1 or 3 channels either (N, H, W, C) or (N, C, H, W)",
            do="reshape it",
        )
    if not images.size:
        raise DataError(f"{where} holds no images", got=f"shape {array.shape}")
    if str(images.dtype) in FLOATING and not bool(((images >= 0) & (images <= 1)).all()):
        got = f"numbers from {images.min():g} to {images.max():g}"
        raise DataError(f"{where} has pixels out of range", got=got, expected="numbers in [0, 1]", do="rescale them")
    return images


def labels_of(array: np.ndarray, count: int, where: str) -> np.ndarray:
    """Labels as (N,) integers, from (N,) or (N, 1).

    Raises
    ------
    DataError
        For numbers that are no classes, and where there is not one for each of `count` images.
    """
    if array.dtype.kind not in "iu" or array.shape not in ((count,), (count, 1)):
        got = f"{array.dtype} of shape {array.shape}"
        raise DataError(f"{where} does not fit its images", got=got, expected=f"integers of shape ({count},)")
    low, high = int(array.min()), int(array.max())
    if low < 0 or high >= CLASSES:
        got, expected = f"labels from {low} to {high}", f"0 ... {CLASSES - 1} at most"
        raise DataError(f"{where} has labels out of range", got=got, expected=expected, do="number the classes from 0")
    return array.reshape(count).astype(np.int64)


def numbered(parts: Sequence[Part]) -> Found:
    """Parts whose classes are 0, 1, ..., as many as the largest label says.

    Raises
    ------
    DataError
        If a class is nowhere, or nowhere in the training images.
    """
    for part in parts:
        if part.name in (TRAINING, WHOLE):
            seen = np.unique(part.labels)
            if int(seen[-1]) != len(seen) - 1:
                got = f"labels {_few(seen.tolist())}"
                expected = f"0 ... {len(seen) - 1} for {len(seen)} classes"
                raise DataError("labels that do not count the classes", got=got, expected=expected, do="renumber them")
            classes = tuple(map(str, seen.tolist()))
    for part in parts:
        if part.labels.max() >= len(classes):
            got = f"label {part.labels.max()} among the {part.name} images"
            expected = f"0 ... {len(classes) - 1}, those of the training images"
            raise DataError("a class that is never trained", got=got, expected=expected)
    return Found(tuple(parts), classes)


def _few(values: list[int]) -> str:
    return ", ".join(map(str, values if len(values) <= 6 else [*values[:3], "...", *values[-2:]]))


def require_alike(found: Found) -> None:
    """Refuses parts that differ in shape or kind, a single class, and images that would not fit into memory."""
    first, classes = found.parts[0], len(found.classes)
    for part in found.parts:
        if part.images.shape[1:] != first.images.shape[1:] or part.images.dtype != first.images.dtype:
            got = f"{part.images.shape[1:]} of {part.images.dtype} among the {part.name} images"
            expected = f"{first.images.shape[1:]} of {first.images.dtype}, as among the {first.name} images"
            raise DataError("images of different shapes or kinds", got=got, expected=expected, do="make them alike")
    if classes < 2:
        raise DataError("nothing to tell apart", got=f"{classes} class", expected="at least 2")
    require_memory(sum(part.images.size for part in found.parts))


def require_memory(pixels: int) -> None:
    """Refuses images that would fill more than half of the machine's memory as single-precision numbers."""
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", {}):
        return
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if 4 * pixels > there // 2:
        got, expected = (
            f"{4 * pixels / 2**30:.1f} GiB of pixels",
            f"at most {there / 2**31:.1f} GiB, half of it",
        )
        raise MemoryBudgetError("the images do not fit into memory", got=got, expected=expected, do="resize them")
