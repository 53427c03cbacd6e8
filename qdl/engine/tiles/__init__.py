"""Tile kernels: compiled code that runs a whole list of narrow blocks on pieces of a state that stay near the core."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec


@cache
def installed() -> bool:
    """Whether kernels can be compiled here."""
    try:
        return find_spec("llvmlite") is not None
    except ModuleNotFoundError:
        return False
