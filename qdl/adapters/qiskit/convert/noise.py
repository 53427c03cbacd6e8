"""Channels that stand in Qiskit's circuits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qdl.errors import UnsupportedError
from qdl.ir.channels import Channel, kraus_channel

CHANNELS = ("kraus", "superop")


def channel_row(operation: Any) -> Channel:
    """An instruction made of a channel; its wires come the last qubit first."""
    from qiskit.quantum_info import Kraus, SuperOp

    given = operation.params
    if operation.name == "superop":
        given = Kraus(SuperOp(np.asarray(given[0]))).data
    if isinstance(given, tuple) or any(np.ndim(matrix) != 2 for matrix in given):
        raise UnsupportedError("a map with two sets of Kraus operators is no channel", got=operation.name)
    return kraus_channel(given)


def is_real(values: Sequence[Any]) -> bool:
    """Whether these are real numbers."""
    return all(isinstance(v, int | float | complex | np.number) and complex(v).imag == 0 for v in values)
