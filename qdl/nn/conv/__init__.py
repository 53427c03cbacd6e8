"""Convolutions: a patch excites quanta, and each output is what a measurement finds of their interaction."""

from __future__ import annotations

from qdl.nn.conv.layers import QuantumConv1d, QuantumConv2d, QuantumConv3d

__all__ = ["QuantumConv1d", "QuantumConv2d", "QuantumConv3d"]
