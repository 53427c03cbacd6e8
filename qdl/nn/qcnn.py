"""The quantum convolutional network: layers of one interaction and one pool, halving the qubits until one is left."""

from __future__ import annotations

from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import CircuitError, ValuesError
from qdl.ir import Circuit, Param, X, Y, Z, cell
from qdl.nn.arguments import require_known
from qdl.nn.encoding import Encoding, encoding_on
from qdl.nn.pooling.order import ORDERS
from qdl.nn.pooling.step import MODES, pool_cell, pool_wires
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.run import compile as plan

READOUTS = {"z": (Z,), "bloch": (X, Y, Z)}


class QCNN(nn.Module):
    """A classifier of features by a tree of interactions and pools on qubits (Cong, Choi and Lukin; Hur, Kim and Park).

    The features are encoded; every layer lets neighbours interact by a cell with angles that all its places share, then
    pools pairs, so that half of the qubits are left; the last one is read. There are O(log wires) angles. (PHYSICS.md
    A5, A29; arXiv:1810.03787, arXiv:2108.00661.)

    Parameters
    ----------
    wires : int
        Qubits, at least 2; each layer keeps half of them, rounded up.
    conv : str, path or Circuit
        A cell on two wires, all of whose Params are angles: ``"so4"``, ``"su4"``, ``"hur_1"`` to ``"hur_9"``, ...
    pool : str, path or Circuit
        A cell on (source, sink).
    mode : {"deferred", "measured"}
        Pools by controlled gates, or by measurements in the middle of the circuit whose outcomes decide what follows.
        The results are the same.
    encoding : str or Encoding
        A name among `qdl.nn.encoding.ENCODINGS`, or an encoding that needs as many wires. Frequencies of ``"fourier"``
        and ``"chebyshev"`` are trained with the angles.
    order : {"hur", "brick"}
        Where cells lie: neighbours in a ring, with wire 4 of 8 to be read, or in a row, with wire 0.
    readout : {"z", "bloch"}
        <Z> of the last qubit, or <X>, <Y> and <Z>.
    features : int, optional
        Of the input: as many as the wires hold unless said. They must need all wires: amplitudes more than half of
        2^wires, ``"dense_angle"`` twice as many as wires or one less, ``"hamiltonian"`` one less, ``"coherent"`` half
        as many, others one for each.
    device, dtype
        Of ``conv_weight`` (layers, angles) and ``pool_weight`` (layers, angles), in radians, and of frequencies.
    **options
        As for `qdl.compile`.

    Attributes
    ----------
    layers : list of (pairs, pools)
        The wires of every layer's interactions, and the (source, sink) of its pools.
    output_wire : int
        The one that is read.

    Raises
    ------
    QdlError
        When the layer is made, for arguments that make no sense; in ``forward``, for an input that does not fit.

    Examples
    --------
    >>> model = QCNN(8, conv="so4")
    >>> model(torch.rand(5, 8)).shape, sum(p.numel() for p in model.parameters())
    (torch.Size([5, 1]), 24)
    >>> QCNN(4, encoding="zz").features, QCNN(4, encoding="amplitude").features
    (4, 16)
    """

    conv_weight: nn.Parameter
    pool_weight: nn.Parameter

    def __init__(
        self,
        wires: int,
        conv: str | Circuit = "su4",
        pool: str | Circuit = "pool_zx",
        *,
        mode: str = "deferred",
        encoding: str | Encoding = "angle",
        order: str = "hur",
        readout: str = "z",
        features: int | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        if isinstance(wires, bool) or not isinstance(wires, int) or wires < 2:
            raise ValuesError("a QCNN needs qubits to pool", got=repr(wires), expected="an integer, at least 2")
        named = {"mode": (mode, MODES), "order": (order, ORDERS), "readout": (readout, READOUTS)}
        for name, (value, known) in named.items():
            require_known(f"{name} of a QCNN", value, tuple(known))
        require_known_precision(dtype)
        self.wires, self.conv, self.pool, self.mode = wires, conv, pool, mode
        self.order, self.readout, self.options = order, readout, options
        validate = options.get("validate", True)
        self.encoding = encoding_on(encoding, wires, features, validate, device=device, dtype=dtype)
        self.features = self.encoding.features
        self.layers = ORDERS[order](wires)
        self.output_wire = self.layers[-1][1][-1][1]
        self._interaction, self._pool = _interaction(conv), pool_cell(pool)
        self._compiled = self._plan(options)
        for name, part in (("conv_weight", self._interaction), ("pool_weight", self._pool)):
            angles = sum(param.size for param in part.params)
            weight = torch.empty(len(self.layers), angles, device=device, dtype=dtype)
            self.register_parameter(name, nn.Parameter(weight))
        self.reset_parameters()

    def _plan(self, options: dict[str, Any]) -> Any:
        return plan(self.circuit, [letter(self.output_wire) for letter in READOUTS[self.readout]], **options)

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        return {"options": options, "_compiled": self._plan(options)}

    @property
    def circuit(self) -> Circuit:
        """The whole network, made anew; its Params are ``x``, ``conv`` and ``pool``, the angles layer by layer."""
        circuit = self.encoding.begin(self.wires)
        conv = _angles("conv", self._interaction, len(self.layers))
        pool = _angles("pool", self._pool, len(self.layers))
        for layer, (pairs, pools) in enumerate(self.layers):
            for pair in pairs:
                circuit.append(self._interaction, pair, conv[layer])
            for source, sink in pools:
                pool_wires(circuit, source, sink, self._pool, pool[layer], self.mode)
        return circuit

    def reset_parameters(self) -> None:
        """Angles uniform in [-pi, pi)."""
        for weight in (self.conv_weight, self.pool_weight):
            if weight.numel():
                nn.init.uniform_(weight, -pi, pi)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, features) -> (*batch, 1), or (*batch, 3) of the Bloch vector."""
        if x.dim() < 1 or x.shape[-1] != self.features:
            raise ValuesError("wrong number of features", got=f"shape {tuple(x.shape)}", expected=self.features)
        require_precision(x, self)
        weights = {"conv": self.conv_weight.flatten(), "pool": self.pool_weight.flatten()}
        values = {"x": self.encoding.values(x), **weights}
        read: Tensor = self._compiled({param.name: values[param.name] for param in self._compiled.params})
        return read

    def extra_repr(self) -> str:
        conv, pool = (part if isinstance(part, str) else repr(part) for part in (self.conv, self.pool))
        return (
            f"wires={self.wires}, features={self.features}, conv={conv}, pool={pool}, mode={self.mode}, "
            f"order={self.order}, readout={self.readout}, engine={self.options.get('engine', 'state')}"
        )


def _interaction(conv: str | Circuit) -> Circuit:
    part = conv.copy() if isinstance(conv, Circuit) else cell(conv)
    if part.wires != 2:
        raise CircuitError("the interaction of a QCNN takes two wires", got=f"{part.wires} wires")
    return part


def _angles(name: str, part: Circuit, layers: int) -> list[Any]:
    """The entries of one Param, layer by layer; none for a cell without angles."""
    each = sum(param.size for param in part.params)
    entries = list(Param(name, layers * each)) if each else []
    return [entries[layer * each : (layer + 1) * each] for layer in range(layers)]
