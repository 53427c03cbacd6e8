"""Random PennyLane circuits on labelled wires, asymmetric ones, and everything that can be measured of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pennylane as qml

LABELS = list("cadb")
GATES = {
    1: "PauliX Hadamard S T SX RX RY RZ PhaseShift U1 U2 U3 Rot",
    2: "CNOT CZ CY CH SWAP ISWAP SISWAP ECR CRX CRY CRZ CRot ControlledPhaseShift IsingXX IsingYY IsingZZ IsingXY "
    "PSWAP SingleExcitation SingleExcitationPlus CPhaseShift00 CPhaseShift01 FermionicSWAP",
    3: "Toffoli CSWAP CCZ",
    4: "DoubleExcitation OrbitalRotation DoubleExcitationMinus",
}
CHANNELS = {"DepolarizingChannel": 1, "AmplitudeDamping": 1, "PhaseDamping": 1, "BitFlip": 1, "ResetError": 2}
Step = Callable[[Callable[[], Any]], Any]


def unitary(rng: np.random.Generator, wires: int) -> np.ndarray:
    size = 2**wires
    return np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]


def hermitian(rng: np.random.Generator, wires: int) -> np.ndarray:
    matrix = rng.normal(size=(2**wires, 2**wires)) + 1j * rng.normal(size=(2**wires, 2**wires))
    return matrix + matrix.conj().T


def _gate(rng: np.random.Generator, wires: list[str]) -> Step:
    count = int(rng.choice([1, 2, 3, 4], p=[0.4, 0.45, 0.08, 0.07]))
    cls = getattr(qml, str(rng.choice(GATES[count].split())))
    on, free, how = wires[:count], wires[count:], rng.random()
    power, value = int(rng.integers(1, 4)), int(rng.integers(2))

    def step(angle: Callable[[], Any]) -> Any:
        op = [angle() for _ in range(cls.num_params)]
        if how < 0.12:
            return qml.adjoint(cls)(*op, wires=on)
        if how < 0.24 and free:
            return qml.ctrl(cls, free[0], control_values=[value])(*op, wires=on)
        return qml.pow(cls(*op, wires=on), power) if how < 0.3 else cls(*op, wires=on)

    return step


def _larger(rng: np.random.Generator, w: list[str]) -> Step:
    count = int(rng.integers(1, 4))
    matrix, diagonal = unitary(rng, count), np.exp(1j * rng.normal(size=2**count))
    word, angles, layers = "".join(rng.choice(list("IXYZ"), count)), rng.normal(size=15), rng.normal(size=(2, 3, 3))
    two = qml.dot([0.3, 0.7], [qml.X(w[0]), qml.Z(w[0]) @ qml.Y(w[1])])
    steps: list[Step] = [
        lambda a: qml.QubitUnitary(matrix, wires=w[:count]),
        lambda a: qml.DiagonalQubitUnitary(diagonal, wires=w[:count]),
        lambda a: qml.PauliRot(a(), word, wires=w[:count]),
        lambda a: qml.MultiRZ(a(), wires=w[:count]),
        lambda a: qml.GlobalPhase(a()),
        lambda a: qml.PCPhase(a(), dim=3, wires=w[:2]),
        lambda a: qml.MultiControlledX(wires=w, control_values=[0, 1, 1]),
        lambda a: qml.QFT(wires=w[:3]),
        lambda a: qml.adjoint(qml.QFT)(wires=w[:3]),
        lambda a: qml.StronglyEntanglingLayers(layers, wires=w[:3]),
        lambda a: qml.IQPEmbedding(angles[:3], wires=w[:3]),
        lambda a: qml.SpecialUnitary(angles, wires=w[:2]),
        lambda a: qml.evolve(qml.X(w[0]) @ qml.Y(w[1]) + 0.3 * qml.Z(w[0]), 0.4),
        lambda a: qml.TrotterProduct(two, 0.5, n=2, order=2),
        lambda a: qml.pow(qml.SX(w[0]), 0.37),
        lambda a: qml.Select([qml.X(w[2]), qml.RX(a(), w[3])], control=w[:1]),
    ]
    return steps[int(rng.integers(len(steps)))]


def _channel(rng: np.random.Generator, wires: list[str]) -> Step:
    name = str(rng.choice(list(CHANNELS)))
    strengths = rng.uniform(0.05, 0.3, CHANNELS[name])
    return lambda a: getattr(qml, name)(*strengths, wires=wires[0])


def circuit(rng: np.random.Generator, noisy: bool = False) -> Callable[[Sequence[Any]], None]:
    """A function of parameters, which it takes in turn, that queues a random circuit."""
    wires = [str(label) for label in rng.permutation(LABELS)]
    amplitudes = rng.normal(size=4) + 1j * rng.normal(size=4) * rng.integers(2)
    starts: list[Step] = [
        lambda a: qml.StatePrep(amplitudes / np.linalg.norm(amplitudes), wires=wires[:2]),
        lambda a: qml.BasisState(np.array([1, 0, 1]), wires=wires[:3]),
        lambda a: [qml.RY(a(), wire) for wire in wires],
    ]
    steps = [starts[int(rng.integers(3))]]
    for _ in range(int(rng.integers(4, 12))):
        wires = [str(label) for label in rng.permutation(LABELS)]
        steps.append(_larger(rng, wires) if rng.random() < 0.35 else _gate(rng, wires))
        if noisy and rng.random() < 0.4:
            steps.append(_channel(rng, wires))

    def build(parameters: Sequence[Any]) -> None:
        taken = iter([*range(len(parameters))] * 100)
        for step in steps:
            step(lambda: parameters[next(taken)])

    return build


def measurements(rng: np.random.Generator) -> list[Callable[[], Any]]:
    """Everything that can be read exactly, in random order."""
    w = [str(label) for label in rng.permutation(LABELS)]
    two, one, c = hermitian(rng, 2), hermitian(rng, 1), rng.normal(size=3)
    terms = [qml.X(w[0]), qml.Z(w[0]) @ qml.Z(w[1]), qml.Y(w[2])]
    found: list[Callable[[], Any]] = [
        lambda: qml.expval(qml.X(w[0]) @ qml.Y(w[1]) @ qml.Hadamard(w[2])),
        lambda: qml.expval(qml.Hermitian(two, w[:2])),
        lambda: qml.expval(qml.Hamiltonian(list(c), terms)),
        lambda: qml.expval(qml.Projector([1, 0], w[:2])),
        lambda: qml.expval(qml.Projector(np.array([0.6, 0.8j]), w[:1])),
        lambda: qml.expval(qml.s_prod(0.3, qml.Hermitian(one, w[0])) @ qml.Z(w[1]) + qml.X(w[0])),
        lambda: qml.expval(qml.prod(qml.X(w[0]), qml.Z(w[0]), qml.X(w[0]))),
        lambda: qml.var(qml.X(w[0]) @ qml.Z(w[2])),
        lambda: qml.var(qml.Hermitian(two, w[:2])),
        lambda: qml.var(qml.X(w[0]) + 0.5 * qml.Z(w[0])),
        lambda: qml.probs(wires=w[:2]),
        lambda: qml.probs(op=qml.Y(w[0]) @ qml.X(w[1])),
        lambda: qml.probs(op=qml.Hermitian(two, w[:2])),
        lambda: qml.density_matrix(w[:2]),
        lambda: qml.vn_entropy(w[:2]),
        lambda: qml.mutual_info(w[:1], w[1:2]),
        lambda: qml.purity(w[:2]),
        lambda: qml.state(),
    ]
    return [found[int(k)] for k in rng.permutation(len(found))]
