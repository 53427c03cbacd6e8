"""Own images: every form gives the same numbers, splits are kept, and what is malformed is refused in one line."""

from __future__ import annotations

import gzip
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from qdl.errors import DataError, QdlError, RunFolderError
from qdl.train import Config, create, evaluate, load, run
from qdl.train.config import Data
from qdl.train.data import Dataset, describe, open_data
from tests.train.pictures import drawn, folder, idx, npz
from tests.train.runs import config


def data(path: Path, **keys: Any) -> Data:
    return Data(name="images", path=str(path), **keys)


def opened(path: Path, **keys: Any) -> Dataset:
    return open_data(data(path, **keys))


def parts(found: Dataset) -> list[Any]:
    return [found.training(0, 0), found.validation, found.test]


IMAGES, LABELS = drawn(60)
FORMS: dict[str, Callable[[Path], Path]] = {
    "folder": lambda home: folder(home / "pictures", IMAGES[order()], LABELS[order()], "012"),
    "npz": lambda home: npz(home / "pictures.npz", images=IMAGES[order()], labels=LABELS[order()]),
    "npz-channels": lambda home: npz(
        home / "p.npz", x=IMAGES[order()][..., None], y=LABELS[order()].astype(np.int32)[:, None]
    ),
    "npz-floats": lambda home: npz(home / "p.npz", images=(IMAGES / 255)[order()], labels=LABELS[order()]),
    "idx": lambda home: idx(home / "pictures", "", IMAGES[order()], LABELS[order()]),
    "idx-packed": lambda home: idx(home / "pictures", "my-", IMAGES[order()], LABELS[order()], packed=True),
}


def order() -> Any:
    """By class, as folders have it."""
    return np.argsort(LABELS, kind="stable")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_images_and_splits(form: str, tmp_path: Path) -> None:
    if form == "idx-packed":
        path = FORMS[form](tmp_path)
        for file in list(path.iterdir()):
            file.rename(file.with_name(file.name.replace("my-", "train-")))
        found = opened(path / "train-images-idx3-ubyte.gz")
    else:
        found = opened(FORMS[form](tmp_path))
    reference = opened(FORMS["npz"](tmp_path / "reference"))
    assert found.shape == (1, 6, 7)
    assert found.classes == ("0", "1", "2")
    for mine, theirs in zip(parts(found), parts(reference), strict=True):
        assert torch.equal(mine.labels, theirs.labels)
        torch.testing.assert_close(mine.images, theirs.images)
        assert mine.images.dtype == torch.float32


def test_a_split_takes_its_share_of_every_class_and_leaves_nothing_out(tmp_path: Path) -> None:
    found = opened(FORMS["npz"](tmp_path))
    training, validation, test = parts(found)
    assert [len(part.labels) for part in (training, validation, test)] == [39, 9, 12]
    for part in (training, validation, test):
        assert len(part.labels.bincount().unique()) == 1
    everything = torch.cat([part.images for part in (training, validation, test)]).flatten(1)
    wanted = torch.from_numpy(IMAGES).flatten(1) / 255
    assert torch.equal(everything.unique(dim=0), wanted.unique(dim=0))
    assert len(training.labels[:9].unique()) == 3, "the first training images are of all classes"
    assert opened(FORMS["npz"](tmp_path), limit=5).count == 5


@pytest.mark.parametrize("form", ["folder", "npz", "medmnist", "idx"])
def test_a_split_that_is_given_is_kept(form: str, tmp_path: Path) -> None:
    (x, y), (v, w), (t, u) = drawn(30), drawn(9, seed=1), drawn(12, seed=2)
    path = tmp_path / "given"
    if form == "folder":
        for name, part in (("train", (x, y)), ("Val", (v, w)), ("test", (t, u))):
            folder(path / name, *part)
    elif form == "idx":
        for stem, part in (("train-", (x, y)), ("validation-", (v, w)), ("t10k-", (t, u))):
            idx(path, stem, *part)
    else:
        names = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
        if form == "medmnist":
            names = ("train_images", "train_labels", "val_images", "val_labels", "test_images", "test_labels")
        path = npz(path.with_suffix(".npz"), **dict(zip(names, (x, y, v, w, t, u), strict=True)))
    for part, images in zip(parts(opened(path)), (x, v, t), strict=True):
        mine = (255 * part.images[:, 0]).round().to(torch.uint8).flatten(1)
        assert torch.equal(mine.unique(dim=0), torch.from_numpy(images).flatten(1).unique(dim=0))


