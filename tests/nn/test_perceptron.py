"""The perceptron of overlaps: its circuit, its signs, and that it learns."""

from __future__ import annotations

from math import pi

import pytest
import torch

from qdl.errors import QdlError
from qdl.nn import TacchinoPerceptron, configure


@pytest.mark.parametrize("size", [2, 4, 8, 16])
def test_closed_form_and_circuit_agree(size: int) -> None:
    torch.manual_seed(size)
    closed = TacchinoPerceptron(size, 3, dtype=torch.float64)
    circuit = TacchinoPerceptron(size, 3, dtype=torch.float64, engine="state")
    circuit.load_state_dict(closed.state_dict())
    x = torch.randn(2, 5, size, dtype=torch.float64)
    one, other = closed(x), circuit(x)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    (mine,) = torch.autograd.grad(one.square().sum(), closed.weight)
    (theirs,) = torch.autograd.grad(other.square().sum(), circuit.weight)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


def test_an_input_of_phases_is_pi_times_itself() -> None:
    layer = TacchinoPerceptron(8, 3, dtype=torch.float64)
    x = torch.rand(5, 8, dtype=torch.float64)
    away = torch.pi * x[:, None] - layer.weight
    expected = torch.polar(torch.ones_like(away), away).mean(-1).abs().square()
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-12)


def test_bits_and_signs_are_the_same_input() -> None:
    signs = 2.0 * torch.randint(2, (6, 8)) - 1
    weights = 2.0 * torch.randint(2, (3, 8)) - 1
    by_signs = TacchinoPerceptron.from_signs(weights)
    by_bits = TacchinoPerceptron.from_signs(weights, encoding="phase")
    torch.testing.assert_close(by_signs(signs), by_bits((1 - signs) / 2))
    torch.testing.assert_close(by_signs(signs), (signs @ weights.T).square() / 64, atol=1e-6, rtol=0)


def test_it_learns_a_hidden_pattern() -> None:
    """From whether pictures overlap with the pattern by half, up to its overall sign."""
    for seed in range(5):
        torch.manual_seed(seed)
        hidden = 2.0 * torch.randint(2, (1, 8)) - 1
        signs = 2.0 * torch.randint(2, (256, 8)) - 1
        wanted = (signs @ hidden.T).square() / 64
        layer = TacchinoPerceptron(8, 1, encoding="sign")
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
        for _ in range(300):
            optimizer.zero_grad()
            torch.nn.functional.mse_loss(layer(signs), wanted).backward()
            optimizer.step()
        found = torch.polar(torch.ones(8), layer.weight.detach()[0])
        overlap = (found * hidden[0]).sum().abs() / 8
        assert overlap > 0.999, seed


def test_other_options_by_configure() -> None:
    torch.manual_seed(0)
    layer = TacchinoPerceptron(4, 2)
    x = torch.rand(3, 4)
    exact = layer(x)
    configure(layer, engine="state", shots=5000, seed=2)
    assert 0 < (layer(x) - exact).abs().max() < 0.1


def test_bad_arguments_and_inputs_are_refused() -> None:
    for size, out in ((3, 1), (1, 1), (0, 1), (4, 0), (4.0, 1)):
        with pytest.raises(QdlError):
            TacchinoPerceptron(size, out)  # type: ignore[arg-type]
    with pytest.raises(QdlError, match="signs"):
        TacchinoPerceptron.from_signs(torch.tensor([[1.0, 0.5]]))
    with pytest.raises(QdlError, match="got a list"):
        TacchinoPerceptron.from_signs([[1.0, -1.0]])  # type: ignore[arg-type]
    layer = TacchinoPerceptron(4, 1, encoding="sign")
    for x in (torch.zeros(2, 4), torch.ones(2, 3), torch.ones(4).double(), torch.tensor(1.0)):
        with pytest.raises(QdlError):
            layer(x)
    assert layer.weight.abs().max() <= pi
