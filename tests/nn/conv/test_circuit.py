"""Cells and circuits in the detector's place, in every encoding, patch by patch against the oracle."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import QdlError
from qdl.nn import FourierEncoding, QuantumConv1d, QuantumConv2d, QuantumConv3d, QuantumNeuron, configure
from qdl.nn.encoding import ENCODINGS
from tests import oracle


def own(wires: int) -> qdl.Circuit:
    """A circuit without symmetry, with two Params of which one is used twice."""
    a, b = qdl.Param("a", wires), qdl.Param("b", 2)
    circuit = qdl.Circuit(wires)
    for wire in range(wires):
        circuit.rx(a[wire], wire)
    for wire in range(wires - 1):
        circuit.cry(b[0] * a[wire], wire, wire + 1)
    return circuit.rzz(b[1], 0, wires - 1).ry(b[1], 0)


def patches(x: Tensor, kernel: tuple[int, int], stride: int, groups: int) -> Tensor:
    """(groups, rows, columns, size) of one image."""
    windows = x.unfold(1, kernel[0], stride).unfold(2, kernel[1], stride)
    return windows.unflatten(0, (groups, -1)).permute(0, 2, 3, 1, 4, 5).flatten(3)


def by_oracle(layer: QuantumConv2d, x: Tensor, encode: Any) -> np.ndarray[Any, Any]:
    """One circuit after the other: (out_channels, rows, columns)."""
    wires = layer.circuit.wires
    observables = [qdl.Z(wire) for wire in range(wires if layer.readout == "all" else 1)]
    weight, groups = layer.weight.detach().numpy(), layer.groups
    channels = []
    for index, angles in enumerate(weight):
        group = patches(x, layer.kernel_size, layer.stride[0], groups)[index * groups // len(weight)]
        values = {"x": encode(group.numpy()), "weight": angles}
        read = oracle.expval(layer.circuit, observables, values)
        channels.append(np.moveaxis(read, -1, 0))
    out = np.concatenate(channels)
    return out if layer.bias is None else out + layer.bias.detach().numpy()[:, None, None]


def as_it_is(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return x


def as_angles(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 2 * np.arcsin(np.sqrt(x))


def as_amplitudes(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, 2 ** int(np.ceil(np.log2(x.shape[-1]))) - x.shape[-1])])
    return padded / np.linalg.norm(padded, axis=-1, keepdims=True)


CASES: list[tuple[dict[str, Any], Any]] = [
    ({"kernel_size": (1, 2), "interaction": "su4"}, as_it_is),
    ({"kernel_size": 2, "interaction": "su4"}, as_it_is),
    ({"kernel_size": 2, "interaction": "xy", "pattern": "brick", "layers": 2, "share": "layer"}, as_it_is),
    ({"kernel_size": (1, 3), "interaction": "ising", "pattern": nx.star_graph(2), "stride": 2}, as_it_is),
    ({"kernel_size": (1, 3), "interaction": own(3)}, as_it_is),
    ({"kernel_size": 2, "interaction": own(4), "readout": "all"}, as_it_is),
    ({"kernel_size": (1, 3), "interaction": own(3), "groups": 2, "in_channels": 2, "bias": False}, as_it_is),
    ({"kernel_size": (2, 1), "interaction": own(2), "groups": 2, "in_channels": 2, "readout": "all"}, as_it_is),
    ({"kernel_size": (1, 2), "interaction": own(4), "in_channels": 2, "encoding": "probability"}, as_angles),
    ({"kernel_size": (1, 3), "interaction": own(2), "encoding": "amplitude"}, as_amplitudes),
    ({"kernel_size": 2, "interaction": "so4", "encoding": "amplitude", "readout": "all"}, as_amplitudes),
]


def layer_of(**arguments: Any) -> QuantumConv2d:
    torch.manual_seed(0)
    layer = QuantumConv2d(**{"in_channels": 1, "out_channels": 4, "dtype": torch.float64, **arguments})
    if layer.bias is not None:
        torch.nn.init.normal_(layer.bias)
    return layer


def image(layer: QuantumConv2d) -> Tensor:
    torch.manual_seed(1)
    return 0.05 + 0.9 * torch.rand(layer.in_channels, 3, 4, dtype=torch.float64)


@pytest.mark.parametrize(("arguments", "encode"), CASES)
def test_every_patch_is_one_circuit(arguments: dict[str, Any], encode: Any) -> None:
    layer = layer_of(**arguments)
    x = image(layer)
    found = layer(x).detach().numpy()
    expected = by_oracle(layer, x, encode)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("arguments", "encode"), CASES[2::4])
def test_gradients_are_differences(arguments: dict[str, Any], encode: Any) -> None:
    layer = layer_of(**arguments)
    x = image(layer).requires_grad_()

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(dict(layer.named_parameters()), parameters, strict=True))
        return torch.func.functional_call(layer, named, (x[None],))

    torch.autograd.gradcheck(run, (x, *layer.parameters()), atol=1e-6)


def test_weights_are_angles_of_filters() -> None:
    assert layer_of(kernel_size=2, interaction="su4").weight.shape == (4, 4 * 15)
    assert layer_of(kernel_size=2, interaction="su4", share="all", layers=3).weight.shape == (4, 15)
    assert layer_of(kernel_size=2, interaction=own(4), readout="all").weight.shape == (1, 6)
    assert layer_of(kernel_size=2, interaction=own(4)).bias.shape == (4,)
    assert QuantumConv1d(1, 3, 2, interaction="so4").weight.shape == (3, 6)
    assert QuantumConv3d(1, 2, (1, 1, 2), interaction="so4")(torch.rand(2, 1, 2, 2, 3)).shape == (2, 2, 2, 2, 2)
    assert layer_of(kernel_size=2, interaction=qdl.Circuit(4).cx(0, 1)).weight.shape == (4, 0)


def test_a_path_to_a_cell(tmp_path: Path) -> None:
    file = tmp_path / "mine.qasm"
    file.write_text(own(4).to_qasm())
    x = image(layer_of(kernel_size=2, interaction=own(4)))
    found = layer_of(kernel_size=2, interaction=file)(x)
    torch.testing.assert_close(found, layer_of(kernel_size=2, interaction=own(4))(x))
    torch.testing.assert_close(layer_of(kernel_size=2, interaction=str(file))(x), found)


def test_a_zero_patch_encoded_as_amplitudes_has_an_answer_and_no_gradient() -> None:
    layer = layer_of(kernel_size=2, interaction="so4", encoding="amplitude")
    x = torch.zeros(1, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    out = layer(x)
    (grad,) = torch.autograd.grad(out.sum(), x)
    assert out.isfinite().all()
    assert (grad == 0).all()


def test_probabilities_at_the_ends_keep_a_finite_gradient() -> None:
    layer = layer_of(kernel_size=(1, 2), interaction=own(2), encoding="probability")
    x = torch.tensor([0.0, 1.0, 0.5], dtype=torch.float64).expand(1, 1, 3, 3).clone().requires_grad_()
    (grad,) = torch.autograd.grad(layer(x).sum(), x)
    assert grad.isfinite().all()
    with pytest.raises(QdlError, match="range"):
        layer(x + 0.1)


def test_layers_can_be_copied_pickled_and_converted() -> None:
    layer = layer_of(kernel_size=2, interaction="xy", layers=2)
    x = image(layer)
    expected = layer(x)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x), expected)
        torch.testing.assert_close(configure(other, grad="shift")(x), expected)
    single = copy.deepcopy(layer).float()
    assert single(x.float()).dtype == torch.float32
    torch.testing.assert_close(single(x.float()), expected.float())
    text = repr(layer)
    assert "interaction=xy" in text
    assert "coupling" not in text


def test_shots() -> None:
    layer = configure(layer_of(kernel_size=2, interaction="xy"), shots=50, seed=1)
    x = image(layer)
    assert torch.equal(layer(x), layer(x))
    exact = configure(copy.deepcopy(layer), shots=None)(x)
    assert 0 < (layer(x) - exact).abs().max() < 1


def test_filters_do_not_share_their_random_numbers() -> None:
    layer = layer_of(kernel_size=(1, 2), interaction=own(2), out_channels=2, bias=False, shots=20, seed=3)
    with torch.no_grad():
        layer.weight.fill_(0.6)
    first, second = layer(torch.full((1, 60, 61), 0.3, dtype=torch.float64)).detach().flatten(1)
    assert first.std() > 0.05
    assert abs(torch.corrcoef(torch.stack((first, second)))[0, 1].item()) < 0.08


def test_empty_batches_and_meta_layers() -> None:
    layer = layer_of(kernel_size=2, interaction="so4", readout="all")
    assert layer(torch.zeros(0, 1, 5, 4, dtype=torch.float64)).shape == (0, 4, 4, 3)
    born = layer_of(kernel_size=2, interaction="so4", device="meta").to_empty(device="cpu")
    born.reset_parameters()
    assert born(image(born)).isfinite().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"interaction": "su5"}, "unknown cell 'su5'"),
        ({"interaction": 4}, "name or a path"),
        ({"interaction": own(6)}, "too many wires: got 6, expected at most 4"),
        ({"interaction": "su4", "coupling": 0.5}, "cells and circuits have no coupling"),
        ({"interaction": "su4", "readout": "linear"}, "unknown readout"),
        ({"interaction": "su4", "encoding": "sign"}, "unknown encoding"),
        ({"interaction": "su4", "encoding": FourierEncoding(3)}, "another number of features: got 3, expected 4"),
        ({"encoding": FourierEncoding(4)}, "unknown encoding of the detector"),
        ({"interaction": "su4", "pattern": "circle"}, "unknown pattern"),
        ({"interaction": "su4", "share": "some"}, "share"),
        ({"interaction": "su4", "layers": 0}, "layers"),
        ({"interaction": own(4), "layers": 2}, "not tiled.*layers"),
        ({"interaction": own(4), "readout": "all", "out_channels": 6}, "multiple of 4"),
        ({"interaction": own(2), "readout": "all", "groups": 2, "in_channels": 2, "kernel_size": (1, 2)}, "multiple"),
        ({"interaction": "su4", "engine": "closed"}, "unknown engine"),
        ({"interaction": "su4", "shot": 3}, "unknown options"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_when_the_layer_is_made(arguments: dict[str, Any], message: str) -> None:
    if "out_channels" not in arguments and "groups" in arguments:
        arguments = {**arguments, "out_channels": 6}
    with pytest.raises(QdlError, match=message):
        QuantumConv2d(**{"in_channels": 1, "out_channels": 4, "kernel_size": 2, **arguments})


def test_a_circuits_layer_has_no_coupling() -> None:
    layer = layer_of(kernel_size=2, interaction="xy")
    with pytest.raises(AttributeError, match="coupling"):
        layer.coupling  # noqa: B018
    with pytest.raises(AttributeError, match="coupling"):
        layer.coupling = 0.3


def test_probability_encoding_excites_with_probability_x() -> None:
    """With nothing between encoding and readout, <Z_i> = 1 - 2 x_i, up to the margin at the ends."""
    layer = layer_of(kernel_size=2, interaction=qdl.Circuit(4), encoding="probability", readout="all", bias=False)
    x = torch.tensor([[0.0, 0.2], [0.7, 1.0]], dtype=torch.float64)
    excited = (1 - layer(x[None, None]).flatten()) / 2
    torch.testing.assert_close(excited[1:3], x.flatten()[1:3], atol=1e-12, rtol=0)
    torch.testing.assert_close(excited, x.flatten(), atol=1.001e-6, rtol=0)


RANGES = {"probability": (0.05, 0.95), "chebyshev": (-0.95, 0.95)}


@pytest.mark.parametrize("name", sorted(ENCODINGS))
def test_every_encoding_encodes_patch_by_patch(name: str) -> None:
    """Each patch by hand, as a circuit of its own; two groups, and what is padded is encoded as zeros."""
    low, high = RANGES.get(name, (-1.5, 1.5))
    encoding = ENCODINGS[name](3, **({"dtype": torch.float64} if name in ("fourier", "chebyshev") else {}))
    wires = encoding.wires
    part = own(wires)
    readout = [qdl.X(0) @ qdl.Y(wires - 1), qdl.Z(1)]
    arguments = {"in_channels": 2, "groups": 2, "kernel_size": (1, 3), "padding": (0, 1), "interaction": part}
    layer = layer_of(**arguments, readout=readout, encoding=name)
    x = low + (high - low) * image(layer)
    circuit = qdl.Circuit(wires).append(encoding.circuit, range(wires), {"x": encoding.circuit.params[0]})
    circuit.append(part, range(wires), qdl.Param("w", wires + 2))
    windows = patches(nn.functional.pad(x, (1, 1)), (1, 3), 1, 2)
    out = layer(x)
    assert out.shape == (4, 3, 4)
    for group, row, column in np.ndindex(*windows.shape[:3]):
        values = {"x": encoding.values(windows[group, row, column]), "w": layer.weight[group]}
        expected = qdl.expval(circuit, readout, values) + layer.bias[2 * group : 2 * group + 2]
        found = out[2 * group : 2 * group + 2, row, column]
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["fourier", "chebyshev"])
def test_frequencies_are_trained_with_the_layer_and_shared_by_all_patches(name: str) -> None:
    layer = layer_of(kernel_size=(1, 2), interaction=own(2), encoding=name)
    assert list(layer.state_dict()) == ["weight", "bias", "encoding.frequency"]
    assert layer.encoding.frequency.shape == (2, 1)
    x = image(layer)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.05)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        losses.append((layer(x) - x[..., :-1].cos()).square().mean())
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.5 * losses[0]
    assert (layer.encoding.frequency - 1).abs().min() > 0.02
    other = layer_of(kernel_size=(1, 2), interaction=own(2), encoding=name)
    other.load_state_dict(layer.state_dict())
    assert torch.equal(other(x), layer(x))
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        copied.encoding.frequency.data.fill_(2.0)
        assert (copied(x) - layer(x)).abs().max() > 0.01


def test_gradients_of_frequencies_are_differences() -> None:
    layer = layer_of(kernel_size=(1, 2), interaction=own(2), out_channels=2, encoding="chebyshev")
    x = image(layer).requires_grad_()

    def run(x: Tensor, *parameters: Tensor) -> Tensor:
        named = dict(zip(dict(layer.named_parameters()), parameters, strict=True))
        return torch.func.functional_call(layer, named, (x[None],))

    torch.autograd.gradcheck(run, (x, *layer.parameters()), atol=1e-6)


def test_an_encoding_can_be_given_and_shared() -> None:
    encoding = FourierEncoding(2, copies=2, dtype=torch.float64)
    first = layer_of(kernel_size=(1, 2), interaction=own(4), encoding=encoding)
    second = layer_of(kernel_size=(2, 1), interaction=own(3), encoding=encoding)
    assert first.encoding is second.encoding is encoding
    x = image(first)
    (first(x).sum() + second(x).sum()).backward()
    assert (encoding.frequency.grad.abs() > 1e-6).all()
    with pytest.raises(QdlError, match="precision"):
        QuantumConv2d(1, 1, (1, 2), interaction=own(4), encoding=encoding)(x.float())


@pytest.mark.parametrize(("encoding", "wires"), [("angle", 2), ("dense_angle", 2), ("fourier", 5)])
def test_a_patch_is_asked_by_a_quantum_neuron(encoding: str, wires: int) -> None:
    """By a tiled circuit, by one on the patch's own wires, and by one with a wire for the neuron itself."""
    options: dict[str, Any] = {"interaction": own(wires), "encoding": encoding, "dtype": torch.float64}
    conv, neuron = QuantumConv1d(2, 3, 2, **options), QuantumNeuron(4, 3, **options)
    neuron.load_state_dict(conv.state_dict())
    x = torch.rand(3, 2, 6, dtype=torch.float64)
    windows = x.unfold(2, 2, 1).transpose(1, 2).flatten(2)
    torch.testing.assert_close(conv(x).mT, neuron(windows), atol=1e-12, rtol=0)


def test_inputs_are_left_unchecked_where_that_is_asked_for() -> None:
    arguments = {"kernel_size": 2, "interaction": "so4", "encoding": "probability"}
    x = torch.full((1, 3, 3), 1.5, dtype=torch.float64)
    with pytest.raises(QdlError, match="range"):
        layer_of(**arguments)(x)
    assert layer_of(**arguments, validate=False)(x).isfinite().all()
