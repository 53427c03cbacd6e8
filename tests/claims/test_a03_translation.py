"""A3d: a convolution is the motion of a quantum under a Hamiltonian that knows no place."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from qdl.ir import Circuit, Param, X, Z
from qdl.nn import QuantumConv1d, QuantumConv2d, configure
from qdl.physics.interactions.translation import kernel_spectrum, translation_angles, translation_convolution
from qdl.physics.lattice.fourier import add_fourier, add_momentum
from qdl.run import state
from tests.claims.conftest import Measured
from tests.claims.slopes import log_slope

DOUBLE = {"dtype": torch.float64}
SITES = 8
COUPLINGS = (0.02, 0.01, 0.005, 0.002)
SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]], **DOUBLE)


def hopping(kernel: Tensor, sites: int = SITES) -> Tensor:
    """The matrix of y_i = sum_r w(r) x_{i+r} on a ring, r counted from the kernel's middle."""
    h = torch.zeros(sites, sites, **DOUBLE)
    for place, w in enumerate(kernel):
        for i in range(sites):
            h[i, (i + place - len(kernel) // 2) % sites] += w
    return h


def parts(kernel: Tensor) -> tuple[Tensor, Tensor]:
    return (kernel + kernel.flip(0)) / 2, (kernel - kernel.flip(0)) / 2


def evolved(h: Tensor, g: float) -> Tensor:
    return torch.linalg.matrix_exp(-1j * g * h.to(torch.complex128))


def register() -> Circuit:
    """exp(-ig X (x) H) on a qubit and the sites' register, by the kernel's angles."""
    circuit, theta = Circuit(4), Param("theta", SITES)
    add_momentum(circuit.prepare(Param("x", 16), range(4)), (1, 2, 3))
    for index in range(SITES):
        word = X(0)
        for wire in (1, 2, 3):
            word = word @ Z(wire) if index >> (3 - wire) & 1 else word
        circuit.evolve(word, theta[index] / 2)
    return add_fourier(circuit, (1, 2, 3))


def by_circuit(kernel: Tensor, g: float) -> Tensor:
    """exp(-igH) of a symmetric kernel as the register's circuit makes it, a column for every site.

    With the qubit in |+>, on which X is 1.
    """
    theta = translation_angles(kernel_spectrum(kernel, (SITES,), (1,)).real, g)
    sites = torch.eye(SITES, **DOUBLE)
    found = state(register(), {"x": torch.cat((sites, sites), 1), "theta": theta})
    return found.unflatten(1, (2, SITES)).sum(1).mT / 2**0.5


def drawn(seed: int) -> tuple[Tensor, Tensor]:
    """A kernel without symmetry, and a wave function."""
    torch.manual_seed(seed)
    return torch.randn(3, **DOUBLE), nn.functional.normalize(torch.randn(SITES, **DOUBLE), dim=0)


@pytest.mark.claim("A3d", "(U - 1)psi/(-ig) is w * psi up to g, symmetrised (U - U^+)/(-2ig) up to g^2")
@pytest.mark.parametrize("seed", range(3))
def test_a3_translation_slopes(seed: int, measured: Measured) -> None:
    """U is that of the register's circuit."""
    kernel, psi = drawn(seed)
    kernel = parts(kernel)[0]
    h = hopping(kernel)
    plain, symmetric = [], []
    for g in COUPLINGS:
        u, wave = by_circuit(kernel, g), psi.to(torch.complex128)
        plain.append((g, ((u @ wave - wave) / (-1j * g) - h @ psi).norm()))
        symmetric.append((g, ((u - u.mH) @ wave / (-2j * g) - h @ psi).norm()))
    measured("slope", log_slope(plain), at_least=0.98, at_most=1.02)
    measured("slope, symmetrised", log_slope(symmetric), at_least=1.98, at_most=2.02)


@pytest.mark.claim("A3d", "U commutes with translation")
def test_a3_translation_commutes(measured: Measured) -> None:
    kernel, _ = drawn(3)
    step = torch.eye(SITES, dtype=torch.complex128).roll(1, 0)
    symmetric, antisymmetric = (hopping(part) for part in parts(kernel))
    for u in (evolved(symmetric, 0.7), evolved(1j * antisymmetric, 0.7), by_circuit(parts(kernel)[0], 0.7)):
        measured("‖[U, T]‖", (u @ step - step @ u).abs().max(), at_most=1e-12)
    layer = QuantumConv1d(1, 2, 3, padding="same", padding_mode="circular", interaction="translation", **DOUBLE)
    x = torch.randn(2, 1, SITES, **DOUBLE)
    measured("layer, shifted", (layer(x.roll(3, -1)) - layer(x).roll(3, -1)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A3d", "U is diagonal after the quantum Fourier transform, the kernel's spectrum being the energies")
@pytest.mark.parametrize("seed", range(3))
def test_a3_translation_is_diagonal_in_momentum(seed: int, measured: Measured) -> None:
    kernel, _ = drawn(seed)
    fourier = torch.as_tensor(add_momentum(Circuit(3), range(3)).matrix())
    energies = kernel_spectrum(kernel, (SITES,), (1,))
    symmetric, antisymmetric = parts(kernel)
    for h, energy in ((hopping(symmetric), energies.real), (-1j * hopping(antisymmetric), energies.imag)):
        by_fourier = fourier.mH @ torch.diag(torch.exp(-0.7j * energy)) @ fourier
        measured("QFT-diagonal against dense", (by_fourier - evolved(h, 0.7)).abs().max(), at_most=1e-12)
    circuit = by_circuit(parts(kernel)[0], 0.7)
    measured("circuit against dense", (circuit - evolved(hopping(symmetric), 0.7)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A3d", "H is Hermitian if w(-r) = conj w(r) only: a general kernel is one such and i times another")
def test_a3_translation_of_a_general_kernel(measured: Measured) -> None:
    kernel, psi = drawn(4)
    symmetric, antisymmetric = (hopping(part) for part in parts(kernel))
    h = hopping(kernel)
    measured("‖H - H^+‖ of a general kernel", (h - h.mH).norm(), at_least=0.1)
    generator = -1j * antisymmetric
    measured("‖H' - H'^+‖", (generator - generator.mH).abs().max(), at_most=1e-12)
    measured("‖H_s + i H' - H‖", (symmetric + 1j * generator - h).abs().max(), at_most=1e-12)
    g = 0.6
    s, a = evolved(symmetric, g), evolved(generator, g)
    expected = ((s - s.mH) + 1j * (a - a.mH)) / (-2j * g) @ psi.to(s.dtype)
    found = translation_convolution(psi[None, None], kernel[None, None], g, (1,))[0, 0]
    measured("code against both evolutions", (found - expected).abs().max(), at_most=1e-12)


@pytest.mark.claim("A3d", "the Sobel kernel, which is antisymmetric, is found with an error of the order g^2")
@pytest.mark.parametrize("transposed", [False, True])
def test_a3_translation_of_sobel(transposed: bool, measured: Measured) -> None:
    torch.manual_seed(5)
    conv = nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular", bias=False, **DOUBLE)
    with torch.no_grad():
        conv.weight.copy_(SOBEL.T if transposed else SOBEL)
    x = torch.rand(2, 1, 8, 4, **DOUBLE)
    errors = [
        (g, (QuantumConv2d.from_conv2d(conv, g, interaction="translation")(x) - conv(x)).norm()) for g in COUPLINGS
    ]
    measured("log-log slope", log_slope(errors), at_least=1.95, at_most=2.05)
    measured("largest error at g = 0.002", errors[-1][1], at_most=1e-3)


@pytest.mark.claim("A3d", "the layer's circuit on a register gives its closed form")
@pytest.mark.parametrize("mode", ["circular", "zeros"])
def test_a3_translation_circuit(mode: str, measured: Measured) -> None:
    torch.manual_seed(6)
    layer = QuantumConv2d(
        2, 2, (3, 2), padding=1, stride=(1, 2), padding_mode=mode, interaction="translation", coupling=0.8, **DOUBLE
    )
    x = torch.randn(2, 2, 4, 2, **DOUBLE)
    closed = layer(x)
    measured("largest difference", (configure(layer, engine="state")(x) - closed).abs().max(), at_most=1e-12)
