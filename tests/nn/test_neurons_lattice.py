"""Momentum and position neurons: both forms, their moments, finite statistics, and that they can be trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import QdlError, UnsupportedError, ValuesError
from qdl.nn import MomentumNeuron, PositionNeuron, QuantumNeuron, configure
from qdl.physics.lattice.fourier import add_momentum
from tests import oracle

DOUBLE = {"dtype": torch.float64}
EVERY = ("mean", "variance", "circular")


def lattice(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), **DOUBLE) + 0.1


def both(layer: nn.Module, x: Tensor, **options: Any) -> list[tuple[Tensor, list[Tensor]]]:
    """Output and gradients of a fixed cotangent, in closed form and by the circuit."""
    found = []
    for engine in ("closed", "state"):
        configure(layer, engine=engine)
        inner = x.clone().requires_grad_()
        out = layer(inner)
        cotangent = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), **DOUBLE)
        found.append((out, list(torch.autograd.grad(out, [inner, *layer.parameters()], cotangent))))
    return found


@pytest.mark.parametrize("size", [(8,), (5,), (4, 4), (2, 3), (2, 3, 2)])
@pytest.mark.parametrize("make", [
    lambda size: MomentumNeuron(size),
    lambda size: MomentumNeuron(size, 3, **DOUBLE),
    lambda size: PositionNeuron(size, EVERY),
    lambda size: PositionNeuron(size, ("circular", "mean")),
], ids=["spectrum", "kernel", "every", "two"])  # fmt: skip
def test_circuit_and_closed_form_agree_with_their_gradients(make: Any, size: tuple[int, ...]) -> None:
    (closed, exact), (circuit, found) = both(make(size), lattice(3, 2, *size) - 0.6)
    torch.testing.assert_close(circuit, closed, atol=1e-12, rtol=0)
    for one, other in zip(found, exact, strict=True):
        torch.testing.assert_close(one, other, atol=1e-11, rtol=0)


def test_chances_as_inputs_agree_too_also_where_they_are_zero() -> None:
    x = lattice(2, 4, 3)
    x[0, 1] = 0
    (closed, (exact,)), (circuit, (found,)) = both(PositionNeuron((4, 3), EVERY, encoding="probability"), x)
    torch.testing.assert_close(circuit, closed, atol=1e-12, rtol=0)
    torch.testing.assert_close(found, exact, atol=1e-6, rtol=0)


@pytest.mark.parametrize("size", [1e300, 1e-300])
@pytest.mark.parametrize("encoding", ["amplitude", "probability"])
def test_the_size_of_an_input_is_no_matter(encoding: str, size: float) -> None:
    layer, x = PositionNeuron(4, EVERY, encoding=encoding), torch.tensor([0.0, 0.5, 1.0, 1.0], **DOUBLE)
    torch.testing.assert_close(layer(size * x), layer(x))


def test_a_momentum_neuron_weighs_the_spectrum_and_its_circuit_transforms_as_fft_does() -> None:
    layer, x = MomentumNeuron((4, 8), 2, **DOUBLE), lattice(3, 4, 8) - 0.5
    torch.nn.init.normal_(layer.bias)
    expected = torch.einsum("jkl,bkl->bj", layer.weight, MomentumNeuron((4, 8))(x)) + layer.bias
    torch.testing.assert_close(layer(x), expected)
    # Real waves have even spectra, and do not tell a transform from its inverse.
    found = torch.as_tensor(add_momentum(qdl.Circuit(3), [0, 1, 2]).matrix())
    torch.testing.assert_close(found, torch.fft.fft(torch.eye(8).to(found.dtype), norm="ortho"))


def test_the_circuits_are_what_their_textbook_matrices_say() -> None:
    """The oracle reads the circuit's gates; rows and columns of an asymmetric lattice are told apart."""
    x = lattice(2, 4) - 0.6
    psi = (x / x.norm()).flatten().numpy()
    spectrum = abs(oracle.state(MomentumNeuron((2, 4)).circuit, {"x": psi})) ** 2
    torch.testing.assert_close(MomentumNeuron((2, 4))(x).flatten(), torch.as_tensor(spectrum), atol=1e-12, rtol=0)
    layer = PositionNeuron((2, 4), EVERY)
    found = oracle.expval(layer.circuit, layer._observables, {"x": psi})
    mean, square = found[:2], found[4:6]
    expected = [*mean, *(square - mean**2), *found[6:]]
    torch.testing.assert_close(layer(x), torch.as_tensor(expected), atol=1e-12, rtol=0)


@pytest.mark.parametrize("engine", ["density", "aer"])
def test_other_engines_run_the_circuits(engine: str) -> None:
    x = lattice(2, 4, 3) - 0.6
    for layer in (MomentumNeuron((4, 3)), PositionNeuron((4, 3), EVERY)):
        expected = layer(x)
        torch.testing.assert_close(configure(layer, engine=engine)(x), expected, atol=1e-12, rtol=0)


def test_moments_are_those_of_the_squared_input() -> None:
    x = lattice(3, 5, 7) - 0.6
    weight = (x.square() / x.square().sum((1, 2), keepdim=True)).numpy()
    rows, columns = weight.sum(2), weight.sum(1)
    for k, (along, n) in enumerate(((rows, 5), (columns, 7))):
        sites = torch.arange(n, **DOUBLE).numpy()
        mean = along @ sites
        turn = along @ (2j * torch.pi * torch.arange(n, **DOUBLE) / n).exp().numpy()
        found = PositionNeuron((5, 7), EVERY)(x).numpy()
        assert abs(found[:, k] - mean).max() < 1e-12
        assert abs(found[:, 2 + k] - (along @ sites**2 - mean**2)).max() < 1e-12
        assert abs(found[:, 4 + 2 * k] + 1j * found[:, 5 + 2 * k] - turn).max() < 1e-12


