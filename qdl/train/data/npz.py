"""Arrays of NumPy: an .npz with images and labels, split or whole. Nothing in it is unpickled."""

from __future__ import annotations

import zlib
from pathlib import Path
from tokenize import TokenError
from zipfile import BadZipFile, ZipFile

import numpy as np

from qdl.errors import DataError
from qdl.train.data.parts import TEST, TRAINING, VALIDATION, WHOLE, Found, Part, labels_of, numbered, pixels_of

# The names of images and labels that are understood, and what they are.
KEYS = {
    ("x_train", "y_train"): TRAINING,
    ("x_val", "y_val"): VALIDATION,
    ("x_validation", "y_validation"): VALIDATION,
    ("x_test", "y_test"): TEST,
    ("train_images", "train_labels"): TRAINING,
    ("val_images", "val_labels"): VALIDATION,
    ("test_images", "test_labels"): TEST,
    ("images", "labels"): WHOLE,
    ("x", "y"): WHOLE,
}
# What zipfile, zlib and the parser of NumPy's headers raise.
DAMAGED = (
    OSError, EOFError, RuntimeError, MemoryError, BadZipFile, zlib.error, ValueError, TypeError, KeyError, SyntaxError,
    TokenError,
)  # fmt: skip


def read(path: Path) -> Found:
    """All images of a file.

    Raises
    ------
    DataError
        For a damaged file, pickled objects, names that are not in the table, and arrays that are no images or labels.
    """
    arrays = unpacked(path)
    pairs = {keys: part for keys, part in KEYS.items() if keys[0] in arrays and keys[1] in arrays}
    parts = list(pairs.values())
    known = {key for keys in pairs for key in keys}
    whole = TRAINING in parts or parts == [WHOLE]
    if set(arrays) != known or len(set(parts)) < len(parts) or not whole or (WHOLE in parts and len(parts) > 1):
        raise DataError(
            f"{path} holds other arrays than are understood",
            got=", ".join(arrays) or "none",
            expected="images and labels, or x_train and y_train with or without x_val, y_val, x_test and y_test",
            do="save it with numpy.savez_compressed under these names",
        )
    order = sorted(pairs.items(), key=lambda each: each[1] != TRAINING)
    return numbered([_part(name, keys, arrays) for keys, name in order])


def _part(name: str, keys: tuple[str, str], arrays: dict[str, np.ndarray]) -> Part:
    images = pixels_of(arrays[keys[0]], keys[0])
    labels = labels_of(arrays[keys[1]], len(images), keys[1])
    return Part(name, images, labels, [f"{keys[0]}[{place}]" for place in range(len(images))])


def unpacked(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file, each as large as the file says it is and no larger."""
    try:
        with ZipFile(path) as archive:
            for member in archive.infolist():
                _check_header(archive, member.filename, member.file_size)
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except DAMAGED as wrong:
        if isinstance(wrong, DataError):
            raise
        raise DataError(
            f"cannot read {path}", got=wrong or type(wrong).__name__, expected="a whole .npz file"
        ) from None


def _check_header(archive: ZipFile, name: str, size: int) -> None:
    """Compares what the header promises with the bytes that are there, before anything is allocated."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        if version not in readers:
            raise DataError(f"{name} is written in a format that is not known", got=version, expected="1.0 or 2.0")
        shape, _, dtype = readers[version](file)
        if dtype.hasobject:
            raise DataError(f"{name} holds pickled objects", got=dtype, expected="numbers", do="save it as numbers")
        # Python's numbers: these must not overflow.
        bytes_promised = dtype.itemsize
        for length in shape:
            bytes_promised *= int(length)
        if bytes_promised != size - file.tell():
            got = f"{size - file.tell()} bytes for shape {shape} of {dtype}"
            raise DataError(f"{name} is damaged", got=got, expected=f"{bytes_promised} bytes")
