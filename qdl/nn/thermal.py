"""A layer of interacting spins in thermal equilibrium, in fields that the input sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import networkx as nx
import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from qdl.errors import LayerError, UnsupportedError, ValuesError
from qdl.ir import Circuit, Observable, Param, Z
from qdl.nn.arguments import require_count, require_real
from qdl.nn.boltzmann.quantum import edges_of
from qdl.nn.forms import TwoForms
from qdl.nn.precision import outside_autocast, require_known_precision, require_precision
from qdl.nn.scale import require_finite
from qdl.physics.matrices.paulis import letters_of, words
from qdl.physics.thermal.gibbs import gibbs_state
from qdl.physics.thermal.ising import Ising

LARGEST_CIRCUIT = 8


class ThermalLayer(nn.Module, TwoForms):
    """Thermal averages of spins whose local fields are `torch.nn.Linear` of the input.

    rho(x) = e^{-H(x)/T}/Z,  H(x) = -sum_j (Wx + b)_j Z_j - sum_edges J_jk Z_j Z_k - sum_j G_j X_j,  y = tr(rho(x) O).

    The macroscopic counterpart of a measured layer (PHYSICS.md A10, A30): a neuron is a spin, its activation an average
    over all states of the layer. Without couplings and transverse field it is ``tanh(linear(x)/T)``; without the
    transverse field, a Boltzmann machine's hidden spins (*seed*; the form of the layer is *ours*).

    Parameters
    ----------
    in_features, out_features : int
        Numbers in, and spins: at most 12, classical ones 20.
    bias : bool
        Whether the fields have a constant part.
    graph : networkx.Graph, optional
        Its edges couple spins 0 ... out_features - 1. Left out, all couple to all; ``networkx.empty_graph(n)``, none.
    transverse : float or None
        What every G starts from. None leaves the transverse field out: the layer is then classical, and fast.
    temperature : float
        T, in units of the fields; above 0.
    observables : sequence of Observable, optional
        What is read: sums of Pauli words. Left out, Z of every spin.
    device, dtype
        Of the parameters; torch.float32 or float64.
    **options
        ``engine="closed"`` (default): traces of the density matrix. Any other engine (``"state"`` where
        shots or noise are asked for), with its options, prepares the purification sum_rs sqrt(rho)_rs |r>|s> on twice
        as many wires and measures on the first half.

    Attributes
    ----------
    weight, bias : Parameter, shapes (out_features, in_features) and (out_features,)
    coupling : Parameter, shape (edges,)
    transverse : Parameter, shape (out_features,), or None

    Raises
    ------
    QdlError
        When the layer is made, for arguments that make no sense; in ``forward``, for inputs of the wrong shape or
        precision.

    Examples
    --------
    >>> layer = ThermalLayer(16, 4, transverse=0.5)
    >>> layer(torch.rand(10, 16)).shape
    torch.Size([10, 4])
    """

    transverse: nn.Parameter | None
    bias: nn.Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        graph: nx.Graph | None = None,
        transverse: float | None = 1.0,
        temperature: float = 1.0,
        observables: Sequence[Observable] | None = None,
        device: Any = None,
        dtype: torch.dtype | None = None,
        **options: Any,
    ) -> None:
        super().__init__()
        require_known_precision(dtype)
        self.in_features = require_count("in_features", in_features)
        self.out_features = n = require_count("out_features", out_features)
        self.temperature = require_real("temperature", temperature, positive=True)
        self.edges = edges_of(graph, n)
        self.start = None if transverse is None else require_real("transverse field", transverse)
        listed = [Z(wire) for wire in range(n)] if observables is None else observables
        if not isinstance(listed, Sequence) or not all(isinstance(each, Observable) for each in listed):
            raise ValuesError("what is read makes no sense", got=repr(listed), expected="a list of observables")
        self.observables = tuple(listed)
        self._read = [letters_of(observable, n) for observable in self.observables]
        made = {"device": device, "dtype": dtype}
        self.weight = nn.Parameter(torch.empty(n, in_features, **made))
        self.register_parameter("bias", nn.Parameter(torch.empty(n, **made)) if bias else None)
        self.coupling = nn.Parameter(torch.empty(len(self.edges), **made))
        self.register_parameter("transverse", None if transverse is None else nn.Parameter(torch.empty(n, **made)))
        self._model(self.weight.new_zeros(n, device="meta")).require_size()
        self._observables = self.observables
        self._choose(options)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weight and bias as torch's Linear; couplings normal with deviation 0.1; the transverse field as told."""
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)
        if self.bias is not None:
            nn.init.uniform_(self.bias, -(self.in_features**-0.5), self.in_features**-0.5)
        nn.init.normal_(self.coupling, std=0.1)
        if self.transverse is not None and self.start is not None:
            nn.init.constant_(self.transverse, self.start)

    @property
    def circuit(self) -> Circuit:
        """What is measured: the purification's amplitudes, prepared on twice as many wires as there are spins."""
        n = self.out_features
        if n > LARGEST_CIRCUIT:
            expected = f"at most {LARGEST_CIRCUIT} spins, of {4**LARGEST_CIRCUIT} amplitudes"
            raise UnsupportedError("too many amplitudes for a circuit", got=f"{n} spins", expected=expected)
        return Circuit(2 * n).prepare(Param("amplitudes", 4**n), range(2 * n))

    @outside_autocast
    def forward(self, x: Tensor) -> Tensor:
        """(*batch, in_features) -> (*batch, observables)."""
        model = self._at(x)
        if self._compiled is not None:
            return self._run({"amplitudes": self._root(model).flatten(-2)})
        letters = list({word: None for read in self._read for word in read})
        table = words(letters, self.out_features, x.dtype, x.device)
        if model.transverse is None:
            diagonal = table.columns == torch.arange(table.columns.shape[-1], device=x.device)
            entries = torch.where(diagonal, table.entries, 0)
            found = model.probabilities() @ (entries.real if entries.is_complex() else entries).mT
        else:
            found = table.expectations(gibbs_state(model.hamiltonian(), validate=False))
        rows = [[read.get(word, 0.0) for word in letters] for read in self._read]
        return found @ torch.tensor(rows, dtype=x.dtype, device=x.device).mT

    @outside_autocast
    def state(self, x: Tensor) -> Tensor:
        """rho(x), (*batch, in_features) -> (*batch, 2**out_features, 2**out_features), real; spin 0 leads."""
        model = self._at(x)
        if model.transverse is None:
            return torch.diag_embed(model.probabilities())
        return gibbs_state(model.hamiltonian(), validate=False)

    @outside_autocast
    def free_energy(self, x: Tensor) -> Tensor:
        """-T ln Z(x), (*batch, in_features) -> (*batch,)."""
        return -self.temperature * self._at(x).log_partition()

    def _at(self, x: Tensor) -> Ising:
        if x.dim() == 0 or x.shape[-1] != self.in_features:
            expected = f"(*batch, {self.in_features})"
            raise LayerError("wrong shape for ThermalLayer", got=tuple(x.shape), expected=expected)
        require_precision(x, self)
        if self.options.get("validate", True):
            require_finite(x.detach().abs().sum())
        return self._model(linear(x, self.weight, self.bias))

    def _model(self, fields: Tensor) -> Ising:
        """In units of the temperature."""
        transverse = None if self.transverse is None else self.transverse / self.temperature
        return Ising(transverse, fields / self.temperature, self.coupling / self.temperature, self.edges)

    def _root(self, model: Ising) -> Tensor:
        """sqrt(rho) but for a factor."""
        if model.transverse is None:
            return torch.diag_embed(torch.softmax(-model.energies() / 2, -1))
        return gibbs_state(model.hamiltonian(), 0.5, validate=False)

    def extra_repr(self) -> str:
        parts = f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"
        physics = f"edges={len(self.edges)}, transverse={self.start}, temperature={self.temperature:g}"
        return f"{parts}, {physics}, outputs={len(self.observables)}, engine={self.engine}"
