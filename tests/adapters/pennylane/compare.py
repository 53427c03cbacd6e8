"""What the tests of the devices share: a circuit, and how results are compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pennylane as qml
import torch

REFERENCE = {"qdl.state": "default.qubit", "qdl.density": "default.mixed"}
POINT = np.array([0.3, 0.5, 0.7, 0.2])


def flat(results: Any) -> torch.Tensor:
    listed = results if isinstance(results, (tuple, list)) else [results]
    return torch.cat([torch.as_tensor(r).reshape(-1).to(torch.complex128) for r in listed])


def close(got: Any, want: Any, tolerance: float = 1e-9) -> None:
    assert [np.shape(g) for g in got] == [np.shape(w) for w in want]
    assert (flat(got) - flat(want)).abs().max() < tolerance


def ansatz(p: Any) -> None:
    qml.RX(p[0], 0)
    qml.CNOT([0, 1])
    qml.RY(p[1], 1)
    qml.CRZ(p[2], [1, 2])
    qml.RX(p[3], 2)


def node(name: str, read: Any = None, **options: Any) -> Any:
    asked = read or (lambda: qml.expval(qml.Z(0) @ qml.X(1) @ qml.Y(2)))

    def function(p: Any) -> Any:
        ansatz(p)
        return asked()

    return qml.qnode(qml.device(name, wires=4), **options)(function)
