"""Random quantum functions of PennyLane's, made of all that a user's may be made of, and a circuit of ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pennylane as qml

from qdl.ir import Circuit, Param, sin

SIZES = {"x": 4, "theta": 3}
PLAIN = {1: "PauliX PauliY PauliZ Hadamard S T SX Identity", 2: "CNOT CY CZ CH SWAP ISWAP ECR SISWAP"}
PLAIN[3] = "Toffoli CSWAP CCZ"
TURNS = {1: "RX RY RZ PhaseShift U1", 2: "CRX CRY CRZ ControlledPhaseShift IsingXX IsingYY IsingZZ IsingXY PSWAP"}
TURNS[2] += " SingleExcitation SingleExcitationPlus SingleExcitationMinus CPhaseShift00 CPhaseShift01 CPhaseShift10"
TURNS[2] += " FermionicSWAP"
Step = Callable[[Any, Any], Any]


def angle(draw: Random) -> Step:
    """A function of both arguments that is an angle: mostly with parameters, in NumPy's and PennyLane's functions."""
    i, j, c = draw.randrange(4), draw.randrange(3), draw.uniform(-2, 2)
    makers: list[Step] = [
        lambda x, theta: c,
        lambda x, theta: x[i],
        lambda x, theta: theta[j],
        lambda x, theta: np.pi * x[i] - c,
        lambda x, theta: c * x[i] * theta[j],
        lambda x, theta: (x[i] + 2 * theta[j]) / 3,
        lambda x, theta: x[i] ** 2 - theta[j],
        lambda x, theta: qml.math.sin(x[i]) + qml.math.cos(theta)[j],
        lambda x, theta: np.arctan(theta * c)[j],
        lambda x, theta: np.exp(np.sin(x)).sum() / 4 - theta[-1],
        lambda x, theta: np.sqrt(2 + np.sin(x[i])) * np.array([c, theta[j]])[1],
        lambda x, theta: 1 / (2 + qml.math.cos(x[i])),
    ]
    return draw.choice(makers)


def gate(draw: Random, wires: Sequence[int]) -> Step:
    """A gate with or without an angle on some of the wires."""
    count = draw.randint(1, min(3, len(wires)))
    where = draw.sample(list(wires), count)
    kind = draw.randint(0, 5)
    if kind <= 1 or count > 2:
        name = draw.choice(PLAIN[count].split())
        return lambda x, theta: getattr(qml, name)(wires=where)
    if kind == 2 and count == 1:
        a, b, c = angle(draw), angle(draw), angle(draw)
        three = draw.choice([qml.Rot, qml.U3])
        return lambda x, theta: three(a(x, theta), b(x, theta), c(x, theta), wires=where)
    if kind == 3:
        word, a = "".join(draw.choice("XYZ") for _ in where), angle(draw)
        return lambda x, theta: qml.PauliRot(a(x, theta), word, wires=where)
    name, a = draw.choice(TURNS[count].split()), angle(draw)
    return lambda x, theta: getattr(qml, name)(a(x, theta), wires=where)


def template(draw: Random, wires: Sequence[int]) -> Step:
    """A template or something else that is decomposed."""
    where = draw.sample(list(wires), len(wires))
    a, n = angle(draw), len(where)
    h = qml.dot([0.3, -0.7], [qml.X(where[0]) @ qml.Z(where[-1]) if n > 1 else qml.X(where[0]), qml.I(where[0])])
    mixed = qml.dot([0.4, 0.8], [qml.X(where[0]), qml.Z(where[0])])
    makers: list[Step] = [
        lambda x, theta: qml.AngleEmbedding(2 * x[:n], wires=where, rotation="Y"),
        lambda x, theta: qml.IQPEmbedding(x[:n], wires=where),
        lambda x, theta: qml.BasicEntanglerLayers(x[:n].reshape(1, n), wires=where),
        lambda x, theta: qml.StronglyEntanglingLayers(np.stack([theta] * n).reshape(1, n, 3), wires=where),
        lambda x, theta: qml.GlobalPhase(a(x, theta)),
        lambda x, theta: qml.MultiRZ(a(x, theta), wires=where),
        lambda x, theta: qml.evolve(h, a(x, theta)),
        lambda x, theta: qml.evolve(mixed, a(x, theta)),
        lambda x, theta: qml.exp(h, -0.5j * x[0]),
        lambda x, theta: qml.TrotterProduct(h, theta[0], order=2),
        lambda x, theta: qml.QFT(wires=where),
        lambda x, theta: qml.DiagonalQubitUnitary(np.exp(1j * np.arange(2**n)), wires=where),
        lambda x, theta: qml.QubitUnitary(qml.matrix(qml.QFT(wires=where)), wires=where),
        lambda x, theta: qml.FlipSign(1, wires=where[:1]),
        lambda x, theta: qml.MultiControlledX(wires=where, control_values=[0] * (n - 1)) if n > 1 else qml.X(where[0]),
        lambda x, theta: qml.PCPhase(a(x, theta), dim=1, wires=where),
        lambda x, theta: qml.prod(qml.RX(a(x, theta), where[0]), qml.S(where[-1])),
        lambda x, theta: qml.QAOAEmbedding(x[:1], np.array([[theta[1]]]), wires=where[:1]),
        lambda x, theta: qml.Barrier(wires=where),
        lambda x, theta: qml.Permute(where[::-1], wires=where) if n > 1 else qml.Identity(where[0]),
    ]
    return draw.choice(makers)


def step(draw: Random, wires: int) -> Step:
    """A gate or template, sometimes undone, under controls or to a power."""
    order = draw.sample(range(wires), wires)
    kind = draw.randint(0, 7)
    if kind == 0:
        inner = template(draw, order)
        return lambda x, theta: qml.adjoint(inner)(x, theta)
    if kind == 1 and wires > 1:
        count = draw.randint(1, wires - 1)
        inner, values = gate(draw, order[count:]), [draw.randint(0, 1) for _ in range(count)]
        return lambda x, theta: qml.ctrl(inner, order[:count], control_values=values)(x, theta)
    if kind == 2:
        where, power, a = order[0], draw.choice([-2, -1, 0, 2, 3]), angle(draw)
        return lambda x, theta: qml.pow(qml.RY(a(x, theta), wires=where), power)
    return template(draw, order) if kind <= 4 else gate(draw, order)


def quantum_function(seed: int) -> tuple[Step, int]:
    """A function of x, 4 numbers, and theta, 3 numbers, that touches all its wires; and how many it has."""
    draw = Random(seed)
    wires = draw.randint(1, 4)
    steps = [step(draw, wires) for _ in range(draw.randint(2, 4 * wires))]

    def function(x: Any, theta: Any) -> None:
        for w in range(wires):
            qml.RY(0.3 + w + 0.1 * x[w], wires=w)
        for one in steps:
            one(x, theta)

    return function, wires


def layer() -> tuple[Circuit, Param, Param]:
    """A circuit of three wires with the two Params that it uses."""
    x, theta = Param("x", 2), Param("theta", 3)
    circuit = Circuit(3).ry(x[0], 0).rx(2 * x[1] - 1, 2).rv(theta[0], x[0], 0.2, 1).crx(sin(theta[1]), 2, 0)
    return circuit.cx(0, 1).rzz(x[0] * theta[2], 1, 2).rx(theta[2], 1).h(2), x, theta
