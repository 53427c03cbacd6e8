"""A3: what finite statistics make of weak coupling, and that the kernel is trained."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from qdl.nn import QuantumConv1d, QuantumConv2d, configure
from qdl.physics import optimum_coupling, third_moment
from qdl.physics.interactions.coupling import weak_coupling_optimum
from tests.claims.conftest import Measured
from tests.claims.slopes import log_slope

DOUBLE = {"dtype": torch.float64}
SHOTS = [10**4, 10**5, 10**6, 10**7]


def drawn(seed: int) -> tuple[Tensor, Tensor]:
    """A 3x3 kernel, as torch would start it, and a patch."""
    torch.manual_seed(seed)
    return torch.rand(9, **DOUBLE), (2 * torch.rand(9, **DOUBLE) - 1) / 3


def single(w: Tensor, g: float, interaction: str, **options: Any) -> QuantumConv1d:
    """A layer of one output and no bias, with this kernel."""
    layer = QuantumConv1d(1, 1, len(w), bias=False, coupling=g, interaction=interaction, **options, **DOUBLE)
    with torch.no_grad():
        layer.weight.copy_(w)
    return layer.requires_grad_(False)


def spread(interaction: str, value: float, g: float, x: Tensor, w: Tensor) -> float:
    """One shot's variance of the linear readout, from the distribution of what is measured."""
    if interaction == "detector":
        return (1 - (g * value) ** 2) / g**2
    if interaction == "exchange":
        return 1 / (4 * g**2)
    # A Poisson number whose mean (b0 + gW)^2 varies too, with b0 = 1.
    quanta = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], **DOUBLE)] * len(x))
    chance = torch.where(quanta == 1, x, 1 - x).prod(1)
    mean = (1 + g * quanta @ w) ** 2
    return float((chance * (mean + mean**2)).sum() - (chance * mean).sum() ** 2) / (4 * g**2)


def best(interaction: str, x: Tensor, w: Tensor) -> list[float]:
    """The couplings at which bias squared plus variance over shots is smallest, on a grid."""
    grid = torch.logspace(-2.5, 0.2, 300, **DOUBLE).tolist()
    points = []
    for g in grid:
        value = single(w, g, interaction)(x[None, None]).item()
        points.append(((value - float(w @ x)) ** 2, spread(interaction, value, g, x, w)))
    bias, noise = torch.tensor(points, **DOUBLE).T
    return [grid[int((bias + noise / shots).argmin())] for shots in SHOTS]


@pytest.mark.claim(
    "A3", "the coupling of least error falls as S^(-1/6), or as S^(-1/4) where the error is of first order"
)
@pytest.mark.parametrize(
    ("interaction", "exponent"), [("detector", -1 / 6), ("exchange", -1 / 6), ("displaced", -1 / 4)]
)
def test_a3_optimum_coupling_exponent(interaction: str, exponent: float, measured: Measured) -> None:
    x, w = drawn(3)
    found = best(interaction, x, w)
    slope = log_slope(zip(SHOTS, found, strict=True))
    measured(f"exponent for {interaction}", slope, at_least=exponent - 0.02, at_most=exponent + 0.02)
    w2 = (w @ x) ** 2 + (w**2 * x * (1 - x)).sum()
    predicted = {
        "detector": optimum_coupling(third_moment(x, w), SHOTS[-1]),
        "exchange": weak_coupling_optimum(w.square().sum() * (w @ x) / 6, SHOTS[-1], variance=0.25),
        "displaced": weak_coupling_optimum(w2 / 2, SHOTS[-1], order=1, variance=0.25),
    }[interaction]
    measured("optimum against the prediction at the most shots", found[-1] / predicted, at_least=0.9, at_most=1.1)


@pytest.mark.claim("A3", "MSE(g) = g^4 c^2 + 1/(g^2 S), c = E[W^3]/6, by drawing")
@pytest.mark.parametrize(("g", "low"), [(0.2, 0.88), (0.43, 0.8), (0.8, 0.78)])
@pytest.mark.parametrize("seed", range(5))
def test_a3_mean_square_error_is_drawn(g: float, low: float, seed: int, measured: Measured) -> None:
    x, w = torch.rand(9, **DOUBLE), torch.full((9,), 0.25, **DOUBLE)
    shots, repeats = 1000, 4000
    layer = single(w, g, "detector", shots=shots, seed=seed)
    drawn = layer(x.expand(repeats, 1, 9)).flatten()
    c = third_moment(x, w).item() / 6
    predicted = g**4 * c**2 + 1 / (g**2 * shots)
    found = (drawn - w @ x).square().mean().item()
    # The next orders are (gW)^2 of either term.
    measured("mean square error to its prediction", found / predicted, at_least=low, at_most=1.05)


