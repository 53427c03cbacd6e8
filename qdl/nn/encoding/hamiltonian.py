"""The input as the couplings of a chain of spins that evolves."""

from __future__ import annotations

from math import acos, pi
from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.encoding.base import Encoding, require_count
from qdl.physics import exchange_step, product_state, rotated


class HamiltonianEncoding(Encoding):
    """A Heisenberg chain whose i-th bond has the strength x_i, some time later.

    (prod_i exp(-i (t/T) x_i (X_i X_{i+1} + Y_i Y_{i+1} + Z_i Z_{i+1})))^T on spins that point in random directions:
    features + 1 wires, T Trotter steps. Source: the Hamiltonian evolution of Huang et al., Power of data in quantum
    machine learning, arXiv:2011.01938 (memory), with T = 20 there.

    Parameters
    ----------
    features : int
        Bonds.
    time : float, optional
        t; a third of the features unless given.
    steps : int
        T. Bonds do not commute, so that the state differs from that of the chain's continuous evolution by O(t^2/T).
    seed : int
        Of the directions. They belong to the encoding, not to its state_dict.
    **options
        See `Encoding`.

    Examples
    --------
    >>> HamiltonianEncoding(3)(torch.rand(5, 3)).shape
    torch.Size([5, 16])
    """

    def __init__(self, features: int, time: float | None = None, steps: int = 4, seed: int = 0, **options: Any) -> None:
        wires = require_count("features", features) + 1
        self.time, self.steps = float(features / 3 if time is None else time), require_count("steps", steps)
        if not abs(self.time) < float("inf"):
            raise ValuesError("the time makes no sense", got=time, expected="a finite number")
        self.directions = _directions(wires, seed)
        x, circuit = Param("x", features), Circuit(wires)
        for wire, (polar, azimuth) in enumerate(self.directions):
            circuit.ry(polar, wire).rz(azimuth, wire)
        for _ in range(self.steps):
            for i in range(features):
                angle = 2 * self.time / self.steps * x[i]
                circuit.rxx(angle, i, i + 1).ryy(angle, i, i + 1).rzz(angle, i, i + 1)
        super().__init__(features, circuit, **options)

    def closed(self, values: Tensor) -> Tensor:
        polar, azimuth = torch.tensor(self.directions, dtype=values.dtype, device=values.device).mT
        turn = torch.stack((-azimuth / 2, azimuth / 2), -1)
        state = product_state(rotated(polar, "y") * torch.complex(turn.cos(), turn.sin()))
        angles = self.time / self.steps * values
        state = state.expand(*angles.shape[:-1], -1)
        for _ in range(self.steps):
            for i in range(self.features):
                state = exchange_step(state, angles[..., i], i)
        return state

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, time={self.time:g}, steps={self.steps}"


def _directions(wires: int, seed: int) -> list[tuple[float, float]]:
    """Polar and azimuthal angles, uniform on the sphere."""
    generator = torch.Generator("cpu").manual_seed(seed)
    drawn = torch.rand(wires, 2, dtype=torch.float64, generator=generator, device="cpu").tolist()
    return [(acos(1 - 2 * height), 2 * pi * turn) for height, turn in drawn]
