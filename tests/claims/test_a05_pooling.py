"""A5: pooling by a thermal average, by a measurement, by blocks of spins."""

from __future__ import annotations

from math import inf, log

import pytest
import torch

import qdl
from qdl.nn import QCNN, BlockSpin2d, ThermalPool1d, pool_wires
from qdl.physics.pooling import pool_transfer
from tests.claims.conftest import Measured

POOLS = ("pool_zx", "pool_crot", "pool_general", "pool_basis", "pool_vatan")


@pytest.mark.claim("A5", "the thermal pool is the average at beta = 0 and the maximum at beta = inf, and tends to both")
def test_a05_thermal_pool_between_average_and_maximum(measured: Measured) -> None:
    x = torch.randn(200, 1, 4, dtype=torch.float64)
    measured("beta = 0 to the average", (ThermalPool1d(4, beta=0.0)(x) - x.mean(-1, True)).abs().max(), at_most=1e-12)
    measured("beta = inf to the maximum", (ThermalPool1d(4, beta=inf)(x) - x.amax(-1, True)).abs().max(), at_most=0)
    measured(
        "beta = 1e-9 to the average", (ThermalPool1d(4, beta=1e-9)(x) - x.mean(-1, True)).abs().max(), at_most=1e-7
    )
    measured("beta = 1e9 to the maximum", (ThermalPool1d(4, beta=1e9)(x) - x.amax(-1, True)).abs().max(), at_most=1e-9)


@pytest.mark.claim("A5", "the free energy lies above the maximum by 0 to ln n / beta, the mean below by no more")
@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0, 100.0])
def test_a05_free_energy_bounds(beta: float, measured: Measured) -> None:
    x = torch.randn(1000, 1, 9, dtype=torch.float64)
    x[0] = 0.7  # all equal: the upper bound is reached
    excess = (ThermalPool1d(9, beta=beta, readout="free")(x) - x.amax(-1, True)) * beta / log(9)
    lack = (x.amax(-1, True) - ThermalPool1d(9, beta=beta)(x)) * beta / log(9)
    measured("least excess, in ln n / beta", excess.min(), at_least=-1e-12)
    measured("largest excess, in ln n / beta", excess.max(), at_least=1 - 1e-12, at_most=1 + 1e-12)
    measured("least lack of the mean, in ln n / beta", lack.min(), at_least=-1e-12)
    measured("largest lack of the mean, in ln n / beta", lack.max(), at_most=1 + 1e-12)


def entangled(wires: int) -> qdl.Circuit:
    made = qdl.Circuit(wires)
    for wire in range(wires):
        made.ry(0.4 + 0.5 * wire, wire).rz(0.3 * wire, wire)
    for wire in range(wires - 1):
        made.rxx(0.7 - 0.2 * wire, wire, wire + 1).cry(0.5, wire + 1, wire)
    return made


@pytest.mark.claim(
    "A5", "a measurement in the middle, its outcome turning the sink, is the controlled gate, traced out"
)
@pytest.mark.parametrize("name", POOLS)
def test_a05_measured_pool_is_the_deferred_one(name: str, measured: Measured) -> None:
    angles = torch.rand(sum(p.size for p in qdl.cell(name).params), dtype=torch.float64)
    theta = qdl.Param("theta", len(angles))
    coherent = pool_wires(entangled(3), 1, 0, name, theta)
    feedback = pool_wires(entangled(3), 1, 0, name, theta, mode="measured")
    state = qdl.state(coherent, {"theta": angles}).reshape(2, 2, 2)
    # The partial trace by hand; the density matrix keeps the outcome apart.
    kept = torch.einsum("asb,csd->abcd", state, state.conj()).reshape(4, 4)
    rho = qdl.density(feedback, {"theta": angles}, wires=(0, 2), engine="density")
    measured("largest difference of the density matrices", (rho - kept).abs().max(), at_most=1e-12)
    values = [qdl.expval(c, qdl.X(0) @ qdl.Y(2), {"theta": angles}) for c in (coherent, feedback)]
    measured("difference of <X Y>", (values[0] - values[1]).abs(), at_most=1e-12)


