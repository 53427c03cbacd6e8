"""Losses. Unreduced they are layers whose answer has one value for each sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from qdl.errors import ValuesError
from qdl.nn import (
    FreeEnergyLoss,
    MaxEntDualLoss,
    ProbabilityCrossEntropyLoss,
    QuantumRelativeEntropyLoss,
    RelativeEntropyLoss,
)
from qdl.nn.losses.base import floating
from qdl.nn.precision import outside_autocast
from tests.nn.table import Row

Inputs = Callable[[torch.dtype], tuple[Tensor, ...]]
EACH: dict[str, Any] = {"reduction": "none"}


def distributions(*shape: int, count: int = 1) -> Inputs:
    def inputs(dtype: torch.dtype) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(1)
        return tuple(torch.randn(shape, dtype=dtype, generator=generator).softmax(1) for _ in range(count))

    return inputs


def classes(dtype: torch.dtype) -> tuple[Tensor, ...]:
    return (*distributions(3, 4)(dtype), torch.tensor([1, 3, 0]))


def multipliers(dtype: torch.dtype) -> tuple[Tensor, ...]:
    return torch.linspace(-1, 1, 12, dtype=dtype).reshape(4, 3), torch.linspace(0.1, 0.6, 12, dtype=dtype).reshape(4, 3)


def weighted(**factory: Any) -> ProbabilityCrossEntropyLoss:
    return ProbabilityCrossEntropyLoss(torch.tensor([1.0, 0.5, 2.0, 1.5], **factory), **EACH)


class OfMatrices(nn.Module):
    """Makes states of square matrices, which have no bounds to stay within."""

    @outside_autocast
    def forward(self, *matrices: Tensor) -> Tensor:
        return super().forward(*map(self.state, matrices))

    def state(self, a: Tensor) -> Tensor:
        floating("matrix", a)
        if a.shape[-2:] != (4, 4):
            raise ValuesError("no matrix", got=tuple(a.shape))
        turned = torch.view_as_complex(torch.stack((a, a.roll(1, -1)), -1))
        product = turned @ turned.mH + torch.eye(4, dtype=a.dtype, device=a.device)
        return product / product.diagonal(dim1=-2, dim2=-1).sum(-1).real[..., None, None]


class QuantumRelativeEntropyLossOfMatrices(OfMatrices, QuantumRelativeEntropyLoss):
    pass


class FreeEnergyLossOfMatrices(OfMatrices, FreeEnergyLoss):
    pass


def matrices(count: int) -> Inputs:
    def inputs(dtype: torch.dtype) -> tuple[Tensor, ...]:
        generator = torch.Generator().manual_seed(2)
        return tuple(torch.randn(3, 4, 4, dtype=dtype, generator=generator) for _ in range(count))

    return inputs


def hamiltonian(**factory: Any) -> FreeEnergyLoss:
    a = torch.arange(16.0).reshape(4, 4) / 10
    return FreeEnergyLossOfMatrices(a + a.T + 1j * (a - a.T), 0.7, **EACH, **factory)


ROWS = [
    Row("ProbabilityCrossEntropyLoss", weighted, classes),
    Row("ProbabilityCrossEntropyLoss-mean", ProbabilityCrossEntropyLoss, classes, factory=False, independent=False),
    Row("ProbabilityCrossEntropyLoss-images", partial(ProbabilityCrossEntropyLoss, **EACH),
        distributions(3, 4, 2, count=2), factory=False, unbatched=False),
    Row("RelativeEntropyLoss", partial(RelativeEntropyLoss, **EACH), distributions(3, 4, count=2), factory=False),
    Row("QuantumRelativeEntropyLoss", partial(QuantumRelativeEntropyLossOfMatrices, **EACH), matrices(2), factory=False,
        double_backward=False),
    Row("FreeEnergyLoss", partial(FreeEnergyLoss, [0.0, 1.0, -0.5, 2.0], 0.7, **EACH), distributions(3, 4)),
    Row("FreeEnergyLoss-matrix", hamiltonian, matrices(1)),
    Row("MaxEntDualLoss", partial(MaxEntDualLoss, torch.arange(15.0).sin().reshape(3, 5), **EACH), multipliers),
    Row("MaxEntDualLoss-matrices", partial(MaxEntDualLoss, [[[0, 1], [1, 0]], [[1, 0], [0, -1]], [[1, 1], [1, 0]]],
        **EACH), multipliers),
]  # fmt: skip
