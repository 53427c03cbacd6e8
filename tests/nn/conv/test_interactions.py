"""Exchange, displaced detector and translation: circuits, finite statistics, noise, options and what is refused."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import QdlError
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d, configure
from qdl.nn.conv import translation_circuit

KINDS: list[dict[str, Any]] = [
    {"interaction": "exchange"},
    {"interaction": "exchange", "readout": "excitation"},
    {"interaction": "exchange", "readout": "excitation", "encoding": "amplitude"},
    {"interaction": "displaced"},
    {"interaction": "displaced", "readout": "excitation"},
    {"interaction": "displaced", "readout": "excitation", "encoding": "probability"},
]
SLIDING = {"interaction": "translation"}
RING = {**SLIDING, "padding_mode": "circular", "padding": 1}
READOUT = qdl.NoiseModel().readout([[0.9, 0.1], [0.03, 0.97]])


def name(arguments: dict[str, Any]) -> str:
    return "-".join(map(str, arguments.values()))


def layer_of(**arguments: Any) -> QuantumConv2d:
    torch.manual_seed(0)
    return QuantumConv2d(2, 4, (1, 2), **{"groups": 2, "coupling": 0.6, "dtype": torch.float64, **arguments})


def images(arguments: dict[str, Any], size: tuple[int, int] = (2, 4)) -> Tensor:
    """With zeros, a patch of nothing but zeros, and where they are allowed, signs and numbers beyond 1."""
    torch.manual_seed(1)
    x = torch.rand(2, 2, *size, dtype=torch.float64)
    x[0, :, 0, :3] = 0
    return x if arguments.get("encoding") == "probability" else 4 * x - 2 * (x > 0)


def answers(layer: nn.Module, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    out = layer(x)
    torch.manual_seed(2)
    return [out, *torch.autograd.grad(out, [x, *layer.parameters()], torch.randn_like(out))]


@pytest.mark.parametrize("arguments", [*KINDS, SLIDING, RING], ids=name)
def test_circuit_and_closed_form_agree_with_their_gradients(arguments: dict[str, Any]) -> None:
    x, options = images(arguments), {"cutoff": 32} if arguments["interaction"] == "displaced" else {}
    expected = answers(layer_of(**arguments), x)
    for found, exact in zip(answers(layer_of(**arguments, **options, engine="state"), x), expected, strict=True):
        torch.testing.assert_close(found, exact, atol=1e-10, rtol=1e-10)


@pytest.mark.parametrize("arguments", [*KINDS[3:5]], ids=name)
def test_at_0_the_derivative_by_the_input_is_the_mean_of_both_sides(arguments: dict[str, Any]) -> None:
    layer, x, step = layer_of(**arguments), images(arguments), 1e-7
    out, by_x, *_ = answers(layer, x)
    torch.manual_seed(2)
    cotangent = torch.randn_like(out)
    moves = step * torch.eye(x.numel(), dtype=x.dtype).reshape(-1, *x.shape)
    with torch.no_grad():
        expected = [((layer(x + move) - layer(x - move)) * cotangent).sum() / (2 * step) for move in moves]
    torch.testing.assert_close(by_x.flatten(), torch.stack(expected), atol=1e-6, rtol=0)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # torch about its own layer
@pytest.mark.parametrize("interaction", ["exchange", "displaced", "translation"])
@pytest.mark.parametrize("dimension", [1, 2, 3])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"stride": 2, "padding": 1},
        {"padding": "same", "dilation": 2},
        {"kernel_size": 2, "padding": "same", "padding_mode": "circular"},
        {"kernel_size": 4, "padding": 2, "padding_mode": "circular", "stride": 2, "groups": 2},
        {"padding": 1, "padding_mode": "reflect", "groups": 4},
        {"padding": 2, "padding_mode": "replicate", "dilation": 2, "bias": False},
    ],
    ids=str,
)
def test_weak_coupling_is_the_classical_layer(dimension: int, interaction: str, arguments: dict[str, Any]) -> None:
    torch.manual_seed(3)
    plain = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}[dimension]
    quantum = {1: QuantumConv1d, 2: QuantumConv2d, 3: QuantumConv3d}[dimension]
    conv = plain(4, 8, **{"kernel_size": 3, "dtype": torch.float64, **arguments})
    layer = getattr(quantum, f"from_conv{dimension}d")(conv, coupling=1e-5, interaction=interaction)
    x = torch.randn(2, 4, *(7, 6, 5)[:dimension], dtype=torch.float64)
    for given in (x, x[0], x[:0]):
        expected = conv(given)
        assert layer(given).shape == expected.shape
        torch.testing.assert_close(layer(given), expected, atol=1e-3 if interaction == "displaced" else 1e-7, rtol=0)


def test_translation_with_circular_padding_moves_with_the_image() -> None:
    layer = QuantumConv2d(2, 3, 3, padding=1, padding_mode="circular", coupling=2.0, dtype=torch.float64, **SLIDING)
    x = torch.randn(1, 2, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(layer(x.roll((2, 1), (2, 3))), layer(x).roll((2, 1), (2, 3)), atol=1e-12, rtol=0)


# Finite statistics


def variance(layer: QuantumConv2d, exact: Tensor) -> Tensor:
    """Of one shot, where the formula is short: homodyne detection, photon counting, one magnon."""
    if layer.readout == "linear":
        return torch.full_like(exact, 1 / (4 * layer.coupling**2))
    return exact if layer.encoding != "amplitude" else exact * (1 - exact)


@pytest.mark.parametrize("arguments", KINDS[:3], ids=name)
def test_exchange_spreads_as_what_is_measured(arguments: dict[str, Any]) -> None:
    arguments = {"readout": "linear", "encoding": "coherent", **arguments, "groups": 1}
    x, shots, repeats = images(arguments)[1:, :, :1, :2], 100, 4000
    layer = layer_of(**arguments)
    exact = layer(x).detach()
    drawn = configure(layer, shots=shots, seed=7)(x.expand(repeats, -1, -1, -1)).detach()
    expected = (variance(layer, exact) / shots).sqrt()[0]
    assert (drawn.mean(0) - exact[0]).abs().le(5 * expected / repeats**0.5 + 1e-12).all()
    torch.testing.assert_close(drawn.std(0), expected, rtol=0.06, atol=0)


def test_displaced_counts_spread_as_their_mixture_does() -> None:
    """Poisson numbers whose mean (b0 + gW)^2 depends on which elements are excited."""
    layer, shots, repeats = layer_of(**KINDS[3], groups=1, bias=False), 50, 4000
    x = images(KINDS[5])[1:, :, :1, :2]
    quanta = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=x.dtype)] * 4)
    chance = torch.where(quanta == 1, x.flatten(), 1 - x.flatten()).prod(1)
    mean = (1 + 0.6 * quanta @ layer.weight[0].detach().flatten()) ** 2
    expected = (((chance * (mean + mean**2)).sum() - (chance * mean).sum() ** 2) / shots).sqrt() / (2 * 0.6)
    exact = layer(x)[0, 0].item()
    drawn = configure(layer, shots=shots, seed=3)(x.expand(repeats, -1, -1, -1)).detach()[:, 0].flatten()
    assert drawn.std().item() == pytest.approx(expected.item(), rel=0.06)
    assert drawn.mean().item() == pytest.approx(exact, abs=5 * expected.item() / repeats**0.5)


@pytest.mark.parametrize(
    ("arguments", "engine", "repeats"),
    [
        *[pytest.param(arguments, "closed", 80, id=name(arguments)) for arguments in KINDS],
        *[pytest.param(k, "state", 60, id=f"{name(k)}-state", marks=pytest.mark.slow) for k in KINDS[:3]],
    ],
)
def test_shot_gradients_are_unbiased(arguments: dict[str, Any], engine: str, repeats: int) -> None:
    """The mean of all estimates lies within 5 of its standard errors of the exact gradient, for every entry."""
    exact = layer_of(**arguments)
    x = images(arguments)[1:, :, :1, :2]
    wanted = answers(exact, x)
    noisy = copy.deepcopy(exact)
    drawn = [answers(configure(noisy, engine=engine, shots=40, seed=seed), x) for seed in range(repeats)]
    for k, exactly in enumerate(wanted):
        estimates = torch.stack([one[k] for one in drawn])
        error = (estimates.mean(0) - exactly).abs()
        assert (error <= 5 * estimates.std(0) / repeats**0.5 + 1e-9).all()
    assert torch.stack([one[0] for one in drawn]).std(0).max() > 0


def test_a_cut_modes_circuit_has_no_shift_rule() -> None:
    layer, x = layer_of(**KINDS[3], engine="state", shots=10), images(KINDS[3])
    with pytest.raises(QdlError, match="no stable shift rule"):
        layer(x).sum().backward()


def test_translation_is_measured_on_its_register() -> None:
    layer, x = layer_of(**SLIDING), images(SLIDING)
    exact = layer(x)
    drawn = torch.stack([configure(layer, engine="state", shots=2000, seed=seed)(x) for seed in range(20)])
    assert 0 < drawn.std(0).max() < 1
    assert (drawn.mean(0) - exact).abs().le(5 * drawn.std(0) / 20**0.5 + 1e-9).all()
    configure(layer, seed=1)
    assert torch.equal(layer(x), layer(x))


@pytest.mark.parametrize("shots", [None, 200000])
@pytest.mark.parametrize(
    ("arguments", "spread"),
    [
        (KINDS[2], 6e-3),
        ({"interaction": "detector", "readout": "excitation"}, 6e-3),
        ({"interaction": "detector", "encoding": "probability"}, 2e-2),
    ],
    ids=["magnon", "excitation", "linear"],
)
def test_readout_error_is_that_of_the_circuit(arguments: dict[str, Any], spread: float, shots: int | None) -> None:
    noise, x = READOUT, images(arguments)
    found = layer_of(**arguments, noise=noise, shots=shots, seed=1 if shots else None)(x)
    expected = layer_of(**arguments, engine="density", noise=noise)(x)
    torch.testing.assert_close(found, expected, atol=1e-12 if shots is None else spread, rtol=0)


def test_seeds_repeat_and_differ() -> None:
    for arguments in KINDS:
        x = images(arguments)
        one, again, other = (layer_of(**arguments, shots=20, seed=seed) for seed in (1, 1, 2))
        assert torch.equal(one(x), again(x))
        assert not torch.equal(one(x), other(x))
        free = layer_of(**arguments, shots=20)
        assert not torch.equal(free(x), free(x))


@pytest.mark.parametrize("arguments", [*KINDS, SLIDING], ids=name)
def test_layers_can_be_configured_copied_and_pickled(arguments: dict[str, Any]) -> None:
    layer, x = layer_of(**arguments), images(arguments)
    expected = layer(x)
    there = configure(nn.Sequential(copy.deepcopy(layer)), engine="state")
    assert "engine=state" in repr(there)
    back = configure(pickle.loads(pickle.dumps(there)), engine="closed")
    assert torch.equal(back(x), expected)
    layer.coupling = 0.3
    assert not torch.equal(layer(x), expected)
    assert f"interaction={arguments['interaction']}, coupling=0.3" in repr(layer)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"interaction": "exchange", "encoding": "signed"}, "unknown encoding of the exchange.*'coherent'"),
        ({"interaction": "exchange", "encoding": "amplitude"}, "one magnon leaves no amplitude"),
        ({"interaction": "exchange", "readout": "all"}, "unknown readout of the exchange"),
        ({"interaction": "exchange", "oscillator": 1.0}, "unknown options.*oscillator"),
        ({"interaction": "exchange", "engine": "abacus"}, "unknown engine"),
        ({"interaction": "exchange", "coupling": 0}, "coupling"),
        ({"interaction": "exchange", "noise": READOUT}, "a mode"),
        ({"interaction": "exchange", "shots": 0}, "shots"),
        ({"interaction": "displaced", "readout": "excitation", "oscillator": 1.0}, "the bias is the oscillator"),
        ({"interaction": "displaced", "oscillator": 0.0}, "oscillator makes no sense"),
        ({"interaction": "displaced", "cutoff": 12}, "cutoff"),
        ({"interaction": "displaced", "encoding": "coherent"}, "unknown encoding of the displaced"),
        ({"interaction": "displaced", "pattern": "ring"}, "unknown options.*pattern"),
        ({"interaction": "translation", "readout": "excitation"}, "unknown readout of the translation"),
        ({"interaction": "translation", "encoding": "signed"}, "unknown encoding of the translation"),
        ({"interaction": "translation", "shots": 10}, "no shots.*engine='state'"),
        ({"interaction": "translation", "engine": "abacus"}, "unknown engine"),
        ({"interaction": "translation", "engine": "state", "shot": 3}, "unknown options"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_when_the_layer_is_made(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(QdlError, match=message):
        QuantumConv2d(1, 1, 2, **arguments)


def test_a_mode_with_too_few_levels_is_refused_before_it_runs() -> None:
    layer = QuantumConv2d(1, 1, 2, interaction="displaced", engine="state", cutoff=4, coupling=2.0)
    with pytest.raises(QdlError, match=r"too few levels.*4 levels.*raise cutoff"):
        layer(torch.rand(1, 1, 2, 2))


@pytest.mark.parametrize(
    ("weight", "kernel", "oscillator", "fits"),
    [(0.3, 1, 1.0, True), (0.3, 4, 1.0, False), (6.0, 1, 1.0, False), (0.3, 1, 3.5, False)],
)
def test_all_weights_together_and_the_oscillator_must_stay_within_the_levels(
    weight: float, kernel: int, oscillator: float, fits: bool
) -> None:
    options = {"cutoff": 16, "coupling": 0.5, "oscillator": oscillator}
    layer, x = QuantumConv2d(1, 1, kernel, interaction="displaced", **options), torch.rand(1, 1, 4, 4)
    torch.nn.init.constant_(layer.weight, weight)
    assert layer(x).isfinite().all()  # the closed form has no levels to leave
    configure(layer, engine="state")
    if fits:
        assert layer(x).isfinite().all()
    else:
        with pytest.raises(QdlError, match="too few levels"):
            layer(x)


@pytest.mark.parametrize("turned", [0.4, 0.8, 1.6, 2.3])
def test_an_exchange_may_turn_by_more_than_a_quarter(turned: float) -> None:
    """At g|w| beyond pi/2, in units of pi here, cosines that the circuit's angles are made of are negative."""
    layer = QuantumConv1d(1, 1, 3, interaction="exchange", dtype=torch.float64, bias=False)
    with torch.no_grad():
        layer.weight *= turned * torch.pi / layer.coupling / layer.weight.norm()
    x = torch.randn(2, 1, 3, dtype=torch.float64)
    closed = layer(x)
    torch.testing.assert_close(configure(layer, engine="state")(x), closed, atol=1e-11, rtol=0)


