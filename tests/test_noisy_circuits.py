"""Noise against Aer and default.mixed, feedback against PennyLane's deferred form, and gradients of every strength.

The fast set draws some circuits, the slow one 2,000 (`make slow`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import numpy as np
import pennylane as qml
import pytest
import torch
from torch import Tensor

import qdl
from qdl.ir import Circuit, Param, X, Y, Z
from qdl.ir.bits import Condition
from qdl.ir.channels import CHANNELS, channel
from tests import noisy_oracle, noisy_peers, oracle
from tests.checks import cotangent
from tests.peers import PENNYLANE
from tests.strategies import CHANNEL_NAMES, noisy_case, unitary

# Strengths inside and, where it makes sense, at the ends of their range.
STRENGTHS: dict[str, list[list[float]]] = {
    "thermal_relaxation": [[1.0, 0.7, 0.3, 0.1], [1.0, 1.6, 0.5, 0.0], [0.5, 1.0, 0.4, 0.3], [2.0, 1.0, 0.0, 0.2]],
    "generalized_amplitude_damping": [[0.3, 0.2], [0.0, 0.5], [0.6, 0.0], [0.4, 1.0], [1.0, 0.3]],
    "reset_error": [[0.2, 0.3], [0.0, 0.4], [0.5, 0.5]],
    "pauli": [[0.1, 0.2, 0.3], [0.0, 0.0, 1.0], [0.25, 0.25, 0.25]],
    "reset": [[]],
}
NAMES = [name for name in CHANNELS if name != "reset"]


def cases_of(name: str) -> list[list[float]]:
    return STRENGTHS.get(name, [[0.0], [0.05], [0.4], [1.0]])


def around(name: str, strengths: Sequence[Any], wires: int = 1) -> Circuit:
    """A circuit in which a channel sits among gates, on states that it changes in every way."""
    made = Circuit(3).ry(0.8, 0).rx(1.1, 1).ry(0.4, 2).cx(0, 1).cx(1, 2).rz(0.3, 1)
    made.channel(name, *strengths, wires=(1, 0)[:wires])
    return made.ry(0.6, 1).cx(1, 0).rx(0.7, 0)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_channel_is_that_of_aer_and_of_default_mixed(name: str) -> None:
    for strengths in cases_of(name):
        for made in (around(name, strengths), Circuit(1).h(0).channel(name, *strengths, wires=0)):
            found = qdl.density(made, engine="density", dtype=torch.float64).numpy()
            assert np.abs(found - noisy_peers.aer_density([noisy_peers.aer_circuit(made, {})])[0]).max() < 1e-8
            assert np.abs(found - noisy_peers.mixed_density(made, {})).max() < 1e-8
            assert np.abs(found - noisy_oracle.density(made, {})).max() < 1e-14


@pytest.mark.parametrize("name", ["depolarizing", "pauli"])
def test_channels_on_two_wires_are_those_of_the_peers(name: str) -> None:
    strengths = [0.3] if name == "depolarizing" else list(np.arange(1, 16) / 200)
    made = around(name, strengths, 2)
    found = qdl.density(made, engine="density", dtype=torch.float64).numpy()
    assert np.abs(found - noisy_peers.aer_density([noisy_peers.aer_circuit(made, {})])[0]).max() < 1e-8
    assert np.abs(found - noisy_peers.mixed_density(made, {})).max() < 1e-8


def compare(seeds: Sequence[int]) -> None:
    for seed in seeds:
        draw = Random(seed)
        wires = draw.randint(1, 4)
        made = noisy_case(draw, wires, draw.randint(2, 3 + 3 * wires), gates=list(PENNYLANE), batches=[()])
        (one,) = oracle.samples(made.own())[1]
        width = draw.choice([None, 1, 2, 3])
        found = qdl.density(made.circuit, made.own(), engine="density", dtype=torch.float64, width=width).numpy()
        aer = noisy_peers.aer_density([noisy_peers.aer_circuit(made.circuit, one)])[0]
        assert np.abs(found - aer).max() < 1e-8, f"Aer, circuit of seed {seed}"
        mixed = noisy_peers.mixed_density(made.circuit, one)
        assert np.abs(found - mixed).max() < 1e-8, f"default.mixed, circuit of seed {seed}"


def test_random_noisy_circuits_are_those_of_the_peers() -> None:
    compare(range(60))


@pytest.mark.slow
@pytest.mark.parametrize("block", range(20))
def test_many_random_noisy_circuits_are_those_of_the_peers(block: int) -> None:
    compare(range(1000 + 100 * block, 1100 + 100 * block))


def deferred(circuit: Circuit) -> Any:
    """A circuit with measurement, reset and conditions as PennyLane's own, run with deferred measurements."""
    outcomes: dict[str, Any] = {}

    def body() -> Any:
        for op in circuit.operations:
            angles = [float(a) for a in op.angles]
            if op.bit is not None:
                outcomes[op.bit] = qml.measure(op.wires[0])
            elif op.gate.name == "reset":
                qml.measure(op.wires[0], reset=True)
            elif op.condition is not None:
                bits = [outcomes[bit] for bit in op.condition.bits]
                for value in op.condition.accepted:
                    digits = [value >> k & 1 for k in range(len(bits) - 1, -1, -1)]
                    holds = bits[0] == digits[0]
                    for bit, digit in zip(bits[1:], digits[1:], strict=True):
                        holds = holds & (bit == digit)
                    qml.cond(holds, PENNYLANE[op.gate.name])(*angles, wires=list(op.wires))
            else:
                PENNYLANE[op.gate.name](*angles, wires=list(op.wires))
        return qml.density_matrix(range(circuit.wires))

    device = qml.device("default.qubit", wires=circuit.wires + len(circuit.operations))
    return qml.QNode(body, device, mcm_method="deferred")()


