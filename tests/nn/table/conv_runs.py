"""Convolutions whose circuits are run, or whose answers are drawn."""

from __future__ import annotations

from functools import partial

from qdl.nn import QuantumConv1d
from tests.nn.table import Row, uniform

ROWS = [
    Row(
        "QuantumConv1d-circuit",
        partial(QuantumConv1d, 1, 2, 2, engine="state"),
        uniform(2, 1, 4, low=-0.9, high=-0.1),
        double_backward=False,
        vmap=False,
    ),
    Row(
        "QuantumConv1d-exchange-circuit",
        partial(QuantumConv1d, 2, 2, 2, interaction="exchange", engine="state", grad="autograd"),
        uniform(2, 2, 3, low=-0.9),
    ),
    Row(
        "QuantumConv1d-translation-circuit",
        partial(QuantumConv1d, 1, 2, 2, interaction="translation", engine="state", grad="autograd"),
        uniform(2, 1, 3),
    ),
    Row(
        "QuantumConv1d-shots",
        partial(QuantumConv1d, 1, 2, 2, shots=20),
        uniform(2, 1, 4),
        double_backward=False,
        random=True,
    ),
]
