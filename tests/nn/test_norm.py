"""Normalisations: torch's batch normalisation to the last digit, and probabilities that add up."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from qdl.errors import QdlError
from qdl.nn import BornNorm, Gibbs, QuantumNorm1d, QuantumNorm2d, QuantumNorm3d

PAIRS = [
    (QuantumNorm1d, nn.BatchNorm1d, (6, 3)),
    (QuantumNorm1d, nn.BatchNorm1d, (4, 3, 5)),
    (QuantumNorm2d, nn.BatchNorm2d, (4, 3, 5, 2)),
    (QuantumNorm3d, nn.BatchNorm3d, (2, 3, 2, 3, 2)),
]
SETTINGS: list[dict[str, Any]] = [
    {},
    {"momentum": 0.7, "eps": 1e-2},
    {"momentum": None},
    {"affine": False},
    {"track_running_stats": False},
]


def trained(layer: nn.Module, shape: tuple[int, ...], dtype: torch.dtype) -> list[torch.Tensor]:
    """Outputs, gradients and statistics of four batches in training and two in evaluation."""
    torch.manual_seed(0)
    found = []
    for k in range(6):
        layer.train(k < 4)
        x = (3 + (k + 1) * torch.randn(shape, dtype=dtype)).requires_grad_()
        z = layer(x)
        weights = torch.randn_like(z)
        found += [z, *torch.autograd.grad((z * weights).sum(), (x, *layer.parameters()))]
        found += [t.clone().to(dtype) for t in layer.buffers()]
    return found


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize(("mine", "theirs", "shape"), PAIRS)
def test_quantum_norm_is_batch_norm(mine: Any, theirs: Any, shape: Any, settings: Any, dtype: torch.dtype) -> None:
    one, other = mine(3, dtype=dtype, **settings), theirs(3, dtype=dtype, **settings)
    for layer in (one, other):
        for k, parameter in enumerate(layer.parameters()):
            nn.init.constant_(parameter, 1.5 + k)
    bound = 1e-5 if dtype == torch.float32 else 1e-12
    for a, b in zip(trained(one, shape, dtype), trained(other, shape, dtype), strict=True):
        torch.testing.assert_close(a, b, rtol=bound, atol=bound)


def test_checkpoints_are_exchanged() -> None:
    theirs = nn.BatchNorm2d(3)
    theirs(2 + torch.randn(4, 3, 5, 5))
    mine = QuantumNorm2d(3)
    mine.load_state_dict(theirs.state_dict())
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(mine.eval()(x), theirs.eval()(x))
    theirs.load_state_dict(mine.state_dict())
    torch.testing.assert_close(mine.zero_point, theirs.running_mean)
    torch.testing.assert_close(mine.fluctuation, (theirs.running_var + 1e-5).sqrt())


def test_second_derivatives_through_running_statistics() -> None:
    torch.manual_seed(1)
    for training in (True, False):
        layer = QuantumNorm1d(2, dtype=torch.float64).train(training)
        x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradgradcheck(layer, x)


def test_bad_input_is_refused_and_leaves_the_statistics() -> None:
    layer = QuantumNorm2d(3)
    before = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    for x in (torch.rand(2, 3, 4), torch.rand(2, 4, 4, 4), torch.rand(1, 3, 1, 1), torch.rand(2, 3, 4, 4).double()):
        with pytest.raises(QdlError):
            layer(x)
    with pytest.raises(QdlError, match=r"torch\.func"):
        torch.func.grad(lambda x: layer(x).sum())(torch.rand(2, 3, 4, 4))
    assert all(torch.equal(tensor, before[name]) for name, tensor in layer.state_dict().items())
    layer.eval()
    torch.func.grad(lambda x: layer(x).sum())(torch.rand(2, 3, 4, 4))


@pytest.mark.parametrize("dim", [0, 1, -1, -2])
def test_born_and_gibbs_along_any_axis(dim: int) -> None:
    x = torch.randn(3, 5, 4).double()
    torch.testing.assert_close(BornNorm(dim)(x), nn.functional.normalize(x, dim=dim))
    torch.testing.assert_close(BornNorm(dim, "probability")(x).sum(dim), torch.ones_like(x.sum(dim)))
    torch.testing.assert_close(Gibbs(dim, 0.3)(x), (x / 0.3).softmax(dim))
    torch.testing.assert_close(Gibbs(dim, 1e-6)(x), Gibbs(dim, 0.0)(x))


def test_extremes_of_born_and_gibbs() -> None:
    zero, tiny = torch.zeros(3), torch.tensor([3e-30, 4e-30, 0.0])
    assert torch.equal(BornNorm()(zero), torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(BornNorm()(tiny), torch.tensor([0.6, 0.8, 0.0]))
    assert torch.equal(Gibbs()(torch.tensor([1e30, 0.0])), torch.tensor([1.0, 0.0]))
    for bad in (BornNorm(3), Gibbs(-3)):
        with pytest.raises(QdlError, match="axis"):
            bad(torch.rand(2, 2))
    for kind in (BornNorm, Gibbs):
        for dim in ("last", 1.5, None):
            with pytest.raises(QdlError, match="axis"):
                kind(dim)
    with pytest.raises(QdlError):
        BornNorm(readout="phase")
