"""How a quantum moves: the momentum-measuring neuron."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from qdl.nn.arguments import require_count
from qdl.nn.neurons.lattice import LatticeNeuron
from qdl.nn.precision import require_known_precision
from qdl.physics import add_momentum, momentum_distribution, one_quantum
from qdl.run.options import Options
from qdl.run.outcomes import Probs


class MomentumNeuron(LatticeNeuron):
    """Measures the momentum of one quantum whose wave function is the input (PHYSICS.md A4, *seed*; formula *ours*).

    The input, normalised, holds the amplitudes of one quantum on the sites of a lattice. A Fourier transform turns
    sites into wave numbers k, which are measured: p(k) = |psi(k)|^2, the power spectrum. With ``out_features`` the
    neurons read observables that are diagonal in momentum, y_j = sum_k weight[j, k] p(k) + bias[j]. Neither changes
    when the input moves around the lattice.

    Parameters
    ----------
    size : int or sequence of int
        The lattice: the last axes of the input. An axis that is no power of two is filled up with zeros.
    out_features : int, optional
        None gives the spectrum itself.
    bias : bool
        Whether outputs have one.
    device, dtype
        Of the weights.
    engine : str
        ``"closed"``, a fast Fourier transform; or an engine of `qdl.probs`, which runs ``circuit``, the quantum Fourier
        transform. With ``shots`` the momentum is measured that often. What has shots or noise is read off the circuit,
        by the engine ``"state"`` unless another is named.
    **options
        ``grad``, ``shots``, ``noise``, ``seed``, ``validate``.

    Attributes
    ----------
    weight : Parameter, shape (out_features, *padded), or None
        The observables' eigenvalues. The spectrum of a real input is even, p(k) = p(-k), and sees the even part only.
    bias : Parameter, shape (out_features,), or None
    circuit : Circuit

    Notes
    -----
    ``forward`` takes (*batch, *size) and gives (*batch, out_features) or (*batch, *padded); channels are part of the
    batch, a quantum each. Zero input is a quantum on site 0, with the gradient zero. With shots, gradients are
    estimated from shots too.

    Examples
    --------
    >>> x = torch.rand(5, 3, 8, 8)
    >>> layer = MomentumNeuron((8, 8), 4)
    >>> y = layer(x)
    >>> y.shape, torch.allclose(layer(x.roll((2, 3), (-2, -1))), y, atol=1e-5)
    (torch.Size([5, 3, 4]), True)
    """

    weight: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(
        self,
        size: int | Sequence[int],
        out_features: int | None = None,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        require_known_precision(dtype)
        super().__init__(size)
        self._circuit, along = self.lit()
        for wires in along:
            add_momentum(self._circuit, wires)
        self._choose(options)
        self.out_features = None if out_features is None else require_count("out_features", out_features)
        self.register_parameter("weight", None)
        self.register_parameter("bias", None)
        if self.out_features is not None:
            self.weight = nn.Parameter(torch.empty(self.out_features, *self.padded, device=device, dtype=dtype))
            if bias:
                self.bias = nn.Parameter(torch.empty(self.out_features, device=device, dtype=dtype))
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Eigenvalues of normal distribution, no bias."""
        if self.weight is not None:
            nn.init.normal_(self.weight)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def _of_circuit(self, options: dict[str, Any]) -> Any:
        return Probs(self.circuit, range(self.circuit.wires), Options.make(options))

    def read(self, x: Tensor) -> Tensor:
        spectrum = self._spectrum(one_quantum(x, self.axes))
        if self.weight is None:
            return spectrum
        return nn.functional.linear(spectrum.flatten(-self.axes), self.weight.flatten(1), self.bias)

    def _spectrum(self, psi: Tensor) -> Tensor:
        if self._compiled is None:
            return momentum_distribution(psi, self.axes)
        return self._run({"x": psi.flatten(-self.axes)}).unflatten(-1, self.padded)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, out_features={self.out_features}, bias={self.bias is not None}"
