"""Data re-uploading: an encoding and a trained circuit in turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import CircuitError, UnsupportedError
from qdl.ir import Circuit, Param, Z, cell, tile
from qdl.nn.arguments import require_count
from qdl.nn.encoding import Encoding, encoding_of
from qdl.nn.layer import QuantumLayer
from qdl.nn.precision import outside_autocast


class DataReuploading(nn.Module):
    """Expectation values of a circuit that reads its input several times: W_0, then S(x) and W_l, `layers` times.

    Each output is a Fourier series in x; with an angle encoding of one wire its degree is the number of layers, exactly
    (PHYSICS.md A13iii). Source: Perez-Salinas et al., arXiv:1907.02085, and Schuld, Sweke and Meyer, arXiv:2008.08605
    (memory).

    Parameters
    ----------
    features : int
        Numbers in the input.
    layers : int
        How often they are encoded.
    encoding : str or Encoding
        S: a name among `qdl.nn.encoding.ENCODINGS`, or an encoding, whose own parameters all layers share. Encodings
        that prepare amplitudes need fresh wires and cannot be repeated.
    block : Circuit, str or path, optional
        W: a circuit or cell, all of whose Params are weights, tiled as a ring where it has fewer wires than the
        encoding. None turns each wire about z, y, z and entangles neighbours by a ring of CX.
    observables : Observable or sequence of Observable, optional
        Z on every wire unless given; one bare observable gives an output without its axis.
    init, device, dtype, **options
        As in `QuantumLayer`.

    Attributes
    ----------
    encoding : Encoding
    layer : QuantumLayer
        Its weights are ``layer.weights.theta``, in the order of the blocks.

    Raises
    ------
    QdlError
        If the encoding or the block does not fit.

    Examples
    --------
    >>> model = DataReuploading(2, layers=3)
    >>> model(torch.rand(5, 2)).shape, model.layer.weights.theta.shape
    (torch.Size([5, 2]), torch.Size([24]))
    """

    def __init__(
        self,
        features: int,
        layers: int = 1,
        encoding: str | Encoding = "angle",
        block: Circuit | str | Path | None = None,
        observables: Any = None,
        init: Any = None,
        *,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        self.layers = require_count("layers", layers)
        made = encoding_of(encoding, require_count("features", features), device=device, dtype=dtype)
        circuit = reuploaded(made.circuit, _block(block, made.wires), self.layers)
        read = [Z(wire) for wire in range(made.wires)] if observables is None else observables
        weights = [param.name for param in circuit.params if param.name == "theta"]
        self.encoding = made
        self.layer = QuantumLayer(circuit, read, weights, init, device=device, dtype=dtype, **options)

    @property
    def circuit(self) -> Circuit:
        """All layers."""
        return self.layer.circuit

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, features) -> (*batch, n_observables), or (*batch,)."""
        read: Tensor = self.layer(self.encoding.values(x))
        return read

    def extra_repr(self) -> str:
        return f"layers={self.layers}"


def reuploaded(encoding: Circuit, block: Circuit, layers: int) -> Circuit:
    """The block, then `layers` times the encoding and the block; each block with its own part of a Param ``theta``.

    Parameters
    ----------
    encoding, block : Circuit
        Of as many wires.
    layers : int

    Examples
    --------
    >>> x, theta = Param("x"), Param("theta")
    >>> reuploaded(Circuit(1).rz(x, 0), Circuit(1).ry(theta, 0), 2).operations
    (ry(theta[0]) 0, rz(x[0]) 0, ry(theta[1]) 0, rz(x[0]) 0, ry(theta[2]) 0)
    """
    if any(op.gate.name == "prepare" for op in encoding.operations):
        raise UnsupportedError(
            "an encoding that prepares amplitudes cannot be repeated",
            do="use one made of rotations, such as 'angle' or 'fourier'",
        )
    wires, angles = range(encoding.wires), sum(param.size for param in block.params)
    theta = list(Param("theta", angles * (layers + 1))) if angles else []
    circuit = Circuit(encoding.wires)
    for layer in range(layers + 1):
        if layer:
            circuit.append(encoding, wires, {param.name: param for param in encoding.params})
        circuit.append(block, wires, theta[layer * angles : (layer + 1) * angles] if angles else None)
    return circuit


def _block(block: Circuit | str | Path | None, wires: int) -> Circuit:
    """The trained part on that many wires."""
    if block is None:
        return _turns(wires)
    found = block if isinstance(block, Circuit) else cell(block)
    if found.wires > wires:
        expected = f"at most {wires}, as the encoding"
        raise CircuitError("the block is larger than the encoding", got=f"{found.wires} wires", expected=expected)
    return tile(found, wires=wires) if found.wires < wires else found


def _turns(wires: int) -> Circuit:
    theta, circuit = Param("theta", 3 * wires), Circuit(wires)
    for wire in range(wires):
        circuit.rz(theta[3 * wire], wire).ry(theta[3 * wire + 1], wire).rz(theta[3 * wire + 2], wire)
    for wire in range(wires if wires > 2 else wires - 1):
        circuit.cx(wire, (wire + 1) % wires)
    return circuit
