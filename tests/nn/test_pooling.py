"""Pools: torch's rules for windows, both forms of a quantum pool, spins that stay spins."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import nn

import qdl
from qdl.errors import QdlError
from qdl.nn import (
    BlockSpin1d,
    BlockSpin2d,
    QuantumPool1d,
    QuantumPool2d,
    ThermalPool1d,
    ThermalPool2d,
    ThermalPool3d,
    configure,
    pool_wires,
)

THERMAL = {1: ThermalPool1d, 2: ThermalPool2d, 3: ThermalPool3d}
MAXIMUM = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
AVERAGE = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}
POOLS = ("pool_zx", "pool_crot", "pool_general", "pool_basis", "pool_vatan", "crz_crx")


def drawn_arguments(seed: int) -> tuple[int, dict[str, Any], tuple[int, ...]]:
    """A dimension, arguments of a pool, and a size that it takes."""
    draw = np.random.default_rng(seed)
    n = int(draw.integers(1, 4))
    kernel, stride, dilation = (tuple(map(int, draw.integers(1, 4, n))) for _ in range(3))
    padding = tuple(int(draw.integers(0, k // 2 + 1)) for k in kernel)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    size = tuple(int(r + draw.integers(0, 5)) for r in reach)
    arguments = {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    return n, {**arguments, "ceil_mode": bool(draw.integers(2))}, size


@pytest.mark.parametrize("seed", range(60))
def test_windows_are_those_of_torch(seed: int) -> None:
    n, arguments, size = drawn_arguments(seed)
    x = torch.randn(2, 3, *size)[::1] - 1  # a padding of zeros would win
    wanted = MAXIMUM[n](**arguments)(x)
    assert torch.equal(THERMAL[n](beta=inf, **arguments)(x), wanted)
    assert torch.equal(THERMAL[n](beta=inf, **arguments)(x[0]), wanted[0])
    if max(arguments.pop("dilation")) > 1:
        return
    more = {} if n == 1 else {"count_include_pad": False}
    if n > 1 or not any(arguments["padding"]):
        average = AVERAGE[n](**arguments, **more)(x)
        torch.testing.assert_close(THERMAL[n](beta=0.0, **arguments)(x), average)


def test_arguments_are_refused_early() -> None:
    bad: list[dict[str, Any]] = [
        {"kernel_size": 0},
        {"kernel_size": (2, 2, 2)},
        {"kernel_size": 2, "stride": 0},
        {"kernel_size": 2, "padding": 2},
        {"kernel_size": 2.5},
        {"kernel_size": 2, "beta": float("nan")},
        {"kernel_size": 2, "beta": 0.0, "readout": "free"},
        {"kernel_size": 2, "beta": inf, "trainable": True},
        {"kernel_size": 2, "readout": "mode"},
    ]
    for arguments in bad:
        with pytest.raises(QdlError):
            ThermalPool2d(**arguments)
    for x in (torch.rand(4, 4), torch.rand(1, 1, 1, 4), torch.ones(1, 1, 4, 4, dtype=torch.long)):
        with pytest.raises(QdlError):
            ThermalPool2d(2)(x)
    with pytest.raises(QdlError, match="nothing but padding"):
        ThermalPool1d(2, padding=2, dilation=3)(torch.rand(1, 1, 1))


def test_a_trained_temperature_finds_the_maximum() -> None:
    torch.manual_seed(0)
    pool = ThermalPool1d(4, beta=0.0, trainable=True)
    x = torch.rand(64, 1, 8)
    wanted = nn.MaxPool1d(4)(x)
    optimizer = torch.optim.Adam(pool.parameters(), lr=0.5)
    before = (pool(x) - wanted).abs().mean()
    for _ in range(100):
        optimizer.zero_grad()
        (pool(x) - wanted).square().mean().backward()
        optimizer.step()
    assert pool.beta > 10
    assert (pool(x) - wanted).abs().mean() < 0.1 * before


def test_large_numbers_do_not_overflow() -> None:
    x = torch.tensor([[1e30, 1e30, -1e30, 0.0]])
    for beta in (1e-3, 1.0, 1e6):
        for readout in ("mean", "free"):
            assert ThermalPool1d(4, beta=beta, readout=readout)(x).item() == pytest.approx(1e30)


@pytest.mark.parametrize("readout", ["mean", "free"])
def test_a_negative_beta_looks_for_the_minimum(readout: str) -> None:
    x = torch.randn(4, 1, 6, dtype=torch.float64)
    cold, warm = (ThermalPool1d(3, beta=beta, readout=readout) for beta in (2.0, -2.0))
    torch.testing.assert_close(warm(x), -cold(-x), rtol=0, atol=1e-12)
    limit = ThermalPool1d(3, beta=-inf, readout=readout)(x)
    torch.testing.assert_close(limit, x.unfold(-1, 3, 3).amin(-1), rtol=0, atol=0)
    coldest = ThermalPool1d(3, beta=-1e4, readout=readout)(x)
    torch.testing.assert_close(coldest, x.unfold(-1, 3, 3).amin(-1), rtol=0, atol=1e-3)


# --- the quantum pool


def reference(x: np.ndarray, theta: np.ndarray) -> float:
    """Four qubits pooled by Hur's cell in PennyLane: (1, 0), (3, 2), then (2, 0)."""

    @qml.qnode(qml.device("default.qubit", wires=4))
    def circuit() -> Any:
        for wire in range(4):
            qml.RY(np.pi * x[wire], wires=wire)
        for level, (source, sink) in ((0, (1, 0)), (0, (3, 2)), (1, (2, 0))):
            qml.CRZ(theta[level, 0], wires=(source, sink))
            qml.PauliX(source)
            qml.CRX(theta[level, 1], wires=(source, sink))
        return qml.expval(qml.Z(0))

    return float(circuit())


