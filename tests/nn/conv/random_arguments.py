"""Random convolutions: right ones, and ones with one thing wrong."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import torch

from tests.nn.conv.torch_inputs import Case

MODES = ("zeros", "reflect", "replicate", "circular")
SEED = 2024


def random_cases(count: int, wrong: bool) -> Iterator[Case]:
    """The same ones each time; every one of `WRONG` is used where `wrong`."""
    draw = random.Random(f"{SEED} {wrong}")
    for index in range(count):
        n = draw.choice((1, 2, 3))
        sizes, keywords, shape = _right(draw, n)
        name = f"{n}d-{index}"
        dtype = torch.float64
        if wrong:
            named, spoil = list(WRONG.items())[index % len(WRONG)]
            name += f"-{named}"
            dtype = spoil(draw, n, sizes, keywords, shape) or dtype
        x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(index)).to(dtype)
        yield Case(name, n, tuple(sizes), keywords, x)


def _right(draw: random.Random, n: int) -> tuple[list[Any], dict[str, Any], list[int]]:
    """Channels and kernel, further arguments, and the input's shape."""

    def each(*choices: int) -> Any:
        """One number for all axes, or one for each."""
        return draw.choice(choices) if draw.random() < 0.5 else tuple(draw.choices(choices, k=n))

    groups = draw.choice((1, 1, 2, 3))
    sizes = [groups * draw.choice((1, 2)), groups * draw.choice((1, 2)), each(1, 2, 3)]
    keywords: dict[str, Any] = {"groups": groups, "dilation": each(1, 1, 2), "bias": draw.random() < 0.7}
    keywords["padding_mode"] = draw.choice(MODES)
    keywords["padding"] = draw.choice(("same", "valid", each(0, 1, 2), each(0, 1), each(1, 2, 3)))
    if keywords["padding"] != "same":
        keywords["stride"] = each(1, 2, 3)
    # Small enough that kernels sometimes do not fit, and paddings go around more than once.
    shape = [draw.choice((0, 1, 2, 3)), sizes[0], *(draw.choice((2, 3, 4, 5, 6)) for _ in range(n))]
    return sizes, keywords, shape if draw.random() < 0.7 else shape[1:]


Spoil = Callable[[random.Random, int, list[Any], dict[str, Any], list[int]], torch.dtype | None]


def _argument(name: str, *values: Any, **others: Any) -> Spoil:
    def spoil(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
        keywords.update(others)
        keywords[name] = draw.choice(values)

    return spoil


def _size(place: int, *values: Any) -> Spoil:
    def spoil(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
        sizes[place] = draw.choice(values)

    return spoil


def _per_axis(name: str, more: int, **others: Any) -> Spoil:
    """A size for more or fewer axes than there are; one alone, where it is for all, is right."""

    def spoil(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
        keywords.update(others)
        keywords[name] = (1,) * (n + more)

    return spoil


def _kernel_axes(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
    sizes[2] = (1,) * draw.choice([k for k in (1, 2, 3, 4) if k != n])


def _shape(change: Callable[[list[int], int], list[int]]) -> Spoil:
    def spoil(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
        shape[:] = change(shape, n)

    return spoil


def _dtype(*values: torch.dtype) -> Spoil:
    return lambda draw, *_: draw.choice(values)


def _indivisible(draw: random.Random, n: int, sizes: list[Any], keywords: dict[str, Any], shape: list[int]) -> None:
    keywords["groups"] = 2
    sizes[draw.choice((0, 1))] = 3


WRONG: dict[str, Spoil] = {
    "negative kernel": _size(2, -1, -3),
    "kernel of nothing": _size(2, 0),
    "kernel of no number": _size(2, 2.5, "3", None),
    "kernel for other axes": _kernel_axes,
    "kernel too large": _size(2, 20),
    "channels of no number": _size(0, 2.0, "2", None),
    "negative channels": _size(0, -2),
    "negative outputs": _size(1, -2),
    "outputs of no number": _size(1, 3.0),
    "no step": _argument("stride", 0, padding="valid"),
    "step backwards": _argument("stride", -1, padding=1),
    "step of no number": _argument("stride", 1.5, "2", None, padding=1),
    "step for other axes": _per_axis("stride", 1, padding=0),
    "step and same": _argument("stride", 2, padding="same"),
    "negative padding": _argument("padding", -1, -2, padding_mode="zeros"),
    "unknown padding": _argument("padding", "full", ""),
    "padding of no number": _argument("padding", 1.5, None),
    "padding for other axes": _per_axis("padding", 1),
    "padding around twice": _argument("padding", 7, padding_mode="circular"),
    "padding beyond the mirror": _argument("padding", 6, padding_mode="reflect"),
    "unknown mode": _argument("padding_mode", "mirror", None, 3),
    "no dilation": _argument("dilation", 0, -1),
    "dilation of no number": _argument("dilation", 1.5, padding=1),
    "dilation for other axes": _per_axis("dilation", 1, padding=1),
    "no groups": _argument("groups", 0, -1),
    "groups of no number": _argument("groups", "1", None),
    "groups that do not divide": _indivisible,
    "unknown argument": _argument("strides", 1),
    "unknown device": _argument("device", "nowhere", 7.5),
    "precision of integers": _argument("dtype", torch.int64, torch.bool, "float32"),
    "too many axes": _shape(lambda shape, n: [1, 1, *shape]),
    "too few axes": _shape(lambda shape, n: shape[-n:]),
    "one axis": _shape(lambda shape, n: []),
    "another channel": _shape(lambda shape, n: [*shape[: -n - 1], shape[-n - 1] + 1, *shape[-n:]]),
    "an empty image": _shape(lambda shape, n: [*shape[:-1], 0]),
    "single precision": _dtype(torch.float32),
    "no floating numbers": _dtype(torch.int64, torch.bool, torch.complex128),
}
