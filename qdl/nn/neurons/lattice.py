"""What the neurons share that look at one quantum on a lattice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from torch import Tensor, nn

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.precision import outside_autocast, require_precision
from qdl.nn.scale import require_finite
from qdl.physics import padded_size, wires_of


class LatticeNeuron(nn.Module, ABC):
    """A neuron that meets one quantum, spread over the last axes of the input.

    Parameters
    ----------
    size : int or sequence of int
        The lattice: the last axes of the input, as in `torch.nn.LayerNorm`.
    engine : str
        ``"closed"``, or an engine of `qdl.compile`, which runs ``circuit``. What has shots or noise is read off the
        circuit, by the engine ``"state"`` unless another is named.
    options : dict
        Those of `qdl.compile`.
    """

    circuit: Circuit
    compiled: Any

    def __init__(self, size: int | Sequence[int], options: dict[str, Any]) -> None:
        super().__init__()
        self.size = _lattice(size)
        self.padded = tuple(map(padded_size, self.size))
        self.options = options

    @property
    def axes(self) -> int:
        """How many of the input's axes are the lattice."""
        return len(self.size)

    @property
    def engine(self) -> Any:
        """The engine's name."""
        return self.options.get("engine", "closed")

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, *size) -> (*batch, ...): see the class."""
        if x.shape[-self.axes :] != self.size:
            sizes = ", ".join(map(str, self.size))
            got, expected = f"shape {tuple(x.shape)}", f"(*batch, {sizes})"
            raise LayerError(f"wrong shape for {type(self).__name__}", got=got, expected=expected)
        require_precision(x, self)
        if self.options.get("validate", True) and x.numel():
            self.check(x.detach())
        return self.read(x)

    def check(self, x: Tensor) -> None:
        """Refuses what is no wave function."""
        require_finite(x.abs().sum())

    @abstractmethod
    def read(self, x: Tensor) -> Tensor:
        """`forward` of an input that has been checked."""

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        return {"options": options, "compiled": self.plan(options)}

    def plan(self, options: dict[str, Any]) -> Any:
        """The circuit under these options; None for the closed form."""
        if options.get("engine", "closed") != "closed":
            return self.run(options)
        if options.get("shots") is not None or options.get("noise") is not None:
            return self.run({**options, "engine": "state"})
        refused = [
            f"{name}={value!r}"
            for name, value in options.items()
            if value is not None and name not in ("engine", "seed", "validate") and (name, value) not in _OWN
        ]
        if refused:
            raise UnsupportedError("the closed form is exact", got=refused, do="name an engine such as engine='state'")
        return None

    @abstractmethod
    def run(self, options: dict[str, Any]) -> Any:
        """The circuit as an engine runs it."""

    def lit(self, more: int = 0) -> tuple[Circuit, list[list[int]]]:
        """A circuit whose first wires hold the quantum, from a Param ``x``, and the wires along each axis.

        Parameters
        ----------
        more : int
            How many further wires there are.
        """
        along = wires_of(self.size)
        wires = sum(map(len, along))
        return Circuit(wires + more).prepare(Param("x", 2**wires), range(wires)), along

    def extra_repr(self) -> str:
        return f"size={self.size}, engine={self.engine}"


_OWN = (("grad", "auto"), ("grad", "autograd"))


def _lattice(size: int | Sequence[int]) -> tuple[int, ...]:
    listed = tuple(size) if isinstance(size, Sequence) else (size,)
    if not listed or not all(isinstance(n, Integral) and not isinstance(n, bool) and n >= 1 for n in listed):
        raise ValuesError("the size makes no sense", got=repr(size), expected="a positive integer or several")
    return tuple(map(int, listed))
