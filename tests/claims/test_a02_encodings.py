"""A2: the input is a wave function; its encodings as incident quanta."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.nn import (
    AmplitudeEncoding,
    CoherentEncoding,
    Encoding,
    FourierEncoding,
    ProbabilityEncoding,
    QuantumConv1d,
    SignedEncoding,
)
from qdl.nn.encoding import ENCODINGS
from qdl.physics import amplitudes
from tests.claims.conftest import Measured

DOUBLE = {"dtype": torch.float64}
STEP = 1e-6


def numbers(state: Tensor, wires: int) -> Tensor:
    """<n_i> of every wire."""
    chance = state.abs().square().unflatten(-1, (2,) * wires)
    return torch.stack([chance.select(i - wires, 1).flatten(-(wires - 1)).sum(-1) for i in range(wires)], -1)


@pytest.mark.claim("A2", "probability encoding: wire i is excited with probability x_i")
@pytest.mark.parametrize("engine", ["closed", "state"])
def test_a2_probability_encoding_excites_with_probability_x(engine: str, measured: Measured) -> None:
    x = torch.rand(200, 3, **DOUBLE)
    x[:40] = torch.randint(0, 2, (40, 3))
    x[40:44] = 1e-9
    found = numbers(ProbabilityEncoding(3, engine=engine)(x), 3)
    measured("largest difference of <n> and x", (found - x).abs().max(), at_most=1e-12)
    signed = x * torch.where(torch.rand_like(x) < 0.5, -1.0, 1.0)
    found = numbers(SignedEncoding(3, engine=engine)(signed), 3)
    measured("signed: largest difference of <n> and the size of x", (found - x).abs().max(), at_most=1e-12)


@pytest.mark.claim("A2", "amplitude encoding: one quantum, whose state and norm give the input back")
@pytest.mark.parametrize("size", [1, 2, 5, 9, 16, 100])
def test_a2_amplitude_encoding_returns(size: int, measured: Measured) -> None:
    x = torch.randn(20, size, **DOUBLE)
    state, norm = AmplitudeEncoding(size)(x), amplitudes(x)[1]
    back = norm[:, None] * state[:, :size].real
    measured("largest difference", (back - x).abs().max(), at_most=1e-12)
    measured("deviation of the norm from 1", (state.abs().square().sum(1) - 1).abs().max(), at_most=1e-12)
    assert (state[:, size:] == 0).all()


@pytest.mark.claim("A2", "a zero image has a state in every encoding, and a finite gradient")
@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a2_a_zero_image_has_a_state(name: str, engine: str, measured: Measured) -> None:
    made = ENCODINGS[name](5 if name != "coherent" else 3, engine=engine).double()
    x = torch.zeros(2, made.features, **DOUBLE).requires_grad_()
    state = made(x)
    measured("deviation of the norm from 1", (state.detach().norm(dim=1) - 1).abs().max(), at_most=1e-12)
    (grad,) = torch.autograd.grad(state.real.sum() + state.imag.sum(), x)
    assert grad.isfinite().all()


@pytest.mark.claim("A2", "coherent encoding: mode i holds x_i^2 quanta, Poisson-distributed")
def test_a2_coherent_encoding(measured: Measured) -> None:
    alpha = torch.tensor([0.7, -1.2], **DOUBLE)
    chance = CoherentEncoding(2, levels=32)(alpha).abs().square().reshape(32, 32)
    n = torch.arange(32, **DOUBLE)
    for k, along in enumerate((chance.sum(1), chance.sum(0))):
        mean = alpha[k] ** 2
        poisson = (n * mean.log() - mean - torch.lgamma(n + 1)).exp()
        measured("largest deviation from Poisson", (along - poisson).abs().max(), at_most=1e-12)
        measured("deviation of <n>", (along @ n - mean).abs(), at_most=1e-12)
    annihilate = torch.diag(n[1:].sqrt(), 1)
    for one in alpha:
        state = CoherentEncoding(1, levels=32)(one[None]).real
        measured("norm of a psi - alpha psi", (annihilate @ state - one * state).norm(), at_most=1e-12)


class Read(nn.Module):
    """Expectations of Paulis after an encoding."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__()
        self.encoding = encoding
        w = encoding.wires
        self.read = [qdl.Z(0), qdl.X(w - 1), qdl.Y(0) @ qdl.X(w - 1) if w > 1 else qdl.Y(0)]

    def forward(self, x: Tensor) -> Tensor:
        return qdl.expval(self.encoding.circuit, self.read, {"x": self.encoding.values(x)})