def test_validation_images_come_from_training_images_where_only_a_test_is_given(tmp_path: Path) -> None:
    (x, y), (t, u) = drawn(30), drawn(12, seed=2)
    found = opened(npz(tmp_path / "two.npz", x_train=x, y_train=y, x_test=t, y_test=u))
    assert [len(part.labels) for part in parts(found)] == [24, 6, 12]


def test_colours_are_three_channels_in_their_order(tmp_path: Path) -> None:
    x, y = drawn(12, (5, 4, 3), classes=2)
    for path in (folder(tmp_path / "png", x, y), npz(tmp_path / "last.npz", images=x, labels=y)):
        assert opened(path).shape == (3, 5, 4)
    first = npz(tmp_path / "first.npz", images=np.moveaxis(x, -1, 1), labels=y)
    for mine, theirs in zip(parts(opened(first)), parts(opened(tmp_path / "last.npz")), strict=True):
        assert torch.equal(mine.images, theirs.images)
    blue = np.zeros((5, 4, 3), np.uint8)
    blue[..., 2] = 255
    found = opened(folder(tmp_path / "blue", [blue] * 12, y))
    assert found.test.images.amax((0, 2, 3)).tolist() == [0, 0, 1]


def test_palettes_opaque_alpha_and_sixteen_bits_are_read_whole(tmp_path: Path) -> None:
    x, y = drawn(12, (5, 4, 3), classes=2)
    plain = opened(folder(tmp_path / "plain", x, y))
    opaque = np.concatenate([x, np.full((12, 5, 4, 1), 255, np.uint8)], -1)
    for mine, theirs in zip(parts(opened(folder(tmp_path / "alpha", opaque, y))), parts(plain), strict=True):
        assert torch.equal(mine.images, theirs.images)
    fine = (np.arange(12 * 20).reshape(12, 5, 4) * 257 + 3).astype(np.uint16)
    found = opened(folder(tmp_path / "fine", fine, y))
    seen = torch.cat([part.images for part in parts(found)]).flatten().sort().values
    torch.testing.assert_close(seen, torch.from_numpy(fine.astype(np.float32)).flatten().sort().values / 65535)


def test_jpegs_are_read_and_files_of_the_system_are_none(tmp_path: Path) -> None:
    path = folder(tmp_path / "jpg", *drawn(12, (8, 8), classes=2), suffix=".JPG")
    (path / ".DS_Store").write_bytes(b"\0")
    (path / "a" / "Thumbs.db").write_bytes(b"\0")
    assert opened(path).shape == (1, 8, 8)


def spoilt(change: Callable[[Path], Any]) -> Callable[[Path], Path]:
    """A good folder of images, changed."""

    def make(home: Path) -> Path:
        path = folder(home / "pictures", *drawn(12, classes=2))
        change(path)
        return path

    return make


def arrays(**changes: Any) -> Callable[[Path], Path]:
    """A good .npz, some arrays changed or (None) left out."""

    def make(home: Path) -> Path:
        images, labels = drawn(12, classes=2)
        kept = {"images": images, "labels": labels, **changes}
        return npz(home / "p.npz", **{name: array for name, array in kept.items() if array is not None})

    return make


def files(images: bytes | None = None, labels: bytes | None = None, **more: bytes) -> Callable[[Path], Path]:
    """A good pair of IDX files, their bytes changed."""

    def make(home: Path) -> Path:
        path = idx(home / "idx", "train-", *drawn(12, classes=2))
        for name, content in (("images-idx3", images), ("labels-idx1", labels)):
            if content is not None:
                (path / f"train-{name}-ubyte").write_bytes(content)
        for name, content in more.items():
            (path / name.replace("_", "-")).write_bytes(content)
        return path

    return make


def header(*shape: int, code: int = 8) -> bytes:
    return bytes((0, 0, code, len(shape))) + b"".join(n.to_bytes(4, "big") for n in shape)


def lying_npz(home: Path, shape: bytes = b"(12, 6, 799999), }") -> Path:
    """A header that promises more than there is, as a hostile file may."""
    import io
    from zipfile import ZipFile

    good = io.BytesIO()
    np.save(good, drawn(12)[0])
    with ZipFile(home / "p.npz", "w") as archive:
        archive.writestr("images.npy", good.getvalue().replace(b"(12, 6, 7), }     ", shape.ljust(18)))
        archive.writestr("labels.npy", good.getvalue())
    return home / "p.npz"


