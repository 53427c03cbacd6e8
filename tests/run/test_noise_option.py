"""The option ``noise=``: what a model inserts is simulated, what is read wrongly is wrong in every result."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

import qdl
from qdl import run
from qdl.errors import QdlError
from qdl.ir import Circuit, Hermitian, NoiseModel, Param, X, Y, Z
from tests import noisy_oracle, oracle
from tests.open_systems import Scores

ONE = [[0.97, 0.03], [0.08, 0.92]]
OTHER = [[0.9, 0.1], [0.15, 0.85]]
JOINT = np.array([[0.9, 0.04, 0.05, 0.01], [0.1, 0.8, 0.02, 0.08], [0.03, 0.07, 0.85, 0.05], [0.02, 0.03, 0.15, 0.8]])
x = Param("x", 3)
VALUES = {"x": torch.tensor([[0.7, 1.9, 0.4], [2.5, -0.6, 1.0]], dtype=torch.float64)}


def circuit() -> Circuit:
    return Circuit(3).ry(x[0], 0).rx(x[1], 1).cx(0, 1).ry(x[2], 2).cz(1, 2).rx(0.4, 2)


def local() -> NoiseModel:
    return NoiseModel().readout(ONE).readout(OTHER, wires=2)


def joint() -> NoiseModel:
    return NoiseModel().readout(ONE, wires=1).readout(JOINT, wires=(2, 0))


def gates() -> NoiseModel:
    return local().add("depolarizing", 0.03, gates=("rx", "ry")).add("amplitude_damping", 0.05, gates="cx", on="each")


def confused(p: Any, rules: dict[tuple[int, ...], Any], wires: int) -> Any:
    """Probabilities of all wires as they are read: a Kronecker product for each rule, index by index."""
    for where, matrix in rules.items():
        big = oracle.embed(np.asarray(matrix), where, wires)
        p = p @ big
    return p


RULES = {"local": {(0,): ONE, (1,): ONE, (2,): OTHER}, "joint": {(1,): ONE, (2, 0): JOINT}}
MODELS = {"local": local, "joint": joint}


def truths(made: Circuit) -> list[Any]:
    _, each = oracle.samples(VALUES)
    return [noisy_oracle.probs(made, one, range(made.wires)) for one in each]


def marginal(p: Any, wires: Sequence[int], total: int) -> Any:
    tensor = p.reshape((2,) * total).transpose([*wires, *(w for w in range(total) if w not in wires)])
    return tensor.reshape(2 ** len(wires), -1).sum(1)


@pytest.mark.parametrize("engine", ["state", "density"])
@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("wires", [(0, 1, 2), (2, 1), (0,), (1,)])
def test_probabilities_are_read_wrongly(engine: str, kind: str, wires: tuple[int, ...]) -> None:
    found = qdl.probs(circuit(), VALUES, wires, engine=engine, noise=MODELS[kind]())
    right = [marginal(confused(p, RULES[kind], 3), wires, 3) for p in truths(circuit())]
    assert np.abs(found.numpy() - right).max() < 1e-12


OBSERVABLES = [Z(0), X(0), 0.5 * Y(1) @ Z(2) - X(2), Z(0) @ Z(1) @ Z(2), Z(0) @ X(2), X(1) + 2]


def turned(made: Circuit, observable: Any) -> tuple[Circuit, Any]:
    """The circuit that turns a word's letters to Z, and the word's signs by index."""
    (word,) = observable.terms
    made = made.copy()
    signs = np.ones(2**made.wires)
    for atom in word:
        (wire,) = atom.wires
        if atom.letter in "XY":
            made.sdg(wire) if atom.letter == "Y" else None
            made.h(wire)
        signs = signs * np.array([1 - 2 * (i >> (made.wires - 1 - wire) & 1) for i in range(2**made.wires)])
    return made, signs


def words_read(made: Circuit, observable: Any, rules: dict[tuple[int, ...], Any]) -> Any:
    """What reading each word of an observable gives, one word at a time."""
    total = 0.0
    for word, coefficient in observable.terms.items():
        if not word:
            total = total + coefficient
            continue
        ready, signs = turned(made, qdl.Observable({word: 1.0}))
        total = total + coefficient * np.array([confused(p, rules, made.wires) @ signs for p in truths(ready)])
    return total


@pytest.mark.parametrize("engine", ["state", "density"])
@pytest.mark.parametrize("kind", MODELS)
def test_expectation_values_are_read_wrongly(engine: str, kind: str) -> None:
    found = qdl.expval(circuit(), OBSERVABLES, VALUES, engine=engine, noise=MODELS[kind]())
    for k, observable in enumerate(OBSERVABLES):
        right = words_read(circuit(), observable, RULES[kind])
        assert np.abs(found[:, k].numpy() - right).max() < 1e-12, observable


def test_matrices_are_read_in_their_eigenbasis() -> None:
    matrix = np.array([[1.0, 0.3 - 0.2j], [0.3 + 0.2j, -0.4]])
    values, vectors = (part[..., ::-1] for part in np.linalg.eigh(matrix))  # the vector closest to |0> is read as 0
    p = np.abs(vectors.conj().T @ np.array([1, 0])) ** 2
    found = qdl.expval(Circuit(1), Hermitian(matrix, 0), noise=NoiseModel().readout(ONE), dtype=torch.float64)
    assert abs(found.item() - p @ np.array(ONE) @ values) < 1e-12


def test_a_diagonal_matrix_is_read_as_its_words_are() -> None:
    noise = NoiseModel().readout([[0.9, 0.1], [0.3, 0.7]])
    made = Circuit(1).ry(0.7, 0)
    for options in ({}, {"shots": 40000, "seed": 1}):
        word, matrix = (qdl.expval(made, o, noise=noise, **options) for o in (Z(0), Hermitian(np.diag([1, -1]), 0)))
        assert abs(word - matrix) < (0.02 if options else 1e-6)
    assert abs(qdl.var(made, Hermitian(np.diag([-3, 1]), 0), noise=noise) - 4 * qdl.var(made, Z(0), noise=noise)) < 1e-5


def test_joint_errors_mean_the_same_with_shots() -> None:
    noise = NoiseModel().readout(JOINT, wires=(0, 1))
    asked = [Z(0), X(1)]
    exact = qdl.expval(circuit(), asked, VALUES, noise=noise)
    value, error = qdl.estimate(circuit(), asked, VALUES, noise=noise, shots=40000, seed=3)
    assert ((value - exact).abs() < 4 * error).all()


def test_readout_errors_are_checked_among_the_values() -> None:
    q = Param("q")
    noise = NoiseModel().readout([[1 - q, q], [0.1, 0.9]])
    with pytest.raises(QdlError, match="readout"):
        qdl.probs(Circuit(1), {"q": [1.8]}, noise=noise)
    with pytest.raises(QdlError, match="sum"):
        qdl.probs(Circuit(1), {"q": [0.1]}, noise=NoiseModel().readout([[q, q], [0.1, 0.9]]))


def test_gate_errors_and_readout_together() -> None:
    noise = gates()
    noisy = noise.apply(circuit())
    for engine, bound in (("density", 1e-12), ("aer", 1e-8)):
        found = qdl.probs(circuit(), VALUES, engine=engine, noise=noise)
        right = [confused(p, RULES["local"], 3) for p in truths(noisy)]
        assert np.abs(found.numpy() - right).max() < bound
    scores = Scores()
    for seed in range(10):
        value, error = qdl.estimate(
            circuit(), [Z(0), Z(1) @ Z(2), X(2)], VALUES, engine="trajectory:500", noise=noise, seed=seed
        )
        right = qdl.expval(circuit(), [Z(0), Z(1) @ Z(2), X(2)], VALUES, engine="density", noise=noise)
        scores.add((value - right).numpy(), error.numpy())
    scores.judge(60)


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("engine", ["state", "density", "trajectory"])
def test_shots_are_read_wrongly(kind: str, engine: str) -> None:
    scores = Scores()
    noise = MODELS[kind]()
    right = np.array([confused(p, RULES[kind], 3) for p in truths(circuit())])
    for seed in range(5):
        shots = 2000
        bits = qdl.sample(circuit(), VALUES, shots=shots, engine=engine, noise=noise, seed=seed).long()
        index = (bits * torch.tensor([4, 2, 1])).sum(-1)
        found = np.stack([np.bincount(row, minlength=8) / shots for row in index.numpy()])
        scores.add(found - right, np.sqrt(right * (1 - right) / shots))
        value, error = qdl.estimate(
            circuit(), OBSERVABLES[:3], VALUES, shots=400, engine=engine, noise=noise, seed=seed
        )
        exact = qdl.expval(circuit(), OBSERVABLES[:3], VALUES, noise=noise)
        scores.add((value - exact).numpy(), error.numpy())
    scores.judge(90)


def test_readout_error_has_the_right_gradient() -> None:
    e = Param("e", 2)
    noise = NoiseModel().readout([[1 - e[0], e[0]], [e[1], 1 - e[1]]])
    noise.readout([[1 - e[1], e[1]], [2 * e[0], 1 - 2 * e[0]]], wires=1)
    given = torch.tensor([0.1, 0.2], dtype=torch.float64, requires_grad=True)
    angles = VALUES["x"].clone().requires_grad_()
    for engine in ("state", "density"):
        for ask in (
            lambda v, e, engine=engine: qdl.expval(
                circuit(), OBSERVABLES, {"x": v, "e": e}, engine=engine, noise=noise
            ),
            lambda v, e, engine=engine: qdl.probs(circuit(), {"x": v, "e": e}, [2, 1], engine=engine, noise=noise),
        ):
            assert torch.autograd.gradcheck(ask, (angles, given))


def test_bits_measured_in_the_middle_are_read_wrongly() -> None:
    """The wrong outcome is what a condition sees."""
    made = Circuit(2).x(0).measure(0, "m")
    with made.if_("m", 1):
        made.x(1)
    noise = NoiseModel().readout(ONE, wires=0)
    found = qdl.probs(made, wires=["m", 1], engine="density", noise=noise, dtype=torch.float64)
    assert np.abs(found.numpy() - [0.08, 0, 0, 0.92]).max() < 1e-12
    shots = qdl.counts(made, shots=4000, wires=["m", 1], engine="trajectory", noise=noise, seed=0)
    assert set(shots) == {"00", "11"}
    assert abs(shots["00"] - 320) < 4 * 17.2
    with pytest.raises(QdlError, match="density"):
        qdl.probs(made, wires=["m"], noise=noise)
    with pytest.raises(QdlError, match="joint"):
        qdl.probs(made, wires=["m"], engine="density", noise=NoiseModel().readout(JOINT, wires=(0, 1)))


def test_requests_with_noise_are_planned_once_and_follow_the_model() -> None:
    noise = NoiseModel().add("bit_flip", 0.1, gates="x")
    made = Circuit(1).x(0)
    first = qdl.expval(made, Z(0), engine="density", noise=noise, dtype=torch.float64)
    before = len(run._CACHE)
    assert qdl.expval(made, Z(0), engine="density", noise=noise, dtype=torch.float64) == first
    assert len(run._CACHE) == before
    noise.add("bit_flip", 0.1, gates="x")
    assert abs(qdl.expval(made, Z(0), engine="density", noise=noise, dtype=torch.float64) + 0.64) < 1e-12
    assert abs(first + 0.8) < 1e-12


def test_a_model_is_refused_where_it_cannot_be_carried() -> None:
    with pytest.raises(QdlError, match="density"):
        qdl.expval(circuit(), Z(0), VALUES, noise=gates())
    with pytest.raises(QdlError, match="NoiseModel"):
        qdl.expval(circuit(), Z(0), VALUES, noise=0.01)  # type: ignore[arg-type]


@pytest.mark.parametrize("readout", ["linear", "excitation"])
def test_the_closed_detector_reads_as_its_circuit_does(readout: str) -> None:
    torch.manual_seed(1)
    noise = NoiseModel().readout(OTHER, wires=4).readout(ONE)
    layers = [
        qdl.nn.QuantumConv2d(1, 2, 2, coupling=0.7, readout=readout, engine=engine, noise=noise, dtype=torch.float64)
        for engine in ("closed", "state", "density")
    ]
    for layer in layers[1:]:
        layer.load_state_dict(layers[0].state_dict())
    image = torch.rand(2, 1, 3, 3, dtype=torch.float64)
    found = [layer(image) for layer in layers]
    for other in found[1:]:
        assert (found[0] - other).abs().max() < 1e-10
    quiet = qdl.nn.configure(copy.deepcopy(layers[0]), noise=None)(image)
    assert (quiet - found[0]).abs().max() > 0.01
    shots = 400
    scores = Scores()
    per_unit = 0.5 if readout == "excitation" else 1 / 0.7
    sine = (2 * found[0] - 1) if readout == "excitation" else (found[0] - layers[0].bias.reshape(-1, 1, 1)) * 0.7
    error = per_unit * torch.sqrt((1 - sine**2) / shots)
    for seed in range(8):
        noisy = qdl.nn.configure(copy.deepcopy(layers[0]), shots=shots, seed=seed)(image)
        scores.add((noisy - found[0]).detach().numpy(), error.detach().numpy())
    scores.judge(100)
    with pytest.raises(QdlError, match="closed form"):
        qdl.nn.configure(layers[0], noise=gates())


def test_a_trained_strength_stays_while_the_noise_is_away() -> None:
    theta, q = Param("theta", 1), Param("q")
    noise = NoiseModel().add("bit_flip", q * q, gates="ry")
    options = {"engine": "density", "noise": noise}
    layer = qdl.nn.QuantumLayer(Circuit(1).ry(theta[0], 0), Z(0), weights=("theta", "q"), init=0.3, **options)
    noisy = layer()
    quiet = qdl.nn.configure(layer, noise=None)()
    assert quiet > noisy
    assert torch.equal(qdl.nn.configure(layer, noise=noise)(), noisy)
    plain = qdl.nn.QuantumLayer(Circuit(1).ry(theta[0], 0), Z(0), engine="density")
    with pytest.raises(QdlError, match="bind"):
        qdl.nn.configure(plain, noise=noise)
    plain()


def test_layers_carry_noise() -> None:
    theta = Param("theta", 2)
    made = Circuit(2).ry(x[0], 0).ry(x[1], 1).rz(x[2], 1).cx(0, 1).ry(theta[0], 0).ry(theta[1], 1)
    layer = qdl.nn.QuantumLayer(made, [Z(0), Z(1)], engine="density", noise=gates())
    inputs = torch.rand(5, 3)
    again = pickle.loads(pickle.dumps(copy.deepcopy(layer)))
    assert torch.equal(layer(inputs), again(inputs))
    clean = qdl.nn.configure(qdl.nn.QuantumLayer(made, [Z(0), Z(1)]), engine="density", noise=gates())
    clean.load_state_dict(layer.state_dict())
    assert torch.allclose(clean(inputs), layer(inputs))
    layer(inputs).sum().backward()
    assert layer.weights["theta"].grad.abs().min() > 0
    quiet = qdl.nn.configure(layer, engine="state", noise=None)(inputs)
    assert (quiet - clean(inputs)).abs().max() > 0.01