def feedback_circuits() -> Iterator[Circuit]:
    yield Circuit(2).h(0).measure(0, "m").ry(0.3, 0).cx(0, 1)
    made = Circuit(3).ry(0.7, 0).cx(0, 1).rx(0.4, 1).measure(0, "a").measure(1, "b")
    with made.if_("a", 1):
        made.ry(0.9, 2)
    with made.if_(("a", "b"), "01"):
        made.x(2).rz(0.4, 0)
    yield made.h(2)
    made = Circuit(2).ry(1.1, 0).cx(0, 1).measure(0, "m").reset(0).h(0).cx(0, 1).measure(0, "n")
    with made.if_(("m", "n"), 2):
        made.rx(0.8, 1)
    yield made


def test_feedback_is_that_of_pennylane() -> None:
    for made in feedback_circuits():
        right = deferred(made)
        for engine in ("density", "state"):
            found = qdl.density(made, engine=engine, dtype=torch.float64).numpy()
            assert np.abs(found - right).max() < 1e-8, f"{engine}: {made.operations}"


def test_pooling_by_measurement_is_pooling_by_control() -> None:
    """PHYSICS.md A5, A16: measure one of two wires and turn the other, or turn it under control and forget the one."""
    theta = Param("theta", 3)
    given = {"theta": torch.tensor([0.4, -1.1, 0.7], dtype=torch.float64)}
    before = Circuit(2).ry(0.8, 0).rx(0.5, 1).cx(0, 1).ry(1.3, 0)
    measured = before.copy().measure(0, "m")
    with measured.if_("m", 1):
        measured.rz(theta[0], 1)
    with measured.if_("m", 0):
        measured.rx(theta[1], 1)
    controlled = before.copy().crz(theta[0], 0, 1).x(0).crx(theta[1], 0, 1).x(0)
    right = qdl.density(controlled, {"theta": given["theta"]}, wires=[1])
    for engine in ("state", "density"):
        assert (qdl.density(measured, given, wires=[1], engine=engine) - right).abs().max() < 1e-12
    forgotten = before.copy().rz(theta[0], 1)
    other = qdl.density(forgotten, given, wires=[1])
    assert (other - right).abs().max() > 1e-3, "the control must matter"


def test_conditions_on_evolutions_and_on_many_bits() -> None:
    root = 0.5**0.5
    seven = sum(2**k * root * (X(k) + Z(k)) for k in range(3))  # as many features as a rotor has
    made = Circuit(4).h(3).h(0).measure(3, "m")
    with made.if_("m", 1):
        made.evolve(seven, 0.37)
    some = Circuit(5).h(0).ry(0.4, 1).ry(1.0, 2).measure([0, 1, 2], ["a", "b", "c"])
    with some.if_(Condition(("a", "b", "c"), frozenset(range(1, 8)))):
        some.rx(0.9, 3).cx(3, 4)
    for circuit in (made, some):
        right = noisy_oracle.density(circuit, {})
        for engine in ("state", "density"):
            assert np.abs(qdl.density(circuit, engine=engine, dtype=torch.float64).numpy() - right).max() < 1e-12


def strength_param(name: str) -> tuple[Circuit, list[float]]:
    """The channel with all of its strengths trained, inside their range."""
    inside = cases_of(name)[0 if name in STRENGTHS else 2]
    p = Param("p", len(inside))
    return around(name, list(p)), inside


