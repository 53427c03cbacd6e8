"""The perceptron of Tacchino et al.: how much a register of phases overlaps with another."""

from __future__ import annotations

from math import pi
from typing import Any, Self

import torch
from torch import Tensor, nn

from qdl.errors import ValuesError
from qdl.ir import Circuit, N, Param
from qdl.nn.arguments import require_known
from qdl.nn.forms import TwoForms
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.nn.scale import require, require_finite
from qdl.physics.overlaps import overlap, subset_phases

ENCODINGS = ("phase", "sign")


class TacchinoPerceptron(TwoForms, nn.Module):
    """A dense layer of overlaps, |sum_j i_j w_j*|^2 / m^2 for m = 2^n inputs held by n qubits.

    For signs i, w in {+-1}^m the output is |i.w|^2 / 4^n; i and -i cannot be told apart (PHYSICS.md A8). Signs have no
    gradient, so weights are phases, w_j = e^{i weight_j}, of which 0 and pi are the signs: that generalisation is ours
    here. (For inputs it is that of Mangini et al., arXiv:2007.14288.)

    Parameters
    ----------
    in_features : int
        m, a power of two.
    out_features : int
    encoding : {"phase", "sign"}
        ``"phase"``: i_j = e^{i pi x_j}, so that bits 0 and 1 are the signs + and -. ``"sign"``: i_j = x_j = +-1.
    device, dtype
        Of ``weight``, (out_features, in_features), in radians.
    **options
        ``engine`` (``"closed"`` unless said; with shots or noise ``"state"``), and the options of `qdl.compile`.

    Raises
    ------
    QdlError
        When the layer is made, for arguments that make no sense; in ``forward``, for an input that does not fit.

    Examples
    --------
    >>> layer = TacchinoPerceptron.from_signs(torch.tensor([[1.0, -1.0, -1.0, 1.0], [1.0, 1.0, 1.0, -1.0]]))
    >>> layer(torch.tensor([[1.0, -1.0, -1.0, 1.0], [-1.0, 1.0, 1.0, -1.0]]))
    tensor([[1.0000, 0.2500],
            [1.0000, 0.2500]], grad_fn=...)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        encoding: str = "phase",
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        for name, size in (("in_features", in_features), ("out_features", out_features)):
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise ValuesError(f"{name} makes no sense", got=repr(size), expected="a positive integer")
        if in_features < 2 or in_features & (in_features - 1):
            raise ValuesError(
                "a register holds a power of two of phases", got=in_features, do="fill the input up with zeros"
            )
        require_known("encoding of a perceptron", encoding, ENCODINGS)
        require_known_precision(dtype)
        self.in_features, self.out_features, self.encoding = in_features, out_features, encoding
        self._observables = N(in_features.bit_length() - 1)
        self._choose(options)
        self.weight = nn.Parameter(torch.empty(out_features, in_features, device=device, dtype=dtype))
        self.reset_parameters()

    @classmethod
    def from_signs(cls, signs: Tensor, encoding: str = "sign", **options: Any) -> Self:
        """A layer whose weights are given signs +-1, shape (out_features, in_features)."""
        if not isinstance(signs, Tensor) or signs.dim() != 2 or not bool((signs.abs() == 1).all()):
            got = f"shape {tuple(signs.shape)}" if isinstance(signs, Tensor) else f"a {type(signs).__name__}"
            raise ValuesError("weights must be signs", got=got, expected="a matrix of +-1")
        dtype = signs.dtype if signs.is_floating_point() else None
        out, size = signs.shape
        layer = cls(size, out, encoding=encoding, device=signs.device, dtype=dtype, **options)
        layer.weight.data.copy_(pi * (1 - signs) / 2)
        return layer

    @property
    def circuit(self) -> Circuit:
        """One input, ``x``, and one output's ``weight``, both phases; n wires and the ancilla that is read.

        The input's phases are put on an even superposition and those of the weight taken away; H and X then turn what
        is left of the even superposition into |1...1>, which flips the ancilla.
        """
        n = self.in_features.bit_length() - 1
        wires = list(range(n))
        circuit = Circuit(n + 1)
        for wire in wires:
            circuit.h(wire)
        for sign, param in ((1, Param("x", 2**n)), (-1, Param("weight", 2**n))):
            for subset, terms in enumerate(subset_phases(n)):
                within = [wire for wire in wires if subset >> (n - 1 - wire) & 1]
                if within:  # the phase of the empty set is a global one
                    angle = sum((sign * s * param[t] for t, s in terms[1:]), sign * terms[0][1] * param[0])
                    circuit.gate("p", angle, within[-1], controls=within[:-1])
        for wire in wires:
            circuit.h(wire).x(wire)
        return circuit.gate("x", n, controls=wires)

    def reset_parameters(self) -> None:
        """Phases uniform in [-pi, pi)."""
        nn.init.uniform_(self.weight, -pi, pi)

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, in_features) -> (*batch, out_features), in [0, 1]."""
        if x.dim() < 1 or x.shape[-1] != self.in_features:
            raise ValuesError("wrong number of features", got=f"shape {tuple(x.shape)}", expected=self.in_features)
        require_precision(x, self)
        phases = self._phases(x)
        if self._compiled is None:
            return overlap(phases, self.weight)
        return self._run({"x": phases[..., None, :], "weight": self.weight})

    def _phases(self, x: Tensor) -> Tensor:
        validate = self.options.get("validate", True)
        if self.encoding == "phase":
            if validate:
                require_finite(x.detach().abs().sum())
            return pi * x
        if validate:
            signs = (x.detach().abs() == 1).all()
            require(signs, "the input holds numbers that are no signs", expected="+-1", do='use encoding="phase"')
        return pi * (1 - x) / 2

    def extra_repr(self) -> str:
        sizes = f"in_features={self.in_features}, out_features={self.out_features}"
        return f"{sizes}, encoding={self.encoding}, engine={self.engine}"
