"""IDX files, in which MNIST and its relatives come, packed by gzip or not (format: yann.lecun.com/exdb/mnist)."""

from __future__ import annotations

import gzip
import re
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from qdl.errors import DataError
from qdl.train.data.folders import entries
from qdl.train.data.parts import (
    TEST,
    TRAINING,
    VALIDATION,
    WHOLE,
    Found,
    Part,
    labels_of,
    numbered,
    pixels_of,
    require_memory,
)

# As in train-images-idx3-ubyte.gz, t10k-labels.idx1-ubyte, emnist-letters-test-images-idx3-ubyte.
NAME = re.compile(r"(?P<part>.*?)[-_.]?(?P<what>images|labels)[-.]idx\d-ubyte(\.gz)?")
PARTS = {"train": TRAINING, "t10k": TEST, "test": TEST, "val": VALIDATION, "validation": VALIDATION, "": WHOLE}
BYTES = 0x08  # the code of unsigned bytes, the only kind of number read here
PIECE = 2**24  # bytes
AXES = {"images": (3, 4), "labels": (1,)}


def holds(path: Path) -> bool:
    """Whether a file is, or a folder has, what looks like IDX files."""
    return bool(NAME.fullmatch(path.name)) if path.is_file() else any(NAME.fullmatch(e.name) for e in entries(path))


def read(path: Path) -> Found:
    """All images of a folder, or of the folder of one file.

    Raises
    ------
    DataError
        For files that lack a partner, belong to several data sets, or are not what their headers say.
    """
    folder = path.parent if path.is_file() else path
    files: dict[str, dict[str, Path]] = {}
    for file in entries(folder):
        found = NAME.fullmatch(file.name)
        if found and file.is_file():
            pair = files.setdefault(found["part"], {})
            if found["what"] in pair:
                got = f"{pair[found['what']].name} and {file.name}"
                raise DataError("two files of the same images or labels", got=got, do="keep one of them")
            pair[found["what"]] = file
    parts = {_part_of(stem): stem for stem in files}
    known = parts.keys() == {WHOLE} or TRAINING in parts.keys() <= {TRAINING, VALIDATION, TEST}
    if len(parts) < len(files) or not known:
        got = ", ".join(sorted(file.name for pair in files.values() for file in pair.values()))
        expected = "one data set: train-images-idx3-ubyte, train-labels-idx1-ubyte, perhaps t10k-... or test-..."
        raise DataError(f"{folder} does not hold one data set", got=got, expected=expected)
    order = sorted(parts.items(), key=lambda each: each[0] != TRAINING)
    return numbered([_read_part(name, files[stem], folder) for name, stem in order])


def _part_of(stem: str) -> str:
    """By the last word of what stands before ``images`` or ``labels``."""
    word = re.split(r"[-_.]", stem)[-1]
    return PARTS.get(word, stem)


def _read_part(name: str, pair: dict[str, Path], folder: Path) -> Part:
    missing = sorted(AXES.keys() - pair.keys())
    if missing:
        got = ", ".join(file.name for file in pair.values())
        raise DataError(f"{folder} lacks {missing[0]}", got=got, expected="images and labels, a file each")
    images, labels = (array_of(pair[what], what) for what in ("images", "labels"))
    pixels = pixels_of(images, pair["images"].name)
    places = [f"{pair['images'].name}[{place}]" for place in range(len(pixels))]
    return Part(name, pixels, labels_of(labels, len(pixels), pair["labels"].name), places)


def array_of(file: Path, what: str) -> np.ndarray:
    """The array of a file, of which no more is read than its header says and no more believed than is there."""
    try:
        with cast(BinaryIO, gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")) as stream:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] != BYTES or head[3] not in AXES[what]:
                expected = f"00 00 08 and {' or '.join(f'{axes:02}' for axes in AXES[what])}, unsigned bytes"
                raise DataError(f"{file} is no IDX file of {what}", got=head.hex(" ") or "nothing", expected=expected)
            shape = tuple(int.from_bytes(stream.read(4), "big") for _ in range(head[3]))
            promised = prod(shape)
            if file.suffix != ".gz" and promised != file.stat().st_size - 4 - 4 * len(shape):
                raise _cut(file, shape, file.stat().st_size - 4 - 4 * len(shape))
            content = _read(stream, promised)
    except (OSError, EOFError, zlib.error) as wrong:
        raise DataError(f"cannot read {file}", got=wrong, expected="a whole IDX file") from None
    if len(content) != promised:
        raise _cut(file, shape, len(content))
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read(stream: BinaryIO, promised: int) -> bytearray:
    """As many bytes as were promised and one more, if there are; memory grows with what is there alone."""
    content = bytearray()
    while len(content) <= promised and (piece := stream.read(min(PIECE, promised + 1 - len(content)))):
        content += piece
        require_memory(len(content))
    return content


def _cut(file: Path, shape: tuple[int, ...], there: int) -> DataError:
    return DataError(f"{file} is damaged", got=f"{there} bytes or more", expected=f"{prod(shape)}, for shape {shape}")
