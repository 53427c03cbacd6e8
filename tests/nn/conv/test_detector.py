"""The detector interaction: its circuit, its weak-coupling limit, its readouts and encodings, its finite statistics."""

from __future__ import annotations

import copy
from itertools import product
from math import log, pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, unfold

import qdl
from qdl.errors import QdlError, UnsupportedError, ValuesError
from qdl.nn import QuantumConv2d, configure
from tests import oracle

KINDS = list(product(("linear", "excitation"), ("signed", "probability")))


def layer_of(readout: str = "linear", encoding: str = "signed", **options: Any) -> QuantumConv2d:
    torch.manual_seed(0)
    arguments = {"groups": 2, "padding": 1, "coupling": 0.7, "dtype": torch.float64, **options}
    return QuantumConv2d(2, 4, 2, readout=readout, encoding=encoding, **arguments)


def images(encoding: str = "signed") -> Tensor:
    """Samples beyond 1, within 1 and made of 0 and 1 only (-1 too where signs are allowed)."""
    torch.manual_seed(1)
    x = torch.rand(3, 2, 3, 3, dtype=torch.float64)
    x[0, 0, 0] = 0
    x[2] = torch.randint(0, 2, x[2].shape)
    if encoding == "signed":
        x *= torch.where(torch.rand_like(x) < 0.5, -1.0, 1.0)
        x[0] *= 2.5
    return x