def cut_off(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def cut_npz(home: Path) -> Path:
    path = arrays()(home)
    cut_off(path)
    return path


def pickled(home: Path) -> Path:
    (home / "p.npz").write_bytes(pickle.dumps({"images": 1}))
    return home / "p.npz"


def saved(array: Any, name: str = "a/0000.png", **options: Any) -> Callable[[Path], Any]:
    return lambda path: Image.fromarray(array).save(path / name, **options)


def animated(path: Path) -> None:
    frames = [Image.fromarray(image) for image in drawn(3)[0]]
    frames[0].save(path / "a" / "0000.png", save_all=True, append_images=frames[1:])


def given(**roots: tuple[int, int]) -> Callable[[Path], Path]:
    """Folders train, test, ... with so many images of so many classes."""

    def make(home: Path) -> Path:
        for name, (count, classes) in roots.items():
            folder(home / "given" / name, *drawn(count, classes=classes))
        return home / "given"

    return make


def sixteen_bits_of_colour(path: Path) -> None:
    """By hand: Pillow writes no such file."""
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes(7 * 6) for _ in range(6))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 6, 16, 2, 0, 0, 0))
    content = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (path / "a" / "0000.png").write_bytes(content)


WRONG: dict[str, tuple[Callable[[Path], Path], str]] = {
    "nowhere": (lambda home: home / "nowhere", "no data at"),
    "a link to nothing": (lambda home: linked(home), "no data at"),
    "text": (lambda home: written(home / "p.txt", b"hello"), "no data that is known"),
    "an empty folder": (lambda home: home, "is empty"),
    "one class": (lambda home: folder(home / "p", *drawn(12, classes=1)), "nothing to tell apart"),
    "images of two sizes": (spoilt(saved(np.zeros((6, 8), np.uint8), "b/0001.png")), r"6 x 8.*6 x 7.*a/0000.png"),
    "grey and colour": (spoilt(saved(np.zeros((6, 7, 3), np.uint8), "b/0001.png")), "in colour.*grey"),
    "half an image": (spoilt(lambda path: cut_off(path / "a" / "0004.png")), "cannot read the image.*0004"),
    "no image": (spoilt(lambda path: written(path / "a" / "0004.png", b"hello")), "cannot read the image.*0004"),
    "a strange file": (spoilt(lambda path: written(path / "a" / "notes.txt", b"")), "notes.txt is no image"),
    "a file among classes": (spoilt(lambda path: written(path / "list.csv", b"")), "beside folders.*list.csv"),
    "a folder in a class": (spoilt(lambda path: (path / "a" / "more").mkdir()), "more is no image"),
    "an empty class": (spoilt(lambda path: (path / "c").mkdir()), "class .*c is empty"),
    "too few of a class": (lambda home: folder(home / "p", *drawn(4, classes=2)), "class a: got 2, expected at least"),
    "transparent": (spoilt(saved(np.zeros((6, 7, 2), np.uint8))), "shows through"),
    "frames": (spoilt(animated), "3 frames"),
    "sixteen bits of colour": (spoilt(sixteen_bits_of_colour), "16 bits"),
    "no training images": (given(test=(12, 2), val=(12, 2)), "no training images"),
    "a part named twice": (given(train=(12, 2), val=(12, 2), valid=(12, 2)), "name the same part"),
    "a class of the test alone": (given(train=(12, 2), test=(12, 3)), "never trained.*c among the test"),
    "pickle": (pickled, "cannot read"),
    "pickled objects": (arrays(images=np.array([None] * 12)), "pickled objects"),
    "half a file": (cut_npz, "cannot read"),
    "an unknown array": (arrays(weights=np.zeros(3)), "other arrays.*weights"),
    "no labels": (arrays(labels=None), "other arrays.*images"),
    "too few labels": (arrays(labels=np.arange(11) % 2), r"\(11,\), expected integers of shape \(12,\)"),
    "labels that are no integers": (arrays(labels=np.arange(12) % 2.0), "float64"),
    "negative labels": (arrays(labels=np.arange(12) % 2 - 1), "labels from -1 to 0"),
    "huge labels": (arrays(labels=np.arange(12) * 10**6), "out of range"),
    "labels with a gap": (arrays(labels=np.arange(12) % 2 * 2), "labels 0, 2, expected 0 ... 1"),
    "a label of the test alone": (
        lambda home: npz(home / "p.npz", **dict(zip(("x_train", "y_train"), drawn(12, classes=2), strict=True)),
                         **dict(zip(("x_test", "y_test"), drawn(12, classes=3), strict=True))),
        "never trained",
    ),
    "parts of two sizes": (
        lambda home: npz(home / "p.npz", **dict(zip(("x_train", "y_train"), drawn(12), strict=True)),
                         **dict(zip(("x_test", "y_test"), drawn(12, (6, 6)), strict=True))),
        "different shapes",
    ),
    "flat images": (arrays(images=np.zeros((12, 42), np.uint8)), "no shape of images"),
    "four channels": (arrays(images=np.zeros((12, 6, 7, 4), np.uint8)), "1 or 3 channels"),
    "channels on either side": (arrays(images=np.zeros((12, 3, 7, 3), np.uint8)), "reshape"),
    "no images": (arrays(images=np.zeros((0, 6, 7), np.uint8), labels=np.zeros(0, int)), "no images"),
    "integers": (arrays(images=np.zeros((12, 6, 7), np.int64)), "no pixels.*int64"),
    "complex": (arrays(images=np.zeros((12, 6, 7), np.complex64)), "no pixels.*complex64"),
    "bright": (arrays(images=np.full((12, 6, 7), 2.0)), "out of range"),
    "nan": (arrays(images=np.full((12, 6, 7), np.nan)), "out of range"),
    "lying": (lying_npz, "is damaged: got 504 bytes"),
    "a header cut off": (lambda home: lying_npz(home, b"(12, 6"), "cannot read"),
    "huge counts": (files(images=header(2**32 - 1, 2**31, 2**31) + bytes(99)), "99 bytes"),
    "huge counts, packed": (
        lambda home: packed(home, header(2**32 - 1, 2**31, 2**31) + bytes(99)), "99 bytes or more"
    ),
    "a byte too many": (files(images=header(12, 6, 7) + bytes(505)), "505 bytes or more, expected 504"),
    "a byte too few": (files(labels=header(12) + bytes(11)), "11 bytes or more, expected 12"),
    "other numbers": (files(images=header(12, 6, 7, code=0x0D) + bytes(504 * 4)), "no IDX file of images"),
    "an empty file": (files(images=b""), "got nothing"),
    "images for labels": (files(labels=header(12, 6, 7) + bytes(504)), "no IDX file of labels"),
    "half a gzip": (lambda home: packed(home, header(12, 6, 7) + bytes(504), cut=True), "cannot read|damaged"),
    "labels alone": (lambda home: without(files()(home), "train-images-idx3-ubyte"), "lacks images"),
    "a test alone": (lambda home: idx(home / "idx", "t10k-", *drawn(12)), "one data set"),
    "two data sets": (files(other_images_idx3_ubyte=header(12, 6, 7) + bytes(504)), "one data set"),
}  # fmt: skip


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def linked(home: Path) -> Path:
    (home / "link").symlink_to(home / "nothing")
    return home / "link"


