"""PennyLane's observables as sums of words: operators on wires of their own."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import product
from typing import Any

import numpy as np

from qdl.adapters.pennylane.operations.values import array, varies
from qdl.ir.observables import Hermitian, I, Observable, X, Y, Z

DENSE_WIRES = 4  # of an observable that is no sum of Pauli words; beyond, the state is read
Factor = tuple[Any, ...]  # (letter, label), or ("H", labels, bytes)
Term = tuple[Any, tuple[Factor, ...]]  # a coefficient and its word

_NAMES = {"PauliX": "X", "PauliY": "Y", "PauliZ": "Z"}
_LETTERS = {"I": I, "X": X, "Y": Y, "Z": Z}
_HALF = float(np.sqrt(0.5))


def terms_of(obs: Any) -> list[Term] | None:
    """The words of an observable with their coefficients; None if it is better read from the state."""
    name = obs.name
    if name in _NAMES:
        return [(1.0, ((_NAMES[name], obs.wires.labels[0]),))]
    if name == "Identity":
        return [(1.0, ())]
    if name == "Hadamard":
        label = obs.wires.labels[0]
        return [(_HALF, (("X", label),)), (_HALF, (("Z", label),))]
    if name in ("Hermitian", "Projector"):
        return _dense(obs)
    sentence = obs.pauli_rep
    if sentence is not None:
        return [(c, tuple((letter, wire) for wire, letter in word.items())) for word, c in sentence.items()]
    if name == "SProd":
        inner = terms_of(obs.base)
        return None if inner is None else [(_times(obs.scalar, c), word) for c, word in inner]
    if name in ("Sum", "LinearCombination", "Hamiltonian"):
        return _sum(obs)
    if name == "Prod":
        return _product(obs)
    return _dense(obs)


def _times(a: Any, b: Any) -> Any:
    return b if isinstance(a, float) and a == 1.0 else a if isinstance(b, float) and b == 1.0 else a * b


def _sum(obs: Any) -> list[Term] | None:
    coefficients, operands = obs.terms() if obs.name != "Sum" else ([1.0] * len(obs.operands), obs.operands)
    found: list[Term] = []
    for c, operand in zip(coefficients, operands, strict=True):
        inner = terms_of(operand)
        if inner is None:
            return None
        found += [(_times(c, d), word) for d, word in inner]
    return found


def _product(obs: Any) -> list[Term] | None:
    used = [wire for operand in obs.operands for wire in operand.wires]
    if len(set(used)) != len(used):
        return _dense(obs)
    parts = [terms_of(operand) for operand in obs.operands]
    if any(part is None for part in parts):
        return None
    found: list[Term] = []
    for row in product(*parts):  # type: ignore[arg-type]
        c: Any = 1.0
        for d, _ in row:
            c = _times(d, c)
        found.append((c, tuple(factor for _, word in row for factor in word)))
    return found


def _dense(obs: Any) -> list[Term] | None:
    if len(obs.wires) > DENSE_WIRES or not obs.wires or any(varies(d) for d in obs.data) or not obs.has_matrix:
        return None
    matrix = array(obs.matrix()).astype(complex)
    if matrix.ndim != 2 or np.abs(matrix - matrix.conj().T).max() > 1e-6 * max(1.0, np.abs(matrix).max()):
        return None
    return [(1.0, (("H", obs.wires.labels, np.ascontiguousarray(matrix).tobytes()),))]


def of_word(word: tuple[Factor, ...], wires: Mapping[Hashable, int]) -> Observable:
    """A word as an observable, wire labels being wires."""
    found = I()
    for factor in word:
        found = found @ _factor(factor, wires)
    return found


def _factor(factor: Factor, wires: Mapping[Hashable, int]) -> Observable:
    if factor[0] == "H":
        size = 2 ** len(factor[1])
        return Hermitian(np.frombuffer(factor[2], dtype=complex).reshape(size, size), [wires[w] for w in factor[1]])
    return _LETTERS[factor[0]](wires[factor[1]])
