"""Pools."""

from __future__ import annotations

from functools import partial
from math import inf

from qdl.nn import (
    BlockSpin1d,
    BlockSpin2d,
    BlockSpin3d,
    QuantumPool1d,
    QuantumPool2d,
    QuantumPool3d,
    ThermalPool1d,
    ThermalPool2d,
    ThermalPool3d,
)
from tests.nn.table import Row, uniform

FLAT = {"factory": False}

ROWS = [
    Row("ThermalPool1d", partial(ThermalPool1d, 3, 2, 1, beta=-2.0, trainable=True), uniform(2, 3, 7)),
    Row("ThermalPool2d", partial(ThermalPool2d, 2, trainable=True), uniform(2, 3, 4, 6)),
    Row("ThermalPool2d-free", partial(ThermalPool2d, (2, 3), padding=1, readout="free"), uniform(2, 1, 4, 5)),
    Row("ThermalPool2d-maximum", partial(ThermalPool2d, 2, beta=inf), uniform(2, 3, 4, 4)),
    Row("ThermalPool3d", partial(ThermalPool3d, 2, beta=0.0), uniform(2, 1, 4, 4, 4)),
    Row("QuantumPool1d", partial(QuantumPool1d, 3, 2, 1), uniform(2, 3, 7)),
    Row("QuantumPool2d", partial(QuantumPool2d, 2, encoding="probability", readout="excitation"), uniform(2, 3, 4, 4)),
    Row(
        "QuantumPool2d-measured",
        partial(QuantumPool2d, (1, 2), mode="measured", engine="state", grad="autograd"),
        uniform(2, 2, 2, 4),
    ),
    Row("QuantumPool3d", partial(QuantumPool3d, 2, pool="pool_basis"), uniform(2, 1, 4, 4, 4)),
    Row("BlockSpin1d", partial(BlockSpin1d, 3, ties="first"), uniform(2, 3, 6, low=-0.9), input_grad=False, **FLAT),
    Row("BlockSpin2d", partial(BlockSpin2d, 2, temperature=0.7), uniform(2, 3, 4, 4, low=-0.9), **FLAT),
    Row("BlockSpin2d-decimation", partial(BlockSpin2d, 2, rule="decimation"), uniform(2, 3, 4, 4, low=-0.9), **FLAT),
    Row("BlockSpin3d", partial(BlockSpin3d, 2, temperature=2.0), uniform(2, 1, 4, 4, 4, low=-0.9), **FLAT),
]
