"""Boltzmann machines as modules."""

from __future__ import annotations

from qdl.nn.boltzmann.quantum import QBM
from qdl.nn.boltzmann.restricted import RBM

__all__ = ["QBM", "RBM"]
