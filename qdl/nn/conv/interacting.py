"""What layers have in common that put an interaction in the place of a torch layer's products."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from qdl.errors import UnsupportedError
from qdl.ir import Circuit
from qdl.nn.conv.circuit import CircuitNeuron
from qdl.nn.conv.interaction import Interaction
from qdl.nn.encoding import Encoding, encoding_of


class Interacting(nn.Module):
    """Stands before torch's layer among the bases of a quantum one. Whoever has no coupling is a cell or a circuit."""

    KINDS: ClassVar[Mapping[str, type[Interaction]]]

    weight: Tensor
    bias: Any
    interaction: Any
    readout: Any
    encoding: Any
    options: dict[str, Any]
    _size: int
    _coupling: float | None
    _answer: Interaction | CircuitNeuron

    def _interact(
        self,
        size: int,
        outputs: int,
        groups: int,
        *,
        interaction: Any,
        coupling: float | None,
        readout: Any,
        encoding: str | Encoding | None,
        options: dict[str, Any],
        **factory: Any,
    ) -> None:
        """Plans how patches of a size are answered; a circuit's angles take the place of torch's weight."""
        self.interaction = interaction.copy() if isinstance(interaction, Circuit) else interaction
        self.readout, self.encoding, self.options, self._size = readout, encoding, options, size
        self._coupling = 0.5 if coupling is None else coupling
        if not isinstance(interaction, str) or interaction not in self.KINDS:
            if coupling is not None:
                got, do = f"coupling={coupling}", "leave coupling out"
                raise UnsupportedError("cells and circuits have no coupling", got=got, do=do)
            self._coupling = None
            self.encoding = encoding_of(encoding or "angle", size, options.get("validate", True), **factory)
        self._answer = self._plan(options)
        if isinstance(self._answer, CircuitNeuron):
            shape = (self._answer.neurons(outputs, groups), self._answer.angles)
            self.weight = nn.Parameter(torch.empty(shape, **factory))
            self.reset_parameters()

    def _plan(self, options: dict[str, Any]) -> Interaction | CircuitNeuron:
        """The answer under these options and the layer's own settings."""
        if self._coupling is None:
            return CircuitNeuron(self.encoding, self.interaction, self.readout, options)
        kind = self.KINDS[self.interaction]
        return kind(self._size, self._coupling, self.readout, self.encoding, self.bias is not None, options)

    @property
    def circuit(self) -> Circuit:
        """What is done to one patch, or input, for one output; for one neuron where its readout gives several.

        The translation's register depends on the image: see `qdl.nn.conv.translation_circuit`.
        """
        return self._answer.circuit

    @property
    def coupling(self) -> float:
        """g per unit of weight; not in the state_dict, and free to be set between passes."""
        if self._coupling is None or isinstance(self._answer, CircuitNeuron):
            raise AttributeError("cells and circuits have no coupling")
        return float(self._answer.coupling)

    @coupling.setter
    def coupling(self, value: float) -> None:
        before, self._coupling = self.coupling, value
        try:
            self._answer = self._plan(self.options)
        except Exception:
            self._coupling = before
            raise

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        return {"options": options, "_answer": self._plan(options)}

    def reset_parameters(self) -> None:
        """Torch's initial values; angles of a circuit uniform in [-pi, pi), its bias zero."""
        if self.__dict__.get("_coupling") is not None or "_answer" not in self.__dict__:
            super().reset_parameters()  # type: ignore[misc]
            return
        nn.init.uniform_(self.weight, -pi, pi)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def extra_repr(self) -> str:
        interaction = self.interaction if isinstance(self.interaction, str) else repr(self.interaction)
        return f"{super().extra_repr()}, interaction={interaction}, {self._answer}"

    @classmethod
    def _quantised(cls, layer: _ConvNd | nn.Linear, *sizes: Any, **options: Any) -> Self:
        """A layer of these arguments with the parameters of torch's, on the same device, in the same mode."""
        # Born on meta, so that torch's random numbers are not spent on values that are overwritten.
        made = cls(*sizes, "meta", layer.weight.dtype, **options).to_empty(device=layer.weight.device)
        for mine, theirs in zip(made.parameters(), layer.parameters(), strict=True):
            mine.data.copy_(theirs.detach())
            mine.requires_grad_(theirs.requires_grad)
        return made.train(layer.training)
