"""Small networks around a layer: what comes before it, and what after. Quantum layers and their twins share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn

from qdl.lab.tasks import Task

CHANNELS, KERNEL, WIDTH, HIDDEN = 6, 3, 4, 8
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d)
MAXIMA = (nn.MaxPool1d, nn.MaxPool2d)

Shape = tuple[int, ...]
Maker = Callable[[Shape], nn.Module]


class Frame(NamedTuple):
    """Modules before and after a layer, made for the shape of one input; features are an image of one dimension."""

    before: Callable[[Shape], list[nn.Module]]
    after: Callable[[Shape], list[nn.Module]]
    words: str


def _map(*squash: type[nn.Module]) -> Callable[[Shape], list[nn.Module]]:
    """A convolution of one channel."""

    def modules(shape: Shape) -> list[nn.Module]:
        return [CONVOLUTIONS[len(shape) - 2](1, CHANNELS, KERNEL), *(kind() for kind in squash)]

    return modules


def _spins(shape: Shape) -> list[nn.Module]:
    """A map of even length, in [-1, 1]; a place that is added is neither up nor down."""
    odd = (shape[-1] - KERNEL + 1) % 2
    return [*_map(nn.Tanh)(shape), *([nn.ConstantPad1d((0, 1), 0.0)] if odd else [])]


def _dense(width: int, *squash: type[nn.Module]) -> Callable[[Shape], list[nn.Module]]:
    """All numbers, of images the means of 2 x 2 pixels, through one linear map, normalised."""

    def modules(shape: Shape) -> list[nn.Module]:
        few: list[nn.Module] = [nn.AvgPool2d(2)] if len(shape) == 3 else []
        return [*few, nn.Flatten(), nn.LazyLinear(width), nn.BatchNorm1d(width), *(kind() for kind in squash)]

    return modules


def _rectified(shape: Shape) -> list[nn.Module]:
    return [nn.ReLU(), MAXIMA[len(shape) - 2](2)]


def _nothing(shape: Shape) -> list[nn.Module]:
    return []


FRAMES = {
    "convolution": Frame(_nothing, _rectified, "layer, ReLU, maximum of 2, linear"),
    "norm": Frame(_map(), _rectified, "convolution 1 to 6 by 3, layer, ReLU, maximum of 2, linear"),
    "map": Frame(_map(nn.Sigmoid), _nothing, "convolution 1 to 6 by 3, sigmoid, layer, linear"),
    "spin map": Frame(_spins, _nothing, "convolution 1 to 6 by 3, tanh, layer, linear"),
    "activation": Frame(_dense(HIDDEN), _nothing, "linear to 8, batch norm, layer, linear"),
    "dense": Frame(_dense(WIDTH, nn.Sigmoid), _nothing, "linear to 4, batch norm, sigmoid, layer, linear"),
}


def build(frame: Frame, layer: Maker, task: Task) -> nn.Module:
    """A network for a task. Its frame starts from the same values whatever the layer draws."""
    shape = task.shape if len(task.shape) == 3 else (1, *task.shape)
    image = torch.full((2, *shape), 0.5)
    before = nn.Sequential(*frame.before(shape)).eval()
    with torch.no_grad():
        seen = before(image)
    seed = int(torch.randint(2**31, ()))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = layer(tuple(seen.shape[1:]))
    first: list[nn.Module] = [] if len(task.shape) == 3 else [nn.Unflatten(1, shape)]
    body = nn.Sequential(*first, *before, made, *frame.after(shape), nn.Flatten())
    with torch.no_grad():
        features = body.eval()(image.reshape(2, *task.shape)).shape[1]
    return nn.Sequential(*body, nn.Linear(features, task.classes)).train()
