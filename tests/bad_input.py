"""The table of bad inputs: a name, what a user does, and what the message must contain (what was got, what to do).

The tests read it row by row; `python -m tests.accuracy` prints every message. A row holds a call without arguments, so
that nothing runs before it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

import qdl
from qdl.ir import Circuit, Hermitian, Param, X, Y, Z
from tests import bad_noise, bad_runs

NAN, INFINITE = torch.tensor([1, math.nan, 0]), torch.full((4, 2), math.inf)
x, theta = Param("x", 2), Param("theta", 3)
Z_0 = Z(0)


@dataclass(frozen=True)
class Bad:
    """A bad input: `call` must raise a QdlError whose message contains every one of `says`."""

    name: str
    call: Callable[[], Any]
    says: tuple[str, ...]


TABLE: list[Bad] = []


def row(name: str, call: Callable[[], Any], *says: str) -> None:
    TABLE.append(Bad(name, call, says))


def circuit() -> Circuit:
    return Circuit(3).ry(x[0], 0).rx(x[1], 1).cx(0, 1).rzz(theta[0], 0, 1).crx(theta[1], 1, 2).ry(theta[2], 2)


def values(**changes: Any) -> dict[str, Any]:
    """Good values, some of them replaced; None takes a name out."""
    good = {"x": torch.zeros(4, 2), "theta": torch.ones(3)}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def ask(observable: Any = Z_0, given: Any = None, made: Circuit | None = None, **options: Any) -> Any:
    """An expectation value with one thing wrong."""
    return qdl.expval(made or circuit(), observable, given or values(), **options)


def chain(wires: int) -> Circuit:
    made = Circuit(wires).h(0)
    for wire in range(wires - 1):
        made.cx(wire, wire + 1)
    return made


# Circuits.
row("unknown gate", lambda: Circuit(1).gate("hadamrad", 0), "unknown gate 'hadamrad'", "README")
row("unknown gate as a method", lambda: Circuit(2).cxx(0, 1), "unknown gate 'cxx'", "did you mean", "'cx'")
row("no gate at all", lambda: Circuit(1).gate(None, 0), "unknown gate None", "README")
row("a circuit without wires", lambda: Circuit(0), "got 0", "positive")
row("wire out of range", lambda: Circuit(2).cx(0, 2), "wire out of range", "got 2", "expected 0 to 1")
row("negative wire", lambda: Circuit(2).x(-1), "got -1", "non-negative")
row("wire that is no integer", lambda: Circuit(2).x(0.0), "got 0.0", "integer")
row("repeated wire", lambda: Circuit(3).ccx(0, 1, 0), "'ccx'", "different wires", "(0, 1, 0)")
row("control among the targets", lambda: Circuit(2).gate("x", 0, controls=[0]), "different wires", "(0, 0)")
row("control values that do not fit", lambda: Circuit(3).gate("x", 0, controls=[1, 2], values="1"), "'1'", "2 digits")
row("too few angles", lambda: Circuit(2).u(0.1, 0.2, 0), "'u'", "got 3", "theta, phi, lam")
row("too many angles", lambda: Circuit(2).rx(0.1, 0.2, 0), "'rx'", "got 3", "1 angle")
row("an angle without a value", lambda: Circuit(1).rx(theta, 0), "'theta' is a vector", "theta[0]")
row("an angle that is a tensor", lambda: Circuit(1).rx(torch.ones(()), 0), "Tensor", "put a Param here")
row("an angle that is NaN", lambda: Circuit(1).rx(math.nan, 0), "finite", "nan")
row("an angle that is complex", lambda: Circuit(1).rx(1j, 0), "real number", "complex")
row("an angle larger than any float", lambda: Circuit(1).rx(10**400, 0), "got")
row("a Param's index out of range", lambda: theta[3], "'theta'", "got 3", "0 to 2")
row("a Param without entries", lambda: Param("a", 0), "'a'", "got 0", "positive")
row("a Param whose name is no name", lambda: Param("a b"), "'a b'", "identifier")
row("one Param in two sizes", lambda: Circuit(1).rx(Param("a", 1)[0], 0).ry(Param("a", 2)[0], 0), "'a'", "got 2", "1")
row("the logarithm of a negative number", lambda: qdl.log(-1.0), "log", "-1")
row("division of an expression by zero", lambda: theta[0] / 0, "theta[0]", "0")
row("an expression as a truth value", lambda: bool(theta[0]), "no truth value")
row("non-unitary matrix", lambda: Circuit(1).unitary([[1, 1], [0, 1]], 0), "not unitary", "1e-6")
row("matrix that is not square", lambda: Circuit(1).unitary(np.ones((2, 4)), 0), "square", "(2, 4)")
row("matrix of size 3", lambda: Circuit(2).unitary(np.eye(3), 0, 1), "2**k", "(3, 3)")
row("matrix that does not fit its wires", lambda: Circuit(2).unitary(np.eye(4), 0), "got 1", "expected 2 wires")
row("matrix with rows of two lengths", lambda: Circuit(1).unitary([[1, 0], [1]], 0), "matrix")
row("matrix with NaN", lambda: Circuit(1).unitary([[1, 0], [0, math.nan]], 0), "finite", "NaN")
row("matrix that wants a gradient", lambda: Circuit(1).unitary(torch.eye(2, requires_grad=True), 0), "Param")
row("preparation on used wires", lambda: Circuit(2).x(0).prepare([1, 1], 0), "fresh wires", "[0]")
row("preparation of no state", lambda: Circuit(1).prepare([0.0, 0.0], 0), "positive norm", "zero")
row("preparation with too few amplitudes", lambda: Circuit(2).prepare([1, 2, 3], (0, 1)), "got 3", "expected 4")
row("inverse of a preparation", lambda: Circuit(1).prepare([1, 2], 0).inverse(), "no inverse")
row("evolution of what is no observable", lambda: Circuit(1).evolve(1.0, 0.1), "got", "observable")
row("evolution with a coefficient to train", lambda: Circuit(1).evolve(X(0) * theta[0], 1.0), "time")
row("evolution on too many wires", lambda: Circuit(9).evolve(sum(X(i) + Z(i) for i in range(9)), 1.0), "got 9", "6")
row("part that does not fit its wires", lambda: Circuit(3).append(Circuit(2).cx(0, 1), (0, 1, 2)), "3 wires", "2")
row("part with too few parameters", lambda: Circuit(3).append(circuit(), (0, 1, 2), [0.1]), "got 1", "expected 5")
row("part with unknown parameters", lambda: Circuit(3).append(circuit(), (0, 1, 2), {"y": [1]}), "'y'", "'theta'")
row("unknown cell", lambda: qdl.cell("su5"), "su5", "su4")
row("unknown pattern", lambda: qdl.tile("su4", wires=4, pattern="rink"), "rink", "ring")

# Observables.
row("observable that is not Hermitian", lambda: ask(X(0) @ Y(0)), "not Hermitian")
row("matrix that is not Hermitian", lambda: Hermitian([[0, 1], [0, 0]], 0), "not Hermitian", "1e-6")
row("Hermitian that does not fit its wires", lambda: Hermitian(np.eye(4), 0), "(4, 4)", "(2, 2)")
row("observable on a wire that is not there", lambda: ask(Z(3)), "3", "0 to 2")
row("no observables", lambda: ask([]), "observable")
row("observable that is a string", lambda: ask("ZZ"), "str", "Observable")
row("observable with a NaN coefficient", lambda: X(0) * math.nan, "finite", "nan")

# Values.
row("unbound parameter", lambda: ask(given=values(theta=None)), "unbound", "theta")
row("no values at all", lambda: qdl.expval(circuit(), Z(0)), "unbound", "x", "theta")
row("surplus parameter", lambda: ask(given=values(phi=torch.ones(3))), "surplus", "phi", "take them out")
row("values that are no dict", lambda: qdl.expval(circuit(), Z(0), torch.ones(3)), "dict", "Tensor")
row("wrong size", lambda: ask(given=values(theta=torch.ones(4))), "'theta'", "(4,)", "(*batch, 3)")
row("a number for a vector", lambda: ask(given=values(theta=1.0)), "'theta'", "()", "(*batch, 3)")
row("inconsistent batch shapes", lambda: ask(given=values(theta=torch.ones(3, 3))), "x (4,)", "theta (3,)")
row("mixed precision", lambda: ask(given=values(theta=torch.ones(3).double())), "float32", "float64", "convert")
row("half precision", lambda: ask(given=values(theta=torch.ones(3).half())), "'theta'", "float16", "float32")
row("complex values", lambda: ask(given=values(theta=torch.ones(3) * 1j)), "'theta'", "complex64", "real")
row("integer values", lambda: ask(given=values(theta=torch.ones(3, dtype=torch.long))), "'theta'", "int64", "float")
row("an integer array", lambda: ask(given=values(theta=np.ones(3, dtype=int))), "'theta'", "int64", "float")
row("truth values", lambda: ask(given=values(theta=[True, False, True])), "'theta'", "bool", "float")
row("text for values", lambda: ask(given=values(theta=["a", "b", "c"])), "'theta'")
row("a list of tensors", lambda: ask(given=values(theta=[torch.ones(()) for _ in range(3)])), "torch.stack")
row("NaN among the values", lambda: ask(given=values(theta=NAN)), "'theta'", "1 bad of 3", "finite")
row("infinity among the values", lambda: ask(given=values(x=INFINITE)), "'x'", "8 bad of 8", "finite")
row("a number beyond float32", lambda: ask(given=values(x=[1e300, 0.0])), "'x'", "1 bad of 2", "finite")
row(
    "an expression without a value",
    lambda: ask(given=values(), made=circuit().rx(qdl.log(x[0] - 1), 0)),
    "angles",
    "4 bad",
    "finite",
)
row(
    "amplitudes that are all zero",
    lambda: qdl.probs(Circuit(1).prepare(x, 0), {"x": torch.zeros(2)}),
    "amplitudes",
    "zero",
)

# Requests.
row("unknown engine", lambda: ask(engine="stat"), "engine", "'stat'", "'state'")
row("unknown gradient", lambda: ask(grad="adjiont"), "gradient", "'adjiont'", "'adjoint'")
row("a misspelled option", lambda: ask(shot=100), "shot", "shots")
row("no shots", lambda: ask(shots=0), "shots", "0", "positive")
row("half a shot", lambda: ask(shots=0.5), "shots", "0.5")
row("sampling without shots", lambda: qdl.sample(circuit(), values(), shots=None), "shots")
row("shots for a state", lambda: qdl.state(circuit(), values(), shots=100), "shots")
row("a seed that is no integer", lambda: ask(shots=10, seed=0.5), "seed", "0.5", "integer")
row("exact gradients from shots", lambda: ask(shots=10, grad="adjoint"), "adjoint", "shots", "shift")
row("noise that is a string", lambda: ask(noise="depolarizing"), "noise", "NoiseModel", "str")
row("a dtype without precision", lambda: ask(dtype=torch.int32), "int32", "float32")
row("a device that is not there", lambda: ask(device="cuda:77"), "cuda:77")
row("probabilities of a wire that is not there", lambda: qdl.probs(circuit(), values(), wires=[0, 3]), "3", "0 to 2")
row("probabilities of a wire twice", lambda: qdl.probs(circuit(), values(), wires=[1, 1]), "(1, 1)", "different")
row("probabilities of no wires", lambda: qdl.probs(circuit(), values(), wires=[]), "wire")
row("a circuit that is no circuit", lambda: qdl.state("h 0"), "str", "Circuit")
row("a compiled circuit that is no circuit", lambda: qdl.compile("x", Z(0)), "got str", "qdl.Circuit")
row("more memory than there is", lambda: qdl.expval(chain(60), X(59)), "60", "bytes")
row("more probabilities than there is memory", lambda: qdl.probs(Circuit(60).h(0)), "GiB needed", "at most")
row("a budget below one sample", lambda: ask(memory_budget=16), "needed", "at most", "memory_budget")
row("a budget that is no number", lambda: ask(memory_budget="1 GB"), "memory_budget", "'1 GB'")

# OpenQASM. What follows the header is given; lines count from it.
QASM = {
    "text that is no QASM": ("qubit[2] q; cx q[0] q[1]", "line 1"),
    "unknown gate": ("qubit[2] q;\nfrob q[0];", "frob", "line 2"),
    "index out of range": ("qubit[2] q;\nx q[2];", "line 2", "2"),
    "unknown register": ("qubit[2] q;\nx r[0];", "line 2", "r"),
    "repeated qubit": ("qubit[2] q;\ncx q[1], q[1];", "line 2"),
    "wrong number of angles": ("qubit[2] q;\nrx q[1];", "line 2", "rx"),
    "a loop without end": ("qubit[2] q;\nwhile (true) { x q[0]; }", "line 2", "at most"),
    "a loop until a bit": ("qubit q; bit c;\nc = measure q; while (c == 1) { x q; }", "line 2", "while"),
    "an undeclared name": ("qubit[2] q;\nrx(alpha) q[0];", "line 2", "alpha"),
}
for _name, (_text, *_says) in QASM.items():
    row(f"QASM: {_name}", lambda text=_text: Circuit.from_qasm('OPENQASM 3.0; include "stdgates.inc"; ' + text), *_says)

for _name, _call, _says in [*bad_runs.ROWS, *bad_noise.ROWS]:
    row(_name, _call, *_says)
