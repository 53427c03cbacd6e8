"""Bad inputs to layers and to training runs: the second half of the table in `tests.bad_input`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from qdl.ir import Circuit, NoiseModel, Param, Z
from qdl.nn import QuantumConv2d, QuantumLayer, configure
from qdl.train import Config, create, load, run
from qdl.train.checkpoint import Progress
from qdl.train.data import check, open_data
from qdl.train.folder import CHECKPOINT, fingerprint

Row = tuple[str, Callable[[], Any], tuple[str, ...]]
NOISE = NoiseModel().add("depolarizing", 0.1, gates="cx")
IMAGE = torch.full((2, 1, 5, 5), 0.5)


def conv(image: torch.Tensor = IMAGE, **options: Any) -> Any:
    """A convolution with one thing wrong, in itself or in its image."""
    return QuantumConv2d(1, 2, 3, **options)(image)


def layer(*inputs: torch.Tensor, **options: Any) -> Any:
    x, theta = Param("x", 2), Param("theta", 2)
    return QuantumLayer(Circuit(2).ry(x[0], 0).rx(theta[0], 0).cx(0, 1), Z(1), **options)(*inputs)


def with_run(spoil: Callable[[Path], Any], then: Callable[[Path], Any]) -> Callable[[], Any]:
    """A run folder, spoilt, and what a user does with it."""

    def call() -> Any:
        with tempfile.TemporaryDirectory() as home:
            folder = create(Config.read({"data": {"limit": 32}, "training": {"epochs": 1}}), Path(home) / "run")
            spoil(folder)
            return then(folder)

    return call


def half_checkpoint(folder: Path) -> None:
    """A checkpoint of which only the first half reached the disk."""
    config = Config.read({"data": {"limit": 32}, "training": {"epochs": 1}})
    path = folder / CHECKPOINT
    Progress(fingerprint(config), [], 0, 1, 0.5, {"model.weight": torch.arange(64.0)}).write(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut(folder: Path) -> None:
    text = (folder / "config.toml").read_text()
    (folder / "config.toml").write_text(text[: len(text) // 2] + "= [")


ROWS: list[Row] = [
    ("an image above 1", lambda: conv(IMAGE * 3, encoding="probability"), ("[0, 1]", "signed")),
    ("an image below 0", lambda: conv(-IMAGE, encoding="probability"), ("[0, 1]", "signed")),
    ("an image with NaN", lambda: conv(IMAGE * torch.nan), ("finite",)),
    ("an image in another precision", lambda: conv(IMAGE.double()), ("float64", "float32", ".to(dtype)")),
    ("an image of integers", lambda: conv(IMAGE.long()), ("int64", "float32")),
    ("an image with too many channels", lambda: conv(IMAGE.expand(2, 3, 5, 5)), ("channels", "3", "expected 1")),
    ("an image without height", lambda: conv(IMAGE[0, 0]), ("axes", "(5, 5)", "channels")),
    ("a kernel larger than the image", lambda: conv(IMAGE[..., :2]), ("kernel", "2")),
    ("an unknown interaction", lambda: conv(interaction="su5"), ("su5", "su4")),
    ("an interaction larger than the patch", lambda: conv(interaction=Circuit(11).h(10)), ("got 11", "at most 9")),
    ("a coupling for a cell", lambda: conv(interaction="su4", coupling=0.3), ("coupling", "leave coupling out")),
    ("a coupling of zero", lambda: conv(coupling=0.0), ("coupling", "0")),
    ("an unknown readout", lambda: conv(readout="liner"), ("'liner'", "'linear'")),
    ("an unknown encoding", lambda: conv(encoding="sign"), ("'sign'", "'signed'")),
    ("a stride of zero", lambda: conv(stride=0), ("stride", "0", "at least 1")),
    ("an unknown option of a layer", lambda: conv(shot=10), ("shot", "shots")),
    ("noise in the closed form", lambda: conv(noise=NOISE), ("closed form", "density")),
    ("a layer without its input", lambda: layer(), ("got 0", "x[2]")),
    ("a weight that is not there", lambda: layer(torch.ones(2), weights=("phi",)), ("phi", "theta")),
    ("initial weights that do not fit", lambda: layer(torch.ones(2), init=torch.ones(3)), ("(3,)", "(2,)")),
    ("nothing to configure", lambda: configure(torch.nn.Linear(2, 2), shots=10), ("Linear", "quantum layer")),
    ("empty data", lambda: check(torch.zeros(0, 8, 8), torch.zeros(0)), ("empty", "at least one")),
    ("data with too few labels", lambda: check(torch.zeros(3, 8, 8), torch.zeros(2)), ("3 images", "2 labels")),
    ("pixels out of range", lambda: check(torch.full((1, 8, 8), 16.0), torch.zeros(1)), ("[0, 1]", "divide")),
    (
        "more data than there is",
        lambda: open_data(Config.read({"data": {"limit": 10**6}}).data),
        ("1000000", "at most"),
    ),
    ("an unknown setting", lambda: Config.read({"training": {"epoch": 3}}), ("training.epoch", "3")),
    ("a setting out of range", lambda: Config.read({"training": {"epochs": 0}}), ("training.epochs", "0")),
    ("missing run folder", lambda: load("no/such/run"), ("no/such/run", "qdl train --out")),
    ("an empty run folder", with_run(lambda f: (f / "config.toml").unlink(), load), ("config.toml", "qdl train --out")),
    ("a run that is not finished", with_run(lambda f: None, load), ("model.safetensors", "--resume")),
    ("a damaged configuration", with_run(cut, run), ("config.toml", "damaged")),
    ("a half-written checkpoint", with_run(half_checkpoint, run), (CHECKPOINT, "damaged")),
    ("a damaged model", with_run(lambda f: (f / "model.safetensors").write_bytes(b"no"), load), ("model", "damaged")),
    ("a new run in an old folder", with_run(lambda f: None, lambda f: create(Config(), f)), ("not empty", "--resume")),
]
