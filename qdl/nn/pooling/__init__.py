"""Pools: many become one, by a thermal average, by a measurement, or as a block of spins."""

from __future__ import annotations

from qdl.nn.pooling.block_spin import BlockSpin1d, BlockSpin2d, BlockSpin3d
from qdl.nn.pooling.quantum import QuantumPool1d, QuantumPool2d, QuantumPool3d
from qdl.nn.pooling.step import pool_wires
from qdl.nn.pooling.thermal import ThermalPool1d, ThermalPool2d, ThermalPool3d

__all__ = [
    "BlockSpin1d",
    "BlockSpin2d",
    "BlockSpin3d",
    "QuantumPool1d",
    "QuantumPool2d",
    "QuantumPool3d",
    "ThermalPool1d",
    "ThermalPool2d",
    "ThermalPool3d",
    "pool_wires",
]
