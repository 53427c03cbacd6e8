"""Images in folders: one for each class, which it names; if wanted, these in folders train, validation and test."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from qdl.errors import DataError
from qdl.train.data.parts import TEST, TRAINING, VALIDATION, WHOLE, Found, Part, require_memory

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg")
PARTS = {"train": TRAINING, "training": TRAINING, "test": TEST}
PARTS |= dict.fromkeys(("val", "valid", "validation"), VALIDATION)
# Pillow's kinds of images: how it is read, and with how many channels. A palette is a way to keep colours.
MODES = {"1": ("L", 1), "L": ("L", 1), "LA": ("LA", 1), "I;16": ("I;16", 1), "RGB": ("RGB", 3), "RGBA": ("RGBA", 3)}
MODES |= {"P": ("RGBA", 3), "PA": ("RGBA", 3)}
SYSTEM = ("Thumbs.db", "desktop.ini")  # what Windows leaves in folders; others begin with a dot


def read(path: Path) -> Found:
    """All images below a folder.

    Raises
    ------
    DataError
        For anything but folders of classes with PNG and JPEG images of one size and kind; links are followed, files
        whose names begin with a dot are not images.
    """
    inner = {each.name: each for each in entries(path)}
    split = {name.lower() for name in inner} <= PARTS.keys() and all(each.is_dir() for each in inner.values())
    roots = {PARTS[name.lower()]: each for name, each in inner.items()} if split and inner else {WHOLE: path}
    if len(roots) < len(inner) and split:
        raise DataError(f"two folders of {path} name the same part", got=", ".join(inner), expected="one of each")
    if TRAINING not in roots and WHOLE not in roots:
        raise DataError(f"{path} has no training images", got=", ".join(inner), expected="a folder train among them")
    listed = {part: classes_in(root) for part, root in sorted(roots.items(), key=lambda each: each[0] != TRAINING)}
    classes = tuple(next(iter(listed.values())))
    for part, found in listed.items():
        unknown = sorted(set(found) - set(classes))
        if unknown:
            got = f"{', '.join(unknown)} among the {part} images"
            raise DataError("a class that is never trained", got=got, expected=", ".join(classes))
    files = [file for found in listed.values() for names in found.values() for file in names]
    shape, kind = survey(files, path)
    require_memory(len(files) * int(np.prod(shape)))
    parts = []
    for part, found in listed.items():
        pairs = [(file, classes.index(name)) for name, names in found.items() for file in names]
        images = np.empty((len(pairs), *shape), kind)
        for place, (file, _) in enumerate(pairs):
            images[place] = pixels(file)
        labels = np.array([label for _, label in pairs])
        parts.append(Part(part, images, labels, [file.relative_to(path).as_posix() for file, _ in pairs]))
    return Found(tuple(parts), classes)


def entries(folder: Path) -> list[Path]:
    """What lies in a folder, by name, but for what systems leave there."""
    try:
        found = sorted(folder.iterdir(), key=lambda each: each.name)
    except OSError as wrong:
        raise DataError(f"cannot read the folder {folder}", got=wrong.strerror or wrong) from None
    return [each for each in found if not each.name.startswith(".") and each.name not in SYSTEM]


def classes_in(root: Path) -> dict[str, list[Path]]:
    """The images of each class, classes and images by name."""
    found = {}
    for folder in entries(root):
        if not folder.is_dir():
            expected = "a folder for each class, with its images"
            raise DataError(f"{root} holds something beside folders", got=folder.name, expected=expected)
        found[folder.name] = files = entries(folder)
        wrong = next((file for file in files if file.suffix.lower() not in SUFFIXES or not file.is_file()), None)
        if wrong is not None:
            raise DataError(
                f"{wrong} is no image", expected=" or ".join(SUFFIXES), do="move it elsewhere or convert it"
            )
        if not files:
            raise DataError(f"the class {folder} is empty", got="0 images", expected="at least one")
    if not found:
        raise DataError(f"{root} is empty", expected="a folder for each class, with its images")
    return found


def survey(files: list[Path], root: Path) -> tuple[tuple[int, int, int], str]:
    """Channels, height and width of all images and the kind of their numbers, read from their headers alone."""
    first = None
    for file in files:
        with opened(file) as image:
            _, channels = MODES[image.mode]
            seen = (channels, image.height, image.width), "uint16" if image.mode == "I;16" else "uint8"
        if first is None:
            first = file, *seen
        elif seen != first[1:]:
            raise DataError(
                "images of different sizes or kinds",
                got=f"{file.relative_to(root)}: {_said(*seen)}",
                expected=f"{_said(*first[1:])}, as {first[0].relative_to(root)} has",
                do="resize or convert them all to one",
            )
    assert first is not None
    return first[1], first[2]


def _said(shape: tuple[int, int, int], kind: str) -> str:
    channels, height, width = shape
    colour = "grey" if channels == 1 else "in colour"
    return f"{height} x {width} pixels {colour}" + (", 16 bits" if kind == "uint16" else "")


def opened(file: Path) -> Image:
    """An image whose header is good; its pixels are not read yet."""
    pillow = _pillow()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pillow.DecompressionBombWarning)
            image: Image = pillow.open(file, formats=("PNG", "JPEG"))
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombWarning, pillow.DecompressionBombError) as wrong:
        raise _damaged(file, wrong) from None
    problem = None
    if image.mode not in MODES:
        problem = f"mode {image.mode}", "grey or RGB"
    elif getattr(image, "n_frames", 1) > 1:
        problem = f"{getattr(image, 'n_frames', 1)} frames", "one image in a file"
    elif image.mode != "I;16" and any("16" in str(tile[3]) for tile in getattr(image, "tile", ())):
        problem = "16 bits for each of several channels", "8 bits"  # Pillow would drop the lower half
    if problem:
        image.close()
        raise DataError(f"{file} is an image of another kind", got=problem[0], expected=problem[1], do="convert it")
    return image


def pixels(file: Path) -> np.ndarray:
    """The pixels of an image, shape (C, H, W).

    Raises
    ------
    DataError
        If the file is damaged, or shows through: what lies behind it is not known.
    """
    with opened(file) as image:
        mode, channels = MODES[image.mode]
        try:
            array = np.asarray(image if image.mode == mode else image.convert(mode))
        except (OSError, ValueError, SyntaxError, EOFError) as wrong:
            raise _damaged(file, wrong) from None
    array = array[..., None] if array.ndim == 2 else array
    if array.shape[-1] > channels:
        if int(array[..., -1].min()) < 255:
            got, expected = "transparent pixels", "opaque ones"
            raise DataError(f"{file} shows through", got=got, expected=expected, do="put a background behind it")
        array = array[..., :channels]
    return np.moveaxis(array, -1, 0)


def _damaged(file: Path, wrong: object) -> DataError:
    return DataError(f"cannot read the image {file}", got=wrong, expected="a whole PNG or JPEG file")


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise DataError("images in folders need Pillow", do="install it: pip install pillow") from None
    return Image
