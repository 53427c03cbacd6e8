"""Convolutions."""

from __future__ import annotations

from functools import partial

from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d
from tests.nn.table import Row, uniform

ROWS = [
    Row("QuantumConv1d", partial(QuantumConv1d, 2, 4, 3, groups=2), uniform(3, 2, 7)),
    Row("QuantumConv2d", partial(QuantumConv2d, 2, 3, 3, padding=1, dilation=2), uniform(2, 2, 6, 5)),
    Row("QuantumConv2d-excitation", partial(QuantumConv2d, 1, 2, 3, readout="excitation"), uniform(2, 1, 5, 5)),
    Row("QuantumConv2d-cell", partial(QuantumConv2d, 1, 2, 2, interaction="su4"), uniform(2, 1, 4, 4)),
    Row(
        "QuantumConv1d-fourier",
        partial(QuantumConv1d, 2, 4, 2, groups=2, interaction="su4", readout="all", encoding="fourier"),
        uniform(3, 2, 4),
    ),
    Row(
        "QuantumConv2d-iqp",
        partial(QuantumConv2d, 1, 2, (1, 2), interaction="su4", encoding="iqp"),
        uniform(2, 1, 3, 3),
    ),
    Row(
        "QuantumConv2d-exchange",
        partial(QuantumConv2d, 2, 4, 3, padding=1, groups=2, interaction="exchange"),
        uniform(2, 2, 5, 6),
    ),
    Row(
        "QuantumConv1d-exchange-excitation",
        partial(QuantumConv1d, 1, 2, 3, interaction="exchange", readout="excitation"),
        uniform(3, 1, 7),
    ),
    Row(
        "QuantumConv2d-exchange-magnon",
        partial(QuantumConv2d, 1, 2, 2, interaction="exchange", readout="excitation", encoding="amplitude"),
        uniform(2, 1, 4, 4),
    ),
    Row(
        "QuantumConv2d-displaced",
        partial(QuantumConv2d, 2, 3, 2, stride=2, interaction="displaced"),
        uniform(2, 2, 6, 5, low=0.2),
    ),
    Row(
        "QuantumConv3d-displaced-excitation",
        partial(QuantumConv3d, 1, 2, 2, interaction="displaced", readout="excitation", encoding="probability"),
        uniform(2, 1, 3, 3, 3),
    ),
    Row(
        "QuantumConv2d-translation",
        partial(QuantumConv2d, 2, 4, 3, padding=1, padding_mode="circular", groups=2, interaction="translation"),
        uniform(2, 2, 5, 4),
    ),
    Row("QuantumConv1d-translation", partial(QuantumConv1d, 2, 3, 3, interaction="translation"), uniform(2, 2, 7)),
    Row("QuantumConv3d", partial(QuantumConv3d, 1, 2, 2), uniform(2, 1, 3, 3, 3)),
]