def against_differences(model: nn.Module, x: Tensor) -> float:
    """The largest difference between the gradient of the input and central differences."""
    x = x.clone().requires_grad_()
    out = model(x)
    cotangent = torch.randn_like(out)
    (grad,) = torch.autograd.grad(out, x, cotangent)
    moves = STEP * torch.eye(x.numel(), **DOUBLE).reshape(-1, *x.shape)
    with torch.no_grad():
        expected = torch.stack([((model(x + move) - model(x - move)) * cotangent).sum() for move in moves]) / (2 * STEP)
    return float((grad.flatten() - expected).abs().max())


@pytest.mark.claim("A2", "gradients with respect to the input are finite differences, in every encoding")
@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_a2_input_gradients(name: str, measured: Measured) -> None:
    made = ENCODINGS[name](2, **(DOUBLE if name in ("fourier", "chebyshev") else {}))
    x = 0.1 + 0.8 * torch.rand(3, 2, **DOUBLE)
    measured("largest difference", against_differences(Read(made), x), at_most=1e-6)


@pytest.mark.claim("A2", "at the singular points 0 and 1 the gradients of readouts diagonal in the input are exact")
@pytest.mark.parametrize("engine", ["closed", "state"])
def test_a2_gradients_at_singular_points_of_the_detector(engine: str, measured: Measured) -> None:
    layer = QuantumConv1d(1, 3, 4, coupling=0.9, engine=engine, **DOUBLE)
    x = torch.tensor([[0.0, 1.0, 0.3, 0.0], [-1.0, 1.0, 0.0, 0.5]], **DOUBLE)
    measured("largest difference", against_differences(layer, x[:, None]), at_most=1e-6)


@pytest.mark.claim("A2", "where a derivative at 0 is infinite it is cut within a margin, and the state is exact")
def test_a2_gradients_at_singular_points_are_cut(measured: Measured) -> None:
    x = torch.tensor([[0.0], [1e-8], [1e-4], [1.0]], **DOUBLE).requires_grad_()
    circuit = qdl.Circuit(1).ry(qdl.Param("x"), 0)
    encoding = ProbabilityEncoding(1, margin=1e-6)
    found = qdl.expval(circuit, qdl.X(0), {"x": encoding.values(x)})
    exact = 2 * (x * (1 - x)).clamp(min=0).sqrt()[:, 0].detach()
    measured("error of <X>", (found.detach() - exact).abs().max(), at_most=1e-12)
    (grad,) = torch.autograd.grad(found.sum(), x)
    assert grad[[0, 1, 3]].abs().max() == 0
    slope = (1 - 2 * 1e-4) / (1e-4 * (1 - 1e-4)) ** 0.5
    measured("relative error of the slope at 1e-4, about 100", (grad[2, 0] / slope - 1).abs(), at_most=1e-9)


@pytest.mark.claim("A2", "gradients with respect to trained frequencies are finite differences")
def test_a2_frequencies_have_gradients(measured: Measured) -> None:
    made, x = FourierEncoding(2, copies=2, **DOUBLE), torch.rand(3, 2, **DOUBLE)

    def with_frequency(frequency: Tensor) -> Tensor:
        state: Tensor = torch.func.functional_call(made, {"frequency": frequency}, (x,))
        return state.real

    class OfFrequency(nn.Module):
        def forward(self, frequency: Tensor) -> Tensor:
            return with_frequency(frequency)

    measured("largest difference", against_differences(OfFrequency(), made.frequency.detach()), at_most=1e-6)
