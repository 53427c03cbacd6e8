"""The detector layer changes between its series and its product without anybody noticing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from qdl.errors import ValuesError
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d
from qdl.nn.conv import responses as responses_module

LAYERS = {1: QuantumConv1d, 2: QuantumConv2d, 3: QuantumConv3d}
SIZES: list[dict[str, Any]] = [
    {},
    {"padding": 1, "stride": 2},
    {"padding": "same", "dilation": 2, "padding_mode": "circular"},
    {"groups": 2, "padding": 2, "padding_mode": "replicate", "bias": False},
]


def answers(layer: torch.nn.Module, x: Tensor) -> list[Tensor]:
    """Output and gradients of a fixed cotangent."""
    x = x.clone().requires_grad_()
    out = layer(x)
    torch.manual_seed(2)
    cotangent = torch.randn(out.shape, dtype=torch.float64).to(out.dtype)
    return [out.detach(), *torch.autograd.grad(out, [x, *layer.parameters()], cotangent)]


def made(dimension: int, largest: float, dtype: torch.dtype = torch.float64, **arguments: Any) -> torch.nn.Module:
    torch.manual_seed(3)
    layer = LAYERS[dimension](4, 6, 3, coupling=0.8, dtype=dtype, **arguments)
    with torch.no_grad():
        layer.weight.uniform_(-1, 1).mul_(largest / 0.8 / layer.weight.abs().max())
    return layer


def image(dimension: int, encoding: str = "signed") -> Tensor:
    torch.manual_seed(5)
    x = torch.randn(2, 4, *(7, 6, 5)[:dimension], dtype=torch.float64)
    x[0, 0] = torch.randint(-1, 2, x[0, 0].shape)
    return x if encoding == "signed" else x.abs().clamp(max=1)


@pytest.fixture
def by_product(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(layer: torch.nn.Module, x: Tensor) -> list[Tensor]:
        with monkeypatch.context() as patched:
            patched.setattr(responses_module, "series_for", lambda phase: None)
            return answers(layer, x)

    return run


@pytest.mark.parametrize("arguments", SIZES, ids=str)
@pytest.mark.parametrize("encoding", ["signed", "probability"])
@pytest.mark.parametrize("readout", ["linear", "excitation"])
@pytest.mark.parametrize("dimension", LAYERS)
def test_series_and_product_are_the_same_layer(
    dimension: int, readout: str, encoding: str, arguments: dict[str, Any], by_product: Any
) -> None:
    layer, x = made(dimension, 0.9, readout=readout, encoding=encoding, **arguments), image(dimension, encoding)
    for found, expected in zip(answers(layer, x), by_product(layer, x), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-11 * expected.abs().max().item(), rtol=0)


@pytest.mark.parametrize("largest", [0.05, 0.3, 0.6, 1.0, 1.4, 2.0, 2.4, 3.1])
def test_single_precision_is_the_product_in_double_precision(largest: float, by_product: Any) -> None:
    single = made(2, largest, torch.float32)
    x = image(2).float()
    found, expected = answers(single, x), by_product(single.double(), x.double())
    unit = image(2).abs().max().item() / 0.8  # what the linear readout makes of a sine of 1
    torch.testing.assert_close(found[0].double(), expected[0], atol=1e-5 * unit, rtol=0)
    for got, wanted in zip(found[1:], expected[1:], strict=True):
        torch.testing.assert_close(got.double(), wanted, atol=1e-5 * wanted.abs().max().item(), rtol=0)


def test_nothing_jumps_where_the_series_ends() -> None:
    x = image(2).float()
    below, above = (answers(made(2, 2.5 + step, torch.float32), x) for step in (-1e-6, 1e-6))
    for found, expected in zip(below, above, strict=True):
        torch.testing.assert_close(found, expected, atol=2e-5 * expected.abs().max().item(), rtol=0)


def test_a_kernel_that_does_not_fit_is_refused_on_the_series_too() -> None:
    with pytest.raises(ValuesError, match="does not fit"):
        made(2, 0.5, torch.float32)(torch.zeros(1, 4, 2, 7))


def test_a_frozen_layer_inside_a_transformed_function() -> None:
    """Nothing of the layer is transformed: its own inputs are plain tensors."""
    layer, x = made(2, 0.5), image(2)

    def loss(head: Tensor) -> Tensor:
        return (head * layer(x).detach().sum((2, 3))).square().sum()

    head = torch.randn(6, dtype=torch.float64)
    expected = 2 * head * layer(x).detach().sum((2, 3)).square().sum(0)
    torch.testing.assert_close(torch.func.grad(loss)(head), expected)