def without(path: Path, name: str) -> Path:
    (path / name).unlink()
    return path


def packed(home: Path, content: bytes, cut: bool = False) -> Path:
    path = idx(home / "idx", "train-", *drawn(12, classes=2), packed=True)
    squeezed = gzip.compress(content)
    (path / "train-images-idx3-ubyte.gz").write_bytes(squeezed[: len(squeezed) // 2] if cut else squeezed)
    return path


@pytest.mark.parametrize(("make", "says"), WRONG.values(), ids=WRONG)
def test_malformed_images_are_refused_before_a_run_folder_is_made(
    make: Callable[[Path], Path], says: str, tmp_path: Path
) -> None:
    path, out = make(tmp_path), tmp_path / "run"
    with pytest.raises(QdlError, match=says) as refusal:
        create(Config.read({"data": {"name": "images", "path": str(path)}}), out)
    assert "\n" not in str(refusal.value)
    assert not out.exists()


def test_images_beyond_the_memory_are_refused_by_their_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = folder(tmp_path / "p", *drawn(12, classes=2))
    monkeypatch.setattr("os.sysconf", lambda name: 50)
    with pytest.raises(QdlError, match="do not fit into memory"):
        opened(path)


def test_images_too_small_for_the_network_make_no_folder(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", *drawn(12, (2, 9), classes=2))
    with pytest.raises(QdlError, match="too small for the kernels"):
        create(config(data={"name": "images", "path": str(path), "limit": 0}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_limit_above_the_training_images_makes_no_folder(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", *drawn(12, classes=2))
    with pytest.raises(DataError, match="at most 8"):
        create(config(data={"name": "images", "path": str(path), "limit": 9}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_images_without_pillow_say_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    path = folder(tmp_path / "p", *drawn(12, classes=2))
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DataError, match="pip install pillow"):
        opened(path)


SETTINGS: dict[str, Any] = {
    "network": {"channels": [3], "kernels": [3], "strides": [1], "paddings": [1], "coupling": 0.3},
    "training": {"epochs": 12, "seeds": [0], "models": ["quantum", "head"], "batch": 8},
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Colour images, not square, in a folder; and a finished run on them."""
    home = tmp_path_factory.mktemp("own")
    path = folder(home / "pictures", *drawn(60, (6, 9, 3)), ("red", "green", "blue"))  # type: ignore[arg-type]
    made = create(config(data={"name": "images", "path": str(path), "limit": 0}, **SETTINGS), home / "run")
    run(made)
    return path, made


def test_a_run_on_own_images_learns_is_evaluated_and_loaded(pictures: tuple[Path, Path]) -> None:
    _, made = pictures
    assert evaluate(made).scores[0].accuracy > 0.7
    assert len(evaluate(made, shots=200, coupling=0.3).scores) == 1
    model = load(made)
    assert model(torch.rand(5, 3, 6, 9)).shape == (5, 3)
    assert "pictures" in (made / "report.html").read_text("utf-8")


def test_a_run_keeps_what_its_images_are_and_how_they_are_split(pictures: tuple[Path, Path]) -> None:
    path, made = pictures
    kept = json.loads((made / "data.json").read_text())
    assert kept == describe(data(path))
    assert kept["classes"] == ["blue", "green", "red"]
    assert kept["shape"] == [3, 6, 9]
    assert {part: len(names) for part, names in kept["images"].items()} == {"training": 39, "validation": 9, "test": 12}
    names = [name for part in kept["images"].values() for name in part]
    assert sorted(names) == sorted(file.relative_to(path).as_posix() for file in path.rglob("*.png"))


def brighter(path: Path) -> None:
    file = next((path / "red").iterdir())
    image = np.asarray(Image.open(file)).copy()
    image[0, 0, 0] ^= 1
    Image.fromarray(image).save(file)


CHANGES: dict[str, Callable[[Path], Any]] = {
    "one bit of a pixel": brighter,
    "a class": lambda path: next((path / "red").iterdir()).rename(path / "blue" / "moved.png"),
    "an image less": lambda path: next((path / "red").iterdir()).unlink(),
    "a class's name": lambda path: (path / "red").rename(path / "crimson"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_run_goes_on_with_its_own_images_only(
    change: Callable[[Path], Any], pictures: tuple[Path, Path], tmp_path: Path
) -> None:
    path, made = pictures
    copied, again = shutil.copytree(path, tmp_path / "moved"), shutil.copytree(made, tmp_path / "run")
    text = (again / "config.toml").read_text("utf-8")
    (again / "config.toml").write_text(text.replace(str(path), str(copied)), "utf-8")
    assert run(again)["fits"], "moved images are the same images"
    change(copied)
    for act in (run, evaluate):
        with pytest.raises(RunFolderError, match="have changed since the run began"):
            act(again)


def test_a_damaged_record_is_said_to_be(pictures: tuple[Path, Path], tmp_path: Path) -> None:
    again = shutil.copytree(pictures[1], tmp_path / "run")
    record = again / "data.json"
    whole = json.loads(record.read_text())
    whole["images"]["test"].reverse()
    for content in (json.dumps(whole), "{", "[]"):
        record.write_text(content)
        with pytest.raises(RunFolderError, match="data.json is damaged"):
            evaluate(again)
    record.unlink()
    with pytest.raises(RunFolderError, match="data.json is missing"):
        evaluate(again)


def test_a_folder_that_was_begun_and_holds_no_configuration_is_begun_anew(tmp_path: Path) -> None:
    path = folder(tmp_path / "p", *drawn(12, classes=2))
    settings = config(data={"name": "images", "path": str(path), "limit": 0}, **SETTINGS)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "data.json").write_text("{")
    create(settings, tmp_path / "run")
    assert json.loads((tmp_path / "run" / "data.json").read_text()) == describe(settings.data)


def test_a_path_and_the_name_images_belong_together() -> None:
    for tables in ({"path": "x"}, {"name": "images"}, {"name": "digits", "path": "x"}):
        with pytest.raises(QdlError, match="path belongs to the data set 'images'"):
            Config.read({"data": tables})