OBSERVABLES = [Z(0), X(0) @ Y(1), Z(1) @ Z(2)]


def values_at(made: Circuit, strengths: Tensor, **options: Any) -> Tensor:
    return qdl.expval(made, OBSERVABLES, {"p": strengths}, **options)


@pytest.mark.parametrize("name", NAMES)
def test_strengths_have_the_right_gradients(name: str) -> None:
    made, inside = strength_param(name)
    one = torch.tensor(inside, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: values_at(made, p, engine="density"), (one,))
    batched = (one.detach() * torch.tensor([[0.9], [1.0]])).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: values_at(made, p, engine="density"), (batched,))
    assert torch.autograd.gradgradcheck(lambda p: values_at(made, p, engine="density"), (one,))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["autograd", "shift", "finite"])
def test_all_gradient_methods_agree_on_noise(name: str, method: str) -> None:
    made, inside = strength_param(name)
    found = []
    for grad in ("adjoint", method):
        p = torch.tensor(inside, dtype=torch.float64, requires_grad=True)
        out = values_at(made, p, engine="density", grad=grad)
        found.append(torch.autograd.grad(out, p, cotangent(out, 3))[0])
    assert (found[0] - found[1]).abs().max() < (1e-6 if method == "finite" else 1e-10)


def check_trajectory_gradients(name: str, count: int, seed: int, start: bool) -> Tensor:
    """Scores of the mean gradient of `count` trajectories; at strength zero if `start`."""
    made, inside = strength_param(name)
    if start and name in ("thermal_relaxation",):
        inside = [*inside[:2], 0.0, inside[3]]
    elif start:
        inside = [0.0] * len(inside)
    if name == "thermal_relaxation" and start:
        free = [2]
    else:
        free = list(range(len(inside)))
    point = torch.tensor(inside, dtype=torch.float64)
    exact_at = point.clone().requires_grad_()
    exact = torch.autograd.grad(values_at(made, exact_at, engine="density")[0], exact_at)[0]
    groups, scores = 50, []
    rows = point.expand(groups, -1).clone().requires_grad_()
    out = values_at(made, rows, engine=f"trajectory:{count // groups}", seed=seed)[:, 0]
    found = torch.autograd.grad(out.sum(), rows)[0]
    mean, error = found.mean(0), found.std(0) / groups**0.5
    for k in free:
        if error[k] < 1e-9:
            assert abs(mean[k] - exact[k]) < 1e-6, f"{name}: {mean[k]:.6f} against {exact[k]:.6f}"
        else:
            scores.append((mean[k] - exact[k]) / error[k])
    return torch.stack(scores) if scores else torch.zeros(1)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("start", [False, True], ids=["inside", "at zero"])
def test_gradients_of_trajectories_are_unbiased(name: str, start: bool) -> None:
    """The mean over 10^5 trajectories within three standard errors, also where a branch has probability zero."""
    scores = check_trajectory_gradients(name, 100_000, 1, start)
    assert scores.abs().max() < 3, f"{name}: {scores.tolist()}"


@pytest.mark.parametrize("seed", range(5))
def test_normalised_branches_would_be_noticed(seed: int) -> None:
    """Amplitude damping of |1>: the gradient through normalised branches is off by far more than the spread."""
    scores = check_trajectory_gradients("amplitude_damping", 20_000, seed + 10, False)
    assert scores.abs().max() < 4


def test_kraus_channels_of_any_set() -> None:
    numbers = np.random.default_rng(3)
    for wires, parts in ((1, 3), (2, 2), (2, 5)):
        size = 2**wires
        tall = unitary(numbers, parts * size)[:, :size]
        made = Circuit(3).h(0).cx(0, 2).kraus(tall.reshape(parts, size, size), *(2, 0)[:wires])
        right = noisy_oracle.density(made, {})
        assert np.abs(qdl.density(made, engine="density", dtype=torch.float64).numpy() - right).max() < 1e-14
        found = qdl.density(made, engine="trajectory:20000", seed=1).numpy()
        assert np.abs(found - right).max() < 0.03


def test_each_channel_preserves_the_trace() -> None:
    """PHYSICS.md A5: sum K^+ K = 1, for drawn strengths."""
    for name in CHANNEL_NAMES:
        for strengths in cases_of(name) if name != "kraus" else []:
            operators = channel(name).operators(*strengths)
            assert np.abs(sum(k.conj().T @ k for k in operators) - np.eye(2)).max() < 1e-12, name
