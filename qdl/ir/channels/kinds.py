"""What a channel is: a set of Kraus operators whose weights and entries are expressions of its strengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qdl.errors import CircuitError
from qdl.ir.gates import Gate, Matrix, Step
from qdl.ir.params import Angle, Expr, apply


@dataclass(frozen=True)
class Kraus:
    """One way a channel can act: rho -> weight K rho K^+ with K = sum_j amplitude_j matrix_j.

    The weight stands apart from K, so that no derivative meets the square root of a strength at zero.

    Attributes
    ----------
    weight : number or expression
        Not negative.
    terms : tuple of (number or expression, Matrix)
        The amplitudes and the matrices that they weight.
    """

    weight: Angle
    terms: tuple[tuple[Angle, Matrix], ...]


@dataclass(frozen=True)
class Limit:
    """A number or expression that must not be negative, and how a message says so."""

    value: Angle
    problem: str
    expected: str
    strict: bool = False  # zero is refused too


Make = Callable[..., Sequence[Kraus]]
Pairs = list[tuple[Matrix, Matrix]]  # (A, B) for A rho B^+
Check = Callable[..., Sequence[Limit]]


class Channel(Gate):
    """A row of the channel table, or a channel made of given Kraus operators.

    Parameters
    ----------
    name : str
    wires : int
    strengths : sequence of str
        The names of its strengths, in order.
    make : callable
        Strengths to Kraus operators.
    check : callable
        Strengths to what must not be negative.
    linear : callable, optional
        Strengths to features, if there are fewer of them than products of amplitudes.
    origin : tuple of (callable, arguments)
        What makes this channel anew in another process.
    content : hashable
        What tells channels of one name and size apart.
    """

    def __init__(
        self,
        name: str,
        wires: int,
        strengths: Sequence[str],
        make: Make,
        check: Check,
        origin: tuple[Callable[..., Channel], tuple[Any, ...]],
        content: Any = (),
        linear: Callable[..., dict[Angle, Pairs]] | None = None,
    ) -> None:
        super().__init__(name, wires, strengths)
        self.make, self.check, self.origin, self.given = make, check, origin, content
        self.linear = linear

    def _content(self) -> tuple[object, ...]:
        return (self.given,)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.origin

    def __repr__(self) -> str:
        return f"<channel {self.name}({', '.join(self.angles)}) on {self.wires} wires>"

    def kraus(self, *strengths: Angle) -> list[Kraus]:
        """The Kraus operators at given strengths, numbers or expressions; those of weight zero are left out."""
        return [k for k in self.make(*strengths) if isinstance(k.weight, Expr) or k.weight != 0.0]

    def operators(self, *strengths: float) -> list[Matrix]:
        """The Kraus operators at plain strengths, (2**wires, 2**wires) each, with sum K^+ K = 1."""
        found: list[Any] = [(k.weight, k.terms) for k in self.kraus(*strengths)]  # numbers, at plain strengths
        return [np.sqrt(max(weight, 0.0)) * sum(a * m for a, m in terms) for weight, terms in found]

    def features(self, *strengths: Angle) -> dict[Angle, Pairs]:
        """The channel as rho -> sum_f f sum_(A, B) A rho B^+, linear in its features f.

        Returns
        -------
        dict
            A number or expression to the pairs (A, B) that it weights.
        """
        if self.linear is not None:
            return self.linear(*strengths)
        found: dict[Angle, Pairs] = {}
        for k in self.kraus(*strengths):
            for left, a in k.terms:
                for right, b in k.terms:
                    weight = apply("mul", k.weight, apply("mul", left, right))
                    found.setdefault(weight, []).append((a, b))
        return found

    def refuse_bad(self, strengths: Sequence[Angle]) -> None:
        """Refuse plain strengths for which there is no such channel."""
        for limit in self.check(*strengths):
            if isinstance(limit.value, Expr):
                continue
            if limit.value < -TOLERANCE or (limit.strict and limit.value <= 0):
                plain = [a for a in strengths if not isinstance(a, Expr)]
                got = ", ".join(f"{s:g}" for s in plain[:8]) + (", ..." if len(plain) > 8 else "")
                raise CircuitError(f"channel {self.name!r}: {limit.problem}", got=got, expected=limit.expected)

    def matrix(self, *angles: float) -> Matrix:
        raise CircuitError(f"the channel {self.name!r} has no unitary matrix", do="read qdl.density of the circuit")

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        raise CircuitError(f"the channel {self.name!r} has no inverse", do="invert the circuit without its noise")


class Measure(Gate):
    """The measurement of a wire in the Z basis; its outcome is written to a bit.

    Parameters
    ----------
    noisy : bool
        Whether the outcome is written wrongly with the probabilities P(1|0) and P(0|1), its two strengths.
    """

    def __init__(self, noisy: bool = False) -> None:
        super().__init__("measure", 1, ("flip0", "flip1") if noisy else ())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return (Measure, (bool(self.angles),))

    @staticmethod
    def reads(*flips: Angle) -> dict[tuple[int, int], Angle]:
        """P(read|true) for each (true, read) that can happen."""
        if not flips:
            return {(0, 0): 1.0, (1, 1): 1.0}
        wrong = {(0, 1): flips[0], (1, 0): flips[1]}
        right = {(m, m): apply("add", 1.0, apply("mul", -1.0, flips[m])) for m in (0, 1)}
        return {**right, **wrong}

    def check(self, *flips: Angle) -> list[Limit]:
        """What must not be negative."""
        found = self.reads(*flips).values() if flips else ()
        return [Limit(p, "not probabilities", "numbers from 0 to 1") for p in found]

    def matrix(self, *angles: float) -> Matrix:
        raise CircuitError("a measurement has no matrix", do="read qdl.density of the circuit")

    def inverse(self, angles: tuple[Angle, ...], wires: tuple[int, ...]) -> list[Step]:
        raise CircuitError("a measurement has no inverse", do="invert the circuit without its measurements")


def readout() -> Channel:
    """The readout error of a measurement as a channel on basis states, which flips |0> and |1> with its strengths.

    Examples
    --------
    >>> [kraus.weight for kraus in readout().kraus(0.25, 0.5)]
    [0.75, 0.5, 0.25, 0.5]
    """
    return Channel("readout", 1, ("flip0", "flip1"), _flips, Measure(noisy=True).check, (readout, ()))


def _flips(*flips: Angle) -> list[Kraus]:
    found = []
    for (true, read), weight in Measure.reads(*flips).items():
        matrix = np.zeros((2, 2), dtype=complex)
        matrix[read, true] = 1
        found.append(Kraus(weight, ((1.0, matrix),)))
    return found


TOLERANCE = 1e-9  # by which rounding may carry a strength over its limit


def root(value: Angle) -> Angle:
    """The square root of a strength; its derivative at zero, which is infinite, counts as zero."""
    return apply("root", value if isinstance(value, Expr) else max(value, 0.0))