@pytest.mark.claim("A3", "at S = 1000 a 3x3 kernel's optimum is about .43; at g = .05 one activation's noise is .63")
def test_a3_noise_of_one_activation(measured: Measured) -> None:
    measured("optimum", optimum_coupling(torch.tensor(1.6875), 1000), at_least=0.425, at_most=0.435)
    layer = single(torch.zeros(9, **DOUBLE), 0.05, "detector", shots=1000, seed=1)
    noise = layer(torch.rand(4000, 1, 9, **DOUBLE)).std()
    measured("noise of one activation", noise, at_least=0.6, at_most=0.66)


INTERACTIONS: list[dict[str, Any]] = [
    {"interaction": "detector"},
    {"interaction": "detector", "engine": "state"},
    {"interaction": "exchange"},
    {"interaction": "exchange", "engine": "state"},
    {"interaction": "displaced"},
    {"interaction": "displaced", "engine": "state"},
    {"interaction": "translation"},
    {"interaction": "translation", "engine": "state", "kernel_size": 2},
]


@pytest.mark.claim("A3", "the kernel's and the input's gradients are differences, through closed form and circuit")
@pytest.mark.parametrize("arguments", INTERACTIONS, ids=lambda a: "-".join(map(str, a.values())))
def test_a3_gradients(arguments: dict[str, Any], measured: Measured) -> None:
    torch.manual_seed(0)
    layer = QuantumConv1d(
        **{"in_channels": 2, "out_channels": 2, "kernel_size": 2, **arguments}, coupling=0.7, **DOUBLE
    )
    x = 0.1 + 0.8 * torch.rand(1, 2, 4, **DOUBLE)

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(dict(layer.named_parameters()), parameters, strict=True))
        return torch.func.functional_call(layer, named, (x,)).square().sum()

    given = [t.detach().clone().requires_grad_() for t in (x, *layer.parameters())]
    worst = 0.0
    for at, exact in zip(given, torch.autograd.grad(run(*given), given), strict=True):
        for k in range(at.numel()):
            moved = []
            for step in (1e-5, -1e-5):
                with torch.no_grad():
                    at.view(-1)[k] += step
                    moved.append(run(*given).item())
                    at.view(-1)[k] -= step
            worst = max(worst, abs((moved[0] - moved[1]) / 2e-5 - exact.flatten()[k].item()))
    measured("largest difference", worst, at_most=1e-6)


@pytest.mark.claim("A3", "a signed kernel of several channels is learnt through the circuit, from another's answers")
@pytest.mark.parametrize("interaction", ["detector", "exchange", "displaced", "translation"])
def test_a3_kernels_are_learnt_through_the_circuit(interaction: str, measured: Measured) -> None:
    torch.manual_seed(1)
    options = {"interaction": interaction, "engine": "state", "coupling": 0.5, "bias": False, **DOUBLE}
    teacher, pupil = (QuantumConv1d(2, 1, 2, **options) for _ in range(2))
    x = torch.rand(6, 2, 4, **DOUBLE)
    wanted = configure(teacher, engine="closed")(x).detach()
    optimiser = torch.optim.LBFGS(pupil.parameters(), max_iter=30, line_search_fn="strong_wolfe", tolerance_grad=1e-12)

    def loss() -> Tensor:
        optimiser.zero_grad()
        found = (pupil(x) - wanted).square().mean()
        found.backward()
        return found

    optimiser.step(loss)
    assert (teacher.weight < 0).any()
    measured("largest difference of the kernels", (pupil.weight - teacher.weight).abs().max(), at_most=1e-3)


@pytest.mark.slow
@pytest.mark.claim("A3", "a classical network's weights keep its accuracy on digits within 0.5 points at g = .05")
@pytest.mark.parametrize("seed", range(5))
def test_a3_transplanted_weights(seed: int, measured: Measured) -> None:
    from sklearn.datasets import load_digits

    torch.manual_seed(seed)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32).reshape(-1, 1, 8, 8), torch.tensor(labels)
    order = torch.randperm(len(x))
    train, test = order[:1200], order[1200:]
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    optimiser = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(15):
        for batch in train[torch.randperm(len(train))].split(64):
            optimiser.zero_grad()
            cross_entropy(model(x[batch]), y[batch]).backward()
            optimiser.step()

    def accuracy() -> float:
        with torch.no_grad():
            return float((model(x[test]).argmax(1) == y[test]).double().mean())

    classical = accuracy()
    assert classical > 0.93
    convs = {index: model[index] for index in (0, 2)}
    # The error of the displaced detector is of first order, divided by its oscillator.
    for interaction, more in (
        ("detector", {}),
        ("exchange", {}),
        ("displaced", {"oscillator": 10.0}),
        ("translation", {}),
    ):
        for index, conv in convs.items():
            model[index] = QuantumConv2d.from_conv2d(conv, 0.05, interaction=interaction, **more)
        measured(f"points lost by {interaction}", 100 * abs(accuracy() - classical), at_most=0.5)
