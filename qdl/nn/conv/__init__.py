"""Convolutions: a patch excites quanta, and each output is what a measurement finds of their interaction."""

from __future__ import annotations

from qdl.nn.conv.detector import detector_circuit
from qdl.nn.conv.displaced import displaced_circuit
from qdl.nn.conv.exchange import exchange_circuit
from qdl.nn.conv.layers import QuantumConv1d, QuantumConv2d, QuantumConv3d
from qdl.nn.conv.translation import translation_circuit

__all__ = [
    "QuantumConv1d",
    "QuantumConv2d",
    "QuantumConv3d",
    "detector_circuit",
    "displaced_circuit",
    "exchange_circuit",
    "translation_circuit",
]
