"""Circuits as layers."""

from __future__ import annotations

from typing import Any

from qdl.ir import Circuit, Param, Z
from qdl.nn import QuantumLayer
from tests.nn.table import Row, uniform


def small(**factory: Any) -> QuantumLayer:
    x, theta = Param("x", 3), Param("theta", 4)
    circuit = Circuit(3).ry(x[0], 0).rx(x[1], 1).ry(x[2], 2).cx(0, 1).rzz(theta[0], 1, 2)
    circuit.ry(theta[1], 0).rx(theta[2], 1).crz(theta[3], 2, 0).ry(theta[3], 2)
    return QuantumLayer(circuit, [Z(0), 0.5 * Z(1) @ Z(2)], **factory)


ROWS = [Row("QuantumLayer", small, uniform(4, 3))]
