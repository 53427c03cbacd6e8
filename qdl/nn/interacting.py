"""What layers have in common that put an interaction in the place of a torch layer's products."""

from __future__ import annotations

from abc import abstractmethod
from math import pi
from typing import Any, Protocol, Self

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from qdl.ir import Circuit


class Answer(Protocol):
    """How such a layer comes by its outputs, planned: a named interaction, or any circuit."""

    @property
    def circuit(self) -> Circuit: ...


class Interacting(nn.Module):
    """Stands before torch's layer among the bases of a quantum one. Whoever has no coupling is a cell or a circuit."""

    weight: Tensor
    bias: Any
    interaction: Any
    options: dict[str, Any]
    _coupling: float | None
    _answer: Any

    @abstractmethod
    def _plan(self, options: dict[str, Any]) -> Answer:
        """The answer under these options and the layer's own settings."""

    @property
    def coupling(self) -> float:
        """g per unit of weight; not in the state_dict, and free to be set between passes."""
        if self._coupling is None:
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
