"""Every cell is a kernel of a quantum convolution: one pass forward, one back."""

from __future__ import annotations

import pytest
import torch

from qdl.ir import cell, cells
from qdl.nn import QuantumConv1d, QuantumConv2d


# "detector" as an interaction is the layer of that name, which has no cell.
@pytest.mark.parametrize("name", [name for name in cells() if name != "detector"])
def test_every_cell_is_a_kernel(name: str) -> None:
    torch.manual_seed(1)
    made = cell(name)
    kind, shape = (QuantumConv2d, (2, 1, 3, 3)) if made.wires == 4 else (QuantumConv1d, (2, 1, 3))
    layer = kind(1, made.wires, 2, interaction=name, readout="all", dtype=torch.float64)
    x = torch.rand(shape, dtype=torch.float64, requires_grad=True)
    out = layer(x)
    assert out.shape == ((2, 2, 2) if made.wires == 2 else (2, 4, 2, 2))
    assert layer.weight.shape == (1, made.params[0].size)
    (out * torch.rand_like(out)).sum().backward()
    for grad in (x.grad, layer.weight.grad):
        assert grad is not None
        assert torch.isfinite(grad).all()
    assert x.grad is not None
    assert x.grad.abs().max() > 1e-4


@pytest.mark.parametrize("name", [f"hur_{k}" for k in range(1, 10)])
def test_cells_of_two_wires_are_tiled_over_a_patch_of_four(name: str) -> None:
    layer = QuantumConv2d(1, 1, 2, interaction=name, pattern="brick", share="layer")
    assert layer.weight.shape == (1, cell(name).params[0].size)
    layer(torch.rand(1, 1, 3, 3)).sum().backward()
    assert layer.weight.grad is not None
    assert torch.isfinite(layer.weight.grad).all()