@pytest.mark.claim("A5", "leaving the feedback out changes the sink")
def test_a05_feedback_matters(measured: Measured) -> None:
    angles = torch.tensor([0.9, 0.4], dtype=torch.float64)
    with_it = pool_wires(entangled(2), 1, 0, "pool_zx", qdl.Param("theta", 2), "measured")
    change = qdl.expval(with_it, qdl.Y(0), {"theta": angles}) - qdl.expval(entangled(2), qdl.Y(0), dtype=torch.float64)
    measured("change of <Y>", change.abs(), at_least=1e-3)


@pytest.mark.claim("A5", "a quantum pool preserves trace and positivity: sum K+ K = 1, and its Choi matrix is positive")
@pytest.mark.parametrize("name", POOLS)
def test_a05_quantum_pool_is_a_channel(name: str, measured: Measured) -> None:
    cell = qdl.cell(name)
    values = {p.name: torch.rand(p.size, dtype=torch.float64) for p in cell.params}
    u = torch.as_tensor(cell.matrix({k: v.tolist() for k, v in values.items()})).reshape(2, 2, 4)
    # K_s = <s| U: from both qubits to the sink.
    total = sum(k.mH @ k for k in u)
    measured("sum K+ K - 1", (total - torch.eye(4)).abs().max(), at_most=1e-12)
    choi = torch.einsum("sai,sbj->iajb", u, u.conj()).reshape(8, 8)
    measured("lowest eigenvalue of the Choi matrix", torch.linalg.eigvalsh(choi).min(), at_least=-1e-12)
    trace = pool_transfer(u.reshape(4, 4))[0]
    trace[0, 0] -= 1
    measured("what the closed form adds to the trace", trace.abs().max(), at_most=1e-12)


@pytest.mark.claim("A5", "a pooled QCNN halves its qubits in each layer, and none is touched after it was pooled")
@pytest.mark.parametrize("wires", [4, 8, 16])
def test_a05_a_qcnn_halves_its_qubits(wires: int, measured: Measured) -> None:
    model, left = QCNN(wires, "so4"), set(range(wires))
    for layer, (pairs, pools) in enumerate(model.layers):
        assert {wire for pair in (*pairs, *pools) for wire in pair} <= left
        left -= {source for source, _ in pools}
        measured("qubits left / (wires / 2^layer)", len(left) * 2 ** (layer + 1) / wires, at_least=1, at_most=1)
        # As the circuit has it: what comes behind the last gate on a wire that this layer gave up.
        gone = set(range(wires)) - left
        last = max(k for k, op in enumerate(model.circuit.operations) if gone & set(op.wires))
        touched = {wire for op in model.circuit.operations[last + 1 :] for wire in op.wires}
        measured("wires used later and not left", len(touched - left), at_most=0)
        if len(left) > 1:
            measured("wires left and not used later", len(left - touched), at_most=0)
    assert left == {model.output_wire}


@pytest.mark.claim("A5", "a QCNN that measures in its middle is the one that traces out")
@pytest.mark.parametrize("engine", ["state", "density"])
@pytest.mark.parametrize("name", POOLS)
def test_a05_measured_qcnn_is_the_deferred_one(name: str, engine: str, measured: Measured) -> None:
    deferred, feedback = (
        QCNN(4, "so4", name, mode=mode, readout="bloch", dtype=torch.float64, engine=engine)
        for mode in ("deferred", "measured")
    )
    feedback.load_state_dict(deferred.state_dict())
    x = torch.rand(3, 4, dtype=torch.float64)
    measured("largest difference", (deferred(x) - feedback(x)).abs().max(), at_most=1e-12)


@pytest.mark.claim("A5", "a block spin is the sign of its block's sum, the limit of the warm tanh(sum s / T)")
def test_a05_block_spins(measured: Measured) -> None:
    spins = 2.0 * torch.randint(2, (50, 1, 9, 9), dtype=torch.float64) - 1
    cold = BlockSpin2d(3)(spins)
    measured("least size of a spin", cold.abs().min(), at_least=1, at_most=1)
    measured("T = 0.01 to T = 0", (BlockSpin2d(3, temperature=0.01)(spins) - cold).abs().max(), at_most=1e-12)
    by_hand = spins.unflatten(-1, (3, 3)).unflatten(-3, (3, 3)).sum((-1, -3)).sign()
    measured("difference to the sign of the sum", (cold - by_hand).abs().max(), at_most=0)
