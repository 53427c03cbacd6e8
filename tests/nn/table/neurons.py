"""Neurons."""

from __future__ import annotations

from functools import partial

from qdl.nn import MomentumNeuron, PositionNeuron, QuantumNeuron
from tests.nn.table import Row, uniform

ROWS = [
    Row("QuantumNeuron", partial(QuantumNeuron, 4, 3), uniform(5, 4)),
    Row("QuantumNeuron-excitation", partial(QuantumNeuron, 4, 3, readout="excitation"), uniform(2, 3, 4)),
    Row("QuantumNeuron-exchange", partial(QuantumNeuron, 4, 3, interaction="exchange"), uniform(5, 4)),
    Row("QuantumNeuron-displaced", partial(QuantumNeuron, 4, 3, interaction="displaced"), uniform(5, 4, low=-0.9,
        high=-0.1)),
    Row("QuantumNeuron-cell", partial(QuantumNeuron, 2, 4, interaction="su4", readout="all"), uniform(5, 2)),
    Row("QuantumNeuron-fourier", partial(QuantumNeuron, 2, 2, interaction="su4", encoding="fourier"), uniform(5, 2)),
    Row("MomentumNeuron", partial(MomentumNeuron, 4), uniform(3, 4), factory=False),
    Row("MomentumNeuron-kernel", partial(MomentumNeuron, (4, 3), 2), uniform(2, 2, 4, 3)),
    Row("PositionNeuron", partial(PositionNeuron, (4, 3), ("mean", "variance")), uniform(2, 2, 4, 3), factory=False),
    Row("PositionNeuron-circular", partial(PositionNeuron, 5, "circular"), uniform(3, 5), factory=False),
    Row("PositionNeuron-probability", partial(PositionNeuron, 4, encoding="probability"), uniform(3, 4), factory=False),
    Row("PositionNeuron-state", partial(PositionNeuron, 3, "circular", engine="state", grad="autograd"), uniform(3, 3),
        factory=False),
]  # fmt: skip
