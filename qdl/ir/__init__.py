"""What a circuit is: gates, expressions, observables, text forms. No torch, no batch, no device."""

from qdl.ir.circuit import Circuit, Operation
from qdl.ir.gates import TABLE, gate
from qdl.ir.library import cell, cells
from qdl.ir.noise import NoiseModel
from qdl.ir.observables import Hermitian, I, N, Observable, X, Y, Z
from qdl.ir.params import Param, arccos, arcsin, arctan, cos, exp, log, sin, sqrt, tan
from qdl.ir.tiling import tile

__all__ = [
    "TABLE",
    "Circuit",
    "Hermitian",
    "I",
    "N",
    "NoiseModel",
    "Observable",
    "Operation",
    "Param",
    "X",
    "Y",
    "Z",
    "arccos",
    "arcsin",
    "arctan",
    "cell",
    "cells",
    "cos",
    "exp",
    "gate",
    "log",
    "sin",
    "sqrt",
    "tan",
    "tile",
]
