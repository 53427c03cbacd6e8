"""Encodings that write amplitudes: one quantum on many sites, or many quanta in each mode."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.arguments import require_count
from qdl.nn.encoding.base import Encoding
from qdl.physics import amplitudes, coherent_state, padded_size, product_state


class AmplitudeEncoding(Encoding):
    """One quantum with the amplitudes x_i/|x| (PHYSICS.md A2b, *ours*), on log2 as many wires.

    The state is filled up with zeros to a power of two. Its norm is lost; `qdl.physics.amplitudes` gives it too. Zero
    input becomes the first basis state, with the gradient zero.

    Parameters
    ----------
    features : int
    **options
        See `Encoding`.

    Examples
    --------
    >>> AmplitudeEncoding(3)(torch.tensor([3.0, 0.0, -4.0])).real
    tensor([ 0.6000,  0.0000, -0.8000,  0.0000])
    """

    def __init__(self, features: int, **options: Any) -> None:
        size = padded_size(require_count("features", features))
        wires = size.bit_length() - 1
        super().__init__(features, Circuit(wires).prepare(Param("x", size), range(wires)), **options)

    def entries(self, x: Tensor) -> Tensor:
        return amplitudes(x)[0]

    def closed(self, values: Tensor) -> Tensor:
        return torch.complex(values, torch.zeros_like(values))


class CoherentEncoding(Encoding):
    """Modes in coherent states of amplitude alpha_i = x_i, <n_i> = x_i^2 (PHYSICS.md A2c, *ours*).

    A mode's number of quanta is written in binary on log2(levels) wires. What lies beyond the levels is cut off and the
    rest normalised: the number of quanta is then right up to about alpha^(2 levels)/levels!.

    Parameters
    ----------
    features : int
        Modes.
    levels : int
        0 to levels - 1 quanta per mode; a power of two.
    **options
        See `Encoding`.

    Examples
    --------
    >>> CoherentEncoding(2, levels=8)(torch.rand(5, 2)).shape
    torch.Size([5, 64])
    """

    def __init__(self, features: int, levels: int = 4, **options: Any) -> None:
        if require_count("levels", levels, least=2) & (levels - 1):
            raise ValuesError("levels must be a power of two", got=levels, expected="2, 4, 8, ...")
        self.levels, each = levels, levels.bit_length() - 1
        x = Param("x", require_count("features", features) * levels)
        circuit = Circuit(features * each)
        for i in range(features):
            circuit.prepare(x[i * levels : (i + 1) * levels], range(i * each, (i + 1) * each))
        super().__init__(features, circuit, **options)

    def entries(self, x: Tensor) -> Tensor:
        modes = coherent_state(x, self.levels)
        return (modes / modes.square().sum(-1, keepdim=True).sqrt()).flatten(-2)

    def closed(self, values: Tensor) -> Tensor:
        state = product_state(values.unflatten(-1, (self.features, self.levels)))
        return torch.complex(state, torch.zeros_like(state))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, levels={self.levels}"
