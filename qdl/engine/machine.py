"""What the cost model reckons with: built-in figures, or those measured of this machine.

Measuring takes a third of a second, and another to compile kernels, so it must be worth while: a process measures once
a plan with built-in figures takes longer than `WORTH`, unless an earlier process has left its profile on disk. Which of
the figures a plan is made with decides how it is carried out, and so how its results are rounded, never more than that.
QDL_CALIBRATE=0 keeps to the built-in figures, QDL_MACHINE names a profile to use: then every process plans alike.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch

from qdl.engine import profile
from qdl.engine.tiles import installed
from qdl.plan.cost import MACHINE, TILES, Machine

WORTH = 0.02  # predicted seconds of a step that are worth a calibration


class Found(NamedTuple):
    """Figures and where they are from."""

    figures: Machine
    source: str
    measured: bool


def machine(device: torch.device, seconds: float = 0.0) -> Machine:
    """The figures for a device and torch's threads; only the CPU has tile kernels, and is measured.

    Parameters
    ----------
    seconds : float
        How long a plan made with earlier figures takes: what decides whether a calibration is worth while.
    """
    if device.type != "cpu":
        return MACHINE
    return replace(find(seconds).figures, threads=torch.get_num_threads())


def find(seconds: float = 0.0) -> Found:
    """The CPU's figures, one thread's."""
    name = os.environ.get("QDL_MACHINE")
    if name:
        return Found(_fitting(_override(name)), f"{name} (QDL_MACHINE)", True)
    if os.environ.get("QDL_CALIBRATE") == "0":
        return Found(_fitting(TILES), "built in (QDL_CALIBRATE=0)", False)
    file = profile.path()
    found = _KNOWN.get(file) or profile.load(file)
    if found is None and seconds >= WORTH:
        from qdl.engine import calibrate

        found = calibrate.measure()
        profile.save(found, file)
    if found is None:
        return Found(_fitting(TILES), "built in", False)
    _KNOWN[file] = found
    return Found(found, str(file) if file and file.exists() else "measured, not kept", True)


_KNOWN: dict[Path | None, Machine] = {}


@lru_cache(maxsize=4)
def _override(name: str) -> Machine:
    return profile.override(name)


def _fitting(figures: Machine) -> Machine:
    """The figures without those of kernels that are not installed."""
    return figures if installed() else replace(figures, acts=(), backs=())


def describe(found: Found) -> str:
    """Figures in one line."""
    one = found.figures
    tiles = f", {1e-9 / one.acts[1]:.3g} G amplitudes/s in tiles" if one.acts else ", no tile kernels"
    return (
        f"{one.products[4] / 1e9:.3g} Gflop/s in products, copies at {one.near / 1e9:.3g} GB/s in and "
        f"{one.far / 1e9:.3g} GB/s out of the cache, {one.call * 1e6:.2g} us a call{tiles}; {found.source}"
    )
