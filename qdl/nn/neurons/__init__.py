"""Neurons: quantum systems that ask the input how many quanta it holds, where they are, how they move."""

from __future__ import annotations

from qdl.nn.neurons.linear import QuantumNeuron
from qdl.nn.neurons.momentum import MomentumNeuron
from qdl.nn.neurons.position import PositionNeuron

__all__ = ["MomentumNeuron", "PositionNeuron", "QuantumNeuron"]
