"""Other options for a model that is already built."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from torch import nn

from qdl.errors import ValuesError
from qdl.nn.seeds import derived

Model = TypeVar("Model", bound=nn.Module)
_KEEP: Any = object()


class Configurable(Protocol):
    """A module whose forward pass is planned under options: all that `configure` asks of it.

    Examples
    --------
    >>> from qdl.nn import QuantumConv2d
    >>> sorted(QuantumConv2d(1, 2, 3).reconfigured({"shots": 100}))
    ['_answer', 'options']
    """

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set, with a QdlError for what cannot be done."""
        ...


def configure(
    model: Model,
    *,
    engine: Any = _KEEP,
    shots: Any = _KEEP,
    noise: Any = _KEEP,
    grad: Any = _KEEP,
    seed: Any = _KEEP,
) -> Model:
    """Plan every quantum layer of a model again under other options; what is not named stays.

    A layer is quantum when its class is `Configurable`: it has a method ``reconfigured``.

    Parameters
    ----------
    model : nn.Module
        Changed in place; its weights are not.
    engine, shots, noise, grad, seed
        As for `qdl.compile`; ``engine="closed"`` is that of layers with a closed form. From an integer seed every layer
        gets its own.

    Returns
    -------
    nn.Module
        The model.

    Raises
    ------
    QdlError
        If a layer cannot do what is asked, or there is no quantum layer; then the model is as it was.

    Examples
    --------
    >>> import torch
    >>> from qdl.nn import QuantumConv2d
    >>> model = configure(nn.Sequential(QuantumConv2d(1, 2, 3), nn.Flatten()), shots=100, seed=1)
    >>> image = torch.rand(1, 1, 4, 4)
    >>> bool((model(image) == model(image)).all())
    True
    """
    named = {"engine": engine, "shots": shots, "noise": noise, "grad": grad, "seed": seed}
    changes = {name: value for name, value in named.items() if value is not _KEEP}
    layers = _configurable(model)
    if not layers:
        raise ValuesError("the model has no quantum layer", got=type(model).__name__)
    planned = []
    for index, layer in enumerate(layers):
        own = {**changes, "seed": derived(changes["seed"], index)} if "seed" in changes else changes
        planned.append(layer.reconfigured(own))
    for layer, attributes in zip(layers, planned, strict=True):
        for name, value in attributes.items():
            setattr(layer, name, value)
    return model


def _configurable(model: nn.Module) -> list[Configurable]:
    """By the class: a module that only passes on another's attributes, as `torch.compile` makes them, is not asked."""
    found: list[Any] = [layer for layer in model.modules() if hasattr(type(layer), "reconfigured")]
    return found
