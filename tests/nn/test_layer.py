"""QuantumLayer: a circuit as a torch module."""

from __future__ import annotations

import copy
import pickle
from math import pi
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import qdl
from qdl.errors import QdlError, ValuesError
from qdl.nn import QuantumLayer, configure


def circuit() -> qdl.Circuit:
    """Two inputs, of which y comes first, and two weights."""
    x, y, theta, phi = qdl.Param("x", 3), qdl.Param("y", 1), qdl.Param("theta", 4), qdl.Param("phi", 2)
    c = qdl.Circuit(3)
    c.ry(y[0], 0).ry(theta[0] * x[0], 0).rx(x[1] + theta[1], 1).cx(0, 1).crz(theta[2], 1, 2).ry(x[2], 2)
    return c.rxx(phi[0], 0, 2).ry(theta[3], 1).cx(2, 0).rz(phi[1], 0).rx(0.3, 0)


OBSERVABLES = [qdl.Z(0), 0.5 * qdl.X(1) @ qdl.Y(2)]
BOTH = ("theta", "phi")


def layer_of(**options: Any) -> QuantumLayer:
    torch.manual_seed(0)
    return QuantumLayer(circuit(), OBSERVABLES, weights=BOTH, **{"dtype": torch.float64, **options})


def inputs(*batch: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.rand(*batch, 1, dtype=torch.float64), torch.rand(*batch, 3, dtype=torch.float64)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3), (1,), (0,)])
def test_it_is_expval_with_gradients(batch: tuple[int, ...]) -> None:
    layer = layer_of()
    y, x = (value.requires_grad_() for value in inputs(*batch))
    out = layer(y, x)
    expected = qdl.expval(circuit(), OBSERVABLES, {"x": x, "y": y, **layer.weights})
    assert out.shape == (*batch, 2)
    assert torch.equal(out, expected)
    leaves = [x, y, *layer.parameters()]
    cotangent = torch.randn_like(out)
    for got, wanted in zip(
        torch.autograd.grad(out, leaves, cotangent), torch.autograd.grad(expected, leaves, cotangent), strict=True
    ):
        torch.testing.assert_close(got, wanted)


def test_inputs_come_in_order_of_first_use() -> None:
    assert [param.name for param in layer_of().inputs] == ["y", "x"]
    assert [param.name for param in QuantumLayer(circuit(), OBSERVABLES, weights=("phi", "x")).inputs] == ["y", "theta"]


def test_coefficients_of_observables_can_be_inputs_and_weights() -> None:
    a, b, x = qdl.Param("a", 1), qdl.Param("b", 1), qdl.Param("x", 1)
    layer = QuantumLayer(qdl.Circuit(1).ry(x[0], 0), a[0] * qdl.Z(0) + b[0] * qdl.X(0), weights=("a",), init=2.0)
    assert [param.name for param in layer.inputs] == ["x", "b"]
    out = layer(torch.tensor([0.4]), torch.tensor([3.0]))
    assert out.item() == pytest.approx(2 * torch.tensor(0.4).cos().item() + 3 * torch.tensor(0.4).sin().item())


def test_one_bare_observable_has_no_axis() -> None:
    layer = QuantumLayer(circuit(), qdl.Z(0), weights=BOTH, dtype=torch.float64)
    assert layer(*inputs(5)).shape == (5,)
    assert layer(*inputs()).shape == ()


def test_state_dict_names() -> None:
    layer = layer_of()
    assert list(layer.state_dict()) == ["weights.theta", "weights.phi"]
    assert [tuple(v.shape) for v in layer.state_dict().values()] == [(4,), (2,)]
    other = layer_of(init=0.0)
    other.load_state_dict(layer.state_dict(), strict=True)
    assert torch.equal(other(*inputs(3)), layer(*inputs(3)))


def test_a_layer_without_weights_or_without_inputs() -> None:
    everything = QuantumLayer(circuit(), OBSERVABLES, weights=(), dtype=torch.float64)
    assert list(everything.parameters()) == []
    assert [param.name for param in everything.inputs] == ["y", "theta", "x", "phi"]
    nothing = QuantumLayer(circuit(), OBSERVABLES, weights=("x", "y", "theta", "phi"))
    assert nothing().shape == (2,)


def test_initial_values() -> None:
    uniform = layer_of().weights["theta"]
    assert uniform.min() < 0 < uniform.max()
    assert uniform.abs().max() <= pi
    torch.manual_seed(0)
    again = layer_of().weights["theta"]
    assert torch.equal(uniform, again)
    assert (layer_of(init=0.25).weights["phi"] == 0.25).all()
    assert (layer_of(init=nn.init.ones_).weights["phi"] == 1).all()
    mixed = layer_of(init={"phi": [0.1, 0.2], "theta": nn.init.zeros_})
    assert mixed.weights["phi"].tolist() == [0.1, 0.2]
    assert (mixed.weights["theta"] == 0).all()
    assert layer_of(init={"phi": 1.0}).weights["theta"].abs().sum() > 0
    assert layer_of(init=0.5).weights["phi"].requires_grad


