"""The detector interaction (PHYSICS.md A3a): number encoding, a biased detector qubit, two readouts."""

from __future__ import annotations

from math import pi
from typing import Any

from torch import Tensor

from qdl.ir import Circuit, Param, Z, cell
from qdl.nn.conv.interaction import Excitations, plus
from qdl.nn.conv.numbers import NumberCircuit, encoded
from qdl.nn.conv.patches import Windows
from qdl.nn.conv.responses import Exact, Response, closed


def detector_circuit(size: int, coupling: float, biased: bool = False) -> Circuit:
    """One patch and one output of PHYSICS.md A3a; -<Z> of the last wire is E sin(gW + b).

    Parameters
    ----------
    size : int
        Elements of the patch: wires 0 to size - 1. The detector is the last wire.
    coupling : float
        g, in radians per unit of weight.
    biased : bool
        Whether the detector is turned by a Param ``bias`` beforehand.

    Returns
    -------
    Circuit
        With the Params ``x`` (size probabilities), ``weight`` (size; the element's sign belongs to it) and ``bias``.
        The interaction exp(-i g/2 w n (x) Y) is the cell ``detector``.

    Examples
    --------
    >>> detector_circuit(2, 0.5)
    <Circuit: 3 wires, 5 gates, Params x[2], weight[2]>
    """
    circuit, weight = encoded(size, size + 1), Param("weight", size)
    circuit.ry(pi / 2 + Param("bias", 1)[0] if biased else pi / 2, size)
    interaction = cell("detector")
    for i in range(size):
        circuit.append(interaction, (i, size), [coupling * weight[i]])
    return circuit


class Detector(Excitations):
    """Every quantum turns the detector by an angle; read are E sin(gW)/g, or (1 + E sin(gW + b))/2."""

    NAME = "detector"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.respond = self._response()

    def _response(self) -> Exact | Response:
        if self.closed:
            return closed(self.options, self.coupling, wire=self.size)
        offset = "bias" if self.readout == "excitation" else None
        return NumberCircuit(self.circuit, -1.0 * Z(self.size), offset, self.options)

    @property
    def circuit(self) -> Circuit:
        """One patch and one output."""
        return detector_circuit(self.size, self.coupling, self.readout == "excitation")

    def answer(self, x: Tensor, windows: Windows, weight: Tensor, bias: Tensor | None) -> Tensor:
        """E sin(gW), or E sin(gW + b) where b is an angle."""
        offset = None
        if self.readout == "excitation":
            offset = weight.new_zeros(len(weight)) if bias is None else bias
        respond = self.respond
        if isinstance(respond, Exact):
            return respond.convolve(x, windows, self.coupling * weight, offset)
        by_group = weight.reshape(windows.groups, -1, self.size)
        turned = None if offset is None else offset.reshape(windows.groups, -1)
        return windows.answers(x, lambda patches: respond(patches, by_group, turned))

    def read(self, answer: Tensor, m: Tensor | None, bias: Tensor | None) -> Tensor:
        """The classical convolution plus O(g^2), or the excitation number in [0, 1]."""
        if self.readout == "excitation":
            return (1 + answer) / 2
        value = answer / self.coupling
        return plus(value if m is None else value * m, bias)
