"""Rows of the table of bad inputs (`tests.bad_input`): noise, measurement and feedback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

import qdl
from qdl.ir import Circuit, NoiseModel, Param, Z

p = Param("p", 2)


def noisy(*strengths: Any, name: str = "bit_flip", **options: Any) -> Any:
    """An expectation value behind a channel with Params for strengths."""
    made = Circuit(1).channel(name, *p[: len(strengths)], wires=0)
    return qdl.expval(made, Z(0), {"p": [*strengths, *[0.0] * (2 - len(strengths))]}, engine="density", **options)


def relaxed(t1: float, t2: float, time: float = 1.0, excited: float = 0.0) -> Any:
    return Circuit(1).channel("thermal_relaxation", t1, t2, time, excited, wires=0)


def condition(value: Any, bits: Any = "m") -> Any:
    made = Circuit(2).measure(0, "m").measure(1, "n")
    with made.if_(bits, value):
        made.x(1)
    return made


def chain(wires: int) -> Circuit:
    made = Circuit(wires).h(0)
    for wire in range(wires - 1):
        made.cx(wire, wire + 1).channel("depolarizing", 0.01, wires=wire)
    return made


def damped() -> Circuit:
    return Circuit(1).rx(p[0], 0).channel("amplitude_damping", 0.1, wires=0)


MODEL = NoiseModel().add("depolarizing", 0.1, gates="h")

ROWS: list[tuple[str, Callable[[], Any], tuple[str, ...]]] = [
    ("unknown channel", lambda: Circuit(1).channel("depolarising", 0.1, wires=0), ("'depolarising'", "'depolarizing'")),
    ("a probability above 1", lambda: Circuit(1).channel("bit_flip", 1.2, wires=0), ("'bit_flip'", "1.2", "0 to 1")),
    (
        "a negative probability",
        lambda: Circuit(1).channel("pauli", 0.1, -0.1, 0, wires=0),
        ("'pauli'", "-0.1", "0 to 1"),
    ),
    ("probabilities above 1 in sum", lambda: Circuit(1).channel("reset_error", 0.6, 0.6, wires=0), ("sum at most 1",)),
    ("a probability above 1 among the values", lambda: noisy(1.5), ("'bit_flip'", "1 bad of 1", "0 to 1")),
    (
        "damping above 1 among the values",
        lambda: noisy(1.5, name="amplitude_damping"),
        ("'amplitude_damping'", "0 to 1"),
    ),
    ("T2 above 2 T1", lambda: relaxed(1.0, 2.5), ("T2 > 2 T1", "2.5", "T2 <= 2 T1")),
    ("time that runs backwards", lambda: relaxed(1.0, 1.0, -1.0), ("time", "-1", ">= 0")),
    ("a population above 1", lambda: relaxed(1.0, 1.0, 1.0, 1.1), ("1.1", "0 to 1")),
    ("too few strengths", lambda: Circuit(2).channel("pauli", 0.1, wires=(0, 1)), ("'pauli'", "got 1", "15: p_ix")),
    ("a channel on too many wires", lambda: Circuit(2).channel("phase_flip", 0.1, wires=(0, 1)), ("2 wires", "1 wire")),
    ("Kraus operators that lose the trace", lambda: Circuit(1).kraus([[[1, 0], [0, 0.5]]], 0), ("trace", "0.75")),
    ("Kraus operators of two sizes", lambda: Circuit(1).kraus([torch.eye(2), torch.eye(4)], 0), ("one size",)),
    ("Kraus operators on the wrong wires", lambda: Circuit(2).kraus([torch.eye(2)], 0, 1), ("'kraus'", "got 2", "1")),
    ("a bit whose name is no name", lambda: Circuit(1).measure(0, "m 0"), ("'m 0'", "identifier")),
    ("one bit for two wires", lambda: Circuit(2).measure([0, 1], ["m", "m"]), ("bit of its own",)),
    ("a condition on an unmeasured bit", lambda: condition(1, "k"), ("'k'", "m, n")),
    ("a condition on no value of a bit", lambda: condition(2), ("got 2", "0 to 1")),
    ("a condition with too few digits", lambda: condition("1", ("m", "n")), ("'1'", "2 digits")),
    ("a bit that is not there", lambda: qdl.probs(condition(1), wires=["k"]), ("'k'", "m, n")),
    ("a bit in a density matrix", lambda: qdl.density(condition(1), wires=["m"]), ("'m'", "wires")),
    ("noise in a state vector", lambda: qdl.expval(chain(2), Z(0)), ("pure states", "density", "trajectory")),
    ("a noise model in a state vector", lambda: qdl.expval(Circuit(1).h(0), Z(0), noise=MODEL), ("density",)),
    ("noise that is a number", lambda: qdl.expval(Circuit(1), Z(0), noise=0.1), ("NoiseModel", "float")),
    ("amplitudes of a density matrix", lambda: qdl.state(chain(2), engine="density"), ("no amplitudes", "qdl.density")),
    ("amplitudes of trajectories", lambda: qdl.state(chain(2), engine="trajectory"), ("qdl.density",)),
    ("amplitudes behind a measurement", lambda: qdl.state(Circuit(1).h(0).measure(0).h(0)), ("qdl.density",)),
    ("too many wires for a density matrix", lambda: qdl.expval(chain(24), Z(23), engine="density"), ("trajectory",)),
    (
        "too little memory for a density matrix",
        lambda: qdl.expval(chain(10), Z(9), engine="density", memory_budget=2**20),
        ("trajectory", "needed", "at most"),
    ),
    ("no trajectories", lambda: qdl.expval(chain(2), Z(0), engine="trajectory:0"), ("trajectory:0", "trajectory:1000")),
    ("an argument of density", lambda: qdl.expval(chain(2), Z(0), engine="density:3"), ("density:3",)),
    (
        "a gradient of single trajectories",
        lambda: qdl.expval(damped(), Z(0), {"p": torch.ones(2, requires_grad=True)}, engine="trajectory", shots=10),
        ("no gradient", "shots=None"),
    ),
    (
        "differences of trajectories",
        lambda: qdl.expval(damped(), Z(0), {"p": [0.1, 0.1]}, engine="trajectory", grad="finite"),
        ("'finite'", "grad='auto'"),
    ),
    ("a gradient of a strength from shots", lambda: _by_shots("p"), ("no gradient", "['p']", "shots=None")),
    ("a gradient of a readout error from shots", lambda: _by_shots("e"), ("no gradient", "['e']", "shots=None")),
    ("random moves of a strength with shots", lambda: _by_shots("p", grad="spsa"), ("['p']", "grad='auto'")),
    ("a readout error that does not sum to 1", lambda: NoiseModel().readout([[0.9, 0.2], [0.1, 0.9]]), ("sum", "1")),
    ("a readout error outside [0, 1]", lambda: NoiseModel().readout([[1.1, -0.1], [0, 1]]), ("[0, 1]",)),
    ("a condition whose bit is measured anew", lambda: _stale(), ("measured anew", "another bit")),
    ("inverse of noise", lambda: chain(2).inverse(), ("no inverse", "without its noise")),
    ("inverse of a measurement", lambda: Circuit(1).measure(0).inverse(), ("no inverse",)),
    ("inverse of a conditional gate", lambda: condition(1).inverse(), ("inverse",)),
    ("matrix of noise", lambda: chain(2).matrix(), ("no unitary matrix", "qdl.density")),
    ("preparation under a condition", lambda: _prepared_late(), ("prepare", "condition")),
    ("fidelity with what is no state", lambda: qdl.fidelity(torch.eye(2), torch.eye(2) / 2), ("trace",)),
    (
        "purity of a matrix that is not positive",
        lambda: qdl.purity(torch.diag(torch.tensor([1.5, -0.5]))),
        ("negative",),
    ),
]


def _stale() -> Any:
    made = Circuit(1).measure(0, "m")
    with made.if_("m", 1):
        made.x(0).measure(0, "m").x(0)
    return made


def _by_shots(name: str, **options: Any) -> Any:
    e = Param("e")
    noise = NoiseModel().readout([[1 - e, e], [e, 1 - e]])
    made = Circuit(1).rx(0.3, 0).channel("bit_flip", p[0], wires=0)
    given = {"p": torch.tensor([0.1, 0.0]), "e": torch.tensor([0.1])}
    given[name].requires_grad_()
    return qdl.expval(made, Z(0), given, engine="density", noise=noise, shots=10, **options)


def _prepared_late() -> Any:
    made = Circuit(2).measure(0, "m")
    with made.if_("m", 1):
        made.prepare([1, 1], 1)
    return made
