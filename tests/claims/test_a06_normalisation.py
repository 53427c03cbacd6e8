"""A6: normalisation as total probability, as zero point and unit of fluctuation, as 1/Z."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import qdl
from qdl.nn import (
    QBM,
    QCNN,
    RBM,
    BornNorm,
    Gibbs,
    MomentumNeuron,
    PositionNeuron,
    QuantumNorm2d,
    QuantumPool1d,
    RepeatUntilSuccess,
    TacchinoPerceptron,
    ThermalLayer,
)
from qdl.nn.conv import detector_circuit, displaced_circuit, exchange_circuit, translation_circuit
from qdl.nn.encoding import ENCODINGS
from tests.claims.conftest import Measured


@pytest.mark.claim("A6", "(n - <n>) / Delta n is torch's BatchNorm2d in training and evaluation, statistics included")
@pytest.mark.parametrize("momentum", [0.1, 0.6, None])
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-6), (torch.float64, 1e-12)], ids=["single", "double"])
def test_a06_quantum_norm_is_batch_norm(dtype: torch.dtype, bound: float, momentum: Any, measured: Measured) -> None:
    mine, theirs = (kind(3, momentum=momentum, dtype=dtype) for kind in (QuantumNorm2d, nn.BatchNorm2d))
    worst = {"training": 0.0, "statistics": 0.0, "evaluation": 0.0}
    for step in range(6):
        x = (1 + step) / 4 * (torch.rand(8, 3, 6, 5, dtype=dtype) - 0.4)
        for name, training in (("training", True), ("evaluation", False)):
            difference = (mine.train(training)(x) - theirs.train(training)(x)).abs().max()
            worst[name] = max(worst[name], difference.item())
        pairs = zip(mine.buffers(), theirs.buffers(), strict=True)
        worst["statistics"] = max(worst["statistics"], *(float((a - b).abs().max()) for a, b in pairs))
    for name, value in worst.items():
        measured(f"{name}, {str(dtype).removeprefix('torch.')}", value, at_most=bound)


@pytest.mark.claim("A6", "normalised numbers have the zero point 0 and the fluctuation 1")
def test_a06_zero_point_and_unit(measured: Measured) -> None:
    norm = QuantumNorm2d(4, eps=0.0, affine=False, dtype=torch.float64)
    z = norm(5 + 3 * torch.randn(8, 4, 6, 6, dtype=torch.float64))
    measured("zero point", z.mean((0, 2, 3)).abs().max(), at_most=1e-12)
    measured("fluctuation - 1", (z.square().mean((0, 2, 3)) - 1).abs().max(), at_most=1e-12)


@pytest.mark.claim("A6", "the norm of a wave function is L2, and Born's probabilities add up to 1")
def test_a06_born(measured: Measured) -> None:
    x = torch.randn(50, 7, dtype=torch.float64)
    measured("difference to x / L2 norm", (BornNorm()(x) - x / x.norm(dim=-1, keepdim=True)).abs().max(), at_most=1e-12)
    measured("total - 1", (BornNorm(readout="probability")(x).sum(-1) - 1).abs().max(), at_most=1e-12)


@pytest.mark.claim("A6", "the softmax is e^{-E/T} / Z, a measurement of the thermal state of diag(E)")
@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_a06_softmax_is_one_over_z(temperature: float, measured: Measured) -> None:
    x = torch.randn(20, 4, dtype=torch.float64)
    p = Gibbs(temperature=temperature)(x)
    rho = torch.matrix_exp(torch.diag_embed(x / temperature))
    thermal = rho.diagonal(dim1=-2, dim2=-1) / rho.diagonal(dim1=-2, dim2=-1).sum(-1, keepdim=True)
    measured("difference to the thermal state", (p - thermal).abs().max(), at_most=1e-12)
    measured("total - 1", (p.sum(-1) - 1).abs().max(), at_most=1e-12)


@pytest.mark.claim("A6", "total probability stays 1 through every layer: encoding, interactions, pools, measurements")
@pytest.mark.parametrize("mode", ["deferred", "measured"])
def test_a06_total_probability_through_every_layer(mode: str, measured: Measured) -> None:
    model = QCNN(4, "su4", mode=mode, dtype=torch.float64)
    x = torch.rand(3, 4, dtype=torch.float64)
    values = {"x": x, "conv": model.conv_weight.detach().flatten(), "pool": model.pool_weight.detach().flatten()}
    whole, stages = model.circuit, qdl.Circuit(4)
    worst = 0.0
    for index, op in enumerate(whole.operations):
        if op.bit is not None:
            stages.measure(op.wires, op.bit)
        elif op.condition is not None:
            with stages.if_(op.condition):
                stages.gate(op.gate, *op.angles, *op.wires)
        else:
            stages.gate(op.gate, *op.angles, *op.wires)
        if index % 8 and op.bit is None and index + 1 < len(whole):
            continue
        known = {param.name: values[param.name] for param in stages.params}
        probabilities = qdl.probs(stages, known)
        assert probabilities.min() >= -1e-15
        worst = max(worst, float((probabilities.sum(-1) - 1).abs().max()))
    measured(f"total - 1, {mode}", worst, at_most=1e-12)
    rho = qdl.density(whole, values, wires=(model.output_wire,))
    trace = rho.diagonal(dim1=-2, dim2=-1).sum(-1)
    measured(f"trace of what is left - 1, {mode}", (trace - 1).abs().max(), at_most=1e-12)


LAYERS = {
    "detector": lambda: detector_circuit(3, 1.1, biased=True),
    "exchange": lambda: exchange_circuit(3),
    "displaced": lambda: displaced_circuit(2, 0.8, 8),
    "translation": lambda: translation_circuit((4, 2), "antisymmetric"),
    "MomentumNeuron": lambda: MomentumNeuron((4, 3)).circuit,
    "PositionNeuron": lambda: PositionNeuron((4, 3), "circular").circuit,
    "QuantumPool1d": lambda: QuantumPool1d(2, mode="measured").circuit,
    "RepeatUntilSuccess": lambda: RepeatUntilSuccess(1, 3).circuit,
    "TacchinoPerceptron": lambda: TacchinoPerceptron(4, 1).circuit,
    **{f"{name} encoding": lambda name=name: ENCODINGS[name](2).circuit for name in sorted(ENCODINGS)},
}


@pytest.mark.claim(
    "A6", "total probability is 1 behind every interaction, neuron, pool and encoding, and at every density"
)
@pytest.mark.parametrize("name", LAYERS)
def test_a06_total_probability_behind_every_layer(name: str, measured: Measured) -> None:
    circuit = LAYERS[name]()
    values = {param.name: torch.rand(4, param.size, dtype=torch.float64) for param in circuit.params}
    probabilities = qdl.probs(circuit, values, engine="density" if circuit.wires < 7 else "state")
    assert probabilities.min() >= -1e-15
    measured("total - 1", (probabilities.sum(-1) - 1).abs().max(), at_most=1e-12)


@pytest.mark.claim("A6", "total probability is 1 in every thermal layer: tr rho of spins, P(v) of machines")
@pytest.mark.parametrize("transverse", [None, 0.7])
def test_a06_total_probability_of_thermal_layers(transverse: float | None, measured: Measured) -> None:
    layer = ThermalLayer(4, 3, transverse=transverse, temperature=0.3, dtype=torch.float64)
    rho = layer.state(5 * torch.randn(6, 4, dtype=torch.float64))
    measured("trace - 1", (rho.diagonal(dim1=-2, dim2=-1).sum(-1) - 1).abs().max().detach(), at_most=1e-12)
    qbm = QBM(3, 2, transverse=transverse or 0.0, dtype=torch.float64)
    rbm = RBM(3, 2, values="spin", dtype=torch.float64)
    every = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
    for machine in (qbm, rbm):
        torch.nn.init.normal_(machine.weight, std=2.0)
        total = machine.log_likelihood(every).exp().sum()
        measured(f"{type(machine).__name__}, total - 1", (total - 1).abs(), at_most=1e-12)
