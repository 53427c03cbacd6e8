"""Normalisations."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch import nn

from qdl.nn import BornNorm, Gibbs, QuantumNorm1d, QuantumNorm2d, QuantumNorm3d
from tests.nn.table import Row, uniform

BATCH = {"independent": False, "unbatched": False}


def evaluated(**factory: Any) -> nn.Module:
    return QuantumNorm2d(3, **factory).eval()


ROWS = [
    Row("QuantumNorm1d", partial(QuantumNorm1d, 4, track_running_stats=False), uniform(5, 4), **BATCH),
    Row("QuantumNorm2d-evaluated", evaluated, uniform(2, 3, 4, 4), unbatched=False),
    Row(
        "QuantumNorm3d",
        partial(QuantumNorm3d, 2, affine=False, track_running_stats=False),
        uniform(2, 2, 3, 3, 3),
        **BATCH,
    ),
    Row("BornNorm", BornNorm, uniform(3, 5), factory=False),
    Row("BornNorm-probability", partial(BornNorm, readout="probability"), uniform(3, 5), factory=False),
    Row("Gibbs", partial(Gibbs, temperature=0.5, trainable=True), uniform(3, 5)),
]
