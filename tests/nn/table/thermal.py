"""Thermal layers and readings."""

from __future__ import annotations

from functools import partial
from typing import Any

from qdl.ir import X, Z
from qdl.nn import QuantumConv2d, ThermalLayer, ThermalReading
from tests.nn.table import Row, uniform


def reading(**factory: Any) -> ThermalReading:
    return ThermalReading(QuantumConv2d(1, 2, 2, **factory), reach=3.0)


CLASSICAL = partial(ThermalLayer, 4, 3, transverse=None, temperature=0.8)
CORRELATED = partial(ThermalLayer, 4, 3, bias=False, observables=[Z(0) @ Z(2) - 0.5 * X(1), Z(1)])

ROWS = [
    Row("ThermalLayer", partial(ThermalLayer, 4, 3, transverse=0.6), uniform(3, 4, low=-0.9)),
    Row("ThermalLayer-classical", CLASSICAL, uniform(3, 4, low=-0.9)),
    Row("ThermalLayer-observables", CORRELATED, uniform(3, 4, low=-0.9)),
    Row("ThermalLayer-circuit", partial(ThermalLayer, 4, 2, engine="state"), uniform(3, 4)),
    Row("ThermalReading", reading, uniform(2, 1, 3, 3)),
]