def test_a_quantum_pool_is_hurs_circuit() -> None:
    torch.manual_seed(1)
    pool = QuantumPool2d(2, dtype=torch.float64)
    x = torch.rand(1, 1, 2, 4, dtype=torch.float64)
    for k in range(2):
        window = x[0, 0, :, 2 * k : 2 * k + 2].flatten().numpy()
        assert pool(x)[0, 0, 0, k].item() == pytest.approx(reference(window, pool.weight.detach().numpy()), abs=1e-12)


@pytest.mark.parametrize("mode", ["deferred", "measured"])
@pytest.mark.parametrize("name", POOLS)
def test_closed_form_and_circuit_agree(name: str, mode: str) -> None:
    torch.manual_seed(2)
    arguments: dict[str, Any] = {"pool": name, "encoding": "probability", "readout": "excitation"}
    arguments["dtype"] = torch.float64
    closed = QuantumPool1d(3, 2, 1, **arguments)
    circuit = QuantumPool1d(3, 2, 1, **arguments, engine="state", mode=mode)
    circuit.load_state_dict(closed.state_dict())
    x = torch.rand(2, 2, 6, dtype=torch.float64)
    one, other = closed(x), circuit(x)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-12)
    (mine,) = torch.autograd.grad(one.square().sum(), closed.weight)
    (theirs,) = torch.autograd.grad(other.square().sum(), circuit.weight)
    torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-10)


def test_a_pool_that_turns_nothing_keeps_the_sink() -> None:
    pool = QuantumPool1d(4, encoding="probability", readout="excitation", dtype=torch.float64)
    nn.init.zeros_(pool.weight)
    x = torch.rand(1, 8, dtype=torch.float64)
    torch.testing.assert_close(pool(x), x[:, ::4], rtol=0, atol=1e-12)


def test_other_options_by_configure() -> None:
    torch.manual_seed(3)
    model = nn.Sequential(QuantumPool2d(2), nn.Flatten())
    x = torch.rand(3, 1, 4, 4)
    exact = model(x)
    configure(model, engine="state", shots=4000, seed=1)
    assert 0 < (model(x) - exact).abs().max() < 0.1
    with pytest.raises(QdlError, match="closed form is exact"):
        configure(model, engine="closed")
    with pytest.raises(QdlError, match="closed form is exact"):
        QuantumPool2d(2, engine="closed", shots=10)


def test_shots_run_the_circuit_where_no_engine_is_named() -> None:
    torch.manual_seed(3)
    layers = (QuantumPool2d(2), qdl.nn.PositionNeuron((4, 4)), qdl.nn.RepeatUntilSuccess(1, attempts=2))
    for layer in layers:
        x = torch.rand(1, 2, 4, 4)
        exact = layer(x)
        configure(layer, shots=4000, seed=1)
        assert "engine=state" in repr(layer)
        assert 0 < (layer(x) - exact).abs().max() < 0.5
        configure(layer, shots=None)
        assert "engine=closed" in repr(layer)
        torch.testing.assert_close(layer(x), exact, rtol=0, atol=0)


