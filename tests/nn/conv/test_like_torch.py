"""Whatever torch's convolutions do with their arguments, the quantum ones do."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from qdl.errors import QdlError, ValuesError
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d

PAIRS = {1: (QuantumConv1d, nn.Conv1d), 2: (QuantumConv2d, nn.Conv2d), 3: (QuantumConv3d, nn.Conv3d)}
ARGUMENTS: list[dict[str, Any]] = [
    {},
    {"bias": False},
    {"stride": 2},
    {"stride": 3, "padding": 2},
    {"padding": "same"},
    {"padding": "same", "dilation": 2},
    {"padding": "valid", "stride": 2},
    {"dilation": 2},
    {"groups": 2},
    {"groups": 4, "padding": 1},
    {"kernel_size": 1},
    {"kernel_size": 2, "padding": "same"},
    {"kernel_size": 4, "padding": "same", "padding_mode": "replicate"},
    {"padding": 1, "padding_mode": "reflect"},
    {"padding": 2, "padding_mode": "circular", "groups": 2, "stride": 2},
    {"padding": 1, "padding_mode": "replicate", "dilation": 2},
]
SIZED: list[dict[str, Any]] = [
    {"kernel_size": (3, 2), "stride": (2, 1), "padding": (0, 2), "dilation": (1, 2)},
    {"kernel_size": (1, 3), "padding": "same"},
    {"kernel_size": (2, 3), "padding": (1, 2), "padding_mode": "reflect"},
]
G = 1e-4


def twins(dimension: int, **arguments: Any) -> tuple[nn.Module, nn.Module]:
    """The quantum and the classical layer, made under the same seed."""
    made = []
    for layer in PAIRS[dimension]:
        torch.manual_seed(3)
        extra = {"coupling": G} if layer is PAIRS[dimension][0] else {}
        made.append(layer(4, 8, **{"kernel_size": 3, "dtype": torch.float64, **arguments}, **extra))
    return made[0], made[1]


def image(dimension: int, batch: int = 3) -> Tensor:
    torch.manual_seed(5)
    return torch.randn(batch, 4, *(7, 8, 6)[:dimension], dtype=torch.float64)


def require_close(found: Tensor, expected: Tensor, tolerance: float = 1e-6) -> None:
    assert found.shape == expected.shape, f"{tuple(found.shape)} instead of {tuple(expected.shape)}"
    assert found.dtype == expected.dtype
    assert found.is_contiguous() == expected.is_contiguous()
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=0)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")  # torch about its own layer
@pytest.mark.parametrize("dimension", PAIRS)
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=str)
def test_weak_coupling_is_the_classical_layer(dimension: int, arguments: dict[str, Any]) -> None:
    quantum, classical = twins(dimension, **arguments)
    x = image(dimension)
    require_close(quantum(x), classical(x))
    require_close(quantum(x[0]), classical(x[0]))
    require_close(quantum(x[:0]), classical(x[:0]))


@pytest.mark.parametrize("arguments", SIZED, ids=str)
def test_sizes_for_every_axis(arguments: dict[str, Any]) -> None:
    quantum, classical = twins(2, **arguments)
    require_close(quantum(image(2)), classical(image(2)))


@pytest.mark.parametrize("arguments", ARGUMENTS[::3], ids=str)
def test_gradients_are_nearly_the_classical_ones(arguments: dict[str, Any]) -> None:
    quantum, classical = twins(2, **arguments)
    grads = []
    for layer in (quantum, classical):
        x = image(2).requires_grad_()
        grads.append(torch.autograd.grad(layer(x).square().sum(), [x, *layer.parameters()]))
    for found, expected in zip(*grads, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("dimension", PAIRS)
def test_parameters_have_torchs_names_shapes_and_initial_values(dimension: int) -> None:
    for arguments in ({}, {"bias": False, "groups": 2}):
        quantum, classical = twins(dimension, **arguments)
        mine, theirs = quantum.state_dict(), classical.state_dict()
        assert list(mine) == list(theirs)
        assert all(torch.equal(mine[name], theirs[name]) for name in mine)
        quantum.load_state_dict(theirs, strict=True)
        classical.load_state_dict(mine, strict=True)


@pytest.mark.parametrize("dimension", PAIRS)
def test_from_a_trained_layer(dimension: int) -> None:
    quantum, classical = PAIRS[dimension]
    arguments = {"stride": 2, "padding": 2, "dilation": 2, "groups": 2, "padding_mode": "circular"}
    conv = classical(4, 6, 3, **arguments).double().eval()
    conv.bias.requires_grad_(False)
    state = torch.get_rng_state()
    layer = getattr(quantum, f"from_conv{dimension}d")(conv, coupling=G)
    assert torch.equal(torch.get_rng_state(), state)
    require_close(layer(image(dimension)), conv(image(dimension)))
    assert layer.coupling == G
    assert not layer.training
    assert (layer.weight.requires_grad, layer.bias.requires_grad) == (True, False)
    layer.weight.data.zero_()
    assert conv.weight.abs().sum() > 0
    with pytest.raises(ValuesError, match=f"Conv{dimension}d"):
        getattr(quantum, f"from_conv{dimension}d")(nn.Linear(2, 2))


def test_a_trained_layer_without_bias() -> None:
    conv = nn.Conv2d(4, 2, 3, bias=False)
    assert QuantumConv2d.from_conv2d(conv).bias is None
    assert QuantumConv2d.from_conv2d(conv).coupling == 0.05


@pytest.mark.parametrize(
    "arguments",
    [
        {"groups": 3},
        {"groups": 0},
        {"padding": "same", "stride": 2},
        {"padding": "full"},
        {"padding_mode": "mirror"},
        {"kernel_size": (3, 3, 3)},
        {"kernel_size": 0},
        {"stride": 0},
        {"kernel_size": (3,)},
        {"padding": -1},
        {"padding": (1, 1, 1)},
        {"out_channels": 0},
        {"dtype": torch.float16},
        {"dtype": torch.complex64},
    ],
    ids=str,
)
def test_arguments_that_make_no_sense_are_refused_when_the_layer_is_made(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        QuantumConv2d(**{"in_channels": 4, "out_channels": 8, "kernel_size": 3, **arguments})


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(4, 4), "axes"),
        (torch.zeros(1, 1, 4, 5, 5), "axes"),
        (torch.zeros(2, 3, 5, 5), "channels.*got 3.*expected 4"),
        (torch.zeros(3, 5, 5), "channels"),
        (torch.zeros(2, 4, 5, 5, dtype=torch.float64), "precision.*float64.*float32"),
        (torch.zeros(2, 4, 5, 5, dtype=torch.int64), "precision"),
        (torch.zeros(2, 4, 2, 5), "does not fit.*at least"),
        (torch.full((2, 4, 5, 5), torch.nan), "NaN or infinity"),
        (torch.full((2, 4, 5, 5), torch.inf), "NaN or infinity"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(tuple(value.shape)),
)
def test_inputs_that_do_not_fit_are_refused(x: Tensor, message: str) -> None:
    with pytest.raises(QdlError, match=message):
        QuantumConv2d(4, 2, 3)(x)


def test_layers_can_be_copied_pickled_saved_and_converted() -> None:
    layer = QuantumConv2d(4, 2, 3, padding=1, readout="excitation", coupling=0.7)
    x = image(2).float()
    expected = layer(x)
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)):
        assert torch.equal(other(x), expected)
        assert other.coupling == 0.7
        assert {p.data_ptr() for p in other.parameters()}.isdisjoint({p.data_ptr() for p in layer.parameters()})
    twice = copy.deepcopy(layer).double()
    assert twice(x.double()).dtype == torch.float64
    torch.testing.assert_close(twice(x.double()).float(), expected)
    assert torch.equal(twice.to(torch.float32)(x), expected)


def test_meta_layers_give_shapes() -> None:
    layer = QuantumConv2d(4, 2, 3, stride=2, device="meta")
    out = layer(torch.empty(5, 4, 9, 9, device="meta"))
    assert out.is_meta
    assert out.shape == (5, 2, 4, 4)
    layer.to_empty(device="cpu").reset_parameters()
    assert layer(image(2).float()).isfinite().all()


def test_functional_call_uses_the_parameters_it_is_given() -> None:
    layer, other = QuantumConv2d(4, 2, 3), QuantumConv2d(4, 2, 3)
    x = image(2).float()
    assert torch.equal(torch.func.functional_call(layer, dict(other.named_parameters()), (x,)), other(x))


def test_gradients_and_ensembles_through_torch_func() -> None:
    layers = [QuantumConv2d(4, 2, 3, groups=2, dtype=torch.float64) for _ in range(3)]
    x = image(2)

    def loss(parameters: dict[str, Tensor], sample: Tensor) -> Tensor:
        return torch.func.functional_call(layers[0], parameters, (sample,)).square().sum()

    parameters = {name: p.detach() for name, p in layers[0].named_parameters()}
    per_sample = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x[:, None])
    for index in range(3):
        layers[0].zero_grad()
        layers[0](x[index : index + 1]).square().sum().backward()
        for name, p in layers[0].named_parameters():
            torch.testing.assert_close(per_sample[name][index], p.grad)
    stacked, _ = torch.func.stack_module_state(layers)
    found = torch.func.vmap(loss, in_dims=(0, None))(stacked, x)
    torch.testing.assert_close(found, torch.stack([layer(x).square().sum() for layer in layers]))


def test_input_gradients_through_torch_func_see_the_scale() -> None:
    layer, x = QuantumConv2d(4, 2, 3, dtype=torch.float64), 3 * image(2)
    plain = x.clone().requires_grad_()
    layer(plain).square().sum().backward()
    found = torch.func.grad(lambda image: layer(image).square().sum())(x)
    torch.testing.assert_close(found, plain.grad)
    each = torch.func.vmap(torch.func.grad(lambda image: layer(image).square().sum()))(x)
    torch.testing.assert_close(each, plain.grad)


def test_strange_layouts() -> None:
    layer, x = QuantumConv2d(4, 2, 3), image(2).float()
    expected = layer(x)
    assert torch.equal(layer(x.to(memory_format=torch.channels_last)), expected)
    assert torch.equal(layer(x.mT.contiguous().mT), expected)
    assert torch.equal(layer(x.expand(2, *x.shape)[1]), expected)
    torch.testing.assert_close(layer(x[:1].expand(3, -1, -1, -1))[2], expected[0])


def test_mixed_precision_regions_keep_the_layers_precision() -> None:
    layer, x = QuantumConv2d(4, 2, 3), image(2).float()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = layer(x.bfloat16())
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, layer(x.bfloat16().float()))


def test_the_global_defaults_do_not_decide_the_result() -> None:
    layer, x = QuantumConv2d(4, 2, 3), image(2).float()
    expected = layer(x)
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(layer(x), expected)
        assert layer(x).dtype == torch.float32
        assert QuantumConv2d(1, 1, 1).weight.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_printed_layer_tells_its_physics() -> None:
    text = repr(QuantumConv2d(4, 2, 3, padding=1, coupling=0.3, readout="excitation"))
    for part in ("QuantumConv2d(4, 2, kernel_size=(3, 3)", "padding=(1, 1)", "interaction=detector", "coupling=0.3"):
        assert part in text
    assert "readout=excitation" in text
    assert "encoding=signed" in text
