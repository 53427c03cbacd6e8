"""The Ising model in a transverse field, on any graph: what quantum Boltzmann machines and thermal layers share.

    H = -sum_i G_i X_i - sum_i b_i Z_i - sum_edges w_ij Z_i Z_j

(Amin, Andriyash, Rolfe, Kulchytskyy and Melko 2018, PHYSICS.md A10.) Z = +1 is the state |0>; unit 0 is the most
significant bit of an index. The matrix is real. Without a transverse field it is diagonal, and the model classical.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from qdl.errors import UnsupportedError
from qdl.physics.matrices.paulis import words
from qdl.physics.thermal.gibbs import gibbs_state, log_partition
from qdl.physics.thermal.units import UNITS

Edges = Sequence[tuple[int, int]]
LARGEST = 12  # qubits whose Hamiltonian is a dense matrix
LARGEST_CLASSICAL = 20  # spins whose states are enumerated


class Ising(NamedTuple):
    """The parameters of the model; leading dimensions of `bias` are a batch.

    Attributes
    ----------
    transverse : Tensor, shape (units,), or None
        G, in units of the temperature like all others.
    bias : Tensor, shape (*batch, units)
    weight : Tensor, shape (edges,)
    edges : sequence of pairs of units
    """

    transverse: Tensor | None
    bias: Tensor
    weight: Tensor
    edges: Edges

    @property
    def units(self) -> int:
        return self.bias.shape[-1]

    def hamiltonian(self) -> Tensor:
        """The matrix, shape (*batch, 2**units, 2**units).

        Raises
        ------
        UnsupportedError
            For more than 12 units.
        """
        self.require_size()
        letters = [[(i, "Z")] for i in range(self.units)] + [[(i, "Z"), (j, "Z")] for i, j in self.edges]
        parts = [self.bias, self._batched(self.weight)]
        if self.transverse is not None:
            letters += [[(i, "X")] for i in range(self.units)]
            parts.append(self._batched(self.transverse))
        table = words(letters, self.units, self.bias.dtype, self.bias.device)
        return table.sum(-torch.cat(parts, -1))

    def energies(self) -> Tensor:
        """Those of all states of the classical model, in order of the index, shape (*batch, 2**units)."""
        self.require_size()
        (found,) = UNITS["spin"].all_states(self.units, self.bias, 1 << self.units)
        s = -found  # the first state is |0...0>, all spins +1
        return -self.bias @ s.mT - self._bonds(s) @ self.weight

    def log_partition(self) -> Tensor:
        """ln tr e^{-H}, shape (*batch,)."""
        if self.transverse is None:
            return (-self.energies()).logsumexp(-1)
        return log_partition(self.hamiltonian(), validate=False)

    def probabilities(self) -> Tensor:
        """<s|e^{-H}|s>/Z of all states s, shape (*batch, 2**units)."""
        if self.transverse is None:
            return torch.softmax(-self.energies(), -1)
        return gibbs_state(self.hamiltonian(), validate=False).diagonal(dim1=-2, dim2=-1)

    def clamped(self, v: Tensor) -> tuple[Ising, Tensor]:
        """What the other units see when the first ones are held, and the energy of those alone.

        H_v = <v|H|v> for spins v = +-1; for numbers between them the fields are those of means.

        Parameters
        ----------
        v : Tensor, shape (*batch, visible)

        Returns
        -------
        Ising
            Of the other units, its `bias` of shape (*batch, units - visible).
        Tensor, shape (*batch,)
        """
        seen = v.shape[-1]
        inner = [k for k, (i, j) in enumerate(self.edges) if min(i, j) >= seen]
        hidden = [(self.edges[k][0] - seen, self.edges[k][1] - seen) for k in inner]
        coupling = self._matrix()
        bias = self.bias[seen:] + v @ coupling[:seen, seen:]
        energy = -(v * self.bias[:seen]).sum(-1) - ((v @ coupling[:seen, :seen]) * v).sum(-1) / 2
        transverse = None if self.transverse is None else self.transverse[seen:]
        return Ising(transverse, bias, self.weight[inner], hidden), energy

    def _matrix(self) -> Tensor:
        """The couplings as a symmetric matrix, shape (units, units)."""
        n = self.units
        places = [i * n + j for i, j in self.edges] + [j * n + i for i, j in self.edges]
        index = torch.tensor(places, dtype=torch.int64, device=self.weight.device)
        return self.weight.new_zeros(n * n).index_add(0, index, torch.cat([self.weight] * 2)).unflatten(0, (n, n))

    def _bonds(self, s: Tensor) -> Tensor:
        """s_i s_j on every edge, shape (states, edges)."""
        ends = torch.tensor(list(self.edges), dtype=torch.int64, device=s.device).reshape(-1, 2)
        return s[:, ends[:, 0]] * s[:, ends[:, 1]]

    def _batched(self, shared: Tensor) -> Tensor:
        return shared.expand(*self.bias.shape[:-1], shared.shape[-1])

    def require_size(self) -> None:
        """Refuses what has too many states."""
        largest, what = (LARGEST, "qubits") if self.transverse is not None else (LARGEST_CLASSICAL, "classical spins")
        if self.units > largest:
            raise UnsupportedError(
                "too many states",
                got=f"{self.units} units",
                expected=f"at most {largest} {what}",
                do="take fewer units" if self.transverse is None else "take fewer units, or no transverse field",
            )
