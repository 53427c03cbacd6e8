"""A3b: a convolution is how many quanta of a patch have hopped to the detector; and Born's series of that amplitude."""

from __future__ import annotations

from functools import reduce
from math import pi
from operator import matmul

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.nn import QuantumConv1d, QuantumConv2d, configure
from qdl.physics.encodings.angles import coherent_state
from qdl.physics.interactions.exchange import exchange_angles, exchange_number, exchange_transfer
from tests import oracle
from tests.claims.conftest import Measured
from tests.claims.slopes import log_slope

DOUBLE = {"dtype": torch.float64}
LEVELS = 6


def lowering(levels: int) -> Tensor:
    return torch.diag(torch.arange(1, levels).double().sqrt(), 1).to(torch.complex128)


def alone(matrix: Tensor, mode: int, modes: int) -> Tensor:
    """An operator on one of several modes."""
    idle = torch.eye(len(matrix), dtype=matrix.dtype)
    return reduce(torch.kron, [matrix if k == mode else idle for k in range(modes)])


def exchange(lower: Tensor, w: Tensor) -> Tensor:
    """sum_i w_i (a_i b^+ + h.c.), the detector being the last."""
    modes = len(w) + 1
    b = alone(lower, len(w), modes)
    hops = sum(w_i * alone(lower, i, modes) @ b.mH for i, w_i in enumerate(w))
    return hops + hops.mH


