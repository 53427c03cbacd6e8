"""The quantum neuron as a dense layer: like torch's, like the convolution's, and with any circuit."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import CircuitError, QdlError, UnsupportedError, ValuesError
from qdl.nn import QuantumConv1d, QuantumNeuron, configure
from tests import oracle

DOUBLE = {"dtype": torch.float64}


def rows(*shape: int) -> Tensor:
    return 2 * torch.rand(shape, generator=torch.Generator().manual_seed(1), **DOUBLE) - 1


def answers(layer: nn.Module, x: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The output and the gradients of a fixed cotangent, the input's first."""
    x = x.clone().requires_grad_()
    out = layer(x)
    cotangent = torch.randn(out.shape, generator=torch.Generator().manual_seed(2), **DOUBLE)
    return out, list(torch.autograd.grad(out, [x, *layer.parameters()], cotangent))


@pytest.mark.parametrize("interaction", ["detector", "exchange", "displaced"])
@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_it_is_a_convolution_that_sees_everything_once(interaction: str, readout: str) -> None:
    """A kernel as long as the input; gradients too."""
    layer = QuantumNeuron(5, 3, interaction=interaction, readout=readout, coupling=0.7, **DOUBLE)
    conv = QuantumConv1d(1, 3, 5, interaction=interaction, readout=readout, coupling=0.7, **DOUBLE)
    conv.load_state_dict({"weight": layer.weight.detach()[:, None], "bias": layer.bias.detach()})
    x = rows(4, 5)
    (out, found), (expected, wanted) = answers(layer, x), answers(conv, x[:, None])
    torch.testing.assert_close(out, expected[..., 0], atol=1e-12, rtol=0)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other.reshape(one.shape), atol=1e-12, rtol=0)


@pytest.mark.parametrize(("interaction", "readout"), product(["detector", "exchange"], ["linear", "excitation"]))
def test_circuit_and_closed_form_agree_with_their_gradients(interaction: str, readout: str) -> None:
    layer = QuantumNeuron(4, 3, interaction=interaction, readout=readout, **DOUBLE)
    out, found = answers(layer, rows(2, 5, 4))
    assert out.shape == (2, 5, 3)
    circuit, other = answers(configure(layer, engine="state"), rows(2, 5, 4))
    torch.testing.assert_close(circuit, out, atol=1e-12, rtol=0)
    for one, two in zip(found, other, strict=True):
        torch.testing.assert_close(two, one, atol=1e-11, rtol=0)


def test_it_tends_to_the_classical_layer_with_the_square_of_the_coupling() -> None:
    linear, x = nn.Linear(6, 4, **DOUBLE), 3 * rows(7, 6)
    errors = [(QuantumNeuron.from_linear(linear, coupling=g)(x) - linear(x)).norm().item() for g in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.01)
    assert QuantumNeuron.from_linear(nn.Linear(2, 3, bias=False)).bias is None


def test_state_dicts_are_those_of_torch() -> None:
    linear, layer = nn.Linear(6, 4), QuantumNeuron(6, 4)
    linear.load_state_dict(layer.state_dict(), strict=True)
    torch.manual_seed(3)
    one = QuantumNeuron(6, 4)
    torch.manual_seed(3)
    assert torch.equal(one.weight, nn.Linear(6, 4).weight)


def test_a_circuit_on_one_wire_more_holds_the_neuron_itself() -> None:
    """Tr[U (rho (x) |0><0|) U^+ O] with density matrices written out."""
    w = qdl.Param("w", 3)
    part = qdl.Circuit(3).crx(w[0], 0, 2).cry(w[1], 1, 2).rzz(w[2], 0, 2).ry(0.3, 2)
    observables = [qdl.Z(2), 0.5 * qdl.X(2) @ qdl.Y(0)]
    layer = QuantumNeuron(2, 4, interaction=part, readout=observables, encoding="signed", **DOUBLE)
    assert layer.weight.shape == (2, 3)
    x = rows(5, 2)
    out = layer(x)
    u = [torch.as_tensor(part.matrix({"w": angles})) for angles in layer.weight.tolist()]
    zero = torch.tensor([[1, 0], [0, 0]], dtype=torch.complex128)
    for row, read in zip(x, out, strict=True):
        psi = layer.encoding(row)
        rho = torch.kron(torch.outer(psi, psi.conj()), zero)
        expected = [
            torch.trace(each @ rho @ each.mH @ torch.as_tensor(oracle.operator(observable, 3), dtype=rho.dtype)).real
            for each in u
            for observable in observables
        ]
        torch.testing.assert_close(read, torch.stack(expected) + layer.bias, atol=1e-12, rtol=0)


@pytest.mark.parametrize("encoding", ["angle", "amplitude", "zz", "dense_angle", "coherent", "fourier"])
def test_any_encoding_meets_any_cell(encoding: str) -> None:
    layer = QuantumNeuron(3, 2, interaction="su4", encoding=encoding, **DOUBLE)
    assert layer(rows(4, 3).abs()).shape == (4, 2)
    assert ("encoding.frequency" in layer.state_dict()) == (encoding == "fourier")


