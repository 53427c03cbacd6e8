"""Gates with angles as products of rotations about Pauli words, which every remote engine can do.

* exp(-itG) with a diagonal G = sum_S c_S Z_S (Z_S the product of Z on the wires S) is the product of the rotations
  exp(-i (2 c_S t) Z_S / 2), which commute; c is the Walsh transform of the diagonal. Any other G is diagonal in the
  frame of its eigenvectors V, exp(-itG) = V exp(-itD) V^+, or is a Pauli word already.
* Controls multiply G by prod_i (1 + s_i Z_i)/2 with s_i = 1 for control value 0 and -1 for 1: again words.
* exp(-i v.sigma/2) turns by |v| about v/|v| = (sin a cos b, sin a sin b, cos a): with W = RZ(b) RY(a) it is
  W RZ(|v|) W^+, and under controls only the rotation in the middle needs them.
* Real amplitudes are made wire by wire: RY on a wire by an angle that depends on the wires before it. With x_i the
  Walsh transform of these angles in the order of a Gray code, such a rotation is RY(x_0) CX RY(x_1) CX ..., the
  controls being the bits that change (Mottonen et al., arXiv:quant-ph/0407010 (memory)).

The global phase is lost, which no measurement sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qdl.engine.remote import Real
from qdl.errors import UnsupportedError
from qdl.ir.gates import TABLE, Exponential, Fixed, Gate, Matrix, Prepare, Rotor

SMALLEST = 1e-13  # coefficients below are rounding


@dataclass(frozen=True)
class Rotation:
    """exp(-i x P/2) for a Pauli word P without identities, x being one of the recipe's numbers."""

    word: str
    wires: tuple[int, ...]
    number: int


@dataclass(frozen=True)
class Constant:
    """A gate without angles."""

    gate: Gate
    wires: tuple[int, ...]


@dataclass(frozen=True)
class Recipe:
    """A gate as steps on wires 0, 1, ...

    Attributes
    ----------
    steps : tuple of Rotation or Constant
    count : int
        How many numbers the rotations take.
    numbers : callable
        (rows, n_angles) to (rows, count).
    """

    steps: tuple[Rotation | Constant, ...]
    count: int
    numbers: Callable[[Real], Real]


@lru_cache(maxsize=1024)
def recipe(gate: Gate) -> Recipe:
    """How a gate with angles is done by rotations.

    Examples
    --------
    >>> found = recipe(TABLE["cp"])
    >>> [(step.word, step.wires) for step in found.steps]
    [('Z', (1,)), ('Z', (0,)), ('ZZ', (0, 1))]
    >>> found.numbers(np.array([[1.0]]))
    array([[ 0.5,  0.5, -0.5]])
    """
    if isinstance(gate, Exponential):
        return _exponential(gate)
    if isinstance(gate, Rotor):
        return _rotor(gate)
    if isinstance(gate, Prepare):
        return _prepare(gate.wires)
    raise UnsupportedError("only gates with angles are done by rotations", got=f"gate {gate.name!r}")


Terms = list[tuple[str, float]]  # Pauli strings and their coefficients


def _exponential(gate: Exponential) -> Recipe:
    base, controls = _innermost(gate)
    assert isinstance(base, Exponential)
    frame: Matrix | None = None
    if base.pauli is not None:
        terms = [(base.pauli, 0.5)]
    else:
        diagonal = np.diag(base.generator)
        if np.any(base.generator - np.diag(diagonal)):
            diagonal, frame = np.linalg.eigh(base.generator)
        terms = _walsh(diagonal.real)
    steps, coefficients = _rotations(_controlled(terms, controls))
    if frame is not None:
        where = tuple(range(len(controls), gate.wires))
        back, forth = (Constant(Fixed("unitary", m), where) for m in (frame.conj().T, frame))
        steps = [back, *steps, forth]
    return Recipe(tuple(steps), len(coefficients), lambda angles: 2 * angles * coefficients)


