"""What all encodings share: a circuit with one Param ``x``, the values that it takes, and the state that it leaves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.ir import Circuit
from qdl.nn.precision import outside_autocast, require_precision
from qdl.nn.scale import require, require_finite
from qdl.run.options import Options
from qdl.run.states import State

MARGIN = 1e-6


class Encoding(nn.Module, ABC):
    """Numbers to a quantum state.

    An encoding is used twice: as a module, whose output is the state, and as the first part of a circuit, by
    `QuantumNeuron`, the convolutions, `QCNN` and `DataReuploading`, which append ``circuit`` and bind its Param ``x``
    to ``values(x)``.

    Parameters
    ----------
    features : int
        How many numbers are encoded.
    circuit : Circuit
        With the one Param ``x``.
    engine : str
        ``"closed"``, the state's formula in plain torch; or an engine of `qdl.state`, which runs the circuit.
    **options
        Those of `qdl.state`, with an engine.

    Attributes
    ----------
    features, wires : int
    circuit : Circuit
    """

    def __init__(self, features: int, circuit: Circuit, engine: str = "closed", **options: Any) -> None:
        super().__init__()
        self.features, self.circuit, self.wires = features, circuit, circuit.wires
        self.engine, self.validate = engine, options.pop("validate", True)
        if engine == "closed" and options:
            raise UnsupportedError("the closed form has no options", got=sorted(options), do="name an engine")
        chosen = {"engine": engine, "validate": self.validate, **options}
        self._state = None if engine == "closed" else State(circuit, Options.make(chosen))

    def begin(self, wires: int) -> Circuit:
        """A circuit on this many wires that begins with the encoding, on the first of them."""
        params = {param.name: param for param in self.circuit.params}
        return Circuit(wires).append(self.circuit, range(self.wires), params)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, features) -> (*batch, 2**wires), complex, of norm 1, wire 0 being the most significant bit."""
        values = self.values(x)
        if self._state is None:
            return self.closed(values)
        state: Tensor = self._state({"x": values})
        return state

    def values(self, x: Tensor) -> Tensor:
        """What the circuit's Param ``x`` takes for an input, (*batch, features) -> (*batch, entries)."""
        if x.dim() == 0 or x.shape[-1] != self.features:
            expected = f"(*batch, {self.features})"
            raise LayerError(f"wrong shape for {type(self).__name__}", got=tuple(x.shape), expected=expected)
        require_precision(x, self)
        if self.validate and x.numel():
            self.check(x.detach())
        return self.entries(x)

    def check(self, x: Tensor) -> None:
        """Refuses numbers that cannot be encoded."""
        require_finite(x.abs().sum())

    def entries(self, x: Tensor) -> Tensor:
        """`values` of an input that has been checked; the numbers themselves unless said otherwise."""
        return x

    @abstractmethod
    def closed(self, values: Tensor) -> Tensor:
        """The state by its formula, (*batch, entries) -> (*batch, 2**wires)."""

    def extra_repr(self) -> str:
        return f"features={self.features}, wires={self.wires}, engine={self.engine}"


def require_margin(margin: float) -> float:
    """How close to a singular point derivatives are cut."""
    if not 0 <= margin < 0.5:
        raise ValuesError("the margin makes no sense", got=margin, expected="a number in [0, 0.5)")
    return float(margin)


def require_within(x: Tensor, low: float, high: float, do: str) -> None:
    """Refuses numbers outside a range by more than an earlier layer's rounding."""
    rounding = 1e-5 if x.element_size() == 4 else 1e-12
    require(
        ((x >= low - rounding) & (x <= high + rounding)).all(),
        "the input leaves the encoding's range",
        expected=f"numbers in [{low:g}, {high:g}]",
        do=do,
        got=lambda: f"numbers between {x.min():g} and {x.max():g}",
    )
