"""The reference: circuits by Kronecker products and matrix-vector products, one sample after the other.

It reads a circuit's structure (names, angles, wires) and nothing else of qdl: matrices are written down here from their
definitions, expressions are evaluated by a walk of its own. Slow, and plain enough to be checked by eye.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

I, X, Y, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])
LETTERS = {"I": I, "X": X, "Y": Y, "Z": Z}


def kron(*factors: Array) -> Array:
    return reduce(np.kron, factors, np.eye(1))


def word(letters: str) -> Array:
    return kron(*(LETTERS[letter] for letter in letters))


def expm(hermitian: Array, time: float) -> Array:
    """exp(-i time H), by eigenvectors."""
    energies, vectors = np.linalg.eigh(hermitian)
    return (vectors * np.exp(-1j * time * energies)) @ vectors.conj().T


def control(matrix: Array, values: str) -> Array:
    """The matrix acts where the wires in front of it hold `values`, elsewhere nothing happens."""
    where = kron(*(np.diag([1 - int(v), int(v)]) for v in values))
    return np.kron(where, matrix) + np.kron(np.eye(len(where)) - where, np.eye(len(matrix)))


def u3(theta: float, phi: float, lam: float) -> Array:
    c, s = math.cos(theta / 2), math.sin(theta / 2)
    return np.array([[c, -np.exp(1j * lam) * s], [np.exp(1j * phi) * s, np.exp(1j * (phi + lam)) * c]])


def p(angle: float) -> Array:
    return np.diag([1, np.exp(1j * angle)])


def moves(size: int, entries: Mapping[tuple[int, int], complex]) -> Array:
    """The identity with the given entries in place of the rows that they name."""
    out = np.eye(size, dtype=complex)
    for row, _ in entries:
        out[row] = 0
    for place, value in entries.items():
        out[place] = value
    return out


def exchange(theta: float, beta: float, low: int, high: int) -> Array:
    """|low> and |high> of two wires mix with amplitude -i sin(theta/2) e^{+-i beta}."""
    c, s = math.cos(theta / 2), -1j * math.sin(theta / 2)
    hop = s * np.exp(1j * beta)
    return moves(4, {(low, low): c, (low, high): -np.conj(hop), (high, low): hop, (high, high): c})


H, S, T = (X + Z) / math.sqrt(2), np.diag([1, 1j]), p(math.pi / 4)
SX = (1 + 1j) / 2 * (I - 1j * X)
SWAP = moves(4, {(1, 2): 1, (2, 1): 1})
CX = control(X, "1")


def pauli(letters: str) -> Any:
    return lambda t: expm(word(letters) / 2, t)


GATES: dict[str, Any] = {
    "id": I,
    "x": X,
    "y": Y,
    "z": Z,
    "h": H,
    "s": S,
    "sdg": S.conj(),
    "t": T,
    "tdg": T.conj(),
    "sx": SX,
    "sxdg": SX.conj().T,
    "swap": SWAP,
    "iswap": moves(4, {(1, 2): 1j, (2, 1): 1j}),
    "dcx": SWAP @ CX @ SWAP @ CX,
    "ecr": (word("XI") - word("YX")) / math.sqrt(2),
    "rccx": moves(8, {(5, 5): -1, (6, 7): -1j, (7, 6): 1j}),
    "rcccx": moves(16, {(12, 12): 1j, (13, 13): -1j, (14, 15): 1, (15, 14): -1}),
    "p": p,
    "u1": p,
    "gphase": lambda t: np.array([[np.exp(1j * t)]]),
    "u": u3,
    "u3": u3,
    "u2": lambda phi, lam: u3(math.pi / 2, phi, lam),
    "r": lambda t, phi: expm((math.cos(phi) * X + math.sin(phi) * Y) / 2, t),
    "rv": lambda x, y, z: expm((x * X + y * Y + z * Z) / 2, 1),
    "cu": lambda t, phi, lam, gamma: control(np.exp(1j * gamma) * u3(t, phi, lam), "1"),
    "xx_plus_yy": lambda t, beta: exchange(t, beta, 2, 1),
    "xx_minus_yy": lambda t, beta: exchange(t, beta, 0, 3),
}
GATES |= {f"r{letters.lower()}": pauli(letters) for letters in ("X", "Y", "Z", "XX", "YY", "ZZ", "ZX")}
CONTROLLED = {f"c{base}": (base, 1) for base in ("x", "y", "z", "h", "s", "sdg", "sx", "swap", "p", "u1", "u3")}
CONTROLLED |= {f"c{base}": (base, 1) for base in ("rx", "ry", "rz")}
CONTROLLED |= {"ccx": ("x", 2), "ccz": ("z", 2), "c3x": ("x", 3), "c4x": ("x", 4), "c3sx": ("sx", 3)}

NAMES = ("sin", "cos", "tan", "exp", "log", "sqrt", "arcsin", "arccos", "arctan")
FUNCTIONS: dict[str, Any] = {name: getattr(np, name) for name in NAMES}
FUNCTIONS |= {"add": np.add, "mul": np.multiply, "div": np.divide, "pow": np.power}


def number(angle: Any, values: Mapping[str, Sequence[float]]) -> float:
    """The value of an angle, a number or an expression, for one sample."""
    if isinstance(angle, (int, float)):
        return float(angle)
    if angle.op == "entry":
        return float(values[angle.args[0].name][angle.args[1]])
    return float(FUNCTIONS[angle.op](*(number(argument, values) for argument in angle.args)))


def matrix(gate: Any, angles: Sequence[float]) -> Array:
    """The matrix of any gate, the first wire being the most significant."""
    if gate.name in GATES:
        found = GATES[gate.name]
        return found(*angles) if callable(found) else np.asarray(found)
    if gate.name in CONTROLLED:
        base, count = CONTROLLED[gate.name]
        return control(GATES[base](*angles) if callable(GATES[base]) else GATES[base], "1" * count)
    if gate.base is not None:
        return control(matrix(gate.base, angles), gate.controls)
    if gate.name == "unitary":
        return np.asarray(gate.constant)
    if gate.name.startswith("r_"):
        return expm(word(gate.name[2:].upper()) / 2, angles[0])
    if gate.name == "evolution":
        return expm(gate.generator, angles[0])
    raise KeyError(f"the oracle knows no gate {gate.name!r}")


def embed(small: Array, wires: Sequence[int], n: int) -> Array:
    """The matrix on `wires` of n: a Kronecker product with the identity, and the index bits put in their places."""
    order = [*wires, *(w for w in range(n) if w not in wires)]
    index = np.arange(2**n)
    place = sum((index >> (n - 1 - w) & 1) << (n - 1 - k) for k, w in enumerate(order))
    return np.kron(small, np.eye(2 ** (n - len(wires))))[np.ix_(place, place)]


def state(circuit: Any, values: Mapping[str, Sequence[float]]) -> Array:
    """The final state of one sample, (2**n,)."""
    psi = np.eye(1, 2**circuit.wires, dtype=complex)[0]
    for op in circuit.operations:
        angles = [number(angle, values) for angle in op.angles]
        if op.gate.name == "prepare":  # the wires are still in |0...0>, so the column of any matrix there will do
            small = np.zeros((len(angles),) * 2)
            small[:, 0] = np.array(angles) / np.linalg.norm(angles)
        else:
            small = matrix(op.gate, angles)
        psi = embed(small, op.wires, circuit.wires) @ psi
    return psi


def operator(observable: Any, n: int, values: Mapping[str, Sequence[float]] | None = None) -> Array:
    """The matrix of an observable on n wires."""
    out = np.zeros((2**n, 2**n), dtype=complex)
    for factors, coefficient in observable.terms.items():
        term = np.eye(2**n)
        for atom in factors:
            size = 2 ** len(atom.wires)
            small = LETTERS[atom.letter] if atom.letter in LETTERS else np.frombuffer(atom.data, complex)
            term = term @ embed(small.reshape(size, size), atom.wires, n)
        out += (coefficient if isinstance(coefficient, (int, float, complex)) else number(coefficient, values)) * term
    return out


def samples(values: Mapping[str, Any]) -> tuple[tuple[int, ...], list[dict[str, Array]]]:
    """The batch shape, and every sample's own values, in C order."""
    arrays = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in values.items()}
    batch = np.broadcast_shapes(*(a.shape[:-1] for a in arrays.values())) if arrays else ()
    full = {name: np.broadcast_to(a, (*batch, a.shape[-1])).reshape(-1, a.shape[-1]) for name, a in arrays.items()}
    return batch, [{name: rows[i] for name, rows in full.items()} for i in range(math.prod(batch))]


