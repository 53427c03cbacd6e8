"""A10: one Hamiltonian, read as a measurement (CNN) and as a thermal average (RBM); the quantum Boltzmann machine."""

from __future__ import annotations

from itertools import product
from math import pi

import networkx as nx
import pytest
import torch
from torch import Tensor

import qdl
from qdl.nn import QBM, RBM, QuantumConv2d, ThermalLayer, ThermalReading
from qdl.physics.interactions.coupling import third_moment
from qdl.physics.thermal.gibbs import gibbs_state, operator
from qdl.physics.thermal.ising import Ising
from tests import oracle
from tests.claims.conftest import Measured

DOUBLE = torch.float64


def spins(count: int) -> Tensor:
    """All states in order of the index: |0> is the spin +1."""
    return torch.tensor(list(product((1.0, -1.0), repeat=count)), dtype=DOUBLE)


def drawn(module: torch.nn.Module, size: float = 1.0) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(std=size)


def conv(coupling: float, kernel: int = 3, **options: str) -> QuantumConv2d:
    torch.manual_seed(0)
    layer = QuantumConv2d(1, 2, kernel, coupling=coupling, dtype=DOUBLE, **options)
    with torch.no_grad():
        layer.weight.uniform_(-1, 1)
    return layer


def patch(layer: QuantumConv2d) -> tuple[Tensor, Tensor]:
    """One patch of probabilities as an image, and E[W^3] of each output."""
    x = torch.rand(1, 1, 3, 3, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))
    return x, third_moment(x.flatten(), layer.weight.detach().flatten(1))