def test_readouts_of_circuits() -> None:
    x = rows(4, 2)
    every = QuantumNeuron(2, 6, False, interaction="su4", readout="all", **DOUBLE)
    assert every.weight.shape == (3, 15)
    first = QuantumNeuron(2, 3, False, interaction="su4", **DOUBLE)
    first.load_state_dict(every.state_dict())
    torch.testing.assert_close(first(x), every(x)[:, ::2], atol=1e-12, rtol=0)
    tiled = QuantumNeuron(4, 1, interaction="su4", pattern="chain", layers=2)
    assert tiled.weight.shape == (1, 2 * 3 * 15)


def test_shots_have_the_seed_and_neurons_err_apart() -> None:
    layer = QuantumNeuron(2, 2, interaction="su4", shots=100, seed=4, **DOUBLE)
    layer.weight.data[1] = layer.weight.data[0]
    x = rows(6, 2)
    assert torch.equal(layer(x), layer(x))
    assert not torch.equal(layer(x)[:, 0], layer(x)[:, 1])
    assert not torch.equal(configure(layer, seed=5)(x), configure(layer, seed=6)(x))
    detector = QuantumNeuron(2, 2, shots=100, seed=4)
    assert torch.equal(detector(x.float()), detector(x.float()))


@pytest.mark.parametrize("arguments", [
    {},
    {"interaction": "exchange"},
    {"interaction": "su4"},
    {"interaction": "su4", "encoding": "fourier"},
], ids=str)  # fmt: skip
def test_neurons_learn_where_a_product_is_positive(arguments: dict[str, Any]) -> None:
    """x y > 0 is no linear question: two layers with ReLU answer it, or one of circuits."""
    torch.manual_seed(2)
    if arguments.get("interaction") == "su4":
        net = nn.Sequential(QuantumNeuron(2, 4, **arguments), nn.Linear(4, 1))
    else:
        net = nn.Sequential(QuantumNeuron(2, 8, **arguments), nn.ReLU(), QuantumNeuron(8, 1, **arguments))
    start = [parameter.detach().clone() for parameter in net.parameters()]
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    x = 2 * torch.rand(200, 2) - 1
    target = (x.prod(1) > 0).float()
    for _ in range(80):
        loss = nn.functional.binary_cross_entropy_with_logits(6 * net(x)[:, 0], target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((net(x)[:, 0] > 0) == (target > 0)).float().mean() > 0.9
    for parameter, before in zip(net.parameters(), start, strict=True):
        assert (parameter - before).abs().max() > 0.01


def test_the_coupling_can_be_turned() -> None:
    layer, x = QuantumNeuron(3, 2, coupling=0.8, **DOUBLE), rows(4, 3)
    before = layer(x)
    layer.coupling = 0.01
    assert layer.coupling == 0.01
    assert (layer(x) - before).abs().max() > 1e-3
    torch.testing.assert_close(layer(x), nn.functional.linear(x, layer.weight, layer.bias), atol=1e-4, rtol=0)
    with pytest.raises(ValuesError, match="coupling makes no sense"):
        layer.coupling = -1
    assert layer.coupling == 0.01


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: QuantumNeuron(0, 3), ValuesError, "in_features makes no sense"),
        (lambda: QuantumNeuron(3, 2.5), ValuesError, "out_features makes no sense"),
        (lambda: QuantumNeuron(3, 2, coupling=0.0), ValuesError, "coupling makes no sense"),
        (lambda: QuantumNeuron(3, 2, dtype=torch.float16), ValuesError, "precision"),
        (lambda: QuantumNeuron(3, 2, readout="all"), UnsupportedError, "unknown readout of the detector"),
        (lambda: QuantumNeuron(3, 2, encoding="angle"), UnsupportedError, "unknown encoding of the detector"),
        (lambda: QuantumNeuron(3, 2, interaction="translation"), UnsupportedError, "needs a place to go"),
        (lambda: QuantumNeuron(3, 2, interaction="su5"), CircuitError, "unknown cell"),
        (lambda: QuantumNeuron(2, 2, interaction="su4", coupling=0.1), UnsupportedError, "no coupling"),
        (lambda: QuantumNeuron(2, 2, interaction=qdl.Circuit(4).h(0)), CircuitError, "too many wires"),
        (lambda: QuantumNeuron(2, 2, interaction="su4", layers=2), UnsupportedError, "not tiled"),
        (lambda: QuantumNeuron(2, 3, interaction="su4", readout="all"), ValuesError, "a multiple of 2"),
        (lambda: QuantumNeuron(2, 2, interaction="su4", readout="last"), UnsupportedError, "unknown readout of a circ"),
        (lambda: QuantumNeuron(2, 2, interaction="su4", readout=[3]), CircuitError, "observable"),
        (lambda: QuantumNeuron(2, 2, interaction="su4", encoding="angel"), UnsupportedError, "unknown encoding"),
        (lambda: QuantumNeuron(3, 2)(torch.rand(4)), ValuesError, r"got \(4,\), expected \(\*batch, 3\)"),
        (lambda: QuantumNeuron(3, 2)(torch.rand(3, **DOUBLE)), ValuesError, "precision"),
        (lambda: QuantumNeuron(1, 1)(torch.tensor([float("nan")])), ValuesError, "NaN"),
        (lambda: QuantumNeuron.from_linear(nn.Conv1d(1, 1, 1)), ValuesError, "not a layer to quantise"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Any, error: type[QdlError], message: str) -> None:
    with pytest.raises(error, match=message):
        make()
