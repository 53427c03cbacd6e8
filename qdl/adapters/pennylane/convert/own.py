"""Operators of our own for rows that PennyLane lacks; they carry their angles, and decompose into what it has."""

from __future__ import annotations

from typing import Any

import pennylane as qml
from pennylane import math
from pennylane.operation import Channel, Operation

from qdl.adapters.pennylane.convert.values import Numbers
from qdl.ir.channels import channel
from qdl.ir.params import Param

SMALL = 1e-6  # the square of an angle below which its sine and cosine are their first terms


class RV(Operation):
    """exp(-i v.sigma/2), a rotation by |v| about the axis v.

    Its matrix is smooth everywhere; its decomposition has no derivative where vx = vy = 0.

    Parameters
    ----------
    vx, vy, vz : tensor_like, () or (batch,)
    wires : wire label
    """

    num_wires = 1
    num_params = 3
    ndim_params = (0, 0, 0)
    grad_method = None  # its decomposition has shift rules

    def __init__(self, *angles: Any, wires: Any, id: str | None = None) -> None:
        super().__init__(*angles, wires=wires, id=id)

    @staticmethod
    def compute_matrix(vx: Any, vy: Any, vz: Any) -> Any:
        """cos(|v|/2) - i sin(|v|/2)/|v| v.sigma, (2, 2) or (batch, 2, 2)."""
        square = vx * vx + vy * vy + vz * vz + 0.0
        near = square < SMALL
        length = math.sqrt(math.where(near, math.ones_like(square), square))
        cosine = math.where(near, 1 - square / 8 + square**2 / 384, math.cos(length / 2))
        slope = math.where(near, 0.5 - square / 48 + square**2 / 3840, math.sin(length / 2) / length)
        x, y, z = slope * vx, slope * vy, slope * vz
        rows = [[cosine - 1j * z, -1j * x - y], [y - 1j * x, cosine + 1j * z]]
        return math.stack([math.stack(row, axis=-1) for row in rows], axis=-2)

    @staticmethod
    def compute_decomposition(vx: Any, vy: Any, vz: Any, wires: Any) -> list[Operation]:
        """W RZ(|v|) W^+ with W = RZ(b) RY(a), the turn of z to v = |v| (sin a cos b, sin a sin b, cos a)."""
        flat = math.sqrt(vx * vx + vy * vy + 0.0)
        polar, azimuth = math.arctan2(flat, vz + 0.0 * flat), math.arctan2(vy + 0.0 * flat, vx + 0.0 * flat)
        length = math.sqrt(flat * flat + vz * vz)
        turns = ((qml.RZ, -azimuth), (qml.RY, -polar), (qml.RZ, length))
        back = ((qml.RY, polar), (qml.RZ, azimuth))
        return [gate(angle, wires=wires) for gate, angle in (*turns, *back)]

    def adjoint(self) -> RV:
        return RV(*(-v for v in self.data), wires=self.wires)

    def pow(self, z: Any) -> list[Operation]:
        return [RV(*(z * v for v in self.data), wires=self.wires)]


class Noise(Channel):
    """A row of qdl's channel table.

    Parameters
    ----------
    *strengths : tensor_like, ()
    row : str
        Its name.
    wires : wire labels
    """

    num_wires = None
    grad_method = None

    def __init__(self, *strengths: Any, row: str, wires: Any, id: str | None = None) -> None:
        self._count = len(strengths)
        super().__init__(*strengths, wires=wires, id=id)
        self.hyperparameters["row"] = row

    @property
    def num_params(self) -> int:
        return self._count

    def _flatten(self) -> tuple[Any, Any]:
        return self.data, (self.wires, self.hyperparameters["row"])

    @classmethod
    def _unflatten(cls, data: Any, metadata: Any) -> Noise:
        return cls(*data, wires=metadata[0], row=metadata[1])

    @staticmethod
    def compute_kraus_matrices(*strengths: Any, row: str, wires: int) -> list[Any]:
        """The Kraus operators at some strengths, in the library of the strengths."""
        formal = Param("strength", len(strengths))
        at = Numbers({(formal, k): value for k, value in enumerate(strengths)})
        found = []
        for kraus in channel(row, wires).kraus(*formal):
            weight = at(kraus.weight)
            some = weight > 0  # else the root has no derivative
            scale = math.where(some, math.sqrt(math.where(some, weight, 1.0 + 0 * weight)), 0.0 * weight)
            found.append(sum(_weighed(scale * at(amplitude), matrix) for amplitude, matrix in kraus.terms))
        return found

    def kraus_matrices(self) -> list[Any]:
        return self.compute_kraus_matrices(*self.data, row=self.hyperparameters["row"], wires=len(self.wires))

    def decomposition(self) -> list[Operation]:
        if self.hyperparameters["row"] == "delay":  # for devices of pure states too
            return [qml.Identity(self.wires)]
        return [_Complete(self.kraus_matrices(), wires=self.wires)]

    @property
    def has_decomposition(self) -> bool:
        return True


def _weighed(number: Any, matrix: Any) -> Any:
    """A number of any library times a matrix."""
    return number * (math.convert_like(matrix, number) if hasattr(number, "shape") else matrix)


class _Complete(qml.QubitChannel):
    """A channel of Kraus operators known to be complete: PennyLane cannot check those with gradients in torch."""

    def __init__(self, K_list: list[Any], wires: Any, id: str | None = None) -> None:
        Channel.__init__(self, *K_list, wires=wires, id=id)
        self._name = "QubitChannel"