@pytest.mark.claim("A10", "the diagonal of e^{-H}/Z, H diagonal, is the law of the restricted Boltzmann machine")
def test_a10_the_diagonal_of_the_thermal_state_is_the_rbm(measured: Measured) -> None:
    rbm = RBM(4, 3, values="spin", dtype=DOUBLE)
    drawn(rbm)
    W, b, c = (p.tolist() for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    H = sum(-b[i] * qdl.Z(i) for i in range(4)) + sum(-c[j] * qdl.Z(4 + j) for j in range(3))
    H = H + sum(-W[j][i] * qdl.Z(i) @ qdl.Z(4 + j) for i in range(4) for j in range(3))
    rho = gibbs_state(operator(H, 7))
    v, h = spins(4), spins(3)
    with torch.no_grad():
        expected = torch.softmax(-rbm.energy(v[:, None].expand(-1, 8, -1), h.expand(16, -1, -1)).flatten(), 0)
    measured("largest difference of P(v, h)", (rho.diagonal() - expected).abs().max(), at_most=1e-12)
    measured("largest element off the diagonal", (rho - rho.diagonal().diag()).abs().max(), at_most=1e-15)


@pytest.mark.claim("A10", "a quantum Boltzmann machine without transverse field is the classical one")
@pytest.mark.parametrize("seed", range(5))
def test_a10_without_a_transverse_field_it_is_classical(seed: int, measured: Measured) -> None:
    """At G = 0, and in the limit, which is reached with the square of G."""
    torch.manual_seed(seed)
    rbm = RBM(3, 2, values="spin", dtype=DOUBLE)
    drawn(rbm)
    qbm = QBM(3, 2, graph=nx.complete_bipartite_graph(3, 2), transverse=0.0, dtype=DOUBLE)
    with torch.no_grad():
        qbm.bias.copy_(torch.cat([rbm.visible_bias, rbm.hidden_bias]))
        qbm.weight.copy_(torch.stack([rbm.weight[j - 3, i] for i, j in qbm.edges]))
        p = rbm.log_likelihood(spins(3)).exp()
        for field, bound in ((0.0, 1e-10), (1e-6, 1e-10)):
            qbm.transverse.fill_(field)
            q = qbm.probabilities()
            measured(f"relative entropy at G = {field:g}", (p * (p / q).log()).sum().abs(), at_most=bound)


@pytest.mark.claim("A10", "the Golden-Thompson bound never exceeds the exact log-likelihood: 1000 draws, no violation")
def test_a10_the_bound_is_a_bound(measured: Measured) -> None:
    qbm, v = QBM(2, 2, dtype=DOUBLE), spins(2)
    size = 2 * torch.rand(1000, 1, dtype=DOUBLE)
    draws = {name: size * torch.randn(1000, p.numel(), dtype=DOUBLE) for name, p in qbm.named_parameters()}

    def excess(parameters: dict[str, Tensor]) -> Tensor:
        model = Ising(parameters["transverse"], parameters["bias"], parameters["weight"], qbm.edges)
        clamped, energy = model.clamped(v)
        exact = model.probabilities().unflatten(-1, (4, 4)).sum(-1).log()
        return clamped.log_partition() - energy - model.log_partition() - exact

    found = torch.func.vmap(excess)(draws)
    qbm.load_state_dict({name: draw[0] for name, draw in draws.items()})
    own = (qbm.log_likelihood_bound(v) - qbm.log_likelihood(v)).detach()
    measured("difference to the module", (found[0] - own).abs().max(), at_most=1e-12)
    measured("violations", (found > 1e-12).sum(), at_most=0)
    measured("mean distance to the exact one", -found.mean(), at_least=0.01)


@pytest.mark.claim(
    "A10", "the exact law of a quantum Boltzmann machine is the diagonal of tr_h e^{-H}/Z, H = -GX - bZ - wZZ"
)
@pytest.mark.parametrize("seed", range(5))
def test_a10_the_exact_law_is_that_of_the_matrix(seed: int, measured: Measured) -> None:
    """By Kronecker products and a power series; the bound by the same matrices."""
    torch.manual_seed(seed)
    qbm = QBM(2, 2, dtype=DOUBLE)
    drawn(qbm)

    def word(letter: str, *places: int) -> Tensor:
        return torch.as_tensor(oracle.word("".join(letter if k in places else "I" for k in range(4))), dtype=DOUBLE)

    H = sum(-g * word("X", i) - b * word("Z", i) for i, (g, b) in enumerate(zip(qbm.transverse, qbm.bias, strict=True)))
    H = (H - sum(w * word("Z", *edge) for w, edge in zip(qbm.weight, qbm.edges, strict=True))).detach()
    weight = torch.linalg.matrix_exp(-H)
    p = weight.diagonal().unflatten(0, (4, 4)).sum(1) / weight.trace()
    measured("largest difference of P(v)", (qbm.log_likelihood(spins(2)).exp() - p).abs().max().detach(), at_most=1e-12)
    blocks = H.reshape(4, 4, 4, 4).diagonal(dim1=0, dim2=2).permute(2, 0, 1)  # <v|H|v>
    bound = torch.linalg.matrix_exp(-blocks).diagonal(dim1=1, dim2=2).sum(1) / weight.trace()
    found = qbm.log_likelihood_bound(spins(2)).exp().detach()
    measured("largest difference of the bound", (found - bound).abs().max(), at_most=1e-12)


@pytest.mark.claim(
    "A10", "the exact gradient of a quantum Boltzmann machine (Duhamel's integral) is that of differences"
)
@pytest.mark.parametrize("seed", range(5))
def test_a10_the_exact_gradient_is_right(seed: int, measured: Measured) -> None:
    torch.manual_seed(seed)
    qbm = QBM(3, 2, dtype=DOUBLE)
    drawn(qbm)
    v = qbm.sample(20, seed=seed)
    for name in ("log_likelihood", "log_likelihood_bound"):
        exact = torch.autograd.grad(getattr(qbm, name)(v).mean(), list(qbm.parameters()))
        worst = 0.0
        for parameter, gradient in zip(qbm.parameters(), exact, strict=True):
            for k in range(parameter.numel()):
                worst = max(worst, abs(difference(qbm, name, v, parameter, k) - float(gradient[k])))
        measured(f"largest difference, {name}", worst, at_most=1e-6)


def difference(qbm: QBM, name: str, v: Tensor, parameter: Tensor, k: int, step: float = 1e-4) -> float:
    found = []
    with torch.no_grad():
        for sign in (1, -1):
            parameter[k] += sign * step
            found.append(float(getattr(qbm, name)(v).mean()))
            parameter[k] -= sign * step
    return (found[0] - found[1]) / (2 * step)


@pytest.mark.claim(
    "A10", "one H_int = W (x) Y/2: the convolution reads -Z after e^{-igH_int}, the thermal -Y of e^{-2gH_int}/Z"
)
def test_a10_both_readings_are_those_of_one_operator(measured: Measured) -> None:
    """Both from the one matrix of H_int on four pixels and a detector: a state that is turned, a state in equilibrium.

    The image is of zeros and ones, held: its thermal state is that of the block of H_int.
    """
    layer, index = conv(0.4, 2, encoding="probability"), 0b1011
    image = torch.tensor([[[[1.0, 0.0], [1.0, 1.0]]]], dtype=DOUBLE)
    plus = torch.full((2,), 0.5**0.5, dtype=torch.complex128)
    minus_z, minus_y = -operator(qdl.Z(0), 1), -operator(qdl.Y(0), 1)
    for k in range(2):
        w = layer.weight[k].detach().flatten().tolist()
        H = operator(sum(0.5 * w[i] * qdl.N(i) @ qdl.Y(4) for i in range(4)), 5)
        block = H[2 * index : 2 * index + 2, 2 * index : 2 * index + 2]
        levels, vectors = torch.linalg.eigh(block)
        turned = vectors @ ((-0.4j * levels).exp() * (vectors.mH @ plus))
        micro = (turned.conj() @ minus_z.to(turned.dtype) @ turned).real / 0.4
        macro = (gibbs_state(block, 0.8) @ minus_y).trace().real / 0.4
        bias = layer.bias[k].detach()
        measured("micro", (layer(image)[0, k, 0, 0] - bias - micro).detach().abs(), at_most=1e-12)
        measured("macro", (ThermalReading(layer)(image)[0, k, 0, 0] - bias - macro).detach().abs(), at_most=1e-12)


@pytest.mark.claim("A10", "the thermal reading of probabilities is E tanh(gW), summed over all states of the input")
@pytest.mark.parametrize("coupling", [0.05, 0.5, 1.0])
def test_a10_the_thermal_reading_is_an_average_over_all_states(coupling: float, measured: Measured) -> None:
    layer = conv(coupling, encoding="probability")
    x, _ = patch(layer)
    n = torch.tensor(list(product((0.0, 1.0), repeat=9)), dtype=DOUBLE)
    p = (n * x.flatten() + (1 - n) * (1 - x.flatten())).prod(1)
    with torch.no_grad():
        expected = p @ torch.tanh(coupling * n @ layer.weight.flatten(1).T) / coupling + layer.bias
        found = ThermalReading(layer, reach=10)(x).flatten()
    measured("largest difference", (found - expected).abs().max(), at_most=1e-12)


@pytest.mark.claim("A10", "at weak coupling, high temperature, both readings are the classical convolution: order g^2")
@pytest.mark.parametrize(("pair", "share"), [("micro", 1 / 6), ("macro", 1 / 3), ("both", 1 / 6)])
def test_a10_both_readings_agree_at_weak_coupling(pair: str, share: float, measured: Measured) -> None:
    """Ours: micro - linear = -g^2 E[W^3]/6, macro - linear = -g^2 E[W^3]/3, micro - macro = g^2 E[W^3]/6."""
    g = torch.tensor([0.05, 0.035, 0.025, 0.0175, 0.0125], dtype=DOUBLE)
    errors = []
    for coupling in g.tolist():
        layer = conv(coupling, encoding="probability")
        x, moment = patch(layer)
        with torch.no_grad():
            linear = torch.nn.functional.conv2d(x, layer.weight, layer.bias)
            micro, macro = layer(x), ThermalReading(layer)(x)
            pairs = {"micro": linear - micro, "macro": linear - macro, "both": micro - macro}
        errors.append(pairs[pair].flatten())
    found = torch.stack(errors)
    logs, at = found.abs().log(), g.log() - g.log().mean()
    slopes = (at @ (logs - logs.mean(0))) / at.square().sum()
    measured("slope minus 2", (slopes - 2).abs().max(), at_most=0.05)
    prefactor = found[-1] / g[-1] ** 2 / (share * moment)
    measured("relative error of the prefactor", (prefactor - 1).abs().max(), at_most=0.02)


@pytest.mark.claim(
    "A10", "a convolution of excitation numbers, read thermally, is an RBM's hidden layer: weights 2g w, biases 2b"
)
def test_a10_the_convolution_read_thermally_is_an_rbm(measured: Measured) -> None:
    layer = conv(0.5, readout="excitation")
    rbm = RBM(9, 2, dtype=DOUBLE)
    with torch.no_grad():
        rbm.weight.copy_(2 * 0.5 * layer.weight.flatten(1))
        rbm.hidden_bias.copy_(2 * layer.bias)
        images = (torch.rand(4, 1, 6, 6) < 0.4).to(DOUBLE)
        found = ThermalReading(layer)(images)
        patches = torch.nn.functional.unfold(images, 3).mT
        expected = rbm(patches).mT.unflatten(-1, (4, 4))
    measured("largest difference of P(h = 1) given v", (found - expected).abs().max(), at_most=1e-12)


@pytest.mark.claim("A10", "a thermal layer's closed form equals measurements on the purification of its state")
@pytest.mark.parametrize("transverse", [None, 0.8])
@pytest.mark.parametrize("engine", ["state", "density"])
def test_a10_thermal_expectations_have_two_forms(engine: str, transverse: float | None, measured: Measured) -> None:
    observables = [qdl.Z(0), 0.5 * qdl.Z(1) @ qdl.Z(2) - qdl.X(1)]
    options = {"transverse": transverse, "observables": observables, "temperature": 0.7, "dtype": DOUBLE}
    closed = ThermalLayer(4, 3, **options)
    drawn(closed)
    circuit = ThermalLayer(4, 3, **options, engine=engine)
    circuit.load_state_dict(closed.state_dict())
    x = torch.randn(5, 4, dtype=DOUBLE)
    measured("largest difference", (closed(x) - circuit(x)).detach().abs().max(), at_most=1e-12)


@pytest.mark.claim("A10", "a thermal layer is the RBM's hidden layer where nothing couples, and a QBM's where spins do")
def test_a10_a_thermal_layer_is_the_hidden_layer_of_a_machine(measured: Measured) -> None:
    rbm = RBM(4, 3, values="spin", dtype=DOUBLE)
    drawn(rbm)
    free = ThermalLayer(4, 3, graph=nx.empty_graph(3), transverse=None, dtype=DOUBLE)
    qbm = QBM(4, 3, dtype=DOUBLE)
    drawn(qbm)
    coupled = ThermalLayer(4, 3, dtype=DOUBLE)
    v = spins(4)
    with torch.no_grad():
        free.weight.copy_(rbm.weight)
        free.bias.copy_(rbm.hidden_bias)
        coupled.bias.copy_(qbm.bias[4:])
        coupled.transverse.copy_(qbm.transverse[4:])
        couplings = dict(zip(qbm.edges, qbm.weight, strict=True))
        coupled.weight.copy_(torch.tensor([[couplings[i, j] for i in range(4)] for j in range(4, 7)]))
        coupled.coupling.copy_(torch.stack([couplings[i + 4, j + 4] for i, j in coupled.edges]))
        measured("to an RBM", (free(v) - rbm(v)).abs().max(), at_most=1e-12)
        measured("to a QBM", (coupled(v) - qbm(v)).abs().max(), at_most=1e-12)


@pytest.mark.claim(
    "A10", "the thermal average is one of measurements at all couplings: tanh a = int sin(ua)/sinh(pi u/2) du"
)
def test_a10_temperature_is_a_spread_of_couplings(measured: Measured) -> None:
    """By another rule than the layer's: Simpson's, on a fine grid."""
    u = torch.linspace(1e-9, 30, 20_001, dtype=DOUBLE)
    weight = torch.ones_like(u)
    weight[1:-1:2], weight[2:-1:2] = 4, 2
    a = torch.linspace(-3, 3, 25, dtype=DOUBLE)[:, None]
    integral = (weight * torch.sin(u * a) / torch.sinh(pi * u / 2)).sum(1) * (u[1] - u[0]) / 3
    measured("largest difference", (integral - torch.tanh(a[:, 0])).abs().max(), at_most=1e-8)
