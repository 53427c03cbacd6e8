"""A circuit as a torch module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import LayerError, ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.precision import outside_autocast, require_known_precision
from qdl.run import compile as plan


class QuantumLayer(nn.Module):
    """Expectation values of a circuit, some of whose Params are trained.

    Parameters
    ----------
    circuit : Circuit
    observables : Observable or sequence of Observable
        One bare observable gives an output without its axis.
    weights : sequence of str
        Names of the Params that the module owns, as ``weights.NAME`` in its state_dict. All others are inputs.
    init : callable, Tensor, number, mapping or None
        How weights start: a function that fills a tensor in place, such as `torch.nn.init.normal_`; values; or a
        mapping from names to either. None is uniform in [-pi, pi).
    **options
        ``device`` and ``dtype`` (torch.float32 or float64) of the weights, and the options of `qdl.compile`.

    Attributes
    ----------
    inputs : tuple of Param
        What ``forward`` takes, in order of first use.

    Raises
    ------
    ValuesError
        If a weight is not among the circuit's Params, or its initial values do not fit.

    Examples
    --------
    >>> import qdl
    >>> x, theta = qdl.Param("x", 2), qdl.Param("theta", 2)
    >>> circuit = qdl.Circuit(2).ry(x[0], 0).ry(x[1], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
    >>> layer = QuantumLayer(circuit, [qdl.Z(0), qdl.Z(1)])
    >>> layer(torch.rand(5, 2)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        circuit: Circuit,
        observables: Any,
        weights: Sequence[str] = ("theta",),
        init: Any = None,
        *,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        require_known_precision(dtype)
        self.circuit, self.observables, self.options = circuit, observables, options
        self.compiled = self._plan(options)
        self.circuit = self.compiled.circuit  # a copy, which does not grow with the user's
        params = {param.name: param for param in self.compiled.params}
        names = (weights,) if isinstance(weights, str) else tuple(weights)
        missing = [name for name in names if name not in params]
        if missing:
            raise ValuesError(
                "weights that the circuit does not use", got=missing, expected=list(params), do="pass weights=(...)"
            )
        self.inputs: tuple[Param, ...] = tuple(param for name, param in params.items() if name not in names)
        sizes = {name: params[name].size for name in names}
        if isinstance(init, Mapping) and not set(init) <= set(sizes):
            raise ValuesError("initial values for unknown weights", got=sorted(init), expected=sorted(sizes))
        self.weights = nn.ParameterDict()
        for name, size in sizes.items():
            self.weights[name] = nn.Parameter(torch.empty(size, device=device, dtype=dtype))
        self.reset_parameters(init)

    def _plan(self, options: dict[str, Any]) -> Any:
        return plan(self.circuit, self.observables, **options)

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Attributes under changed options, planned but not set: what `qdl.nn.configure` sets."""
        options = {**self.options, **changes}
        compiled = self._plan(options)
        known = {param.name for param in self.inputs} | set(self.weights)
        unknown = [param.name for param in compiled.params if param.name not in known]
        if unknown:
            raise ValuesError(
                "the noise has Params that the layer does not know",
                got=unknown,
                expected=sorted(known),
                do="build the layer with this noise, or give the noise numbers (NoiseModel.bind)",
            )
        return {"options": options, "compiled": compiled}

    def reset_parameters(self, init: Any = None) -> None:
        """New weights, by an `init` as the layer takes it."""
        for name, weight in self.weights.items():
            with torch.no_grad():
                _fill(name, weight, init.get(name) if isinstance(init, Mapping) else init)

    @outside_autocast
    def forward(self, *inputs: Tensor) -> Tensor:
        """One (*batch, size) tensor for each of `inputs` -> (*batch, n_observables), or (*batch,)."""
        if len(inputs) != len(self.inputs):
            raise LayerError(
                "wrong number of inputs", got=len(inputs), expected=f"{len(self.inputs)}: {self._names(self.inputs)}"
            )
        values = {param.name: value for param, value in zip(self.inputs, inputs, strict=True)}
        values |= self.weights
        # A strength that was trained is not needed while the noise is away.
        read: Tensor = self.compiled({param.name: values[param.name] for param in self.compiled.params})
        return read

    def extra_repr(self) -> str:
        return f"{self.circuit!r}, inputs: {self._names(self.inputs)}, engine={self.options.get('engine', 'state')}"

    @staticmethod
    def _names(params: Sequence[Param]) -> str:
        return ", ".join(f"{param.name}[{param.size}]" for param in params) or "none"


def _fill(name: str, weight: Tensor, start: Tensor | float | Callable[[Tensor], Any] | None) -> None:
    if start is None:
        weight.uniform_(-pi, pi)
    elif callable(start):
        start(weight)
    else:
        values = torch.as_tensor(start, dtype=weight.dtype, device=weight.device)
        if values.shape not in (weight.shape, torch.Size([])):
            raise ValuesError(
                f"initial values of {name!r} do not fit", got=tuple(values.shape), expected=tuple(weight.shape)
            )
        weight.copy_(values.expand_as(weight))
