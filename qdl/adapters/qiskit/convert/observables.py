"""Observables from Qiskit's operators and to them: qubit i is wire i, so that labels are read from the right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from qdl.adapters.qiskit.convert.parameters import Angles, entries
from qdl.adapters.qiskit.convert.symbols import Symbols
from qdl.errors import CircuitError
from qdl.ir.gates import PAULI
from qdl.ir.observables import Atom, Coefficient, Hermitian, Observable, Word, check_wire
from qdl.ir.params import Expr, params_of

if TYPE_CHECKING:
    from qiskit.quantum_info import SparsePauliOp

REAL = 1e-12  # of a coefficient, what its imaginary part may be


def from_sparse_pauli_op(operator: Any, wires: Sequence[int] | None = None) -> Observable:
    """Qiskit's operator as an observable: the last letter of a label, qubit 0, acts on wire 0.

    Parameters
    ----------
    operator : SparsePauliOp, Pauli, SparseObservable, Operator or label such as ``"XIZ"``
        Hermitian; coefficients may be a ParameterExpression.
    wires : sequence of int, optional
        The wire of each qubit, if not its own number.

    Returns
    -------
    Observable

    Raises
    ------
    CircuitError
        If a coefficient is not real, the operator being no observable then.

    Examples
    --------
    >>> from qiskit.quantum_info import SparsePauliOp
    >>> from_sparse_pauli_op(SparsePauliOp(["XIZ", "III"], [0.5, -1.0]))
    -1*I + 0.5*Z(0)@X(2)
    """
    from qiskit.quantum_info import Operator, Pauli, SparseObservable, SparsePauliOp

    if isinstance(operator, SparseObservable):
        operator = SparsePauliOp.from_sparse_observable(operator)
    known = isinstance(operator, SparsePauliOp | Pauli | Operator | str)
    if not known:
        expected = "SparsePauliOp, Pauli, SparseObservable, Operator or a label"
        raise CircuitError("this is no operator of Qiskit", got=type(operator).__name__, expected=expected)
    if isinstance(operator, Operator):
        where = _places(operator.num_qubits, wires)
        return Hermitian(operator.data, where[::-1])
    whole = SparsePauliOp(operator)
    where, angles = _places(whole.num_qubits, wires), Angles(entries(whole.parameters))
    terms: dict[Word, Any] = {}
    for label, given in zip(whole.paulis.to_labels(), whole.coeffs, strict=True):
        letters = zip(where, reversed(label), strict=True)
        word = tuple(Atom((wire,), letter) for wire, letter in sorted(letters) if letter != "I")
        c = angles(given) if hasattr(given, "parameters") else _real(complex(given), label)
        terms[word] = terms[word] + c if word in terms else c
    return Observable(terms)


def to_sparse_pauli_op(observable: Observable, wires: int | None = None) -> SparsePauliOp:
    """An observable as Qiskit's operator: wire 0 is qubit 0, the last letter of each label.

    Matrices are expanded in Pauli words; Params among the coefficients become parameters.

    Parameters
    ----------
    observable : Observable
    wires : int, optional
        The number of qubits, if more than what the observable touches.

    Returns
    -------
    SparsePauliOp

    Examples
    --------
    >>> from qdl.ir import X, Z
    >>> to_sparse_pauli_op(0.5 * Z(0) @ X(2) - 1)
    SparsePauliOp(['III', 'XIZ'],
                  coeffs=[-1. +0.j,  0.5+0.j])
    """
    from qiskit.quantum_info import SparsePauliOp

    if not isinstance(observable, Observable):
        example = "a sum of Pauli words such as qdl.Z(0) @ qdl.X(1)"
        raise CircuitError("this is no observable", got=f"{observable!r}"[:80], expected=example)
    least = max(observable.wires, default=0) + 1
    count = least if wires is None else wires
    if isinstance(count, bool) or not isinstance(count, int) or count < least:
        raise CircuitError("the observable does not fit the wires", got=wires, expected=f"at least {least}")
    found: dict[tuple[tuple[str, int], ...], Any] = {}
    terms = observable.real_terms()
    symbols = Symbols(params_of(list(terms.values())), {})
    for word, c in terms.items():
        for letters, factor in _expanded(word):
            value = symbols(c) * factor if factor != 1.0 else symbols(c)
            found[letters] = found[letters] + value if letters in found else value
    rows = [("".join(p for p, _ in letters), [w for _, w in letters], c) for letters, c in found.items()]
    if not rows:
        return SparsePauliOp("I" * count, 0.0)
    plain = not any(isinstance(c, Expr) for c in terms.values())
    return SparsePauliOp.from_sparse_list(rows, num_qubits=count, **({} if plain else {"dtype": object}))


def _expanded(word: Word) -> Iterator[tuple[tuple[tuple[str, int], ...], float]]:
    """A word as Pauli words, letters with their wires, and what weights each."""
    from qiskit.quantum_info import Operator, SparsePauliOp

    factors: list[list[tuple[tuple[tuple[str, int], ...], float]]] = []
    for atom in word:
        if atom.letter in PAULI:
            factors.append([(((atom.letter, atom.wires[0]),), 1.0)])
            continue
        sums = SparsePauliOp.from_operator(Operator(atom.matrix), atol=0, rtol=0)  # the default drops 1e-5
        factors.append(
            [
                (tuple((p, w) for p, w in zip(label, atom.wires, strict=True) if p != "I"), complex(c).real)
                for label, c in zip(sums.paulis.to_labels(), sums.coeffs, strict=True)
            ]
        )
    for parts in product(*factors):
        weight = 1.0
        for _, factor in parts:
            weight *= factor
        yield tuple(sorted((pair for letters, _ in parts for pair in letters), key=lambda pair: pair[1])), weight


def _places(count: int, wires: Iterable[int] | None) -> list[int]:
    where = list(range(count)) if wires is None else [check_wire(wire) for wire in wires]
    if len(where) != count or len(set(where)) != count:
        raise CircuitError("the operator needs a wire for each qubit", got=where, expected=f"{count} different ones")
    return where


def _real(c: complex, label: str) -> Coefficient:
    if abs(c.imag) > REAL * abs(c):
        raise CircuitError("the operator is not Hermitian", got=f"coefficient {c} of {label}", expected="real ones")
    return c.real