def _rotor(gate: Rotor) -> Recipe:
    controls = _innermost(gate)[1]
    target = (len(controls),)
    middle, coefficients = _rotations(_controlled([("Z", 0.5)], controls), 2)
    steps = [Rotation("Z", target, 0), Rotation("Y", target, 1), *middle]
    steps += [Rotation("Y", target, len(coefficients) + 2), Rotation("Z", target, len(coefficients) + 3)]

    def numbers(v: Real) -> Real:
        x, y, z = v.T
        polar, azimuth = np.arctan2(np.hypot(x, y), z)[:, None], np.arctan2(y, x)[:, None]
        length = np.linalg.norm(v, axis=1, keepdims=True)
        return np.concatenate([-azimuth, -polar, 2 * length * coefficients, polar, azimuth], 1)

    return Recipe(tuple(steps), len(coefficients) + 4, numbers)


def _prepare(wires: int) -> Recipe:
    steps: list[Rotation | Constant] = []
    count = 0
    for target in range(wires):
        size = 2**target
        for i in range(size):
            steps.append(Rotation("Y", (target,), count))
            count += 1
            changed = _gray(i) ^ _gray((i + 1) % size)
            if changed:
                steps.append(Constant(TABLE["cx"], (target - changed.bit_length(), target)))
    return Recipe(tuple(steps), count, _prepare_numbers)


def _prepare_numbers(amplitudes: Real) -> Real:
    """The rotations' numbers for amplitudes (rows, 2**k): (rows, 2**k - 1)."""
    found: list[Real] = []
    level = amplitudes
    while level.shape[1] > 1:
        pairs = level.reshape(len(level), -1, 2)
        angles = 2 * np.arctan2(pairs[..., 1], pairs[..., 0])  # signs of the amplitudes at the last level, else none
        size = angles.shape[1]
        gray = np.array([_gray(i) for i in range(size)])
        found.insert(0, angles @ _signs(size)[:, gray] / size)
        level = np.linalg.norm(pairs, axis=-1)
    return np.concatenate(found, 1)


def _innermost(gate: Gate) -> tuple[Gate, str]:
    """A gate without its controls, and their values."""
    return (gate, "") if gate.base is None else (gate.base, gate.controls)


def _walsh(diagonal: Real) -> Terms:
    """A diagonal matrix as a sum of products of Z's."""
    coefficients = _signs(len(diagonal)) @ diagonal / len(diagonal)
    wires = len(diagonal).bit_length() - 1
    words = ["".join("IZ"[int(bit)] for bit in f"{mask:0{wires}b}") if wires else "" for mask in range(len(diagonal))]
    return list(zip(words, coefficients.tolist(), strict=True))


def _signs(size: int) -> Real:
    """(-1)^(number of ones that two indices share), (size, size)."""
    index = np.arange(size)
    shared = index[:, None] & index[None, :]
    return np.array([1.0, -1.0])[np.vectorize(int.bit_count, otypes=[int])(shared) & 1]


def _controlled(terms: Terms, controls: str) -> Terms:
    for value in reversed(controls):
        sign = -1 if value == "1" else 1
        terms = [(letter + word, s * c / 2) for letter, s in (("I", 1), ("Z", sign)) for word, c in terms]
    return terms


def _rotations(terms: Terms, first: int = 0) -> tuple[list[Rotation | Constant], Real]:
    """A rotation for each word but the identity, and the words' coefficients."""
    largest = max((abs(c) for _, c in terms), default=0.0)
    kept = [(word, c) for word, c in terms if set(word) - {"I"} and abs(c) > SMALLEST * largest]
    steps: list[Rotation | Constant] = []
    for number, (word, _) in enumerate(kept, first):
        active = tuple(wire for wire, letter in enumerate(word) if letter != "I")
        steps.append(Rotation(word.replace("I", ""), active, number))
    return steps, np.array([c for _, c in kept])


def _gray(index: int) -> int:
    return index ^ index >> 1
