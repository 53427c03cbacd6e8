"""Time per epoch of a long training: flat, unless something grows."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from qdl.nn import QuantumConv2d


def train(epochs: int = 200, threads: int = 2, seed: int = 0) -> dict[str, Any]:
    """A small circuit convolution and a detector convolution on synthetic images, four batches an epoch.

    Returns
    -------
    dict
        ``seconds`` of each epoch, ``slope`` of a straight line through them in seconds per epoch, its standard error
        (``slope error``), and ``drift``: what the slope makes of the mean over all epochs.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        seconds = _train(epochs, seed)
    finally:
        torch.set_num_threads(before)
    return {"seconds": seconds, **line(seconds)}


def _train(epochs: int, seed: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    images = torch.rand(4, 16, 1, 8, 8, generator=generator)
    labels = torch.randint(4, (4, 16), generator=generator)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = torch.nn.Sequential(
            QuantumConv2d(1, 4, 2, stride=2, interaction="su4", readout="all"),
            torch.nn.ReLU(),
            QuantumConv2d(4, 4, 2, coupling=0.3),
            torch.nn.Flatten(),
            torch.nn.Linear(36, 4),
        )
    optimizer, found = torch.optim.Adam(model.parameters(), 0.01), []
    for _ in range(epochs):
        start = time.perf_counter()
        for x, y in zip(images, labels, strict=True):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        found.append(time.perf_counter() - start)
    return found


def line(seconds: list[float]) -> dict[str, float]:
    """Least squares without the first tenth, which warms up; the error assumes independent residuals."""
    kept = np.array(seconds[len(seconds) // 10 :])
    x = np.arange(len(kept)) - (len(kept) - 1) / 2
    slope = float(x @ kept / (x @ x))
    rest = kept - kept.mean() - slope * x
    error = float(np.sqrt(rest @ rest / (len(kept) - 2) / (x @ x)))
    return {"slope": slope, "slope error": error, "drift": slope * len(kept) / float(kept.mean())}
