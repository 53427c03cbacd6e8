"""Small images on disk, in every form that is read, and in many that are not."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def drawn(count: int, shape: tuple[int, ...] = (6, 7), classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Bytes whose brightness tells the class, and labels that take turns."""
    labels = np.arange(count) % classes
    noise = np.random.default_rng(seed).integers(0, 60, (count, *shape))
    return (noise + 60 * labels.reshape(-1, *[1] * len(shape))).astype(np.uint8), labels


def folder(home: Path, images: Any, labels: Any, names: str = "abcdefgh", suffix: str = ".png") -> Path:
    """One folder for each class."""
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        (home / names[label]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(home / names[label] / f"{place:04}{suffix}")
    return home


def npz(path: Path, **arrays: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **arrays)
    return path


def idx(home: Path, stem: str, images: Any, labels: Any, packed: bool = False) -> Path:
    """A pair of files, as MNIST has them."""
    home.mkdir(parents=True, exist_ok=True)
    for what, array in (("images", images), ("labels", labels)):
        head = bytes((0, 0, 8, array.ndim)) + b"".join(int(n).to_bytes(4, "big") for n in array.shape)
        content = head + array.astype(np.uint8).tobytes()
        name = f"{stem}{what}-idx{array.ndim}-ubyte" + (".gz" if packed else "")
        (home / name).write_bytes(gzip.compress(content) if packed else content)
    return home