def test_a_mode_too_large_for_density_matrices_is_refused_when_the_layer_is_made() -> None:
    """Its map would fill the memory: 145 matrices of 1024 x 1024 for each element of the patch."""
    made = {"interaction": "displaced", "coupling": 0.1, "dtype": torch.float64}
    with pytest.raises(QdlError, match="too large a map of density matrices"):
        QuantumConv1d(1, 1, 2, engine="density", **made)
    layer, x = QuantumConv1d(1, 1, 2, engine="density", cutoff=8, oscillator=0.3, **made), torch.rand(1, 1, 3).double()
    torch.testing.assert_close(layer(x), configure(layer, engine="state")(x), atol=1e-10, rtol=0)


def test_a_register_that_is_no_power_of_two_is_refused() -> None:
    layer = QuantumConv1d(1, 1, 3, padding=1, padding_mode="circular", engine="state", **SLIDING)
    with pytest.raises(QdlError, match=r"2\*\*n sites.*closed"):
        layer(torch.rand(1, 1, 6))
    assert configure(layer, engine="closed")(torch.rand(1, 1, 6)).shape == (1, 1, 6)


def test_circuits_can_be_looked_at() -> None:
    assert layer_of(**KINDS[0]).circuit.wires == 3
    assert layer_of(**KINDS[1]).circuit.wires == 4  # the bias is a mode
    assert layer_of(**KINDS[1], bias=False).circuit.wires == 3
    assert layer_of(**KINDS[3], cutoff=8).circuit.wires == 5
    with pytest.raises(QdlError, match="translation_circuit"):
        layer_of(**SLIDING).circuit  # noqa: B018
    assert translation_circuit((4, 2), "antisymmetric").wires == 5


@pytest.mark.parametrize("arguments", [*KINDS[:2], *KINDS[3:5], SLIDING], ids=name)
def test_numbers_that_are_none_are_refused(arguments: dict[str, Any]) -> None:
    layer, x = layer_of(**arguments), images(arguments)
    x[1, 0, 1, 1] = torch.nan
    with pytest.raises(QdlError, match="NaN or infinity"):
        layer(x)
