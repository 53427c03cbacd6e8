"""Observables: sums of products of Pauli letters and Hermitian matrices; coefficients are numbers or expressions."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Union

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import PAULI, Matrix, embed
from qdl.ir.params import Angle, Expr, Param, as_angle

Coefficient = Union[complex, Expr]

# The product of two letters on one wire, P Q = phase R.
_PRODUCT: dict[tuple[str, str], tuple[complex, str]] = {
    (a, b): next(
        (phase, c)
        for c in "IXYZ"
        for phase in (1, 1j, -1, -1j)
        if np.allclose(PAULI[a] @ PAULI[b], phase * PAULI[c])
    )
    for a in "XYZ"
    for b in "XYZ"
}


@dataclass(frozen=True)
class Atom:
    """One factor of a word: a Pauli letter on one wire, or a Hermitian matrix on several."""

    wires: tuple[int, ...]
    letter: str
    data: bytes = b""

    @property
    def matrix(self) -> Matrix:
        """The factor's matrix, most significant wire first."""
        if self.letter in PAULI:
            return PAULI[self.letter]
        size = 2 ** len(self.wires)
        return np.frombuffer(self.data, dtype=complex).reshape(size, size)

    def __repr__(self) -> str:
        return f"{self.letter}({', '.join(map(str, self.wires))})"


Word = tuple[Atom, ...]  # factors on disjoint wires, in the order of their first wires; () is the identity


def word_wires(word: Word) -> tuple[int, ...]:
    """The wires a word touches, in ascending order."""
    return tuple(sorted(w for atom in word for w in atom.wires))


