"""The input as the couplings of a chain of spins that evolves."""

from __future__ import annotations

from math import acos, pi
from typing import Any

import torch
from torch import Tensor

from qdl.ir import Circuit, Param
from qdl.nn.arguments import require_count, require_real
from qdl.nn.encoding.base import Encoding
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
        self.time = require_real("time", features / 3 if time is None else time)
        self.steps = require_count("steps", steps)
        self.directions = _directions(wires, require_count("seed", seed, 0))
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
