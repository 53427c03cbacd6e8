"""The quantum Boltzmann machine as a module."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import networkx as nx
import torch
from torch import Tensor, nn

from qdl.errors import UnsupportedError, ValuesError
from qdl.nn.arguments import require_count, require_real
from qdl.nn.boltzmann.inputs import generator_of, require_states
from qdl.nn.precision import outside_autocast, require_known_precision
from qdl.physics.thermal.ising import Ising
from qdl.physics.thermal.units import UNITS


class QBM(nn.Module):
    """The quantum Boltzmann machine: spins in a transverse field, some of them visible.

    H = -sum_i G_i X_i - sum_i b_i Z_i - sum_edges w_ij Z_i Z_j,    P(v) = tr(|v><v| e^{-H})/Z.

    (Amin et al., Phys. Rev. X 8, 021050, arXiv:1601.02036, PHYSICS.md A10.) Visible states are spins -1 and +1,
    +1 being |0>: ``v = 1 - 2 * bits``. With G = 0 it is the classical Boltzmann machine.

    Parameters
    ----------
    visible, hidden : int
        Spins; the visible ones come first.
    graph : networkx.Graph, optional
        Its edges couple spins 0 ... visible + hidden - 1. Left out, all couple to all;
        ``networkx.complete_bipartite_graph(visible, hidden)`` is the restricted machine.
    transverse : float
        What every G starts from, in units of the temperature.
    device, dtype
        Of the parameters; torch.float32 or float64.

    Attributes
    ----------
    transverse, bias : Parameter, shape (visible + hidden,)
    weight : Parameter, shape (edges,)
    edges : tuple of pairs
        In the order of `weight`.

    Raises
    ------
    QdlError
        When the module is made, for arguments that make no sense; later, for inputs that are no spins, and for more
        than 12 spins in one matrix: all of them for `log_likelihood`, the hidden ones for `forward` and `free_energy`.

    Notes
    -----
    H does not commute with its derivatives: the exact gradient holds Duhamel's integral, which
    `qdl.physics.matrices.exponential` takes in closed form. `log_likelihood_bound` needs no such integral, and its
    clamped part none of the visible spins; but it knows the visible G through ln Z alone, and training by it drives
    them to zero.

    Examples
    --------
    >>> qbm = QBM(3, 2, transverse=0.5)
    >>> v = torch.tensor([[1.0, 1.0, -1.0], [-1.0, 1.0, 1.0]])
    >>> (-qbm.log_likelihood(v).mean()).backward()
    >>> bool((qbm.log_likelihood_bound(v) <= qbm.log_likelihood(v)).all())
    True
    """

    def __init__(
        self,
        visible: int,
        hidden: int = 0,
        *,
        graph: nx.Graph | None = None,
        transverse: float = 1.0,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_known_precision(dtype)
        self.visible, self.hidden = require_count("visible", visible), require_count("hidden", hidden, 0)
        units = visible + hidden
        self.edges = edges_of(graph, units)
        self.start = require_real("transverse field", transverse)
        made = {"device": device, "dtype": dtype}
        self.transverse = nn.Parameter(torch.empty(units, **made))
        self.bias = nn.Parameter(torch.empty(units, **made))
        self.weight = nn.Parameter(torch.empty(len(self.edges), **made))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Couplings normal with deviation 0.1, biases zero, the transverse field as the module was told."""
        nn.init.constant_(self.transverse, self.start)
        nn.init.zeros_(self.bias)
        nn.init.normal_(self.weight, std=0.1)

    @property
    def model(self) -> Ising:
        """The parameters with all formulas."""
        return Ising(self.transverse, self.bias, self.weight, self.edges)

    @outside_autocast
    def forward(self, v: Tensor) -> Tensor:
        """<Z> of the hidden spins while the visible ones are held, (*batch, visible) -> (*batch, hidden)."""
        if not self.hidden:
            raise UnsupportedError("no hidden spin to read", got="hidden=0", do="read log_likelihood or probabilities")
        self._require(v)
        return magnetisations(self.model.clamped(v)[0].probabilities())

    @outside_autocast
    def free_energy(self, v: Tensor) -> Tensor:
        """-ln tr e^{-H_v}, H_v = <v|H|v> on the hidden spins, (*batch, visible) -> (*batch,)."""
        self._require(v)
        hidden, energy = self.model.clamped(v)
        return energy - hidden.log_partition() if self.hidden else energy

    def log_partition(self) -> Tensor:
        """ln Z = ln tr e^{-H}, shape ()."""
        return self.model.log_partition()

    def probabilities(self) -> Tensor:
        """P(v) of all visible states, shape (2**visible,), the first being all +1."""
        return self._visible(self.model)

    def _visible(self, model: Ising) -> Tensor:
        return model.probabilities().unflatten(-1, (1 << self.visible, 1 << self.hidden)).sum(-1)

    @outside_autocast
    def log_likelihood(self, v: Tensor) -> Tensor:
        """ln P(v), exact, (*batch, visible) -> (*batch,); its negative mean is a loss."""
        self._require(v, exact=True)
        places = 1 << torch.arange(self.visible - 1, -1, -1, device=v.device)
        index = ((v.detach() < 0) * places).sum(-1)
        # In double precision, where what hardly ever happens has a logarithm still.
        wide = Ising(self.transverse.double(), self.bias.double(), self.weight.double(), self.edges)
        return self._visible(wide).log()[index].to(v.dtype)

    @outside_autocast
    def log_likelihood_bound(self, v: Tensor) -> Tensor:
        """ln tr e^{-H_v} - ln Z <= ln P(v), by Golden and Thompson, (*batch, visible) -> (*batch,)."""
        self._require(v, exact=True)
        return -self.free_energy(v) - self.log_partition()

    @torch.no_grad()
    def sample(self, count: int, *, seed: Any = None) -> Tensor:
        """Visible states drawn from P(v) itself, (count, visible)."""
        drawn = torch.multinomial(
            self.probabilities(),
            require_count("count", count),
            replacement=True,
            generator=generator_of(seed, self.bias.device),
        )
        places = torch.arange(self.visible - 1, -1, -1, device=drawn.device)
        return 1 - 2 * ((drawn.unsqueeze(-1) >> places) & 1).to(self.bias.dtype)

    def _require(self, v: Tensor, exact: bool = False) -> None:
        require_states(v, self.visible, UNITS["spin"], self, exact)

    def extra_repr(self) -> str:
        return f"visible={self.visible}, hidden={self.hidden}, edges={len(self.edges)}, transverse={self.start:g}"


def edges_of(graph: nx.Graph | None, units: int) -> tuple[tuple[int, int], ...]:
    """The edges of a graph over units 0 ... units - 1, all pairs without one."""
    if graph is None:
        return tuple(combinations(range(units), 2))
    if not isinstance(graph, nx.Graph) or graph.is_directed() or graph.is_multigraph():
        raise ValuesError("no graph of couplings", got=type(graph).__name__, expected="an undirected networkx.Graph")
    wrong = [node for node in graph.nodes if node not in range(units)]
    wrong += [node for node in graph.nodes if graph.has_edge(node, node)]
    if wrong:
        expected = f"nodes among 0 ... {units - 1}, none coupled to itself"
        raise ValuesError("a graph that does not fit the units", got=f"node {wrong[0]!r}", expected=expected)
    return tuple((int(min(edge)), int(max(edge))) for edge in graph.edges)


def magnetisations(probabilities: Tensor) -> Tensor:
    """<Z_i> from the probabilities of all states, (*batch, 2**units) -> (*batch, units)."""
    (found,) = UNITS["spin"].all_states(
        probabilities.shape[-1].bit_length() - 1, probabilities, probabilities.shape[-1]
    )
    return -probabilities @ found
