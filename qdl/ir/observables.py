"""Observables: sums of products of Pauli letters and Hermitian matrices; coefficients are numbers or expressions."""

from __future__ import annotations

import cmath
import numbers
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import PAULI, Matrix, constant_matrix, embed
from qdl.ir.params import Angle, Expr, Operand, as_angle

Coefficient = complex | Expr
SQUARED_WIRES = 10  # matrices are squared on at most that many

# The product of two letters on one wire, P Q = phase R.
_PRODUCT: dict[tuple[str, str], tuple[complex, str]] = {
    (a, b): next(
        (phase, c) for c in "IXYZ" for phase in (1, 1j, -1, -1j) if np.allclose(PAULI[a] @ PAULI[b], phase * PAULI[c])
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
Term = tuple[Word, Coefficient]


def word_wires(word: Word) -> tuple[int, ...]:
    """The wires a word touches, in ascending order."""
    return tuple(sorted({w for atom in word for w in atom.wires}))


class Observable(Operand):
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
        for c in terms.values():
            if not isinstance(c, Expr) and not cmath.isfinite(c):
                raise CircuitError("a coefficient of an observable must be finite", got=c)
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
        return _sum([*self.terms.items(), *_observable(other).terms.items()])

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
        number = _coefficient(factor)
        return Observable({word: _times(number, c) for word, c in self.terms.items()})

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Observable:
        number = _coefficient(divisor)
        if number == 0:
            raise CircuitError(f"division of {self} by zero")
        return self * (1 / number)

    def __matmul__(self, other: Observable) -> Observable:
        if not isinstance(other, Observable):
            raise CircuitError("@ takes two observables", got=type(other).__name__, do="scale with *")
        return _sum(_product(left, right) for left in self.terms.items() for right in other.terms.items())

    def __repr__(self) -> str:
        return " + ".join(_term_text(word, c) for word, c in self.terms.items()).replace("+ -", "- ") or "0"

    def matrix(self, wires: int | Sequence[int], values: Mapping[str, Any] | None = None) -> Matrix:
        """The matrix on wires 0 to ``wires - 1``, or on the listed wires, the first being the most significant.

        Expressions among the coefficients are taken at `values`.
        """
        where = tuple(range(wires)) if isinstance(wires, int) else tuple(wires)
        if not set(self.wires) <= set(where):
            raise CircuitError(f"{self} acts on other wires too", got=where, expected=f"wires {self.wires} among them")
        place = {wire: i for i, wire in enumerate(where)}
        out = np.zeros((2 ** len(where), 2 ** len(where)), dtype=complex)
        for word, c in self.terms.items():
            term = np.eye(2 ** len(where), dtype=complex)
            for atom in word:
                term = embed(atom.matrix, [place[w] for w in atom.wires], len(where)) @ term
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
        """The square, as a sum of words.

        (sum_i c_i W_i)^2 = sum_i c_i^2 W_i^2 + sum_{i<j} c_i c_j {W_i, W_j}, and anticommutators are Hermitian: so real
        coefficients stay real, expressions included.
        """
        return _sum(
            (word, _times(0.5 * factor if one is two else factor, _times(one[1], two[1])))
            for one, two in combinations_with_replacement(self.terms.items(), 2)
            for word, factor in _anticommutator(one[0], two[0]).items()
        )


def _anticommutator(a: Word, b: Word) -> Mapping[Word, complex]:
    """{A, B} as a sum of words: 2 A B if the words commute, 0 for other Pauli words, else one Hermitian matrix."""
    shared = set(word_wires(a)) & set(word_wires(b))
    pauli = all(atom.letter in PAULI for atom in (*a, *b))
    if not shared or pauli:
        phase, word = _multiply(a, b)
        return {word: 2 * phase} if commute(a, b) else {}
    wires = word_wires((*a, *b))
    if len(wires) > SQUARED_WIRES:
        raise CircuitError(
            "the square of an observable with Hermitian matrices needs a matrix on too many wires",
            got=f"{len(wires)} wires of {'@'.join(map(repr, (*a, *b)))}"[:80],
            expected=f"at most {SQUARED_WIRES}",
            do="use Pauli words",
        )
    product = Observable({a: 1.0}).matrix(wires) @ Observable({b: 1.0}).matrix(wires)
    return Hermitian(product + product.conj().T, wires).terms  # type: ignore[return-value]  # plain numbers


def commute(a: Word, b: Word) -> bool:
    """Whether two Pauli words commute: they differ on an even number of the wires they share."""
    letters = {atom.wires[0]: atom.letter for atom in a}
    return sum(letters.get(atom.wires[0], atom.letter) != atom.letter for atom in b) % 2 == 0


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
        Hermitian to 1e-6, or to 1e-6 of its largest entry.
    wires : int or sequence of k ints
        Where it acts.
    """
    where = tuple(check_wire(w) for w in (wires if isinstance(wires, Iterable) else (wires,)))
    array = constant_matrix(matrix)
    size = 2 ** len(where)
    if not where:
        raise CircuitError("a Hermitian needs at least one wire", do="a constant is a number times qdl.I()")
    if array.shape != (size, size):
        raise CircuitError("a Hermitian's matrix does not fit its wires", got=array.shape, expected=(size, size))
    if len(set(where)) != len(where):
        raise CircuitError("a Hermitian's wires are repeated", got=where)
    error = float(np.abs(array - array.conj().T).max())
    if error > 1e-6 * max(1.0, float(np.abs(array).max())):
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
    return value if isinstance(value, Observable) else Observable({(): _coefficient(value)})


def _coefficient(value: Any) -> Coefficient:
    """A number, an expression or a Param of size 1 as a coefficient; anything else is refused."""
    if isinstance(value, numbers.Complex) and not isinstance(value, numbers.Real):
        return complex(value)
    return as_angle(value)


def _times(a: Coefficient, b: Coefficient) -> Coefficient:
    return _real(a, b) * _real(b, a)


def _plus(a: Coefficient, b: Coefficient) -> Coefficient:
    return _real(a, b) + _real(b, a)


def _sum(terms: Iterable[Term]) -> Observable:
    """The sum of terms; coefficients of one word are added in pairs, so that expressions stay flat."""
    collected: dict[Word, list[Coefficient]] = {}
    for word, c in terms:
        collected.setdefault(word, []).append(c)
    for cs in collected.values():
        while len(cs) > 1:
            cs[:] = [*(_plus(a, b) for a, b in zip(cs[::2], cs[1::2], strict=False)), *cs[len(cs) & ~1 :]]
    return Observable({word: cs[0] for word, cs in collected.items()})


def _product(left: Term, right: Term) -> Term:
    phase, word = _multiply(left[0], right[0])
    return word, _times(phase, _times(left[1], right[1]))


def _real(number: Coefficient, other: Coefficient) -> Coefficient:
    """The number, made real if it meets an expression, which knows real numbers only."""
    if not isinstance(other, Expr) or not isinstance(number, complex):
        return number
    if number.imag:
        raise CircuitError(f"the expression {other} cannot be combined with an imaginary number", got=number)
    return number.real


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
