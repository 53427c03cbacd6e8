"""The quantum neuron as a dense layer."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.nn.arguments import require_count
from qdl.nn.conv.interacting import Interacting
from qdl.nn.conv.layers import INTERACTIONS
from qdl.nn.conv.patches import Windows
from qdl.nn.encoding import Encoding
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision

# A dense layer is a convolution of one position, whose channels are the features.
_EVERYTHING = Windows((1,), (1,), (0,), (1,), 1, "zeros")


class QuantumNeuron(Interacting, nn.Linear):
    """`torch.nn.Linear` made of quantum neurons: each is a quantum system that answers the incoming wave function.

    y_j = Tr[U_j (rho_x (x) |0><0|_j) U_j^+ O_j], where rho_x is the encoded input, U_j = exp(-i H_j) the neuron's
    interaction with it and O_j what is measured (PHYSICS.md A1, *seed*; formula *ours*).

    Parameters
    ----------
    in_features, out_features, bias, device, dtype
        As in `torch.nn.Linear`, with the same names, shapes and initial values of ``weight`` and ``bias``.
    interaction : str, path or Circuit
        ``"detector"``, ``"exchange"``, ``"displaced"``: as in `QuantumConv2d`, with closed forms for any number of
        features. Else a cell's name, a path to one, or a circuit all of whose Params are weights: on one wire more than
        the encoding, the last wire being the neuron's own, in |0>; on as many; or on fewer, then tiled. Its ``weight``
        has the shape (neurons, angles).
    coupling : float, optional
        The named interactions' g, per unit of weight; 0.5 unless given.
    readout : str, Observable or sequence of Observable, optional
        Named interactions: ``"linear"`` (default) or ``"excitation"``, as in `QuantumConv2d`. Circuits: Z of the
        neuron's own wire (without one, of the first) unless given, ``"all"`` for Z of every wire, or observables; with
        k of them there are out_features / k neurons.
    encoding : str or Encoding, optional
        Named interactions: as in `QuantumConv2d`. Circuits: a name among `qdl.nn.encoding.ENCODINGS` (``"angle"``
        unless given) or an encoding, whose parameters are trained with the layer's.
    **options
        ``engine`` (``"closed"`` unless said for named interactions), ``grad``, ``shots``, ``noise``, ``seed``,
        ``validate``; for tiled cells ``pattern="ring"``, ``layers=1``, ``share="none"``.

    Raises
    ------
    QdlError
        When the layer is made, for arguments that make no sense; in ``forward``, for inputs of the wrong shape,
        precision or range.

    Examples
    --------
    >>> QuantumNeuron(20, 3)(torch.rand(5, 20)).shape
    torch.Size([5, 3])
    >>> QuantumNeuron(2, 3, interaction="su4", encoding="iqp")(torch.rand(5, 2)).shape
    torch.Size([5, 3])
    """

    KINDS = {name: kind for name, kind in INTERACTIONS.items() if name != "translation"}  # noqa: RUF012

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
        *,
        interaction: Any = "detector",
        coupling: float | None = None,
        readout: Any = None,
        encoding: str | Encoding | None = None,
        **options: Any,
    ) -> None:
        require_known_precision(dtype)
        sizes = (require_count("in_features", in_features), require_count("out_features", out_features))
        super().__init__(*sizes, bias, device, dtype)
        if isinstance(interaction, str) and interaction == "translation":
            raise UnsupportedError("a translation needs a place to go", got=repr(interaction), do="use a QuantumConv")
        self._interact(
            in_features,
            out_features,
            1,
            interaction=interaction,
            coupling=coupling,
            readout=readout,
            encoding=encoding,
            options=options,
            device=device,
            dtype=dtype,
        )

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, in_features) -> (*batch, out_features); each row is a sample of its own."""
        if x.dim() == 0 or x.shape[-1] != self.in_features:
            expected = f"(*batch, {self.in_features})"
            raise LayerError("wrong shape for QuantumNeuron", got=tuple(x.shape), expected=expected)
        require_precision(x, self)
        rows = x.reshape(-1, self.in_features, 1)
        weight = self.weight if self._coupling is None else self.weight[..., None]
        return self._answer(rows, _EVERYTHING, weight, self.bias).reshape(*x.shape[:-1], self.out_features)

    @classmethod
    def from_linear(cls, linear: nn.Linear, coupling: float = 0.05, **options: Any) -> Self:
        """A trained classical layer, quantised: the same weights, the answer equal up to a term of order coupling^2.

        Parameters
        ----------
        linear : torch.nn.Linear
            Copied from, left alone.
        coupling : float
            g, in radians per unit of weight.
        **options
            Further keyword arguments of the layer.

        Examples
        --------
        >>> linear, x = torch.nn.Linear(10, 4), torch.randn(5, 10)
        >>> torch.allclose(QuantumNeuron.from_linear(linear, coupling=0.01)(x), linear(x), atol=1e-3)
        True
        """
        if not isinstance(linear, nn.Linear):
            raise ValuesError("not a layer to quantise", got=type(linear).__name__, expected="torch.nn.Linear")
        sizes = (linear.in_features, linear.out_features, linear.bias is not None)
        return cls._quantised(linear, *sizes, coupling=coupling, **options)