def drawn(seed: int, size: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    return torch.randn(size, **DOUBLE), torch.randn(size, **DOUBLE)


@pytest.mark.claim("A3b", "in Fock space, coherent inputs leave ⟨b⟩ = -i sin(g‖w‖)/‖w‖ w.x and N_b = ⟨b⟩⟨b⟩*")
@pytest.mark.parametrize("seed", range(3))
def test_a3_exchange_of_coherent_states(seed: int, measured: Measured) -> None:
    x, w = drawn(seed, 2)
    x, g = 0.1 * x / x.norm(), 0.9
    lower = lowering(LEVELS)
    psi = reduce(torch.kron, [*coherent_state(x, LEVELS), coherent_state(torch.tensor(0.0).double(), LEVELS)])
    psi = torch.linalg.matrix_exp(-1j * g * exchange(lower, w)) @ psi.to(torch.complex128)
    b = alone(lower, 2, 3)
    amplitude, number = torch.vdot(psi, b @ psi), torch.linalg.vector_norm(b @ psi) ** 2
    expected = -1j * torch.sin(g * w.norm()) / w.norm() * (w @ x)
    measured("difference of ⟨b⟩", (amplitude - expected).abs(), at_most=1e-12)
    layer = QuantumConv1d(1, 1, 2, coupling=g, interaction="exchange", bias=False, **DOUBLE)
    with torch.no_grad():
        layer.weight.copy_(w)
        read = g * layer(x[None])[0, 0]
    measured("difference of ⟨b⟩ and what the layer reads", (1j * amplitude - read).abs(), at_most=1e-12)
    measured("difference of N_b", (number - exchange_number(x, w, g)).abs(), at_most=1e-12)


@pytest.mark.claim("A3b", "one magnon under XY exchange is found in the detector with the same probability")
@pytest.mark.parametrize("seed", range(5))
def test_a3_exchange_of_one_magnon(seed: int, measured: Measured) -> None:
    x, w = drawn(seed, 4)
    x, g = x / x.norm(), 0.8
    u = torch.linalg.matrix_exp(-1j * g * exchange(lowering(2), w))
    sites = [1 << (4 - i) for i in range(4)]
    found = (u[1, sites] @ x.to(u.dtype)).abs() ** 2
    measured("difference of p_d", (found - exchange_number(x, w, g)).abs(), at_most=1e-12)
    # The circuit: one exchange after the other, by other angles.
    theta = exchange_angles(w, g)
    rest = torch.cat((theta.cos().flip(0).cumprod(0).flip(0)[1:], torch.ones(1, **DOUBLE)))
    measured("one after the other", (theta.sin() * rest - exchange_transfer(w, g)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A3b", "the layer's circuit gives its closed form")
@pytest.mark.parametrize(
    ("readout", "encoding"), [("linear", "coherent"), ("excitation", "coherent"), ("excitation", "amplitude")]
)
def test_a3_exchange_circuit(readout: str, encoding: str, measured: Measured) -> None:
    torch.manual_seed(3)
    layer = QuantumConv2d(
        2, 4, 2, groups=2, interaction="exchange", readout=readout, encoding=encoding, coupling=0.9, **DOUBLE
    )
    x = torch.randn(2, 2, 3, 4, **DOUBLE)
    closed = layer(x)
    found = configure(layer, engine="state")(x)
    measured("largest relative difference", (found - closed).abs().max() / closed.abs().max(), at_most=1e-12)


@pytest.mark.claim("A3b", "N_b/g^2 tends to (w.x)^2, and the linear readout to conv2d, with an error of the order g^2")
def test_a3_exchange_slopes(measured: Measured) -> None:
    x, w = drawn(4, 9)
    couplings = (0.05, 0.02, 0.01, 0.005)
    errors = [(g, (exchange_number(x, w, g) / (g * (w @ x)) ** 2 - 1).abs()) for g in couplings]
    measured("log-log slope of the number", log_slope(errors), at_least=1.95, at_most=2.05)
    conv, image = nn.Conv2d(4, 6, 3, padding=1, dilation=2, groups=2, **DOUBLE), torch.randn(2, 4, 6, 7, **DOUBLE)
    errors = [
        (g, (QuantumConv2d.from_conv2d(conv, g, interaction="exchange")(image) - conv(image)).norm()) for g in couplings
    ]
    measured("log-log slope of the layer", log_slope(errors), at_least=1.95, at_most=2.05)


@pytest.mark.claim("A3b", "at g‖w‖ = pi/2, an input parallel to the kernel is transferred whole: a matched filter")
@pytest.mark.parametrize("seed", range(5))
def test_a3_exchange_is_a_matched_filter(seed: int, measured: Measured) -> None:
    w, other = drawn(seed, 6)
    g = (pi / 2 / w.norm()).item()
    matched = {"interaction": "exchange", "readout": "excitation", "encoding": "amplitude", "bias": False}
    layer = QuantumConv1d(1, 1, 6, coupling=g, **matched, **DOUBLE)
    with torch.no_grad():
        layer.weight.copy_(w)
    same, less = layer(torch.stack((-3 * w, other))[:, None]).flatten()
    measured("1 - p for w parallel to x", (1 - same).abs(), at_most=1e-12)
    measured("p for another input", less, at_most=0.999)


def potential(seed: int) -> tuple[qdl.Observable, Tensor]:
    """A sum of Pauli words on three qubits, among them such that do not commute, and its matrix."""
    generator = torch.Generator().manual_seed(seed)
    words = ["XII", "IXZ", "YYI", "ZXX", "IIX", "XXX", "IXI", "XIX", "ZZI", "IZY"]
    sizes = (0.5 + torch.rand(len(words), generator=generator, **DOUBLE)).tolist()
    observable, matrix = 0.0 * qdl.I(0), torch.zeros(8, 8, dtype=torch.complex128)
    for size, word in zip(sizes, words, strict=True):
        letters = [getattr(qdl, letter)(wire) for wire, letter in enumerate(word) if letter != "I"]
        observable = observable + size * reduce(matmul, letters)
        matrix += size * torch.as_tensor(oracle.word(word))
    return observable, matrix


def born(h: qdl.Observable, v: Tensor, g: float) -> tuple[Tensor, Tensor]:
    """The exact amplitudes <k|U|psi> out of the first state into the others, and Born's -ig<k|V|psi>."""
    exact = qdl.state(qdl.Circuit(3).evolve(h, g), dtype=torch.float64)
    return exact[1:], -1j * g * v[1:, 0]


@pytest.mark.claim("A3", "the exchange's amplitude is Born's up to a part g^2, its probability up to g^4")
def test_a3_first_born_term_of_the_exchange(measured: Measured) -> None:
    x, w = drawn(5, 5)
    x = x / x.norm()
    couplings = (0.05, 0.02, 0.01, 0.005)
    exact = [(g, (exchange_transfer(w, g) @ x, g * (w @ x))) for g in couplings]
    relative = log_slope((g, (a / first - 1).abs()) for g, (a, first) in exact)
    measured("slope of the amplitude's relative deviation", relative, at_least=1.95, at_most=2.05)
    absolute = log_slope((g, (a**2 - first**2).abs()) for g, (a, first) in exact)
    measured("slope of the probability's deviation", absolute, at_least=3.95, at_most=4.05)


@pytest.mark.claim("A3", "for a generic V, Born's second term makes the relative deviation one of order g")
@pytest.mark.parametrize("seed", range(5))
def test_a3_second_born_term_of_a_generic_potential(seed: int, measured: Measured) -> None:
    """Every state but one is reached at first order; that one by Born's second term alone."""
    h, v = potential(seed)
    reached = v[1:, 0].abs() > 0.1
    points = []
    for g in (0.01, 0.005, 0.002, 0.001):
        exact, first = born(h, v, g)
        points.append((g, ((exact - first)[reached].abs() / first[reached].abs()).max()))
    measured("slope of the amplitude's relative deviation", log_slope(points), at_least=0.95, at_most=1.05)
    exact, first = born(h, v, 1e-4)
    second = -0.5 * 1e-8 * (v @ v)[1:, 0]
    rest = (exact - first - second).abs().max() / second.abs().max()
    measured("what the second term leaves, to itself", rest, at_most=1e-2)
    probability = (exact.abs() ** 2 / (1e-8 * v[1:, 0].abs() ** 2) - 1)[reached].abs().max()
    measured("p / |g V_k0|^2 - 1 at g = 1e-4", probability, at_most=1e-3)