def test_pools_without_a_measured_form_are_refused() -> None:
    late = qdl.Circuit(2).cx(0, 1).h(0)
    with pytest.raises(QdlError, match="no measured form"):
        pool_wires(qdl.Circuit(2), 0, 1, late, mode="measured")
    with pytest.raises(QdlError, match="two wires"):
        pool_wires(qdl.Circuit(4), 0, 1, "amplitude")
    with pytest.raises(QdlError, match="mode"):
        pool_wires(qdl.Circuit(2), 0, 1, mode="later")
    for arguments, message in (({"mode": "later"}, "mode"), ({"mode": "measured", "pool": late}, "no measured form")):
        with pytest.raises(QdlError, match=message):
            QuantumPool2d(2, **arguments)
    with pytest.raises(QdlError, match="gates alone"):
        pool_wires(qdl.Circuit(2), 0, 1, qdl.Circuit(2).measure(0, "a").cx(0, 1))


@pytest.mark.parametrize("name", POOLS)
def test_a_measured_step_leaves_the_state_of_the_coherent_one(name: str) -> None:
    """Also that of the source, read in its own basis, and on wires in another order."""
    torch.manual_seed(4)
    angles = torch.rand(sum(p.size for p in qdl.cell(name).params), dtype=torch.float64)
    found = []
    for mode in ("deferred", "measured"):
        circuit = qdl.Circuit(3).ry(0.4, 0).rx(1.1, 1).ry(0.9, 2).cx(0, 2).rzz(0.3, 1, 2).ry(0.7, 2)
        pool_wires(circuit, 2, 0, name, qdl.Param("t", len(angles)), mode)
        found.append(qdl.density(circuit, {"t": angles}, wires=(0, 1), engine="density"))
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


# --- block spins


def lattice(*shape: int) -> torch.Tensor:
    return 2 * torch.randint(2, shape).double() - 1


def test_majority_and_decimation() -> None:
    torch.manual_seed(5)
    spins = lattice(7, 2, 9, 6)
    blocks = spins.reshape(7, 2, 3, 3, 2, 3).transpose(3, 4)
    assert torch.equal(BlockSpin2d(3)(lattice(1, 3, 3)).abs(), torch.ones(1, 1, 1).double())
    assert torch.equal(BlockSpin2d(3)(spins), blocks.sum((-1, -2)).sign())
    assert torch.equal(BlockSpin2d((3, 3), rule="decimation")(spins), spins[..., ::3, ::3])
    with pytest.raises(QdlError, match="tile"):
        BlockSpin2d(2)(spins)


def test_ties() -> None:
    torch.manual_seed(6)
    tied = torch.tensor([[1.0, -1.0] * 2000])
    assert torch.equal(BlockSpin1d(2, ties="zero")(tied), torch.zeros(1, 2000))
    assert torch.equal(BlockSpin1d(2, ties="first")(tied), torch.ones(1, 2000))
    coins = BlockSpin1d(2)(tied)
    assert torch.equal(coins.abs(), torch.ones(1, 2000))
    assert coins.mean().abs() < 5 / 2000**0.5
    again = BlockSpin1d(2, seed=3)
    assert torch.equal(again(tied), again(tied))


def test_block_spins_pass_the_gradient_that_they_name() -> None:
    spins = torch.tensor([[1.0, 1.0, -1.0, 1.0, -1.0, -1.0]]).double().requires_grad_()
    hard, through, warm = BlockSpin1d(3), BlockSpin1d(3, straight_through=True), BlockSpin1d(3, temperature=2.0)
    assert not hard(spins).requires_grad
    assert torch.equal(through(spins), hard(spins))
    (found,) = torch.autograd.grad(through(spins).sum(), spins)
    torch.testing.assert_close(found, torch.full((1, 6), 1 / 3).double())
    (found,) = torch.autograd.grad(warm(spins)[0, 0], spins)
    torch.testing.assert_close(found[0, :3], ((1 - torch.tensor(0.5).tanh() ** 2) / 2).double().expand(3))
    for wrong in (
        {"temperature": 1.0, "straight_through": True},
        {"rule": "decimation", "temperature": 1.0},
        {"seed": "three"},
    ):
        with pytest.raises(QdlError):
            BlockSpin1d(2, **wrong)
