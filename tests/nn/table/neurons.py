"""Neurons."""

from __future__ import annotations

from functools import partial

from qdl.nn import MomentumNeuron, PositionNeuron
from tests.nn.table import Row, uniform

ROWS = [
    Row("MomentumNeuron", partial(MomentumNeuron, 4), uniform(3, 4), factory=False),
    Row("MomentumNeuron-kernel", partial(MomentumNeuron, (4, 3), 2), uniform(2, 2, 4, 3)),
    Row("PositionNeuron", partial(PositionNeuron, (4, 3), ("mean", "variance")), uniform(2, 2, 4, 3), factory=False),
    Row("PositionNeuron-circular", partial(PositionNeuron, 5, "circular"), uniform(3, 5), factory=False),
    Row("PositionNeuron-probability", partial(PositionNeuron, 4, encoding="probability"), uniform(3, 4), factory=False),
    Row("PositionNeuron-state", partial(PositionNeuron, 3, "circular", engine="state", grad="autograd"), uniform(3, 3),
        factory=False),
]  # fmt: skip
