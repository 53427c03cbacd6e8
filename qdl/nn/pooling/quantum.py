"""Pooling by measurement: one of two qubits is measured, and the other turned by what was found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from qdl.ir import Circuit, Param, Z
from qdl.nn.arguments import require_known
from qdl.nn.forms import TwoForms
from qdl.nn.pooling.order import tree
from qdl.nn.pooling.step import MODES, pool_cell, pool_wires
from qdl.nn.pooling.windows import Pool, Size
from qdl.nn.precision import outside_autocast, require_known_precision
from qdl.nn.scale import require_finite, require_probability
from qdl.physics.encodings.angles import probability_angles
from qdl.physics.pooling import bloch, pool_transfer, pooled
from qdl.run import state

ENCODINGS: dict[str, Callable[[Tensor], Tensor]] = {
    "angle": lambda x: pi * x,
    "probability": partial(probability_angles, margin=1e-6),
}
READOUTS: dict[str, Callable[[Tensor], Tensor]] = {"z": lambda z: z, "excitation": lambda z: (1 - z) / 2}


class _QuantumPool(TwoForms, Pool):
    _observables = Z(0)

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
        *,
        pool: str | Circuit = "pool_zx",
        mode: str = "deferred",
        encoding: str = "angle",
        readout: str = "z",
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__(kernel_size, stride, padding, dilation, ceil_mode)
        require_known_precision(dtype)
        require_known("encoding of a quantum pool", encoding, tuple(ENCODINGS))
        require_known("readout of a quantum pool", readout, tuple(READOUTS))
        require_known("mode of a quantum pool", mode, MODES)
        self.pool, self.mode, self.encoding, self.readout = pool, mode, encoding, readout
        self._cell = pool_cell(pool)
        self._levels = tree(range(self.places))
        self._angles = sum(param.size for param in self._cell.params)
        self._choi = _choi(self._cell)
        _ = self.circuit  # a pool that has no such mode is refused now, also where the closed form answers
        self._choose(options)
        self.weight = nn.Parameter(torch.empty(len(self._levels), self._angles, device=device, dtype=dtype))
        self.reset_parameters()

    @property
    def circuit(self) -> Circuit:
        """One window: its elements' angles ``x``, and ``weight``, the pool's angles level by level."""
        circuit, n = Circuit(self.places), self._angles
        x = Param("x", self.places)
        for wire in range(self.places):
            circuit.ry(x[wire], wire)
        weight = Param("weight", len(self._levels) * n) if self._levels and n else ()
        for level, pairs in enumerate(self._levels):
            for source, sink in pairs:
                pool_wires(circuit, source, sink, self._cell, list(weight[level * n : level * n + n]), self.mode)
        return circuit

    def reset_parameters(self) -> None:
        """Angles uniform in [-pi, pi)."""
        if self.weight.numel():
            nn.init.uniform_(self.weight, -pi, pi)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, *size) or (channels, *size) -> the same with the size that `MaxPool` gives."""
        windows = self.windows(x)
        if self.options.get("validate", True):
            check = require_probability if self.encoding == "probability" else _require_finite
            check(x)
        angle = ENCODINGS[self.encoding](windows)
        if self._compiled is None:
            z = self._closed(angle)
        else:
            z = self._run({"x": angle.movedim(0, -1), "weight": self.weight.flatten()})
        return READOUTS[self.readout](z)

    def _closed(self, angle: Tensor) -> Tensor:
        """<Z> of the qubit that is left: qubits that never met stay a product, so Bloch vectors suffice."""
        qubits = bloch(angle)
        transfers = self._transfers()
        for level, pairs in enumerate(self._levels):
            sinks = qubits[:, ::2]
            met = pooled(qubits[:, 1::2], sinks[:, : len(pairs)], transfers[level])
            qubits = torch.cat((met, sinks[:, len(pairs) :]), 1)
        return qubits[3, 0]

    def _transfers(self) -> Tensor:
        """(levels, 4, 4, 4): what every level does to Bloch vectors."""
        values = {"weight": self.weight} if self._angles else {}
        # A Bell pair on each wire holds the whole matrix, column by column, over 2.
        unitary = 2 * state(self._choi, values, grad="autograd", dtype=self.weight.dtype).unflatten(-1, (4, 4)).mT
        return pool_transfer(unitary).expand(len(self._levels), 4, 4, 4)

    def extra_repr(self) -> str:
        pool = self.pool if isinstance(self.pool, str) else repr(self.pool)
        return (
            f"{super().extra_repr()}, pool={pool}, mode={self.mode}, encoding={self.encoding}, "
            f"readout={self.readout}, engine={self.engine}"
        )


def _require_finite(x: Tensor) -> None:
    require_finite(x.detach().abs().sum())


def _choi(part: Circuit) -> Circuit:
    circuit = Circuit(4).h(0).h(1).cx(0, 2).cx(1, 3)
    angles = sum(param.size for param in part.params)
    return circuit.append(part, (2, 3), Param("weight", angles) if angles else None)


class QuantumPool1d(_QuantumPool):
    """Quantum pooling of (batch, channels, length); see `QuantumPool2d`.

    Examples
    --------
    >>> QuantumPool1d(2)(torch.rand(5, 3, 8)).shape
    torch.Size([5, 3, 4])
    """

    _dimension = 1


class QuantumPool2d(_QuantumPool):
    """Pooling of (batch, channels, height, width) by measurements: of every window's qubits one is left.

    Every element becomes a qubit. Neighbours are paired: one is measured, its outcome decides how the other is turned,
    and only that one is kept; so on until one is left, whose Z is read (PHYSICS.md A5ii). The angles belong to a level
    of pairing and are shared by all windows and channels. A window is C-ordered: rows are pooled before columns.

    Qubits of a window that have not met yet are independent, so that the closed form needs no state vector, whatever
    the window's size. In a `QCNN` the pooled qubits are entangled.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, ceil_mode
        As in `torch.nn.MaxPool2d`, without ``return_indices``. Padding is 0, a qubit in |0>.
    pool : str, path or Circuit
        A cell on (source, sink). ``"pool_zx"`` (Hur, Kim and Park): CRZ, X, CRX.
    mode : {"deferred", "measured"}
        Of the circuit: controlled gates, or a measurement in the middle and gates that depend on its outcome. The
        results are the same.
    encoding : {"angle", "probability"}
        RY(pi x), or RY(2 arcsin sqrt x) of x in [0, 1], clamped to [1e-6, 1 - 1e-6] where its derivative is infinite.
    readout : {"z", "excitation"}
        <Z>, or the excitation number (1 - <Z>)/2 in [0, 1], ready to be the next layer's probability.
    device, dtype
        Of ``weight``, (levels, angles).
    **options
        ``engine`` (``"closed"`` unless said; with shots or noise ``"state"``), and the options of `qdl.compile`.

    Raises
    ------
    QdlError
        When the layer is made, for arguments that make no sense; in ``forward``, for an input that does not fit.

    Examples
    --------
    >>> QuantumPool2d(2)(torch.rand(5, 3, 8, 8)).shape
    torch.Size([5, 3, 4, 4])
    """

    _dimension = 2


class QuantumPool3d(_QuantumPool):
    """Quantum pooling of (batch, channels, depth, height, width); see `QuantumPool2d`.

    Examples
    --------
    >>> QuantumPool3d(2)(torch.rand(1, 3, 4, 4, 4)).shape
    torch.Size([1, 3, 2, 2, 2])
    """

    _dimension = 3
