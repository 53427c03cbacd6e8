"""Ensembles of a measured circuit and a thermal machine."""

from __future__ import annotations

from functools import partial
from typing import Any

from qdl.ir import Circuit, Param, Z
from qdl.nn import RBM, Ensemble, FreeEnergyClassifier, QuantumLayer
from tests.nn.table import Row, uniform


def micro(**factory: Any) -> QuantumLayer:
    x, theta = Param("x", 3), Param("theta", 3)
    circuit = Circuit(3).ry(x[0], 0).rx(x[1], 1).ry(x[2], 2).cx(0, 1).crx(theta[0], 1, 2)
    circuit = circuit.ry(theta[1], 0).rx(theta[2], 2)
    return QuantumLayer(circuit, [Z(0), 0.7 * Z(1), Z(2)], **factory)


def macro(**factory: Any) -> FreeEnergyClassifier:
    return FreeEnergyClassifier(RBM(6, 4, **factory), 3)


def hybrid(combine: str, **factory: Any) -> Ensemble:
    return Ensemble([micro(**factory), macro(**factory)], combine, outputs="logits", temperature=0.5, **factory)


ROWS = [
    Row("Ensemble-mixture", partial(hybrid, "mixture"), uniform(4, 3)),
    Row("Ensemble-product", partial(hybrid, "product"), uniform(4, 3)),
    Row("FreeEnergyClassifier", macro, uniform(4, 3)),
]
