"""The four models that a run compares. Each is one row of `MODELS`; only the layers' kind and what learns differ."""

from __future__ import annotations

from collections import OrderedDict
from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from qdl.nn import QuantumConv2d, QuantumNorm2d
from qdl.train.config import ConfigError, Network

MODELS = {
    "quantum": "quantum convolutions and a linear head",
    "twin": "the same network of torch's layers",
    "head": "the linear head alone, on raw pixels",
    "frozen": "the quantum network, its convolutions left as they were drawn",
}


def build(
    name: str,
    network: Network,
    shape: tuple[int, int, int],
    classes: int,
    seed: int,
    *,
    shots: int | None = None,
    draw: int = 0,
) -> nn.Module:
    """One of the four models, on the CPU.

    The initial weights are drawn once, by the classical twin, and handed to the quantum model of the same seed: both
    start from the same numbers. The global random state is left as it was.

    Parameters
    ----------
    name : str
        A key of `MODELS`.
    shape : tuple of int
        Channels, height and width of the images.
    seed : int
        Of the initial weights.
    shots : int, optional
        Shots per output value of the quantum convolutions; exact if left out.
    draw : int
        Which of many independent repetitions of these shots.

    Raises
    ------
    ConfigError
        If an image is too small for the kernels.

    Examples
    --------
    >>> model = build("quantum", Network(), (1, 16, 16), 10, seed=0)
    >>> model(torch.zeros(5, 1, 16, 16)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([5, 10]), 2906)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if name == "head":
            return nn.Sequential(OrderedDict(flatten=nn.Flatten(), head=nn.Linear(prod(shape), classes)))
        twin = _network(network, shape, classes)
        if name == "twin":
            return twin
        count = len(network.channels)
        options = [{"shots": shots, "seed": count * draw + i} if shots else {} for i in range(count)]
        model = _network(network, shape, classes, options)
    model.load_state_dict(twin.state_dict())
    if name == "frozen":
        for layer in quantum_layers(model):
            layer.requires_grad_(False)
    return model


def quantum_layers(model: nn.Module) -> list[QuantumConv2d]:
    return [layer for layer in model.modules() if isinstance(layer, QuantumConv2d)]


def _network(
    network: Network, shape: tuple[int, int, int], classes: int, options: list[dict[str, Any]] | None = None
) -> nn.Module:
    """Torch's convolutions, or quantum ones with the options of each."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    inputs, *size = shape
    rows = zip(network.channels, network.kernels, network.strides, network.paddings, strict=True)
    for i, (outputs, kernel, stride, padding) in enumerate(rows):
        if min(size) + 2 * padding < kernel:
            raise ConfigError("the images are too small for the kernels", do="lower network.kernels or network.strides")
        size = [(length + 2 * padding - kernel) // stride + 1 for length in size]
        how: dict[str, Any] = {"stride": stride, "padding": padding, "bias": not network.norm}
        if options is None:
            layers[f"conv{i + 1}"] = nn.Conv2d(inputs, outputs, kernel, **how)
        else:
            how |= {"coupling": network.coupling, **options[i]}
            layers[f"conv{i + 1}"] = QuantumConv2d(inputs, outputs, kernel, **how)
        if network.norm:
            layers[f"norm{i + 1}"] = nn.BatchNorm2d(outputs) if options is None else QuantumNorm2d(outputs)
        layers[f"relu{i + 1}"] = nn.ReLU()
        inputs = outputs
    layers |= {"pool": nn.AdaptiveMaxPool2d(1), "flatten": nn.Flatten(), "head": nn.Linear(inputs, classes)}
    return nn.Sequential(layers)


def trainable(model: nn.Module) -> list[Tensor]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