def test_precision_follows_the_layer() -> None:
    layer = layer_of()
    single = copy.deepcopy(layer).float()
    out = single(*(value.float() for value in inputs(4)))
    assert out.dtype == torch.float32
    torch.testing.assert_close(out, layer(*inputs(4)).float())
    assert QuantumLayer(circuit(), OBSERVABLES, weights=BOTH).weights["phi"].dtype == torch.float32
    with pytest.raises(QdlError, match="mixed precision"):
        single(*inputs(4))


def test_copies_and_pickles_answer_alike() -> None:
    layer = layer_of()
    expected = layer(*inputs(3))
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(*inputs(3)), expected)


def test_a_layer_started_by_a_nameless_function_can_be_pickled() -> None:
    layer = layer_of(init=lambda weight: weight.fill_(0.5))
    assert torch.equal(pickle.loads(pickle.dumps(layer))(*inputs(3)), layer(*inputs(3)))


def test_functional_call_and_torch_func_grad() -> None:
    layer, (y, x) = layer_of(), inputs(3)

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layer, parameters, (y, x)).square().sum()

    parameters = {name: p.detach() for name, p in layer.named_parameters()}
    found = torch.func.grad(loss)(parameters)
    layer(y, x).square().sum().backward()
    for name, p in layer.named_parameters():
        torch.testing.assert_close(found[name], p.grad)


def test_configure_plans_again() -> None:
    layer, values = layer_of(), inputs(3)
    exact = layer(*values)
    configure(layer, shots=200, seed=3)
    assert torch.equal(layer(*values), layer(*values))
    assert not torch.equal(layer(*values), exact)
    assert torch.equal(configure(layer, shots=None)(*values), exact)
    with pytest.raises(QdlError, match=r"adjoint.*shots"):
        configure(layer, shots=10, grad="adjoint")
    assert torch.equal(layer(*values), exact)


class Reader(nn.Module):
    """A layer of a user's own, planned under options."""

    shots: Any = None

    def reconfigured(self, changes: dict[str, Any]) -> dict[str, Any]:
        if changes.get("grad") == "adjoint":
            raise ValuesError("no adjoint")
        return {"shots": changes.get("shots", self.shots)}


def test_a_layer_of_ones_own_is_configured_like_any() -> None:
    model = nn.Sequential(Reader(), nn.Sequential(Reader(), nn.Linear(1, 1)), layer_of())
    assert configure(model, shots=7) is model
    assert [model[0].shots, model[1][0].shots, model[2].options["shots"]] == [7, 7, 7]
    with pytest.raises(ValuesError, match="no adjoint"):
        configure(model, shots=None, grad="adjoint")
    assert [model[0].shots, model[2].options["shots"]] == [7, 7]


def test_a_compiled_layer_is_configured_once() -> None:
    layer = layer_of()
    configure(torch.compile(layer, backend="eager"), shots=20, seed=3)
    assert layer.options["seed"] == configure(layer_of(), seed=3).options["seed"]


def test_the_circuit_it_was_made_from_may_grow_on() -> None:
    c = circuit()
    layer = QuantumLayer(c, OBSERVABLES, weights=BOTH, dtype=torch.float64)
    before = layer(*inputs(3))
    c.x(0)
    assert torch.equal(configure(layer, grad="shift")(*inputs(3)), before)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": ("theta", "psi")}, "does not use.*psi"),
        ({"init": [1.0, 2.0, 3.0]}, "initial values of 'theta'.*3.*4"),
        ({"init": {"x": 1.0}}, "unknown weights.*x"),
        ({"engine": "abacus"}, "unknown engine"),
        ({"speed": 3}, "unknown options"),
        ({"dtype": torch.complex64}, "precision"),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_when_the_layer_is_made(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QdlError, match=message):
        QuantumLayer(circuit(), OBSERVABLES, **{"weights": BOTH, **options})


def test_wrong_number_of_inputs() -> None:
    with pytest.raises(ValuesError, match=r"got 1, expected 2: y\[1\], x\[3\]"):
        layer_of()(torch.zeros(1))


def test_it_trains() -> None:
    """Two weights turn <Z> to -1 whatever the input, in 60 steps."""
    x, theta = qdl.Param("x", 1), qdl.Param("theta", 2)
    layer = QuantumLayer(qdl.Circuit(1).rz(x[0], 0).rx(theta[0], 0).ry(theta[1], 0), qdl.Z(0), init=[0.7, 0.1])
    optimiser = torch.optim.Adam(layer.parameters(), 0.1)
    for _ in range(60):
        optimiser.zero_grad()
        loss = layer(torch.linspace(-1, 1, 8)[:, None]).mean()
        loss.backward()
        optimiser.step()
    assert loss.item() < -0.99


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's own, while it looks at the model
def test_a_model_with_it_goes_through_torch_compile() -> None:
    x, w = qdl.Param("x", 2), qdl.Param("w", 2)
    made = qdl.Circuit(2).ry(x[0], 0).ry(x[1], 1).ry(w[0], 0).cx(0, 1).ry(w[1], 1)
    model = nn.Sequential(nn.Linear(3, 2), QuantumLayer(made, [qdl.Z(1)], weights=("w",)), nn.Linear(1, 1))
    given = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    expected = torch.autograd.grad(model(given).sum(), list(model.parameters()))
    compiled = torch.compile(model, backend="eager")
    found = torch.autograd.grad(compiled(given).sum(), list(model.parameters()))
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(found, expected, strict=True))
