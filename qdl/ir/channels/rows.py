"""The rows of the channel table as data: strengths to Kraus operators, written with their weights apart.

Every strength may be a number or an expression. Definitions are the textbook ones (Nielsen and Chuang, chapter 8); how
strengths are counted is said in each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache, partial
from itertools import product as sequences
from typing import NamedTuple

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.channels.kinds import Channel, Check, Kraus, Limit, Make, Pairs, root
from qdl.ir.gates import PAULI, Matrix, constant_matrix, pauli_string
from qdl.ir.params import Angle, apply, exp

ZERO, ONE = np.diag([1.0, 0.0]).astype(complex), np.diag([0.0, 1.0]).astype(complex)
DOWN = np.array([[0, 1], [0, 0]], dtype=complex)  # |0><1|
UP = DOWN.T.copy()  # |1><0|
MOST_WIRES = 4  # of a channel; its superoperator has 16**wires entries


def _one(weight: Angle, matrix: Matrix) -> Kraus:
    return Kraus(weight, ((1.0, matrix),))


def _rest(*parts: Angle) -> Angle:
    """1 minus the sum of some probabilities."""
    total: Angle = 1.0
    for part in parts:
        total = apply("add", total, apply("mul", -1.0, part))
    return total


def _words(wires: int) -> list[str]:
    """All Pauli strings but the identity: IX, IY, IZ, XI, ..., ZZ."""
    return ["".join(letters) for letters in sequences("IXYZ", repeat=wires)][1:]


def _flip(letter: str, p: Angle) -> list[Kraus]:
    return [_one(_rest(p), PAULI["I"]), _one(p, PAULI[letter])]


def _pauli(wires: int, *probabilities: Angle) -> list[Kraus]:
    errors = [_one(p, pauli_string(word)) for p, word in zip(probabilities, _words(wires), strict=True)]
    return [_one(_rest(*probabilities), np.eye(2**wires, dtype=complex)), *errors]


def _depolarizing(wires: int, p: Angle) -> list[Kraus]:
    return _pauli(wires, *[apply("mul", 1 / (4**wires - 1), p)] * (4**wires - 1))


def _damping(gone: Angle, stays: Angle, ground: Angle) -> list[Kraus]:
    """Decay with probability gone = 1 - stays towards |0> (share `ground`) and |1> (the rest)."""
    left, up = root(stays), _rest(ground)
    return [
        Kraus(ground, ((1.0, ZERO), (left, ONE))),
        _one(apply("mul", ground, gone), DOWN),
        Kraus(up, ((left, ZERO), (1.0, ONE))),
        _one(apply("mul", up, gone), UP),
    ]


def _damped(gone: Angle, stays: Angle, ground: Angle, coherence: Angle) -> dict[Angle, Pairs]:
    """The same as a linear map: populations are kept or made anew, coherence is multiplied."""
    found: dict[Angle, Pairs] = {}
    anew = {0: apply("mul", gone, ground), 1: apply("mul", gone, _rest(ground))}
    for weight, pairs in (
        (coherence, [(ZERO, ONE), (ONE, ZERO)]),
        (stays, [(ZERO, ZERO), (ONE, ONE)]),
        (anew[0], [(ZERO, ZERO), (DOWN, DOWN)]),
        (anew[1], [(ONE, ONE), (UP, UP)]),
    ):
        found.setdefault(weight, []).extend(pairs)
    return found


def _dephasing(kept: Angle) -> list[Kraus]:
    """Coherence is multiplied by `kept`, which is done by Z with probability (1 - kept)/2."""
    return _flip("Z", apply("mul", 0.5, _rest(kept)))


def _decay(time: Angle, constant: Angle) -> Angle:
    return exp(apply("mul", -1.0, apply("div", time, constant)))


def _relaxation(t1: Angle, t2: Angle, time: Angle, excited: Angle = 0.0) -> list[Kraus]:
    """Damping with exp(-t/T1), which takes exp(-t/2T1) of the coherence, then dephasing down to exp(-t/T2)."""
    stays = _decay(time, t1)
    faster = apply("add", apply("div", 1.0, t2), apply("mul", -0.5, apply("div", 1.0, t1)))
    kept = exp(apply("mul", -1.0, apply("mul", time, faster)))
    found = []
    for k in _damping(_rest(stays), stays, _rest(excited)):
        if len(k.terms) == 1:  # a jump has no coherence to lose
            found.append(k)
            continue
        for flip in _dephasing(kept):
            terms = tuple((a, flip.terms[0][1] @ m) for a, m in k.terms)
            found.append(Kraus(apply("mul", k.weight, flip.weight), terms))
    return found


def _reset_error(p0: Angle, p1: Angle) -> list[Kraus]:
    to_zero, to_one = [_one(p0, ZERO), _one(p0, DOWN)], [_one(p1, UP), _one(p1, ONE)]
    return [_one(_rest(p0, p1), PAULI["I"]), *to_zero, *to_one]


def _probabilities(*parts: Angle) -> list[Limit]:
    """Each not negative, and in sum at most 1."""
    problem, expected = "not probabilities", "numbers from 0 to 1" + (", in sum at most 1" if len(parts) > 1 else "")
    return [Limit(p, problem, expected) for p in (*parts, _rest(*parts))]


def _each(*parts: Angle) -> list[Limit]:
    """Each a probability of its own."""
    return [limit for part in parts for limit in _probabilities(part)]


def _relaxes(t1: Angle, t2: Angle, time: Angle, excited: Angle) -> list[Limit]:
    slack = apply("add", apply("mul", 2.0, t1), apply("mul", -1.0, t2))
    return [
        Limit(t1, "T1 is not positive", "T1 > 0, T2 > 0, time >= 0", strict=True),
        Limit(t2, "T2 is not positive", "T1 > 0, T2 > 0, time >= 0", strict=True),
        Limit(time, "time runs backwards", "time >= 0, in the unit of T1 and T2"),
        Limit(slack, "T2 > 2 T1 is no relaxation", "T2 <= 2 T1: dephasing is at least half of the decay"),
        *_probabilities(excited),
    ]


class Row(NamedTuple):
    """What the table knows of a channel.

    Attributes
    ----------
    wires : int or None
        None for any number.
    strengths : tuple of str, or None
        None where their number follows from that of the wires.
    about : str
        What it does, for the table in the README.
    kraus, check : callable
        Strengths to Kraus operators, and to what must not be negative.
    linear : callable or None
        Strengths to features, where these are fewer than products of amplitudes.
    """

    wires: int | None
    strengths: tuple[str, ...] | None
    about: str
    kraus: Make
    check: Check = _probabilities
    linear: Callable[..., dict[Angle, Pairs]] | None = None


CHANNELS: dict[str, Row] = {
    "bit_flip": Row(1, ("p",), "X with probability p", partial(_flip, "X")),
    "phase_flip": Row(1, ("p",), "Z with probability p", partial(_flip, "Z")),
    "bit_phase_flip": Row(1, ("p",), "Y with probability p", partial(_flip, "Y")),
    "depolarizing": Row(
        None,
        ("p",),
        "an error with probability p, each Pauli word but the identity as likely; what is left of a word is "
        "1 - p 4^k/(4^k - 1) (Qiskit's parameter is that p 4^k/(4^k - 1))",
        _depolarizing,
    ),
    "pauli": Row(None, None, "each Pauli word with a probability of its own: X, Y, Z; IX, IY, IZ, XI, ..., ZZ", _pauli),
    "amplitude_damping": Row(
        1,
        ("gamma",),
        "decay from 1 to 0 with probability gamma; sqrt(1 - gamma) of the coherence is left",
        lambda g: _damping(g, _rest(g), 1.0),
        linear=lambda g: _damped(g, _rest(g), 1.0, root(_rest(g))),
    ),
    "generalized_amplitude_damping": Row(
        1,
        ("gamma", "excited"),
        "the same towards a state with the population `excited` of 1 (PennyLane's p)",
        lambda g, e: _damping(g, _rest(g), _rest(e)),
        _each,
        lambda g, e: _damped(g, _rest(g), _rest(e), root(_rest(g))),
    ),
    "phase_damping": Row(
        1, ("gamma",), "sqrt(1 - gamma) of the coherence is left", lambda g: _dephasing(root(_rest(g)))
    ),
    "thermal_relaxation": Row(
        1,
        ("t1", "t2", "time", "excited"),
        "populations relax with T1 towards `excited` (0 if left out), coherence decays with T2 <= 2 T1",
        _relaxation,
        _relaxes,
        lambda t1, t2, time, excited: _damped(
            _rest(_decay(time, t1)), _decay(time, t1), _rest(excited), _decay(time, t2)
        ),
    ),
    "reset_error": Row(1, ("p0", "p1"), "set to 0 with probability p0, to 1 with p1", _reset_error),
    "delay": Row(
        1,
        ("time",),
        "nothing; a noise model lets the wire decay for so long",
        lambda time: [_one(apply("add", 1.0, apply("mul", 0.0, time)), PAULI["I"])],  # its derivative is 0, not missing
        lambda time: [Limit(time, "time runs backwards", "time >= 0")],
    ),
    "reset": Row(1, (), "set to 0", lambda: _reset_error(1.0, 0.0)),
}
DEFAULTS = {"thermal_relaxation": (0.0,)}  # of last strengths that may be left out


@cache
def channel(name: str, wires: int = 1) -> Channel:
    """The row of a channel on so many wires.

    Examples
    --------
    >>> channel("amplitude_damping")
    <channel amplitude_damping(gamma) on 1 wires>
    """
    if name not in CHANNELS:
        close = get_close_matches(name, CHANNELS, n=1) if isinstance(name, str) else []
        remedy = f"did you mean {close[0]!r}?" if close else None
        raise CircuitError("unknown channel", got=repr(name), expected=f"one of {', '.join(CHANNELS)}", do=remedy)
    row = CHANNELS[name]
    if row.wires not in (None, wires) or not 1 <= wires <= MOST_WIRES:
        expected = f"{row.wires} wire" if row.wires else f"1 to {MOST_WIRES} wires"
        raise CircuitError(f"channel {name!r} does not fit the wires", got=f"{wires} wires", expected=expected)
    strengths = row.strengths
    if strengths is None:
        strengths = tuple(f"p_{word.lower()}" for word in _words(wires))
    make = row.kraus if row.wires else partial(row.kraus, wires)
    return Channel(name, wires, strengths, make, row.check, (channel, (name, wires)), (), row.linear)


def channel_table_markdown() -> str:
    """The channel table, one line per row, in Markdown; ``python -m qdl.ir.table channels`` prints it.

    Examples
    --------
    >>> channel_table_markdown().splitlines()[2]
    '| `bit_flip` | p | 1 | X with probability p |'
    """
    lines = ["| channel | strengths | wires | what it does |", "| --- | --- | --- | --- |"]
    for name, row in CHANNELS.items():
        strengths = "4^k - 1 probabilities" if row.strengths is None else ", ".join(row.strengths)
        lines.append(f"| `{name}` | {strengths} | {row.wires or f'1 to {MOST_WIRES}'} | {row.about} |")
    return "\n".join(lines) + "\n"


def kraus_channel(matrices: Sequence[object]) -> Channel:
    """A channel of given Kraus operators; refused unless sum K^+ K = 1 to 1e-6.

    Examples
    --------
    >>> kraus_channel([[[1, 0], [0, 0.6]], [[0, 0.8], [0, 0]]])
    <channel kraus() on 1 wires>
    """
    found = [constant_matrix(matrix) for matrix in matrices]
    if not found or len({m.shape for m in found}) != 1 or found[0].ndim != 2:
        raise CircuitError("Kraus operators must be square matrices of one size", got=[m.shape for m in found])
    size = len(found[0])
    wires = size.bit_length() - 1
    if found[0].shape != (size, size) or size != 2**wires or not 1 <= wires <= MOST_WIRES:
        expected = f"(2**k, 2**k), k from 1 to {MOST_WIRES}"
        raise CircuitError("Kraus operators of this size act on no wires", got=found[0].shape, expected=expected)
    complete = sum(m.conj().T @ m for m in found)
    error = float(np.abs(complete - np.eye(size)).max())
    if error > 1e-6:
        expected = "0: probabilities must sum to 1"
        raise CircuitError(
            "the channel does not preserve the trace", got=f"|sum K^+ K - 1| = {error:.2g}", expected=expected
        )
    if error > 1e-14:  # complete to its own rounding only: made so
        values, vectors = np.linalg.eigh(complete)
        found = [m @ (vectors / np.sqrt(values)) @ vectors.conj().T for m in found]
    kept = [m for m in found if np.abs(m).max() > 0]
    content = tuple(m.tobytes() for m in kept)
    return Channel(
        "kraus", wires, (), lambda: [_one(1.0, m) for m in kept], _probabilities, (kraus_channel, (kept,)), content
    )
