"""Thermal layers and thermal readings: against exponentials written out, on other engines, and in training."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor

import qdl
from qdl.errors import CircuitError, QdlError, UnsupportedError, ValuesError
from qdl.nn import QuantumConv1d, QuantumConv2d, QuantumConv3d, ThermalLayer, ThermalReading

DOUBLE = torch.float64
READ = [qdl.Z(2), qdl.X(0) @ qdl.Z(1) - 0.3 * qdl.X(2), 2 * qdl.Y(0) @ qdl.Y(1) + 0.5 * qdl.I(), qdl.Y(1)]


def layer(**options: Any) -> ThermalLayer:
    torch.manual_seed(0)
    made = ThermalLayer(4, 3, dtype=DOUBLE, **options)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_()
    return made


def inputs(*batch: int) -> Tensor:
    return torch.randn(*batch, 4, dtype=DOUBLE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("transverse", [None, 0.8])
@pytest.mark.parametrize("graph", [None, nx.Graph([(2, 0)]), nx.empty_graph(3)])
def test_it_reads_the_thermal_state_of_its_hamiltonian(transverse: float | None, graph: nx.Graph | None) -> None:
    made = layer(transverse=transverse, graph=graph, temperature=0.7, observables=READ)
    x = inputs(2, 5)
    found, rho = made(x), made.state(x)
    assert found.shape == (2, 5, 4)
    for at in np.ndindex(2, 5):
        fields = (made.weight @ x[at] + made.bias).tolist()
        H = sum(-fields[i] * qdl.Z(i) for i in range(3))
        H = H + sum(-J * qdl.Z(i) @ qdl.Z(j) for J, (i, j) in zip(made.coupling.tolist(), made.edges, strict=True))
        if made.transverse is not None:
            H = H + sum(-G * qdl.X(i) for i, G in enumerate(made.transverse.tolist()))
        power = scipy.linalg.expm(-H.matrix(3) / 0.7)
        Z = np.trace(power).real
        expected = [np.trace(power @ O.matrix(3)).real / Z for O in READ]
        torch.testing.assert_close(found[at], torch.tensor(expected, dtype=DOUBLE))
        torch.testing.assert_close(rho[at], torch.as_tensor(power.real / Z))
        assert float(made.free_energy(x)[at].detach()) == pytest.approx(-0.7 * np.log(Z))


def test_alone_and_classical_it_is_linear_and_tanh() -> None:
    made = layer(transverse=None, graph=nx.empty_graph(3), temperature=2.0)
    x = inputs(6)
    torch.testing.assert_close(made(x), torch.tanh(torch.nn.functional.linear(x, made.weight, made.bias) / 2))


def test_alone_in_a_transverse_field_a_spin_points_along_the_whole_field() -> None:
    made = layer(graph=nx.empty_graph(3))
    f = torch.nn.functional.linear(inputs(6), made.weight, made.bias)
    size = (f.square() + made.transverse.square()).sqrt()
    torch.testing.assert_close(made(inputs(6)), f / size * torch.tanh(size))


@pytest.mark.parametrize("options", [{"engine": "state"}, {"engine": "aer"}, {"engine": "density"}])
@pytest.mark.parametrize("transverse", [None, 0.8])
def test_the_circuit_is_the_closed_form(options: dict[str, Any], transverse: float | None) -> None:
    closed = layer(observables=READ, transverse=transverse)
    other = layer(observables=READ, transverse=transverse, **options)
    x = inputs(3).requires_grad_()
    one, two = closed(x), other(x)
    torch.testing.assert_close(one, two, atol=1e-12, rtol=0)
    weights = torch.randn(one.shape, dtype=DOUBLE)
    first = torch.autograd.grad((one * weights).sum(), (x, *closed.parameters()))
    second = torch.autograd.grad((two * weights).sum(), (x, *other.parameters()))
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


def test_shots_scatter_around_the_closed_form() -> None:
    """5 seeds of 1000 shots: within five standard errors, and not on it."""
    exact = layer()(inputs(4)).detach()
    for seed in range(5):
        found = layer(engine="state", shots=1000, seed=seed)(inputs(4)).detach()
        assert bool(((found - exact).abs() < 5 * ((1 - exact**2) / 1000).sqrt() + 1e-3).all())
        assert not torch.equal(found, exact)


def test_configure_moves_it_to_another_engine_and_back() -> None:
    made = layer()
    exact = made(inputs(3))
    qdl.nn.configure(made, engine="state", shots=10, seed=1)
    assert not torch.allclose(made(inputs(3)), exact)
    qdl.nn.configure(made, engine="closed", shots=None)
    assert torch.equal(made(inputs(3)), exact)


def test_it_learns_a_function_that_no_single_field_gives() -> None:
    """The product of two inputs' signs: <Z Z> of two coupled spins, by Adam from 5 seeds; a pilot missed none."""
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    wanted = x.prod(1, keepdim=True)
    for seed in range(5):
        torch.manual_seed(seed)
        made = ThermalLayer(2, 2, observables=[qdl.Z(0) @ qdl.Z(1)])
        optimizer = torch.optim.Adam(made.parameters(), lr=0.2)
        for _ in range(60):
            optimizer.zero_grad()
            (made(x) - wanted).square().mean().backward()
            optimizer.step()
        assert bool((made(x).sign() == wanted).all()), seed


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"temperature": 0.0}, ValuesError),
        ({"temperature": float("nan")}, ValuesError),
        ({"temperature": "warm"}, ValuesError),
        ({"transverse": "strong"}, ValuesError),
        ({"transverse": float("inf")}, ValuesError),
        ({"observables": [qdl.Z(3)]}, CircuitError),
        ({"observables": qdl.Z(0)}, ValuesError),
        ({"observables": ["Z"]}, ValuesError),
        ({"observables": [qdl.Hermitian([[1, 2], [2, 0]], 0)]}, UnsupportedError),
        ({"graph": nx.path_graph(4)}, ValuesError),
        ({"engine": "closed", "shots": 100}, UnsupportedError),
        ({"engine": "nonesuch"}, QdlError),
    ],
)
def test_bad_arguments_are_refused(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ThermalLayer(4, 3, **options)


def test_too_many_spins_are_refused_when_the_layer_is_made() -> None:
    with pytest.raises(UnsupportedError, match="at most 12 qubits"):
        ThermalLayer(4, 13)
    with pytest.raises(UnsupportedError, match="at most 20 classical"):
        ThermalLayer(4, 21, transverse=None)
    with pytest.raises(UnsupportedError, match="too many amplitudes"):
        ThermalLayer(4, 9, engine="state")
    assert ThermalLayer(4, 14, transverse=None)(torch.rand(2, 4)).shape == (2, 14)


def test_infinite_inputs_are_refused() -> None:
    with pytest.raises(ValuesError, match="NaN or infinity"):
        layer()(torch.full((2, 4), torch.inf, dtype=DOUBLE))


@pytest.mark.parametrize(
    ("kind", "plain", "arguments", "shape"),
    [
        (QuantumConv1d, torch.nn.Conv1d, (4, 6, 3, 2, 1, 1, 2), (3, 4, 9)),
        (QuantumConv2d, torch.nn.Conv2d, (2, 4, (2, 3)), (3, 2, 5, 5)),
        (QuantumConv2d, torch.nn.Conv2d, (2, 4, 2, 1, "same", 2, 2, False, "circular"), (2, 4, 4)),
        (QuantumConv3d, torch.nn.Conv3d, (1, 2, 2), (2, 1, 3, 3, 3)),
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, DOUBLE])
def test_readings_keep_the_convolutions_ways(
    kind: Any, plain: Any, arguments: tuple[Any, ...], shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    """Stride, padding, groups, no bias, no batch.

    Pixels -1, 0 and 1 leave W no choice: tanh(gW)/g + b and sigmoid(2 (gW + b)).
    """
    torch.manual_seed(0)
    classical = plain(*arguments, dtype=DOUBLE)
    x = torch.randint(-1, 2, shape).to(dtype)
    W = classical(x.double())
    b = torch.zeros(()).double() if classical.bias is None else classical.bias
    b = b.reshape(-1, *[1] * (classical.weight.dim() - 2))
    expected = {"linear": torch.tanh(0.7 * (W - b)) / 0.7 + b, "excitation": torch.sigmoid(2 * (0.7 * (W - b) + b))}
    for readout, value in expected.items():
        conv = kind(*arguments, coupling=0.7, readout=readout, dtype=dtype)
        conv.load_state_dict(classical.state_dict())
        tolerance = 1e-13 if dtype == DOUBLE else 3e-6
        torch.testing.assert_close(ThermalReading(conv)(x), value.to(dtype), atol=tolerance, rtol=0)


def test_readings_share_the_convolutions_weights() -> None:
    conv = QuantumConv2d(1, 2, 3)
    reading = ThermalReading(conv)
    x = torch.rand(2, 1, 4, 4)
    reading(x).sum().backward()
    assert conv.weight.grad is not None
    assert list(reading.state_dict()) == ["conv.weight", "conv.bias"]
    before = reading(x)
    conv.coupling = 1.5
    assert not torch.allclose(reading(x), before)


def test_readings_with_shots_scatter_around_the_exact_one() -> None:
    torch.manual_seed(0)
    conv = QuantumConv2d(1, 2, 3, coupling=1.0)
    x = torch.rand(1, 1, 6, 6)
    exact = ThermalReading(conv)(x)
    found = []
    for seed in range(5):
        qdl.nn.configure(conv, shots=10_000, seed=seed)
        found.append(ThermalReading(conv)(x))
    errors = (torch.stack(found) - exact).abs()
    assert 1e-4 < float(errors.mean().detach()) < 0.03


def test_what_has_no_thermal_reading_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="only a detector"):
        ThermalReading(torch.nn.Conv2d(1, 1, 3))
    with pytest.raises(UnsupportedError, match="only a detector"):
        ThermalReading(QuantumConv2d(1, 1, 2, interaction="su4"))
    with pytest.raises(ValuesError, match="reach"):
        ThermalReading(QuantumConv2d(1, 1, 3), reach=0)
    strong = QuantumConv2d(1, 1, 3, coupling=100.0)
    with pytest.raises(ValuesError, match="larger reach"):
        ThermalReading(strong)(torch.rand(1, 1, 3, 3))
    biased = QuantumConv2d(1, 1, 3, coupling=0.1, readout="excitation")
    torch.nn.init.constant_(biased.bias, -7.0)  # turns the detector as the weights do
    with pytest.raises(ValuesError, match="larger reach"):
        ThermalReading(biased)(torch.rand(1, 1, 3, 3))
