"""What the neurons share that look at one quantum on a lattice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Integral

from torch import Tensor, nn

from qdl.errors import LayerError, ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.forms import TwoForms
from qdl.nn.precision import outside_autocast, require_precision
from qdl.nn.scale import require_finite
from qdl.physics import padded_size, wires_of


class LatticeNeuron(TwoForms, nn.Module, ABC):
    """A neuron that meets one quantum, spread over the last axes of the input.

    Parameters
    ----------
    size : int or sequence of int
        The lattice: the last axes of the input, as in `torch.nn.LayerNorm`.
    """

    _circuit: Circuit

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = _lattice(size)
        self.padded = tuple(map(padded_size, self.size))

    @property
    def axes(self) -> int:
        """How many of the input's axes are the lattice."""
        return len(self.size)

    @property
    def circuit(self) -> Circuit:
        """The quantum's wires, and what is done to them."""
        return self._circuit

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


def _lattice(size: int | Sequence[int]) -> tuple[int, ...]:
    listed = tuple(size) if isinstance(size, Sequence) else (size,)
    if not listed or not all(isinstance(n, Integral) and not isinstance(n, bool) and n >= 1 for n in listed):
        raise ValuesError("the size makes no sense", got=repr(size), expected="a positive integer or several")
    return tuple(map(int, listed))