def answers(layer: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The output and the gradients of a fixed cotangent, inputs first."""
    x = x.clone().requires_grad_()
    out = layer(x)
    torch.manual_seed(2)
    return out, list(torch.autograd.grad(out, [x, *layer.parameters()], torch.randn_like(out)))


@pytest.mark.parametrize(("readout", "encoding"), KINDS)
def test_circuit_and_closed_form_agree_with_their_gradients(readout: str, encoding: str) -> None:
    x = images(encoding)
    found, grads = answers(layer_of(readout, encoding, engine="state"), x)
    expected, wanted = answers(layer_of(readout, encoding), x)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    for got, exact in zip(grads, wanted, strict=True):
        torch.testing.assert_close(got, exact, atol=1e-12, rtol=0)


@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_both_are_what_the_oracle_computes_from_the_circuit(readout: str) -> None:
    torch.manual_seed(4)
    layer = QuantumConv2d(1, 2, (2, 3), readout=readout, coupling=1.3, dtype=torch.float64)
    x = torch.tensor([[0.3, -1.0, 0.0], [1.0, -0.6, 0.2]], dtype=torch.float64)
    for output in range(2):
        signs, b = x.sign().flatten(), layer.bias[output].item()
        values = {"x": x.abs().flatten().numpy(), "weight": (signs * layer.weight[output].flatten()).detach().numpy()}
        if readout == "excitation":
            values["bias"] = np.array([b])
        z = oracle.expval(layer.circuit, [qdl.Z(6)], values).item()
        expected = -z / 1.3 + b if readout == "linear" else (1 - z) / 2
        assert layer(x[None])[output].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_input_gradients_are_central_differences_also_at_0_and_1(readout: str, engine: str) -> None:
    layer, x, step = layer_of(readout, engine=engine), images(), 1e-7
    closed = layer_of(readout)
    out, grads = answers(layer, x)
    torch.manual_seed(2)
    cotangent = torch.randn_like(out)
    moves = step * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    with torch.no_grad():
        expected = [((closed(x + move) - closed(x - move)) * cotangent).sum() / (2 * step) for move in moves]
    assert (x.abs() == 1).sum() > 3
    assert (x == 0).sum() > 3
    torch.testing.assert_close(grads[0].flatten(), torch.stack(expected), atol=1e-6, rtol=0)


def test_parameter_gradients_and_curvature() -> None:
    layer, x = layer_of(), images()

    def run(weight: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    parameters = tuple(p.detach().requires_grad_() for p in layer.parameters())
    torch.autograd.gradcheck(run, parameters, atol=1e-6)
    torch.autograd.gradgradcheck(run, parameters, atol=1e-6)


def test_input_curvature_sees_the_samples_scale() -> None:
    layer = QuantumConv2d(1, 2, 2, coupling=0.9, dtype=torch.float64)
    x = torch.tensor([[0.5, -2.5, 0.3], [0.2, 1.7, -0.9]], dtype=torch.float64).reshape(1, 1, 2, 3).requires_grad_()
    torch.autograd.gradcheck(layer, x, atol=1e-6)
    torch.autograd.gradgradcheck(layer, x, atol=1e-6)


def test_single_precision_is_close_to_double() -> None:
    torch.manual_seed(3)
    layer, x = QuantumConv2d(8, 4, 3, coupling=0.3).double(), 2 * torch.randn(4, 8, 6, 6, dtype=torch.float64)
    found = copy.deepcopy(layer).float()(x.float())
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), layer(x), atol=2e-5, rtol=0)


def test_a_circuits_input_curvature_is_refused() -> None:
    layer, x = layer_of(engine="state"), images().requires_grad_()
    (grad,) = torch.autograd.grad(layer(x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        grad.sum().backward()


@pytest.mark.parametrize("interaction", ["detector", "displaced"])
def test_a_circuits_mixed_derivatives_are_refused_where_the_input_is_differentiated(interaction: str) -> None:
    layer, x = layer_of(engine="state", interaction=interaction), images()
    parts = [
        torch.autograd.grad(layer(given).square().sum(), layer.weight, create_graph=True)[0].sum()
        for given in (x, x.clone().requires_grad_())
    ]
    parts[0].backward()
    with pytest.raises(RuntimeError, match="no second derivatives"):
        parts[1].backward()


ARGUMENTS: list[dict[str, Any]] = [{}, {"stride": 2, "padding": 2}, {"dilation": 2, "padding": 1, "groups": 2}]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_error_against_the_classical_convolution_falls_as_the_square_of_the_coupling(arguments: dict[str, Any]) -> None:
    torch.manual_seed(6)
    conv = nn.Conv2d(4, 6, 3, dtype=torch.float64, **arguments)
    x = 3 * torch.randn(2, 4, 7, 7, dtype=torch.float64)
    couplings = [0.05, 0.02, 0.01, 0.005]
    errors = [
        (QuantumConv2d.from_conv2d(conv, coupling=g)(x) - conv2d(x, conv.weight, conv.bias, **arguments)).norm().item()
        for g in couplings
    ]
    for (g, error), (smaller, less) in zip(
        zip(couplings, errors, strict=True), list(zip(couplings, errors, strict=True))[1:], strict=False
    ):
        assert log(error / less) / log(g / smaller) == pytest.approx(2, abs=0.05)


def enumerated_moment(x: Tensor, weight: Tensor) -> float:
    """E[W^3] over all configurations of one patch."""
    quanta = torch.tensor(list(product((0.0, 1.0), repeat=len(x))), dtype=x.dtype)
    chance = torch.where(quanta == 1, x.abs(), 1 - x.abs()).prod(1)
    return float((chance * (quanta @ (x.sign() * weight)) ** 3).sum())


@pytest.mark.parametrize("arguments", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 2}], ids=str)
def test_the_errors_prefactor_is_the_enumerated_third_moment(arguments: dict[str, Any]) -> None:
    torch.manual_seed(7)
    conv = nn.Conv2d(2, 2, (2, 3), dtype=torch.float64, **arguments)
    x, g = 3 * torch.randn(2, 2, 5, 6, dtype=torch.float64), 0.01
    error = (QuantumConv2d.from_conv2d(conv, coupling=g)(x) - conv(x)).flatten(2)
    m = x.abs().amax((1, 2, 3))
    geometry = {name: arguments[name] for name in ("stride", "padding", "dilation") if name in arguments}
    groups = arguments.get("groups", 1)
    patches = unfold(x / m[:, None, None, None], (2, 3), **geometry).unflatten(1, (groups, -1))
    for sample, output in product(range(2), range(2)):
        group = output * groups // 2
        for position in range(error.shape[2]):
            moment = enumerated_moment(patches[sample, group, :, position], conv.weight[output].detach().flatten())
            predicted = -m[sample].item() * g**2 * moment / 6
            assert error[sample, output, position].item() == pytest.approx(predicted, rel=0.02, abs=1e-8)


def test_a_sample_does_not_see_its_neighbours() -> None:
    layer, x = layer_of(), images()
    expected = torch.stack([layer(sample) for sample in x])
    torch.testing.assert_close(layer(x), expected, atol=1e-13, rtol=0)


def test_excitation_numbers_are_probabilities_ready_for_the_next_layer() -> None:
    torch.manual_seed(8)
    first = QuantumConv2d(1, 4, 3, readout="excitation", coupling=3.0)
    second = QuantumConv2d(4, 2, 3, readout="excitation", encoding="probability", coupling=3.0)
    hidden = first(5 * torch.randn(16, 1, 8, 8))
    assert 0 <= hidden.min() < 0.1
    assert 0.9 < hidden.max() <= 1 + 1e-6
    assert second(hidden).shape == (16, 2, 4, 4)
    with torch.no_grad():  # the detector of one certain quantum, turned to the top: exactly 1 up to rounding
        first.weight.fill_(pi / 3 / 9 / 2)
        first.bias.zero_()
    second(first(torch.ones(1, 1, 8, 8)))


@pytest.mark.parametrize("engine", ["closed", "state"])
def test_an_earlier_layers_rounding_is_no_error(engine: str) -> None:
    x = torch.tensor([1 + 2**-20, -(2**-20), 0.5, 1.0]).reshape(1, 1, 2, 2).requires_grad_()
    layer = QuantumConv2d(1, 1, 2, encoding="probability", engine=engine)
    out = layer(x)
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert out.isfinite().all()
    assert grad.isfinite().all()


@pytest.mark.parametrize("value", [-0.01, 1.0001, torch.nan, torch.inf])
def test_numbers_that_are_no_probabilities_are_refused(value: float) -> None:
    layer, x = QuantumConv2d(1, 1, 2, encoding="probability"), torch.rand(2, 1, 3, 3)
    x[1, 0, 2, 2] = value
    with pytest.raises(ValuesError, match=r"probabilities.*\[0, 1\].*signed"):
        layer(x)
    QuantumConv2d(1, 1, 2, encoding="probability", validate=False)(x)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coupling": 0}, "coupling"),
        ({"coupling": -0.1}, "coupling"),
        ({"coupling": float("nan")}, "coupling"),
        ({"coupling": "strong"}, "coupling"),
        ({"readout": "all"}, "unknown readout.*'linear' or 'excitation'"),
        ({"encoding": "angle"}, "unknown encoding"),
        ({"shot": 5}, "unknown options.*shot"),
        ({"pattern": "ring"}, "unknown options.*pattern"),
        ({"shots": 0}, "shots"),
        ({"shots": 1.5}, "shots"),
        ({"shots": True}, "shots"),
        ({"seed": "a"}, "seed"),
        ({"noise": "depolarizing"}, "noise"),
        ({"grad": "adjoint"}, "gradient.*adjoint"),
        ({"grad": "autograd", "shots": 10}, "gradient"),
        ({"engine": "abacus"}, "unknown engine.*abacus"),
        ({"engine": "state", "shot": 5}, "unknown options.*shot"),
        ({"interaction": "nonesuch"}, "nonesuch"),
    ],
    ids=str,
)
def test_options_that_cannot_be_honoured_are_refused_when_the_layer_is_made(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(QdlError, match=message):
        QuantumConv2d(1, 1, 2, **options)


def test_coupling_can_be_turned_but_not_to_nonsense() -> None:
    layer, x = layer_of(engine="state"), images()
    before = layer(x)
    with pytest.raises(ValuesError):
        layer.coupling = -1
    assert torch.equal(layer(x), before)
    layer.coupling = 0.2
    expected = layer_of(coupling=0.2)(x)
    torch.testing.assert_close(layer(x), expected, atol=1e-12, rtol=0)
    assert "coupling" not in layer.state_dict()


# Finite statistics


@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_shots_spread_as_quantum_mechanics_says(readout: str, engine: str) -> None:
    """sqrt((1 - <Z>^2)/S) within 5 %, S = 1000, 2000 repeats; the mean within 5 standard errors."""
    torch.manual_seed(9)
    repeats, shots, g = 2000, 1000, 0.8
    options = {"readout": readout, "coupling": g, "dtype": torch.float64}
    exact = QuantumConv2d(1, 1, 2, **options)
    noisy = QuantumConv2d(1, 1, 2, **options, shots=shots, seed=11, engine=engine)
    noisy.load_state_dict(exact.state_dict())
    x = torch.rand(1, 1, 2, 2, dtype=torch.float64)
    value = exact(x).item()
    z = (value - exact.bias.item()) * g if readout == "linear" else 2 * value - 1
    unit = 1 / g if readout == "linear" else 0.5
    drawn = noisy(x.expand(repeats, -1, -1, -1)).detach().flatten()
    expected = unit * ((1 - z**2) / shots) ** 0.5
    assert drawn.std().item() == pytest.approx(expected, rel=0.05)
    assert drawn.mean().item() == pytest.approx(value, abs=5 * expected / repeats**0.5)


def test_shots_are_independent_between_outputs() -> None:
    torch.manual_seed(10)
    layer = QuantumConv2d(1, 2, 1, shots=20, seed=3, bias=False)
    with torch.no_grad():
        layer.weight.fill_(0.5)
    drawn = layer(torch.full((1, 1, 100, 100), 0.5)).detach().flatten(2)[0]
    assert abs(torch.corrcoef(drawn)[0, 1].item()) < 0.05
    assert len(drawn[0].unique()) > 5


def test_seeds_repeat_and_differ() -> None:
    x = images()
    one, again, other = (layer_of(shots=50, seed=s) for s in (1, 1, 2))
    assert torch.equal(one(x), one(x))
    assert torch.equal(one(x), again(x))
    assert not torch.equal(one(x), other(x))
    free = layer_of(shots=50)
    assert not torch.equal(free(x), free(x))
    torch.manual_seed(5)
    first = free(x)
    torch.manual_seed(5)
    assert torch.equal(free(x), first)
    running = layer_of(shots=50, seed=torch.Generator().manual_seed(1))
    assert not torch.equal(running(x), running(x))


@pytest.mark.parametrize(("engine", "repeats"), [("closed", 300), ("state", 60)])
@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_shot_gradients_are_unbiased(readout: str, engine: str, repeats: int) -> None:
    """The mean of all estimates lies within 5 of its standard errors of the exact gradient, for every entry."""
    torch.manual_seed(12)
    options = {"readout": readout, "coupling": 0.9, "dtype": torch.float64}
    exact = QuantumConv2d(1, 1, (1, 3), **options)
    noisy = QuantumConv2d(1, 1, (1, 3), **options, shots=30, engine=engine)
    noisy.load_state_dict(exact.state_dict())
    # Within [-1, 1] there is no kink but those of the elements themselves; 0 is among them.
    x = torch.tensor([0.7, 0.0, -0.4], dtype=torch.float64).reshape(1, 1, 1, 3)
    wanted = answers(exact, x)[1]
    torch.manual_seed(13)
    seeds = torch.randint(2**40, (repeats,)).tolist()
    samples = [answers(configure(noisy, seed=seed), x)[1] for seed in seeds]
    for exactly, *drawn in zip(wanted, *samples, strict=True):
        estimates = torch.stack(drawn)
        error = (estimates.mean(0) - exactly).abs()
        assert (error <= 5 * estimates.std(0) / repeats**0.5 + 1e-12).all()
    assert torch.stack([sample[1] for sample in samples]).std(0).max() > 0


@pytest.mark.parametrize("engine", ["closed", "state"])
@pytest.mark.parametrize("w", [0.0, 0.9])
def test_shot_gradients_have_shots_of_their_own(w: float, engine: str) -> None:
    """One element at x = 1/2: the gradient is the difference of two detectors, at x = 1 and x = 0, each read S times.

    At each of 4900 positions: the spread is that of two independent counts, and nothing is shared with the answer.
    """
    shots, g = 40, 0.6
    layer = QuantumConv2d(1, 1, 1, bias=False, coupling=g, shots=shots, seed=5, engine=engine, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.fill_(w)
    x = torch.full((1, 1, 70, 70), 0.5, dtype=torch.float64, requires_grad=True)
    out = layer(x)
    (grad,) = torch.autograd.grad(out.sum(), x)
    sine = torch.tensor(g * w).sin().item()
    assert grad.std().item() == pytest.approx(((1 + 1 - sine**2) / shots) ** 0.5 / g, rel=0.05)
    both = torch.stack((out.detach().flatten(), grad.flatten()))
    assert abs(torch.corrcoef(both)[0, 1].item()) < 0.06


def test_shot_gradients_cannot_be_differentiated_again() -> None:
    layer, x = layer_of(shots=10, seed=1), images()
    (grad,) = torch.autograd.grad(layer(x).sum(), layer.weight, create_graph=True)
    with pytest.raises(RuntimeError, match="no second derivatives"):
        grad.sum().backward()


def test_configure_plans_every_layer_again() -> None:
    model = nn.Sequential(QuantumConv2d(2, 4, 2), nn.ReLU(), QuantumConv2d(4, 4, 2)).double()
    x = images()
    exact = model(x)
    assert configure(model, shots=100, seed=4) is model
    noisy = model(x)
    assert not torch.equal(noisy, exact)
    assert torch.equal(model(x), noisy)
    assert model[0].options["seed"] != model[2].options["seed"]
    configure(model, shots=None)
    assert torch.equal(model(x), exact)
    configure(model, engine="state")
    torch.testing.assert_close(model[:1](x), configure(copy.deepcopy(model), engine="closed")[:1](x))
    assert "engine=state" in repr(model)


def test_configure_refuses_and_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(QuantumConv2d(2, 4, 2), QuantumConv2d(4, 4, 2, shots=10, seed=1)).double()
    x = images()
    before = model(x)
    with pytest.raises(UnsupportedError, match="autograd"):
        configure(model, grad="autograd")  # right for the first layer, impossible with the second's shots
    assert torch.equal(model(x), before)
    assert model[0].options == {}
    with pytest.raises(ValuesError, match="no quantum layer"):
        configure(nn.Linear(2, 2), shots=5)


def test_a_small_network_learns_what_its_frozen_twin_cannot() -> None:
    """Bars at random places, horizontal against vertical, read through a global maximum: the kernels must turn."""

    def bars(count: int, seed: int) -> tuple[Tensor, Tensor]:
        source = torch.Generator().manual_seed(seed)
        x = torch.rand(count, 1, 6, 6, generator=source) * 0.3
        labels = torch.randint(0, 2, (count,), generator=source)
        rows, columns = torch.randint(0, 6, (count,), generator=source), torch.randint(0, 4, (count,), generator=source)
        for image, label, r, c in zip(x, labels, rows, columns, strict=True):
            view = image[0] if label else image[0].T
            view[r, c : c + 3] += 0.7
        return x, labels

    def accuracy(frozen: bool) -> float:
        torch.manual_seed(3)
        conv = QuantumConv2d(1, 2, 3, padding=1, coupling=0.5).requires_grad_(not frozen)
        model = nn.Sequential(conv, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(2, 2))
        (x, y), (unseen, truth) = bars(128, 0), bars(256, 1)
        optimiser = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 0.05)
        for _ in range(80):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimiser.step()
        return (model(unseen).argmax(1) == truth).float().mean().item()

    assert accuracy(frozen=False) > 0.95
    assert accuracy(frozen=True) < 0.85


@pytest.mark.parametrize("options", [{"shots": 20, "seed": 1}, {"engine": "state"}], ids=str)
def test_torch_func_grad_of_shots_and_circuits_is_backward_and_vmap_is_refused(options: dict[str, Any]) -> None:
    layer, x = layer_of(**options), images()

    def loss(parameters: dict[str, Tensor], image: Tensor) -> Tensor:
        return torch.func.functional_call(layer, parameters, (image,)).square().sum()

    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    found, by_input = torch.func.grad(loss, argnums=(0, 1))(parameters, x)
    leaf = x.clone().requires_grad_()
    layer(leaf).square().sum().backward()
    torch.testing.assert_close(by_input, leaf.grad)
    for name, p in layer.named_parameters():
        torch.testing.assert_close(found[name], p.grad)
    with pytest.raises(UnsupportedError, match="vmap"):
        torch.func.vmap(layer)(x[:, None])


@pytest.mark.parametrize("engine", ["closed", "state"])
def test_exact_answers_leave_torchs_random_state_alone(engine: str) -> None:
    layer, x = layer_of(engine=engine), images()
    before = torch.get_rng_state()
    layer(x).sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_inference_mode() -> None:
    layer, x = layer_of(), images()
    with torch.inference_mode():
        found = layer(x)
    assert torch.equal(found, layer(x))
