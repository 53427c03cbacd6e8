"""report.html: one page that needs nothing beside it, made from what lies in the run folder."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from statistics import fmean, stdev
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

from qdl.nn import QuantumConv2d
from qdl.train import figures
from qdl.train import folder as place
from qdl.train.checkpoint import read_journal
from qdl.train.config import Config
from qdl.train.data import open_data
from qdl.train.evaluation import answers
from qdl.train.files import write_whole
from qdl.train.models import MODELS, quantum_layers
from qdl.train.settling import settled

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Row(NamedTuple):
    """One model's line of the table, as text."""

    model: str
    accuracy: str
    loss: str
    parameters: str
    rate: str
    seconds: str


def summary(results: dict[str, Any]) -> list[Row]:
    """A line per model; a spread (the standard deviation over seeds) where there is more than one seed."""
    fits = [fit for fit in results["fits"] if fit["stage"] == "train"]
    rows = []
    for model in dict.fromkeys(fit["model"] for fit in fits):
        mine = [fit for fit in fits if fit["model"] == model]
        held = mine[0]["parameters"] - mine[0]["trained_parameters"]
        parameters = f"{mine[0]['parameters']}" + (f" ({held} frozen)" if held else "")
        values = {key: spread([fit[key] for fit in mine]) for key in ("accuracy", "loss")}
        seconds = spread([fit["seconds"] for fit in mine], digits=1)
        rows.append(Row(model, **values, parameters=parameters, rate=f"{mine[0]['rate']:g}", seconds=seconds))
    return rows


class Tried(NamedTuple):
    """What a search found of one model with one network and one learning rate, as text."""

    model: str
    network: str
    rate: str
    parameters: str
    accuracy: str
    loss: str
    chosen: str


def search_rows(config: Config, results: dict[str, Any]) -> list[Tried]:
    """A line for everything that was tried, each model's best by validation accuracy first; the test was not opened."""
    tried: dict[tuple[str, int, float], list[dict[str, Any]]] = {}
    for fit in results["fits"]:
        if fit["stage"] == "search":
            tried.setdefault((fit["model"], fit["network"], fit["rate"]), []).append(fit)
    rows = []
    for (model, network, rate), fits in tried.items():
        values = {key: [fit[f"validation_{key}"] for fit in fits] for key in ("accuracy", "loss")}
        chosen = (network, rate) == settled(config, results["fits"], model)
        row = Tried(
            model,
            "" if model == "head" else str(config.candidates[network]),
            f"{rate:g}",
            str(fits[0]["parameters"]),
            spread(values["accuracy"]),
            spread(values["loss"]),
            "chosen" if chosen else "",
        )
        rows.append((config.training.models.index(model), -fmean(values["accuracy"]), fmean(values["loss"]), row))
    return [row for *_, row in sorted(rows, key=lambda each: each[:3])]


def spread(values: list[float], digits: int = 3) -> str:
    """Mean and standard deviation.

    Examples
    --------
    >>> spread([0.9, 0.94]), spread([0.9])
    ('0.920 ± 0.028', '0.900')
    """
    return f"{fmean(values):.{digits}f}" + (f" ± {stdev(values):.{digits}f}" if len(values) > 1 else "")


def write_report(folder: str | Path) -> Path:
    """Writes report.html of a finished run, in one step, and returns its path.

    Raises
    ------
    RunFolderError
        If something in the folder is missing or damaged.
    """
    folder = Path(folder)
    config, results = place.read_config(folder), place.read_results(folder)
    lines = read_journal(folder / place.METRICS)
    model, data = place.load(folder), open_data(config.data, folder / place.DATA)
    guesses = answers(model, data.test.images).argmax(1)
    evaluation, machine = results["evaluation"], results["machine"]
    seeds, epochs = _count(len(config.training.seeds), "seed"), _count(config.training.epochs, "epoch")
    first = quantum_layers(model)[0]
    # One neuron of the first layer, on so few pixels that its circuit can be read.
    pixels = min(5, first.weight[0].numel())
    neuron = QuantumConv2d(1, 1, (1, pixels), coupling=first.coupling, device="meta")
    weights = {name: layer.weight for name, layer in model.named_children() if layer in quantum_layers(model)}
    page = Template(files("qdl.train").joinpath("report.html").read_text(encoding="utf-8"))
    content = page.substitute(
        title=escape(f"{config.data.title}, {seeds}, {epochs}"),
        models="".join(_row(row, MODELS[row.model]) for row in summary(results)),
        search=_search(search_rows(config, results)),
        evaluation="".join(_cells(cells) for cells in shot_rows(evaluation)),
        coupling=f"{first.coupling:g}",
        curves=_inline(figures.learning_curves(lines)),
        couplings=_inline(figures.coupling_curves(evaluation, first.coupling)),
        confusion=_inline(figures.confusion(data.test.labels, guesses, data.classes)),
        circuit=_inline(neuron.circuit.draw("mpl", width=1000)),
        drawn=pixels,
        pixels=first.weight[0].numel(),
        kernels=_inline(figures.kernels(weights)),
        maps=_inline(figures.feature_maps(model, data.test.images[0])),
        config=escape(config.to_toml()),
        machine=escape(", ".join(f"{name} {value}" for name, value in machine.items())),
    )
    write_whole(folder / place.REPORT, content.encode())
    return folder / place.REPORT


def shot_rows(evaluation: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Shots, coupling, accuracy and loss on test images, as text."""
    return [
        (
            budget,
            f"{evaluation['chosen'][budget]:g}",
            spread([score["accuracy"] for score in scores]),
            spread([score["loss"] for score in scores]),
        )
        for budget, scores in evaluation["test"].items()
    ]


def _search(rows: list[Tried]) -> str:
    if not rows:
        return "<p>None: learning rates and network are the configured ones.</p>"
    head = "<tr><th>model<th>network<th>learning rate<th>parameters<th>accuracy<th>loss (nat)<th></tr>"
    return f"<table>{head}{''.join(map(_cells, rows))}</table>"


def _row(row: Row, meaning: str) -> str:
    return _cells((f"{row.model}: {meaning}", *row[1:]))


def _cells(cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _inline(figure: Figure) -> str:
    """The figure as an image whose bytes stand in the page."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return f'<img alt="" src="data:image/svg+xml;base64,{b64encode(buffer.getvalue()).decode()}">'


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("s" if number != 1 else "")
