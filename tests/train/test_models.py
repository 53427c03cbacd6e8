from __future__ import annotations

import pytest
import torch

from qdl.train.config import ConfigError, Network
from qdl.train.models import MODELS, build, quantum_layers, trainable


@pytest.mark.parametrize("size", [8, 16])
def test_the_twin_is_the_same_network_with_the_same_weights(size: int) -> None:
    quantum, twin, frozen = (build(name, Network(), (1, size, size), 10, 3) for name in ("quantum", "twin", "frozen"))
    assert [name for name, _ in quantum.named_modules()] == [name for name, _ in twin.named_modules()]
    for other in (twin, frozen):
        assert quantum.state_dict().keys() == other.state_dict().keys()
        for name, weight in quantum.state_dict().items():
            assert torch.equal(weight, other.state_dict()[name]), name
    assert not any(type(layer).__module__.startswith("qdl") for layer in twin.modules())
    assert len(quantum_layers(quantum)) == 3


def test_the_coupling_is_the_configured_one() -> None:
    model = build("quantum", Network(coupling=0.7), (1, 16, 16), 10, 0)
    assert [layer.coupling for layer in quantum_layers(model)] == [0.7] * 3


def test_the_convolutions_of_the_frozen_network_do_not_learn() -> None:
    frozen = build("frozen", Network(), (1, 16, 16), 10, 0)
    norms = 2 * (8 + 12 + 16)
    assert sum(p.numel() for p in trainable(frozen)) == norms + 16 * 10 + 10
    assert sum(p.numel() for p in build("quantum", Network(), (1, 16, 16), 10, 0).parameters()) == 2906


def test_a_network_without_norm_has_biases_instead() -> None:
    model = build("quantum", Network(norm=False), (1, 16, 16), 10, 0)
    assert not any("norm" in name for name, _ in model.named_modules())
    assert all(layer.bias is not None for layer in quantum_layers(model))


@pytest.mark.parametrize("name", MODELS)
def test_seeds_make_weights_and_nothing_global_changes(name: str) -> None:
    before = torch.get_rng_state()
    first, again, other = (next(build(name, Network(), (1, 16, 16), 10, seed).parameters()) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_default_dtype() == torch.float32


def test_shots_are_noise_that_a_draw_reproduces() -> None:
    x = torch.rand(3, 1, 16, 16)
    exact, first, again, other = (
        build("quantum", Network(), (1, 16, 16), 10, 0, **kind)(x)
        for kind in ({}, {"shots": 100, "draw": 0}, {"shots": 100, "draw": 0}, {"shots": 100, "draw": 1})
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, exact)


def test_every_layer_of_every_draw_gets_noise_of_its_own() -> None:
    drawn = [quantum_layers(build("quantum", Network(), (1, 16, 16), 10, 0, shots=10, draw=draw)) for draw in range(5)]
    assert len({layer.options["seed"] for layers in drawn for layer in layers}) == 15


def test_an_image_smaller_than_the_kernels_is_refused() -> None:
    with pytest.raises(ConfigError, match="too small"):
        build("quantum", Network(paddings=(0, 0, 0)), (1, 8, 8), 10, 0)
