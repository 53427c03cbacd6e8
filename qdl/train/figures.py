"""The report's figures. Each function takes plain data and returns a matplotlib figure; nothing global is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"quantum": "#5b3fd6", "twin": "#d9762b", "frozen": "#3f8f8a", "head": "#888888"}
BUDGETS = ("#5b3fd6", "#3f8f8a", "#d9762b", "#b03a6b")


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = [figure.add_subplot(rows, columns, place + 1) for place in range(rows * columns)]
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _band(ax: Axes, x: list[Any], rows: list[list[float]], color: str, label: str) -> None:
    """The mean of each row, and the range of its values."""
    ax.plot(x, list(map(fmean, rows)), color=color, label=label, marker=".")
    ax.fill_between(x, list(map(min, rows)), list(map(max, rows)), color=color, alpha=0.2, lw=0)


def learning_curves(lines: Sequence[dict[str, Any]]) -> Figure:
    """Training loss and accuracy on validation images against epochs: the mean over seeds, and their range."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _figure(9, 3.6, columns=2)
    shown = (("loss", "training loss (nat)"), ("validation_accuracy", "accuracy on validation images"))
    ends = [line for line in lines if line["kind"] == "epoch" and line["stage"] == "train"]
    for ax, (key, title) in zip(axes, shown, strict=True):
        for model in dict.fromkeys(line["model"] for line in ends):
            mine = [line for line in ends if line["model"] == model]
            epochs = sorted({line["epoch"] for line in mine})
            values = [[line[key] for line in mine if line["epoch"] == epoch] for epoch in epochs]
            _band(ax, [epoch + 1 for epoch in epochs], values, color=COLOURS[model], label=model)
        ax.set(xlabel="epoch", title=title)
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[1].set_ylim(0, 1)
    axes[1].legend(frameon=False)
    return figure


def coupling_curves(evaluation: dict[str, Any], trained: float) -> Figure:
    """Accuracy against the coupling g at evaluation, exact and with shots, beside g* of a single output."""
    figure, (ax,) = _figure(9, 4.4)
    couplings = evaluation["couplings"]
    for (budget, rows), colour in zip(evaluation["validation"].items(), cycle(BUDGETS), strict=False):
        name = "exact" if budget == "exact" else f"{budget} shots per output"
        _band(ax, couplings, rows, color=colour, label=name)
        if budget != "exact":
            chosen = evaluation["chosen"][budget]
            ax.plot(chosen, fmean(rows[couplings.index(chosen)]), "o", ms=10, mfc="none", color=colour)
            for (layer, g), style in zip(evaluation["optimum"][budget].items(), cycle(("--", ":", "-.")), strict=False):
                if g <= max(couplings) * 1.5:
                    ax.axvline(g, color=colour, ls=style, lw=1, label=f"g* of one output of {layer}, {budget} shots")
    ax.axvline(trained, color="#cccccc", lw=4, zorder=0, label="g of training")
    ax.set(xscale="log", ylim=(0, 1), xlabel="coupling g at evaluation", ylabel="accuracy on validation images")
    ticks = list(couplings[:1])
    for g in couplings[1:]:
        if g > 1.2 * ticks[-1]:  # closer ones would run into each other
            ticks.append(g)
    ax.set_xticks(ticks, [f"{g:g}" for g in ticks])
    ax.minorticks_off()
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def confusion(labels: Tensor, guesses: Tensor, names: Sequence[str]) -> Figure:
    """How often a class (row) was taken for another (column)."""
    figure, (ax,) = _figure(4.6, 4.4)
    classes = len(names)
    table = torch.zeros(classes, classes, dtype=torch.long)
    table.index_put_((labels, guesses), torch.ones_like(labels), accumulate=True)
    ax.imshow(table, cmap="Purples")
    for row in range(classes):
        for column in range(classes):
            if count := int(table[row, column]):
                colour = "white" if 2 * count > table.max() else "black"
                ax.text(column, row, str(count), ha="center", va="center", fontsize=8, color=colour)
    ax.set(xlabel="taken for", ylabel="class")
    ax.set_xticks(range(classes), names, rotation=90 if max(map(len, names)) > 2 else 0)
    ax.set_yticks(range(classes), names)
    return figure


def kernels(weights: Mapping[str, Tensor]) -> Figure:
    """The learned interaction strengths, a block per layer: rows are input channels, columns output channels."""
    figure, axes = _figure(9, 2.4 * len(weights), rows=len(weights))
    for ax, (name, weight) in zip(axes, weights.items(), strict=True):
        limit = weight.abs().max().item()
        image = ax.imshow(_mosaic(weight.transpose(0, 1)), cmap="RdBu_r", vmin=-limit, vmax=limit)
        ax.set_title(name)
        ax.set_axis_off()
        figure.colorbar(image, ax=ax, shrink=0.6)
    return figure


@torch.no_grad()
def feature_maps(model: nn.Module, image: Tensor) -> Figure:
    """What an image (1, H, W) becomes after each rectified quantum convolution."""
    shown, x = {"image": image[None]}, image[None]
    for name, layer in model.named_children():
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            shown[name] = x
    figure, axes = _figure(9, 3.2, columns=len(shown))
    for ax, (name, maps) in zip(axes, shown.items(), strict=True):
        rows = max(r for r in (1, 2, 3, 4) if maps.shape[1] % r == 0 and r * r <= maps.shape[1])
        ax.imshow(_mosaic(maps[0].unflatten(0, (rows, -1))), cmap="magma")
        ax.set_title(name)
        ax.set_axis_off()
    return figure


def _mosaic(tiles: Tensor) -> np.ndarray:
    """(rows, columns, h, w) -> one image, a line of nothing between the tiles."""
    padded = nn.functional.pad(tiles.detach().cpu(), (0, 1, 0, 1), value=float("nan"))
    return padded.transpose(1, 2).flatten(2).flatten(0, 1).numpy()[:-1, :-1]