def states(circuit: Any, values: Mapping[str, Any]) -> Array:
    """All final states, (*batch, 2**n)."""
    batch, each = samples(values)
    return np.array([state(circuit, one) for one in each], dtype=complex).reshape(*batch, 2**circuit.wires)


def probs(psi: Array, wires: Sequence[int]) -> Array:
    """Probabilities of `wires`, the first most significant: (*batch, 2**len(wires)) from (*batch, 2**n)."""
    *batch, size = psi.shape
    n = size.bit_length() - 1
    tensor = (np.abs(psi) ** 2).reshape(*batch, *(2,) * n)
    letters = "abcdefghijklm"[:n]
    out = np.einsum(f"...{letters}->...{''.join(letters[w] for w in wires)}", tensor)
    return out.reshape(*batch, 2 ** len(wires))


def moments(circuit: Any, observables: Sequence[Any], values: Mapping[str, Any]) -> tuple[Array, Array, Array]:
    """<O>, <O^2> and a bound on |O| of every observable and sample, each (*batch, observables)."""
    n = circuit.wires
    batch, each = samples(values)
    out = np.zeros((3, len(each), len(observables)))
    for i, one in enumerate(each):
        psi = state(circuit, one)
        for k, observable in enumerate(observables):
            matrix = operator(observable, n, one)
            turned = matrix @ psi
            out[:, i, k] = np.vdot(psi, turned).real, np.vdot(turned, turned).real, np.abs(matrix).sum(1).max()
    mean, square, bound = out.reshape(3, *batch, len(observables))
    return mean, square, bound


def expval(circuit: Any, observables: Sequence[Any], values: Mapping[str, Any]) -> Array:
    """<O> of every observable and sample, (*batch, observables)."""
    return moments(circuit, observables, values)[0]


def slope(function: Any, values: Mapping[str, Array], direction: Mapping[str, Array], step: float = 1e-3) -> float:
    """The derivative of a function of the values along a direction: central differences, once extrapolated."""

    def central(h: float) -> float:
        ahead, behind = ({k: v + sign * h * direction[k] for k, v in values.items()} for sign in (1, -1))
        return (function(ahead) - function(behind)) / (2 * h)

    return (4 * central(step / 2) - central(step)) / 3