class Observable:
    """A Hermitian operator as a sum of words. Made from `X`, `Y`, `Z`, `I`, `N`, `Hermitian` by ``@``, ``+`` and ``*``.

    Attributes
    ----------
    terms : dict
        Word to coefficient; a word is a tuple of factors on disjoint wires.

    Examples
    --------
    >>> 0.5 * X(2) @ Y(0) + Z(1) - 1
    -1*I + 0.5*Y(0)@X(2) + Z(1)
    >>> X(0) @ X(0)
    I
    """

    __slots__ = ("terms",)

    def __init__(self, terms: Mapping[Word, Coefficient]) -> None:
        kept = {word: c for word, c in terms.items() if isinstance(c, Expr) or c != 0}
        self.terms: dict[Word, Coefficient] = dict(sorted(kept.items(), key=lambda item: _order(item[0])))

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes two observables the same: words and coefficients."""
        return tuple(self.terms.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Observable) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def wires(self) -> tuple[int, ...]:
        """All wires that some word touches, ascending."""
        return tuple(sorted({w for word in self.terms for w in word_wires(word)}))

    def __add__(self, other: Any) -> Observable:
        terms = dict(self.terms)
        for word, c in _observable(other).terms.items():
            terms[word] = _plus(terms[word], c) if word in terms else c
        return Observable(terms)

    __radd__ = __add__

    def __neg__(self) -> Observable:
        return self * -1.0

    def __sub__(self, other: Any) -> Observable:
        return self + -_observable(other)

    def __rsub__(self, other: Any) -> Observable:
        return _observable(other) + -self

    def __mul__(self, factor: Any) -> Observable:
        if isinstance(factor, Observable):
            raise CircuitError("observables are multiplied with @", do="write A @ B")
        number = factor if isinstance(factor, complex) else as_angle(factor)
        return Observable({word: _times(number, c) for word, c in self.terms.items()})

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Observable:
        return self * (1 / divisor)

    def __matmul__(self, other: Observable) -> Observable:
        if not isinstance(other, Observable):
            raise CircuitError("@ takes two observables", got=type(other).__name__, do="scale with *")
        total = Observable({})
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                phase, word = _multiply(left, right)
                total = total + Observable({word: _times(phase, _times(a, b))})
        return total

    def __repr__(self) -> str:
        return " + ".join(_term_text(word, c) for word, c in self.terms.items()).replace("+ -", "- ") or "0"

    def matrix(self, wires: int, values: Mapping[str, Any] | None = None) -> Matrix:
        """The 2**wires square matrix; expressions among the coefficients are taken at `values`."""
        out = np.zeros((2**wires, 2**wires), dtype=complex)
        for word, c in self.terms.items():
            term = np.eye(2**wires, dtype=complex)
            for atom in word:
                term = embed(atom.matrix, atom.wires, wires) @ term
            out += (c.evaluate(values or {}) if isinstance(c, Expr) else c) * term
        return out

    def real_terms(self) -> dict[Word, Angle]:
        """Word to real coefficient; refused if some coefficient is not real, the operator being no observable then."""
        out: dict[Word, Angle] = {}
        for word, c in self.terms.items():
            if not isinstance(c, Expr) and abs(complex(c).imag) > 1e-12 * abs(c):
                raise CircuitError(
                    f"{self} is not Hermitian", got=f"coefficient {c}", do="multiply operators on disjoint wires only"
                )
            out[word] = c if isinstance(c, Expr) else complex(c).real
        return out

    def squared(self) -> Observable:
        """The square, as a sum of words."""
        if any(atom.letter not in PAULI for word in self.terms for atom in word):
            n = max(self.wires) + 1
            if any(isinstance(c, Expr) for c in self.terms.values()) or n > 10:
                raise CircuitError(f"the square of {self} is not available", do="use Pauli words")
            whole = self.matrix(n)
            return Hermitian(whole @ whole, tuple(range(n)))
        return self @ self


def _pauli(letter: str, wire: Any) -> Observable:
    return Observable({(Atom((check_wire(wire),), letter),): 1.0})


def X(wire: int) -> Observable:
    """The Pauli operator X on one wire."""
    return _pauli("X", wire)


def Y(wire: int) -> Observable:
    """The Pauli operator Y on one wire."""
    return _pauli("Y", wire)


def Z(wire: int) -> Observable:
    """The Pauli operator Z on one wire."""
    return _pauli("Z", wire)


def I(wire: int = 0) -> Observable:
    """The identity, whatever the wire."""
    check_wire(wire)
    return Observable({(): 1.0})


def N(wire: int) -> Observable:
    """The excitation number (1 - Z)/2 of one wire.

    Examples
    --------
    >>> N(0)
    0.5*I - 0.5*Z(0)
    """
    return 0.5 * I() - 0.5 * Z(wire)


def Hermitian(matrix: Any, wires: int | Iterable[int]) -> Observable:
    """A Hermitian matrix on the given wires, the first being the most significant.

    Parameters
    ----------
    matrix : array_like, shape (2**k, 2**k)
        Hermitian to 1e-6.
    wires : int or sequence of k ints
        Where it acts.
    """
    where = tuple(check_wire(w) for w in (wires if isinstance(wires, Iterable) else (wires,)))
    array = np.array(matrix, dtype=complex)
    size = 2 ** len(where)
    if array.shape != (size, size):
        raise CircuitError("a Hermitian's matrix does not fit its wires", got=array.shape, expected=(size, size))
    if len(set(where)) != len(where):
        raise CircuitError("a Hermitian's wires are repeated", got=where)
    if not np.isfinite(array).all():
        raise CircuitError("a Hermitian matrix must be finite", got="NaN or infinity among the entries")
    error = float(np.abs(array - array.conj().T).max())
    if error > 1e-6:
        raise CircuitError("the matrix is not Hermitian", got=f"|M - M^+| = {error:.2g}", expected="at most 1e-6")
    return Observable({(Atom(where, "H", ((array + array.conj().T) / 2).tobytes()),): 1.0})


def check_wire(wire: Any) -> int:
    """A wire as a plain int; anything but a non-negative integer is refused."""
    if isinstance(wire, bool) or not isinstance(wire, numbers.Integral) or wire < 0:
        raise CircuitError("a wire must be a non-negative integer", got=repr(wire))
    return int(wire)


def _order(word: Word) -> tuple[Any, ...]:
    return tuple((atom.wires, atom.letter, atom.data) for atom in word)


def _observable(value: Any) -> Observable:
    if isinstance(value, Observable):
        return value
    if isinstance(value, complex):
        return Observable({(): value})
    if isinstance(value, (numbers.Real, Expr, Param)):
        return Observable({(): as_angle(value)})
    raise CircuitError("cannot add this to an observable", got=type(value).__name__, expected="an observable or number")


def _times(a: Coefficient, b: Coefficient) -> Coefficient:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Expr) and isinstance(other, complex):
            if other.imag:
                raise CircuitError("an expression times an imaginary phase is not real", got=f"{other}*{one}")
            return one * other.real
    return a * b


def _plus(a: Coefficient, b: Coefficient) -> Coefficient:
    for one, other in ((a, b), (b, a)):
        if isinstance(one, Expr) and isinstance(other, complex):
            return one + other.real
    return a + b


def _multiply(left: Word, right: Word) -> tuple[complex, Word]:
    """The product of two words: letters on one wire merge, matrices may not overlap with anything."""
    phase: complex = 1.0
    factors = {atom.wires: atom for atom in left}
    for atom in right:
        same = factors.get(atom.wires)
        if same is not None and same.letter in PAULI and atom.letter in PAULI:
            turn, letter = _PRODUCT[same.letter, atom.letter]
            phase *= turn
            if letter == "I":
                del factors[atom.wires]
            else:
                factors[atom.wires] = Atom(atom.wires, letter)
        elif {w for wires in factors for w in wires} & set(atom.wires):
            raise CircuitError(
                f"{atom} overlaps with another factor", do="multiply the matrices first and use one Hermitian"
            )
        else:
            factors[atom.wires] = atom
    return phase if isinstance(phase, float) or phase.imag else phase.real, tuple(sorted(factors.values(), key=_first))


def _first(atom: Atom) -> tuple[int, ...]:
    return atom.wires


def _term_text(word: Word, c: Coefficient) -> str:
    body = "@".join(map(repr, word)) or "I"
    if isinstance(c, Expr):
        return f"({c})*{body}"
    if c == 1:
        return body
    value = complex(c)
    return f"{value.real:g}*{body}" if value.imag == 0 else f"({value})*{body}"
