"""Encodings by interference: Hadamards, then phases of numbers and of products of two, repeated."""

from __future__ import annotations

from math import pi
from typing import Any

import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.ir import Circuit, Param
from qdl.nn.arguments import require_count
from qdl.nn.encoding.base import Encoding
from qdl.physics import parities, phase_map, words

PAIRS = ("full", "linear", "ring")


class _PhaseEncoding(Encoding):
    """(D H)^repetitions |0>; a subclass says what D holds for a number and for a pair of them."""

    first: tuple[int, ...]
    second: tuple[int, ...]
    parities: Tensor

    def __init__(self, features: int, repetitions: int, pairs: str, **options: Any) -> None:
        if pairs not in PAIRS:
            raise ValuesError("unknown pairs", got=repr(pairs), expected=" or ".join(map(repr, PAIRS)))
        self.repetitions, self.pairs = require_count("repetitions", repetitions), pairs
        among = words(require_count("features", features), pairs)
        circuit, x = Circuit(features), Param("x", features)
        for _ in range(self.repetitions):
            for wire in range(features):
                circuit.h(wire)
            for word in among:
                self.add(circuit, x, *word)
        super().__init__(features, circuit, **options)
        self.first, self.second = (tuple(word[k] for word in among[features:]) for k in (0, 1))
        closed = self.engine == "closed"
        table = torch.empty(len(among), 2**features, dtype=torch.float64) if closed else None
        self.register_buffer("parities", table, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The table of signs, which `torch.nn.Module.to_empty` forgets; there is nothing to train."""
        if self.engine == "closed":
            self.parities.copy_(parities(self.features, words(self.features, self.pairs)))

    @staticmethod
    def add(circuit: Circuit, x: Param, one: int, other: int | None = None) -> None:
        """The phase of one number or pair."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, repetitions={self.repetitions}, pairs={self.pairs}"


class IQPEncoding(_PhaseEncoding):
    """D(x) = exp(-i/2 sum_i x_i Z_i - i/2 sum_{i<j} x_i x_j Z_i Z_j), after Hadamards.

    Source: Havlicek et al., arXiv:1804.11326, and Bremner, Montanaro and Shepherd, arXiv:1504.07999 (memory), in the
    form of PennyLane's ``IQPEmbedding``; the cells ``iqp_1``, ``iqp_2`` and ``iqp_ring``.

    Parameters
    ----------
    features : int
        One wire each, in radians.
    repetitions : int
    pairs : {"full", "linear", "ring"}
        Which products of two numbers have a phase: all, those of neighbours, those of neighbours around the end too.
    **options
        See `Encoding`.

    Examples
    --------
    >>> IQPEncoding(3, repetitions=2)(torch.rand(5, 3)).shape
    torch.Size([5, 8])
    """

    def __init__(self, features: int, repetitions: int = 1, pairs: str = "full", **options: Any) -> None:
        super().__init__(features, repetitions, pairs, **options)

    @staticmethod
    def add(circuit: Circuit, x: Param, one: int, other: int | None = None) -> None:
        if other is None:
            circuit.rz(x[one], one)
        else:
            circuit.rzz(x[one] * x[other], one, other)

    def closed(self, values: Tensor) -> Tensor:
        angles = torch.cat((values, values[..., self.first] * values[..., self.second]), -1)
        return phase_map(-angles / 2 @ self.parities.to(angles.dtype), self.repetitions)


class ZZEncoding(_PhaseEncoding):
    """D(x) = exp(i sum_i x_i (1 - Z_i) + i sum_{i<j} (pi - x_i)(pi - x_j)(1 - Z_i Z_j)), after Hadamards.

    Source: Havlicek et al., arXiv:1804.11326 (memory), in the form of Qiskit's ``zz_feature_map``; the cells ``zz`` and
    ``zz_linear``.

    Parameters
    ----------
    features : int
        One wire each, in [0, 2 pi).
    repetitions : int
    pairs : {"full", "linear", "ring"}
        As in `IQPEncoding`.
    **options
        See `Encoding`.

    Examples
    --------
    >>> ZZEncoding(3)(torch.rand(5, 3)).shape
    torch.Size([5, 8])
    """

    def __init__(self, features: int, repetitions: int = 2, pairs: str = "full", **options: Any) -> None:
        super().__init__(features, repetitions, pairs, **options)

    @staticmethod
    def add(circuit: Circuit, x: Param, one: int, other: int | None = None) -> None:
        if other is None:
            circuit.p(2 * x[one], one)
        else:
            circuit.cx(one, other).p(2 * (pi - x[one]) * (pi - x[other]), other).cx(one, other)

    def closed(self, values: Tensor) -> Tensor:
        left = pi - values
        angles = torch.cat((values, left[..., self.first] * left[..., self.second]), -1)
        return phase_map(angles @ (1 - self.parities.to(angles.dtype)), self.repetitions)