@pytest.mark.parametrize("engine", ["closed", "state"])
def test_no_light_is_a_quantum_on_site_zero_without_gradient(engine: str) -> None:
    for layer in (PositionNeuron((4, 3), EVERY, engine=engine), MomentumNeuron((4, 3), engine=engine)):
        x = torch.zeros(2, 4, 3, requires_grad=True)
        out = layer(x)
        assert out.isfinite().all()
        (grad,) = torch.autograd.grad(out.sum(), x)
        assert (grad == 0).all()
    assert (PositionNeuron(3, encoding="probability")(torch.zeros(2, 3)) == 0).all()


def test_a_net_of_closed_forms_takes_shots_and_readout_noise_at_once() -> None:
    x = lattice(5, 60)
    net = nn.Sequential(QuantumNeuron(60, 8, **DOUBLE), PositionNeuron(8), MomentumNeuron(1))
    exact = net[:2](x)
    measured = configure(net, shots=2000, seed=1)[:2](x)
    assert not torch.equal(measured, exact)
    assert (measured - exact).abs().max() < 2
    assert torch.equal(measured, net[:2](x))
    flipped = configure(net[1], shots=None, noise=qdl.NoiseModel().readout([[0, 1], [1, 0]]))(net[0](x))
    torch.testing.assert_close(flipped, 7 - configure(net[1], noise=None)(net[0](x)), atol=1e-12, rtol=0)


def test_shots_measure_the_same() -> None:
    x = lattice(8)
    for seed in range(5):
        layer = MomentumNeuron(8, engine="state", shots=4000, seed=seed)
        exact = MomentumNeuron(8)(x)
        assert ((layer(x) - exact).abs() < 5 * (exact * (1 - exact) / 4000).sqrt() + 1e-12).all()
        assert torch.equal(layer(x), layer(x))
        place, spread = PositionNeuron(8, ("mean", "variance"))(x)
        found = PositionNeuron(8, engine="state", shots=4000, seed=seed)(x)
        assert abs(found - place) < 5 * (spread / 4000).sqrt()


def test_a_net_of_momentum_neurons_tells_frequencies_apart_wherever_the_wave_starts() -> None:
    torch.manual_seed(0)
    layer = MomentumNeuron(16, 4)
    start = layer.weight.detach().clone()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    for _ in range(60):
        x, wave = waves(64)
        loss = nn.functional.cross_entropy(4 * layer(x), wave)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x, wave = waves(500)
    assert (layer(x).argmax(1) == wave).float().mean() > 0.95
    assert (layer.weight - start).abs().max() > 0.5


def waves(count: int) -> tuple[Tensor, Tensor]:
    """Waves of wave number 1 to 4 with any phase, in noise; and their class."""
    wave = torch.randint(0, 4, (count,))
    angle = 2 * torch.pi * (torch.arange(16) * (wave[:, None] + 1) / 16 + torch.rand(count, 1))
    return angle.cos() + 0.3 * torch.randn(count, 16), wave


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: PositionNeuron(0), ValuesError, "size makes no sense"),
        (lambda: PositionNeuron((4, 2.0)), ValuesError, "size makes no sense"),
        (lambda: PositionNeuron(4, "median"), UnsupportedError, "unknown readout"),
        (lambda: PositionNeuron(4, ()), ValuesError, "once each"),
        (lambda: PositionNeuron(4, ("mean", "mean")), ValuesError, "once each"),
        (lambda: PositionNeuron(4, encoding="angle"), UnsupportedError, "unknown encoding"),
        (lambda: PositionNeuron(4, encoding="probability")(torch.tensor([1.0, 0, -0.5, 0])), ValuesError, "negative"),
        (lambda: PositionNeuron(4)(torch.ones(4, 3)), ValuesError, r"got shape \(4, 3\), expected \(\*batch, 4\)"),
        (lambda: PositionNeuron(4)(torch.tensor([1.0, 0, float("inf"), 0])), ValuesError, "infinity"),
        (lambda: PositionNeuron(4, None), UnsupportedError, "unknown readout of a position: got None"),
        (lambda: PositionNeuron(4, shot=10), UnsupportedError, "exact.*shot=10"),
        (lambda: PositionNeuron(4, grad="shift"), UnsupportedError, "exact"),
        (lambda: MomentumNeuron(4, 0), ValuesError, "out_features makes no sense"),
        (lambda: MomentumNeuron(4, 2, dtype=torch.bfloat16), ValuesError, "precision"),
        (lambda: MomentumNeuron(4, 2, **DOUBLE)(torch.rand(4)), ValuesError, "precision"),
        (lambda: MomentumNeuron(4, engine="state", shot=3), UnsupportedError, "unknown options"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("cls", [MomentumNeuron, PositionNeuron])
def test_shots_estimate_the_inputs_gradient(cls: Any) -> None:
    x = lattice(4).requires_grad_()
    options = {"readout": "circular"} if cls is PositionNeuron else {}
    exact = cls(4, **options)(x)
    cotangent = torch.arange(1.0, len(exact) + 1, **DOUBLE)
    (expected,) = torch.autograd.grad(exact, x, cotangent)
    layers = [cls(4, engine="state", shots=100, seed=seed, **options) for seed in range(25)]
    found = torch.stack([torch.autograd.grad(layer(x), x, cotangent)[0] for layer in layers])
    assert ((found.mean(0) - expected).abs() < 5 * found.std(0) / 25**0.5).all()
