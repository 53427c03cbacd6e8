"""Encodings whose frequencies are trained."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from qdl.ir import Circuit, Param
from qdl.nn.arguments import require_count
from qdl.nn.encoding.base import MARGIN, Encoding, require_margin, require_within
from qdl.nn.precision import require_known_precision
from qdl.physics import chebyshev_angles, product_state, rotated


class FourierEncoding(Encoding):
    """Trained frequencies: RY(frequency[i, k] x_i) on the k-th wire of feature i, <Z> = cos(frequency x).

    Behind such an encoding every expectation value is a Fourier series in x whose frequencies are sums and differences
    of the encoding's; here they are parameters, as in Jaderberg et al., arXiv:2309.03279 (source, abstract). They start
    at 1, 2, ..., copies.

    Parameters
    ----------
    features : int
    copies : int
        Wires of each feature, with a frequency each.
    device, dtype
        Of ``frequency``.
    **options
        See `Encoding`.

    Attributes
    ----------
    frequency : Parameter, shape (features, copies)
        In radians per unit of x.

    Examples
    --------
    >>> encoding = FourierEncoding(1, copies=2)
    >>> encoding.frequency.tolist(), encoding(torch.rand(5, 1)).shape
    ([[1.0, 2.0]], torch.Size([5, 4]))
    """

    def __init__(
        self, features: int, copies: int = 1, device: Any = None, dtype: torch.dtype | None = None, **options: Any
    ) -> None:
        require_known_precision(dtype)
        wires = require_count("features", features) * require_count("copies", copies)
        x = Param("x", wires)
        circuit = Circuit(wires)
        for wire in range(wires):
            circuit.ry(x[wire], wire)
        super().__init__(features, circuit, **options)
        self.frequency = nn.Parameter(torch.empty(features, copies, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The frequencies 1, 2, ..., copies for each feature."""
        with torch.no_grad():
            self.frequency.copy_(torch.arange(1, self.frequency.shape[1] + 1).expand_as(self.frequency))

    def entries(self, x: Tensor) -> Tensor:
        return (self.frequency * x[..., None]).flatten(-2)

    def closed(self, values: Tensor) -> Tensor:
        return product_state(rotated(values, "y"))


class ChebyshevEncoding(FourierEncoding):
    """Chebyshev polynomials: RY(frequency[i, k] arccos x_i), so that <Z> = T_k(x) at the whole frequency k.

    Source: the Chebyshev tower of Kyriienko, Paine and Elfving, arXiv:2011.10395 (memory), with frequencies that are
    trained.

    Parameters
    ----------
    features : int
        In [-1, 1].
    copies : int
        Wires of each feature, with the frequencies 1, 2, ..., copies at the start.
    margin : float
        Closer to -1 and 1 than this, the derivative of arccos, which is infinite at the ends, is given as zero. The
        state is exact.
    device, dtype
        Of ``frequency``.
    **options
        See `Encoding`.

    Examples
    --------
    >>> ChebyshevEncoding(1)(torch.tensor([-1.0])).detach().real.round()
    tensor([-0., 1.])
    """

    def __init__(
        self,
        features: int,
        copies: int = 1,
        margin: float = MARGIN,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        self.margin = require_margin(margin)
        super().__init__(features, copies, device, dtype, **options)

    def check(self, x: Tensor) -> None:
        require_within(x, -1, 1, "rescale the input, for example by tanh")

    def entries(self, x: Tensor) -> Tensor:
        return super().entries(chebyshev_angles(x, self.margin))
