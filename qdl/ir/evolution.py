"""exp(-itH) of a sum of Pauli words, as steps of the gate table."""

from __future__ import annotations

from itertools import combinations

from qdl.errors import CircuitError
from qdl.ir.gates import PAULI, TABLE, Exponential, Step, pauli_rotation
from qdl.ir.observables import Observable, Word, commute
from qdl.ir.params import Angle, Expr

DENSE_WIRES = 6


def evolution(hamiltonian: Observable, time: Angle) -> list[Step]:
    """The steps of exp(-i time H): one rotation per word if all words commute, else one dense exponential."""
    if not isinstance(hamiltonian, Observable):
        example = "a sum of Pauli words such as qdl.Z(0) @ qdl.Z(1)"
        raise CircuitError("evolve takes an observable", got=f"{hamiltonian!r}"[:80], expected=example)
    terms = hamiltonian.real_terms()
    if any(isinstance(c, Expr) for c in terms.values()):
        raise CircuitError("evolve takes plain coefficients", do="put the parameter into the time, or use one per word")
    pauli = all(atom.letter in PAULI for word in terms for atom in word)
    if pauli and all(commute(a, b) for a, b in combinations(terms, 2)):
        return [_rotation(word, c, time) for word, c in terms.items()]
    wires = hamiltonian.wires
    if len(wires) > DENSE_WIRES:
        raise CircuitError(
            "words that do not commute evolve together on few wires only",
            got=len(wires),
            expected=f"at most {DENSE_WIRES}",
            do="split H into commuting parts (Trotter steps)",
        )
    return [(Exponential("evolution", hamiltonian.matrix(wires), "time"), (time,), wires)]


def _rotation(word: Word, c: Angle, time: Angle) -> Step:
    # exp(-i t c P) is the rotation by 2 c t; for the identity it is the global phase -c t.
    if not word:
        return TABLE["gphase"], (-1 * c * time,), ()
    letters = "".join(atom.letter for atom in word)
    return pauli_rotation(letters), (2 * c * time,), tuple(atom.wires[0] for atom in word)
