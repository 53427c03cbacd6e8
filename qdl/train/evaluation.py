"""How good a trained model is: exactly, and with a number of shots per output value at a coupling of its own.

With S shots an output E[sin(gW)]/g + b is known to 1/(g sqrt S), so a larger coupling g means less noise; but the
further g is from the one of training, the more the network computes something else. The coupling for S shots is chosen
by the accuracy on validation images; the test images are looked at once, with the coupling chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, product
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from qdl.errors import ValuesError
from qdl.nn import QuantumConv2d
from qdl.physics.interactions.coupling import optimum_coupling, third_moment
from qdl.train import folder as place
from qdl.train.config import Config, ConfigError
from qdl.train.data import Dataset, Images, open_data
from qdl.train.models import quantum_layers

AT_ONCE = 2048


class Score(NamedTuple):
    accuracy: float
    loss: float


@torch.no_grad()
def score(model: nn.Module, data: Images) -> Score:
    """Accuracy and mean cross-entropy (in nat) of a model, put into evaluation mode, over all images."""
    logits = answers(model.eval(), data.images)
    right = (logits.argmax(1) == data.labels).float().mean()
    return Score(right.item(), cross_entropy(logits, data.labels).item())


@torch.no_grad()
def answers(model: nn.Module, images: Tensor) -> Tensor:
    """Logits (N, classes) of images, a bounded number at once."""
    return torch.cat([model(some) for some in images.split(AT_ONCE)])


def pick_device(name: str) -> torch.device:
    """The device of a configuration; "auto" is a GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        expected = f"cpu, or one of {torch.cuda.device_count()} CUDA devices"
        raise ConfigError("machine.device is not there", got=name, expected=expected)
    return device


class Evaluation(NamedTuple):
    """One score per seed of the run, all at the same coupling."""

    shots: int | None
    coupling: float
    scores: list[Score]


def evaluate(folder: str | Path, shots: int | None = None, coupling: float | None = None) -> Evaluation:
    """Tests the quantum models of a finished run on its test images.

    Parameters
    ----------
    folder : path
        The run folder.
    shots : int, optional
        Shots per output value of every quantum convolution; exact if left out.
    coupling : float, optional
        g at evaluation. If left out: the one of training when exact, with shots the one chosen on validation images.

    Raises
    ------
    RunFolderError
        If the folder is missing or damaged, or the run is not finished.
    ValuesError
        If `shots` or `coupling` makes no sense.
    """
    for name, value in (("number of shots", shots), ("coupling", coupling)):
        if value is not None and not 0 < value < float("inf"):
            raise ValuesError(f"the {name} makes no sense", got=value, expected="a positive number")
    folder = Path(folder)
    config = place.read_config(folder)
    known = place.read_results(folder)["evaluation"]["chosen"]
    bench = Bench(folder, config, open_data(config.data, folder / place.DATA), pick_device(config.machine.device))
    if coupling is None:
        coupling = known.get(label(shots)) or bench.choose(shots)
    return Evaluation(shots, coupling, bench.test(coupling, shots))


def label(shots: int | None) -> str:
    """The key of a number of shots in results.json."""
    return "exact" if shots is None else str(shots)


class Bench:
    """The quantum models of a run, one per seed, at any coupling and number of shots."""

    def __init__(self, folder: Path, config: Config, data: Dataset, device: torch.device) -> None:
        self.folder, self.config, self.device = folder, config, device
        self.validation, self.test_images = data.validation.to(device), data.test.to(device)
        self.trained = quantum_layers(self.model(config.training.seeds[0]))[0].coupling

    def scores(self, coupling: float, shots: int | None, data: Images) -> list[Score]:
        """One score per seed; with shots the mean over independent repetitions."""
        draws = self.config.evaluation.draws if shots else 1
        every = [
            [score(self.model(seed, coupling, shots, draw), data) for draw in range(draws)]
            for seed in self.config.training.seeds
        ]
        return [Score(*map(fmean, zip(*each, strict=True))) for each in every]

    def model(self, seed: int, coupling: float | None = None, shots: int | None = None, draw: int = 0) -> nn.Module:
        """At the coupling of training unless another is given."""
        path = place.weights_path(self.folder, "quantum", seed)
        return place.rebuild(path, "quantum", self.config, coupling, shots, draw).to(self.device)

    def accuracies(self, coupling: float, shots: int | None) -> list[float]:
        """On validation images, one per seed."""
        return [one.accuracy for one in self.scores(coupling, shots, self.validation)]

    def choose(self, shots: int | None, curve: Sequence[list[float]] | None = None) -> float:
        """The coupling, not below the floor, of the best mean accuracy on validation images."""
        if shots is None:
            return self.trained
        settings = self.config.evaluation
        rows = curve or [self.accuracies(g, shots) for g in settings.couplings]
        means = zip(map(fmean, rows), settings.couplings, strict=True)
        return max((mean, g) for mean, g in means if g >= settings.floor)[1]

    def test(self, coupling: float, shots: int | None) -> list[Score]:
        return self.scores(coupling, shots, self.test_images)


def survey(bench: Bench, points: list[list[float]], save: Callable[[], None]) -> dict[str, Any]:
    """Accuracy against coupling and shots, for results.json.

    Parameters
    ----------
    bench : Bench
    points : list
        What an interrupted survey has measured already; grows.
    save : callable
        Called after every point.

    Returns
    -------
    dict
        "couplings"; and by "exact" or number of shots: "validation" (accuracies, a row per coupling, a column per
        seed), "chosen" (coupling), "test" (a score per seed at that coupling), "optimum" (`single_output_optimum`).
    """
    config = bench.config
    couplings, budgets = config.evaluation.couplings, (None, *config.evaluation.shots)
    for shots, coupling in islice(product(budgets, couplings), len(points), None):
        points.append(bench.accuracies(coupling, shots))
        save()
    rows = iter(points)
    curves = {shots: [next(rows) for _ in couplings] for shots in budgets}
    chosen = {shots: bench.choose(shots, curve) for shots, curve in curves.items()}
    model, few = bench.model(config.training.seeds[0]), bench.validation.images[:64]
    return {
        "couplings": couplings,
        "validation": {label(shots): curve for shots, curve in curves.items()},
        "chosen": {label(shots): g for shots, g in chosen.items()},
        "test": {label(shots): [one._asdict() for one in bench.test(g, shots)] for shots, g in chosen.items()},
        "optimum": {str(shots): single_output_optimum(model, few, shots) for shots in config.evaluation.shots},
    }


@torch.no_grad()
def single_output_optimum(model: nn.Module, images: Tensor, shots: int) -> dict[str, float]:
    """g* of each quantum convolution over all its output values on these images (`qdl.physics.optimum_coupling`).

    It minimises the mean square error of *one output value* against the classical convolution. It knows nothing of the
    network behind it, and a network trained at another coupling has its best accuracy elsewhere.

    Returns
    -------
    dict
        By the layer's name in the model; layers whose input has died are left out.
    """
    found: dict[str, float] = {}
    x = images
    for name, layer in model.named_children():
        if isinstance(layer, QuantumConv2d):
            scale = x.abs().amax((1, 2, 3), keepdim=True).clamp(min=1)
            padding = cast(tuple[int, ...], layer.padding)
            columns = nn.functional.unfold(x / scale, layer.kernel_size, layer.dilation, padding, layer.stride)
            moments = third_moment(columns.mT[..., None, :], layer.weight.flatten(1))
            if moments.any():  # a layer that hears nothing has no optimum
                found[name] = optimum_coupling(moments, shots)
        x = layer(x)
    return found
